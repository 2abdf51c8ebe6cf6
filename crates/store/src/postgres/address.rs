//! The address of a database: libpq's URL or `key=value` form. The driver reads it, but for the parameters on TLS, of which
//! it knows too few: those are taken out before.

use super::tls::Tls;
use crate::StoreError;
use percent_encoding::percent_decode_str;
use std::borrow::Cow;
use std::net::IpAddr;
use std::str::FromStr;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

/// Where a database is, and how a connection to it is made.
pub(super) struct Address {
    pub(super) config: Config,
    /// `None`: in the clear.
    pub(super) tls: Option<Tls>,
}

/// The parameters that are read here.
#[derive(Debug, Default, PartialEq, Eq)]
struct Given {
    mode: Option<String>,
    roots: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

impl Given {
    /// The place of a parameter that is read here; `None` for one that the driver reads.
    fn place(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "sslmode" => Some(&mut self.mode),
            "sslrootcert" => Some(&mut self.roots),
            "sslcert" => Some(&mut self.certificate),
            "sslkey" => Some(&mut self.key),
            _ => None,
        }
    }
}

/// How much is asked of the server's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Nothing: TLS keeps out who only listens.
    Anyone,
    /// That one of the roots has signed it.
    Signed,
    /// That it is for the host's name, too.
    Named,
}

impl Address {
    /// Reads an address, and the files that it names. Beyond this machine nothing goes in the clear unless it says so:
    /// where it says nothing, the server has to show a certificate for its name.
    pub(super) fn parse(text: &str) -> Result<Self, StoreError> {
        let (rest, given) = split(text).ok_or_else(|| wrong("it is neither a URL nor a list of name=value"))?;
        let mut config = Config::from_str(&rest).map_err(|e| wrong(&super::errors::whole(&e)))?;
        let named = |name: &str| name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        let is_socket = |host: &Host| !matches!(host, Host::Tcp(_));
        let here = |host: &Host| match host {
            Host::Tcp(name) => named(name),
            _ => true,
        };
        let addresses = config.get_hostaddrs();
        // Where an address is given beside a name, it is what is connected to.
        let local = match addresses {
            [] => config.get_hosts().iter().all(here),
            some => some.iter().all(IpAddr::is_loopback) && config.get_hosts().iter().all(here),
        };
        let sockets = addresses.is_empty() && config.get_hosts().iter().all(is_socket);
        let mode = match given.mode.as_deref() {
            None if local => "disable",
            None => "verify-full",
            Some(mode) => mode,
        };
        let (trust, needed) = match (mode, &given.roots) {
            ("disable", _) => (None, false),
            ("prefer", _) if !local => {
                return Err(wrong("sslmode=prefer may send rows in the clear: beyond this machine say require, verify-full or disable"));
            }
            ("prefer", _) => (Some(Trust::Anyone), false),
            // As libpq has it: who gives roots wants them used.
            ("require", None) => (Some(Trust::Anyone), true),
            ("require", Some(_)) | ("verify-ca", _) => (Some(Trust::Signed), true),
            ("verify-full", _) => (Some(Trust::Named), true),
            (other, _) => {
                return Err(wrong(&format!("sslmode={other} is none of disable, prefer, require, verify-ca and verify-full")));
            }
        };
        // Nobody is between the two ends of a socket of this machine.
        let Some(trust) = trust.filter(|_| !sockets) else {
            config.ssl_mode(SslMode::Disable);
            return Ok(Self { config, tls: None });
        };
        config.ssl_mode(if needed { SslMode::Require } else { SslMode::Prefer });
        let tls = Tls::new(trust, given.roots.as_deref(), given.certificate.as_deref(), given.key.as_deref())?;
        Ok(Self { config, tls: Some(tls) })
    }
}

/// An address as people may see it: where the database is and who asks, without a password.
pub fn shown(address: &str) -> String {
    let config = split(address).and_then(|(rest, _)| Config::from_str(&rest).ok());
    let Some(config) = config else { return "(not an address)".to_owned() };
    let hosts = config.get_hosts().iter().enumerate().map(|(i, host)| {
        let port = config.get_ports().get(i).or(config.get_ports().first()).map_or_else(String::new, |port| format!(":{port}"));
        match host {
            Host::Tcp(name) => format!("{name}{port}"),
            Host::Unix(path) => format!("{}{port}", path.display()),
        }
    });
    let hosts = hosts.collect::<Vec<_>>().join(",");
    let user = config.get_user().map_or_else(String::new, |user| format!("{user}@"));
    format!("postgres://{user}{hosts}/{}", config.get_dbname().unwrap_or_default())
}

pub(super) fn wrong(why: &str) -> StoreError {
    StoreError::Other(format!("the address of the database: {why}"))
}

/// An address without the parameters that are read here, and those.
fn split(text: &str) -> Option<(String, Given)> {
    match ["postgres://", "postgresql://"].iter().find(|scheme| text.starts_with(**scheme)) {
        Some(scheme) => split_url(text, scheme.len()),
        None => split_pairs(text),
    }
}

