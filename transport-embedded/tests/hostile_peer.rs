//! A hostile peer: whatever it does at whatever byte, a request ends as not sent, maybe sent or answered, within its
//! deadlines, and the bytes that are told as sent are those that the stream took.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::task::Poll;
use std::time::Duration;

use caas_core::charge::Sent;
use caas_core::time::Instant;
use caas_transport_embedded::framing::{AnswerReader, Fault, HEAD_MAX, Request, Step};
use caas_transport_embedded::{Cause, Clock, Connection, Delivery, Ended, MaybeSent, NotSent, Settings};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use proptest::prelude::*;
use support::world::{Peer, Then, World};

const SETTINGS: Settings =
    Settings { write: 10_000, first_byte: 60_000, whole: 90_000, failed_write_takes_nothing: false };
const PROMISED: Settings = Settings { failed_write_takes_nothing: true, ..SETTINGS };
/// Longer than the longest head, so that only `HEAD_MAX` bounds it.
const BUFFER: usize = HEAD_MAX + 64;

/// Good answers of each form, all with the body `{}`.
const GOOD: [&str; 4] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\n{\r\n1\r\n}\r\n0\r\nT: 1\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nServer: s\r\nContent-Length: 2\r\n\r\n{}",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
];

/// What a peer goes on with for ever.
const ENDLESS: [&[u8]; 14] = [
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b" ",
    b"0",
    b"f",
    b"x",
    b"\xFF",
    b"X: y\r\n",
    b";x=y",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    b"1\r\nx\r\n",
];

/// What came of one call.
struct Told {
    text: String,
    lost: Option<Sent>,
    cause: Option<Cause>,
    taken: usize,
    given: usize,
    at: u64,
}

/// One call to a peer; what holds for every call is checked here.
fn call(settings: Settings, set: impl FnOnce(&mut Peer<'_>)) -> Told {
    let (world, taken, given) = (World::default(), RefCell::default(), Cell::default());
    let mut peer = Peer::new(&world, &taken, &given, GOOD[0]);
    set(&mut peer);
    let script = (peer.gives.clone(), peer.after_giving, peer.piece, peer.at_flush);
    // Each piece is a poll at most, and one is the end.
    let polls = request().len() + ENDLESS_POLLS + 2;
    let mut buffer = [0; BUFFER];
    let mut connection = Connection::new(peer, &mut buffer, settings);
    let delivery =
        world.run(polls, connection.send(&&world, &post())).unwrap_or_else(|| panic!("hangs: {script:?}"));
    let (text, lost) = (format!("{delivery:?}"), delivery.lost());
    let taken = taken.borrow();
    assert!(request().starts_with(&taken), "{text}: what was sent is not the request");
    assert!(world.now.get() <= u64::from(settings.whole), "{text} at {}: {script:?}", world.now.get());
    let cause = match delivery {
        Delivery::NotSent(_) => {
            assert!(taken.is_empty() && settings.failed_write_takes_nothing, "{text}: {script:?}");
            None
        }
        Delivery::MaybeSent(MaybeSent { accepted, cause }) => {
            assert_eq!(accepted, taken.len(), "{text}: {script:?}");
            Some(cause)
        }
        Delivery::Answered { status, body } => {
            assert_eq!((&taken[..], status), (&request()[..], 200), "{script:?}");
            assert_eq!(body.len(), 2, "{script:?}");
            None
        }
    };
    assert_eq!(lost.is_some(), connection.ended() == Some(Ended::Failed), "{text}");
    Told { text, lost, cause, taken: taken.len(), given: given.get(), at: world.now.get() }
}

/// A byte each second for as long as a call may take.
const ENDLESS_POLLS: usize = 90;

fn post() -> Request<'static> {
    Request::post("h", "/p", b"{\"a\":1}")
}

fn request() -> Vec<u8> {
    let mut buffer = [0; 256];
    let length = post().write(&mut buffer).unwrap();
    buffer[..length].to_vec()
}

/// An answer of which the first bytes come: it ends, breaks or stalls at each byte, in pieces of each size.
#[test]
fn an_answer_that_stops_at_any_byte_is_none() {
    for good in GOOD {
        for (end, piece) in (0..=good.len()).flat_map(|end| [1, 3, 64].map(|piece| (end, piece))) {
            for (then, cause) in [
                (Then::End, Cause::Answer(Fault::EndWithinAnswer)),
                (Then::Break, Cause::ReadFailed(ErrorKind::ConnectionReset)),
                (Then::Hang, Cause::WholeTimedOut),
            ] {
                let told = call(SETTINGS, |peer| {
                    (peer.gives, peer.after_giving) = (good.as_bytes()[..end].to_vec(), then);
                    peer.piece = piece;
                });
                let cause = match then {
                    Then::End if end == 0 => Cause::Answer(Fault::EndBeforeAnswer),
                    Then::Hang if end == 0 => Cause::FirstByteTimedOut,
                    _ => cause,
                };
                let expected = (end < good.len()).then_some(cause);
                assert_eq!(told.cause, expected, "byte {end} of {good:?}: {}", told.text);
                assert_eq!(told.taken, request().len());
                let late = match cause {
                    Cause::FirstByteTimedOut => 60_000,
                    Cause::WholeTimedOut if end < good.len() => 90_000,
                    _ => 0,
                };
                assert_eq!(told.at, late, "byte {end} of {good:?}: {}", told.text);
            }
        }
    }
}

