//! One request and its answer, without I/O: what is to be done with the stream next, and what came of it.

use caas_core::time::Instant;
use embedded_io_async::ErrorKind;
use zeroize::Zeroize;

use super::Settings;
use super::deadline::Patience;
use crate::delivery::{Cause, NotSent};
use crate::framing::{Reading, Request, RequestFault, Step};

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

/// What of a request was handed to the stream.
#[derive(Clone, Copy)]
pub enum Handed {
    Nothing,
    /// `write` was called; it said that it took so much, all calls together.
    Some {
        accepted: usize,
    },
}

/// What the stream said: so many bytes, an error, or nothing in time.
pub type Came = Result<usize, Option<ErrorKind>>;

/// Why there is no answer.
pub enum Loss {
    Before(NotSent),
    After(Cause),
}

/// One request under way. However it ends, and when it is dropped, the request is overwritten: it may hold a password.
pub struct Exchange<'b> {
    pub todo: Todo,
    pub handed: Handed,
    /// Of what is done now.
    pub deadline: Instant,
    pub reading: Reading,
    /// First the request, then the body of the answer.
    buffer: &'b mut [u8],
    /// Of the request, or of what was written of it; 0 once it is overwritten.
    length: usize,
    whole: Instant,
}

impl<'b> Exchange<'b> {
    /// Writes the request to the start of the buffer.
    pub fn new(
        buffer: &'b mut [u8],
        request: &Request<'_>,
        start: Instant,
        settings: &Settings,
    ) -> Result<Self, RequestFault> {
        let (whole, length) = (start.after(settings.whole), buffer.len());
        let mut exchange = Exchange {
            todo: Todo::Write,
            handed: Handed::Nothing,
            deadline: start.after(settings.write).min(whole),
            reading: Reading::new(),
            buffer,
            length,
            whole,
        };
        exchange.length = request.write(exchange.buffer)?;
        Ok(exchange)
    }

    pub fn patience(&self) -> Patience {
        if self.todo == Todo::Listen { Patience::None } else { Patience::UntilDeadline }
    }

    /// What of the request is not accepted yet.
    pub fn rest(&self) -> &[u8] {
        self.buffer.get(self.accepted()..self.length).unwrap_or(&[])
    }

    /// Bytes of the request that the stream said it took.
    pub fn accepted(&self) -> usize {
        match self.handed {
            Handed::Nothing => 0,
            Handed::Some { accepted } => accepted,
        }
    }

    /// Whether it is too late to begin what is to be done. A flush goes on: all that it needs is done.
    pub fn is_late(&self, now: Instant) -> bool {
        matches!(self.todo, Todo::Write | Todo::Read) && now >= self.deadline
    }

    /// Takes what the stream said, and what it gave.
    pub fn take(
        &mut self,
        came: Came,
        piece: &[u8],
        now: Instant,
        settings: &Settings,
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
            (Todo::Write, Ok(0)) => return Err(self.unwritten(Some(ErrorKind::WriteZero), settings)),
            (Todo::Write, Ok(count)) => {
                let accepted = self.accepted().saturating_add(count);
                self.handed = Handed::Some { accepted };
                if accepted >= self.length {
                    self.todo = Todo::Flush;
                }
            }
            (Todo::Write | Todo::Flush, Err(error)) => return Err(self.unwritten(error, settings)),
            (Todo::Flush, Ok(_)) => {
                self.overwrite();
                self.todo = Todo::Read;
                self.deadline = now.after(settings.first_byte).min(self.whole);
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
    fn unwritten(&self, error: Option<ErrorKind>, settings: &Settings) -> Loss {
        let nothing = match self.handed {
            Handed::Nothing => true,
            Handed::Some { accepted } => accepted == 0 && settings.failed_write_takes_nothing,
        };
        match error {
            Some(kind) if nothing => Loss::Before(NotSent::WriteFailed(kind)),
            None if nothing => Loss::Before(NotSent::WriteTimedOut),
            Some(kind) => Loss::After(Cause::WriteFailed(kind)),
            None => Loss::After(Cause::WriteTimedOut),
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
