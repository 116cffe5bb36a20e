//! Requests and their answers, one after the other, without I/O: what is to be done with the stream next, and what came
//! of it.

use caas_core::time::Instant;
use embedded_io_async::ErrorKind;
use zeroize::Zeroize;

use super::{Ended, Settings};
use crate::delivery::{Cause, Delivery, MaybeSent, NotSent};
use crate::framing::{CloseReason, Reading, Request, Reuse, Step};

/// What is to be done with the stream.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Todo {
    /// To read without waiting. A connection that was kept may be closed meanwhile, or the peer may have said something
    /// nobody asked for: both can be known before the first byte is sent.
    Listen,
    Write,
    Flush,
    Read,
}

/// What the stream said: so many bytes, an error, or nothing in time.
pub type Came = Result<usize, Option<ErrorKind>>;

/// Why there is no answer.
pub enum Loss {
    Before(NotSent),
    After(Cause),
}

/// All of a connection but its stream. A request is overwritten when it was written or could not be, and at the latest
/// when the connection is dropped: it may hold a password.
pub struct Exchange<'b> {
    pub settings: Settings,
    state: State,
    /// Whether a request was answered: the connection was kept.
    is_kept: bool,
    /// First the request, then the body of its answer.
    buffer: &'b mut [u8],
    /// Of the request, or of what was written of it; 0 once it is overwritten.
    length: usize,
    /// Bytes of the request that the stream said it took, all writes together.
    accepted: usize,
    keep_alive: bool,
    todo: Todo,
    /// Of what is to be done.
    deadline: Instant,
    /// Of the request under way.
    whole: Instant,
    reading: Reading,
}

#[derive(Clone, Copy)]
enum State {
    Ready,
    /// A call is under way, and nothing was handed to the stream. Seen by the next call only if its future was dropped.
    Calling,
    /// The same, and `write` was called.
    Writing,
    Ended(Ended),
}

impl<'b> Exchange<'b> {
    pub fn new(buffer: &'b mut [u8], settings: Settings) -> Self {
        Exchange {
            settings,
            state: State::Ready,
            is_kept: false,
            buffer,
            length: 0,
            accepted: 0,
            keep_alive: false,
            todo: Todo::Write,
            deadline: Instant::ZERO,
            whole: Instant::ZERO,
            reading: Reading::new(),
        }
    }

    /// Why there is no further request; `None` while there may be.
    pub fn ended(&self) -> Option<Ended> {
        match self.state {
            State::Ready => None,
            State::Calling => Some(Ended::DroppedBeforeSending),
            State::Writing => Some(Ended::DroppedMaybeSent { accepted: self.accepted }),
            State::Ended(ended) => Some(ended),
        }
    }

    /// Begins with a request.
    pub fn begin(&mut self, request: &Request<'_>, now: Instant) -> Result<(), NotSent> {
        if let Some(ended) = self.ended() {
            return Err(NotSent::Unusable(ended));
        }
        self.length = self.buffer.len();
        match request.write(self.buffer) {
            Ok(length) => self.length = length,
            Err(fault) => {
                self.overwrite();
                return Err(NotSent::Request(fault));
            }
        }
        self.state = State::Calling;
        self.accepted = 0;
        self.keep_alive = request.keep_alive;
        self.todo = if self.is_kept { Todo::Listen } else { Todo::Write };
        self.whole = now.after(self.settings.whole);
        self.deadline = now.after(self.settings.write).min(self.whole);
        self.reading = Reading::new();
        Ok(())
    }

    /// What is to be done with the stream, until when; `None` if it is too late for it. A flush goes on: all that it needs
    /// is done.
    pub fn next(&mut self, now: Instant) -> Option<(Todo, Instant)> {
        if matches!(self.todo, Todo::Write | Todo::Read) && now >= self.deadline {
            return None;
        }
        if self.todo == Todo::Write {
            self.state = State::Writing;
        }
        Some((self.todo, self.deadline))
    }