fn split_url(text: &str, scheme: usize) -> Option<(String, Given)> {
    // A password may hold a question mark.
    let host = text[scheme..].find('@').map_or(scheme, |at| scheme + at);
    let Some(query) = text[host..].find('?').map(|at| host + at) else { return Some((text.to_owned(), Given::default())) };
    let (mut given, mut others) = (Given::default(), Vec::new());
    for pair in text[query + 1..].split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        match given.place(&decoded(name)?) {
            Some(place) => *place = Some(decoded(value)?.into_owned()),
            None => others.push(pair),
        }
    }
    let rest = match others.as_slice() {
        [] => text[..query].to_owned(),
        others => format!("{}?{}", &text[..query], others.join("&")),
    };
    Some((rest, given))
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(text).decode_utf8().ok()
}

fn split_pairs(text: &str) -> Option<(String, Given)> {
    let (mut given, mut others) = (Given::default(), String::new());
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = pair_value(after.trim_start())?;
        match given.place(name.trim()) {
            Some(place) => *place = Some(value),
            None => {
                let value = value.replace('\\', "\\\\").replace('\'', "\\'");
                others.push_str(&format!("{}='{value}' ", name.trim()));
            }
        }
        rest = after.trim_start();
    }
    Some((others, given))
}

/// A value at the start of a text, in quotes or up to a space, and what comes behind it.
fn pair_value(text: &str) -> Option<(String, &str)> {
    let inner = text.strip_prefix('\'');
    let quoted = inner.is_some();
    let source = inner.unwrap_or(text);
    let (mut value, mut chars) = (String::new(), source.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => value.push(chars.next()?.1),
            '\'' if quoted => return Some((value, &source[at + 1..])),
            c if !quoted && c.is_whitespace() => return Some((value, &source[at..])),
            c => value.push(c),
        }
    }
    (!quoted).then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(mode: Option<&str>, roots: Option<&str>) -> Given {
        Given { mode: mode.map(str::to_owned), roots: roots.map(str::to_owned), ..Given::default() }
    }

    #[test]
    fn parameters_of_ours_are_taken_out_of_both_forms() {
        let (rest, found) =
            split("postgres://u:p?w@h,i:2/d?sslmode=verify-ca&target_session_attrs=read-write&sslrootcert=%2Fa%20b").unwrap();
        assert_eq!(rest, "postgres://u:p?w@h,i:2/d?target_session_attrs=read-write");
        assert_eq!(found, given(Some("verify-ca"), Some("/a b")));
        assert_eq!(split("postgres://h/d?sslmode=disable").unwrap().0, "postgres://h/d");
        let (rest, found) = split(r"host=h sslmode = require password='a \'b' sslrootcert='/c d' user=x\ y").unwrap();
        assert_eq!(rest, r"host='h' password='a \'b' user='x y' ");
        assert_eq!(found, given(Some("require"), Some("/c d")));
        let config = Config::from_str(&rest).unwrap();
        assert_eq!((config.get_password(), config.get_user()), (Some(&b"a 'b"[..]), Some("x y")));
        assert!(split("host=h sslmode='x").is_none() && split("nothing").is_none() && split("postgres://h/?x").is_none());
    }

    #[test]
    fn nothing_goes_in_the_clear_unasked() {
        let mode =
            |text: &str| Address::parse(text).map(|a| (a.config.get_ssl_mode(), a.tls.map(|tls| tls.trust))).map_err(|e| e.to_string());
        for local in ["postgres://localhost/d", "postgres://127.0.0.1/d", "postgres://[::1]/d", "host=/run/postgresql", "dbname=d"] {
            assert_eq!(mode(local).unwrap(), (SslMode::Disable, None), "{local}");
        }
        assert_eq!(mode("host=/run/postgresql sslmode=verify-full").unwrap(), (SslMode::Disable, None));
        assert_eq!(mode("postgres://h/d?sslmode=disable").unwrap(), (SslMode::Disable, None));
        assert_eq!(mode("postgres://localhost/d?sslmode=prefer").unwrap(), (SslMode::Prefer, Some(Trust::Anyone)));
        assert_eq!(mode("postgres://h/d?sslmode=require").unwrap(), (SslMode::Require, Some(Trust::Anyone)));
        for (text, says) in [
            ("postgres://localhost,h/d?sslmode=prefer", "in the clear"),
            ("host=localhost hostaddr=10.0.0.1 sslmode=prefer", "in the clear"),
            ("postgres://h/d?sslmode=allow", "is none of"),
            ("postgres://h/d?sslmode=verify-full&sslrootcert=/no/such/file", "/no/such/file"),
            ("postgres://h/d?sslmode=require&sslrootcert=system", "verify-full"),
            ("postgres://h/d?sslmode=require&sslcert=/x", "sslkey"),
            ("postgres://h/d?sslcrl=/x&sslmode=require", "sslcrl"),
        ] {
            let error = mode(text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
        // Where the address says nothing: the machine's own roots, if it has any.
        match mode("postgres://h/d") {
            Ok(found) => assert_eq!(found, (SslMode::Require, Some(Trust::Named))),
            Err(error) => assert!(error.contains("no root certificates"), "{error}"),
        }
    }
}
