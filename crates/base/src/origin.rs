//! Origins of web pages, and patterns of them.

use std::str::FromStr;

/// A pattern of origins: `https://app.example.com`, `https://*.example.com`, with a port where it is not the scheme's own;
/// `http` for this machine alone; and extensions of browsers, by the ids that those give them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    scheme: String,
    /// The host, or what follows the `*`, with its port.
    host: String,
    any_subdomain: bool,
}

impl FromStr for Origins {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let (scheme, rest) = lower.split_once("://").ok_or_else(|| format!("'{text}' has no scheme: https://HOST"))?;
        let any_subdomain = rest.starts_with("*.");
        let host = if any_subdomain { &rest[1..] } else { rest };
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        let port = host.rsplit_once(':').map(|(_, port)| port);
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'[' | b']' | b':');
        if name.is_empty() || !name.bytes().all(fits) || port.is_some_and(|p| p.parse::<u16>().is_err()) {
            return Err(format!("'{text}' is no origin: https://HOST or https://*.DOMAIN, with a port where there is one"));
        }
        // The wildcard stands before a second-level domain, not before a top-level one.
        if any_subdomain && !name[1..].contains('.') {
            return Err(format!("'{text}' would allow a whole top-level domain"));
        }
        let local = matches!(name, "localhost" | "127.0.0.1" | "[::1]");
        match scheme {
            "https" => {}
            "chrome-extension" if rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_lowercase()) => {}
            "moz-extension" if is_extension_id(rest) => {}
            "chrome-extension" | "moz-extension" => return Err(format!("'{text}' has no id of an extension")),
            "http" if local => {}
            "http" => return Err(format!("'{text}' must begin with https:// (http is for localhost)")),
            _ => return Err(format!("'{text}' has a scheme that no origin here has")),
        }
        Ok(Self { scheme: scheme.to_owned(), host: host.to_owned(), any_subdomain })
    }
}

impl Origins {
    /// Whether an origin, as a browser sends it, is one of the pattern.
    pub fn takes(&self, origin: &str) -> bool {
        let Some((scheme, host)) = origin.split_once("://") else { return false };
        if !scheme.eq_ignore_ascii_case(&self.scheme) {
            return false;
        }
        if !self.any_subdomain {
            return host.eq_ignore_ascii_case(&self.host);
        }
        let Some(cut) = host.len().checked_sub(self.host.len()) else { return false };
        cut > 0 && host.is_char_boundary(cut) && host[cut..].eq_ignore_ascii_case(&self.host)
    }
}

/// Whether a text is five groups of letters and digits, as long as those of a UUID.
fn is_extension_id(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(|g| if g.bytes().all(|b| b.is_ascii_alphanumeric()) { g.len() } else { 0 }).collect();
    groups == [8, 4, 4, 4, 12]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_take_their_origins_alone() {
        for (pattern, origin, takes) in [
            ("https://app.example.com", "https://app.example.com", true),
            ("https://app.example.com", "https://APP.example.com", true),
            ("https://app.example.com", "https://app.example.com:8443", false),
            ("https://app.example.com", "http://app.example.com", false),
            ("https://app.example.com", "https://app.example.com.evil.net", false),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://evilexample.com", false),
            ("https://*.example.com:8443", "https://a.example.com:8443", true),
            ("http://localhost:5173", "http://localhost:5173", true),
            ("http://localhost:5173", "http://localhost:5174", false),
            ("https://app.example.com", "null", false),
            ("https://*.example.com", "https://ééé", false),
            ("https://203.0.113.7", "https://203.0.113.7", true),
            ("chrome-extension://abdkkegmcbiomijcbdaodaflgehfffed", "chrome-extension://abdkkegmcbiomijcbdaodaflgehfffed", true),
            ("moz-extension://1234ab56-78c9-1df2-3efg-4567891hi1j2", "moz-extension://1234ab56-78c9-1df2-3efg-4567891hi1j2", true),
        ] {
            assert_eq!(pattern.parse::<Origins>().unwrap().takes(origin), takes, "{pattern} {origin}");
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "*",
            "app.example.com",
            "http://app.example.com",
            "https://",
            "https://*.com",
            "https://a/b",
            "https://a:x",
            "ftp://a",
            "chrome-extension://abc",
            "moz-extension://a-b",
        ] {
            assert!(text.parse::<Origins>().is_err(), "{text}");
        }
    }
}
