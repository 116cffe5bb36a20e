//! TLS to the owner of a pinned key, against a server by rustls: only that one is sent a request, and however the stream
//! breaks, the call ends.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::future::Future;
use std::task::{Context, Poll, Waker};

use caas_transport_embedded::framing::Request;
use caas_transport_embedded::tls::{HOST_MAX, Pin, Pins, Refused, Server, TlsBuffers, TlsError, TlsStream};
use caas_transport_embedded::{Cause, Connection, Delivery, Ended, MaybeSent, Settings};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use rand_core::OsRng;
use support::tls_peer::{HANDSHAKE, HOST, Identity, TokioClock, Wire, acceptor, honest, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsAcceptor;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
const OTHER: Pin = Pin::new([7; 32]);

type Buffers = TlsBuffers<4096, 1024>;

/// What came of a handshake, and what the server then read.
async fn handshake(acceptor: TlsAcceptor, pins: Pins) -> (Result<(), Refused>, Vec<u8>) {
    let (client, peer) = duplex(1 << 16);
    let serve = async {
        let mut read = Vec::new();
        if let Ok(mut tls) = acceptor.accept(peer).await {
            let _ = tls.read_to_end(&mut read).await;
        }
        read
    };
    let ask = async {
        let (mut buffers, clock) = (Buffers::new(), TokioClock::new());
        let stream = TlsStream::open(Wire(client), &mut buffers, &server(pins), OsRng, &clock).await;
        match stream {
            Ok(stream) => stream.close().await.map_err(|_| Refused::Ended),
            Err(refused) => Err(refused),
        }
    };
    tokio::join!(ask, serve)
}

async fn refusal(acceptor: TlsAcceptor, pins: Pins) -> Option<Refused> {
    let (told, read) = handshake(acceptor, pins).await;
    assert_eq!(read, b"", "{told:?}");
    told.err()
}

#[tokio::test]
async fn the_owner_of_a_pinned_key_is_taken_and_nobody_else() {
    let (today, next, stranger) = (Identity::p256(), Identity::p256(), Identity::p256());
    let both = Pins::two(today.pin(), next.pin());
    assert_eq!(refusal(honest(&today), Pins::one(today.pin())).await, None);
    assert_eq!(refusal(honest(&today), both).await, None);
    assert_eq!(refusal(honest(&next), both).await, None, "a rotated key");
    assert_eq!(refusal(honest(&stranger), both).await, Some(Refused::WrongKey));
    assert_eq!(refusal(honest(&next), Pins::one(today.pin())).await, Some(Refused::WrongKey));
    assert_eq!(refusal(honest(&today), Pins::two(OTHER, OTHER)).await, Some(Refused::WrongKey));
}

/// The pin is that of the key: a renewed certificate is taken, and the hash of the certificate is none.
#[tokio::test]
async fn the_pin_is_that_of_the_key() {
    let identity = Identity::p256();
    let mut params = rcgen::CertificateParams::new(vec!["renewed.example".to_owned()]).unwrap();
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "x".repeat(200));
    params.serial_number = Some(vec![0x7F; 20].into());
    let certificate = params.self_signed(&identity.key).unwrap().der().clone();
    let renewed =
        Identity { certificate, key: rcgen::KeyPair::try_from(identity.key.serialize_der()).unwrap() };
    assert_eq!(refusal(honest(&renewed), Pins::one(identity.pin())).await, None);
    let of_all = Pin::new(<sha2::Sha256 as sha2::Digest>::digest(&renewed.certificate).into());
    assert_eq!(refusal(honest(&renewed), Pins::one(of_all)).await, Some(Refused::WrongKey));
}

/// A man in the middle can show the server's certificate. Its key they have not.
#[tokio::test]
async fn a_certificate_without_its_key_is_refused() {
    let (identity, thief) = (Identity::p256(), Identity::p256());
    let stolen = acceptor(&identity, &thief, &rustls::version::TLS13);
    assert_eq!(refusal(stolen, Pins::one(identity.pin())).await, Some(Refused::Signature));
}

