//! A hostile peer, and calls that are dropped: every call ends as not sent, maybe sent or answered within its deadlines,
//! and what it says of the bytes is what the stream saw.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::cell::{Cell, RefCell};

use caas_core::charge::Sent;
use caas_transport_embedded::framing::{CloseReason, Fault, Request, RequestFault};
use caas_transport_embedded::{Cause, Connection, Delivery, Ended, MaybeSent, NotSent, Settings};
use embedded_io_async::{ErrorKind, ErrorType, Read, Write};
use support::world::{Peer, Then, World};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
const WHOLE: u64 = 90_000;

fn post() -> Request<'static> {
    Request::post("h", "/p", b"{\"a\":1}")
}

fn request() -> Vec<u8> {
    let mut buffer = [0; 256];
    let length = post().write(&mut buffer).unwrap();
    buffer[..length].to_vec()
}

const PROMISED: Settings =
    Settings { write: 10_000, first_byte: 60_000, whole: WHOLE as u32, failed_write_takes_nothing: true };

/// What passed between, with the world in which it did.
#[derive(Default)]
struct Scene {
    world: World,
    taken: RefCell<Vec<u8>>,
    given: Cell<usize>,
}

impl Scene {
    /// A peer that gives this, a piece each millisecond.
    fn peer(&self, gives: &[u8]) -> Peer<'_> {
        let peer = Peer::new(&self.world, &self.taken, &self.given, gives);
        Peer { write_pause: 1, read_pause: 1, ..peer }
    }
}

/// One call over a peer: what came of it, what the stream took, and when it ended.
fn call(settings: Settings, set: impl FnOnce(&mut Peer<'_>)) -> (String, Option<Sent>, usize, u64) {
    let scene = Scene::default();
    let (world, taken) = (&scene.world, &scene.taken);
    let mut peer = scene.peer(ANSWER);
    set(&mut peer);
    let mut buffer = [0; 512];
    let mut connection = Connection::new(peer, &mut buffer, settings);
    let delivery = world.run(100_000, connection.send(&world, &post())).expect("it hangs");
    if let Delivery::MaybeSent(MaybeSent { accepted, .. }) = delivery {
        assert_eq!(accepted, taken.borrow().len(), "{delivery:?}");
    }
    let told = (format!("{delivery:?}"), delivery.lost());
    let lost = told.1.is_some();
    assert!(!lost || connection.ended() == Some(Ended::Failed));
    let count = taken.borrow().len();
    (told.0, told.1, count, world.now.get())
}

fn cause_of(set: impl FnOnce(&mut Peer<'_>)) -> String {
    let (told, lost, taken, at) = call(Settings::default(), set);
    assert_eq!((lost, taken), (Some(Sent::MaybeSent), request().len()), "{told}");
    assert!(at <= WHOLE, "{told} at {at}");
    told
}

#[test]
fn an_answer_is_given_and_the_connection_kept() {
    let scene = Scene::default();
    let (world, taken) = (&scene.world, &scene.taken);
    let mut buffer = [0; 512];
    let peer = scene.peer(&[ANSWER, ANSWER].concat());
    let mut connection =
        Connection::new(Peer { piece: ANSWER.len(), ..peer }, &mut buffer, Settings::default());
    for count in 1..=2 {
        let delivery = world.run(1000, connection.send(&world, &post())).unwrap();
        assert_eq!(delivery, Delivery::Answered { status: 200, body: b"{}" });
        assert_eq!(*taken.borrow(), request().repeat(count));
        assert_eq!(connection.ended(), None);
    }
}

/// Of an answer, nothing is left for the next one: a size without digits is none, whatever the last one had.
#[test]
fn each_answer_of_a_kept_connection_is_read_from_its_beginning() {
    let good = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nT: x\r\n\r\n";
    let bad = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n\r\n";
    let scene = Scene::default();
    let mut buffer = [0; 512];
    let peer = Peer { piece: 1, ..scene.peer(&[good, good, bad].concat().into_bytes()) };
    let mut connection = Connection::new(peer, &mut buffer, Settings::default());
    for _ in 0..2 {
        let delivery = scene.world.run(1000, connection.send(&&scene.world, &post())).unwrap();
        assert_eq!(delivery, Delivery::Answered { status: 200, body: b"{}" });
    }
    let told = scene.world.run(1000, connection.send(&&scene.world, &post())).unwrap();
    assert!(format!("{told:?}").contains("BadChunkSize"), "{told:?}");
}

/// The stream fails or hangs at each byte of the request.
#[test]
fn a_request_that_is_not_taken_is_counted_to_the_byte() {
    for takes in 0..request().len() {
        for then in [Then::Break, Then::Hang, Then::End] {
            for settings in [Settings::default(), PROMISED] {
                let (told, lost, taken, at) = call(settings, |peer| {
                    (peer.takes, peer.after_taking) = (takes, then);
                });
                let nothing = takes == 0 && settings.failed_write_takes_nothing;
                let expected = if nothing { Sent::NotSent } else { Sent::MaybeSent };
                assert_eq!((lost, taken), (Some(expected), takes), "{told}");
                assert!(then != Then::Hang || at == 10_000, "{told} at {at}");
                assert!(
                    told.contains(if then == Then::Hang { "WriteTimedOut" } else { "WriteFailed" }),
                    "{told}"
                );
            }
        }
    }
}

/// The answer ends, breaks or hangs at each of its bytes.
#[test]
fn half_an_answer_is_none() {
    for given in 0..ANSWER.len() {
        let set = |then| move |peer: &mut Peer<'_>| (peer.gives.truncate(given), peer.after_giving = then).0;
        let ended = if given == 0 { "EndBeforeAnswer" } else { "EndWithinAnswer" };
        assert!(cause_of(set(Then::End)).contains(ended), "{given}");
        assert!(cause_of(set(Then::Break)).contains("ReadFailed(ConnectionReset)"), "{given}");
        let late = if given == 0 { "FirstByteTimedOut" } else { "WholeTimedOut" };
        assert!(cause_of(set(Then::Hang)).contains(late), "{given}");
    }
}

#[test]
fn a_hostile_answer_ends_at_a_limit() {
    let told = |gives: Vec<u8>| cause_of(|peer| peer.gives = gives);
    assert!(told(b"\x16\x03\x01 garbage".to_vec()).contains("NotHttp"));
    let lines = |line: &str| format!("HTTP/1.1 200 OK\r\n{}", line.repeat(9999)).into_bytes();
    assert!(told(lines("X: y\r\n")).contains("TooManyHeaders"));
    assert!(told(lines("X: y")).contains("HeadTooLong"));
    assert!(told(b"HTTP/1.1 100 C\r\n\r\n".repeat(9)).contains("TooManyInterim"));
    assert!(told(b"HTTP/1.1 200 OK\r\nContent-Length: 513\r\n\r\n".to_vec()).contains("BodyTooLong"));
}

#[test]
fn slow_bytes_end_at_the_deadline_of_the_whole_call() {
    let scene = Scene::default();
    let world = &scene.world;
    let mut peer = scene.peer(ANSWER);
    (peer.piece, peer.write_pause, peer.read_pause) = (1, 0, 0);
    let mut buffer = [0; 512];
    let settings = Settings { whole: 30_000, ..Settings::default() };
    let mut connection = Connection::new(Slow(peer), &mut buffer, settings);
    let delivery = world.run(100_000, connection.send(&world, &post())).expect("it hangs");
    let Delivery::MaybeSent(MaybeSent { cause: Cause::WholeTimedOut, .. }) = delivery else {
        panic!("{delivery:?}")
    };
    assert_eq!(world.now.get(), 30_000);
}

/// Writes at once, reads one byte in five seconds.
struct Slow<'w>(Peer<'w>);

impl ErrorType for Slow<'_> {
    type Error = ErrorKind;
}

