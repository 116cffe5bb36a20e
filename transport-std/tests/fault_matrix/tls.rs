//! TLS in front of the simulated carrier: a terminator that passes on what comes, ends and resets included.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// A certificate authority, and what it lets a server on this machine prove.
#[derive(Clone)]
pub struct Authority {
    pub pem: Vec<u8>,
    acceptor: TlsAcceptor,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem().into_bytes();
        let issuer = Issuer::new(parameters, key);

        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        let certificate = parameters.signed_by(&key, &issuer).unwrap().der().clone();
        let config =
            rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
                .unwrap();
        Authority { pem, acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    /// A terminator in front of `carrier`, until it is dropped.
    pub async fn in_front_of(&self, carrier: SocketAddr) -> Terminator {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let acceptor = self.acceptor.clone();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass_on(acceptor.clone(), stream, carrier));
            }
        });
        Terminator { url, task }
    }
}

pub struct Terminator {
    pub url: String,
    task: JoinHandle<()>,
}

impl Drop for Terminator {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(acceptor: TlsAcceptor, stream: TcpStream, carrier: SocketAddr) -> io::Result<()> {
    let mut client = acceptor.accept(stream).await?;
    let mut carrier = TcpStream::connect(carrier).await?;
    match copy_bidirectional(&mut client, &mut carrier).await {
        Ok(_) => client.shutdown().await,
        // The carrier reset its connection: so does the terminator.
        Err(_) => client.get_ref().0.set_zero_linger(),
    }
}
