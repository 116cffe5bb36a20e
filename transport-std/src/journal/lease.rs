//! The right to drive one charge, and the writes that need it.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use caas_core::charge::record;
use rusqlite::{OptionalExtension, Transaction, params};

use super::charge_view::ChargeView;
use super::failure::JournalError;
use super::owner::Owner;
use super::{Journal, inbox};

/// Records of a charge that are kept: the newest, and those that stand in for it where it is damaged (R44).
const RECORDS_KEPT: u32 = 3;

/// The right to drive one charge. Dropping it gives the charge free.
pub(crate) struct Lease {
    journal: Journal,
    charge_id: String,
    fence: i64,
    /// The row is gone: nothing is left to be given back.
    settled: AtomicBool,
}

/// Why a charge cannot be driven or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeaseError {
    /// Somebody else drives it.
    Held,
    /// The lease was taken away: nothing may be written or sent any more.
    Lost,
    /// The journal failed.
    Journal(JournalError),
}

impl From<JournalError> for LeaseError {
    fn from(error: JournalError) -> Self {
        LeaseError::Journal(error)
    }
}

impl From<rusqlite::Error> for LeaseError {
    fn from(error: rusqlite::Error) -> Self {
        LeaseError::Journal(error.into())
    }
}

impl Journal {
    /// Takes the right to drive a charge that nobody drives.
    pub(crate) fn claim(&self, charge_id: &str) -> Result<Lease, LeaseError> {
        let granted = self.write(|transaction| {
            let held = transaction
                .query_row("SELECT owner, fence FROM leases WHERE charge_id = ?1", [charge_id], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            if held.is_some_and(|(owner, fence)| self.inner.owner.is_live(owner, fence)) {
                return Err(LeaseError::Held);
            }
            Ok(self.grant(transaction, charge_id)?)
        })?;
        Ok(self.lease(charge_id, granted))
    }

    /// Gives the charge to this owner under a new number.
    pub(super) fn grant(
        &self,
        transaction: &Transaction<'_>,
        charge_id: &str,
    ) -> Result<Granted<'_>, rusqlite::Error> {
        let owner = &self.inner.owner;
        transaction.execute("DELETE FROM leases WHERE charge_id = ?1", [charge_id])?;
        transaction
            .execute("INSERT INTO leases (charge_id, owner) VALUES (?1, ?2)", params![charge_id, owner.id])?;
        let fence = transaction.last_insert_rowid();
        owner.take(fence);
        Ok(Granted { owner, fence, durable: false })
    }

    /// The lease that was granted and is durable.
    pub(super) fn lease(&self, charge_id: &str, mut granted: Granted<'_>) -> Lease {
        granted.durable = true;
        let fence = granted.fence;
        Lease {
            journal: self.clone(),
            charge_id: charge_id.to_owned(),
            fence,
            settled: AtomicBool::new(false),
        }
    }
}

/// A lease whose transaction is not committed yet. It counts as in use from now on: between the commit and the next line
/// of code another task must not take it for one that was left behind. Where the commit fails, that ends.
pub(super) struct Granted<'o> {
    owner: &'o Owner,
    fence: i64,
    durable: bool,
}

impl Drop for Granted<'_> {
    fn drop(&mut self) {
        if !self.durable {
            self.owner.give_back(self.fence);
        }
    }
}

impl Lease {
    /// Makes a record durable, with what lists of charges show. Where the disk is full, the charge's own reserve makes
    /// the room (R45).
    pub fn persist(&self, record: &[u8], view: &ChargeView) -> Result<(), LeaseError> {
        let sequence = record::heading(record).map_err(|_| JournalError::BadRecord)?.sequence;
        let attempt = |use_reserve: bool| {
            self.journal.write(|transaction| {
                self.check(transaction)?;
                if use_reserve {
                    free_reserve(transaction, &self.charge_id)?;
                }
                write_record(transaction, &self.charge_id, sequence, record)?;
                write_view(transaction, view)?;
                Ok(())
            })
        };
        match attempt(false) {
            Err(LeaseError::Journal(JournalError::Full)) => attempt(true),
            result => result,
        }
    }

