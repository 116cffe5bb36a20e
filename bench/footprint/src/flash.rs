//! A NOR flash in RAM, of pages of 4 KB and words of 4 bytes.

use core::hint::black_box;

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};

/// So many pages does a journal of 4 places need.
pub const PAGES: usize = 6;
const PAGE: usize = 4096;
/// Bytes of the flash.
pub const BYTES: u32 = (PAGES * PAGE) as u32;

/// The flash. Its bits are kept the other way round: blank is zero.
pub struct RamFlash([u8; PAGES * PAGE]);

#[allow(clippy::new_without_default, reason = "it is for statics")]
impl RamFlash {
    /// A blank one.
    pub const fn new() -> Self {
        RamFlash([0; PAGES * PAGE])
    }

    fn part(&mut self, from: u32, length: usize) -> Result<&mut [u8], NorFlashErrorKind> {
        let from = from as usize;
        let part = from.checked_add(length).and_then(|to| self.0.get_mut(from..to));
        part.ok_or(NorFlashErrorKind::OutOfBounds)
    }
}

impl ErrorType for RamFlash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for RamFlash {
    const READ_SIZE: usize = 4;

    #[inline(never)]
    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        let length = bytes.len();
        for (to, from) in bytes.iter_mut().zip(self.part(offset, length)?) {
            *to = !*from;
        }
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for RamFlash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE;

    #[inline(never)]
    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        let length = to.checked_sub(from).ok_or(NorFlashErrorKind::OutOfBounds)?;
        for byte in self.part(from, length as usize)? {
            // A flash erases itself: no function that fills memory is counted as its user's.
            *byte = black_box(0);
        }
        Ok(())
    }

    #[inline(never)]
    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        for (to, from) in self.part(offset, bytes.len())?.iter_mut().zip(bytes) {
            *to |= !*from;
        }
        Ok(())
    }
}
