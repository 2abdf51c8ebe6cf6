//! What the server prints when it listens.

use crate::app::OrgFacts;
use crate::ready::Addresses;

/// The banner. Credentials are spelled out only while they are the documented ones; others would end up in the logs of
/// whatever runs the server.
pub(crate) fn text(addresses: &Addresses, facts: &OrgFacts, spell_out: bool) -> String {
    let secret = |value: &str| if spell_out { value.to_owned() } else { "(as set)".to_owned() };
    let token = if spell_out { facts.access_token.as_str() } else { "ACCESS_TOKEN" };
    let bearer = shell_quoted(&format!("Authorization: Bearer {token}"));
    let query = format!("{}/services/data/v{}/query?q=SELECT+Id,Name+FROM+Account+LIMIT+3", addresses.url, facts.api_version);
    let rows = [
        ("url", addresses.url.clone()),
        ("tls url", addresses.tls_url.clone()),
        ("proxy", format!("{} (HTTPS_PROXY, for salesforce.com and force.com hosts)", addresses.proxy_url)),
        ("CA file", addresses.ca_file.display().to_string()),
        ("org id", facts.org_id.clone()),
        ("user id", facts.user_id.clone()),
        ("username", facts.username.clone()),
        ("password", secret(&facts.password)),
        ("security token", secret(&facts.security_token)),
        ("client id", facts.client_id.clone()),
        ("client secret", secret(&facts.client_secret)),
        ("access token", secret(&facts.access_token)),
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

    fn facts() -> OrgFacts {
        let text = str::to_owned;
        OrgFacts {
            org_id: text("00Dxx"),
            user_id: text("005xx"),
            username: text("admin@example.com"),
            password: text("pass-word"),
            security_token: text("sectoken"),
            client_id: text("key"),
            client_secret: text("hush"),
            access_token: text("00Dxx!abc"),
            api_version: text("68.0"),
        }
    }

    #[test]
    fn the_curl_line_is_safe_to_paste() {
        let addresses = Addresses::of("127.0.0.1:3672".parse().unwrap(), Path::new("/d/ca.pem"));
        let banner = text(&addresses, &facts(), true);
        assert!(banner.contains(
            "curl -H 'Authorization: Bearer 00Dxx!abc' \
             'http://127.0.0.1:3672/services/data/v68.0/query?q=SELECT+Id,Name+FROM+Account+LIMIT+3'"
        ));
        assert_eq!(shell_quoted("it's"), r"'it'\''s'");
    }

    #[test]
    fn secrets_of_ones_own_are_not_printed() {
        let addresses = Addresses::of("127.0.0.1:3672".parse().unwrap(), Path::new("/d/ca.pem"));
        let banner = text(&addresses, &facts(), false);
        for secret in ["pass-word", "sectoken", "hush", "00Dxx!abc"] {
            assert!(!banner.contains(secret), "{secret}");
        }
    }
}
