//! The journal, with a reset point behind its writes.

use caas_core::charge::{RECORD_MAX, Record};
use caas_core::id::SaleId;
use caas_core::id_generator::Mark;
use caas_transport_embedded::journal::{Found, IdMark, Journal, JournalError};

use crate::reset_point::{ResetPoint, reach};

/// Passes everything on.
pub struct CutJournal<J>(pub J);

impl<J: Journal> Journal for CutJournal<J> {
    type Fault = J::Fault;

    async fn read<'b>(
        &mut self,
        position: usize,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Result<Option<Found<'b>>, JournalError<J::Fault>> {
        self.0.read(position, buffer).await
    }

    async fn persist(&mut self, sale: &SaleId, record: &Record<'_>) -> Result<(), JournalError<J::Fault>> {
        self.0.persist(sale, record).await?;
        // A sale's first record is its intent.
        reach(ResetPoint::AfterIntent);
        Ok(())
    }

    async fn finish(&mut self, sale: &SaleId) -> Result<(), JournalError<J::Fault>> {
        self.0.finish(sale).await
    }

    async fn id_mark(&mut self) -> Result<IdMark, JournalError<J::Fault>> {
        self.0.id_mark().await
    }

    async fn persist_id_mark(&mut self, mark: Mark) -> Result<(), JournalError<J::Fault>> {
        self.0.persist_id_mark(mark).await
    }
}