/// A good answer that turns into something endless at each byte: at once, and a piece a second.
#[test]
fn an_answer_that_never_ends_ends_at_a_limit_or_the_deadline() {
    let mut ends = std::collections::BTreeMap::<String, usize>::new();
    for good in GOOD {
        for (end, endless) in (0..=good.len()).flat_map(|end| ENDLESS.map(|endless| (end, endless))) {
            for (piece, read_pause) in [(1, 0), (64, 0), (1, 1000), (64, 1000), (1, 5000)] {
                let told = call(SETTINGS, |peer| {
                    (peer.gives, peer.after_giving) =
                        (good.as_bytes()[..end].to_vec(), Then::Repeat(endless));
                    (peer.piece, peer.read_pause) = (piece, read_pause);
                });
                match told.cause {
                    Some(cause) => *ends.entry(format!("{cause:?}")).or_default() += 1,
                    // Sound as far as it was read: then its bytes say so.
                    None => assert!(is_complete(good, end, endless, told.given), "{}", told.text),
                }
                // Of a body in chunks of one byte, each takes six.
                assert!(told.given <= 7 * BUFFER, "{}: {} bytes were read", told.text, told.given);
                assert!(read_pause > 0 || told.at == 0, "{} at {}", told.text, told.at);
            }
        }
    }
    for cause in
        ["HeadTooLong", "TooManyInterim", "ChunkExtensionsTooLong", "TrailersTooLong", "WholeTimedOut"]
    {
        assert!(ends.keys().any(|found| found.contains(cause)), "{cause} is not among {ends:?}");
    }
}

/// Whether the first `given` bytes are one whole answer, with nothing behind it.
fn is_complete(good: &str, end: usize, endless: &[u8], given: usize) -> bool {
    let bytes = good.as_bytes()[..end].iter().chain(endless.iter().cycle());
    let bytes: Vec<u8> = bytes.take(given).copied().collect();
    let mut buffer = [0; BUFFER];
    AnswerReader::new(&mut buffer).feed(&bytes) == Ok(Step::Complete)
}

/// The peer stops taking the request at each byte; and it may answer before.
#[test]
fn a_request_that_is_not_taken_is_counted_to_the_byte() {
    for takes in 0..request().len() {
        for then in [Then::Break, Then::Hang, Then::End] {
            for (settings, piece) in [(SETTINGS, 1), (SETTINGS, 64), (PROMISED, 1), (PROMISED, 64)] {
                let told = call(settings, |peer| {
                    (peer.takes, peer.after_taking, peer.piece) = (takes, then, piece);
                });
                let nothing = takes == 0 && settings.failed_write_takes_nothing;
                let expected = if nothing { Sent::NotSent } else { Sent::MaybeSent };
                assert_eq!((told.lost, told.taken), (Some(expected), takes), "{}", told.text);
                assert_eq!(told.given, 0, "an answer to half a request is none");
                assert_eq!(told.at, if then == Then::Hang { 10_000 } else { 0 }, "{}", told.text);
            }
        }
    }
}

/// A peer that takes a byte each second: the deadline of writing ends it, and the count is right.
#[test]
fn a_slow_taker_ends_at_the_deadline_of_writing() {
    for (pause, taken) in [(1000, 9), (3000, 3), (9_999, 1), (10_000, 0), (20_000, 0)] {
        let told = call(SETTINGS, |peer| (peer.write_pause, peer.piece) = (pause, 1));
        assert_eq!((told.cause, told.at), (Some(Cause::WriteTimedOut), 10_000), "{}", told.text);
        assert!((taken..=taken + 1).contains(&told.taken), "{} taken, a byte in {pause} ms", told.taken);
    }
}

#[test]
fn a_request_that_is_not_flushed_is_maybe_sent() {
    for (at_flush, cause) in
        [(Then::Break, Cause::WriteFailed(ErrorKind::ConnectionReset)), (Then::Hang, Cause::WriteTimedOut)]
    {
        let told = call(PROMISED, |peer| peer.at_flush = at_flush);
        assert_eq!((told.cause, told.taken), (Some(cause), request().len()));
    }
}

