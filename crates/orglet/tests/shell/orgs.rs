//! `orglet org`, against a server that runs and against a data directory.

use crate::harness::scratch;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_orglet"));
    command.env_clear();
    command
}

/// Runs `orglet org` and answers what it prints; an error what it says it is.
pub fn org(data: &Path, args: &[&str]) -> Result<String, String> {
    let output = program().arg("org").args(args).arg("--data").arg(data).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

pub fn json(data: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&org(data, &[args, &["--json"]].concat()).unwrap()).unwrap()
}

/// A server process, killed when dropped.
pub struct Running {
    pub child: Child,
    pub ready: Value,
}

impl Running {
    pub fn start(data: &Path, more: &[&str]) -> Self {
        let ready = data.with_extension("ready");
        let _ = std::fs::remove_file(&ready);
        let child = program()
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .arg("--ready-file")
            .arg(&ready)
            .args(more)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { child, ready: Value::Null };
        let deadline = Instant::now() + Duration::from_secs(60);
        while !ready.exists() {
            assert!(server.child.try_wait().unwrap().is_none() && Instant::now() < deadline, "the server does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        server.ready = serde_json::from_slice(&std::fs::read(&ready).unwrap()).unwrap();
        server
    }

    pub fn ask(&self, method: &str, path: &str, token: &str, body: &str) -> (u16, String) {
        let host = self.ready["url"].as_str().unwrap().trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer.split_once("\r\n\r\n").unwrap().1.to_owned())
    }

    #[cfg(unix)]
    pub fn stop(mut self) {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn data(name: &str) -> PathBuf {
    scratch(name).join("data")
}

#[cfg(unix)]
#[test]
fn orgs_are_managed_with_and_without_a_server() {
    let data = data("orgs");
    assert!(org(&data, &["list"]).unwrap_err().contains("no data directory"));
    let server = Running::start(&data, &[]);
    let made = json(&data, &["create", "a"]);
    assert_eq!(made["instance_url"], server.ready["url"]);
    let token = made["access_token"].as_str().unwrap();
    let account = "/services/data/v62.0/sobjects/Account";
    assert_eq!(server.ask("POST", account, token, r#"{"Name":"one"}"#).0, 201);
    assert_eq!(org(&data, &["snapshot", "a", "s"]).unwrap(), "s\n");
    assert_eq!(server.ask("POST", account, token, r#"{"Name":"two"}"#).0, 201);
    let diff = org(&data, &["diff", "a", "s", "--no-system-fields", "--object", "Account"]).unwrap();
    assert!(diff.starts_with("+ Account 001") && diff.contains("    Name: \"two\"\n") && !diff.contains("CreatedDate"), "{diff}");
    let line: Value = serde_json::from_str(org(&data, &["diff", "a", "s", "--json"]).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!(line["change"], "added");
    org(&data, &["restore", "a", "s"]).unwrap();
    assert_eq!(org(&data, &["diff", "a", "s"]).unwrap(), "");
    let listed = org(&data, &["list"]).unwrap();
    assert!(listed.starts_with("NAME") && listed.contains("\na ") && listed.contains("\ndefault "), "{listed}");
    let settings = org(&data, &["settings", "a", "dailyApiRequests=0", "setAuditFields=true"]).unwrap();
    assert!(settings.contains("dailyApiRequests        0\n") && settings.contains("dataStorageMB           -\n"), "{settings}");
    assert_eq!(server.ask("POST", account, token, r#"{"Name":"three"}"#).0, 403);
    assert!(org(&data, &["settings", "a", "nonsense=1"]).unwrap_err().contains("no setting 'nonsense'"));
    assert_eq!(json(&data, &["settings", "a", "dailyApiRequests="])["dailyApiRequests"], Value::Null);
    let copy = data.with_extension("copy");
    org(&data, &["backup", copy.to_str().unwrap()]).unwrap();
    // Whose file it is, can use the server.
    let file = data.join("admin.json");
    assert_eq!(crate::harness::mode(&file), 0o600);
    let admin: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!((&admin["url"], &admin["token"]), (&server.ready["admin_url"], &server.ready["admin_token"]));
    assert_eq!(server.ask("GET", "/orglet/v1/metrics", admin["token"].as_str().unwrap(), "").0, 200);
    assert_eq!(server.ask("GET", "/orglet/v1/metrics", token, "").0, 401);
    server.stop();
    assert!(!file.exists());

    // Now the directory itself.
    let again = json(&data, &["create", "b", "--from", "s", "--admin-username", "b@x.example", "--set", "dataStorageMB=9"]);
    assert_eq!(again["username"], "b@x.example");
    assert_eq!(json(&data, &["settings", "b"])["dataStorageMB"], 9);
    assert!(org(&data, &["create", "b"]).unwrap_err().contains("already"));
    org(&data, &["delete", "a"]).unwrap();
    let server = Running::start(&data, &["--admin-token", "0123456789abcdef"]);
    assert_eq!(server.ready["admin_token"], "0123456789abcdef");
    let found = server.ask("GET", "/services/data/v62.0/query?q=SELECT+Name+FROM+Account", again["access_token"].as_str().unwrap(), "");
    assert!(found.0 == 200 && found.1.contains("\"one\"") && !found.1.contains("\"two\""), "{found:?}");
    assert!(org(&data, &["show", "a"]).unwrap_err().contains("no org 'a'"));
    // Another server, which has its directory elsewhere.
    let url = server.ready["admin_url"].as_str().unwrap();
    let elsewhere = data.with_extension("none");
    let there = ["--admin-url", url, "--admin-token", "0123456789abcdef"];
    assert!(org(&elsewhere, &[&["show", "b"], &there[..]].concat()).unwrap().contains("b"));
    server.stop();

    let server = Running::start(&copy, &[]);
    assert_eq!(json(&copy, &["show", "a"])["name"], "a");
    server.stop();
}

#[cfg(unix)]
#[test]
fn an_org_moves_to_postgres_and_the_server_follows() {
    let data = data("moves");
    let database = orglet_testkit::postgres::Database::new().unwrap();
    let server = Running::start(&data, &["--sample-data"]);
    let token = json(&data, &["create", "a"])["access_token"].as_str().unwrap().to_owned();
    let account = "/services/data/v62.0/sobjects/Account";
    assert_eq!(server.ask("POST", account, &token, r#"{"Name":"one"}"#).0, 201);
    assert!(org(&data, &["move", "a", "--to", "pg"]).unwrap_err().contains("no database 'pg'"));
    let shown = org(&data, &["add-database", "pg", &database.address()]).unwrap();
    assert!(shown.starts_with("postgres://"), "{shown}");
    let moved = org(&data, &["move", "a", "--to", "pg"]).unwrap();
    assert!(moved.starts_with("a is in pg: ") && moved.ends_with(", each equal to what it was\n"), "{moved}");
    let listed = org(&data, &["list"]).unwrap();
    assert!(listed.contains("DATABASE") && listed.lines().any(|line| line.starts_with("a ") && line.contains(" pg ")), "{listed}");
    // On the connection's own thread, in a lane, on another thread.
    let (status, body) = server.ask("POST", account, &token, r#"{"Name":"two"}"#);
    assert_eq!(status, 201, "{body}");
    let id = serde_json::from_str::<Value>(&body).unwrap()["id"].as_str().unwrap().to_owned();
    assert_eq!(server.ask("GET", &format!("{account}/{id}"), &token, "").0, 200);
    let found = server.ask("GET", "/services/data/v62.0/query?q=SELECT+Name+FROM+Account", &token, "");
    assert!(found.1.contains("\"one\"") && found.1.contains("\"two\""), "{found:?}");
    assert!(org(&data, &["remove-database", "pg"]).unwrap_err().contains("holds a"));
    let tables = json(&data, &["move", "a", "--to", "home"])["tables"].clone();
    assert!(tables.as_array().unwrap().iter().any(|t| t["table"] == "Account" && t["rows"] == 2), "{tables}");
    assert_eq!(server.ask("GET", &format!("{account}/{id}"), &token, "").0, 200);

    // The server as a whole, into a database from which another starts.
    let whole = orglet_testkit::postgres::Database::new().unwrap();
    org(&data, &["backup", "--to-store", &whole.address()]).unwrap();
    server.stop();
    let other = data.with_file_name("other");
    let server = Running::start(&other, &["--store", &whole.address()]);
    assert_eq!(server.ask("GET", &format!("{account}/{id}"), &token, "").0, 200);
    let listed = program().args(["org", "list", "--store", &whole.address()]).output().unwrap();
    assert!(String::from_utf8_lossy(&listed.stdout).contains("\na "));
    server.stop();
}
