//! One connection that carries one request after the other.

pub(crate) mod deadline;

use core::fmt;

use caas_core::time::{Instant, Millis, SECOND};
use embedded_io_async::{Error, ErrorKind, Read, Write};

use crate::clock::Clock;
use crate::delivery::{Cause, Delivery, MaybeSent, NotSent};
use crate::framing::{Answer, AnswerReader, CloseReason, Fault, Get, Post, RequestFault, Reuse, Step};
use deadline::at_once;
pub(crate) use deadline::before;

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
/// use caas_transport_embedded::framing::Post;
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
/// let post = Post::new("api.example.com", "/caas/direct/debit", b"{}");
/// match connection.post(&clock, &post).await {
///     Delivery::Answered { status, body } => assert_eq!((status, body), (200, &b"{}"[..])),
///     Delivery::NotSent(cause) => panic!("repeat freely: {cause}"),
///     Delivery::MaybeSent(cause) => panic!("resolve it: {cause}"),
/// }
/// # };
/// # assert!(pin!(run).poll(&mut Context::from_waker(Waker::noop())).is_ready());
/// ```
pub struct Connection<'b, S> {
    stream: S,
    buffer: &'b mut [u8],
    settings: Settings,
    state: State,
    answered: bool,
}

#[derive(Clone, Copy)]
enum State {
    Ready,
    /// A call is under way; seen by the next call only if its future was dropped.
    Calling(Handed),
    Ended(Ended),
}

/// What of a request was handed to the stream.
#[derive(Clone, Copy)]
enum Handed {
    Nothing,
    /// `write` was called; it said that it took so much, all calls together.
    Some {
        accepted: usize,
    },
}

impl<'b, S: Read + Write> Connection<'b, S> {
    /// A connection over a stream that was just opened. The buffer holds a whole request, and then the longer of an
    /// answer's head and body: 1.5 KB are enough for what `caas-core` writes and reads.
    pub fn new(stream: S, buffer: &'b mut [u8], settings: Settings) -> Self {
        Connection { stream, buffer, settings, state: State::Ready, answered: false }
    }

    /// Sends a request once and reads its answer.
    ///
    /// The future may be dropped at any await. The request then counts as [`Connection::ended`] says: not sent while no
    /// byte was handed to the stream, else maybe sent; and the connection is not usable any more. The next call says so,
    /// and sends nothing.
    pub async fn post(&mut self, clock: &impl Clock, post: &Post<'_>) -> Delivery<'_> {
        self.exchange(clock, post.keep_alive, |buffer| post.write(buffer)).await
    }

    /// [`Connection::post`] for a GET, with the same words: what is maybe sent changes nothing at a peer that keeps to
    /// the meaning of GET, so it may be repeated, on a new connection.
    pub async fn get(&mut self, clock: &impl Clock, get: &Get<'_>) -> Delivery<'_> {
        self.exchange(clock, get.keep_alive, |buffer| get.write(buffer)).await
    }

    async fn exchange(
        &mut self,
        clock: &impl Clock,
        keep_alive: bool,
        write: impl FnOnce(&mut [u8]) -> Result<usize, RequestFault>,
    ) -> Delivery<'_> {
        if let Some(ended) = self.ended() {
            return Delivery::NotSent(NotSent::Unusable(ended));
        }
        let start = clock.now();
        let length = match write(self.buffer) {
            Ok(length) => length,
            Err(fault) => return Delivery::NotSent(NotSent::Request(fault)),
        };
        self.state = State::Calling(Handed::Nothing);
        let Connection { stream, buffer, settings, state, answered } = self;
        let mut exchange = Exchange { stream, settings, state, clock, start, reused: *answered };
        match exchange.run(buffer, length).await {
            Ok(answer) => {
                *answered = true;
                *state = match answer.reuse {
                    Reuse::Close(reason) => State::Ended(Ended::Closed(reason)),
                    Reuse::KeepAlive if !keep_alive => State::Ended(Ended::Closed(CloseReason::WeAsked)),
                    Reuse::KeepAlive => State::Ready,
                };
                Delivery::Answered { status: answer.status, body: answer.body }
            }
            Err(loss) => {
                *state = State::Ended(Ended::Failed);
                match loss {
                    Loss::Before(cause) => Delivery::NotSent(cause),
                    Loss::After(cause) => Delivery::MaybeSent(cause),
                }
            }
        }
    }

    /// Why this connection carries no further request; `None` while it does.
    pub fn ended(&self) -> Option<Ended> {
        match self.state {
            State::Ready => None,
            State::Calling(Handed::Nothing) => Some(Ended::DroppedBeforeSending),
            State::Calling(Handed::Some { accepted }) => Some(Ended::DroppedMaybeSent { accepted }),
            State::Ended(ended) => Some(ended),
        }
    }

    /// Gives the stream back, to be closed.
    pub fn into_stream(self) -> S {
        self.stream
    }
}

impl<S> fmt::Debug for Connection<'_, S> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connection").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// Why there is no answer.
enum Loss {
    Before(NotSent),
    After(MaybeSent),
}

/// One request under way.
struct Exchange<'x, S, C> {
    stream: &'x mut S,
    settings: &'x Settings,
    state: &'x mut State,
    clock: &'x C,
    start: Instant,
    reused: bool,
}

