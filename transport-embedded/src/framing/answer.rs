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
    /// The head, once it was read.
    head: Head,
    decoder: Decoder,
    /// Bytes of the body, or of its chunk, that are still to come.
    left: u32,
    interim: u8,
    begun: bool,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Head,
    Body,
    Chunks,
    Complete,
    Broken(Fault),
}

impl<'b> AnswerReader<'b> {
    /// A reader that has seen nothing yet. What is in the buffer is overwritten.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        AnswerReader {
            buffer,
            length: 0,
            state: State::Head,
            head: Head::NONE,
            decoder: Decoder::new(),
            left: 0,
            interim: 0,
            begun: false,
        }
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
            State::Complete => Ok(Step::Complete),
            State::Broken(fault) => Err(fault),
            _ => Ok(Step::More),
        }
    }

    /// The connection ended. `Ok` only if the answer was complete before.
    pub fn end(&self) -> Result<(), Fault> {
        match self.state {
            State::Complete => Ok(()),
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
        let State::Complete = self.state else { return None };
        let buffer: &'b [u8] = self.buffer;
        Some(Answer { status: self.head.status, body: buffer.get(..self.length)?, reuse: self.head.reuse })
    }

    /// Takes at least one byte, and gives back what it did not take.
    fn advance<'r>(&mut self, bytes: &'r [u8]) -> Result<&'r [u8], Fault> {
        let Some((byte, rest)) = bytes.split_first() else { return Ok(bytes) };
        match self.state {
            State::Head => self.take_head(*byte).map(|()| rest),
            State::Body => {
                let rest = self.take_body(bytes)?;
                self.end_body();
                Ok(rest)
            }
            State::Chunks if self.left > 0 => self.take_body(bytes),
            State::Chunks => {
                match self.decoder.take(*byte)? {
                    Chunk::Coding => {}
                    Chunk::Data(left) => self.expect(left)?,
                    Chunk::End => self.state = State::Complete,
                }
                Ok(rest)
            }
            State::Complete if self.head.reuse != Reuse::KeepAlive => Ok(&[]),
            State::Complete => Err(Fault::Surplus),
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
        self.head = head::read(self.buffer.get(..self.length).unwrap_or(&[]))?;
        self.length = 0;
        if self.head.status == 101 {
            return Err(Fault::SwitchedProtocols);
        }
        if self.head.status < 200 {
            if self.interim == INTERIM_MAX {
                return Err(Fault::TooManyInterim);
            }
            self.interim = self.interim.saturating_add(1);
            return Ok(());
        }
        match self.head.framing {
            Framing::Length(left) => {
                self.expect(left)?;
                self.state = State::Body;
                self.end_body();
            }
            Framing::Chunked => self.state = State::Chunks,
        }
        Ok(())
    }

    /// So many bytes of the body come next, if there is room for them.
    fn expect(&mut self, wanted: u32) -> Result<(), Fault> {
        let room = self.buffer.len().saturating_sub(self.length);
        if usize::try_from(wanted).is_ok_and(|wanted| wanted <= room) {
            self.left = wanted;
            Ok(())
        } else {
            Err(Fault::BodyTooLong)
        }
    }

    /// Copies what is there of the body, and gives back what it did not take.
    fn take_body<'r>(&mut self, bytes: &'r [u8]) -> Result<&'r [u8], Fault> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let (data, rest) = bytes.split_at_checked(wanted).ok_or(Fault::BodyTooLong)?;
        let end = self.length.saturating_add(wanted);
        let place = self.buffer.get_mut(self.length..end).ok_or(Fault::BodyTooLong)?;
        copy(data, place).ok_or(Fault::BodyTooLong)?;
        self.length = end;
        self.left = self.left.saturating_sub(u32::try_from(wanted).unwrap_or(self.left));
        Ok(rest)
    }

    fn end_body(&mut self) {
        if self.left == 0 {
            self.state = State::Complete;
        }
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
