//! An org somewhere, asked over HTTP or HTTPS.

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use orglet_contract::{OrgFacts, Target};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use std::error::Error;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// How long an answer may take.
const WAIT: Duration = Duration::from_secs(120);
/// The longest answer that is read, in bytes.
const MOST_BODY: usize = 64 << 20;

type Failed = Box<dyn Error + Send + Sync>;

/// An org by its address and a session.
pub(super) struct Remote {
    secure: bool,
    /// Host with its port where that is not the scheme's own, as `Host` has it.
    authority: String,
    tls: Option<TlsConnector>,
    runtime: Runtime,
    connection: Mutex<Option<SendRequest<Full<Bytes>>>>,
    facts: OrgFacts,
    versions: Vec<String>,
}

impl Remote {
    /// Connects and finds out which org it is, by requests that every session may make.
    pub(super) fn connect(url: &str, token: &str, ca_file: Option<&Path>) -> Result<Self, String> {
        let (secure, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(format!("{url}: expected https://HOST")),
        };
        let authority = rest.split('/').next().unwrap_or_default().to_owned();
        if authority.is_empty() || rest.trim_end_matches('/') != authority {
            return Err(format!("{url}: expected https://HOST and nothing behind it"));
        }
        let tls = if secure { Some(connector(ca_file)?) } else { None };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        let facts = OrgFacts { access_token: token.to_owned(), ..OrgFacts::default() };
        let mut remote = Self { secure, authority, tls, runtime, connection: Mutex::default(), facts, versions: Vec::new() };
        let versions = remote.get("/services/data")?;
        let listed = versions.as_array().into_iter().flatten();
        remote.versions = listed.filter_map(|v| v["version"].as_str().map(str::to_owned)).collect();
        let newest = remote.versions.last().ok_or("the org lists no API version")?.clone();
        let resources = remote.get(&format!("/services/data/v{newest}"))?;
        let identity = resources["identity"].as_str().unwrap_or_default();
        let mut ids = identity.rsplit('/');
        let (user, org) = (ids.next().unwrap_or_default().to_owned(), ids.next().unwrap_or_default().to_owned());
        if org.len() != 18 || user.len() != 18 {
            return Err(format!("the org does not say who the session belongs to: {resources}"));
        }
        let me = remote.get(&format!("/services/data/v{newest}/sobjects/User/{user}?fields=Username"))?;
        remote.facts.username = me["Username"].as_str().unwrap_or_default().to_owned();
        (remote.facts.org_id, remote.facts.user_id) = (org, user);
        Ok(remote)
    }

    /// The address.
    pub(super) fn url(&self) -> String {
        format!("{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }

    /// The API versions that the org serves, the oldest first.
    pub(super) fn versions(&self) -> &[String] {
        &self.versions
    }

    fn get(&self, path: &str) -> Result<Value, String> {
        let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {}", self.facts.access_token));
        let response = self.exchange(request.body(Bytes::new()).map_err(|e| e.to_string())?).map_err(|e| format!("{}: {e}", self.url()))?;
        let body = String::from_utf8_lossy(response.body());
        if response.status() != 200 {
            return Err(format!("{}{path}: {} {body}", self.url(), response.status().as_u16()));
        }
        serde_json::from_str(&body).map_err(|e| format!("{}{path}: {e}", self.url()))
    }

    fn exchange(&self, mut request: Request<Bytes>) -> Result<Response<Bytes>, Failed> {
        request.headers_mut().insert(header::HOST, HeaderValue::from_str(&self.authority)?);
        let request = request.map(Full::new);
        let mut kept = self.connection.lock().map_err(|_| "the connection is lost")?;
        self.runtime.block_on(async {
            let answer = async {
                // One that the org closed meanwhile takes no request.
                let mut idle = kept.take();
                let usable = match &mut idle {
                    Some(sender) => sender.ready().await.is_ok(),
                    None => false,
                };
                let mut sender = match idle {
                    Some(sender) if usable => sender,
                    _ => self.open().await?,
                };
                let (parts, body) = sender.send_request(request).await?.into_parts();
                let bytes = Limited::new(body, MOST_BODY).collect().await?.to_bytes();
                *kept = Some(sender);
                Ok::<_, Failed>(Response::from_parts(parts, bytes))
            };
            timeout(WAIT, answer).await?
        })
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, Failed> {
        let has_port = self.authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let default = if self.secure { 443 } else { 80 };
        let address = if has_port { self.authority.clone() } else { format!("{}:{default}", self.authority) };
        let stream = TcpStream::connect(&address).await?;
        match &self.tls {
            Some(tls) => {
                let name = address.rsplit_once(':').map_or(address.as_str(), |(name, _)| name).to_owned();
                let (sender, connection) = handshake(TokioIo::new(tls.connect(ServerName::try_from(name)?, stream).await?)).await?;
                tokio::spawn(connection);
                Ok(sender)
            }
            None => {
                let (sender, connection) = handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                Ok(sender)
            }
        }
    }
}

impl Target for Remote {
    /// A request that got no answer is told as one that no org sends, so that it stands in the report.
    fn send(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.exchange(request).unwrap_or_else(|e| {
            let mut response = Response::new(Bytes::from(format!("no answer: {e}")));
            *response.status_mut() = http::StatusCode::BAD_GATEWAY;
            response
        })
    }

    fn origin(&self) -> String {
        self.url()
    }

    fn facts(&self) -> OrgFacts {
        self.facts.clone()
    }
}

fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, String> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(file) => {
            let told = |e: &dyn std::fmt::Display| format!("{}: {e}", file.display());
            for certificate in CertificateDer::pem_file_iter(file).map_err(|e| told(&e))? {
                roots.add(certificate.map_err(|e| told(&e))?).map_err(|e| told(&e))?;
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    if roots.is_empty() {
        return Err("there are no root certificates to trust: name some with --ca-file".to_owned());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(|e| e.to_string())?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}
