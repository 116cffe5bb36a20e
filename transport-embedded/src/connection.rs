//! One connection that carries one request after the other.

pub(crate) mod deadline;
mod exchange;

use core::fmt;

use caas_core::time::{Millis, SECOND};
use embedded_io_async::{Error, Read, Write};

use crate::clock::Clock;
use crate::delivery::Delivery;
use crate::framing::{CloseReason, Request, Step};
pub(crate) use deadline::before;
use exchange::{Exchange, Todo};

/// Bytes that are read from the stream at once.
const PIECE: usize = 64;

/// How long things may take, and what the stream promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// From the call until the stream has taken the whole request, in milliseconds.
    pub write: Millis,
    /// From the written request until the first byte of an answer, in milliseconds.
    pub first_byte: Millis,
    /// From the call until the complete answer, in milliseconds.
    pub whole: Millis,
    /// Whether a `write` of the stream that fails, or whose future is dropped, has taken no byte. The trait does not
    /// promise it, a TLS session breaks it, so it is `false` unless the stream's documentation says so. It decides only
    /// about the first `write` of a request.
    pub failed_write_takes_nothing: bool,
}

impl Default for Settings {
    /// 10 s to write, 60 s to the first byte, 90 s for all; nothing promised.
    fn default() -> Self {
        Settings {
            write: 10 * SECOND,
            first_byte: 60 * SECOND,
            whole: 90 * SECOND,
            failed_write_takes_nothing: false,
        }
    }
}

/// Why a connection carries no further request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Ended {
    /// As the last answer, or the last request, said.
    Closed(CloseReason),
    /// The last call did not end with a complete answer. What comes now could belong to its request.
    Failed,
    /// The future of a call was dropped before the stream was handed a byte: that request was not sent.
    DroppedBeforeSending,
    /// The future of a call was dropped after that: that request was maybe sent.
    DroppedMaybeSent {
        /// Bytes that the stream said it took.
        accepted: usize,
    },
}

impl fmt::Display for Ended {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Ended::Closed(_) => "the connection was for the last request",
            Ended::Failed => "the last request failed on this connection",
            Ended::DroppedBeforeSending => "the last call was dropped before it sent anything",
            Ended::DroppedMaybeSent { .. } => "the last call was dropped, its request was maybe sent",
        })?;
        out.write_str(": make a new connection")
    }
}

/// A connection over any stream: a socket, a TLS session, a modem. The caller makes the stream, with a deadline of its
/// own; nothing here reconnects, repeats or follows a redirect.
///
/// ```
/// # use std::{future::Future, pin::pin, task::{Context, Poll, Waker}};
/// # use caas_core::time::Instant;
/// # use embedded_io_async::{ErrorType, Read, Write};
/// use caas_transport_embedded::framing::Request;
/// use caas_transport_embedded::{Clock, Connection, Delivery, Settings};
/// # struct Socket(&'static [u8]);
/// # impl ErrorType for Socket { type Error = core::convert::Infallible; }
/// # impl Read for Socket {
/// #     async fn read(&mut self, to: &mut [u8]) -> Result<usize, Self::Error> { self.0.read(to).await }
/// # }
/// # impl Write for Socket {
/// #     async fn write(&mut self, from: &[u8]) -> Result<usize, Self::Error> { Ok(from.len()) }
/// #     async fn flush(&mut self) -> Result<(), Self::Error> { Ok(()) }
/// # }
/// # struct MyClock;
/// # impl Clock for MyClock {
/// #     fn now(&self) -> Instant { Instant::ZERO }
/// #     async fn wait_until(&self, _: Instant) { core::future::pending().await }
/// # }
/// # let (socket, clock) = (Socket(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), MyClock);
/// # let run = async {
/// // Room for the request, and then for the answer.
/// let mut buffer = [0; 1536];
/// let mut connection = Connection::new(socket, &mut buffer, Settings::default());
/// let post = Request::post("api.example.com", "/caas/direct/debit", b"{}");
/// match connection.send(&clock, &post).await {
///     Delivery::Answered { status, body } => assert_eq!((status, body), (200, &b"{}"[..])),
///     Delivery::NotSent(cause) => panic!("repeat freely: {cause}"),
///     Delivery::MaybeSent(cause) => panic!("resolve it: {cause}"),
/// }
/// # };
/// # assert!(pin!(run).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
pub struct Connection<'b, S> {
    stream: S,
    exchange: Exchange<'b>,
}

impl<'b, S: Read + Write> Connection<'b, S> {
    /// A connection over a stream that was just opened. The buffer holds a whole request, and then the body of its answer:
    /// 1.5 KB are enough for what `caas-core` writes and reads. A request does not stay in it: it may hold a password.
    pub fn new(stream: S, buffer: &'b mut [u8], settings: Settings) -> Self {
        Connection { stream, exchange: Exchange::new(buffer, settings) }
    }

    /// Sends a request once and reads its answer.
    ///
    /// The future may be dropped at any await. The request then counts as [`Connection::ended`] says: not sent while no
    /// byte was handed to the stream, else maybe sent; and the connection is not usable any more. The next call says so,
    /// and sends nothing.
    ///
    /// A GET has the same words: what is maybe sent changes nothing at a peer that keeps to the meaning of GET, so it may
    /// be repeated, on a new connection.
    pub async fn send(&mut self, clock: &impl Clock, request: &Request<'_>) -> Delivery<'_> {
        // The one loop over the stream: all that it decides is in `Exchange`, so that the future stays small.
        if let Err(cause) = self.exchange.begin(request) {
            return Delivery::NotSent(cause);
        }
        let (start, mut elapsed) = (clock.now(), 0);
        let last = loop {
            let Some(deadline) = self.exchange.next(elapsed) else { break Err(None) };
            let came = match before(start.after(deadline), clock, self.perform()).await {
                Some(Ok(count)) => Ok(count),
                Some(Err(error)) => Err(Some(error.kind())),
                None => Err(None),
            };
            elapsed = clock.now().since(start);
            match self.exchange.take(came, elapsed) {
                Some(Step::More) => {}
                Some(Step::Complete) => return self.exchange.answered(request.keep_alive),
                None => break came,
            }
        };
        self.exchange.lost(last)
    }

    async fn perform(&mut self) -> Result<usize, S::Error> {
        match self.exchange.todo {
            Todo::Listen | Todo::Read => self.stream.read(&mut self.exchange.piece).await,
            Todo::Write => self.stream.write(self.exchange.rest()).await,
            Todo::Flush => self.stream.flush().await.map(|()| 0),
        }
    }

    /// Why this connection carries no further request; `None` while it does.
    pub fn ended(&self) -> Option<Ended> {
        self.exchange.ended
    }

    /// Gives the stream back, to be closed.
    pub fn into_stream(self) -> S {
        self.stream
    }
}

impl<S> fmt::Debug for Connection<'_, S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connection").field("settings", &self.exchange.settings).finish_non_exhaustive()
    }
}
