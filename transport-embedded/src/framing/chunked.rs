//! The lines between the chunks of the chunked transfer coding.

use super::Fault;
use super::reading::{Reading, State};
use super::request::is_field_byte;

/// Most digits of a chunk's size: what fits 32 bits has no more, leading zeros aside.
pub const CHUNK_SIZE_DIGITS_MAX: u8 = 8;
/// Most bytes of the extensions of all chunks of an answer. They mean nothing here, and a peer could send them for
/// ever.
pub const CHUNK_EXTENSIONS_MAX: u16 = 1024;
/// Most bytes of all trailers of an answer, with the empty line behind them. They mean nothing here.
pub const TRAILERS_MAX: u16 = 1024;

impl Reading {
    /// Takes a byte of the line before a chunk: its size, and extensions.
    pub(super) fn take_of_chunk_line(&mut self, byte: u8) -> Result<State, Fault> {
        let next = match (self.state, byte) {
            (State::ChunkExtension, _) if is_field_byte(byte) => State::ChunkExtension,
            (State::ChunkExtension, _) => return Err(Fault::BadChunkExtension),
            (State::ChunkSize, _) if byte.is_ascii_hexdigit() => return self.take_digit(byte),
            _ if self.digits == 0 => return Err(Fault::BadChunkSize),
            (_, b' ' | b'\t') => State::ChunkSpace,
            (_, b';') => State::ChunkExtension,
            _ => return Err(Fault::BadChunkSize),
        };
        self.spend(Fault::ChunkExtensionsTooLong)?;
        Ok(next)
    }

    fn take_digit(&mut self, byte: u8) -> Result<State, Fault> {
        if self.digits == CHUNK_SIZE_DIGITS_MAX {
            return Err(Fault::BadChunkSize);
        }
        self.digits = self.digits.saturating_add(1);
        self.left = (self.left << 4) | char::from(byte).to_digit(16).unwrap_or(0);
        Ok(State::ChunkSize)
    }
}
