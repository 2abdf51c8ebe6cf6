//! The host names this server speaks for.

/// The vendor's domains; they and all names below them end in orglet, and the CA may sign for them.
pub(crate) const VENDOR_DOMAINS: [&str; 2] = ["salesforce.com", "force.com"];

/// Whether a host is one of the vendor's, in any case, with or without the root's dot.
pub(crate) fn is_vendor_host(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    VENDOR_DOMAINS.iter().any(|domain| is_at_or_below(host, domain))
}

/// Whether a host is `localhost` or below it.
pub(crate) fn is_local_name(host: &str) -> bool {
    is_at_or_below(host.strip_suffix('.').unwrap_or(host), "localhost")
}

fn is_at_or_below(host: &str, domain: &str) -> bool {
    let Some(split) = host.len().checked_sub(domain.len()) else { return false };
    let (head, tail) = (host.get(..split), host.get(split..));
    match (head, tail) {
        (Some(head), Some(tail)) => tail.eq_ignore_ascii_case(domain) && (head.is_empty() || (head.len() > 1 && head.ends_with('.'))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vendor_hosts_are_told_from_lookalikes() {
        for host in ["login.salesforce.com", "acme.my.salesforce.com", "FORCE.com", "na1.force.com", "salesforce.com."] {
            assert!(is_vendor_host(host), "{host}");
        }
        for host in ["example.com", "notsalesforce.com", "salesforce.com.example.com", ".salesforce.com", "", "com", "éforce.com"] {
            assert!(!is_vendor_host(host), "{host}");
        }
        assert!(is_local_name("localhost") && is_local_name("acme.LOCALHOST"));
        assert!(!is_local_name("mylocalhost"));
    }
}
