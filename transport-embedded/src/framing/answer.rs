//! Reads one answer from pieces of any size.

use core::fmt;

use super::reading::Reading;
use super::{Fault, Reuse};

/// Most interim answers (1xx) that are skipped before the answer. Servers send one, if any.
pub const INTERIM_MAX: u8 = 4;

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

/// Reads one answer; its body goes into the caller's buffer, which need not hold anything else. A head is never taken
/// above [`HEAD_MAX`](super::HEAD_MAX).
///
/// The bytes decide, not the pieces they come in: any split gives the same result. `Debug` does not show them.
pub struct AnswerReader<'b> {
    buffer: &'b mut [u8],
    reading: Reading,
}

impl<'b> AnswerReader<'b> {
    /// A reader that has seen nothing yet. What is in the buffer is overwritten.
    pub fn new(buffer: &'b mut [u8]) -> Self {
        AnswerReader { buffer, reading: Reading::new() }
    }

    /// Takes the next bytes, all of them. After a fault every further call says the same fault.
    ///
    /// Bytes after the end are [`Fault::Surplus`] where the connection stays open, and ignored where it does not.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Step, Fault> {
        self.reading.feed(bytes, self.buffer);
        self.reading.step()
    }

    /// The connection ended. `Ok` only if the answer was complete before.
    pub fn end(&self) -> Result<(), Fault> {
        if self.reading.is_complete() { Ok(()) } else { Err(self.reading.fault_at_end()) }
    }

    /// Whether a first byte has come, be it of an interim answer.
    pub fn has_begun(&self) -> bool {
        self.reading.has_begun()
    }

    /// The answer; `None` if it is not complete, or if a fault was found in it.
    pub fn into_answer(self) -> Option<Answer<'b>> {
        let AnswerReader { buffer, reading } = self;
        let buffer: &'b [u8] = buffer;
        let body = buffer.get(..reading.length()).filter(|_| reading.is_complete())?;
        Some(Answer { status: reading.status(), body, reuse: reading.reuse() })
    }
}

impl fmt::Debug for AnswerReader<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("AnswerReader")
            .field("length", &self.reading.length())
            .field("state", &self.reading.state)
            .finish_non_exhaustive()
    }
}
