//! The real application behind the shell, and what it is told of the command line.

use crate::harness::scratch;
use clap::Parser;
use http::Request;
use orglet::app::Built;
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
