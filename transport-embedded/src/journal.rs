//! What is durable: the newest record of every charge that is not put away, and the mark of the id generator.
//!
//! [`FlashJournal`] keeps it in NOR flash, [`RamJournal`] in memory for tests. Both do what [`Journal`] says.
//!
//! At boot, [`Journal::read`] every position until `None` and hand each record to `Charge::recover` (or
//! `Till::recover`); a damaged one's older record goes to `Charge::recover_damaged`. For every `Output::Persist` call
//! [`Journal::persist`] and give the token back with `Input::Persisted` or `Input::PersistFailed`. When a charge
//! `is_finished` and needs no review, [`Journal::finish`] it.

mod flash;
mod ram;

use core::fmt;

use caas_core::charge::{RECORD_MAX, Record};
use caas_core::id::SaleId;
use caas_core::id_generator::Mark;

pub use flash::{FlashJournal, Unfit};
pub use ram::RamJournal;

/// Durable storage of charges.
///
/// Every future may be dropped at any await: the call then counts as failed, what it was to write is there or not
/// there, and the next call finds out.
#[allow(async_fn_in_trait, reason = "the caller's executor is single-threaded, as a microcontroller's is")]
pub trait Journal {
    /// Why the storage itself failed.
    type Fault: fmt::Debug;

    /// The charge at a position, from 0 without a gap; `None` behind the last one. A position is good until the next
    /// [`persist`](Journal::persist) or [`finish`](Journal::finish).
    async fn read<'b>(
        &mut self,
        position: usize,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Result<Option<Found<'b>>, JournalError<Self::Fault>>;

    /// Makes a record durable, in place of the sale's earlier ones. `Ok` only when it was read back and committed. The
    /// first record of a sale also reserves the room for all its later ones, or is refused with
    /// [`JournalError::Full`]: then nothing was written, and nothing may be sent (R45).
    async fn persist(&mut self, sale: &SaleId, record: &Record<'_>) -> Result<(), JournalError<Self::Fault>>;

    /// Puts a sale away: its record is not read at the next boot, and its room is free. Without effect on a sale that is
    /// not there.
    async fn finish(&mut self, sale: &SaleId) -> Result<(), JournalError<Self::Fault>>;

    /// The id generator's mark.
    async fn id_mark(&mut self) -> Result<IdMark, JournalError<Self::Fault>>;

    /// Makes the id generator's mark durable; the id that came with it may be used after that.
    async fn persist_id_mark(&mut self, mark: Mark) -> Result<(), JournalError<Self::Fault>>;
}

/// A charge that is not put away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'b> {
    /// Its sale.
    pub sale: SaleId,
    /// Its newest record.
    pub newest: Newest<'b>,
}

/// The newest record of a charge. `Debug` shows lengths only: a record may hold the payer's id.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Newest<'b> {
    /// It is whole: for `Charge::recover`.
    Whole(&'b [u8]),
    /// It was committed and is damaged (R44). Never take the older one for the newest.
    Damaged {
        /// The one before, for `Charge::recover_damaged`; `None` if it is gone: a person must look at the sale.
        older: Option<&'b [u8]>,
    },
}

impl fmt::Debug for Newest<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Newest::Whole(record) => write!(out, "Whole({} bytes)", record.len()),
            Newest::Damaged { older: Some(record) } => write!(out, "Damaged(older: {} bytes)", record.len()),
            Newest::Damaged { older: None } => out.write_str("Damaged"),
        }
    }
}

/// What the journal knows of the id generator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdMark {
    /// Nothing: the journal is new. The generator wants a new epoch.
    None,
    /// The last mark.
    Known(Mark),
    /// The last mark is damaged: ids may have been used that nobody knows of. The generator wants a new epoch.
    Damaged,
}

/// Why something is not durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalError<F> {
    /// There is no room for a further charge: put one away first. The open ones keep theirs.
    Full,
    /// The journal holds more open charges than this firmware has places for: build it with more (R49).
    TooManyCharges,
    /// The record is not as `caas-core` writes it.
    NotARecord,
    /// What was read back is not what was written: the storage is worn or broken.
    ReadBack,
    /// The storage said this.
    Storage(F),
}

impl<F: fmt::Debug> fmt::Display for JournalError<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::Full => out.write_str("no room for a further charge: put one away first"),
            JournalError::TooManyCharges => {
                out.write_str("more open charges than places: build the firmware with more")
            }
            JournalError::NotARecord => out.write_str("not a record of caas-core"),
            JournalError::ReadBack => {
                out.write_str("what was read back differs: the flash is worn or broken")
            }
            JournalError::Storage(fault) => write!(out, "the storage failed: {fault:?}"),
        }
    }
}

impl<F: fmt::Debug> core::error::Error for JournalError<F> {}

/// The last bytes of every record: `Record::mark`. A test compares them.
const RECORD_MARK: [u8; 4] = [0x43, 0x4D, 0xA5, 0x5A];

fn mark_bytes(mark: Mark) -> [u8; 8] {
    let mut bytes = [0; 8];
    let (epoch, counter) = bytes.split_at_mut(4);
    epoch.copy_from_slice(&mark.epoch.to_le_bytes());
    counter.copy_from_slice(&mark.counter.to_le_bytes());
    bytes
}

fn mark_from(bytes: &[u8]) -> Option<Mark> {
    let (epoch, counter) = bytes.split_first_chunk::<4>()?;
    let counter = counter.first_chunk::<4>()?;
    Some(Mark { epoch: u32::from_le_bytes(*epoch), counter: u32::from_le_bytes(*counter) })
}
