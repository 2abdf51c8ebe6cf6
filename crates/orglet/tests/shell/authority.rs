//! The local CA on disk.

use crate::harness::{mode, scratch};
use orglet::authority::Authority;
use std::fs;

fn refusal(outcome: Result<Authority, orglet::error::StartError>) -> String {
    outcome.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn it_is_made_once_and_kept_private() {
    let dir = scratch("ca").join("data/tls");
    let made = Authority::open(&dir).unwrap();
    let pem = fs::read_to_string(dir.join("ca.pem")).unwrap();
    assert_eq!(made.certificate_pem(), pem);
    assert_eq!(fs::read_dir(&dir).unwrap().count(), 2);
    assert_eq!(fs::read_dir(dir.parent().unwrap()).unwrap().count(), 1, "nothing is left aside");
    #[cfg(unix)]
    assert_eq!((mode(&dir), mode(&dir.join("ca-key.pem")), mode(dir.parent().unwrap())), (0o700, 0o600, 0o700));
    assert_eq!(Authority::open(&dir).unwrap().certificate_pem(), pem);
}

#[test]
fn files_that_do_not_work_are_named_and_left_alone() {
    let dir = scratch("ca-broken").join("tls");
    Authority::open(&dir).unwrap();
    let (certificate, key) = (dir.join("ca.pem"), dir.join("ca-key.pem"));
    let (good_certificate, good_key) = (fs::read(&certificate).unwrap(), fs::read(&key).unwrap());

    fs::write(&certificate, "garbage").unwrap();
    let text = refusal(Authority::open(&dir));
    assert!(text.contains("ca.pem") && text.contains("delete both"), "{text}");
    assert_eq!(fs::read_to_string(&certificate).unwrap(), "garbage");

    fs::write(&certificate, &good_certificate).unwrap();
    fs::write(&key, "").unwrap();
    assert!(refusal(Authority::open(&dir)).contains("ca-key.pem"));

    fs::remove_file(&key).unwrap();
    assert!(refusal(Authority::open(&dir)).contains("ca-key.pem"));
    assert!(!key.exists());

    let other = scratch("ca-other").join("tls");
    Authority::open(&other).unwrap();
    fs::copy(other.join("ca-key.pem"), &key).unwrap();
    assert!(refusal(Authority::open(&dir)).contains("do not make a working CA"));

    fs::write(&key, good_key).unwrap();
    assert!(Authority::open(&dir).is_ok());
}
