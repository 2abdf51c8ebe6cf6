//! The local certificate authority: made on first start, kept in the data directory, and bound by name constraints to
//! this machine and the vendor's domains, so that trusting it gives nothing else away.

use crate::error::StartError;
use crate::names::VENDOR_DOMAINS;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, SerialNumber,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use std::fs;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

const CERTIFICATE_FILE: &str = "ca.pem";
const KEY_FILE: &str = "ca-key.pem";
const DAY: Duration = Duration::from_secs(86_400);
/// The CA's own life; after it, its files must be deleted and clients told of the new one.
const AUTHORITY_LIFE: Duration = Duration::from_secs(3650 * 86_400);
/// Life of a certificate for a host; well under what strict clients accept.
pub(crate) const LEAF_LIFE: Duration = Duration::from_secs(90 * 86_400);

/// A certificate authority that can sign for the names this server speaks for.
pub struct Authority {
    certificate: String,
    issuer: Issuer<'static, KeyPair>,
    /// All certificates for hosts share one key: minting costs a signature only.
    leaf_key: KeyPair,
}

impl Authority {
    /// A new CA, in memory only.
    pub fn generate() -> Result<Self, StartError> {
        let key = KeyPair::generate().map_err(tls)?;
        let params = authority_params();
        let certificate = params.self_signed(&key).map_err(tls)?.pem();
        Ok(Self { certificate, issuer: Issuer::new(params, key), leaf_key: KeyPair::generate().map_err(tls)? })
    }

    /// The CA kept in a directory; on first use it is made there, with a key that its owner alone can read. Files that
    /// are there are never written: one that can't be used is an error.
    pub fn open(dir: &Path) -> Result<Self, StartError> {
        let (certificate_file, key_file) = (dir.join(CERTIFICATE_FILE), dir.join(KEY_FILE));
        if !certificate_file.exists() && !key_file.exists() {
            let made = Self::generate()?;
            match made.keep(dir) {
                Ok(()) => return Ok(made),
                // Another process made one at the same moment: theirs is the CA.
                Err(_) if certificate_file.exists() && key_file.exists() => {}
                Err(source) => return Err(StartError::Write { path: dir.to_owned(), source }),
            }
        }
        Self::load(&certificate_file, &key_file).map_err(|reason| StartError::Authority { dir: dir.to_owned(), reason })
    }

    /// The CA's certificate, in PEM: what clients must trust.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate
    }

    /// A certificate and key for the given names (DNS names and IP addresses).
    pub(crate) fn mint(&self, names: &[&str]) -> Result<CertifiedKey, String> {
        let mut params = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).map_err(text)?;
        params.distinguished_name = named("orglet".to_owned());
        params.serial_number = Some(serial_number());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, LEAF_LIFE);
        let certificate = params.signed_by(&self.leaf_key, &self.issuer).map_err(text)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let key = rustls::crypto::aws_lc_rs::sign::any_ecdsa_type(&key).map_err(text)?;
        Ok(CertifiedKey::new(vec![certificate.der().clone()], key))
    }

    fn load(certificate_file: &Path, key_file: &Path) -> Result<Self, String> {
        let read = |file: &Path| fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()));
        let (certificate, key) = (read(certificate_file)?, read(key_file)?);
        let key = KeyPair::from_pem(&key).map_err(|e| format!("{}: {e}", key_file.display()))?;
        let issuer = Issuer::from_ca_cert_pem(&certificate, key).map_err(|e| format!("{}: {e}", certificate_file.display()))?;
        let loaded = Self { certificate, issuer, leaf_key: KeyPair::generate().map_err(text)? };
        loaded.check()?;
        if readable_by_others(key_file) {
            tracing::warn!(file = %key_file.display(), "the CA's key can be read by other users; make it readable by its owner alone");
        }
        Ok(loaded)
    }

    /// A certificate it mints must verify: that shows that key and certificate belong together and that the name
    /// constraints are those of this program.
    fn check(&self) -> Result<(), String> {
        let root = CertificateDer::from_pem_slice(self.certificate.as_bytes()).map_err(text)?;
        let mut roots = rustls::RootCertStore::empty();
        roots.add(root).map_err(text)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(text)?;
        for name in ["localhost", "127.0.0.1", "login.salesforce.com"] {
            let minted = self.mint(&[name])?;
            let leaf = minted.cert.first().ok_or("no certificate")?;
            let server = ServerName::try_from(name).map_err(text)?;
            verifier
                .verify_server_cert(leaf, &[], &server, &[], UnixTime::now())
                .map_err(|e| format!("{CERTIFICATE_FILE} and {KEY_FILE} do not make a working CA for {name}: {e}"))?;
        }
        Ok(())
    }

    /// Both files appear at once: the directory is prepared aside and renamed, so that no crash leaves half a CA.
    fn keep(&self, dir: &Path) -> io::Result<()> {
        if let Some(parent) = dir.parent().filter(|p| !p.as_os_str().is_empty()) {
            create_private_dir(parent, true)?;
        }
        let mut aside = dir.as_os_str().to_owned();
        aside.push(format!(".new-{}", std::process::id()));
        let aside = PathBuf::from(aside);
        create_private_dir(&aside, false)?;
        let kept = write_new(&aside.join(KEY_FILE), self.issuer.key().serialize_pem().as_bytes(), 0o600)
            .and_then(|()| write_new(&aside.join(CERTIFICATE_FILE), self.certificate.as_bytes(), 0o644))
            .and_then(|()| fs::rename(&aside, dir));
        if kept.is_err() {
            // Best effort: the error that is returned tells more than a leftover directory would.
            let _ = fs::remove_dir_all(&aside);
        }
        kept
    }
}

