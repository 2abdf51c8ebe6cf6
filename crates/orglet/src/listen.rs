//! The listener: one port; plain HTTP, TLS and tunnels told apart by their first bytes; orderly shutdown.

use crate::app::{App, Peer, Scheme};
use crate::body::Room;
use crate::error::StartError;
use crate::lanes::Lanes;
use crate::limits::Limits;
use crate::service;
use crate::sniff::{BoxStream, Sniffed};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// Connections that the system may hold for us before we accept them.
const BACKLOG: u32 = 4096;
/// Room for hyper, beyond our own bounds, so that the answers to heads too large are ours.
const HEAD_ROOM: usize = 128 * 1024;
/// Requests that one HTTP/2 connection may have open.
const STREAMS: u32 = 128;
/// Requests that work at a time where they wait for a database: as many as it is given connections.
const WAITING: usize = 16;

/// What all connections share.
pub(crate) struct Shell {
    pub(crate) app: Arc<dyn App>,
    pub(crate) limits: Limits,
    /// The port listened on.
    pub(crate) port: u16,
    /// Whether only this machine can reach the port.
    pub(crate) loopback: bool,
    pub(crate) blocking: Arc<Semaphore>,
    pub(crate) lanes: Lanes,
    /// Few requests begin to work at a time: more threads than cores would only take each other's time. Where they wait for
    /// a database they are [`WAITING`].
    pub(crate) turns: Semaphore,
    /// For the bytes of request bodies.
    pub(crate) room: Room,
    pub(crate) requests: AtomicU64,
    /// Turns true when the server stops.
    pub(crate) stopping: watch::Receiver<bool>,
    tls: TlsAcceptor,
    http: auto::Builder<TokioExecutor>,
    /// Held by whatever still works; the server has ended when the last is gone.
    _alive: mpsc::Sender<()>,
}

/// Where a connection's bytes come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// The socket itself.
    Plain,
    /// Inside TLS.
    Tls,
    /// Inside a proxy tunnel.
    Tunnel,
}

/// One connection, or the inside of a tunnel.
pub(crate) struct Conn {
    pub(crate) shell: Arc<Shell>,
    pub(crate) peer: Peer,
    pub(crate) scope: Scope,
    permit: Arc<OwnedSemaphorePermit>,
}

impl Conn {
    /// The inside of a tunnel on this connection.
    pub(crate) fn tunnelled(&self) -> Self {
        Self { shell: self.shell.clone(), peer: self.peer, scope: Scope::Tunnel, permit: self.permit.clone() }
    }

    fn encrypted(self) -> Self {
        let scope = if self.scope == Scope::Tunnel { Scope::Tunnel } else { Scope::Tls };
        Self { peer: Peer { scheme: Scheme::Https, ..self.peer }, scope, ..self }
    }
}

/// How the shutdown went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Drained {
    /// All requests in flight were answered.
    Complete,
    /// Some outlasted the grace.
    Abandoned,
}

/// A listening server that doesn't answer yet.
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    app: Arc<dyn App>,
    lanes: Lanes,
    tls: TlsAcceptor,
    limits: Limits,
}

impl Server {
    /// Listens. Connections queue until [`Server::run`]. Fails where the address can't be had.
    pub fn bind(addr: SocketAddr, app: Arc<dyn App>, tls: Arc<rustls::ServerConfig>, limits: Limits) -> Result<Self, StartError> {
        let listen = || {
            let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
            // On Windows this option would let two servers share the port.
            #[cfg(unix)]
            socket.set_reuseaddr(true)?;
            socket.bind(addr)?;
            let listener = socket.listen(BACKLOG)?;
            let addr = listener.local_addr()?;
            Ok((listener, addr))
        };
        let (listener, addr) = listen().map_err(|source: io::Error| StartError::Listen { addr, source })?;
        let lanes = Lanes::start(&app).map_err(StartError::Runtime)?;
        Ok(Self { listener, addr, app, lanes, tls: TlsAcceptor::from(tls), limits })
    }

