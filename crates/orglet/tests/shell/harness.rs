//! A stand-in application, a server around it on a free port, and clients.

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use orglet::app::{App, Built, OrgFacts, Peer, Scheme, StoreError, Work};
use orglet::authority::Authority;
use orglet::limits::Limits;
use orglet::listen::{Drained, Server};
use orglet::tls::server_config;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Answers by path: `/echo` the body, `/big` 100 kB, `/panic`, `/quick/panic`, `/wait` when released.
pub struct StandIn {
    pub ready: AtomicBool,
    entered: mpsc::Sender<()>,
    release: Mutex<mpsc::Receiver<()>>,
}

/// The test's ends of `/wait`.
pub struct Gate {
    pub entered: mpsc::Receiver<()>,
    pub release: mpsc::Sender<()>,
}

impl StandIn {
    pub fn new() -> (Arc<Self>, Gate) {
        let (entered, entered_seen) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let app = Self { ready: AtomicBool::new(true), entered, release: Mutex::new(released) };
        (Arc::new(app), Gate { entered: entered_seen, release })
    }
}

impl App for StandIn {
    fn handle(&self, request: Request<Bytes>, peer: Peer) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        assert!(parts.uri.authority().is_none(), "targets come in origin form");
        let answer = Response::builder()
            .header("x-host", parts.headers.get("host").cloned().unwrap_or(http::HeaderValue::from_static("")))
            .header("x-scheme", if peer.scheme == Scheme::Https { "https" } else { "http" })
            .header("x-trusted", peer.trusted.to_string())
            .header("x-encoding", parts.headers.contains_key("content-encoding").to_string())
            .header("content-type", "application/json;charset=UTF-8");
        let body = match parts.uri.path() {
            "/panic" | "/quick/panic" | "/lane/panic" => panic!("boom"),
            "/big" => Bytes::from("orglet ".repeat(15_000)),
            "/wait" => {
                self.entered.send(()).unwrap();
                self.release.lock().unwrap().recv().unwrap();
                Bytes::from_static(b"waited")
            }
            _ => body,
        };
        answer.body(body).unwrap()
    }

    fn is_quick(&self, request: &Parts) -> bool {
        request.uri.path().starts_with("/quick/")
    }

    fn waits(&self) -> bool {
        false
    }

    fn lane(&self, request: &Parts) -> Option<u64> {
        request.uri.path().starts_with("/lane/").then_some(7)
    }

    fn together(&self, work: Vec<Work<'_>>) -> Vec<Result<Response<Bytes>, StoreError>> {
        work.into_iter().map(|piece| Ok(piece())).collect()
    }

    fn ready(&self) -> bool {
        self.ready.load(Ordering::SeqCst)
    }
}

pub fn facts() -> OrgFacts {
    let text = str::to_owned;
    OrgFacts {
        org_id: text("00D000000000001EAA"),
        user_id: text("005000000000001AAA"),
        username: text("admin@orglet.example"),
        password: text("standin"),
        security_token: text("token"),
        client_id: text("key"),
        client_secret: text("secret"),
        access_token: format!("00D000000000001!{}", orglet_engine::dev::TOKEN_TAIL),
        api_version: text("68.0"),
    }
}

pub fn built(credentials_are_default: bool) -> Built {
    Built { app: StandIn::new().0, facts: facts(), admin_token: "stand-in-admin-token".to_owned(), credentials_are_default }
}

/// A running server. Dropping it without `stop` ends it with the test's runtime.
pub struct Running {
    pub addr: SocketAddr,
    pub app: Arc<StandIn>,
    pub gate: Gate,
    ca: String,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Drained>,
}

pub async fn start(limits: Limits) -> Running {
    let authority = Authority::generate().unwrap();
    let ca = authority.certificate_pem().to_owned();
    let (app, gate) = StandIn::new();
    let server = Server::bind("127.0.0.1:0".parse().unwrap(), app.clone(), server_config(authority).unwrap(), limits).unwrap();
    let addr = server.addr();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Running { addr, app, gate, ca, stop, ended }
}

impl Running {
    pub async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    /// Asks the server to stop; the handle ends when it has.
    pub fn stop(self) -> (JoinHandle<Drained>, Gate) {
        self.stop.send(()).unwrap();
        (self.ended, self.gate)
    }

    /// A TLS client that trusts the server's CA alone.
    pub async fn tls<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, name: &str, alpn: &[&str]) -> std::io::Result<TlsStream<S>> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|p| p.as_bytes().to_vec()).collect();
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name.to_owned()).unwrap(), stream).await
    }

    /// One request on a connection of its own.
    pub async fn ask(&self, request: Request<Full<Bytes>>) -> Response<Bytes> {
        ask_on(self.connect().await, request).await
    }

    /// Raw bytes in, all that comes back out.
    pub async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// One HTTP/1.1 request on a stream.
pub async fn ask_on<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    whole(sender.send_request(request).await.unwrap()).await
}

/// One HTTP/2 request on a stream.
pub async fn ask_h2_on<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, request: Request<Full<Bytes>>) -> Response<Bytes> {
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    whole(sender.send_request(request).await.unwrap()).await
}

async fn whole(response: Response<hyper::body::Incoming>) -> Response<Bytes> {
    let (parts, body) = response.into_parts();
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(method).uri(target);
    if !headers.iter().any(|(name, _)| *name == "host") && target.starts_with('/') {
        request = request.header("host", "orglet.test");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).unwrap()
}

pub fn get(target: &str) -> Request<Full<Bytes>> {
    request("GET", target, &[], "")
}

pub fn header<'a>(response: &'a Response<Bytes>, name: &str) -> &'a str {
    response.headers().get(name).map(|v| v.to_str().unwrap()).unwrap_or_default()
}

pub fn text(response: &Response<Bytes>) -> &str {
    std::str::from_utf8(response.body()).unwrap()
}

/// An empty directory of the test's own.
pub fn scratch(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("shell-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[cfg(unix)]
pub fn mode(path: &std::path::Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}
