//! The lines between the chunks of the chunked transfer coding.

use super::Fault;
use super::reading::{Reading, State};

/// Most digits of a chunk's size: what fits 32 bits has no more, leading zeros aside.
pub const CHUNK_SIZE_DIGITS_MAX: u8 = 8;
/// Most bytes of the extensions of all chunks of an answer. They mean nothing here, and a peer could send them for
/// ever.
pub const CHUNK_EXTENSIONS_MAX: u16 = 1024;
/// Most bytes of all trailers of an answer, with the empty line behind them. They mean nothing here.
pub const TRAILERS_MAX: u16 = 1024;

impl Reading {
    /// Takes a byte of a chunk's size, or of the spaces behind it, which need an extension behind them.
    pub(super) fn take_of_size(&mut self, byte: u8) -> Result<(), Fault> {
        match (char::from(byte).to_digit(16), byte) {
            (Some(digit), _) if self.count < CHUNK_SIZE_DIGITS_MAX => {
                self.count = self.count.wrapping_add(1);
                // Of the size before, which was used up, nothing is left.
                self.left = (self.left << 4) | digit;
                return Ok(());
            }
            (None, b' ' | b'\t') if self.count > 0 => self.count = u8::MAX,
            (None, b';') if self.count > 0 => self.state = State::ChunkExtension,
            _ => return Err(Fault::BadChunkSize),
        };
        self.spend()
    }
}
