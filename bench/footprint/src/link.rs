//! How a sale's requests go out, and where its records go.

use core::hint::black_box;

use caas_core::charge::{Carrier, Input, RECORD_MAX, Record, Request, SendToken, Sent};
use caas_core::id::SaleId;
use caas_core::profile::Authentication;
use caas_transport_embedded::framing::{self, AnswerReader, Step};
use caas_transport_embedded::journal::{FlashJournal, Journal, Newest};
use caas_transport_embedded::{Connection, Delivery, Settings};

use crate::flash::RamFlash;
use crate::peer::Peer;
use crate::scripts::Answer;
use crate::time::{Still, block_on};

/// Room for a request, and then for an answer.
pub const HTTP_BUFFER: usize = 1536;

/// Sends a request once.
pub trait Link {
    /// What the charge is told of it.
    fn send(&mut self, carrier: &Carrier<'_>, token: SendToken, request: &Request<'_>) -> Input<'_>;
}

/// Keeps the newest record.
pub trait Keep {
    /// Makes a record durable.
    fn keep(&mut self, sale: &SaleId, record: &Record<'_>) -> bool;
    /// The newest record, after the power came back.
    fn newest(&mut self) -> Option<&[u8]>;
}

/// The peer's answers, in turn.
pub struct Answers {
    rest: &'static [&'static Answer],
}

impl Answers {
    /// These answers.
    pub fn new(answers: &'static [&'static Answer]) -> Self {
        Answers { rest: black_box(answers) }
    }

    fn next(&mut self) -> Option<&'static Answer> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }
}

/// No HTTP at all: the answers' bodies.
pub struct Direct(pub Answers);

impl Link for Direct {
    fn send(&mut self, _: &Carrier<'_>, token: SendToken, request: &Request<'_>) -> Input<'_> {
        black_box((request.path, request.body));
        match self.0.next() {
            Some(answer) => Input::Response { token, status: black_box(200), body: black_box(answer.body()) },
            None => Input::Lost { token, sent: black_box(Sent::NotSent) },
        }
    }
}

/// HTTP/1.1, a connection for each request.
pub struct Http {
    /// What the peer answers.
    pub answers: Answers,
    /// The Host header.
    pub host: &'static str,
    /// For request and answer.
    pub buffer: &'static mut [u8; HTTP_BUFFER],
    /// How a request goes out.
    pub exchange: Exchange,
}

/// Sends a request to a peer that answers with these bytes. The status, and the length of the body, which then lies at
/// the start of the buffer.
pub type Exchange = fn(&framing::Request<'_>, &'static [u8], &mut [u8]) -> Result<(u16, usize), Sent>;

impl Link for Http {
    #[inline(never)]
    fn send(&mut self, carrier: &Carrier<'_>, token: SendToken, request: &Request<'_>) -> Input<'_> {
        let answer = self.answers.next().map_or(&[][..], |answer| answer.http);
        let client = client_header(carrier);
        let post = framing::Request {
            headers: client.as_slice(),
            ..framing::Request::post(self.host, request.path, request.body)
        };
        match (self.exchange)(&post, answer, self.buffer) {
            Ok((status, length)) => {
                Input::Response { token, status, body: self.buffer.get(..length).unwrap_or(&[]) }
            }
            Err(sent) => Input::Lost { token, sent },
        }
    }
}

/// Over a connection. A function of its own, as a driver's is: what it has on the stack does not stay there while the
/// core works.
#[inline(never)]
pub fn over_connection(
    post: &framing::Request<'_>,
    answer: &'static [u8],
    buffer: &mut [u8],
) -> Result<(u16, usize), Sent> {
    let mut connection = Connection::new(Peer::new(answer), buffer, Settings::default());
    match block_on(connection.send(&Still, post)) {
        Delivery::Answered { status, body } => Ok((status, body.len())),
        Delivery::NotSent(_) => Err(Sent::NotSent),
        Delivery::MaybeSent(_) => Err(Sent::MaybeSent),
    }
}

/// Without futures: the framing alone, and the peer's bytes.
#[inline(never)]
pub fn framing_alone(
    post: &framing::Request<'_>,
    answer: &'static [u8],
    buffer: &mut [u8],
) -> Result<(u16, usize), Sent> {
    let length = post.write(buffer).map_err(|_| Sent::NotSent)?;
    black_box(buffer.get(..length));
    let mut rest = black_box(answer);
    let mut reader = AnswerReader::new(buffer);
    loop {
        let (piece, behind) = rest.split_at_checked(64).unwrap_or((rest, &[]));
        rest = behind;
        match reader.feed(piece) {
            Ok(Step::Complete) => break,
            Ok(Step::More) if !rest.is_empty() => {}
            Ok(Step::More) => {
                let _ = reader.end();
                break;
            }
            Err(_) => return Err(Sent::MaybeSent),
        }
    }
    let answer = reader.into_answer().ok_or(Sent::MaybeSent)?;
    Ok((answer.status, answer.body.len()))
}

/// The header that says who is asking, where the profile has one.
fn client_header<'h>(carrier: &Carrier<'h>) -> Option<(&'h str, &'h str)> {
    match carrier.profile.authentication {
        Authentication::ClientIdHeader(name) => Some((name, carrier.credentials.client.expose())),
        Authentication::InBody => None,
    }
}

/// In RAM: enough to be read again, no journal.
pub struct Ram<'r> {
    /// The record.
    pub record: &'r mut [u8; RECORD_MAX],
    /// Its length.
    pub length: usize,
}

impl Keep for Ram<'_> {
    fn keep(&mut self, _: &SaleId, record: &Record<'_>) -> bool {
        self.length = record.bytes().len();
        for (to, from) in self.record.iter_mut().zip(record.bytes()) {
            *to = *from;
        }
        black_box(true)
    }

    fn newest(&mut self) -> Option<&[u8]> {
        self.record.get(..black_box(self.length))
    }
}

/// The journal in NOR flash.
pub struct Flash {
    /// It.
    pub journal: FlashJournal<RamFlash, 4>,
    /// For reading a record.
    pub buffer: &'static mut [u8; RECORD_MAX],
}

impl Keep for Flash {
    #[inline(never)]
    fn keep(&mut self, sale: &SaleId, record: &Record<'_>) -> bool {
        block_on(self.journal.persist(sale, record)).is_ok()
    }

    #[inline(never)]
    fn newest(&mut self) -> Option<&[u8]> {
        match block_on(self.journal.read(0, self.buffer)) {
            Ok(Some(found)) => match found.newest {
                Newest::Whole(record) => Some(record),
                Newest::Damaged { older } => older,
            },
            _ => None,
        }
    }
}
