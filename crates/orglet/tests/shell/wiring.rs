//! The real application behind the shell, and what it is told of the command line.

use crate::harness::scratch;
use bytes::Bytes;
use clap::Parser;
use http::{Method, Request};
use orglet::app::{Built, Peer, Scheme};
use orglet::cli::{Cli, Command};
use orglet::wire::build_app;

fn built(args: &[&str]) -> Result<Built, String> {
    let Command::Serve(options) = Cli::try_parse_from(["orglet", "serve"].iter().chain(args)).unwrap().command else {
        panic!("serve was asked for")
    };
    build_app(&options).map_err(|e| e.to_string())
}

#[test]
fn point_reads_are_quick_where_no_writer_can_hold_them_up() {
    let data = scratch("quick").join("data");
    let row = Request::get("/services/data/v62.0/sobjects/Account/001000000000001AAA").body(()).unwrap().into_parts().0;
    assert!(built(&["--data", data.to_str().unwrap()]).unwrap().app.is_quick(&row));
    assert!(!built(&["--memory"]).unwrap().app.is_quick(&row));
}

#[test]
fn credentials_are_applied_or_refused() {
    let built_with = |args: &[&str]| built(&[&["--memory"], args].concat());
    let own = built_with(&["--admin-username", "me@x.example", "--admin-password", "p-1", "--access-token", "AQ.mine"]).unwrap();
    assert_eq!((own.facts.username.as_str(), own.facts.password.as_str(), own.facts.security_token.as_str()), ("me@x.example", "p-1", ""));
    assert!(own.facts.access_token.ends_with("!AQ.mine"));
    assert!(own.credentials_are_default, "the client secret is the development one");
    let own = built_with(&["--admin-password", "p-1", "--client-secret", "s-1", "--access-token", "AQ.mine"]).unwrap();
    assert!(!own.credentials_are_default);
    let text = built_with(&["--access-token", "00D5g00000ABCDE!AQ.mine"]).map(|_| ()).unwrap_err();
    assert!(text.contains("names another org"), "{text}");
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let data = scratch("twice").join("data");
    let first = built(&["--data", data.to_str().unwrap()]).unwrap();
    let text = built(&["--data", data.to_str().unwrap()]).map(|_| ()).unwrap_err();
    assert!(text.contains("in use by another orglet"), "{text}");
    drop(first);
    built(&["--data", data.to_str().unwrap()]).unwrap();
}

#[test]
fn scripts_of_allowed_origins_may_read_answers() {
    let built = built(&["--memory", "--cors-origin", "https://*.example.com,http://localhost:5173"]).unwrap();
    let peer = Peer { scheme: Scheme::Http, addr: ([127, 0, 0, 1], 1).into(), trusted: true };
    let ask = |method: Method, path: &str, origin: &str, wanted: Option<&str>| {
        let mut request = Request::builder().method(method).uri(path).header("host", "x").header("origin", origin);
        if let Some(wanted) = wanted {
            request = request.header("access-control-request-method", wanted).header("access-control-request-headers", "authorization,x-a");
        }
        let response = built.app.handle(request.body(Bytes::new()).unwrap(), peer);
        let header = |name: &str| response.headers().get(name).map_or("", |v| v.to_str().unwrap()).to_owned();
        let names = ["access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers", "vary"];
        (response.status().as_u16(), names.map(header))
    };
    let (row, login) = ("/services/data/v62.0/sobjects/Account/001000000000001AAA", "/services/oauth2/token");
    for origin in ["https://app.example.com", "http://localhost:5173"] {
        let (status, [allowed, methods, headers, vary]) = ask(Method::OPTIONS, row, origin, Some("PATCH"));
        assert_eq!((status, allowed.as_str(), headers.as_str(), vary.as_str()), (200, origin, "authorization,x-a", "Origin"));
        assert_eq!(methods, "HEAD, GET, POST, PUT, PATCH, DELETE");
        // Errors are read as well.
        let (status, [allowed, ..]) = ask(Method::GET, row, origin, None);
        assert_eq!((status, allowed.as_str()), (401, origin));
    }
    let other = "https://example.net";
    let (status, [allowed, ..]) = ask(Method::OPTIONS, row, other, Some("PATCH"));
    assert_eq!((status, allowed.as_str()), (403, ""));
    let (status, [allowed, _, _, vary]) = ask(Method::GET, "/services/data", other, None);
    assert_eq!((status, allowed.as_str(), vary.as_str()), (200, "", "Origin"));
    let (_, [allowed, ..]) = ask(Method::OPTIONS, login, "https://app.example.com", Some("POST"));
    assert_eq!(allowed, "");
    let refused = Cli::try_parse_from(["orglet", "serve", "--cors-origin", "*"]).err().unwrap().to_string();
    assert!(refused.contains("'*' has no scheme"), "{refused}");
}
