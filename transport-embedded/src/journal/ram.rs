//! A journal in memory.

use core::convert::Infallible;

use caas_core::charge::{RECORD_MAX, Record};
use caas_core::id::SaleId;
use caas_core::id_generator::Mark;
use heapless::Vec;

use super::{Found, IdMark, Journal, JournalError, Newest};

/// A journal of up to `N` open charges in memory: for tests and trials. It is gone with the power, so a machine that
/// charges somebody needs another.
pub struct RamJournal<const N: usize> {
    charges: Vec<(SaleId, Vec<u8, RECORD_MAX>), N>,
    mark: Option<Mark>,
}

impl<const N: usize> RamJournal<N> {
    /// An empty journal.
    pub const fn new() -> Self {
        RamJournal { charges: Vec::new(), mark: None }
    }
}

impl<const N: usize> Default for RamJournal<N> {
    fn default() -> Self {
        RamJournal::new()
    }
}

impl<const N: usize> Journal for RamJournal<N> {
    type Fault = Infallible;

    async fn read<'b>(
        &mut self,
        position: usize,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Result<Option<Found<'b>>, JournalError<Infallible>> {
        let Some((sale, record)) = self.charges.get(position) else { return Ok(None) };
        let place = buffer.get_mut(..record.len()).ok_or(JournalError::NotARecord)?;
        place.copy_from_slice(record);
        Ok(Some(Found { sale: sale.clone(), newest: Newest::Whole(place) }))
    }

    async fn persist(&mut self, sale: &SaleId, record: &Record<'_>) -> Result<(), JournalError<Infallible>> {
        let bytes = Vec::from_slice(record.bytes()).map_err(|_| JournalError::NotARecord)?;
        match self.charges.iter_mut().find(|charge| charge.0 == *sale) {
            Some(charge) => charge.1 = bytes,
            None => self.charges.push((sale.clone(), bytes)).map_err(|_| JournalError::Full)?,
        }
        Ok(())
    }

    async fn finish(&mut self, sale: &SaleId) -> Result<(), JournalError<Infallible>> {
        self.charges.retain(|charge| charge.0 != *sale);
        Ok(())
    }

    async fn id_mark(&mut self) -> Result<IdMark, JournalError<Infallible>> {
        Ok(self.mark.map_or(IdMark::None, IdMark::Known))
    }

    async fn persist_id_mark(&mut self, mark: Mark) -> Result<(), JournalError<Infallible>> {
        self.mark = Some(mark);
        Ok(())
    }
}
