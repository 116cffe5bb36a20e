//! The same truth under TLS, where the handshake's bytes are not the request's.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod peer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use caas_transport_std::{Delivery, Endpoint, HttpClient, HttpSettings, MaybeSent, NotSent, Roots};
use peer::*;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A certificate authority of our own.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: Vec<u8>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = parameters.self_signed(&key).unwrap().pem().into_bytes();
        Authority { issuer: Issuer::new(parameters, key), pem }
    }

    fn acceptor_for(&self, name: &str) -> TlsAcceptor {
        let key = KeyPair::generate().unwrap();
        let parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        self.acceptor(parameters, key)
    }

    fn acceptor(&self, parameters: CertificateParams, key: KeyPair) -> TlsAcceptor {
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    fn client(&self) -> HttpClient {
        HttpClient::new(HttpSettings { roots: Roots::Only(self.pem.clone()), ..settings() }).unwrap()
    }
}

/// How a TLS peer ends its connection.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Close {
    /// With close_notify.
    InOrder,
    /// The TCP connection just ends.
    Abruptly,
}

async fn end(mut stream: TlsStream<TcpStream>, how: Close) {
    match how {
        Close::InOrder => {
            close_in_order(stream).await;
        }
        Close::Abruptly => {
            stream.flush().await.unwrap();
            let (tcp, _) = stream.into_inner();
            close_in_order(tcp).await;
        }
    }
}

/// A TLS peer that writes the first `count` bytes of an answer and ends as ordered; one order per connection.
struct CuttingPeer {
    endpoint: Endpoint,
    orders: mpsc::UnboundedSender<(usize, Close)>,
    connections: Arc<AtomicUsize>,
}

impl CuttingPeer {
    async fn start(authority: &Authority, answer: Answer) -> Self {
        let (listener, endpoint) = bind().await;
        let acceptor = authority.acceptor_for("localhost");
        let (orders, taken) = mpsc::unbounded_channel::<(usize, Close)>();
        let taken = Arc::new(Mutex::new(taken));
        let connections = for_each_connection(listener, move |stream| {
            let (acceptor, taken) = (acceptor.clone(), Arc::clone(&taken));
            async move {
                let (count, how) = taken.lock().await.recv().await.unwrap();
                let mut stream = acceptor.accept(stream).await.unwrap();
                read_request(&mut stream).await;
                stream.write_all(&answer.bytes[..count]).await.unwrap();
                end(stream, how).await;
            }
        });
        CuttingPeer { endpoint: secure(&endpoint), orders, connections }
    }

    async fn deliver(&self, client: &HttpClient, count: usize, how: Close) -> Delivery {
        self.orders.send((count, how)).unwrap();
        post(client, &self.endpoint).await
    }
}

fn secure(endpoint: &Endpoint) -> Endpoint {
    format!("https://localhost:{}/", endpoint.port()).parse().unwrap()
}

#[tokio::test]
async fn with_its_own_root_a_carrier_is_reached() {
    let authority = Authority::new();
    let peer = CuttingPeer::start(&authority, WITH_LENGTH).await;
    let whole = WITH_LENGTH.bytes.len();
    for roots in [Roots::Only(authority.pem.clone()), Roots::WebPkiAnd(authority.pem.clone())] {
        let client = HttpClient::new(HttpSettings { roots, ..settings() }).unwrap();
        let Delivery::Answered(answered) = peer.deliver(&client, whole, Close::InOrder).await else {
            panic!()
        };
        assert_eq!(answered.body, WITH_LENGTH.body);
    }
    assert_eq!(peer.connections.load(Ordering::SeqCst), 2);
}

/// R14.
#[tokio::test]
async fn a_wrong_certificate_is_not_sent() {
    let authority = Authority::new();
    let expired = {
        let mut parameters = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2001, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2002, 1, 1);
        parameters
    };
    let cases = [
        ("unknown root", Authority::new().acceptor_for("localhost")),
        ("another name", authority.acceptor_for("example.com")),
        ("expired", authority.acceptor(expired, KeyPair::generate().unwrap())),
    ];
    for (case, acceptor) in cases {
        let (listener, endpoint) = bind().await;
        let (saw, mut seen) = mpsc::unbounded_channel();
        let connections = for_each_connection(listener, move |stream| {
            let (acceptor, saw) = (acceptor.clone(), saw.clone());
            async move {
                // In TLS 1.3 the server may be done with the handshake before the client has judged it.
                let received = match acceptor.accept(stream).await {
                    Ok(mut stream) => read_request(&mut stream).await.len(),
                    Err(_) => 0,
                };
                let _ = saw.send(received);
            }
        });
        let delivery = post(&authority.client(), &secure(&endpoint)).await;
        assert!(matches!(delivery, Delivery::NotSent(NotSent::Certificate { .. })), "{case}: {delivery:?}");
        assert_eq!(seen.recv().await, Some(0), "{case}");
        assert_eq!(connections.load(Ordering::SeqCst), 1, "{case}");
    }
}

/// R14.
#[tokio::test]
async fn a_peer_without_tls_is_not_sent() {
    let (listener, endpoint) = bind().await;
    for_each_connection(listener, |mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n").await;
        close_in_order(stream).await;
    });
    let delivery = post(&client(), &secure(&endpoint)).await;
    assert!(matches!(delivery, Delivery::NotSent(NotSent::Tls { .. })), "{delivery:?}");
}