impl Read for Slow<'_> {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, ErrorKind> {
        self.0.world.sleep_until(self.0.world.now.get() + 5_000).await;
        self.0.read(to).await
    }
}

impl Write for Slow<'_> {
    async fn write(&mut self, from: &[u8]) -> Result<usize, ErrorKind> {
        self.0.write(from).await
    }

    async fn flush(&mut self) -> Result<(), ErrorKind> {
        self.0.flush().await
    }
}

/// A future that is dropped after any number of polls: the connection says what its request was, and sends no more.
#[test]
fn a_dropped_call_is_not_sent_or_maybe_sent_and_ends_the_connection() {
    let (mut before, mut after) = (0, 0);
    for polls in 0..1000 {
        let scene = Scene::default();
        let (world, taken) = (&scene.world, &scene.taken);
        let mut buffer = [0; 512];
        let peer = scene.peer(ANSWER);
        let mut connection = Connection::new(peer, &mut buffer, Settings::default());
        if world.run(polls, connection.send(&world, &post())).is_some() {
            assert!(before == 1 && after > 20, "{before} {after}");
            return;
        }
        let count = taken.borrow().len();
        match connection.ended() {
            None => before += usize::from(polls == 0 && count == 0),
            Some(Ended::DroppedMaybeSent { accepted }) => {
                assert_eq!(accepted, count);
                after += 1;
            }
            other => panic!("{other:?} after {polls}"),
        }
        if let Some(ended) = connection.ended() {
            let again = world.run(1000, connection.send(&world, &post())).unwrap();
            assert_eq!(again, Delivery::NotSent(NotSent::Unusable(ended)));
            assert_eq!(taken.borrow().len(), count, "the next call sent something");
        }
    }
    panic!("it hangs");
}

