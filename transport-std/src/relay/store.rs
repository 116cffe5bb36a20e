//! What the relay keeps: notifications in one SQLite file, numbered for each terminal.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

use super::failure::RelayError;
use super::set_aside::SetAside;
use super::waiting::Waiting;
use crate::journal::{JournalError, begin_wal, create_private};

/// Notifications of one terminal that are not taken (they wait, or are set aside), at most. A terminal that is away has
/// hardly more than its open charges; so many are a flood. One more is not kept, and its sender is told so with 503:
/// what was acknowledged is never forgotten for it.
pub const WAITING_MAX: u32 = 10_000;
/// Notifications that a terminal took and that are kept, so that a repeated one is not told again. An older one that is
/// repeated after so many others is told again, and has no second effect at the terminal (R30).
pub const TAKEN_KEPT: u32 = 100;
/// "CaaR", so that `file` and this program know the relay's file from another database.
const APPLICATION_ID: i64 = 0x4361_6152;
/// The version that is written. An older one would be migrated here; there is none yet.
const VERSION: i64 = 1;
/// How long a write waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const TABLES: &str = "
CREATE TABLE terminals (
    name   TEXT PRIMARY KEY COLLATE NOCASE,
    newest INTEGER NOT NULL
) STRICT;
CREATE TABLE notifications (
    terminal TEXT NOT NULL COLLATE NOCASE REFERENCES terminals (name),
    number   INTEGER NOT NULL,
    proof    INTEGER NOT NULL,
    body     BLOB NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'set aside')),
    copies   INTEGER NOT NULL DEFAULT 1,
    received INTEGER NOT NULL,
    PRIMARY KEY (terminal, number),
    UNIQUE (terminal, body)
) STRICT;
CREATE INDEX notifications_by_state ON notifications (terminal, state, number);
";

pub(super) struct Store(Mutex<Connection>);

/// What became of a notification that was to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is durable and waits.
    Waiting,
    /// It is durable and was here before: waiting, taken or set aside.
    Before,
    /// It is durable, set aside for a person.
    SetAside,
    /// It is not kept: there are [`WAITING_MAX`].
    NoRoom,
}

/// A notification as it is told.
pub(super) struct Telling {
    pub number: u32,
    pub proof: u32,
    pub body: Vec<u8>,
}

/// What a terminal says of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Taken,
    SetAside,
}

impl Store {
    pub fn open(path: &Path) -> Result<Self, RelayError> {
        create_private(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        is_new(&*connection.transaction()?)?;
        begin_wal(&connection)?;
        connection.execute_batch(
            "PRAGMA synchronous = FULL;
             PRAGMA fullfsync = ON;
             PRAGMA foreign_keys = ON;
             PRAGMA cell_size_check = ON;",
        )?;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Another process may have created the tables since.
        if is_new(&transaction)? {
            transaction.execute_batch(TABLES)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", VERSION)?;
        }
        transaction.commit()?;
        Ok(Store(Mutex::new(connection)))
    }

    /// Makes a notification durable. The same bytes make one row for a terminal, however often they come. `aside`: it waits
    /// for a person, not for the terminal.
    pub fn keep(&self, terminal: &str, body: &[u8], aside: bool) -> Result<Kept, RelayError> {
        let proof = random()?;
        self.write(|transaction| {
            let repeated = transaction
                .prepare_cached(
                    "UPDATE notifications SET copies = copies + 1 WHERE terminal = ?1 AND body = ?2",
                )?
                .execute(params![terminal, body])?;
            if repeated > 0 {
                return Ok(Kept::Before);
            }
            if untaken(transaction, terminal)? >= WAITING_MAX {
                return Ok(Kept::NoRoom);
            }
            let number: u32 = transaction
                .prepare_cached(
                    "INSERT INTO terminals (name, newest) VALUES (?1, 1)
                     ON CONFLICT (name) DO UPDATE SET newest = newest + 1 RETURNING newest",
                )?
                .query_row([terminal], |row| row.get(0))?;
            let state = if aside { "set aside" } else { "waiting" };
            transaction
                .prepare_cached(
                    "INSERT INTO notifications (terminal, number, proof, body, state, received)
                     VALUES (?1, ?2, ?3, ?4, ?5, unixepoch())",
                )?
                .execute(params![terminal, number, proof, body, state])?;
            Ok(if aside { Kept::SetAside } else { Kept::Waiting })
        })
    }

    /// The first notification above `after` that waits for this terminal.
    pub fn next(&self, terminal: &str, after: u32) -> Result<Option<Telling>, RelayError> {
        let connection = self.connection();
        let mut query = connection.prepare_cached(
            "SELECT number, proof, body FROM notifications
             WHERE terminal = ?1 AND state = 'waiting' AND number > ?2 ORDER BY number LIMIT 1",
        )?;
        let telling = |row: &rusqlite::Row<'_>| {
            Ok(Telling { number: row.get(0)?, proof: row.get(1)?, body: row.get(2)? })
        };
        Ok(query.query_row(params![terminal, after], telling).optional()?)
    }

