//! An answer, byte by byte. Nothing is looked at twice, so only the body needs room.

use super::answer::{INTERIM_MAX, Step};
use super::characters::{TOKEN, is_field_byte};
use super::chunked::{CHUNK_EXTENSIONS_MAX, CHUNK_SIZE_DIGITS_MAX, TRAILERS_MAX};
use super::head::{Coding, HEAD_MAX, HEADERS_MAX, Head};
use super::word::{Meaning, Word};
use super::{Fault, Reuse};

/// The lowest status line, up to the end of its status.
const LOWEST: &[u8; STATUS_END] = b"HTTP/1.0 100";
/// How far above that each of its bytes may be.
const SPAN: &[u8; STATUS_END] = &[0, 0, 0, 0, 0, 0, 0, 1, 0, 4, 9, 9];
const STATUS_END: usize = 12;
/// Where the version's last digit stands.
const VERSION: u8 = 7;
/// The status in the lowest line.
const LOWEST_STATUS: u16 = 100;

/// A part of an answer that is made of lines.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// Bytes that may still come of it.
    room: u16,
    /// There is no room for a byte.
    too_long: Fault,
    /// A byte is none that may stand there.
    malformed: Fault,
}

/// A head until its status line ends. Behind that it is a header that is malformed.
const HEAD: Part = Part { room: HEAD_MAX as u16, too_long: Fault::HeadTooLong, malformed: Fault::StatusLine };
const EXTENSIONS: Part = Part {
    room: CHUNK_EXTENSIONS_MAX,
    too_long: Fault::ChunkExtensionsTooLong,
    malformed: Fault::BadChunkExtension,
};
const TRAILERS: Part =
    Part { room: TRAILERS_MAX, too_long: Fault::TrailersTooLong, malformed: Fault::BadTrailer };

/// How far an answer is. What is asked at every byte stands first, where instructions of two bytes reach it; all but the
/// part begins as zeros, without gaps, so that they are cleared at once.
#[repr(C)]
pub(crate) struct Reading {
    part: Part,
    pub(super) state: State,
    fault: Option<Fault>,
    /// The last byte was a CR: a LF ends the line.
    is_at_cr: bool,
    interim: u8,
    /// Of the part under way: bytes of the status line, headers, digits of a chunk's size.
    pub(super) count: u8,
    /// Which header's value comes.
    field: Meaning,
    head: Head,
    word: Word,
    /// Bytes of the body, or of its chunk, that are still to come.
    pub(super) left: u32,
    /// Bytes of the body that came.
    length: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum State {
    /// Up to the end of its status.
    StatusLine,
    /// Behind it: a space before the reason, or the line's end.
    StatusEnd,
    Reason,
    /// Of a header; the line begins with it.
    Name,
    Value,
    ChunkSize,
    ChunkExtension,
    /// The end of the line behind a chunk.
    ChunkEnd,
    /// The body, or a chunk, as many bytes as are left. The answer is complete when none is.
    Data,
}

impl Reading {
    /// Before the first byte.
    pub const fn new() -> Self {
        Reading {
            state: State::StatusLine,
            fault: None,
            is_at_cr: false,
            interim: 0,
            count: 0,
            field: Meaning::NONE,
            part: HEAD,
            word: Word::NONE,
            head: Head::NONE,
            left: 0,
            length: 0,
        }
    }

    /// Takes the next bytes, all of them, and puts what of them is the body into the buffer, always the same.
    #[inline(never)]
    pub fn feed(&mut self, bytes: &[u8], buffer: &mut [u8]) {
        for byte in bytes {
            if self.fault.is_none() {
                self.fault = match self.state {
                    State::Data => self.take_data(*byte, buffer),
                    _ => self.take(*byte, buffer.len()),
                }
                .err();
            }
        }
    }

    /// How far it is.
    pub fn step(&self) -> Result<Step, Fault> {
        match self.fault {
            Some(fault) => Err(fault),
            None if self.is_complete() => Ok(Step::Complete),
            None => Ok(Step::More),
        }
    }

    /// What is wrong with an answer that ends here, where it is not complete.
    pub fn fault_at_end(&self) -> Fault {
        self.fault.unwrap_or(if self.has_begun() { Fault::EndWithinAnswer } else { Fault::EndBeforeAnswer })
    }

    /// Whether a first byte has come.
    pub fn has_begun(&self) -> bool {
        self.part.room < HEAD.room || self.interim > 0
    }

    /// Whether the answer is whole. One in which a fault was found is none, whatever came before.
    pub fn is_complete(&self) -> bool {
        self.state == State::Data && self.left == 0 && self.fault.is_none()
    }

    pub fn status(&self) -> u16 {
        LOWEST_STATUS.wrapping_add(self.head.above_100)
    }

    pub fn reuse(&self) -> Reuse {
        self.head.reuse
    }

    /// Bytes of the body, which stand at the start of the buffer.
    pub fn length(&self) -> usize {
        self.length
    }

