//! TLS to PostgreSQL: what each `sslmode` takes and refuses, against servers with certificates made for the test.

#![allow(clippy::unwrap_used, reason = "a test may stop where its own scaffolding fails")]

use orglet_base::{OwnedCell, Statement};
use orglet_store::postgres::Cluster;
use orglet_store::{Home, StoreError};
use orglet_testkit::postgres::{Server, Setup};
use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use std::path::{Path, PathBuf};

struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name = named(name);
        let key = KeyPair::generate().unwrap();
        Self { certificate: params.self_signed(&key).unwrap().pem(), issuer: Issuer::new(params, key) }
    }

    /// A certificate and its key.
    fn sign(&self, common: &str, names: &[&str], usage: ExtendedKeyUsagePurpose) -> (String, String) {
        let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).unwrap();
        params.distinguished_name = named(common);
        params.extended_key_usages = vec![usage];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

fn named(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

struct Place(PathBuf);

impl Place {
    fn file(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether the connection is encrypted, or why there is none.
fn encrypted(address: &str) -> Result<bool, String> {
    let home = Cluster::new(address).map_err(|e| e.to_string())?;
    let own = home.own().map_err(|e| e.to_string())?;
    let sql = Statement::new("SELECT ssl FROM pg_catalog.pg_stat_ssl WHERE pid = pg_backend_pid()", Vec::new());
    let row = own.read_with::<_, StoreError>(|tx| tx.first(&sql)).map_err(|e| e.to_string())?;
    Ok(matches!(row.as_deref(), Some([OwnedCell::Int(1)])))
}

fn refused(address: &str, says: &str) {
    let error = encrypted(address).unwrap_err();
    assert!(error.contains(says), "{address}: {error}");
}

#[test]
fn a_server_is_trusted_as_far_as_the_address_says() {
    let place = Place(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("tls-{}", std::process::id())));
    std::fs::create_dir_all(&place.0).unwrap();
    let (ours, others) = (Authority::new("ours"), Authority::new("others"));
    let (certificate, key) = ours.sign("server", &["localhost"], ExtendedKeyUsagePurpose::ServerAuth);
    let server = Server::with(&Setup {
        settings:
            "ssl = on\nssl_cert_file = 'own.pem'\nssl_key_file = 'own.key'\nssl_ca_file = 'ca.pem'\npassword_encryption = scram-sha-256\n"
                .to_owned(),
        access: "hostssl all certified all cert\nhostssl all secret all scram-sha-256\nhost all certified,secret all reject".to_owned(),
        files: vec![("own.pem".into(), certificate), ("own.key".into(), key), ("ca.pem".into(), ours.certificate.clone())],
        ..Setup::default()
    })
    .unwrap();
    let (right, wrong) = (place.file("right.pem", &ours.certificate), place.file("wrong.pem", &others.certificate));
    let port = server.port();
    let by_name = |rest: &str| format!("postgres://orglet@localhost:{port}/postgres?{rest}");
    let by_number = |rest: &str| format!("postgres://orglet@127.0.0.1:{port}/postgres?{rest}");

    // On this machine, what is not asked for is not done.
    assert_eq!(encrypted(&by_name("")), Ok(false));
    assert_eq!(encrypted(&by_name("sslmode=prefer")), Ok(true));
    assert_eq!(encrypted(&by_name("sslmode=require")), Ok(true));
    assert_eq!(encrypted(&by_name(&format!("sslmode=verify-full&sslrootcert={right}"))), Ok(true));
    let pairs = format!("host=localhost port={port} user=orglet dbname=postgres sslmode=verify-full sslrootcert='{right}'");
    assert_eq!(encrypted(&pairs), Ok(true));

    for mode in ["require", "verify-ca", "verify-full"] {
        refused(&by_name(&format!("sslmode={mode}&sslrootcert={wrong}")), "invalid peer certificate");
    }
    // The certificate is for another name than that by which the server is called here.
    refused(&by_number(&format!("sslmode=verify-full&sslrootcert={right}")), "not valid for name");
    assert_eq!(encrypted(&by_number(&format!("sslmode=verify-ca&sslrootcert={right}"))), Ok(true));

    let admin = Cluster::new(&by_name("")).unwrap();
    for sql in ["CREATE USER certified SUPERUSER", "CREATE USER secret SUPERUSER PASSWORD 'xyz'"] {
        admin.outside(sql).unwrap();
    }
    let (mine, my_key) = ours.sign("certified", &[], ExtendedKeyUsagePurpose::ClientAuth);
    let (mine, my_key) = (place.file("mine.pem", &mine), place.file("mine.key", &my_key));
    let certified = |rest: &str| format!("postgres://certified@localhost:{port}/postgres?sslmode=verify-full&sslrootcert={right}{rest}");
    assert_eq!(encrypted(&certified(&format!("&sslcert={mine}&sslkey={my_key}"))), Ok(true));
    refused(&certified(""), "certificate");
    // A password that is bound to the channel: nobody in between can pass it on.
    let secret = format!("postgres://secret:xyz@localhost:{port}/postgres?channel_binding=require");
    assert_eq!(encrypted(&format!("{secret}&sslmode=verify-full&sslrootcert={right}")), Ok(true));
    refused(&secret, "db error");
}

#[test]
fn a_server_without_tls_is_refused_where_it_is_asked_for() {
    let server = orglet_testkit::postgres::server().unwrap();
    let address = |mode: &str| format!("postgres://orglet@localhost:{}/postgres?sslmode={mode}", server.port());
    refused(&address("require"), "does not support TLS");
    assert_eq!(encrypted(&address("prefer")), Ok(false));
}
