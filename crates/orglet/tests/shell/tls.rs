//! TLS on the same port.

use crate::harness::{ask_h2_on, ask_on, get, header, request, start, text};
use orglet::limits::Limits;

#[tokio::test]
async fn a_client_that_trusts_the_ca_is_served() {
    let server = start(Limits::default()).await;
    for name in ["localhost", "127.0.0.1", "login.salesforce.com", "acme.my.salesforce.com", "acme.lightning.force.com"] {
        let stream = server.tls(server.connect().await, name, &[]).await.unwrap();
        let response = ask_on(stream, request("POST", "/echo", &[("host", name)], "secret")).await;
        assert_eq!((response.status().as_u16(), text(&response), header(&response, "x-scheme")), (200, "secret", "https"), "{name}");
    }
}

#[tokio::test]
async fn http2_is_agreed_on() {
    let server = start(Limits::default()).await;
    let stream = server.tls(server.connect().await, "localhost", &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let response = ask_h2_on(stream, request("POST", "https://login.salesforce.com/echo", &[], "two")).await;
    assert_eq!((text(&response), header(&response, "x-scheme"), header(&response, "x-host")), ("two", "https", "login.salesforce.com"));
}

#[tokio::test]
async fn other_names_get_no_certificate() {
    let server = start(Limits::default()).await;
    assert!(server.tls(server.connect().await, "example.com", &[]).await.is_err());
    assert_eq!(server.ask(get("/echo")).await.status(), 200, "the server goes on");
}

#[tokio::test]
async fn an_address_that_is_not_in_the_certificate_is_noticed() {
    let server = start(Limits::default()).await;
    let error = server.tls(server.connect().await, "192.0.2.1", &[]).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
}