/// What is wrong with a kept connection is known before the first byte of the next request.
#[test]
fn a_kept_connection_that_ended_meanwhile_is_not_sent() {
    for (surplus, then, cause) in [
        ("", Then::End, NotSent::ClosedBefore),
        ("", Then::Break, NotSent::BrokenBefore(ErrorKind::ConnectionReset)),
        ("HTTP/1.1 200 OK\r\n", Then::Hang, NotSent::AnsweredBefore),
    ] {
        let scene = Scene::default();
        let (world, taken) = (&scene.world, &scene.taken);
        let mut peer = scene.peer(&[ANSWER, surplus.as_bytes()].concat());
        (peer.piece, peer.after_giving) = (ANSWER.len(), then);
        (peer.write_pause, peer.read_pause) = (0, 0);
        let mut buffer = [0; 512];
        let mut connection = Connection::new(peer, &mut buffer, Settings::default());
        let first = world.run(1000, connection.send(&world, &post())).unwrap();
        assert_eq!(first.lost(), None, "{first:?}");
        let count = taken.borrow().len();
        let second = world.run(1000, connection.send(&world, &post())).unwrap();
        assert_eq!(second, Delivery::NotSent(cause));
        assert_eq!(taken.borrow().len(), count);
        assert_eq!(connection.ended(), Some(Ended::Failed));
    }
}

#[test]
fn a_connection_that_is_closed_says_why() {
    let closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".as_slice();
    for (gives, keep_alive, reason) in
        [(closing, true, CloseReason::PeerAsked), (ANSWER, false, CloseReason::WeAsked)]
    {
        let scene = Scene::default();
        let world = &scene.world;
        let mut buffer = [0; 512];
        let mut connection = Connection::new(scene.peer(gives), &mut buffer, Settings::default());
        let post = Request { keep_alive, ..post() };
        assert_eq!(world.run(1000, connection.send(&world, &post)).unwrap().lost(), None);
        assert_eq!(connection.ended(), Some(Ended::Closed(reason)));
    }
}

#[test]
fn a_request_that_cannot_be_written_ends_nothing() {
    let scene = Scene::default();
    let (world, taken) = (&scene.world, &scene.taken);
    let mut buffer = [0; 512];
    let mut connection = Connection::new(scene.peer(ANSWER), &mut buffer, Settings::default());
    let bad = world.run(1000, connection.send(&world, &Request::post("h", "no slash", b""))).unwrap();
    assert_eq!(bad, Delivery::NotSent(NotSent::Request(RequestFault::BadPath)));
    assert!(taken.borrow().is_empty());
    let good = world.run(1000, connection.send(&world, &post())).unwrap();
    assert_eq!(good.lost(), None);
}

#[test]
fn surplus_that_comes_with_the_answer_makes_it_none() {
    let told = cause_of(|peer| {
        peer.gives.push(b'x');
        peer.piece = peer.gives.len();
    });
    assert!(told.contains(&format!("{:?}", Fault::Surplus)), "{told}");
}

#[test]
fn debug_does_not_show_the_body() {
    let (told, _, _, _) = call(Settings::default(), |_| {});
    assert_eq!(told, "Answered { status: 200, body_length: 2 }");
}

/// A request holds a password: it is gone from the buffer however the call ended, and when its future is dropped.
#[test]
fn no_byte_of_a_request_is_left_in_the_buffer() {
    let secret = "open-sesame-0123456789";
    let body = format!("{{\"password\":\"{secret}\"}}");
    let headers = [("x-client", secret)];
    let post = Request { headers: &headers, ..Request::post("h", "/p", body.as_bytes()) };
    let is_clean =
        |buffer: &[u8]| !buffer.windows(4).any(|four| secret.as_bytes().windows(4).any(|s| s == four));
    let whole = {
        let mut buffer = [0; 512];
        let length = post.write(&mut buffer).unwrap();
        assert!(!is_clean(&buffer));
        length
    };
    for polls in 0..200 {
        for (takes, then, room) in [
            (usize::MAX, Then::Hang, 512),
            (whole / 2, Then::Break, 512),
            (0, Then::Hang, 512),
            (0, Then::End, whole - 1),
        ] {
            let scene = Scene::default();
            let peer = Peer { takes, after_taking: then, ..scene.peer(ANSWER) };
            let mut buffer = vec![b'.'; room];
            let mut connection = Connection::new(peer, &mut buffer, Settings::default());
            let _ = scene.world.run(polls, connection.send(&&scene.world, &post));
            drop(connection);
            assert!(is_clean(&buffer), "{polls} polls, {takes} bytes taken: {}", buffer.escape_ascii());
        }
    }
}