/// R04.
#[tokio::test]
async fn under_tls_an_answer_that_breaks_at_any_byte_is_maybe_sent() {
    let authority = Authority::new();
    let client = authority.client();
    for answer in [WITH_LENGTH, CHUNKED] {
        let peer = CuttingPeer::start(&authority, answer).await;
        let whole = answer.bytes.len();
        for how in [Close::InOrder, Close::Abruptly] {
            for count in 0..=whole {
                match peer.deliver(&client, count, how).await {
                    Delivery::Answered(answered) => {
                        assert_eq!(count, whole, "{how:?}: answered after {count} bytes");
                        assert_eq!(answered.body, answer.body);
                    }
                    Delivery::MaybeSent(cause) => {
                        assert!(count < whole, "{how:?} after the whole answer: {cause}")
                    }
                    Delivery::NotSent(cause) => panic!("{how:?}: the peer had the whole request: {cause}"),
                }
            }
        }
        assert_eq!(peer.connections.load(Ordering::SeqCst), 2 * (whole + 1));
    }
}

#[tokio::test]
async fn an_answer_until_close_counts_only_when_tls_marks_its_end() {
    let authority = Authority::new();
    let client = authority.client();
    let peer = CuttingPeer::start(&authority, UNTIL_CLOSE).await;
    let whole = UNTIL_CLOSE.bytes.len();
    let Delivery::Answered(answered) = peer.deliver(&client, whole, Close::InOrder).await else { panic!() };
    assert_eq!(answered.body, UNTIL_CLOSE.body);
    for count in 0..=whole {
        let delivery = peer.deliver(&client, count, Close::Abruptly).await;
        assert!(matches!(delivery, Delivery::MaybeSent(_)), "cut after {count} bytes: {delivery:?}");
    }
    let delivery = peer.deliver(&client, whole, Close::Abruptly).await;
    assert_eq!(delivery, Delivery::MaybeSent(MaybeSent::AnswerCut));
}

/// A link between client and TLS peer that breaks after some bytes of one direction.
struct CuttingLink {
    endpoint: Endpoint,
    orders: mpsc::UnboundedSender<Cut>,
    /// What the peer behind the link got of the request, in plain bytes; one number per connection.
    seen: mpsc::UnboundedReceiver<usize>,
}

#[derive(Debug, Clone, Copy)]
struct Cut {
    to_peer: usize,
    to_client: usize,
}

impl CuttingLink {
    async fn start(authority: &Authority) -> Self {
        let (behind, _) = bind().await;
        let behind_address = behind.local_addr().unwrap();
        let seen = witness(behind, authority.acceptor_for("localhost"));
        let (listener, endpoint) = bind().await;
        let (orders, taken) = mpsc::unbounded_channel::<Cut>();
        let taken = Arc::new(Mutex::new(taken));
        for_each_connection(listener, move |near| {
            let taken = Arc::clone(&taken);
            async move {
                let cut = taken.lock().await.recv().await.unwrap();
                let far = TcpStream::connect(behind_address).await.unwrap();
                forward(near, far, cut).await;
            }
        });
        CuttingLink { endpoint: secure(&endpoint), orders, seen }
    }
}

/// Forwards until one direction is used up, then drops both connections.
async fn forward(near: TcpStream, far: TcpStream, cut: Cut) {
    let (near_read, mut near_write) = near.into_split();
    let (far_read, mut far_write) = far.into_split();
    let (mut to_peer, mut to_client) =
        (near_read.take(cut.to_peer as u64), far_read.take(cut.to_client as u64));
    tokio::select! {
        _ = tokio::io::copy(&mut to_peer, &mut far_write) => {}
        _ = tokio::io::copy(&mut to_client, &mut near_write) => {}
    }
}

/// A TLS server that counts the plain bytes of each connection and answers a whole request.
fn witness(listener: TcpListener, acceptor: TlsAcceptor) -> mpsc::UnboundedReceiver<usize> {
    let (saw, seen) = mpsc::unbounded_channel();
    for_each_connection(listener, move |stream| {
        let (acceptor, saw) = (acceptor.clone(), saw.clone());
        async move {
            let mut received = 0;
            if let Ok(mut stream) = acceptor.accept(stream).await {
                received = read_request(&mut stream).await.len();
                let _ = stream.write_all(WITH_LENGTH.bytes).await;
                let _ = stream.shutdown().await;
            }
            let _ = saw.send(received);
        }
    });
    seen
}

/// R14: the bytes of a handshake are not the request's, and no byte of a request is ever denied.
#[tokio::test]
async fn a_link_cut_at_any_byte_of_the_handshake_is_not_sent_exactly_while_the_peer_can_have_seen_nothing() {
    let authority = Authority::new();
    let client = authority.client();
    let mut link = CuttingLink::start(&authority).await;
    let all = 10_000;
    let (mut not_sent, mut maybe_sent, mut answered) = (0, 0, 0);
    // The handshake has about 800 bytes to the client and 400 to the peer, request and answer some hundreds more.
    let cuts = (0..1400)
        .flat_map(|count| [Cut { to_peer: count, to_client: all }, Cut { to_peer: all, to_client: count }]);
    for cut in cuts {
        link.orders.send(cut).unwrap();
        let delivery = post(&client, &link.endpoint).await;
        let received = link.seen.recv().await.unwrap();
        match delivery {
            Delivery::NotSent(_) => {
                assert_eq!(received, 0, "{cut:?}: {delivery:?}");
                not_sent += 1;
            }
            Delivery::MaybeSent(_) => maybe_sent += 1,
            Delivery::Answered(answer) => {
                assert_eq!(answer.body, WITH_LENGTH.body, "{cut:?}");
                answered += 1;
            }
        }
    }
    assert!(not_sent > 50 && maybe_sent > 50 && answered > 50, "{not_sent} {maybe_sent} {answered}");
}