#[tokio::test]
async fn keys_and_versions_that_are_not_offered_are_refused() {
    for algorithm in [&rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519] {
        let identity = Identity::new(algorithm);
        assert_eq!(refusal(honest(&identity), Pins::one(identity.pin())).await, Some(Refused::KeyNotP256));
        assert_eq!(refusal(honest(&identity), Pins::one(OTHER)).await, Some(Refused::WrongKey));
    }
    let identity = Identity::p256();
    let old = acceptor(&identity, &identity, &rustls::version::TLS12);
    assert_eq!(refusal(old, Pins::one(identity.pin())).await, Some(Refused::ByServer));
}

#[tokio::test]
async fn a_host_that_is_no_name_is_refused_and_an_address_is_taken() {
    let identity = Identity::p256();
    let long = "a".repeat(HOST_MAX);
    for (host, taken) in [
        ("", false),
        ("h:443", false),
        ("h\r\n", false),
        ("hôte", false),
        (&*format!("{long}a"), false),
        (&*long, true),
        ("api.example.com", true),
        ("10.0.2.2", true),
        ("::1", true),
    ] {
        let (client, peer) = duplex(1 << 16);
        let serve = async {
            let _ = honest(&identity).accept(peer).await;
        };
        let ask = async {
            let (mut buffers, clock) = (TlsBuffers::<1024, 640>::new(), TokioClock::new());
            let server = Server { host, ..server(Pins::one(identity.pin())) };
            TlsStream::open(Wire(client), &mut buffers, &server, OsRng, &clock).await.map(drop)
        };
        let (told, ()) = tokio::join!(ask, serve);
        // rustls takes labels of up to 63 bytes only: what is sent is right, and refused there.
        let told = if host.len() == HOST_MAX && told == Err(Refused::ByServer) { Ok(()) } else { told };
        assert_eq!(told, if taken { Ok(()) } else { Err(Refused::Host) }, "{host:?}");
    }
}

/// A client's stream that ends, or has a flipped bit, at one of the bytes that the server sent.
struct Spoiled<'n> {
    wire: Wire<DuplexStream>,
    at: usize,
    flips: bool,
    seen: &'n std::cell::Cell<usize>,
}

impl ErrorType for Spoiled<'_> {
    type Error = ErrorKind;
}

impl Read for Spoiled<'_> {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, ErrorKind> {
        let left = if self.flips { usize::MAX } else { self.at - self.seen.get() };
        let room = to.len().min(left);
        let count = self.wire.read(&mut to[..room]).await?;
        let seen = self.seen.replace(self.seen.get() + count);
        if self.flips && (seen..seen + count).contains(&self.at) {
            to[self.at - seen] ^= 0x40;
        }
        Ok(count)
    }
}

impl Write for Spoiled<'_> {
    async fn write(&mut self, from: &[u8]) -> Result<usize, ErrorKind> {
        self.wire.write(from).await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.wire.flush().await
    }
}