/// The CA's certificate as a file that clients can name.
pub struct AuthorityFile {
    path: PathBuf,
    temporary: bool,
}

impl AuthorityFile {
    /// A file that stays.
    pub fn kept(path: PathBuf) -> Self {
        Self { path: std::path::absolute(&path).unwrap_or(path), temporary: false }
    }

    /// The path of the certificate in a CA directory.
    pub fn in_dir(dir: &Path) -> Self {
        Self::kept(dir.join(CERTIFICATE_FILE))
    }

    /// A file of the process's own in the system's temporary directory; it goes when this is dropped.
    pub fn temporary(authority: &Authority) -> Result<Self, StartError> {
        let dir = std::env::temp_dir().join(format!("orglet-{}-{:x}", std::process::id(), since_epoch().as_nanos()));
        let path = dir.join(CERTIFICATE_FILE);
        let written = create_private_dir(&dir, false).and_then(|()| write_new(&path, authority.certificate_pem().as_bytes(), 0o644));
        written.map_err(|source| StartError::Write { path: path.clone(), source })?;
        Ok(Self { path, temporary: true })
    }

    /// Where it is, from the root.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for AuthorityFile {
    fn drop(&mut self) {
        if self.temporary
            && let Some(dir) = self.path.parent()
            && let Err(error) = fs::remove_dir_all(dir)
        {
            tracing::warn!(dir = %dir.display(), %error, "a temporary directory stays behind");
        }
    }
}

fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    let serial = serial_number();
    let short: String = serial.to_bytes().iter().skip(5).take(4).map(|b| format!("{b:02x}")).collect();
    // The name is unique, so that two installations' CAs can be told apart in a trust store.
    params.distinguished_name = named(format!("orglet local CA {short}"));
    params.serial_number = Some(serial);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let domains = ["localhost"].into_iter().chain(VENDOR_DOMAINS).map(|d| GeneralSubtree::DnsName(d.to_owned()));
    let hosts = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let hosts = hosts.into_iter().map(|ip| GeneralSubtree::IpAddress(single_host(ip)));
    params.name_constraints = Some(NameConstraints { permitted_subtrees: domains.chain(hosts).collect(), excluded_subtrees: Vec::new() });
    set_validity(&mut params, AUTHORITY_LIFE);
    params
}

fn single_host(ip: IpAddr) -> CidrSubnet {
    match ip {
        IpAddr::V4(ip) => CidrSubnet::V4(ip.octets(), [0xff; 4]),
        IpAddr::V6(ip) => CidrSubnet::V6(ip.octets(), [0xff; 16]),
    }
}

fn named(common_name: String) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "orglet");
    name.push(DnType::CommonName, common_name);
    name
}

/// From a day ago, since clocks of clients (containers, virtual machines) may be behind.
fn set_validity(params: &mut CertificateParams, life: Duration) {
    let now = rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(since_epoch().as_secs());
    params.not_before = now - DAY;
    params.not_after = now + life;
}

/// Never the same twice from one CA: some clients refuse two certificates with one serial number.
fn serial_number() -> SerialNumber {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0u8; 16];
    bytes[0] = 0x4f;
    bytes[1..9].copy_from_slice(&(since_epoch().as_nanos() as u64).to_be_bytes());
    bytes[9..12].copy_from_slice(&std::process::id().to_be_bytes()[1..]);
    bytes[12..16].copy_from_slice(&(count as u32).to_be_bytes());
    SerialNumber::from_slice(&bytes)
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn create_private_dir(dir: &Path, with_parents: bool) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(with_parents);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Writes a file that must not exist yet, with these permissions from its first moment, through to the disk.
pub(crate) fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn readable_by_others(file: &Path) -> bool {
    #[cfg(unix)]
    return fs::metadata(file).is_ok_and(|m| std::os::unix::fs::PermissionsExt::mode(&m.permissions()) & 0o077 != 0);
    #[cfg(not(unix))]
    return file.as_os_str().is_empty();
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn tls(error: impl std::fmt::Display) -> StartError {
    StartError::Tls(error.to_string())
}
