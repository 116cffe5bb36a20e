//! An answer, byte by byte. Nothing is looked at twice, so only the body needs room.

use super::answer::{INTERIM_MAX, Step};
use super::chunked::TRAILERS_MAX;
use super::head::{Field, Framing, HEAD_MAX, HEADERS_MAX, Head};
use super::request::{is_field_byte, is_token};
use super::word::Word;
use super::{Fault, Reuse};

/// What an answer begins with.
const START: &[u8] = b"HTTP/1.";
/// Bytes of a status line up to the end of its status.
const STATUS_END: usize = 12;

/// How far an answer is.
pub(crate) struct Reading {
    pub(super) state: State,
    /// The last byte was a CR: a LF ends the line.
    is_at_cr: bool,
    has_begun: bool,
    /// The lines are those behind the last chunk.
    in_trailers: bool,
    interim: u8,
    /// Bytes of the status line, and then headers.
    count: usize,
    /// Bytes that may still come: of a head, of chunk extensions, of trailers.
    pub(super) room: usize,
    field: Field,
    word: Word,
    head: Head,
    /// Digits of a chunk's size.
    pub(super) digits: u8,
    /// Bytes of the body, or of its chunk, that are still to come.
    pub(super) left: u32,
    /// Bytes of the body that came.
    length: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    StatusLine,
    Reason,
    LineStart,
    Name,
    Value,
    /// Of the body, as many as are left.
    Data,
    ChunkSize,
    /// Spaces between a size and its extension: they need one.
    ChunkSpace,
    ChunkExtension,
    /// The end of the line behind a chunk.
    ChunkEnd,
    Complete,
    Broken(Fault),
}

impl Reading {
    /// Before the first byte.
    pub const fn new() -> Self {
        Reading {
            state: State::StatusLine,
            is_at_cr: false,
            has_begun: false,
            in_trailers: false,
            interim: 0,
            count: 0,
            room: HEAD_MAX,
            field: Field::Other,
            word: Word::NONE,
            head: Head::NONE,
            digits: 0,
            left: 0,
            length: 0,
        }
    }

    /// Takes the next bytes, all of them, and puts what of them is the body into the buffer, always the same.
    pub fn feed(&mut self, bytes: &[u8], buffer: &mut [u8]) -> Result<Step, Fault> {
        for byte in bytes {
            self.has_begun = true;
            if let Err(fault) = self.take(*byte, buffer) {
                self.state = State::Broken(fault);
                break;
            }
        }
        match self.state {
            State::Complete => Ok(Step::Complete),
            State::Broken(fault) => Err(fault),
            _ => Ok(Step::More),
        }
    }

    /// What is wrong with an answer that ends here; nothing if it is complete.
    pub fn end(&self) -> Result<(), Fault> {
        match self.state {
            State::Complete => Ok(()),
            State::Broken(fault) => Err(fault),
            _ if self.has_begun => Err(Fault::EndWithinAnswer),
            _ => Err(Fault::EndBeforeAnswer),
        }
    }

    pub fn has_begun(&self) -> bool {
        self.has_begun
    }

    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    pub fn status(&self) -> u16 {
        self.head.status
    }

    pub fn reuse(&self) -> Reuse {
        self.head.reuse()
    }

    /// Bytes of the body, which stand at the start of the buffer.
    pub fn length(&self) -> usize {
        self.length
    }

    fn take(&mut self, byte: u8, buffer: &mut [u8]) -> Result<(), Fault> {
        match self.state {
            State::Data => self.take_data(byte, buffer),
            State::Complete if self.head.reuse() == Reuse::KeepAlive => Err(Fault::Surplus),
            State::Complete => Ok(()),
            State::Broken(fault) => Err(fault),
            _ => self.take_of_line(byte, buffer.len()),
        }
    }