/// The handshake over a spoiled stream: what is told, and how many bytes the server's side of it has.
async fn spoiled(identity: &Identity, at: usize, flips: bool) -> (Result<(), Refused>, usize) {
    let (client, peer) = duplex(1 << 16);
    let (seen, clock) = (std::cell::Cell::new(0), TokioClock::new());
    let mut buffers = Buffers::new();
    let wire = Spoiled { wire: Wire(client), at, flips, seen: &seen };
    let server = server(Pins::one(identity.pin()));
    let ask = async { TlsStream::open(wire, &mut buffers, &server, OsRng, &clock).await.map(drop) };
    let (told, _) = tokio::join!(ask, honest(identity).accept(peer));
    (told, seen.get())
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_cut_at_any_byte_is_refused() {
    let identity = Identity::p256();
    let (whole, length) = spoiled(&identity, usize::MAX, false).await;
    assert_eq!(whole, Ok(()));
    for at in (0..length).step_by(if cfg!(debug_assertions) { 7 } else { 1 }) {
        assert_eq!(spoiled(&identity, at, false).await.0, Err(Refused::Ended), "at byte {at} of {length}");
    }
}

/// No byte of the handshake can be changed on its way. A length that was made longer waits for its deadline.
#[tokio::test(start_paused = true)]
async fn a_handshake_with_any_flipped_byte_is_refused() {
    let identity = Identity::p256();
    let (_, length) = spoiled(&identity, usize::MAX, false).await;
    let mut taken = Vec::new();
    for at in (0..length).step_by(if cfg!(debug_assertions) { 7 } else { 1 }) {
        match spoiled(&identity, at, true).await.0 {
            Err(Refused::WrongKey | Refused::NotProven) => panic!("read as something else: byte {at}"),
            Err(_) => {}
            Ok(()) => taken.push(at),
        }
    }
    // Of what is in plain text, the record's version and the content of ChangeCipherSpec mean nothing.
    assert!(taken.len() <= 4, "bytes {taken:?} can be changed");
}

/// A server that says nothing, or not enough.
#[tokio::test(start_paused = true)]
async fn a_handshake_that_stalls_ends_at_its_deadline() {
    for sends in [&b""[..], b"\x16\x03\x03\x00\x50", b"\x16\x03\x03\x00\x50\x02\x00"] {
        let (client, mut peer) = duplex(1 << 16);
        peer.write_all(sends).await.unwrap();
        let (mut buffers, clock) = (Buffers::new(), TokioClock::new());
        let server = server(Pins::one(OTHER));
        let told = TlsStream::open(Wire(client), &mut buffers, &server, OsRng, &clock).await.map(drop);
        assert_eq!(told, Err(Refused::TimedOut));
        assert_eq!(caas_transport_embedded::Clock::now(&clock).as_millis(), u64::from(HANDSHAKE));
    }
}

/// A stream that is dead at its first write.
#[tokio::test]
async fn a_stream_that_fails_says_how() {
    let (client, peer) = duplex(1 << 16);
    drop(peer);
    let (mut buffers, clock) = (Buffers::new(), TokioClock::new());
    let told = TlsStream::open(Wire(client), &mut buffers, &server(Pins::one(OTHER)), OsRng, &clock).await;
    assert_eq!(told.map(drop), Err(Refused::Stream(ErrorKind::BrokenPipe)));
}

/// Over a real socket: two requests on one session, and TLS's closing message.
#[tokio::test]
async fn requests_are_answered_over_tls() {
    let identity = Identity::p256();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serve = async {
        let mut tls = honest(&identity).accept(listener.accept().await.unwrap().0).await.unwrap();
        let mut read = Vec::new();
        for count in 1..=2 {
            while read.windows(7).filter(|bytes| bytes == b"{\"a\":1}").count() < count {
                assert!(tls.read_buf(&mut read).await.unwrap() > 0, "the request is not complete");
            }
            tls.write_all(ANSWER).await.unwrap();
            tls.flush().await.unwrap();
        }
        assert_eq!(tls.read_buf(&mut read).await.unwrap(), 0, "no closing message");
        read
    };
    let ask = async {
        let socket = tokio::net::TcpStream::connect(address).await.unwrap();
        let (mut buffers, clock) = (Buffers::new(), TokioClock::new());
        let pinned = server(Pins::one(identity.pin()));
        let stream = TlsStream::open(Wire(socket), &mut buffers, &pinned, OsRng, &clock).await.unwrap();
        let mut buffer = [0; 512];
        let mut connection = Connection::new(stream, &mut buffer, Settings::default());
        for _ in 0..2 {
            let delivery = connection.send(&clock, &post()).await;
            assert_eq!(delivery, Delivery::Answered { status: 200, body: b"{}" });
        }
        assert_eq!(connection.ended(), None);
        connection.into_stream().close().await.unwrap();
    };
    let (read, ()) = tokio::join!(serve, ask);
    assert_eq!(read.windows(7).filter(|bytes| bytes == b"{\"a\":1}").count(), 2);
}

fn post() -> Request<'static> {
    Request::post(HOST, "/p", b"{\"a\":1}")
}

