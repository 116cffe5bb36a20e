//! How a sale's requests go out, and where its records go.

use core::hint::black_box;

use caas_core::charge::{RECORD_MAX, Record, Request, Sent};
use caas_core::credentials::Credentials;
use caas_core::id::SaleId;
use caas_core::profile::{Authentication, Profile};
use caas_transport_embedded::framing::Post;
use caas_transport_embedded::journal::{FlashJournal, Journal, Newest};
use caas_transport_embedded::{Connection, Delivery, Settings};

use crate::flash::RamFlash;
use crate::peer::Peer;
use crate::scripts::Answer;
use crate::time::Still;

/// Room for a request, and then for an answer.
pub const HTTP_BUFFER: usize = 1536;

/// Sends a request once.
#[allow(async_fn_in_trait, reason = "the images have one thread")]
pub trait Link {
    /// The status and the body, or what became of the request.
    async fn send(
        &mut self,
        profile: &Profile<'_>,
        credentials: &Credentials,
        request: &Request<'_>,
    ) -> Result<(u16, &[u8]), Sent>;
}

/// Keeps the newest record.
#[allow(async_fn_in_trait, reason = "the images have one thread")]
pub trait Keep {
    /// Makes a record durable.
    async fn keep(&mut self, sale: &SaleId, record: &Record<'_>) -> bool;
    /// The newest record, after the power came back.
    async fn newest(&mut self) -> Option<&[u8]>;
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
    async fn send(
        &mut self,
        _: &Profile<'_>,
        _: &Credentials,
        request: &Request<'_>,
    ) -> Result<(u16, &[u8]), Sent> {
        black_box((request.path, request.body));
        let answer = self.0.next().ok_or(black_box(Sent::NotSent))?;
        Ok((black_box(200), black_box(answer.body())))
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
}

impl Link for Http {
    async fn send(
        &mut self,
        profile: &Profile<'_>,
        credentials: &Credentials,
        request: &Request<'_>,
    ) -> Result<(u16, &[u8]), Sent> {
        let peer = Peer::new(self.answers.next().map_or(&[], |answer| answer.http.as_bytes()));
        let client;
        let headers: &[(&str, &str)] = match profile.authentication {
            Authentication::ClientIdHeader(name) => {
                client = [(name, credentials.client.expose())];
                &client
            }
            Authentication::InBody => &[],
        };
        let post = Post { headers, ..Post::new(self.host, request.path, request.body) };
        let mut connection = Connection::new(peer, self.buffer, Settings::default());
        let length = match connection.post(&Still, &post).await {
            Delivery::Answered { status, body } => Ok((status, body.len())),
            Delivery::NotSent(_) => Err(Sent::NotSent),
            Delivery::MaybeSent(_) => Err(Sent::MaybeSent),
        };
        // The body lies at the start of the buffer.
        length.map(|(status, length)| (status, self.buffer.get(..length).unwrap_or(&[])))
    }
}

/// In RAM: enough to be read again, no journal.
pub struct Ram {
    /// The record.
    pub record: &'static mut [u8; RECORD_MAX],
    /// Its length.
    pub length: usize,
}

impl Keep for Ram {
    async fn keep(&mut self, _: &SaleId, record: &Record<'_>) -> bool {
        self.length = record.bytes().len();
        for (to, from) in self.record.iter_mut().zip(record.bytes()) {
            *to = *from;
        }
        black_box(true)
    }

    async fn newest(&mut self) -> Option<&[u8]> {
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
    async fn keep(&mut self, sale: &SaleId, record: &Record<'_>) -> bool {
        self.journal.persist(sale, record).await.is_ok()
    }

    async fn newest(&mut self) -> Option<&[u8]> {
        match self.journal.read(0, self.buffer).await {
            Ok(Some(found)) => match found.newest {
                Newest::Whole(record) => Some(record),
                Newest::Damaged { older } => older,
            },
            _ => None,
        }
    }
}
