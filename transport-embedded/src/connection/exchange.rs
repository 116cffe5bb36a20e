//! Requests and their answers, one after the other, without I/O: what is to be done with the stream next, and what came
//! of it.

use caas_core::time::Millis;
use embedded_io_async::ErrorKind;
use zeroize::Zeroize;

use super::{Ended, PIECE, Settings};
use crate::delivery::{Cause, Delivery, MaybeSent, NotSent};
use crate::framing::{CloseReason, Reading, Request, Reuse, Step};

/// What is to be done with the stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd)]
pub enum Todo {
    /// To read without waiting. A connection that was kept may be closed meanwhile, or the peer may have said something
    /// nobody asked for: both can be known before the first byte is sent.
    Listen,
    /// This goes on after its deadline: all that it needs is done.
    Flush,
    Write,
    Read,
}

/// What the stream said: so many bytes, an error, or nothing in time.
pub type Came = Result<usize, Option<ErrorKind>>;

/// All of a connection but its stream. Times are those since the call began. A request is overwritten when it was written
/// or could not be, and at the latest when the connection is dropped: it may hold a password.
///
/// What is asked in each turn stands first, where instructions of two bytes reach it; what is cleared at once, together.
#[repr(C)]
pub struct Exchange<'b> {
    /// What is to be done with the stream next.
    pub todo: Todo,
    /// Whether a request was answered: the connection was kept.
    is_kept: bool,
    /// Why there is no further request. While a call is under way, what would be said if its future were dropped.
    pub ended: Option<Ended>,
    /// First the request, then the body of its answer.
    buffer: &'b mut [u8],
    pub settings: Settings,
    /// Of what is to be done.
    deadline: Millis,
    /// Of the request, or of what was written of it; 0 once it is overwritten.
    length: usize,
    /// Bytes of the request that the stream said it took, all writes together.
    accepted: usize,
    reading: Reading,
    /// What the stream gave last.
    pub piece: [u8; PIECE],
}

impl<'b> Exchange<'b> {
    pub fn new(buffer: &'b mut [u8], settings: Settings) -> Self {
        Exchange {
            settings,
            ended: None,
            is_kept: false,
            todo: Todo::Write,
            deadline: 0,
            buffer,
            length: 0,
            accepted: 0,
            piece: [0; PIECE],
            reading: Reading::new(),
        }
    }

    /// Begins with a request.
    pub fn begin(&mut self, request: &Request<'_>) -> Result<(), NotSent> {
        if let Some(ended) = self.ended {
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
        self.ended = Some(Ended::DroppedBeforeSending);
        self.accepted = 0;
        self.set_todo(Todo::Write, self.settings.write);
        if self.is_kept {
            self.set_todo(Todo::Listen, 0);
            self.reading = Reading::new();
        }
        Ok(())
    }

    fn set_todo(&mut self, todo: Todo, deadline: Millis) {
        self.todo = todo;
        self.deadline = deadline.min(self.settings.whole);
    }

    /// Until when it is to be done; `None` if it is too late for it.
    pub fn next(&mut self, elapsed: Millis) -> Option<Millis> {
        if self.todo >= Todo::Write && elapsed >= self.deadline {
            return None;
        }
        if self.todo > Todo::Listen {
            self.ended = Some(Ended::DroppedMaybeSent { accepted: self.accepted });
        }
        Some(self.deadline)
    }

    /// What of the request is not accepted yet.
    pub fn rest(&self) -> &[u8] {
        self.buffer.get(self.accepted..self.length).unwrap_or(&[])
    }

    /// Takes what the stream said; `None` if that ends the call without an answer.
    pub fn take(&mut self, came: Came, elapsed: Millis) -> Option<Step> {
        let Ok(count) = came else {
            if (self.todo, came) != (Todo::Listen, Err(None)) {
                return None;
            }
            self.set_todo(Todo::Write, self.settings.write);
            return Some(Step::More);
        };
        match self.todo {
            Todo::Flush => {
                self.overwrite();
                self.set_todo(Todo::Read, elapsed.saturating_add(self.settings.first_byte));
            }
            Todo::Write if count > 0 => {
                self.accepted = self.accepted.saturating_add(count);
                if self.accepted >= self.length {
                    self.todo = Todo::Flush;
                }
            }
            Todo::Read if count > 0 => {
                self.deadline = self.settings.whole;
                self.reading.feed(self.piece.get(..count).unwrap_or(&[]), self.buffer);
                return self.reading.step().ok();
            }
            _ => return None,
        }
        Some(Step::More)
    }

    /// The answer is complete.
    pub fn answered(&mut self, keep_alive: bool) -> Delivery<'_> {
        self.is_kept = true;
        self.ended = match self.reading.reuse() {
            Reuse::Close(reason) => Some(Ended::Closed(reason)),
            Reuse::KeepAlive if !keep_alive => Some(Ended::Closed(CloseReason::WeAsked)),
            Reuse::KeepAlive => None,
        };
        let body = self.buffer.get(..self.reading.length()).unwrap_or(&[]);
        Delivery::Answered { status: self.reading.status(), body }
    }

    /// There will be no answer, by what the stream said last.
    pub fn lost(&mut self, last: Came) -> Delivery<'static> {
        self.overwrite();
        let was_handed = self.ended != Some(Ended::DroppedBeforeSending);
        self.ended = Some(Ended::Failed);
        if was_handed && (self.accepted > 0 || !self.settings.failed_write_takes_nothing) {
            Delivery::MaybeSent(MaybeSent { cause: self.cause(last), accepted: self.accepted })
        } else {
            Delivery::NotSent(self.obstacle(last))
        }
    }

    /// Why nothing was sent.
    fn obstacle(&self, last: Came) -> NotSent {
        match (self.todo, last) {
            (Todo::Listen, Ok(0)) => NotSent::ClosedBefore,
            (Todo::Listen, Err(Some(kind))) => NotSent::BrokenBefore(kind),
            (Todo::Listen, _) => NotSent::AnsweredBefore,
            (_, Ok(_)) => NotSent::WriteFailed(ErrorKind::WriteZero),
            (_, Err(Some(kind))) => NotSent::WriteFailed(kind),
            (_, Err(None)) => NotSent::WriteTimedOut,
        }
    }

    /// Why there is no answer.
    fn cause(&self, last: Came) -> Cause {
        match (self.todo, last) {
            (Todo::Read, Ok(_)) => Cause::Answer(self.reading.fault_at_end()),
            (Todo::Read, Err(Some(kind))) => Cause::ReadFailed(kind),
            (Todo::Read, Err(None)) if self.deadline < self.settings.whole => Cause::FirstByteTimedOut,
            (Todo::Read, Err(None)) => Cause::WholeTimedOut,
            (_, Ok(_)) => Cause::WriteFailed(ErrorKind::WriteZero),
            (_, Err(Some(kind))) => Cause::WriteFailed(kind),
            (_, Err(None)) => Cause::WriteTimedOut,
        }
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