    #[inline(never)]
    fn take(&mut self, byte: u8, buffer_length: usize) -> Result<(), Fault> {
        if self.state <= State::Value {
            self.spend()?;
        }
        if self.is_at_cr {
            self.is_at_cr = false;
            return if byte == b'\n' { self.end_line(buffer_length) } else { Err(Fault::BareCr) };
        }
        match (self.state, byte) {
            (State::StatusLine, _) => self.take_status(byte),
            (_, b'\r') => {
                self.is_at_cr = true;
                Ok(())
            }
            (State::ChunkEnd, _) => Err(Fault::BadChunkEnd),
            (_, b'\n') => Err(Fault::BareLf),
            (State::Name, _) => self.take_of_name(byte),
            (State::ChunkSize, _) => self.take_of_size(byte),
            _ if !is_field_byte(byte) => Err(self.part.malformed),
            (State::Value, _) => self.take_of_value(byte),
            (State::ChunkExtension, _) => self.spend(),
            (State::StatusEnd, _) if byte != b' ' => Err(Fault::StatusLine),
            _ => {
                self.state = State::Reason;
                Ok(())
            }
        }
    }

    fn take_data(&mut self, byte: u8, buffer: &mut [u8]) -> Result<(), Fault> {
        if self.left == 0 {
            return if self.head.reuse == Reuse::KeepAlive { Err(Fault::Surplus) } else { Ok(()) };
        }
        *buffer.get_mut(self.length).ok_or(Fault::BodyTooLong)? = byte;
        self.length = self.length.saturating_add(1);
        self.left = self.left.saturating_sub(1);
        if self.left == 0 && self.head.coding == Coding::Chunked {
            self.state = State::ChunkEnd;
        }
        Ok(())
    }

    /// One byte less may come of what has a limit.
    pub(super) fn spend(&mut self) -> Result<(), Fault> {
        self.part.room = self.part.room.checked_sub(1).ok_or(self.part.too_long)?;
        Ok(())
    }

    fn take_status(&mut self, byte: u8) -> Result<(), Fault> {
        let at = usize::from(self.count);
        let (Some(low), Some(span)) = (LOWEST.get(at), SPAN.get(at)) else {
            return Err(Fault::StatusLine);
        };
        let above = byte.wrapping_sub(*low);
        if above > *span {
            return Err(if self.count < VERSION { Fault::NotHttp } else { Fault::StatusLine });
        }
        if self.count != VERSION {
            self.head.above_100 = self.head.above_100.wrapping_mul(10).wrapping_add(above.into());
        } else if above == 0 {
            self.head.set_http_1_0();
        }
        self.count = self.count.wrapping_add(1);
        if self.count == STATUS_END as u8 {
            self.state = State::StatusEnd;
        }
        Ok(())
    }

    fn take_of_name(&mut self, byte: u8) -> Result<(), Fault> {
        if self.word.is_empty() {
            if byte == b' ' || byte == b'\t' {
                return Err(Fault::FoldedHeader);
            }
            if self.count == HEADERS_MAX as u8 && !self.head.is_over {
                return Err(Fault::TooManyHeaders);
            }
            self.count = self.count.wrapping_add(1);
        } else if byte == b':' {
            self.field = if self.head.is_over { Meaning::NONE } else { self.word.meaning };
            self.word = Word::NONE;
            self.state = State::Value;
            return Ok(());
        }
        if !TOKEN.have(byte) {
            return Err(self.part.malformed);
        }
        self.word.take(byte);
        Ok(())
    }

    fn take_of_value(&mut self, byte: u8) -> Result<(), Fault> {
        if byte == b',' {
            return self.end_element();
        }
        self.word.take(byte);
        Ok(())
    }

    #[inline(never)]
    fn end_element(&mut self) -> Result<(), Fault> {
        self.head.add(self.field, &self.word, &mut self.left)?;
        self.word = Word::NONE;
        Ok(())
    }

    fn end_line(&mut self, buffer_length: usize) -> Result<(), Fault> {
        self.state = match self.state {
            State::StatusLine | State::StatusEnd | State::Reason => {
                (self.count, self.part.malformed) = (0, Fault::Header);
                State::Name
            }
            State::Name if !self.word.is_empty() => return Err(self.part.malformed),
            State::Name if self.head.is_over => State::Data,
            State::Name => return self.end_head(buffer_length),
            State::Value => {
                self.end_element()?;
                State::Name
            }
            State::ChunkEnd => {
                self.count = 0;
                State::ChunkSize
            }
            State::ChunkSize if self.count == 0 || self.count > CHUNK_SIZE_DIGITS_MAX => {
                return Err(Fault::BadChunkSize);
            }
            _ if self.left == 0 => {
                (self.head.is_over, self.part) = (true, TRAILERS);
                State::Name
            }
            _ => return self.expect(buffer_length),
        };
        Ok(())
    }

    fn end_head(&mut self, buffer_length: usize) -> Result<(), Fault> {
        // RFC 9112, 6.3, without the guesses that it allows.
        if self.head.coding == Coding::Chunked && self.head.has_length {
            return Err(Fault::LengthAndCoding);
        }
        match self.status() {
            101 => return Err(Fault::SwitchedProtocols),
            ..200 if self.interim == INTERIM_MAX => return Err(Fault::TooManyInterim),
            ..200 => {
                self.interim = self.interim.wrapping_add(1);
                (self.state, self.count, self.part) = (State::StatusLine, 0, HEAD);
                (self.head, self.left) = (Head::NONE, 0);
                return Ok(());
            }
            204 | 304 => self.left = 0,
            _ if self.head.coding == Coding::Chunked => {
                (self.state, self.count, self.part) = (State::ChunkSize, 0, EXTENSIONS);
                return Ok(());
            }
            _ if !self.head.has_length => return Err(Fault::EndNotMarked),
            _ => {}
        }
        self.expect(buffer_length)
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
