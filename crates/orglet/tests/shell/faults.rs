//! `orglet fault` and `orglet log`, and what rules do to connections.

use crate::orgs::{Running, data, program};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

const LIMITS: &str = "/services/data/v62.0/limits";

fn run(data: &Path, args: &[&str]) -> Result<String, String> {
    let output = program().args(args).arg("--data").arg(data).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// Sends a request; all that comes back before the connection ends.
fn raw(server: &Running, method: &str, path: &str, more: &str, body: &str) -> String {
    let host = server.ready["url"].as_str().unwrap().trim_start_matches("http://");
    let token = server.ready["access_token"].as_str().unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nUser-Agent: raw/1\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    // What was sent before the connection broke stays.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

fn get(server: &Running) -> String {
    raw(server, "GET", LIMITS, "", "")
}

#[cfg(unix)]
#[test]
fn requests_fail_as_rules_want_it() {
    let data = data("faults");
    let server = Running::start(&data, &[]);
    let whole = get(&server);
    let (head, body) = whole.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");

    let add = |args: &[&str]| {
        run(&data, &["fault", "clear", "default"]).unwrap();
        run(&data, &[&["fault", "add", "default"], args].concat())
    };
    assert_eq!(add(&["--error", "limits-001", "--path", "limits", "--every", "2"]).unwrap(), "1\n");
    assert!(get(&server).starts_with("HTTP/1.1 200") && get(&server).contains("TotalRequests Limit exceeded."));
    let listed = run(&data, &["fault", "list", "default"]).unwrap();
    assert!(listed.starts_with("ID  MATCHED  FIRED  RULE\n1   2        1      path=limits every=2 error=limits-001\n"), "{listed}");
    assert!(add(&["--error", "none-001"]).unwrap_err().contains("no error 'none-001'"));
    assert!(add(&[]).unwrap_err().contains("says nothing"));

    // The length is that of the whole, and what comes is a piece of it, compressed or not.
    for encoding in ["", "Accept-Encoding: gzip\r\n"] {
        add(&["--torn", "10"]).unwrap();
        let torn = raw(&server, "GET", LIMITS, encoding, "");
        let (head, piece) = torn.split_once("\r\n\r\n").unwrap();
        assert!(head.to_ascii_lowercase().contains(&format!("content-length: {}", body.len())) && !head.contains("gzip"), "{head}");
        assert_eq!(piece, &body[..10]);
    }
    add(&["--torn", "half"]).unwrap();
    assert_eq!(get(&server).split_once("\r\n\r\n").unwrap().1.len(), body.len() / 2);

    let account = "/services/data/v62.0/sobjects/Account";
    let count = || {
        let path = "/services/data/v62.0/query?q=SELECT+count()+FROM+Account";
        let found = server.ask("GET", path, server.ready["access_token"].as_str().unwrap(), "").1;
        serde_json::from_str::<Value>(&found).unwrap()["totalSize"].as_u64().unwrap()
    };
    add(&["--drop", "before", "--method", "POST", "--object", "account"]).unwrap();
    assert_eq!((raw(&server, "POST", account, "", r#"{"Name":"x"}"#), count()), (String::new(), 0));
    add(&["--drop", "after", "--method", "POST", "--object", "account"]).unwrap();
    assert_eq!((raw(&server, "POST", account, "", r#"{"Name":"x"}"#), count()), (String::new(), 1));

    // A late answer keeps nobody else waiting.
    add(&["--delay", "400", "--path", "limits"]).unwrap();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let late = scope.spawn(|| get(&server));
        raw(&server, "GET", "/services/data", "", "");
        assert!(began.elapsed() < Duration::from_millis(350));
        assert!(late.join().unwrap().starts_with("HTTP/1.1 200"));
    });
    assert!(began.elapsed() >= Duration::from_millis(400));
    run(&data, &["fault", "remove", "default", "999"]).unwrap_err();
    assert!(run(&data, &["fault", "errors", "search"]).unwrap().contains("search-001  400     MALFORMED_SEARCH"));
    server.stop();
    assert!(run(&data, &["fault", "list", "default"]).unwrap_err().contains("no server runs here"));
}

#[cfg(unix)]
#[test]
fn requests_are_logged() {
    let data = data("journal");
    let server = Running::start(&data, &["--journal", "50"]);
    get(&server);
    raw(&server, "GET", "/services/data/v62.0/nothing?sid=secret", "", "");
    let log = run(&data, &["log", "default"]).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines.len() == 2 && lines[0].contains(" 200 GET /services/data/v62.0/limits  ") && lines[0].ends_with("  raw/1"), "{log}");
    assert!(lines[1].contains(" 404 GET /services/data/v62.0/nothing?sid=***  ") && lines[1].contains("  NOT_FOUND  "), "{log}");
    let found = run(&data, &["log", "default", "--errors", "--json"]).unwrap();
    let entry: Value = serde_json::from_str(&found).unwrap();
    assert_eq!((&entry["status"], &entry["address"]), (&404.into(), &"127.0.0.1".into()));
    // Followed: what comes later is shown as it comes.
    let mut command = program();
    command.args(["log", "default", "--follow", "--status", "404", "--json", "--data"]).arg(&data).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    assert!(lines.next().unwrap().unwrap().contains("nothing?sid=***"));
    get(&server);
    raw(&server, "GET", "/services/data/v62.0/later", "", "");
    assert!(lines.next().unwrap().unwrap().contains("/later"));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(run(&data, &["log", "default", "--bodies", "on"]).unwrap(), "");
    raw(&server, "POST", "/services/data/v62.0/sobjects/Account", "", r#"{"Name":"one"}"#);
    assert!(run(&data, &["log", "default", "-n", "1"]).unwrap().contains("\n    > {\"Name\":\"one\"}\n    < {\"id\":\"001"));
    run(&data, &["log", "default", "--clear"]).unwrap();
    assert_eq!(run(&data, &["log", "default"]).unwrap(), "");
    server.stop();
}
