//! A NOR flash chip of 64 KB in the surviving memory: pages of 4 KB, words of 4 bytes. Writing only clears bits, erasing
//! sets all bits of a page; each word is written in one go, and a reset may come between any two.

use core::fmt;

use embedded_storage_async::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};

use embassy_time::Timer;

use crate::surviving_memory::{self as memory, layout};

/// How long a write takes, and erasing a page: about what a chip's documents say, so that resets come in the middle too.
const WRITE_MS: u64 = 1;
const ERASE_MS: u64 = 20;
/// Bytes of a page.
pub const PAGE: usize = 4096;
/// Bytes of the chip.
pub const CAPACITY: usize = layout::FLASH_WORDS * 4;

/// The chip. There is one; whoever makes two of these must use them in different pages.
pub struct RamFlash;

/// The caller asked for something that the chip does not have.
#[derive(Clone, Copy)]
pub struct Misused(NorFlashErrorKind);

impl ErrorType for RamFlash {
    type Error = Misused;
}

impl ReadNorFlash for RamFlash {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Misused> {
        check(offset, bytes.len(), 1)?;
        for (byte, at) in bytes.iter_mut().zip(offset as usize..) {
            *byte = memory::read(layout::FLASH + at / 4).to_le_bytes()[at % 4];
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        CAPACITY
    }
}

impl NorFlash for RamFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Misused> {
        check(from, to.saturating_sub(from) as usize, PAGE)?;
        Timer::after_millis(ERASE_MS).await;
        for word in from as usize / 4..to as usize / 4 {
            memory::write(layout::FLASH + word, u32::MAX);
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Misused> {
        check(offset, bytes.len(), 4)?;
        Timer::after_millis(WRITE_MS).await;
        for (chunk, word) in bytes.chunks_exact(4).zip(offset as usize / 4..) {
            let mut value = [0; 4];
            value.copy_from_slice(chunk);
            let word = layout::FLASH + word;
            memory::write(word, memory::read(word) & u32::from_le_bytes(value));
        }
        Ok(())
    }
}

/// Whether a part of the chip begins and ends at multiples of `unit`, and within it.
fn check(offset: u32, length: usize, unit: usize) -> Result<(), Misused> {
    let offset = offset as usize;
    if !offset.is_multiple_of(unit) || !length.is_multiple_of(unit) {
        return Err(Misused(NorFlashErrorKind::NotAligned));
    }
    if length > CAPACITY || offset > CAPACITY - length {
        return Err(Misused(NorFlashErrorKind::OutOfBounds));
    }
    Ok(())
}

impl NorFlashError for Misused {
    fn kind(&self) -> NorFlashErrorKind {
        self.0
    }
}

impl fmt::Debug for Misused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}
