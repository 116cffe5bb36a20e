//! Requests and their answers, one after the other, without I/O: what is to be done with the stream next, and what came
//! of it.

use caas_core::time::Millis;
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

/// All of a connection but its stream. Times are those since the call began. A request is overwritten when it was written
/// or could not be, and at the latest when the connection is dropped: it may hold a password.
pub struct Exchange<'b> {
    pub settings: Settings,
    /// Why there is no further request. While a call is under way, what would be said if its future were dropped.
    pub ended: Option<Ended>,
    /// Whether a request was answered: the connection was kept.
    is_kept: bool,
    /// What is to be done with the stream next.
    pub todo: Todo,
    /// Of what is to be done.
    deadline: Millis,
    /// First the request, then the body of its answer.
    buffer: &'b mut [u8],
    /// Of the request, or of what was written of it; 0 once it is overwritten.
    length: usize,
    /// Bytes of the request that the stream said it took, all writes together.
    accepted: usize,
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
        self.todo = if self.is_kept { Todo::Listen } else { Todo::Write };
        self.deadline = self.settings.write.min(self.settings.whole);
        Ok(())
    }

    /// Until when it is to be done; `None` if it is too late for it. A flush goes on: all that it needs is done.
    pub fn next(&mut self, elapsed: Millis) -> Option<Millis> {
        match self.todo {
            Todo::Listen => return Some(0),
            Todo::Write | Todo::Read if elapsed >= self.deadline => return None,
            _ => {}
        }
        self.ended = Some(Ended::DroppedMaybeSent { accepted: self.accepted });
        Some(self.deadline)
    }

    /// What of the request is not accepted yet.
    pub fn rest(&self) -> &[u8] {
        self.buffer.get(self.accepted..self.length).unwrap_or(&[])
    }

    /// Takes what the stream said, and what it gave.
    pub fn take(
        &mut self,
        came: Came,
        piece: &[u8],
        reading: &mut Reading,
        elapsed: Millis,
    ) -> Result<Step, Loss> {
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
                self.deadline = elapsed.saturating_add(self.settings.first_byte).min(self.settings.whole);
            }
            (Todo::Read, Ok(count)) => {
                let answer = |fault| Loss::After(Cause::Answer(fault));
                if count == 0 {
                    reading.end().map_err(answer)?;
                }
                self.deadline = self.settings.whole;
                return reading.feed(piece.get(..count).unwrap_or(&[]), self.buffer).map_err(answer);
            }
            (Todo::Read, Err(Some(kind))) => return Err(Loss::After(Cause::ReadFailed(kind))),
            (Todo::Read, Err(None)) if self.deadline < self.settings.whole => {
                return Err(Loss::After(Cause::FirstByteTimedOut));
            }
            (Todo::Read, Err(None)) => return Err(Loss::After(Cause::WholeTimedOut)),
        }
        Ok(Step::More)
    }

    /// The request was not written, by an error or by the deadline.
    fn unwritten(&self, error: Option<ErrorKind>) -> Loss {
        let was_handed = self.ended != Some(Ended::DroppedBeforeSending);
        let takes_nothing = self.settings.failed_write_takes_nothing;
        let nothing = !was_handed || (self.accepted == 0 && takes_nothing);
        match error {
            Some(kind) if nothing => Loss::Before(NotSent::WriteFailed(kind)),
            None if nothing => Loss::Before(NotSent::WriteTimedOut),
            Some(kind) => Loss::After(Cause::WriteFailed(kind)),
            None => Loss::After(Cause::WriteTimedOut),
        }
    }

    /// Ends with what came of the request.
    pub fn end(&mut self, end: Result<(), Loss>, reading: &Reading, keep_alive: bool) -> Delivery<'_> {
        self.overwrite();
        if let Err(loss) = end {
            self.ended = Some(Ended::Failed);
            return match loss {
                Loss::Before(cause) => Delivery::NotSent(cause),
                Loss::After(cause) => Delivery::MaybeSent(MaybeSent { cause, accepted: self.accepted }),
            };
        }
        self.is_kept = true;
        self.ended = match reading.reuse() {
            Reuse::Close(reason) => Some(Ended::Closed(reason)),
            Reuse::KeepAlive if !keep_alive => Some(Ended::Closed(CloseReason::WeAsked)),
            Reuse::KeepAlive => None,
        };
        let body = self.buffer.get(..reading.length()).unwrap_or(&[]);
        Delivery::Answered { status: reading.status(), body }
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
