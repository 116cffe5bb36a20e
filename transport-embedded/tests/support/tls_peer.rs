//! What the tests of TLS share: a stream and a clock of tokio's, keys and certificates, a server by rustls.

use std::sync::Arc;

use caas_core::time::Instant;
use caas_transport_embedded::Clock;
use caas_transport_embedded::tls::{Pin, Pins, Server};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use rcgen::{CertificateParams, KeyPair, PublicKeyData, SignatureAlgorithm};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

pub const HOST: &str = "api.example.com";
/// Milliseconds for a handshake.
pub const HANDSHAKE: u32 = 20_000;

fn kind_of(error: std::io::Error) -> ErrorKind {
    match error.kind() {
        std::io::ErrorKind::BrokenPipe => ErrorKind::BrokenPipe,
        std::io::ErrorKind::ConnectionReset => ErrorKind::ConnectionReset,
        _ => ErrorKind::Other,
    }
}

/// A stream of tokio's as one of embedded-io-async.
pub struct Wire<T>(pub T);

impl<T> ErrorType for Wire<T> {
    type Error = ErrorKind;
}

impl<T: AsyncRead + Unpin> Read for Wire<T> {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.read(to).await.map_err(kind_of)
    }
}

impl<T: AsyncWrite + Unpin> Write for Wire<T> {
    async fn write(&mut self, from: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(from).await.map_err(kind_of)
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flush().await.map_err(kind_of)
    }
}

/// Tokio's time. Paused, it goes on when everybody waits.
pub struct TokioClock(tokio::time::Instant);

impl TokioClock {
    pub fn new() -> Self {
        TokioClock(tokio::time::Instant::now())
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.elapsed().as_millis() as u64)
    }

    async fn wait_until(&self, at: Instant) {
        tokio::time::sleep_until(self.0 + std::time::Duration::from_millis(at.as_millis())).await;
    }
}

/// A key, and a certificate for it.
pub struct Identity {
    pub key: KeyPair,
    pub certificate: CertificateDer<'static>,
}

impl Identity {
    pub fn new(algorithm: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = CertificateParams::new(vec![HOST.to_owned()]).unwrap().self_signed(&key).unwrap();
        Identity { certificate: certificate.der().clone(), key }
    }

    pub fn p256() -> Self {
        Identity::new(&rcgen::PKCS_ECDSA_P256_SHA256)
    }

    /// Of the key, not of what the code under test finds in the certificate.
    pub fn pin(&self) -> Pin {
        Pin::new(Sha256::digest(self.key.subject_public_key_info()).into())
    }
}

pub fn server(pins: Pins) -> Server<'static> {
    Server { host: HOST, pins, handshake: HANDSHAKE }
}

#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// A server that shows one's certificate and signs with the key of another.
pub fn acceptor(
    shown: &Identity,
    signs: &Identity,
    version: &'static rustls::SupportedProtocolVersion,
) -> TlsAcceptor {
    let key = PrivatePkcs8KeyDer::from(signs.key.serialize_der()).into();
    let key = rustls::crypto::ring::sign::any_supported_type(&key).unwrap();
    let certified = CertifiedKey::new(vec![shown.certificate.clone()], key);
    let config = rustls::ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(Arc::new(certified))));
    TlsAcceptor::from(Arc::new(config))
}

/// A server by rustls with TLS 1.3, as it should be.
pub fn honest(identity: &Identity) -> TlsAcceptor {
    acceptor(identity, identity, &rustls::version::TLS13)
}