/// Answers that two readers could understand differently, in pieces of each size.
#[test]
fn an_ambiguous_answer_is_none() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (answer, fault) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
            Fault::LengthAndCoding,
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", Fault::DifferingLengths),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2, 3\r\n\r\n{}", Fault::DifferingLengths),
        ("HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}", Fault::BadLength),
        ("HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", Fault::FoldedHeader),
        ("HTTP/1.1 200 OK\r\nX: a\rContent-Length: 2\r\n\r\n{}", Fault::BareCr),
        ("HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\n{}", Fault::BareLf),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}", Fault::UnknownCoding),
        ("HTTP/1.1 200 OK\r\n\r\n{}", Fault::EndNotMarked),
        (&format!("{chunked}2\r\n{{}}x"), Fault::BadChunkEnd),
        (&format!("{chunked}2\n{{}}"), Fault::BareLf),
        (&format!("{chunked}80000000\r\n{{}}"), Fault::BodyTooLong),
        ("\x16\x03\x01\x02\0", Fault::NotHttp),
    ] {
        for (piece, read_pause) in [(1, 0), (3, 1), (64, 0), (1, 300)] {
            let told = call(SETTINGS, |peer| {
                (peer.gives, peer.after_giving) = (answer.into(), Then::End);
                (peer.piece, peer.read_pause) = (piece, read_pause);
            });
            assert_eq!(told.cause, Some(Cause::Answer(fault)), "{answer:?} in pieces of {piece}");
        }
    }
    for good in &GOOD[..3] {
        let told = call(SETTINGS, |peer| {
            (peer.gives, peer.piece) = ([good.as_bytes(), b"!"].concat(), 64);
        });
        // In a piece of its own, the surplus would be found before the next request: `AnsweredBefore`.
        let together = (good.len() + 1) % 64 != 1;
        assert_eq!(told.cause, together.then_some(Cause::Answer(Fault::Surplus)), "{good:?}");
    }
}

/// What a kept connection is found to be before the next request: each byte of surplus, an end, a break.
#[test]
fn a_kept_connection_with_anything_on_it_sends_nothing() {
    for surplus in 1..GOOD[0].len() {
        let (world, taken, given) = (World::default(), RefCell::default(), Cell::default());
        let gives = [GOOD[0].as_bytes(), &GOOD[0].as_bytes()[..surplus]].concat();
        let peer = Peer { piece: GOOD[0].len(), ..Peer::new(&world, &taken, &given, gives) };
        let mut buffer = [0; BUFFER];
        let mut connection = Connection::new(peer, &mut buffer, SETTINGS);
        assert_eq!(world.run(9, connection.send(&&world, &post())).unwrap().lost(), None);
        let second = world.run(9, connection.send(&&world, &post())).unwrap();
        assert_eq!(second, Delivery::NotSent(NotSent::AnsweredBefore));
        assert_eq!(*taken.borrow(), request());
    }
}

/// Bytes that a peer could send: of answers, of what they are made of, and any.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        3 => prop::sample::select(&GOOD[..]).prop_map(|text| text.as_bytes().to_vec()),
        3 => (prop::sample::select(&GOOD[..]), any::<prop::sample::Index>())
            .prop_map(|(text, end)| text.as_bytes()[..end.index(text.len())].to_vec()),
        4 => prop::sample::select(&ENDLESS[..]).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec(part, 0..5).prop_map(|parts| parts.concat())
}

fn thens() -> impl Strategy<Value = Then> {
    prop_oneof![
        Just(Then::End),
        Just(Then::Break),
        Just(Then::Hang),
        prop::sample::select(&ENDLESS[..]).prop_map(Then::Repeat),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 2_000 } else { 50_000 }))]

    /// Any peer: `call` checks what holds for every one.
    #[test]
    fn any_peer_leaves_a_request_not_sent_maybe_sent_or_answered(
        gives in pieces(),
        after in (thens(), thens(), prop_oneof![4 => Just(Then::End), 1 => Just(Then::Hang), 1 => Just(Then::Break)]),
        takes in prop_oneof![Just(usize::MAX), 0..200usize],
        pauses in (prop_oneof![3 => Just(0), 1 => 1000..30_000u64], prop_oneof![3 => Just(0), 1 => 1000..30_000u64]),
        piece in 1..70usize,
        promised in any::<bool>(),
    ) {
        let settings = if promised { PROMISED } else { SETTINGS };
        let checked = std::panic::AssertUnwindSafe(|| {
            call_any(settings, |peer| {
                (peer.gives, peer.takes, peer.piece) = (gives, takes, piece);
                (peer.after_giving, peer.after_taking, peer.at_flush) = after;
                (peer.write_pause, peer.read_pause) = pauses;
            })
        });
        prop_assert!(checked() <= u64::from(settings.whole));
    }
}

