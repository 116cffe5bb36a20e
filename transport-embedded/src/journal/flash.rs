//! A journal in NOR flash.

mod entry;
mod index;
mod log;
mod region;
#[cfg(test)]
mod reservation;
mod walk;

use core::fmt;
use core::ops::Range;

use caas_core::charge::{RECORD_MAX, Record};
use caas_core::id::SaleId;
use caas_core::id_generator::Mark;
use embedded_storage_async::nor_flash::NorFlash;

use super::{Found, IdMark, Journal, JournalError, Newest, RECORD_MARK, mark_bytes, mark_from};
use entry::PIECE;
use log::Log;
use region::Region;

/// A journal in pages of NOR flash: `N` places, one of which is the id generator's; so up to `N` - 1 open charges.
///
/// - A record is written, read back, and committed by a mark that is written last. No word is written twice.
/// - Pages are used in turn, so they wear evenly; only the newest records of open charges are carried on.
/// - All open charges have room for their longest records, always: a further charge is refused before that.
/// - After a power cut at any byte the journal holds what it held before the interrupted call, or after it.
/// - One flipped bit anywhere changes nothing or is reported: see [`Newest::Damaged`] and
///   [`FlashJournal::unnamed_damage`].
///
/// It reads the flash at the first call, and again after a call that failed or whose future was dropped. It takes 90
/// bytes of RAM per place. A part of the flash keeps its journal only while `range` stays the same.
pub struct FlashJournal<F, const N: usize> {
    log: Log<F, N>,
}

/// Why a journal cannot be kept in this part of the flash. Whoever laid the flash out is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// The part does not begin and end at pages of the flash, or ends behind it.
    Range,
    /// A page is too short for the longest record, or no multiple of 64 bytes.
    PageTooShort,
    /// A word is longer than 32 bytes, or no power of two.
    Word,
    /// Fewer than 2 places: one charge and the id generator.
    TooFewPlaces,
    /// Too few pages.
    TooFewPages {
        /// So many are needed.
        needed: u32,
    },
}

impl<F: NorFlash, const N: usize> FlashJournal<F, N> {
    /// A journal in the part `range` of the flash, in bytes from its start. Whatever stands there that is no journal is
    /// overwritten when its page is needed. Nothing is read or written yet.
    pub fn new(flash: F, range: Range<u32>) -> Result<Self, Unfit> {
        let word = Region::<F>::WORD;
        if !word.is_power_of_two() || word > PIECE / 2 {
            return Err(Unfit::Word);
        }
        let page = Region::<F>::PAGE;
        let per_page = Self::longest_per_page().ok_or(Unfit::PageTooShort)?;
        let whole = |at: u32| at.checked_rem(page) == Some(0);
        let there = usize::try_from(range.end).is_ok_and(|end| end <= flash.capacity());
        if range.is_empty() || !whole(range.start) || !whole(range.end) || !there {
            return Err(Unfit::Range);
        }
        if N < 2 {
            return Err(Unfit::TooFewPlaces);
        }
        let region = Region::new(flash, range);
        let needed = Self::pages_needed(per_page);
        if region.pages < needed {
            return Err(Unfit::TooFewPages { needed });
        }
        Ok(FlashJournal { log: Log::new(region) })
    }

    /// Damaged entries whose charge cannot be told (two or more flipped bits in one head). If it is not 0, the records of
    /// all charges may be older than the newest: a person must look, and no new sale should be started. Counted when the
    /// flash is read; the count is gone when the page was given back.
    pub async fn unnamed_damage(&mut self) -> Result<u32, JournalError<F::Error>> {
        self.log.ready().await?;
        Ok(self.log.damaged)
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.log.region.into_flash()
    }

    /// How many entries of any length fit into a page at least; a `Released` may stand before them, and one behind.
    fn longest_per_page() -> Option<u32> {
        let usable = Region::<F>::PAGE.checked_sub(Region::<F>::SHORT.saturating_mul(2))?;
        let count = usable.checked_div(Log::<F, N>::longest())?;
        (count > 0 && F::ERASE_SIZE.is_multiple_of(PIECE)).then_some(count)
    }

