//! The chunked transfer coding, byte by byte.

use super::Fault;
use super::request::{is_field_byte, is_token};

/// Most digits of a chunk's size: what fits 32 bits has no more, leading zeros aside.
pub const CHUNK_SIZE_DIGITS_MAX: u8 = 8;
/// Most bytes of the extensions of all chunks of an answer. They mean nothing here, and a peer could send them for
/// ever.
pub const CHUNK_EXTENSIONS_MAX: u16 = 1024;
/// Most bytes of all trailers of an answer. They mean nothing here.
pub const TRAILERS_MAX: u16 = 1024;

/// What one byte was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunk {
    /// A part of the coding.
    Coding,
    /// The next so many bytes are the body's.
    Data(u32),
    /// The last byte of the answer.
    End,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Decoder {
    state: State,
    size: u32,
    digits: u8,
    extensions: u16,
    trailers: u16,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Size,
    /// Spaces between a size and its extension: they need one.
    Space,
    Extension,
    SizeLf,
    DataCr,
    DataLf,
    TrailerStart,
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
}

impl Decoder {
    pub fn new() -> Self {
        Decoder { state: State::Size, size: 0, digits: 0, extensions: 0, trailers: 0 }
    }

    /// Takes one byte that is not the body's.
    pub fn take(&mut self, byte: u8) -> Result<Chunk, Fault> {
        self.state = match self.state {
            State::Size => self.take_size(byte)?,
            State::Space => self.take_space(byte)?,
            State::Extension => self.take_extension(byte)?,
            State::SizeLf => return self.end_size(byte),
            State::DataCr if byte == b'\r' => State::DataLf,
            State::DataCr => return Err(Fault::BadChunkEnd),
            State::DataLf if byte == b'\n' => {
                (self.size, self.digits) = (0, 0);
                State::Size
            }
            State::DataLf => return Err(Fault::BareCr),
            State::TrailerStart if byte == b'\r' => State::LastLf,
            State::TrailerStart | State::TrailerName | State::TrailerValue => self.take_trailer(byte)?,
            State::TrailerLf if byte == b'\n' => State::TrailerStart,
            State::LastLf if byte == b'\n' => return Ok(Chunk::End),
            State::TrailerLf | State::LastLf => return Err(Fault::BareCr),
        };
        Ok(Chunk::Coding)
    }

    fn take_size(&mut self, byte: u8) -> Result<State, Fault> {
        if let Some(digit) = char::from(byte).to_digit(16) {
            if self.digits == CHUNK_SIZE_DIGITS_MAX {
                return Err(Fault::BadChunkSize);
            }
            self.digits = self.digits.saturating_add(1);
            self.size = (self.size << 4) | digit;
            return Ok(State::Size);
        }
        match byte {
            _ if self.digits == 0 => Err(Fault::BadChunkSize),
            b'\r' => Ok(State::SizeLf),
            b'\n' => Err(Fault::BareLf),
            b' ' | b'\t' => self.count_extension(State::Space),
            b';' => self.count_extension(State::Extension),
            _ => Err(Fault::BadChunkSize),
        }
    }

    fn take_space(&mut self, byte: u8) -> Result<State, Fault> {
        match byte {
            b' ' | b'\t' => self.count_extension(State::Space),
            b';' => self.count_extension(State::Extension),
            _ => Err(Fault::BadChunkSize),
        }
    }

    fn take_extension(&mut self, byte: u8) -> Result<State, Fault> {
        match byte {
            b'\r' => Ok(State::SizeLf),
            b'\n' => Err(Fault::BareLf),
            _ if !is_field_byte(byte) => Err(Fault::BadChunkExtension),
            _ => self.count_extension(State::Extension),
        }
    }

    fn count_extension(&mut self, next: State) -> Result<State, Fault> {
        if self.extensions == CHUNK_EXTENSIONS_MAX {
            return Err(Fault::ChunkExtensionsTooLong);
        }
        self.extensions = self.extensions.saturating_add(1);
        Ok(next)
    }

    fn end_size(&mut self, byte: u8) -> Result<Chunk, Fault> {
        if byte != b'\n' {
            return Err(Fault::BareCr);
        }
        if self.size == 0 {
            self.state = State::TrailerStart;
            return Ok(Chunk::Coding);
        }
        self.state = State::DataCr;
        Ok(Chunk::Data(self.size))
    }

    fn take_trailer(&mut self, byte: u8) -> Result<State, Fault> {
        if self.trailers == TRAILERS_MAX {
            return Err(Fault::TrailersTooLong);
        }
        self.trailers = self.trailers.saturating_add(1);
        match (self.state, byte) {
            (State::TrailerStart, b' ' | b'\t') => Err(Fault::FoldedHeader),
            (_, b'\n') => Err(Fault::BareLf),
            (State::TrailerName, b':') => Ok(State::TrailerValue),
            (State::TrailerStart | State::TrailerName, _) if is_token(byte) => Ok(State::TrailerName),
            (State::TrailerValue, b'\r') => Ok(State::TrailerLf),
            (State::TrailerValue, _) if is_field_byte(byte) => Ok(State::TrailerValue),
            _ => Err(Fault::BadTrailer),
        }
    }
}
