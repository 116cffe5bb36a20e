//! The part of the flash that the journal has: pages, words, reading back.

use core::ops::Range;

use embedded_storage_async::nor_flash::NorFlash;

use super::entry::{FIXED, PIECE, is_blank};
use crate::copying::copy;
use crate::journal::{JournalError, RECORD_MARK};

/// Pages are numbered from 1 without end; page `n` lies in place `n % pages`. So the wear is even, and a page's place
/// says which numbers it can have.
pub struct Region<F> {
    flash: F,
    start: u32,
    pub pages: u32,
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

    pub fn into_flash(self) -> F {
        self.flash
    }

    /// A length in whole words.
    pub const fn padded(length: usize) -> u32 {
        length.div_ceil(Self::WORD).saturating_mul(Self::WORD) as u32
    }

    /// Up to [`PIECE`] bytes of a page, blank behind its end.
    pub async fn piece(&mut self, page: u32, at: u32) -> Result<[u8; PIECE], JournalError<F::Error>> {
        let mut bytes = [0xFF; PIECE];
        let there = usize::try_from(Self::PAGE.saturating_sub(at)).unwrap_or(0).min(PIECE);
        let address = self.address(page, at);
        if let Some(place) = bytes.get_mut(..there) {
            self.flash.read(address, place).await.map_err(JournalError::Storage)?;
        }
        Ok(bytes)
    }

    /// Writes up to [`PIECE`] bytes, filled up to a whole word with blank, and reads them back.
    pub async fn write(&mut self, page: u32, at: u32, bytes: &[u8]) -> Result<(), JournalError<F::Error>> {
        let mut piece = [0xFF; PIECE];
        let padded = usize::try_from(Self::padded(bytes.len())).unwrap_or(usize::MAX);
        if padded > PIECE {
            return Err(JournalError::NotARecord);
        }
        copy(bytes, &mut piece).ok_or(JournalError::NotARecord)?;
        let wanted = piece.get(..padded).unwrap_or(&[]);
        self.flash.write(self.address(page, at), wanted).await.map_err(JournalError::Storage)?;
        let found = self.piece(page, at).await?;
        if found.get(..padded) == Some(wanted) { Ok(()) } else { Err(JournalError::ReadBack) }
    }

    /// Erases a page and looks whether it is blank.
    pub async fn erase(&mut self, page: u32) -> Result<(), JournalError<F::Error>> {
        let start = self.address(page, 0);
        let end = start.saturating_add(Self::PAGE);
        self.flash.erase(start, end).await.map_err(JournalError::Storage)?;
        if self.is_blank_from(page, 0).await? { Ok(()) } else { Err(JournalError::ReadBack) }
    }

    pub async fn is_blank_from(&mut self, page: u32, mut at: u32) -> Result<bool, JournalError<F::Error>> {
        while at < Self::PAGE {
            if !is_blank(&self.piece(page, at).await?) {
                return Ok(false);
            }
            at = at.saturating_add(PIECE as u32);
        }
        Ok(true)
    }

    fn address(&self, page: u32, at: u32) -> u32 {
        let place = page.checked_rem(self.pages).unwrap_or(0);
        self.start.saturating_add(place.saturating_mul(Self::PAGE)).saturating_add(at)
    }
}