    fn take_data(&mut self, byte: u8, buffer: &mut [u8]) -> Result<(), Fault> {
        *buffer.get_mut(self.length).ok_or(Fault::BodyTooLong)? = byte;
        self.length = self.length.saturating_add(1);
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.state = if self.head.is_chunked() { State::ChunkEnd } else { State::Complete };
        }
        Ok(())
    }

    /// Takes a byte of a head, of the lines between chunks, or of the trailers. Inlined, it would take more flash.
    #[inline(never)]
    fn take_of_line(&mut self, byte: u8, buffer_length: usize) -> Result<(), Fault> {
        if matches!(
            self.state,
            State::StatusLine | State::Reason | State::LineStart | State::Name | State::Value
        ) {
            self.spend(if self.in_trailers { Fault::TrailersTooLong } else { Fault::HeadTooLong })?;
        }
        if self.is_at_cr {
            self.is_at_cr = false;
            return if byte == b'\n' { self.end_line(buffer_length) } else { Err(Fault::BareCr) };
        }
        self.state = match (self.state, byte) {
            (State::StatusLine, _) if self.count < STATUS_END => return self.take_status(byte),
            (State::StatusLine, b' ') => State::Reason,
            (State::StatusLine, _) if byte != b'\r' => return Err(Fault::StatusLine),
            (_, b'\r') => {
                self.is_at_cr = true;
                return Ok(());
            }
            (State::ChunkEnd, _) => return Err(Fault::BadChunkEnd),
            (_, b'\n') => return Err(Fault::BareLf),
            (State::Reason, _) if is_field_byte(byte) => State::Reason,
            (State::Reason, _) => return Err(Fault::StatusLine),
            (State::LineStart, b' ' | b'\t') => return Err(Fault::FoldedHeader),
            (State::LineStart | State::Name, _) => self.take_of_name(byte)?,
            (State::Value, _) => self.take_of_value(byte)?,
            _ => self.take_of_chunk_line(byte)?,
        };
        Ok(())
    }

    /// One byte less may come of what has a limit.
    pub(super) fn spend(&mut self, too_long: Fault) -> Result<(), Fault> {
        self.room = self.room.checked_sub(1).ok_or(too_long)?;
        Ok(())
    }

    fn take_status(&mut self, byte: u8) -> Result<(), Fault> {
        let digit = byte.wrapping_sub(b'0');
        match START.get(self.count) {
            Some(wanted) if *wanted != byte => return Err(Fault::NotHttp),
            Some(_) => {}
            None if self.count == 7 && digit <= 1 => self.head.is_http_1_0 = digit == 0,
            None if self.count == 8 && byte == b' ' => {}
            None if self.count > 8 && digit <= 9 => {
                self.head.status = self.head.status.wrapping_mul(10).wrapping_add(digit.into());
            }
            None => return Err(Fault::StatusLine),
        }
        self.count = self.count.saturating_add(1);
        if self.count == STATUS_END && !(100..600).contains(&self.head.status) {
            return Err(Fault::StatusLine);
        }
        Ok(())
    }

    fn take_of_name(&mut self, byte: u8) -> Result<State, Fault> {
        if let State::LineStart = self.state {
            if self.count == HEADERS_MAX && !self.in_trailers {
                return Err(Fault::TooManyHeaders);
            }
            self.count = self.count.saturating_add(1);
            self.word.clear();
        }
        if is_token(byte) {
            self.word.take(byte);
            return Ok(State::Name);
        }
        match self.state {
            State::Name if byte == b':' => {
                self.field = if self.in_trailers { Field::Other } else { Field::named(self.word.as_bytes()) };
                self.word.clear();
                Ok(State::Value)
            }
            _ => Err(self.malformed()),
        }
    }

    fn take_of_value(&mut self, byte: u8) -> Result<State, Fault> {
        if !is_field_byte(byte) {
            return Err(self.malformed());
        }
        if byte == b',' {
            self.end_element()?;
        } else {
            self.word.take(byte);
        }
        Ok(State::Value)
    }

    fn end_element(&mut self) -> Result<(), Fault> {
        self.head.add(self.field, self.word.as_bytes())?;
        self.word.clear();
        Ok(())
    }

    fn malformed(&self) -> Fault {
        if self.in_trailers { Fault::BadTrailer } else { Fault::Header }
    }

    fn end_line(&mut self, buffer_length: usize) -> Result<(), Fault> {
        self.state = match self.state {
            State::StatusLine | State::Reason => {
                self.count = 0;
                State::LineStart
            }
            State::LineStart if self.in_trailers => State::Complete,
            State::LineStart => return self.end_head(buffer_length),
            State::Value => {
                self.end_element()?;
                State::LineStart
            }
            State::Name => return Err(self.malformed()),
            State::ChunkEnd => {
                (self.left, self.digits) = (0, 0);
                State::ChunkSize
            }
            _ if self.digits == 0 || matches!(self.state, State::ChunkSpace) => {
                return Err(Fault::BadChunkSize);
            }
            _ if self.left == 0 => {
                (self.in_trailers, self.room) = (true, TRAILERS_MAX.into());
                State::LineStart
            }
            _ => return self.expect(buffer_length),
        };
        Ok(())
    }

    fn end_head(&mut self, buffer_length: usize) -> Result<(), Fault> {
        let framing = self.head.framing()?;
        match self.head.status {
            101 => return Err(Fault::SwitchedProtocols),
            ..200 if self.interim == INTERIM_MAX => return Err(Fault::TooManyInterim),
            ..200 => {
                *self =
                    Reading { interim: self.interim.saturating_add(1), has_begun: true, ..Reading::new() };
                return Ok(());
            }
            _ => {}
        }
        match framing {
            Framing::Length(0) => self.state = State::Complete,
            Framing::Length(length) => {
                self.left = length;
                return self.expect(buffer_length);
            }
            Framing::Chunked => {
                (self.state, self.room) = (State::ChunkSize, super::CHUNK_EXTENSIONS_MAX.into());
            }
        }
        Ok(())
    }

    /// What is left of the body, or of its chunk, comes next, if there is room for it.
    fn expect(&mut self, buffer_length: usize) -> Result<(), Fault> {
        let room = buffer_length.saturating_sub(self.length);
        if usize::try_from(self.left).is_ok_and(|left| left <= room) {
            self.state = State::Data;
            Ok(())
        } else {
            Err(Fault::BodyTooLong)
        }
    }
}
