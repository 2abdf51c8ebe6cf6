//! TLS: a certificate for each name that a client asks for, minted as it asks.

use crate::authority::{Authority, LEAF_LIFE};
use crate::error::StartError;
use crate::names::{is_local_name, is_vendor_host};
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The names of the certificate for clients that name no host, which is what an IP address in a URL comes to.
const LOCAL_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// Certificates kept; beyond it all are dropped, since each costs one signature to make again.
const CACHE_SIZE: usize = 1024;
/// A certificate is made anew this long before it ends.
const RENEW_BEFORE: Duration = Duration::from_secs(15 * 86_400);

/// The TLS side of the server: certificates from this CA; HTTP/2 and HTTP/1.1 by ALPN.
pub fn server_config(authority: Authority) -> Result<Arc<ServerConfig>, StartError> {
    let fail = |e: rustls::Error| StartError::Tls(e.to_string());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(fail)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Minter { authority, minted: Mutex::default() }));
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new().map_err(fail)?;
    Ok(Arc::new(config))
}

struct Minter {
    authority: Authority,
    minted: Mutex<HashMap<String, Minted>>,
}

struct Minted {
    key: Arc<CertifiedKey>,
    at: Instant,
}

impl Minter {
    /// The certificate for a name in lower case; `None` where this server doesn't speak for it.
    fn certificate(&self, name: Option<&str>) -> Option<Arc<CertifiedKey>> {
        let name = name.unwrap_or(LOCAL_NAMES[0]);
        if !is_vendor_host(name) && !is_local_name(name) {
            tracing::debug!(name, "TLS refused: not a name this server speaks for");
            return None;
        }
        let mut minted = self.minted.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = minted.get(name)
            && known.at.elapsed() < LEAF_LIFE - RENEW_BEFORE
        {
            return Some(known.key.clone());
        }
        let names = if name == LOCAL_NAMES[0] { &LOCAL_NAMES[..] } else { &[name] };
        let key = match self.authority.mint(names) {
            Ok(key) => Arc::new(key),
            Err(error) => {
                tracing::error!(name, error, "no certificate could be made");
                return None;
            }
        };
        if minted.len() >= CACHE_SIZE {
            minted.clear();
        }
        minted.insert(name.to_owned(), Minted { key: key.clone(), at: Instant::now() });
        Some(key)
    }
}

impl ResolvesServerCert for Minter {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().map(str::to_ascii_lowercase);
        self.certificate(name.as_deref())
    }
}

impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Minter")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_made_once_per_name_and_never_without_bound() {
        let minter = Minter { authority: Authority::generate().unwrap(), minted: Mutex::default() };
        let first = minter.certificate(Some("login.salesforce.com")).unwrap();
        assert!(Arc::ptr_eq(&first, &minter.certificate(Some("login.salesforce.com")).unwrap()));
        assert!(minter.certificate(None).is_some());
        assert!(minter.certificate(Some("example.com")).is_none());
        for n in 0..CACHE_SIZE + 10 {
            assert!(minter.certificate(Some(&format!("org{n}.my.salesforce.com"))).is_some());
        }
        assert!(minter.minted.lock().unwrap().len() <= CACHE_SIZE);
    }
}
