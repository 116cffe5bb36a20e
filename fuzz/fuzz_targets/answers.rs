//! Any bytes as a carrier's answer over HTTP, in any pieces: the pieces make no difference, what ours takes as a head
//! httparse takes with the same status, and a request whose answer is refused is maybe sent.

#![no_main]

use std::convert::Infallible;
use std::future::{Future, pending};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use arbitrary::Arbitrary;
use caas_core::time::Instant;
use caas_transport_embedded::framing::{AnswerReader, Fault, HEADERS_MAX, Request};
use caas_transport_embedded::{Cause, Clock, Connection, Delivery, Settings};
use embedded_io_async::{ErrorType, Read, Write};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary, Debug)]
struct Script<'a> {
    /// Room for the body.
    room: u16,
    /// The lengths of the pieces, in turn.
    pieces: [u8; 4],
    bytes: &'a [u8],
}

type Told = Result<(u16, Vec<u8>), Fault>;

fuzz_target!(|script: Script<'_>| {
    let room = usize::from(script.room % 4096);
    let whole = read(script.bytes, [usize::MAX].into_iter(), room);
    let pieces = script.pieces.map(|piece| usize::from(piece).max(1));
    assert_eq!(whole, read(script.bytes, pieces.into_iter().cycle(), room), "the pieces make a difference");
    assert_eq!(whole, read(script.bytes, [1].into_iter().cycle(), room), "single bytes make a difference");
    if let Ok((status, _)) = whole {
        compare(script.bytes, status);
    }
    over_a_connection(&script, room);
});

/// What a reader says of an answer in pieces of these lengths, and of the connection's end behind it.
fn read(bytes: &[u8], mut lengths: impl Iterator<Item = usize>, room: usize) -> Told {
    let mut buffer = vec![0xAA; room];
    let mut reader = AnswerReader::new(&mut buffer);
    let mut rest = bytes;
    while !rest.is_empty() {
        let length = lengths.next().unwrap_or(usize::MAX).min(rest.len());
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        let _ = reader.feed(piece)?;
    }
    reader.end()?;
    let answer = reader.into_answer().expect("it said that it is complete");
    assert!((200..600).contains(&answer.status));
    Ok((answer.status, answer.body.to_vec()))
}

/// httparse must take every head up to the one with this status.
fn compare(bytes: &[u8], status: u16) {
    let mut rest = bytes;
    loop {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(rest).expect("httparse refuses what ours takes");
        let httparse::Status::Complete(length) = parsed else { panic!("httparse wants more") };
        match response.code.expect("a status") {
            100..200 => rest = &rest[length..],
            code => {
                assert_eq!(code, status);
                return;
            }
        }
    }
}

/// A peer that gives the bytes in pieces, and then closes.
struct Peer<'a> {
    rest: &'a [u8],
    pieces: [u8; 4],
}

impl ErrorType for Peer<'_> {
    type Error = Infallible;
}

impl Read for Peer<'_> {
    async fn read(&mut self, to: &mut [u8]) -> Result<usize, Infallible> {
        let length = usize::from(self.pieces[0]).max(1).min(to.len()).min(self.rest.len());
        self.pieces.rotate_left(1);
        let (given, rest) = self.rest.split_at(length);
        to[..length].copy_from_slice(given);
        self.rest = rest;
        Ok(length)
    }
}

impl Write for Peer<'_> {
    async fn write(&mut self, from: &[u8]) -> Result<usize, Infallible> {
        Ok(from.len())
    }

    async fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant::from_millis(1)
    }

    async fn wait_until(&self, _: Instant) {
        pending().await
    }
}

/// A request is answered by a complete answer, and maybe sent otherwise; and the connection agrees with the reader, but
/// for bytes behind the answer that it did not read.
fn over_a_connection(script: &Script<'_>, room: usize) {
    let post = Request::post("h", "/p", b"{\"password\":\"open-sesame\"}");
    let mut buffer = vec![0; room.max(256)];
    let length = post.write(&mut buffer).expect("it fits");
    let told = read(script.bytes, [usize::MAX].into_iter(), buffer.len());
    {
        let peer = Peer { rest: script.bytes, pieces: script.pieces };
        let mut connection = Connection::new(peer, &mut buffer, Settings::default());
        let call = pin!(connection.send(&Still, &post));
        let Poll::Ready(delivery) = call.poll(&mut Context::from_waker(Waker::noop())) else {
            panic!("it waits for a peer that waits for nothing")
        };
        match (delivery, told) {
            (Delivery::Answered { status, body }, Ok(told)) => assert_eq!((status, body.to_vec()), told),
            (Delivery::Answered { .. }, Err(fault)) => assert_eq!(fault, Fault::Surplus),
            (Delivery::MaybeSent(why), Err(fault)) => {
                assert_eq!((why.cause, why.accepted), (Cause::Answer(fault), length));
            }
            (delivery, told) => panic!("{delivery:?} of {told:?}"),
        }
    }
    assert!(!buffer.windows(11).any(|part| part == b"open-sesame"), "the password is left in the buffer");
}
