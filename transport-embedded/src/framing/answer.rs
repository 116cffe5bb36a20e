//! Reads one answer from pieces of any size.

use core::fmt;

use super::chunked::{Chunk, Decoder};
use super::head::{self, Framing, HEAD_MAX, Head};
use super::{Fault, Reuse};
use crate::copying::copy;

/// Most interim answers (1xx) that are skipped before the answer. Servers send one, if any.
pub const INTERIM_MAX: u8 = 4;

const START: &[u8] = b"HTTP/1.";

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "an answer that is not complete is none"]
pub enum Step {
    /// More bytes are needed.
    More,
    /// It is complete.
    Complete,
}

/// A complete answer. `Debug` shows its length, never its text: it may name a payer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Answer<'b> {
    /// The status, 200 to 599.
    pub status: u16,
    /// The body, complete.
    pub body: &'b [u8],
    /// What the peer says of the connection.
    pub reuse: Reuse,
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Answer")
            .field("status", &self.status)
            .field("body_length", &self.body.len())
            .field("reuse", &self.reuse)
            .finish()
    }
}

/// Reads one answer into the caller's buffer: first its head, then, in the same place, its body. So the buffer must hold
/// the longer of the two; a head is never taken above [`HEAD_MAX`].
///
/// The bytes decide, not the pieces they come in: any split gives the same result. `Debug` does not show them.
pub struct AnswerReader<'b> {
    buffer: &'b mut [u8],
    length: usize,
    state: State,
    interim: u8,
    begun: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    Body { head: Head, left: u32 },
    Chunks { head: Head, decoder: Decoder, left: u32 },
    Complete(Head),
    Broken(Fault),
}

impl<'b> AnswerReader<'b> {
    /// A reader that has seen nothing yet. What is in the buffer is overwritten.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        AnswerReader { buffer, length: 0, state: State::Head, interim: 0, begun: false }
    }

    /// Takes the next bytes, all of them. After a fault every further call says the same fault.
    ///
    /// Bytes after the end are [`Fault::Surplus`] where the connection stays open, and ignored where it does not.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Step, Fault> {
        self.begun |= !bytes.is_empty();
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.advance(rest) {
                Ok(next) => rest = next,
                Err(fault) => {
                    self.state = State::Broken(fault);
                    return Err(fault);
                }
            }
        }
        match self.state {
            State::Complete(_) => Ok(Step::Complete),
            State::Broken(fault) => Err(fault),
            _ => Ok(Step::More),
        }
    }

    /// The connection ended. `Ok` only if the answer was complete before.
    pub fn end(&self) -> Result<(), Fault> {
        match self.state {
            State::Complete(_) => Ok(()),
            State::Broken(fault) => Err(fault),
            _ if self.begun => Err(Fault::EndWithinAnswer),
            _ => Err(Fault::EndBeforeAnswer),
        }
    }

    /// Whether a first byte has come, be it of an interim answer.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// The answer; `None` if it is not complete.
    pub fn into_answer(self) -> Option<Answer<'b>> {
        let State::Complete(head) = self.state else { return None };
        let buffer: &'b [u8] = self.buffer;
        Some(Answer { status: head.status, body: buffer.get(..self.length)?, reuse: head.reuse })
    }

    /// Takes at least one byte, and gives back what it did not take.
    fn advance<'r>(&mut self, bytes: &'r [u8]) -> Result<&'r [u8], Fault> {
        let Some((byte, rest)) = bytes.split_first() else { return Ok(bytes) };
        match self.state {
            State::Head => self.take_head(*byte).map(|()| rest),
            State::Body { head, left } => {
                let (left, rest) = self.take_body(bytes, left)?;
                self.state = State::body(head, left);
                Ok(rest)
            }
            State::Chunks { head, decoder, left } if left > 0 => {
                let (left, rest) = self.take_body(bytes, left)?;
                self.state = State::Chunks { head, decoder, left };
                Ok(rest)
            }
            State::Chunks { head, mut decoder, .. } => {
                self.state = match decoder.take(*byte)? {
                    Chunk::Coding => State::Chunks { head, decoder, left: 0 },
                    Chunk::Data(left) => {
                        self.check_room(left)?;
                        State::Chunks { head, decoder, left }
                    }
                    Chunk::End => State::Complete(head),
                };
                Ok(rest)
            }
            State::Complete(Head { reuse: Reuse::Close(_), .. }) => Ok(&[]),
            State::Complete(_) => Err(Fault::Surplus),
            State::Broken(fault) => Err(fault),
        }
    }

    fn take_head(&mut self, byte: u8) -> Result<(), Fault> {
        if START.get(self.length).is_some_and(|wanted| *wanted != byte) {
            return Err(Fault::NotHttp);
        }
        let before = self.buffer.get(..self.length).unwrap_or(&[]);
        match (before.last(), byte) {
            (Some(b'\r'), b'\n') => {}
            (Some(b'\r'), _) => return Err(Fault::BareCr),
            (_, b'\n') => return Err(Fault::BareLf),
            (Some(b'\n'), b' ' | b'\t') => return Err(Fault::FoldedHeader),
            _ => {}
        }
        let place = self.buffer.get_mut(self.length).filter(|_| self.length < HEAD_MAX);
        *place.ok_or(Fault::HeadTooLong)? = byte;
        self.length = self.length.saturating_add(1);
        let head = self.buffer.get(..self.length).unwrap_or(&[]);
        if head.ends_with(b"\r\n\r\n") { self.end_head() } else { Ok(()) }
    }

    fn end_head(&mut self) -> Result<(), Fault> {
        let head = head::read(self.buffer.get(..self.length).unwrap_or(&[]))?;
        self.length = 0;
        if head.status == 101 {
            return Err(Fault::SwitchedProtocols);
        }
        if head.status < 200 {
            if self.interim == INTERIM_MAX {
                return Err(Fault::TooManyInterim);
            }
            self.interim = self.interim.saturating_add(1);
            return Ok(());
        }
        self.state = match head.framing {
            Framing::Length(left) => {
                self.check_room(left)?;
                State::body(head, left)
            }
            Framing::Chunked => State::Chunks { head, decoder: Decoder::new(), left: 0 },
        };
        Ok(())
    }

    fn check_room(&self, wanted: u32) -> Result<(), Fault> {
        let room = self.buffer.len().saturating_sub(self.length);
        if usize::try_from(wanted).is_ok_and(|wanted| wanted <= room) {
            Ok(())
        } else {
            Err(Fault::BodyTooLong)
        }
    }

    /// Copies what is there of `left` bytes of the body; gives back what is left of both.
    fn take_body<'r>(&mut self, bytes: &'r [u8], left: u32) -> Result<(u32, &'r [u8]), Fault> {
        let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let (data, rest) = bytes.split_at_checked(wanted).ok_or(Fault::BodyTooLong)?;
        let end = self.length.saturating_add(wanted);
        let place = self.buffer.get_mut(self.length..end).ok_or(Fault::BodyTooLong)?;
        copy(data, place).ok_or(Fault::BodyTooLong)?;
        self.length = end;
        Ok((left.saturating_sub(u32::try_from(wanted).unwrap_or(left)), rest))
    }
}

impl fmt::Debug for AnswerReader<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AnswerReader")
            .field("length", &self.length)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl State {
    fn body(head: Head, left: u32) -> State {
        if left == 0 { State::Complete(head) } else { State::Body { head, left } }
    }
}