    /// The address listened on, with the port that was picked.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers until `stop` ends; then takes no more connections and gives requests in flight their grace.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Drained {
        let (alive, mut all_gone) = mpsc::channel(1);
        let (stopping, stopping_seen) = watch::channel(false);
        let turns = if self.app.waits() { WAITING } else { 2 * std::thread::available_parallelism().map_or(2, NonZero::get) };
        let shell = Arc::new(Shell {
            app: self.app,
            limits: self.limits,
            port: self.addr.port(),
            loopback: self.addr.ip().to_canonical().is_loopback(),
            blocking: Arc::new(Semaphore::new(self.limits.blocking)),
            lanes: self.lanes,
            turns: Semaphore::new(turns),
            room: Room::new(&self.limits),
            requests: AtomicU64::new(1),
            stopping: stopping_seen,
            tls: self.tls,
            http: http_builder(&self.limits),
            _alive: alive,
        });
        tokio::select! {
            () = accept(&self.listener, &shell) => {}
            () = stop => {}
        }
        drop(self.listener);
        stopping.send_replace(true);
        drop(shell);
        match timeout(self.limits.drain, all_gone.recv()).await {
            Ok(_) => Drained::Complete,
            Err(_) => Drained::Abandoned,
        }
    }
}

fn http_builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head).max_buf_size(HEAD_ROOM.max(2 * limits.head_bytes));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEAD_ROOM as u32)
        .max_concurrent_streams(STREAMS)
        .keep_alive_interval(limits.head)
        .keep_alive_timeout(Duration::from_secs(20));
    builder
}

/// Accepts for ever. A failure to accept (no file descriptors left, say) is waited out, longer each time.
async fn accept(listener: &TcpListener, shell: &Arc<Shell>) {
    let places = Arc::new(Semaphore::new(shell.limits.connections));
    let mut pause = Duration::ZERO;
    loop {
        let Ok(permit) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, addr)) => {
                pause = Duration::ZERO;
                // Answers are written whole; waiting for more to send only delays them.
                let _ = stream.set_nodelay(true);
                let trusted = addr.ip().to_canonical().is_loopback();
                let peer = Peer { scheme: Scheme::Http, addr, trusted };
                let conn = Conn { shell: shell.clone(), peer, scope: Scope::Plain, permit: Arc::new(permit) };
                tokio::spawn(serve_socket(stream, conn));
            }
            Err(error) if is_peers_own(&error) => {}
            Err(error) => {
                pause = (pause * 2).clamp(Duration::from_millis(20), Duration::from_secs(1));
                tracing::warn!(%error, pause_ms = pause.as_millis() as u64, "cannot accept connections");
                sleep(pause).await;
            }
        }
    }
}

fn is_peers_own(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}

async fn serve_socket(stream: TcpStream, conn: Conn) {
    serve_stream(Box::new(stream), conn).await;
}

/// Serves a stream until it ends. Boxed, since a connection's service may open a tunnel, which is served here again.
pub(crate) fn serve_stream(stream: BoxStream, conn: Conn) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let mut stopping = conn.shell.stopping.clone();
        let opened = tokio::select! {
            opened = open(stream, conn) => opened,
            // A connection that has asked for nothing yet has nothing in flight.
            () = stopped(&mut stopping) => None,
        };
        if let Some((stream, conn)) = opened {
            serve_http(stream, Arc::new(conn), stopping).await;
        }
    })
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the server itself is gone, which is a stop as well.
    let _ = stopping.wait_for(|stop| *stop).await;
}

/// Reads the first bytes, and takes the TLS off where there is some. `None` where the peer doesn't get that far.
async fn open(stream: BoxStream, conn: Conn) -> Option<(BoxStream, Conn)> {
    let limits = conn.shell.limits;
    let stream = timeout(limits.first_bytes, Sniffed::read(stream)).await.ok()?.ok()??;
    if !stream.is_tls() {
        return Some((Box::new(stream), conn));
    }
    let stream = match timeout(limits.handshake, conn.shell.tls.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(peer = %conn.peer.addr, %error, "TLS handshake failed");
            return None;
        }
        Err(_) => return None,
    };
    let stream = timeout(limits.first_bytes, Sniffed::read(stream)).await.ok()?.ok()??;
    Some((Box::new(stream), conn.encrypted()))
}

async fn serve_http(stream: BoxStream, conn: Arc<Conn>, mut stopping: watch::Receiver<bool>) {
    let shell = conn.shell.clone();
    let service = service_fn(move |request| service::respond(conn.clone(), request));
    let mut connection = pin!(shell.http.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let ended = tokio::select! {
        // First, so that a request whose bytes are here already counts as in flight.
        biased;
        ended = connection.as_mut() => ended,
        () = stopped(&mut stopping) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error, "connection ended early");
    }
}
