//! Notifications as they came: durable before they are acknowledged, applied by whoever drives their charge.

use std::fmt;

use rusqlite::{Connection, Transaction, params};

use super::Journal;
use super::failure::JournalError;
use super::lease::free_reserve;

/// Notifications in quarantine, and likewise applied ones, that are kept; older ones make room.
pub const NOTIFICATIONS_MAX: u32 = 10_000;

/// A notification to be kept.
pub(crate) struct Post<'a> {
    pub body: &'a [u8],
    pub external: Option<&'a str>,
    pub internal: Option<&'a str>,
    /// The charge of this journal that it is about; `None`: quarantine.
    pub charge_id: Option<&'a str>,
}

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Posted {
    /// It waits to be applied.
    Waiting,
    /// The same bytes were applied before (R30).
    AppliedBefore,
    /// It is about no charge of this journal (R35).
    Quarantined,
}

/// A notification that is about no charge of this journal.
#[derive(Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// `externalTrxId`, if it had one.
    pub external: Option<String>,
    /// `internalTrxId`, if it had one.
    pub internal: Option<String>,
    /// How often the same bytes came.
    pub copies: u32,
    /// When it came first, UTC, by the wall clock.
    pub received: String,
    /// The body as it came. It may name a payer: not for a log.
    pub body: Vec<u8>,
}

impl fmt::Debug for Quarantined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Quarantined")
            .field("external", &self.external)
            .field("internal", &self.internal)
            .field("copies", &self.copies)
            .field("received", &self.received)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

impl Journal {
    /// Makes a notification durable. The same bytes make one row, however often they come. Where the disk is full, the
    /// reserve of its charge makes the room.
    pub(crate) fn post(&self, post: &Post<'_>) -> Result<Posted, JournalError> {
        match (self.write(|transaction| keep(transaction, post)), post.charge_id) {
            (Err(JournalError::Full), Some(charge_id)) => self.write(|transaction| {
                free_reserve(transaction, charge_id)?;
                keep(transaction, post)
            }),
            (kept, _) => kept,
        }
    }

    /// Notifications that wait to be applied to this charge, and those that name no `externalTrxId` at all: the charge
    /// knows by its other ids whether they are its own.
    pub(crate) fn waiting(&self, charge_id: &str, after: i64) -> Result<Vec<(i64, Vec<u8>)>, JournalError> {
        let connection = self.connection();
        let mut query = connection.prepare_cached(
            "SELECT number, body FROM inbox WHERE state = 'new' AND charge_id = ?1
             UNION ALL
             SELECT number, body FROM inbox WHERE state = 'quarantined' AND number > ?2 AND external IS NULL
             ORDER BY number",
        )?;
        let rows = query
            .query_map(params![charge_id, after], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// Charges that are settled and have a notification that waits to be applied.
    pub(crate) fn settled_with_notifications(&self) -> Result<Vec<String>, JournalError> {
        let connection = self.connection();
        let mut query = connection.prepare_cached(
            "SELECT DISTINCT charge_id FROM inbox JOIN charges USING (charge_id)
             WHERE state = 'new' AND settled = 1",
        )?;
        let charges = query.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(charges)
    }

    /// The number of the newest notification.
    pub(crate) fn newest_notification(&self) -> Result<i64, JournalError> {
        let newest =
            self.connection()
                .query_row("SELECT coalesce(max(number), 0) FROM inbox", [], |row| row.get(0))?;
        Ok(newest)
    }
}

fn keep(transaction: &Transaction<'_>, post: &Post<'_>) -> Result<Posted, JournalError> {
    let wanted = if post.charge_id.is_some() { "new" } else { "quarantined" };
    let state: String = transaction
        .prepare_cached(
            "INSERT INTO inbox (charge_id, external, internal, body, state, received)
             VALUES (?1, ?2, ?3, ?4, ?5, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
             ON CONFLICT (body) DO UPDATE SET
                 copies = copies + 1,
                 charge_id = coalesce(excluded.charge_id, charge_id),
                 state = CASE WHEN state = 'quarantined' THEN excluded.state ELSE state END
             RETURNING state",
        )?
        .query_row(params![post.charge_id, post.external, post.internal, post.body, wanted], |row| {
            row.get(0)
        })?;
    forget_oldest(transaction)?;
    Ok(match state.as_str() {
        "new" => Posted::Waiting,
        "applied" => Posted::AppliedBefore,
        _ => Posted::Quarantined,
    })
}

pub(super) fn is_waiting(transaction: &Transaction<'_>, charge_id: &str) -> Result<bool, rusqlite::Error> {
    transaction
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM inbox WHERE state = 'new' AND charge_id = ?1)")?
        .query_row([charge_id], |row| row.get(0))
}

pub(super) fn mark(
    transaction: &Transaction<'_>,
    number: i64,
    charge_id: &str,
    applied: bool,
) -> Result<(), rusqlite::Error> {
    let state = if applied { "applied" } else { "quarantined" };
    transaction
        .prepare_cached(
            "UPDATE inbox SET state = ?2, charge_id = CASE ?2 WHEN 'applied' THEN ?3 END WHERE number = ?1",
        )?
        .execute(params![number, state, charge_id])?;
    Ok(())
}

pub(super) fn quarantine(connection: &Connection, limit: u32) -> Result<Vec<Quarantined>, JournalError> {
    let mut query = connection.prepare(
        "SELECT external, internal, copies, received, body FROM inbox WHERE state = 'quarantined'
         ORDER BY number DESC LIMIT ?1",
    )?;
    let rows = query
        .query_map([limit], |row| {
            Ok(Quarantined {
                external: row.get(0)?,
                internal: row.get(1)?,
                copies: row.get(2)?,
                received: row.get(3)?,
                body: row.get(4)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

/// What waits is never forgotten.
fn forget_oldest(transaction: &Transaction<'_>) -> Result<(), rusqlite::Error> {
    let mut forget = transaction.prepare_cached(
        "DELETE FROM inbox WHERE state = ?1 AND number <=
             (SELECT number FROM inbox WHERE state = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
    )?;
    for state in ["applied", "quarantined"] {
        forget.execute(params![state, NOTIFICATIONS_MAX])?;
    }
    Ok(())
}