/// One request to a server that then does something else than it should.
async fn posted<F: Future<Output = ()>>(
    settings: Settings,
    then: impl FnOnce(tokio_rustls::server::TlsStream<DuplexStream>) -> F,
) -> (String, Option<Ended>) {
    let identity = Identity::p256();
    let (client, peer) = duplex(1 << 16);
    let serve = async {
        let mut tls = honest(&identity).accept(peer).await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"{\"a\":1}") {
            tls.read_buf(&mut read).await.unwrap();
        }
        then(tls).await;
    };
    let ask = async {
        let (mut buffers, clock) = (TlsBuffers::<1024, 640>::new(), TokioClock::new());
        let pinned = server(Pins::one(identity.pin()));
        let stream = TlsStream::open(Wire(client), &mut buffers, &pinned, OsRng, &clock).await.unwrap();
        let mut buffer = [0; 2048];
        let mut connection = Connection::new(stream, &mut buffer, settings);
        let told = format!("{:?}", connection.send(&clock, &post()).await);
        (told, connection.ended())
    };
    tokio::join!(ask, serve).0
}

#[tokio::test(start_paused = true)]
async fn a_session_that_ends_early_leaves_a_request_maybe_sent() {
    let settings = Settings::default();
    let maybe = |told: &str, cause: &str| {
        assert!(told.starts_with("MaybeSent") && told.contains(cause), "{told}: {cause}");
    };
    let (told, ended) = posted(settings, |mut tls| async move {
        tls.shutdown().await.unwrap();
    })
    .await;
    maybe(&told, "EndBeforeAnswer");
    assert_eq!(ended, Some(Ended::Failed));
    // Without a closing message, the end may be anybody's.
    let (told, _) = posted(settings, |tls| async move { drop(tls.into_inner().0) }).await;
    maybe(&told, "ReadFailed(ConnectionAborted)");
    let (told, _) = posted(settings, |mut tls| async move {
        tls.write_all(&ANSWER[..20]).await.unwrap();
        tls.shutdown().await.unwrap();
    })
    .await;
    maybe(&told, "EndWithinAnswer");
    // Bytes of somebody who has no key: in plain text, and as a record that nobody encrypted.
    for bytes in
        [ANSWER, b"\x15\x03\x03\x00\x02\x01\x00", b"\x17\x03\x03\x00\x20AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]
    {
        let (told, _) = posted(settings, |tls| async move {
            let mut wire = tls.into_inner().0;
            wire.write_all(bytes).await.unwrap();
        })
        .await;
        maybe(&told, "ReadFailed(InvalidData)");
    }
    // A record longer than the buffer, and none at all.
    let (told, _) = posted(settings, |mut tls| async move {
        tls.write_all(&[b'x'; 2000]).await.unwrap();
        tls.flush().await.unwrap();
    })
    .await;
    maybe(&told, "ReadFailed(OutOfMemory)");
    let (told, _) = posted(settings, |tls| async move {
        tokio::time::sleep(std::time::Duration::from_secs(1000)).await;
        drop(tls);
    })
    .await;
    maybe(&told, "FirstByteTimedOut");
}

fn poll_once<T>(future: impl Future<Output = T>) -> Poll<T> {
    std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A dropped write may have sent a part of a record. The next one would be encrypted with the same nonce, so there is
/// none: not of data, and not of a closing message.
#[tokio::test]
async fn after_a_dropped_write_nothing_more_is_sent() {
    let identity = Identity::p256();
    let (client, peer) = duplex(600);
    let serve = async {
        let mut tls = honest(&identity).accept(peer).await.unwrap();
        tls.write_all(b"hello").await.unwrap();
        tls.flush().await.unwrap();
        tls.into_inner().0
    };
    let ask = async {
        let buffers = Box::leak(Box::new(TlsBuffers::<1024, 1024>::new()));
        let (clock, pinned) = (TokioClock::new(), server(Pins::one(identity.pin())));
        TlsStream::open(Wire(client), buffers, &pinned, OsRng, &clock).await.unwrap()
    };
    let (mut peer, mut stream) = tokio::join!(serve, ask);
    // More than the wire takes.
    assert_eq!(stream.write(&[b'x'; 800]).await, Ok(800));
    assert!(poll_once(stream.flush()).is_pending());
    let mut sent = vec![0; 600];
    assert!(peer.read(&mut sent).await.unwrap() > 0);
    assert_eq!(stream.write(b"y").await, Err(TlsError::Interrupted));
    assert_eq!(stream.flush().await, Err(TlsError::Interrupted));
    assert_eq!(stream.read(&mut [0; 9]).await, Err(TlsError::Interrupted));
    assert_eq!(stream.close().await, Err(TlsError::Interrupted));
    assert!(poll_once(peer.read(&mut sent)).is_ready(), "the client is gone");
}

/// A dropped read that has taken a part of a record ends the stream; one that has taken nothing does not.
#[tokio::test]
async fn a_dropped_read_ends_the_stream_only_within_a_record() {
    let identity = Identity::p256();
    let (client, peer) = duplex(1 << 16);
    let (mut far, near) = duplex(1 << 16);
    let serve = async {
        let mut tls = honest(&identity).accept(near).await.unwrap();
        for _ in 0..2 {
            tls.write_all(b"hello").await.unwrap();
            tls.flush().await.unwrap();
        }
        tls
    };
    // What goes to the client is held back, but for the handshake.
    let (mut from_client, mut to_client) = tokio::io::split(peer);
    let held = async {
        let mut bytes = Vec::new();
        let (mut piece, mut other) = ([0; 4096], [0; 4096]);
        loop {
            tokio::select! {
                count = from_client.read(&mut piece) => far.write_all(&piece[..count.unwrap()]).await.unwrap(),
                count = far.read(&mut other) => {
                    bytes.extend_from_slice(&other[..count.unwrap()]);
                    // All up to the first of two records with "hello" (5 + 5 + 1 + 16 bytes each) goes through.
                    if let Some(at) = bytes.windows(5).position(|bytes| bytes == b"\x17\x03\x03\x00\x16") {
                        let data = bytes.split_off(at);
                        to_client.write_all(&bytes).await.unwrap();
                        if data.len() >= 54 {
                            return (to_client, data);
                        }
                        bytes = data;
                    } else {
                        to_client.write_all(&bytes).await.unwrap();
                        bytes.clear();
                    }
                }
            }
        }
    };
    let ask = async {
        let buffers = Box::leak(Box::new(TlsBuffers::<1024, 1024>::new()));
        let (clock, pinned) = (TokioClock::new(), server(Pins::one(identity.pin())));
        TlsStream::open(Wire(client), buffers, &pinned, OsRng, &clock).await.unwrap()
    };
    let (_tls, (mut to_client, data), mut stream) = tokio::join!(serve, held, ask);
    let mut buffer = [0; 16];
    assert!(poll_once(stream.read(&mut buffer)).is_pending());
    to_client.write_all(&data[..27]).await.unwrap();
    assert_eq!(stream.read(&mut buffer).await, Ok(5));
    assert_eq!(&buffer[..5], b"hello");
    to_client.write_all(&data[27..40]).await.unwrap();
    assert!(poll_once(stream.read(&mut buffer)).is_pending());
    to_client.write_all(&data[40..]).await.unwrap();
    assert_eq!(stream.read(&mut buffer).await, Err(TlsError::Interrupted));
    assert_eq!(stream.write(b"x").await, Err(TlsError::Interrupted));
}

#[test]
fn debug_shows_no_data() {
    let loss = MaybeSent { cause: Cause::ReadFailed(ErrorKind::InvalidData), accepted: 3 };
    assert!(!format!("{loss:?} {:?}", server(Pins::one(OTHER))).contains("{\"a\""));
}
