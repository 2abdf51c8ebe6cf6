//! Probes, start and shutdown.

use crate::harness::{ask_on, built, get, mode, request, scratch, start, text};
use clap::Parser;
use orglet::cli::{Cli, Command, ServeOptions};
use orglet::error::StartError;
use orglet::limits::Limits;
use orglet::listen::Drained;
use orglet::serve::run_until;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

fn options(args: &[&str]) -> ServeOptions {
    let Command::Serve(options) = Cli::try_parse_from(["orglet", "serve", "--listen", "127.0.0.1:0"].iter().chain(args)).unwrap().command
    else {
        panic!("serve was asked for")
    };
    *options
}

#[tokio::test]
async fn probes_answer_before_the_application() {
    let server = start(Limits::default()).await;
    let ask = async |path| {
        let response = server.ask(get(path)).await;
        (response.status().as_u16(), text(&response).trim().to_owned())
    };
    assert_eq!(ask("/healthz").await, (200, "ok".to_owned()));
    assert_eq!(ask("/readyz").await, (200, "ok".to_owned()));
    server.app.ready.store(false, Ordering::SeqCst);
    assert_eq!(ask("/readyz").await.0, 503);
    assert_eq!(ask("/healthz").await.0, 200);
    assert_eq!(text(&server.ask(request("POST", "/healthz", &[], "to the application")).await), "to the application");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_flight_are_finished() {
    let server = start(Limits::default()).await;
    let addr = server.addr;
    let idle = server.connect().await;
    let asked = tokio::spawn(ask_on(server.connect().await, get("/wait")));
    let (ended, gate) = tokio::task::spawn_blocking(move || {
        server.gate.entered.recv().unwrap();
        server.stop()
    })
    .await
    .unwrap();
    // An idle connection is closed; when that is seen, the listener is gone too.
    let mut idle = idle;
    assert_eq!(idle.read(&mut [0u8; 1]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(addr).await.is_err());
    assert!(!ended.is_finished());
    gate.release.send(()).unwrap();
    let response = asked.await.unwrap();
    assert_eq!((response.status().as_u16(), text(&response)), (200, "waited"));
    assert_eq!(ended.await.unwrap(), Drained::Complete);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grace_is_bounded() {
    let server = start(Limits { drain: Duration::from_millis(50), ..Limits::default() }).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let (ended, gate) = tokio::task::spawn_blocking(move || {
        server.gate.entered.recv().unwrap();
        server.stop()
    })
    .await
    .unwrap();
    assert_eq!(ended.await.unwrap(), Drained::Abandoned);
    gate.release.send(()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn work_of_a_client_that_left_is_waited_for() {
    let server = start(Limits::default()).await;
    let mut stream = server.connect().await;
    stream.write_all(b"GET /wait HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let (ended, gate) = tokio::task::spawn_blocking(move || {
        server.gate.entered.recv().unwrap();
        drop(stream);
        server.stop()
    })
    .await
    .unwrap();
    let mut ended = ended;
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut ended).await.is_err(), "a write may be under way");
    gate.release.send(()).unwrap();
    assert_eq!(ended.await.unwrap(), Drained::Complete);
}

/// Runs `serve` until its ready file is whole, and gives that to a closure.
async fn served(args: &[&str], dir: &Path, look: impl AsyncFnOnce(&serde_json::Value)) {
    let ready = dir.join("ready.json");
    let _ = std::fs::remove_file(&ready);
    let mut options = options(args);
    options.ready_file = Some(ready.clone());
    let (stop, stopped) = oneshot::channel();
    let running = tokio::spawn(async move {
        run_until(&options, |_| Ok(built(true)), Limits::default(), async {
            let _ = stopped.await;
        })
        .await
    });
    while !ready.exists() {
        assert!(!running.is_finished(), "{:?}", running.await);
        tokio::task::yield_now().await;
    }
    // It appears whole: no second look is needed.
    let facts: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&ready).unwrap()).unwrap();
    #[cfg(unix)]
    assert_eq!(mode(&ready), 0o600);
    look(&facts).await;
    stop.send(()).unwrap();
    running.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ready_file_tells_all() {
    let dir = scratch("ready");
    let data = dir.join("data");
    served(&["--data", data.to_str().unwrap()], &dir, async |facts| {
        let names: Vec<&str> = facts.as_object().unwrap().keys().map(String::as_str).collect();
        let expected = "url tls_url proxy_url ca_file org_id user_id username password security_token client_id client_secret \
                        access_token api_version admin_url admin_token";
        assert_eq!(names, expected.split_whitespace().collect::<Vec<_>>());
        let text = |name: &str| facts[name].as_str().unwrap().to_owned();
        assert_eq!(Path::new(&text("ca_file")), data.join("tls/ca.pem"));
        assert_eq!((text("access_token"), text("api_version")), (crate::harness::facts().access_token, "68.0".to_owned()));
        let addr = text("url").strip_prefix("http://").unwrap().to_owned();
        assert_eq!(text("tls_url"), format!("https://{addr}"));
        assert_eq!(ask_on(TcpStream::connect(addr).await.unwrap(), get("/readyz")).await.status(), 200);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_memory_nothing_stays_on_disk() {
    let dir = scratch("memory");
    let mut ca = String::new();
    served(&["--memory"], &dir, async |facts| {
        ca = facts["ca_file"].as_str().unwrap().to_owned();
        assert!(std::fs::read_to_string(&ca).unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
        assert_eq!(std::fs::read_dir(Path::new(&ca).parent().unwrap()).unwrap().count(), 1, "no key");
    })
    .await;
    assert!(!Path::new(&ca).parent().unwrap().exists());
    let kept = dir.join("ca.pem");
    served(&["--memory", "--ca-file", kept.to_str().unwrap()], &dir, async |facts| {
        assert_eq!(facts["ca_file"].as_str().unwrap(), kept.to_str().unwrap());
    })
    .await;
    assert!(kept.exists());
}

#[tokio::test]
async fn development_credentials_stay_on_loopback() {
    let mut beyond = options(&["--memory"]);
    beyond.listen = "0.0.0.0:0".parse().unwrap();
    let refused = run_until(&beyond, |_| Ok(built(true)), Limits::default(), std::future::ready(())).await.unwrap_err();
    assert!(matches!(refused, StartError::DefaultCredentials { .. }));
    assert!(refused.to_string().contains("ORGLET_ADMIN_PASSWORD"));
    run_until(&beyond, |_| Ok(built(false)), Limits::default(), std::future::ready(())).await.unwrap();
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let server = start(Limits::default()).await;
    let mut same = options(&["--memory"]);
    same.listen = server.addr;
    let error = run_until(&same, |_| Ok(built(true)), Limits::default(), std::future::ready(())).await.unwrap_err();
    assert!(error.to_string().contains(&server.addr.to_string()), "{error}");
}
