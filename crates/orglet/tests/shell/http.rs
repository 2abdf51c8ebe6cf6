//! Plain HTTP: heads, bodies, compression, faults.

use crate::harness::{ask_h2_on, ask_on, get, header, request, start, text};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use orglet::limits::Limits;
use std::convert::Infallible;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::{ServiceExt, service_fn};
use tower_http::compression::Compression;
use tower_http::decompression::Decompression;

/// Bytes in an encoding, made by the layer that servers use.
async fn encoded(encoding: &str, plain: Bytes) -> Bytes {
    let body = service_fn(move |_: Request<Full<Bytes>>| std::future::ready(Ok::<_, Infallible>(Response::new(Full::new(plain.clone())))));
    let ask = request("GET", "/", &[("accept-encoding", encoding)], "");
    let response = Compression::new(body).oneshot(ask).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], encoding);
    response.into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn a_plain_request_is_answered() {
    let server = start(Limits::default()).await;
    let response = server.ask(request("POST", "/echo", &[("host", "acme.test:1")], "hello")).await;
    assert_eq!((response.status().as_u16(), text(&response)), (200, "hello"));
    assert_eq!(
        (header(&response, "x-host"), header(&response, "x-scheme"), header(&response, "x-trusted")),
        ("acme.test:1", "http", "true")
    );
    assert_eq!(text(&server.ask(request("POST", "/quick/echo", &[], "quick")).await), "quick");
}

#[tokio::test]
async fn http2_needs_no_upgrade() {
    let server = start(Limits::default()).await;
    let url = format!("http://{}/echo", server.addr);
    let response = ask_h2_on(server.connect().await, request("POST", &url, &[], "two")).await;
    assert_eq!((response.status().as_u16(), text(&response)), (200, "two"));
    assert_eq!(header(&response, "x-host"), server.addr.to_string());
}

#[tokio::test]
async fn answers_are_compressed_where_asked_and_worthwhile() {
    let server = start(Limits::default()).await;
    for encoding in ["gzip", "deflate"] {
        let ask = |path| request("GET", path, &[("accept-encoding", encoding)], "");
        let small = server.ask(ask("/echo")).await;
        assert_eq!(header(&small, "content-encoding"), "");
        let big = server.ask(ask("/big")).await;
        assert_eq!(header(&big, "content-encoding"), encoding);
        assert!(big.body().len() < 10_000);

        let answer = service_fn(move |_: Request<()>| std::future::ready(Ok::<_, Infallible>(big.clone().map(Full::new))));
        let inflated = Decompression::new(answer).oneshot(Request::new(())).await.unwrap();
        assert_eq!(inflated.into_body().collect().await.unwrap().to_bytes().len(), 105_000);
    }
    assert_eq!(header(&server.ask(get("/big")).await, "content-encoding"), "");
}

#[tokio::test]
async fn request_bodies_are_inflated() {
    let server = start(Limits::default()).await;
    for encoding in ["gzip", "deflate"] {
        let body = encoded(encoding, Bytes::from("{\"Name\":\"Acme\"}".repeat(100))).await;
        let response = server.ask(request("POST", "/echo", &[("content-encoding", encoding)], body)).await;
        assert_eq!((response.status().as_u16(), response.body().len()), (200, 1500));
        assert_eq!(header(&response, "x-encoding"), "false");
    }
    let members = [encoded("gzip", Bytes::from("a".repeat(100))).await, encoded("gzip", Bytes::from("b".repeat(100))).await].concat();
    let response = server.ask(request("POST", "/echo", &[("content-encoding", "gzip")], members)).await;
    assert_eq!(text(&response), "a".repeat(100) + &"b".repeat(100));
    let response = server.ask(request("POST", "/echo", &[("content-encoding", "identity")], "as is")).await;
    assert_eq!(text(&response), "as is");
}

