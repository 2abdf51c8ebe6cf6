//! CONNECT tunnels, and requests with absolute targets.

use crate::harness::{Running, ask_on, get, header, request, start, text};
use orglet::limits::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Asks for a tunnel; the answer's head, and the stream after it.
async fn tunnel(server: &Running, target: &str) -> (String, TcpStream) {
    let mut stream = server.connect().await;
    let ask = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\nProxy-Connection: keep-alive\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    (String::from_utf8(head).unwrap(), stream)
}

#[tokio::test]
async fn code_with_hard_wired_hosts_reaches_this_server() {
    let server = start(Limits::default()).await;
    for host in ["login.salesforce.com", "acme.my.salesforce.com", "na1.force.com"] {
        let (head, stream) = tunnel(&server, &format!("{host}:443")).await;
        assert!(head.starts_with("HTTP/1.1 200 Connection Established\r\n"), "{head}");
        let stream = server.tls(stream, host, &[]).await.unwrap();
        let response = ask_on(stream, request("POST", "/echo", &[("host", host)], "tunnelled")).await;
        assert_eq!((text(&response), header(&response, "x-scheme")), ("tunnelled", "https"));
        assert_eq!((header(&response, "x-host"), header(&response, "x-trusted")), (host, "true"));
    }
    let (_, stream) = tunnel(&server, "login.salesforce.com:80").await;
    let response = ask_on(stream, request("POST", "/echo", &[("host", "login.salesforce.com")], "plain")).await;
    assert_eq!((text(&response), header(&response, "x-scheme")), ("plain", "http"));
}

#[tokio::test]
async fn other_hosts_are_refused() {
    let server = start(Limits::default()).await;
    for target in ["example.com:443", "salesforce.com.example.com:443", "127.0.0.1:443", "login.salesforce.com:22"] {
        let (head, _) = tunnel(&server, target).await;
        assert!(head.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{head}");
    }
    let (_, mut inside) = tunnel(&server, "login.salesforce.com:80").await;
    inside.write_all(b"CONNECT login.salesforce.com:443 HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut some = [0u8; 12];
    inside.read_exact(&mut some).await.unwrap();
    assert_eq!(&some, b"HTTP/1.1 403", "no tunnels in tunnels");
}

#[tokio::test]
async fn absolute_targets_are_answered_for_our_hosts_alone() {
    let server = start(Limits::default()).await;
    let own = format!("http://{}/echo", server.addr);
    for (target, host) in [("http://login.salesforce.com/echo", "login.salesforce.com".to_owned()), (own.as_str(), server.addr.to_string())]
    {
        let response = server.ask(request("POST", target, &[("host", "other")], "x")).await;
        assert_eq!((response.status().as_u16(), header(&response, "x-host")), (200, host.as_str()));
    }
    let response = server.ask(request("GET", "http://example.com/echo", &[], "")).await;
    assert_eq!(response.status(), 403);
    assert_eq!(server.ask(get("/echo")).await.status(), 200);
}
