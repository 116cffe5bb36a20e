//! A journal in NOR flash.

mod entry;
mod index;
mod log;
mod region;
#[cfg(test)]
mod reservation;
mod sum;
mod walk;

use core::fmt;
use core::ops::Range;

use caas_core::charge::{RECORD_MAX, Record};
use caas_core::id::SaleId;
use caas_core::id_generator::Mark;
use embedded_storage_async::nor_flash::NorFlash;

use super::{Found, IdMark, Journal, JournalError, Newest, RECORD_MARK, mark_bytes, mark_from};
use entry::{PIECE, fill};
use log::{Job, Loaded, Log, Next, Stopped, Work};
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
/// It reads the flash at the first call, and again after a call that failed or whose future was dropped. It takes 64
/// bytes of RAM per place and 300 beside. A part of the flash keeps its journal only while `range` stays the same.
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
        self.run(&mut Job::new(Work::Ready, "", &[], &mut [])).await?;
        Ok(self.log.walk.damaged)
    }

    /// Gives the flash back.
    pub fn into_flash(self) -> F {
        self.log.region.flash
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

    /// Does what the log says, until the job is done.
    async fn run(&mut self, job: &mut Job<'_>) -> Result<(), JournalError<F::Error>> {
        self.log.start();
        loop {
            let next = self.log.go_on(job);
            let log = &mut self.log;
            let flash = &mut log.region.flash;
            let done = match next {
                Next::Done => return Ok(()),
                Next::Stopped(stopped) => return Err(stopped.into()),
                Next::Read => Ok(()),
                Next::Write => flash.write(log.address, log.writes.get(..log.length).unwrap_or(&[])).await,
                Next::Erase => flash.erase(log.address, log.address.saturating_add(Region::<F>::PAGE)).await,
            };
            done.map_err(JournalError::Storage)?;
            fill(&mut log.piece, &[]);
            let piece = log.piece.get_mut(..log.length).unwrap_or(&mut []);
            flash.read(log.address, piece).await.map_err(JournalError::Storage)?;
        }
    }
}

impl<F> From<Stopped> for JournalError<F> {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Full => JournalError::Full,
            Stopped::TooManyCharges => JournalError::TooManyCharges,
            Stopped::ReadBack => JournalError::ReadBack,
        }
    }
}

impl<F: NorFlash, const N: usize> Journal for FlashJournal<F, N> {
    type Fault = F::Error;

    async fn read<'b>(
        &mut self,
        position: usize,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Result<Option<Found<'b>>, JournalError<F::Error>> {
        let mut job = Job::new(Work::Load(position), "", &[], buffer);
        self.run(&mut job).await?;
        let loaded = job.loaded;
        let newest = match loaded {
            Loaded::Nothing => return Ok(None),
            Loaded::Whole(length) => Newest::Whole(buffer.get(..length).unwrap_or(&[])),
            Loaded::Damaged(0) => Newest::Damaged { older: None },
            Loaded::Damaged(length) => Newest::Damaged { older: buffer.get(..length) },
        };
        let sale = self.log.index.charge(position).and_then(|slot| SaleId::new(slot.sale()).ok());
        Ok(Some(Found { sale: sale.ok_or(JournalError::NotARecord)?, newest }))
    }

    async fn persist(&mut self, sale: &SaleId, record: &Record<'_>) -> Result<(), JournalError<F::Error>> {
        if record.mark() != RECORD_MARK || record.body().len() > entry::BODY_MAX {
            return Err(JournalError::NotARecord);
        }
        self.run(&mut Job::new(Work::Append, sale.as_str(), record.body(), &mut [])).await
    }

    async fn finish(&mut self, sale: &SaleId) -> Result<(), JournalError<F::Error>> {
        self.run(&mut Job::new(Work::Finish, sale.as_str(), &[], &mut [])).await
    }

    async fn id_mark(&mut self) -> Result<IdMark, JournalError<F::Error>> {
        let mut bytes = [0; 8 + RECORD_MARK.len()];
        let mut job = Job::new(Work::LoadMark, "", &[], &mut bytes);
        self.run(&mut job).await?;
        Ok(match job.loaded {
            Loaded::Nothing => IdMark::None,
            Loaded::Whole(_) => mark_from(&bytes).map_or(IdMark::Damaged, IdMark::Known),
            Loaded::Damaged(_) => IdMark::Damaged,
        })
    }

    async fn persist_id_mark(&mut self, mark: Mark) -> Result<(), JournalError<F::Error>> {
        self.run(&mut Job::new(Work::Append, "", &mark_bytes(mark), &mut [])).await
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