/// As [`call`], for peers whose answer may have any status and body. Gives the time it took.
fn call_any(settings: Settings, set: impl FnOnce(&mut Peer<'_>)) -> u64 {
    let (world, taken, given) = (World::default(), RefCell::default(), Cell::default());
    let mut peer = Peer::new(&world, &taken, &given, []);
    set(&mut peer);
    let mut buffer = [0; BUFFER];
    let mut connection = Connection::new(peer, &mut buffer, settings);
    let polls = request().len() + ENDLESS_POLLS + 2;
    let delivery = world.run(polls, connection.send(&&world, &post())).expect("it hangs");
    let length = taken.borrow().len();
    match delivery {
        Delivery::NotSent(_) => assert!(length == 0 && settings.failed_write_takes_nothing),
        Delivery::MaybeSent(MaybeSent { accepted, .. }) => assert_eq!(accepted, length),
        Delivery::Answered { status, body } => {
            assert!(length == request().len() && (200..600).contains(&status) && body.len() <= BUFFER);
        }
    }
    world.now.get()
}

/// A socket of std's that is never waited in.
struct Socket(TcpStream);

impl Socket {
    async fn ready<T>(mut step: impl FnMut() -> io::Result<T>) -> Result<T, ErrorKind> {
        poll_fn(|_| match step() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                Poll::Ready(Err(ErrorKind::ConnectionReset))
            }
            told => Poll::Ready(told.map_err(|_| ErrorKind::Other)),
        })
        .await
    }
}

impl ErrorType for Socket {
    type Error = ErrorKind;
}

impl Read for Socket {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, ErrorKind> {
        Socket::ready(|| self.0.read(to)).await
    }
}

impl Write for Socket {
    async fn write(&mut self, from: &[u8]) -> Result<usize, ErrorKind> {
        Socket::ready(|| self.0.write(from)).await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

struct StdClock(std::time::Instant);

impl Clock for StdClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.elapsed().as_millis() as u64)
    }

    async fn wait_until(&self, at: Instant) {
        poll_fn(|_| if self.now() >= at { Poll::Ready(()) } else { Poll::Pending }).await;
    }
}

/// One request over a real socket to a peer that does this with its end.
fn over_tcp(peer: impl FnOnce(TcpStream) + Send) -> (String, Duration) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::scope(|scope| {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        scope.spawn(move || {
            peer(listener.accept().unwrap().0);
            let _ = wait.recv();
        });
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nonblocking(true).unwrap();
        let settings = Settings { write: 500, first_byte: 500, whole: 700, ..SETTINGS };
        let clock = StdClock(std::time::Instant::now());
        let mut buffer = [0; 512];
        let mut connection = Connection::new(Socket(socket), &mut buffer, settings);
        let post = post();
        let mut call = std::pin::pin!(connection.send(&clock, &post));
        let told = loop {
            match call.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop())) {
                Poll::Ready(delivery) => break format!("{delivery:?}"),
                Poll::Pending => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        drop(done);
        (told, clock.0.elapsed())
    })
}

#[test]
fn real_sockets_end_the_same() {
    fn whole_request(socket: &mut TcpStream) {
        let mut request = vec![0; request().len()];
        socket.read_exact(&mut request).unwrap();
    }
    fn send(text: &'static str) -> impl FnOnce(TcpStream) + Send {
        move |mut socket| {
            whole_request(&mut socket);
            socket.write_all(text.as_bytes()).unwrap();
        }
    }
    let answered = over_tcp(send(GOOD[1])).0;
    assert_eq!(answered, "Answered { status: 200, body_length: 2 }");
    let half = over_tcp(send(&GOOD[0][..30])).0;
    assert!(half.contains("EndWithinAnswer"), "{half}");
    let garbage = over_tcp(send("SSH-2.0-x\r\n")).0;
    assert!(garbage.contains("NotHttp"), "{garbage}");
    // Bytes that were sent and not read: the close is a reset.
    let reset = over_tcp(|socket| {
        socket.peek(&mut [0; 64]).unwrap();
    })
    .0;
    assert!(reset.contains("ReadFailed(ConnectionReset)") || reset.contains("EndBeforeAnswer"), "{reset}");
    let (silent, at) = over_tcp(|mut socket| {
        whole_request(&mut socket);
        std::thread::sleep(Duration::from_millis(900));
    });
    assert!(silent.contains("FirstByteTimedOut") && at < Duration::from_secs(10), "{silent} {at:?}");
    let (slow, at) = over_tcp(|mut socket| {
        whole_request(&mut socket);
        for byte in GOOD[0].bytes() {
            if socket.write_all(&[byte]).is_err() {
                break;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    assert!(slow.contains("WholeTimedOut") && at < Duration::from_secs(10), "{slow} {at:?}");
}