#[tokio::test]
async fn bodies_that_are_not_what_they_say_are_refused() {
    let server = start(Limits::default()).await;
    let response = server.ask(request("POST", "/echo", &[("content-encoding", "gzip")], "not gzip at all")).await;
    assert_eq!(response.status(), 400);
    assert!(text(&response).starts_with(r#"[{"errorCode":"BAD_REQUEST","message":""#), "{}", text(&response));

    let whole = encoded("gzip", Bytes::from("0123456789".repeat(1000))).await;
    let cut = whole.slice(..whole.len() / 2);
    assert_eq!(server.ask(request("POST", "/echo", &[("content-encoding", "gzip")], cut)).await.status(), 400);

    let trailed = [&whole[..], b"trailing"].concat();
    assert_eq!(server.ask(request("POST", "/echo", &[("content-encoding", "gzip")], trailed)).await.status(), 400);

    let response = server.ask(request("POST", "/echo", &[("content-encoding", "br")], "x")).await;
    assert_eq!(response.status(), 415);
    assert!(text(&response).contains("UNSUPPORTED_MEDIA_TYPE"));
}

#[tokio::test]
async fn bodies_are_bounded_before_and_after_inflation() {
    let server = start(Limits { body_bytes: 100_000, ..Limits::default() }).await;
    let fits = server.ask(request("POST", "/echo", &[], vec![b'x'; 100_000])).await;
    assert_eq!((fits.status().as_u16(), fits.body().len()), (200, 100_000));

    let over = server.ask(request("POST", "/echo", &[], vec![b'x'; 100_001])).await;
    assert_eq!(over.status(), 413);
    assert!(text(&over).starts_with(r#"[{"errorCode":"EXCEEDED_MAX_SIZE_REQUEST","message":""#), "{}", text(&over));

    let bomb = encoded("gzip", Bytes::from(vec![0; 20_000_000])).await;
    assert!(bomb.len() < 100_000);
    let headers = [("content-encoding", "gzip"), ("accept", "application/xml")];
    let over = server.ask(request("POST", "/echo", &headers, bomb)).await;
    assert_eq!((over.status().as_u16(), header(&over, "content-type")), (413, "application/xml; charset=UTF-8"));
    assert!(text(&over).contains("<Errors><Error><errorCode>EXCEEDED_MAX_SIZE_REQUEST</errorCode><message>"));

    // Many members that inflate to nothing: the bound on the bytes sent holds.
    let nothing = b"\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0".repeat(20_000);
    let over = server.ask(request("POST", "/echo", &[("content-encoding", "gzip")], nothing)).await;
    assert_eq!(over.status(), 413);

    let chunk = format!("{:x}\r\n{}\r\n", 60_000, "y".repeat(60_000));
    let raw = format!("POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n");
    assert!(server.raw(raw.as_bytes()).await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn bodies_of_all_connections_share_one_bound() {
    let limits = Limits { body_bytes: 100_000, all_bodies_bytes: 150_000, body_idle: Duration::from_millis(400), ..Limits::default() };
    let server = start(limits).await;
    let post = |bytes: usize| request("POST", "/quick/echo", &[], vec![b'x'; bytes]);
    let begun = async |sent: usize| {
        let mut stream = server.connect().await;
        let head = format!("POST /quick/echo HTTP/1.1\r\nHost: h\r\nContent-Length: {}\r\n\r\n", sent + 1);
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'x'; sent]).await.unwrap();
        stream
    };
    // A body that is on its way takes up what has come; what remains is there for others.
    let _first = begun(90_000).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.ask(post(50_000)).await.status(), 200);
    // One that doesn't fit waits for the first to go (here: to time out) …
    assert_eq!(server.ask(post(100_000)).await.status(), 200);
    // … which gave its place back, as did all that were answered.
    for _ in 0..5 {
        assert_eq!(server.ask(post(100_000)).await.status(), 200);
    }
    let zeros = encoded("gzip", Bytes::from(vec![0; 100_000])).await;
    for _ in 0..5 {
        let response = server.ask(request("POST", "/quick/echo", &[("content-encoding", "gzip")], zeros.clone())).await;
        assert_eq!((response.status().as_u16(), response.body().len()), (200, 100_000));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_without_room_is_refused_in_the_end() {
    let short = Duration::from_millis(100);
    let server = start(Limits { body_bytes: 100_000, all_bodies_bytes: 100_000, body_idle: short, ..Limits::default() }).await;
    let mut held = server.connect().await;
    let head = format!("POST /wait HTTP/1.1\r\nHost: h\r\nContent-Length: 80000\r\n\r\n{}", "x".repeat(80_000));
    held.write_all(head.as_bytes()).await.unwrap();
    let (server, gate) = tokio::task::spawn_blocking(move || {
        server.gate.entered.recv().unwrap();
        let gate = server.gate.release.clone();
        (server, gate)
    })
    .await
    .unwrap();
    let zeros = encoded("gzip", Bytes::from(vec![0; 50_000])).await;
    for request in [request("POST", "/echo", &[], vec![b'x'; 50_000]), request("POST", "/echo", &[("content-encoding", "gzip")], zeros)] {
        let response = server.ask(request).await;
        assert_eq!((response.status().as_u16(), header(&response, "connection")), (503, "close"));
        assert_eq!(text(&response), r#"[{"message":"Server Unavailable","errorCode":"SERVER_UNAVAILABLE"}]"#);
    }
    assert_eq!(server.ask(request("POST", "/echo", &[], "small")).await.status(), 200);
    gate.send(()).unwrap();
    let mut some = [0u8; 12];
    held.read_exact(&mut some).await.unwrap();
    assert_eq!(&some, b"HTTP/1.1 200");
    assert_eq!(server.ask(request("POST", "/echo", &[], vec![b'x'; 50_000])).await.status(), 200);
}

#[tokio::test]
async fn heads_are_bounded() {
    let server = start(Limits::default()).await;
    let target = |n: usize| format!("/quick/{}", "q".repeat(n - 7));
    assert_eq!(server.ask(get(&target(16_000))).await.status(), 200);
    for n in [16_385, 60_000] {
        let response = server.ask(get(&target(n))).await;
        assert_eq!((response.status().as_u16(), text(&response)), (414, "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"));
        assert!(header(&response, "content-type").starts_with("text/html"));
    }
    let response = server.ask(get(&target(16_384))).await;
    assert_eq!(response.status(), 431, "the headers count as well");
    let response = server.ask(request("GET", "/quick/", &[("x-much", &"m".repeat(90_000))], "")).await;
    assert_eq!(response.status(), 431);
    assert!(text(&response).contains("Bad Message 431"));

    let url = format!("http://{}{}", server.addr, target(20_000));
    assert_eq!(ask_h2_on(server.connect().await, request("GET", &url, &[], "")).await.status(), 414);
    assert!(server.raw(b"GET /echo HTTP/1.1\r\nConnection: close\r\n\r\n").await.starts_with("HTTP/1.1 400 "));
}

#[tokio::test]
async fn a_panic_fails_its_request_alone() {
    let server = start(Limits::default()).await;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(server.connect().await)).await.unwrap();
    tokio::spawn(connection);
    for path in ["/panic", "/quick/panic", "/lane/panic"] {
        let response = sender.send_request(get(path)).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let body = std::str::from_utf8(&body).unwrap();
        let rest = body
            .strip_prefix(r#"[{"message":"An unexpected error occurred. Please include this ErrorId if you contact support: "#)
            .unwrap_or_else(|| panic!("{body}"));
        let id = rest.strip_suffix(r#")","errorCode":"UNKNOWN_EXCEPTION"}]"#).unwrap_or_else(|| panic!("{body}"));
        assert!(id.chars().all(|c| c.is_ascii_digit() || "-( ".contains(c)), "{id}");
        let response = sender.send_request(get("/echo")).await.unwrap();
        assert_eq!(response.status(), 200);
        response.into_body().collect().await.unwrap();
    }
    let response = server.ask(request("GET", "/panic", &[("accept", "application/xml")], "")).await;
    assert!(text(&response).contains("<Errors><Error><errorCode>UNKNOWN_EXCEPTION</errorCode><message>An unexpected"));
}

#[tokio::test]
async fn requests_of_a_lane_are_answered_each_with_its_own() {
    let server = start(Limits::default()).await;
    let mut asked = Vec::new();
    for n in 0..100 {
        asked.push(tokio::spawn(ask_on(server.connect().await, request("POST", "/lane/echo", &[], n.to_string()))));
    }
    for (n, answer) in asked.into_iter().enumerate() {
        assert_eq!(text(&answer.await.unwrap()), n.to_string());
    }
}

#[tokio::test]
async fn slow_peers_are_let_go() {
    let short = Duration::from_millis(50);
    let server = start(Limits { first_bytes: short, head: short, body_idle: short, ..Limits::default() }).await;
    assert_eq!(server.raw(b"").await, "");
    assert_eq!(server.raw(b"P").await, "", "it may have become HTTP/2, but did not");
    assert!(!server.raw(b"GET /echo HT").await.contains("200"));
    let answer = server.raw(b"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf").await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_cap_wait_their_turn() {
    let server = start(Limits { connections: 1, ..Limits::default() }).await;
    let mut first = server.connect().await;
    first.write_all(b"GET /quick/a HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let mut some = [0u8; 12];
    first.read_exact(&mut some).await.unwrap();
    assert_eq!(&some, b"HTTP/1.1 200");

    let second = async { server.ask(get("/quick/b")).await.status() };
    tokio::pin!(second);
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut second).await.is_err());
    drop(first);
    assert_eq!(second.await, 200);
}
