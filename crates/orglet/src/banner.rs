//! What the server prints when it listens.

use crate::app::OrgFacts;
use crate::ready::Addresses;
use orglet_engine::dev;

/// Instead of a secret that its owner chose: standard output ends up in the logs of whatever runs the server.
const OWN: &str = "(set by you)";
/// Instead of a secret that was chosen in an earlier run.
const EARLIER: &str = "(set in an earlier run)";

/// The banner. A secret is spelled out only where it is the documented development one, which is none.
pub(crate) fn text(addresses: &Addresses, facts: &OrgFacts) -> String {
    let secret = |value: &str, development: &str| if value == development { value.to_owned() } else { OWN.to_owned() };
    let password = if facts.password.is_empty() { EARLIER.to_owned() } else { secret(&facts.password, dev::PASSWORD) };
    let security_token = match facts.security_token.as_str() {
        "" if facts.password.is_empty() => EARLIER.to_owned(),
        "" => "(none)".to_owned(),
        token => secret(token, dev::SECURITY_TOKEN),
    };
    let development_token = facts.access_token.split_once('!').is_some_and(|(_, tail)| tail == dev::TOKEN_TAIL);
    let (access_token, bearer) = if development_token {
        (facts.access_token.clone(), shell_quoted(&format!("Authorization: Bearer {}", facts.access_token)))
    } else {
        // In double quotes, where a shell puts the variable's value.
        ("(see --ready-file)".to_owned(), "\"Authorization: Bearer $ORGLET_ACCESS_TOKEN\"".to_owned())
    };
    let query = format!("{}/services/data/v{}/query?q=SELECT+Id,Name+FROM+Account+LIMIT+3", addresses.url, facts.api_version);
    let rows = [
        ("url", addresses.url.clone()),
        ("tls url", addresses.tls_url.clone()),
        ("proxy", format!("{} (HTTPS_PROXY, for salesforce.com and force.com hosts)", addresses.proxy_url)),
        ("CA file", addresses.ca_file.display().to_string()),
        ("org id", facts.org_id.clone()),
        ("user id", facts.user_id.clone()),
        ("username", facts.username.clone()),
        ("password", password),
        ("security token", security_token),
        ("client id", facts.client_id.clone()),
        ("client secret", secret(&facts.client_secret, dev::CLIENT_SECRET)),
        ("access token", access_token),
        ("API version", facts.api_version.clone()),
    ];
    let rows: String = rows.iter().map(|(name, value)| format!("  {name:<15} {value}\n")).collect();
    format!("orglet {} is ready\n\n{rows}\n  curl -H {bearer} {}\n", env!("CARGO_PKG_VERSION"), shell_quoted(&query))
}

/// In single quotes, where a shell takes every character (such as the token's `!`) as it is.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn development() -> OrgFacts {
        let text = str::to_owned;
        OrgFacts {
            org_id: text("00Dxx"),
            user_id: text("005xx"),
            username: text(dev::USERNAME),
            password: text(dev::PASSWORD),
            security_token: text(dev::SECURITY_TOKEN),
            client_id: text(dev::CLIENT_ID),
            client_secret: text(dev::CLIENT_SECRET),
            access_token: format!("00Dxx!{}", dev::TOKEN_TAIL),
            api_version: text("68.0"),
        }
    }

    fn banner(facts: &OrgFacts) -> String {
        text(&Addresses::of("127.0.0.1:3672".parse().unwrap(), Path::new("/d/ca.pem")), facts)
    }

    #[test]
    fn the_curl_line_is_safe_to_paste() {
        let url = "'http://127.0.0.1:3672/services/data/v68.0/query?q=SELECT+Id,Name+FROM+Account+LIMIT+3'";
        let facts = development();
        assert!(banner(&facts).contains(&format!("curl -H 'Authorization: Bearer {}' {url}", facts.access_token)));
        let own = OrgFacts { access_token: "00Dxx!mine".to_owned(), ..facts };
        assert!(banner(&own).contains(&format!("curl -H \"Authorization: Bearer $ORGLET_ACCESS_TOKEN\" {url}")));
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn each_secret_of_ones_own_is_hidden_whatever_the_others_are() {
        let all = development();
        for secret in [&all.password, &all.security_token, &all.client_secret, &all.access_token] {
            assert!(banner(&all).contains(secret.as_str()));
        }
        let own = || "of-my-own".to_owned();
        for facts in [
            OrgFacts { password: own(), ..development() },
            OrgFacts { security_token: own(), ..development() },
            OrgFacts { client_secret: own(), ..development() },
            OrgFacts { access_token: format!("00Dxx!{}", own()), ..development() },
            OrgFacts { access_token: format!("00Dxx!{}{}", own(), dev::TOKEN_TAIL), ..development() },
        ] {
            assert!(!banner(&facts).contains("of-my-own"));
        }
    }

    #[test]
    fn what_is_not_known_is_not_made_up() {
        let earlier = banner(&OrgFacts { password: String::new(), security_token: String::new(), ..development() });
        assert_eq!(earlier.matches(EARLIER).count(), 2, "{earlier}");
        let none = banner(&OrgFacts { password: "mine".to_owned(), security_token: String::new(), ..development() });
        assert!(none.contains("security token  (none)"), "{none}");
    }
}
