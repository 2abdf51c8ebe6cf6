//! How connections are made: in the clear, or by TLS with as much trust as the address says.

use super::address::{Trust, wrong};
use crate::StoreError;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use tokio_postgres::{CancelToken, Client, Config, Error, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

type Driver = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// The value of `sslrootcert` for the roots that the machine trusts.
const SYSTEM: &str = "system";

/// How TLS is done.
pub(super) struct Tls {
    #[cfg(test)]
    pub(super) trust: Trust,
    connect: MakeRustlsConnect,
}

impl Tls {
    /// Reads the files. Without `roots`, a certificate that is looked at has to come from a root that the machine trusts.
    pub(super) fn new(trust: Trust, roots: Option<&str>, certificate: Option<&str>, key: Option<&str>) -> Result<Self, StoreError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let fail = |e: &dyn std::fmt::Display| wrong(&format!("TLS: {e}"));
        let verifier: Arc<dyn ServerCertVerifier> = match (trust, roots) {
            (Trust::Anyone, _) => Arc::new(Unnamed { provider: provider.clone(), signed: None }),
            (Trust::Signed, None | Some(SYSTEM)) => {
                // Anybody can have a certificate for a name of his own from those.
                return Err(wrong("the machine's roots say something about a name only: say sslmode=verify-full, or sslrootcert=FILE"));
            }
            (_, roots) => {
                let store = match roots {
                    None | Some(SYSTEM) => system_roots()?,
                    Some(file) => roots_of(file)?,
                };
                let verifier =
                    WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone()).build().map_err(|e| fail(&e))?;
                match trust {
                    Trust::Named => verifier,
                    _ => Arc::new(Unnamed { provider: provider.clone(), signed: Some(verifier) }),
                }
            }
        };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|e| fail(&e))?
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let config = match (certificate, key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => {
                let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(&format!("sslkey={key}: {e}")))?;
                builder.with_client_auth_cert(certificates(certificate, "sslcert")?, secret).map_err(|e| fail(&e))?
            }
            _ => return Err(wrong("sslcert and sslkey go together")),
        };
        Ok(Self {
            #[cfg(test)]
            trust,
            connect: MakeRustlsConnect::new(config),
        })
    }
}

fn certificates(file: &str, parameter: &str) -> Result<Vec<CertificateDer<'static>>, StoreError> {
    let fail = |e: &dyn std::fmt::Display| wrong(&format!("{parameter}={file}: {e}"));
    let read = CertificateDer::pem_file_iter(file).map_err(|e| fail(&e))?.collect::<Result<Vec<_>, _>>().map_err(|e| fail(&e))?;
    if read.is_empty() { Err(fail(&"there is no certificate in it")) } else { Ok(read) }
}

fn roots_of(file: &str) -> Result<RootCertStore, StoreError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file, "sslrootcert")? {
        roots.add(certificate).map_err(|e| wrong(&format!("sslrootcert={file}: {e}")))?;
    }
    Ok(roots)
}

fn system_roots() -> Result<RootCertStore, StoreError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(wrong("this machine has no root certificates: name those of the database's with sslrootcert=FILE"));
    }
    Ok(roots)
}

/// Makes connections.
pub(super) struct Connector(pub(super) Option<Tls>);

impl Connector {
    pub(super) async fn connect(&self, config: &Config) -> Result<(Client, Driver), Error> {
        match &self.0 {
            None => {
                let (client, connection) = config.connect(NoTls).await?;
                Ok((client, Box::pin(connection)))
            }
            Some(tls) => {
                let (client, connection) = config.connect(tls.connect.clone()).await?;
                Ok((client, Box::pin(connection)))
            }
        }
    }

    /// Asks the server to stop what it does on a connection.
    pub(super) async fn cancel(&self, running: CancelToken) -> Result<(), Error> {
        match &self.0 {
            None => running.cancel_query(NoTls).await,
            Some(tls) => running.cancel_query(tls.connect.clone()).await,
        }
    }
}

/// Takes a certificate for any name: one that the roots have signed, or any at all. That the server has its key is
/// checked as ever.
#[derive(Debug)]
struct Unnamed {
    provider: Arc<CryptoProvider>,
    signed: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Unnamed {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(signed) = &self.signed else { return Ok(ServerCertVerified::assertion()) };
        match signed.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is compared last: all else was right.
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