    /// Makes durable what a terminal says of a notification that it was told. `false`: it never was told this one. Taken
    /// outweighs set aside, whichever is said first: two workers may disagree, and one of them made it durable.
    pub fn acknowledge(
        &self,
        terminal: &str,
        number: u32,
        proof: u32,
        said: Said,
    ) -> Result<bool, RelayError> {
        self.write(|transaction| {
            let known = transaction
                .prepare_cached(
                    "UPDATE notifications SET state = CASE
                         WHEN ?4 THEN 'taken' WHEN state = 'waiting' THEN 'set aside' ELSE state END
                     WHERE terminal = ?1 AND number = ?2 AND proof = ?3",
                )?
                .execute(params![terminal, number, proof, said == Said::Taken])?;
            if known > 0 {
                forget_oldest_taken(transaction, terminal)?;
                return Ok(true);
            }
            was_forgotten(transaction, terminal, number)
        })
    }

    /// What is not taken, by terminal.
    pub fn waiting(&self) -> Result<Vec<Waiting>, RelayError> {
        let connection = self.connection();
        let mut query = connection.prepare(
            "SELECT terminal, sum(state = 'waiting'), sum(state = 'set aside'),
                 max(0, unixepoch() - coalesce(min(received) FILTER (WHERE state = 'waiting'), unixepoch()))
             FROM notifications WHERE state <> 'taken' GROUP BY terminal ORDER BY terminal",
        )?;
        let waiting = |row: &rusqlite::Row<'_>| {
            Ok(Waiting {
                terminal: row.get(0)?,
                waiting: row.get(1)?,
                set_aside: row.get(2)?,
                oldest: Duration::from_secs(row.get::<_, i64>(3)?.unsigned_abs()),
            })
        };
        Ok(query.query_map([], waiting)?.collect::<Result<_, _>>()?)
    }

    /// What is set aside, the oldest first.
    pub fn set_aside(&self, limit: u32) -> Result<Vec<SetAside>, RelayError> {
        let connection = self.connection();
        let mut query = connection.prepare(
            "SELECT terminal, number, copies, strftime('%Y-%m-%dT%H:%M:%SZ', received, 'unixepoch'), body
             FROM notifications WHERE state = 'set aside' ORDER BY received, terminal, number LIMIT ?1",
        )?;
        let set_aside = |row: &rusqlite::Row<'_>| {
            Ok(SetAside {
                terminal: row.get(0)?,
                number: row.get(1)?,
                copies: row.get(2)?,
                received: row.get(3)?,
                body: row.get(4)?,
            })
        };
        Ok(query.query_map([limit], set_aside)?.collect::<Result<_, _>>()?)
    }

    /// Gives what is set aside another state; `false` where that one is not set aside.
    pub fn settle(&self, terminal: &str, number: u32, tell_again: bool) -> Result<bool, RelayError> {
        let state = if tell_again { "waiting" } else { "taken" };
        self.write(|transaction| {
            let changed = transaction.execute(
                "UPDATE notifications SET state = ?3
                 WHERE terminal = ?1 AND number = ?2 AND state = 'set aside'",
                params![terminal, number, state],
            )?;
            forget_oldest_taken(transaction, terminal)?;
            Ok(changed > 0)
        })
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic in the middle of a transaction rolled it back; the connection is as good as before.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in one write transaction. What it returns is durable; where it fails, nothing is.
    fn write<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, RelayError>,
    ) -> Result<T, RelayError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }
}

fn untaken(transaction: &Transaction<'_>, terminal: &str) -> Result<u32, RelayError> {
    let count = transaction
        .prepare_cached(
            "SELECT count(*) FROM notifications WHERE terminal = ?1 AND state IN ('waiting', 'set aside')",
        )?
        .query_row([terminal], |row| row.get(0))?;
    Ok(count)
}

/// Only what was taken is ever forgotten.
fn forget_oldest_taken(transaction: &Transaction<'_>, terminal: &str) -> Result<(), RelayError> {
    transaction
        .prepare_cached(
            "DELETE FROM notifications WHERE terminal = ?1 AND state = 'taken' AND number <=
                 (SELECT number FROM notifications WHERE terminal = ?1 AND state = 'taken'
                  ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![terminal, TAKEN_KEPT])?;
    Ok(())
}

/// Whether the number was given, and its notification was taken so long ago that it is forgotten.
fn was_forgotten(transaction: &Transaction<'_>, terminal: &str, number: u32) -> Result<bool, RelayError> {
    let forgotten = transaction.query_row(
        "SELECT EXISTS (SELECT 1 FROM terminals WHERE name = ?1 AND newest >= ?2 AND ?2 > 0)
             AND NOT EXISTS (SELECT 1 FROM notifications WHERE terminal = ?1 AND number = ?2)",
        params![terminal, number],
        |row| row.get(0),
    )?;
    Ok(forgotten)
}

fn is_new(connection: &Connection) -> Result<bool, RelayError> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(true),
        (APPLICATION_ID, VERSION) => Ok(false),
        (APPLICATION_ID, found) if found > VERSION => Err(RelayError::NewerVersion { found, known: VERSION }),
        _ => Err(RelayError::NotARelay),
    }
}

/// What a terminal needs beside the number to acknowledge: only who was told this very notification has it, also where the
/// file was replaced and its numbers begin again.
fn random() -> Result<u32, RelayError> {
    let mut random = [0; 4];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut random).map_err(|_| RelayError::NoRandom)?;
    Ok(u32::from_be_bytes(random))
}

impl From<rusqlite::Error> for RelayError {
    fn from(error: rusqlite::Error) -> Self {
        JournalError::from(error).into()
    }
}
