//! The process: signals, exit status, command line.

use crate::harness::{built, scratch};
use clap::Parser;
use orglet::cli::{Cli, Command};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{self, Stdio};

const CHILD_DATA: &str = "ORGLET_SHELL_TEST_DATA";

/// By itself nothing: as a child of the next it is the server process of the one below, with the stand-in application in the place of the org.
#[test]
fn child() {
    let Ok(data) = std::env::var(CHILD_DATA) else { return };
    let args = ["orglet", "serve", "--listen", "127.0.0.1:0", "--log-format", "json", "--log-level", "debug", "--data", &data];
    let Command::Serve(options) = Cli::try_parse_from(args).unwrap().command else { panic!("serve was asked for") };
    orglet::logs::start(&options.logs);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(orglet::serve::run(&options, |_| Ok(built(true)))).unwrap();
}

#[cfg(unix)]
#[test]
fn sigterm_finishes_what_was_begun() {
    let data = scratch("process");
    let mut server = process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "process::child", "--nocapture"])
        .env(CHILD_DATA, data.join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut banner = BufReader::new(server.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines().map(Result::unwrap);
    let addr = banner.find_map(|line| line.trim().strip_prefix("url ").map(|url| url.trim().replace("http://", ""))).unwrap();
    assert!(
        banner.any(|line| line.contains("curl -H 'Authorization: Bearer 00D000000000001!AQ.orglet.development.access.token' 'http://"))
    );

    let mut begun = TcpStream::connect(&addr).unwrap();
    begun.write_all(b"POST /echo?secret=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n").unwrap();
    let mut go_on = [0u8; 25];
    begun.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");

    let signalled = process::Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    let stopping = log.find(|line| line.contains("stopping")).unwrap();
    assert_eq!(serde_json::from_str::<serde_json::Value>(&stopping).unwrap()["level"], "INFO");

    begun.write_all(b"done").unwrap();
    let mut answer = String::new();
    begun.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("done"), "{answer}");
    assert!(server.wait().unwrap().success());

    let rest: Vec<String> = log.collect();
    let access = rest.iter().find(|line| line.contains("orglet::access")).unwrap();
    let access: serde_json::Value = serde_json::from_str(access).unwrap();
    assert_eq!((&access["path"], &access["status"], &access["span"]["id"]), (&"/echo".into(), &200.into(), &1.into()));
    assert!(!rest.iter().any(|line| line.contains("secret")));
    assert!(rest.iter().any(|line| line.contains("\"stopped\"")), "{rest:?}");
}

#[test]
fn the_command_line_explains_itself() {
    let run = |args: &[&str]| process::Command::new(env!("CARGO_BIN_EXE_orglet")).args(args).output().unwrap();
    let version = run(&["--version"]);
    assert_eq!(String::from_utf8_lossy(&version.stdout).trim(), format!("orglet {}", env!("CARGO_PKG_VERSION")));
    let help = String::from_utf8(run(&["serve", "--help"]).stdout).unwrap();
    for word in ["--data", "ORGLET_LISTEN", "--admin-password", "HTTPS_PROXY"] {
        assert!(help.contains(word), "{word}");
    }
    let wrong = run(&["serve", "--listen", "nowhere"]);
    assert_eq!(wrong.status.code(), Some(2));
}
