//! The part of the flash that the journal has: pages and words.

use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;

use super::entry::FIXED;
use crate::journal::RECORD_MARK;

/// Pages are numbered from 1 without end; page `n` lies in place `n % pages`. So the wear is even, and a page's place
/// says which numbers it can have.
#[repr(C)]
pub struct Region<F> {
    start: u32,
    pub pages: u32,
    pub flash: F,
}

impl<F: NorFlash> Region<F> {
    /// What is written at once. Reads are aligned to it too.
    pub const WORD: usize = if F::WRITE_SIZE > F::READ_SIZE { F::WRITE_SIZE } else { F::READ_SIZE };
    pub const PAGE: u32 = F::ERASE_SIZE as u32;
    /// A head without a sale, and a mark: a `Finished` or a `Released`.
    pub const SHORT: u32 = Self::padded(FIXED) + Self::padded(RECORD_MARK.len());

    pub fn new(flash: F, range: Range<u32>) -> Self {
        let pages = range.end.saturating_sub(range.start).checked_div(Self::PAGE).unwrap_or(0);
        Region { flash, start: range.start, pages }
    }

    /// A length in whole words, which are a power of two. No length is longer than a body's field can say.
    pub const fn padded(length: usize) -> u32 {
        let rest = Self::WORD.wrapping_sub(1);
        (length.wrapping_add(rest) & !rest) as u32
    }

    /// The place in which a page lies.
    pub fn place(&self, page: u32) -> u32 {
        page.checked_rem(self.pages).unwrap_or(0)
    }

    #[inline(never)]
    pub fn address(&self, page: u32, at: u32) -> u32 {
        self.start.wrapping_add(self.place(page).wrapping_mul(Self::PAGE)).wrapping_add(at)
    }
}
