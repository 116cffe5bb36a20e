//! Goes through the entries of one page.

use embedded_storage_async::nor_flash::NorFlash;

use super::entry::{CRC, FIXED, HEAD_MAX, Head, Kind, PIECE, is_begun, is_blank};
use super::region::Region;
use crate::journal::{JournalError, RECORD_MARK};

/// A place in a page, and what stands there.
pub struct Entry {
    pub head: Head,
    pub at: u32,
    /// Whether its mark was begun: it was committed.
    pub committed: bool,
}

impl Entry {
    pub fn body_at<F: NorFlash>(&self) -> u32 {
        self.at.saturating_add(Region::<F>::padded(FIXED.saturating_add(self.head.sale.len())))
    }

    fn mark_at<F: NorFlash>(&self) -> u32 {
        self.body_at::<F>().saturating_add(Region::<F>::padded(self.head.body_length.into()))
    }

    pub fn end<F: NorFlash>(&self) -> u32 {
        self.mark_at::<F>().saturating_add(Region::<F>::padded(RECORD_MARK.len()))
    }

    pub fn size<F: NorFlash>(&self) -> u32 {
        self.end::<F>().saturating_sub(self.at)
    }

    /// Whether the body is what it was when the head was written.
    pub async fn is_sound<F: NorFlash>(
        &self,
        region: &mut Region<F>,
    ) -> Result<bool, JournalError<F::Error>> {
        let mut digest = CRC.digest();
        let mut left = usize::from(self.head.body_length);
        let mut at = self.body_at::<F>();
        while left > 0 {
            let piece = region.piece(self.head.page, at).await?;
            let count = left.min(PIECE);
            digest.update(piece.get(..count).unwrap_or(&[]));
            left = left.saturating_sub(count);
            at = at.saturating_add(PIECE as u32);
        }
        Ok(digest.finalize() == self.head.body_crc)
    }
}

/// Which numbers a page may have.
#[derive(Clone, Copy)]
pub enum Numbered {
    /// This one.
    Exactly,
    /// Any that belongs into this place.
    InPlace,
}

pub struct Walk {
    page: u32,
    numbered: Numbered,
    /// Behind the last entry; the page's end if nothing more can be written to it.
    pub at: u32,
    /// Entries whose heads cannot be read any more.
    pub damaged: u32,
}

impl Walk {
    pub fn new(page: u32, numbered: Numbered) -> Self {
        Walk { page, numbered, at: 0, damaged: 0 }
    }

    pub async fn next<F: NorFlash>(
        &mut self,
        region: &mut Region<F>,
    ) -> Result<Option<Entry>, JournalError<F::Error>> {
        loop {
            if self.at.saturating_add(Region::<F>::SHORT) > Region::<F>::PAGE {
                return Ok(None);
            }
            let piece = region.piece(self.page, self.at).await?;
            if piece.get(..FIXED).is_none_or(is_blank) {
                return Ok(None);
            }
            let head = Head::read(&piece).or_else(|| Head::mend(&piece));
            if let Some(mut entry) = head.and_then(|head| self.entry(region, head)) {
                let mark = region.piece(entry.head.page, entry.mark_at::<F>()).await?;
                entry.committed = mark.first_chunk().is_some_and(is_begun);
                self.at = entry.end::<F>();
                return Ok(Some(entry));
            }
            self.skip_damage(region).await?;
        }
    }

    /// A head that does not fit into this page is none.
    fn entry<F: NorFlash>(&self, region: &Region<F>, head: Head) -> Option<Entry> {
        let placed = match self.numbered {
            Numbered::Exactly => head.page == self.page,
            Numbered::InPlace => head.page.checked_rem(region.pages) == self.page.checked_rem(region.pages),
        };
        let entry = Entry { head, at: self.at, committed: false };
        let short = matches!(entry.head.kind, Kind::Finished | Kind::Released);
        let fits = entry.end::<F>() <= Region::<F>::PAGE && (!short || entry.head.body_length == 0);
        (placed && fits).then_some(entry)
    }

    /// Goes on at the next head. Without one, this is the end: a head that was begun when the power went, or, if more
    /// stands behind it than a head, an entry that was damaged.
    async fn skip_damage<F: NorFlash>(
        &mut self,
        region: &mut Region<F>,
    ) -> Result<(), JournalError<F::Error>> {
        let begun = self.at;
        loop {
            self.at = self.at.saturating_add(Region::<F>::padded(1));
            if self.at.saturating_add(Region::<F>::SHORT) > Region::<F>::PAGE {
                break;
            }
            let piece = region.piece(self.page, self.at).await?;
            if Head::read(&piece).and_then(|head| self.entry(region, head)).is_some() {
                self.damaged = self.damaged.saturating_add(1);
                return Ok(());
            }
        }
        let behind = begun.saturating_add(Region::<F>::padded(HEAD_MAX));
        if !region.is_blank_from(self.page, behind).await? {
            self.damaged = self.damaged.saturating_add(1);
        }
        self.at = Region::<F>::PAGE;
        Ok(())
    }
}
