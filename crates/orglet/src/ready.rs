//! The ready file: where the server listens and how to log in, as JSON, for whoever started it.

use crate::app::OrgFacts;
use crate::authority::write_new;
use crate::error::StartError;
use serde_json::json;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::{Path, PathBuf};

/// The addresses of a listening server.
#[derive(Clone, Debug)]
pub struct Addresses {
    /// Plain HTTP.
    pub url: String,
    /// The same port over TLS.
    pub tls_url: String,
    /// The same port as an HTTP proxy.
    pub proxy_url: String,
    /// The CA's certificate, from the root.
    pub ca_file: PathBuf,
}

impl Addresses {
    /// The addresses of a server on `addr`; one that listens everywhere is named by its loopback address.
    pub fn of(addr: SocketAddr, ca_file: &Path) -> Self {
        let ip = match addr.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let host = SocketAddr::new(ip, addr.port());
        let url = format!("http://{host}");
        Self { proxy_url: url.clone(), url, tls_url: format!("https://{host}"), ca_file: ca_file.to_owned() }
    }
}

/// Writes the ready file at once: a reader sees all of it or nothing. It holds secrets, so its owner alone can read it.
pub fn write(file: &Path, addresses: &Addresses, facts: &OrgFacts, admin_token: &str) -> Result<(), StartError> {
    let content = json!({
        "url": addresses.url,
        "tls_url": addresses.tls_url,
        "proxy_url": addresses.proxy_url,
        "ca_file": addresses.ca_file.to_string_lossy(),
        "org_id": facts.org_id,
        "user_id": facts.user_id,
        "username": facts.username,
        "password": facts.password,
        "security_token": facts.security_token,
        "client_id": facts.client_id,
        "client_secret": facts.client_secret,
        "access_token": facts.access_token,
        "api_version": facts.api_version,
        "admin_url": admin_url(addresses),
        "admin_token": admin_token,
    });
    replace(file, format!("{content:#}\n").as_bytes(), 0o600)
}

fn admin_url(addresses: &Addresses) -> String {
    format!("{}{}", addresses.url, orglet_http::admin::ROOT)
}

/// Where the admin API of the server is that has a data directory open. The file goes when this is dropped.
#[derive(Debug)]
pub struct AdminFile(PathBuf);

/// Its name in the data directory.
const ADMIN_FILE: &str = "admin.json";

impl AdminFile {
    /// Writes it; its owner alone can read it.
    pub fn write(data: &Path, addresses: &Addresses, token: &str) -> Result<Self, StartError> {
        let path = data.join(ADMIN_FILE);
        let content = json!({"url": admin_url(addresses), "token": token});
        replace(&path, format!("{content:#}\n").as_bytes(), 0o600)?;
        Ok(Self(path))
    }

    /// Address and token of the admin API of whoever has a data directory open; `None` where the file does not say.
    pub fn read(data: &Path) -> Option<(String, String)> {
        let content: serde_json::Value = serde_json::from_slice(&fs::read(data.join(ADMIN_FILE)).ok()?).ok()?;
        let text = |name: &str| content.get(name)?.as_str().map(str::to_owned);
        Some((text("url")?, text("token")?))
    }
}

impl Drop for AdminFile {
    fn drop(&mut self) {
        // One that stays behind names a server that does not answer.
        let _ = fs::remove_file(&self.0);
    }
}

/// Puts a file in place in one step.
pub(crate) fn replace(file: &Path, content: &[u8], mode: u32) -> Result<(), StartError> {
    let mut aside = file.as_os_str().to_owned();
    aside.push(format!(".new-{}", std::process::id()));
    let aside = PathBuf::from(aside);
    let placed = write_new(&aside, content, mode).and_then(|()| fs::rename(&aside, file));
    placed.map_err(|source| {
        // Best effort: the error says what matters.
        let _ = fs::remove_file(&aside);
        StartError::Write { path: file.to_owned(), source }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_host_that_can_be_reached() {
        let of = |addr: &str| Addresses::of(addr.parse().unwrap(), Path::new("/ca.pem"));
        assert_eq!(of("127.0.0.1:3672").tls_url, "https://127.0.0.1:3672");
        assert_eq!(of("0.0.0.0:80").url, "http://127.0.0.1:80");
        assert_eq!(of("[::]:80").proxy_url, "http://[::1]:80");
    }
}