    /// What of the request is not accepted yet.
    pub fn rest(&self) -> &[u8] {
        self.buffer.get(self.accepted..self.length).unwrap_or(&[])
    }

    /// Takes what the stream said, and what it gave.
    pub fn take(&mut self, came: Came, piece: &[u8], now: Instant) -> Result<Step, Loss> {
        match (self.todo, came) {
            (Todo::Listen, Err(None)) => self.todo = Todo::Write,
            (Todo::Listen, came) => {
                return Err(Loss::Before(match came {
                    Ok(0) => NotSent::ClosedBefore,
                    Err(Some(kind)) => NotSent::BrokenBefore(kind),
                    _ => NotSent::AnsweredBefore,
                }));
            }
            (Todo::Write, Ok(0)) => return Err(self.unwritten(Some(ErrorKind::WriteZero))),
            (Todo::Write, Ok(count)) => {
                self.accepted = self.accepted.saturating_add(count);
                if self.accepted >= self.length {
                    self.todo = Todo::Flush;
                }
            }
            (Todo::Write | Todo::Flush, Err(error)) => return Err(self.unwritten(error)),
            (Todo::Flush, Ok(_)) => {
                self.overwrite();
                self.todo = Todo::Read;
                self.deadline = now.after(self.settings.first_byte).min(self.whole);
            }
            (Todo::Read, Ok(count)) => return self.read(piece.get(..count).unwrap_or(&[]), count),
            (Todo::Read, Err(Some(kind))) => return Err(Loss::After(Cause::ReadFailed(kind))),
            (Todo::Read, Err(None)) if self.deadline < self.whole => {
                return Err(Loss::After(Cause::FirstByteTimedOut));
            }
            (Todo::Read, Err(None)) => return Err(Loss::After(Cause::WholeTimedOut)),
        }
        Ok(Step::More)
    }

    fn read(&mut self, bytes: &[u8], count: usize) -> Result<Step, Loss> {
        let broken = |fault| Loss::After(Cause::Answer(fault));
        if count == 0 {
            self.reading.end().map_err(broken)?;
        }
        let step = self.reading.feed(bytes, self.buffer).map_err(broken)?;
        if self.reading.has_begun() {
            self.deadline = self.whole;
        }
        Ok(step)
    }

    /// The request was not written, by an error or by the deadline.
    fn unwritten(&self, error: Option<ErrorKind>) -> Loss {
        let takes_nothing = self.settings.failed_write_takes_nothing;
        let nothing = matches!(self.state, State::Calling) || (self.accepted == 0 && takes_nothing);
        match error {
            Some(kind) if nothing => Loss::Before(NotSent::WriteFailed(kind)),
            None if nothing => Loss::Before(NotSent::WriteTimedOut),
            Some(kind) => Loss::After(Cause::WriteFailed(kind)),
            None => Loss::After(Cause::WriteTimedOut),
        }
    }

    /// Ends with what came of the request.
    pub fn end(&mut self, end: Result<(), Loss>) -> Delivery<'_> {
        self.overwrite();
        if let Err(loss) = end {
            self.state = State::Ended(Ended::Failed);
            return match loss {
                Loss::Before(cause) => Delivery::NotSent(cause),
                Loss::After(cause) => Delivery::MaybeSent(MaybeSent { cause, accepted: self.accepted }),
            };
        }
        self.is_kept = true;
        self.state = match self.reading.reuse() {
            Reuse::Close(reason) => State::Ended(Ended::Closed(reason)),
            Reuse::KeepAlive if !self.keep_alive => State::Ended(Ended::Closed(CloseReason::WeAsked)),
            Reuse::KeepAlive => State::Ready,
        };
        let body = self.buffer.get(..self.reading.length()).unwrap_or(&[]);
        Delivery::Answered { status: self.reading.status(), body }
    }

    fn overwrite(&mut self) {
        self.buffer.get_mut(..self.length).unwrap_or(&mut []).zeroize();
        self.length = 0;
    }
}

impl Drop for Exchange<'_> {
    fn drop(&mut self) {
        self.overwrite();
    }
}