    /// Notes that nothing is left to be driven: the payer may buy again, and the charge's reserve is free. `false`: a
    /// notification waits to be applied first. Whoever keeps one later finds the charge settled, so none is left lying.
    pub fn settle(&self) -> Result<bool, LeaseError> {
        let settled = self.journal.write(|transaction| {
            self.check(transaction)?;
            if inbox::is_waiting(transaction, &self.charge_id)? {
                return Ok(false);
            }
            transaction.execute("UPDATE charges SET settled = 1 WHERE charge_id = ?1", [&self.charge_id])?;
            transaction.execute("DELETE FROM reserves WHERE charge_id = ?1", [&self.charge_id])?;
            transaction.execute("DELETE FROM leases WHERE fence = ?1", [self.fence])?;
            Ok::<_, LeaseError>(true)
        })?;
        self.settled.store(settled, Ordering::Relaxed);
        Ok(settled)
    }

    /// Notes that no record of the charge can be read any more: a person must look, and the payer may buy again (R44).
    pub fn give_up_damaged(&self) -> Result<(), LeaseError> {
        self.journal.write(|transaction| {
            self.check(transaction)?;
            transaction.execute(
                "UPDATE charges SET settled = 1, review = 'needed: damaged-record' WHERE charge_id = ?1",
                [&self.charge_id],
            )?;
            transaction.execute("DELETE FROM reserves WHERE charge_id = ?1", [&self.charge_id])?;
            Ok(())
        })
    }

    /// Notes that a notification's effect is durable, or that it is not about this charge.
    pub fn mark_notification(&self, number: i64, applied: bool) -> Result<(), LeaseError> {
        self.journal.write(|transaction| {
            self.check(transaction)?;
            Ok(inbox::mark(transaction, number, &self.charge_id, applied)?)
        })
    }

    /// The fence: fails unless this lease is the charge's own, now, in this transaction.
    fn check(&self, transaction: &Transaction<'_>) -> Result<(), LeaseError> {
        let current: Option<i64> = transaction
            .query_row("SELECT fence FROM leases WHERE charge_id = ?1", [&self.charge_id], |row| row.get(0))
            .optional()?;
        if current == Some(self.fence) { Ok(()) } else { Err(LeaseError::Lost) }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // First in memory, so that this process may take the charge again whatever the disk does.
        self.journal.inner.owner.give_back(self.fence);
        if self.settled.load(Ordering::Relaxed) {
            return;
        }
        // Other processes see it once the row is gone; where that fails, when this owner ends.
        let gone: Result<(), JournalError> = self.journal.write(|transaction| {
            transaction.execute("DELETE FROM leases WHERE fence = ?1", [self.fence])?;
            Ok(())
        });
        drop(gone);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lease({} of {})", self.fence, self.charge_id)
    }
}

/// Gives a part of what a charge has in reserve free, for the write in the same transaction.
pub(super) fn free_reserve(transaction: &Transaction<'_>, charge_id: &str) -> Result<(), rusqlite::Error> {
    transaction.execute(
        "DELETE FROM reserves WHERE number = (SELECT max(number) FROM reserves WHERE charge_id = ?1)",
        [charge_id],
    )?;
    Ok(())
}

pub(super) fn write_record(
    transaction: &Transaction<'_>,
    charge_id: &str,
    sequence: u32,
    record: &[u8],
) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached(
            "INSERT INTO records (charge_id, sequence, record, written)
             VALUES (?1, ?2, ?3, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
        )?
        .execute(params![charge_id, sequence, record])?;
    transaction
        .prepare_cached(
            "DELETE FROM records WHERE charge_id = ?1 AND number <=
                 (SELECT number FROM records WHERE charge_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![charge_id, RECORDS_KEPT])?;
    Ok(())
}

pub(super) fn write_view(transaction: &Transaction<'_>, view: &ChargeView) -> Result<(), rusqlite::Error> {
    transaction
        .prepare_cached(
            "UPDATE charges SET received = ?2, refund_due = ?3, payment = ?4, sale_state = ?5, release = ?6,
                 review = ?7, reviewer = ?8, reference = ?9, changed = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')
             WHERE charge_id = ?1",
        )?
        .execute(params![
            view.charge_id,
            minor(view.received),
            minor(view.refund_due),
            view.payment_word(),
            view.sale_word(),
            view.release_word(),
            view.review_word(),
            view.reviewer,
            view.reference.as_deref().unwrap_or(""),
        ])?;
    let mut keep = transaction.prepare_cached(
        "INSERT OR REPLACE INTO attempts (charge_id, number, external, phase, code) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (number, attempt) in (0u8..).zip(&view.attempts) {
        keep.execute(params![view.charge_id, number, attempt.external, attempt.phase_word(), attempt.code])?;
    }
    Ok(())
}

/// Minor units as SQLite has them; an amount is far below what fits.
pub(super) fn minor(amount: caas_core::money::Amount) -> i64 {
    i64::try_from(amount.minor()).unwrap_or(i64::MAX)
}
