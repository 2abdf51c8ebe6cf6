//! The HTTP proxy's CONNECT: tunnels to the vendor's hosts that end in this very server.

use crate::fault;
use crate::listen::{Conn, Scope, serve_stream};
use crate::names::is_vendor_host;
use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::ext::ReasonPhrase;
use hyper_util::rt::TokioIo;
use std::sync::Arc;

/// The ports that the vendor's hosts answer on.
const PORTS: [u16; 2] = [443, 80];

/// Opens a tunnel, or answers why not.
pub(crate) fn open(conn: &Arc<Conn>, request: Request<Incoming>) -> Response<Bytes> {
    if let Err(reason) = check(conn, &request) {
        tracing::debug!(reason, "tunnel refused");
        return fault::text(StatusCode::FORBIDDEN, format!("{reason}\n"));
    }
    let inner = conn.tunnelled();
    let upgrade = hyper::upgrade::on(request);
    tokio::spawn(async move {
        match upgrade.await {
            Ok(stream) => serve_stream(Box::new(TokioIo::new(stream)), inner).await,
            Err(error) => tracing::debug!(%error, "tunnel given up by its client"),
        }
    });
    let mut response = Response::new(Bytes::new());
    response.extensions_mut().insert(ReasonPhrase::from_static(b"Connection Established"));
    response
}

fn check(conn: &Conn, request: &Request<Incoming>) -> Result<(), String> {
    if !conn.peer.trusted {
        return Err("orglet is a proxy for programs on its own machine only".to_owned());
    }
    if conn.scope != Scope::Plain || request.version() > Version::HTTP_11 {
        return Err("CONNECT is for the plain HTTP/1.1 side of the port".to_owned());
    }
    let Some(authority) = request.uri().authority() else {
        return Err("CONNECT needs a target of the form host:port".to_owned());
    };
    if !is_vendor_host(authority.host()) {
        return Err(format!("orglet is a proxy for salesforce.com and force.com hosts only, not for {}", authority.host()));
    }
    match authority.port_u16() {
        Some(port) if PORTS.contains(&port) => Ok(()),
        _ => Err("orglet is a proxy for ports 443 and 80 only".to_owned()),
    }
}