    /// Pages for all newest records, with two damaged ones beside; one that is begun, one that is written to, one that is
    /// free.
    fn pages_needed(per_page: u32) -> u32 {
        let entries = u32::try_from(N).unwrap_or(u32::MAX).saturating_add(2);
        entries.div_ceil(per_page.max(1)).saturating_add(3)
    }

    /// The newest record of what stands in a place; reads the flash again if it was damaged meanwhile.
    async fn load<'b>(
        &mut self,
        position: Position,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Result<Option<Newest<'b>>, JournalError<F::Error>> {
        self.log.ready().await?;
        let newest = self.slot(position).filter(|slot| !slot.damaged).map(|slot| slot.newest);
        if let Some(newest) = newest
            && self.log.load(newest, buffer).await?.is_none()
        {
            self.log.forget();
            self.log.ready().await?;
        }
        let Some((damaged, place)) = self.slot(position).map(|slot| (slot.damaged, slot.sound())) else {
            return Ok(None);
        };
        let record = match place {
            Some(place) => self.log.load(place, buffer).await?,
            None => None,
        };
        Ok(Some(match record {
            Some(record) if !damaged => Newest::Whole(record),
            older => Newest::Damaged { older },
        }))
    }

    fn slot(&self, position: Position) -> Option<&index::Slot> {
        match position {
            Position::Charge(position) => self.log.index.charge(position),
            Position::IdMark => self.log.index.find(""),
        }
    }
}

#[derive(Clone, Copy)]
enum Position {
    Charge(usize),
    IdMark,
}

impl<F: NorFlash, const N: usize> Journal for FlashJournal<F, N> {
    type Fault = F::Error;

    async fn read<'b>(
        &mut self,
        position: usize,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Result<Option<Found<'b>>, JournalError<F::Error>> {
        let Some(newest) = self.load(Position::Charge(position), buffer).await? else { return Ok(None) };
        let sale = self.log.index.charge(position).and_then(|slot| SaleId::new(&slot.sale).ok());
        Ok(Some(Found { sale: sale.ok_or(JournalError::NotARecord)?, newest }))
    }

    async fn persist(&mut self, sale: &SaleId, record: &Record<'_>) -> Result<(), JournalError<F::Error>> {
        if record.mark() != RECORD_MARK || record.body().len() > entry::BODY_MAX {
            return Err(JournalError::NotARecord);
        }
        self.log.ready().await?;
        self.log.append(sale.as_str(), record.body()).await
    }

    async fn finish(&mut self, sale: &SaleId) -> Result<(), JournalError<F::Error>> {
        self.log.ready().await?;
        self.log.finish(sale.as_str()).await
    }

    async fn id_mark(&mut self) -> Result<IdMark, JournalError<F::Error>> {
        let mut buffer = [0; RECORD_MAX];
        Ok(match self.load(Position::IdMark, &mut buffer).await? {
            None => IdMark::None,
            Some(Newest::Whole(bytes)) => mark_from(bytes).map_or(IdMark::Damaged, IdMark::Known),
            Some(_) => IdMark::Damaged,
        })
    }

    async fn persist_id_mark(&mut self, mark: Mark) -> Result<(), JournalError<F::Error>> {
        self.log.ready().await?;
        self.log.append("", &mark_bytes(mark)).await
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfit::Range => out.write_str("the range does not begin and end at pages of the flash"),
            Unfit::PageTooShort => {
                out.write_str("a page is too short for the longest record, or no multiple of 64 bytes")
            }
            Unfit::Word => out.write_str("a word of the flash is longer than 32 bytes, or no power of two"),
            Unfit::TooFewPlaces => out.write_str("the journal needs 2 places or more"),
            Unfit::TooFewPages { needed } => write!(out, "the journal needs {needed} pages"),
        }
    }
}

impl core::error::Error for Unfit {}