impl<S: Read + Write, C: Clock> Exchange<'_, S, C> {
    async fn run<'a>(&mut self, buffer: &'a mut [u8], length: usize) -> Result<Answer<'a>, Loss> {
        if self.reused {
            self.check_kept().await.map_err(Loss::Before)?;
        }
        self.write(buffer.get(..length).unwrap_or(&[])).await?;
        self.read(buffer).await.map_err(|cause| Loss::After(self.maybe_sent(cause)))
    }

    /// A connection that was kept may be closed meanwhile, or the peer may have said something nobody asked for. Both can
    /// be known before the first byte is sent.
    async fn check_kept(&mut self) -> Result<(), NotSent> {
        let mut piece = [0; PIECE];
        match at_once(self.stream.read(&mut piece)).await {
            None => Ok(()),
            Some(Ok(0)) => Err(NotSent::ClosedBefore),
            Some(Ok(_)) => Err(NotSent::AnsweredBefore),
            Some(Err(error)) => Err(NotSent::BrokenBefore(error.kind())),
        }
    }

    async fn write(&mut self, mut rest: &[u8]) -> Result<(), Loss> {
        let deadline = self.start.after(self.settings.write.min(self.settings.whole));
        let mut accepted: usize = 0;
        while !rest.is_empty() {
            if self.clock.now() >= deadline {
                return Err(self.unwritten(accepted, None));
            }
            *self.state = State::Calling(Handed::Some { accepted });
            match before(deadline, self.clock, self.stream.write(rest)).await {
                Some(Ok(count)) if count > 0 => {
                    accepted = accepted.saturating_add(count);
                    *self.state = State::Calling(Handed::Some { accepted });
                    rest = rest.get(count..).unwrap_or(&[]);
                }
                Some(Ok(_)) => return Err(self.unwritten(accepted, Some(ErrorKind::WriteZero))),
                Some(Err(error)) => return Err(self.unwritten(accepted, Some(error.kind()))),
                None => return Err(self.unwritten(accepted, None)),
            }
        }
        match before(deadline, self.clock, self.stream.flush()).await {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => Err(self.unwritten(accepted, Some(error.kind()))),
            None => Err(self.unwritten(accepted, None)),
        }
    }

    /// The request was not written, by an error or by the deadline.
    fn unwritten(&self, accepted: usize, error: Option<ErrorKind>) -> Loss {
        let nothing = match *self.state {
            State::Calling(Handed::Some { .. }) => accepted == 0 && self.settings.failed_write_takes_nothing,
            _ => true,
        };
        match error {
            Some(kind) if nothing => Loss::Before(NotSent::WriteFailed(kind)),
            None if nothing => Loss::Before(NotSent::WriteTimedOut),
            Some(kind) => Loss::After(self.maybe_sent(Cause::WriteFailed(kind))),
            None => Loss::After(self.maybe_sent(Cause::WriteTimedOut)),
        }
    }

    fn maybe_sent(&self, cause: Cause) -> MaybeSent {
        let accepted = match *self.state {
            State::Calling(Handed::Some { accepted }) => accepted,
            _ => 0,
        };
        MaybeSent { cause, accepted }
    }

    async fn read<'a>(&mut self, buffer: &'a mut [u8]) -> Result<Answer<'a>, Cause> {
        let whole = self.start.after(self.settings.whole);
        let first = self.clock.now().after(self.settings.first_byte).min(whole);
        let mut reader = AnswerReader::new(buffer);
        loop {
            let (deadline, late) = match reader.has_begun() {
                false if first < whole => (first, Cause::FirstByteTimedOut),
                _ => (whole, Cause::WholeTimedOut),
            };
            if self.clock.now() >= deadline {
                return Err(late);
            }
            let mut piece = [0; PIECE];
            let count = match before(deadline, self.clock, self.stream.read(&mut piece)).await {
                Some(Ok(count)) => count,
                Some(Err(error)) => return Err(Cause::ReadFailed(error.kind())),
                None => return Err(late),
            };
            if count == 0 {
                reader.end().map_err(Cause::Answer)?;
            }
            match reader.feed(piece.get(..count).unwrap_or(&[])).map_err(Cause::Answer)? {
                Step::More => {}
                Step::Complete => break,
            }
        }
        let broken = Cause::Answer(Fault::EndWithinAnswer);
        reader.into_answer().ok_or(broken)
    }
}
