//! The journal, with a deadline for each call.

use core::future::Future;

use caas_core::charge::{BUFFER_MAX, RECORD_MAX, Record};
use caas_core::id::SaleId;
use caas_core::id_generator::Mark;

use super::happening::JournalTrouble;
use super::settings::JOURNAL_DEADLINE;
use crate::clock::Clock;
use crate::connection::before;
use crate::journal::{Found, IdMark, Journal, JournalError};

/// A journal whose calls end.
pub struct Ledger<J> {
    journal: J,
}

impl<J: Journal> Ledger<J> {
    pub fn new(journal: J) -> Self {
        Ledger { journal }
    }

    pub fn into_journal(self) -> J {
        self.journal
    }

    pub async fn read<'b>(
        &mut self,
        clock: &impl Clock,
        position: usize,
        buffer: &'b mut [u8; BUFFER_MAX],
    ) -> Result<Option<Found<'b>>, JournalTrouble> {
        let room = buffer.first_chunk_mut::<RECORD_MAX>().ok_or(JournalTrouble::NotARecord)?;
        in_time(clock, self.journal.read(position, room)).await
    }

    pub async fn persist(
        &mut self,
        clock: &impl Clock,
        sale: &SaleId,
        record: &Record<'_>,
    ) -> Result<(), JournalTrouble> {
        in_time(clock, self.journal.persist(sale, record)).await
    }

    pub async fn finish(&mut self, clock: &impl Clock, sale: &SaleId) -> Result<(), JournalTrouble> {
        in_time(clock, self.journal.finish(sale)).await
    }

    pub async fn id_mark(&mut self, clock: &impl Clock) -> Result<IdMark, JournalTrouble> {
        in_time(clock, self.journal.id_mark()).await
    }

    pub async fn persist_id_mark(&mut self, clock: &impl Clock, mark: Mark) -> Result<(), JournalTrouble> {
        in_time(clock, self.journal.persist_id_mark(mark)).await
    }

    /// Where the record of a sale is.
    pub async fn find(
        &mut self,
        clock: &impl Clock,
        buffer: &mut [u8; BUFFER_MAX],
        sale: &SaleId,
    ) -> Result<Option<usize>, JournalTrouble> {
        let mut position = 0;
        while let Some(found) = self.read(clock, position, buffer).await? {
            if found.sale == *sale {
                return Ok(Some(position));
            }
            position += 1;
        }
        Ok(None)
    }

    /// The first sale behind `after` in the order of their names, and where its record is.
    pub async fn first_after(
        &mut self,
        clock: &impl Clock,
        buffer: &mut [u8; BUFFER_MAX],
        after: Option<&SaleId>,
    ) -> Result<Option<(usize, SaleId)>, JournalTrouble> {
        let mut first: Option<(usize, SaleId)> = None;
        let mut position = 0;
        while let Some(found) = self.read(clock, position, buffer).await? {
            let behind = after.is_none_or(|after| found.sale.as_str() > after.as_str());
            let sooner = first.as_ref().is_none_or(|(_, sale)| found.sale.as_str() < sale.as_str());
            if behind && sooner {
                first = Some((position, found.sale));
            }
            position += 1;
        }
        Ok(first)
    }
}

async fn in_time<T, F>(
    clock: &impl Clock,
    call: impl Future<Output = Result<T, JournalError<F>>>,
) -> Result<T, JournalTrouble> {
    match before(clock.now().after(JOURNAL_DEADLINE), clock, call).await {
        Some(result) => result.map_err(JournalTrouble::from),
        None => Err(JournalTrouble::TimedOut),
    }
}
