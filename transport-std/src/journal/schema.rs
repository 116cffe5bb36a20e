//! The tables, their version, and how SQLite is set up.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::JournalSettings;
use super::failure::JournalError;

/// "CaaS", so that `file` and this program know the journal from another database.
const APPLICATION_ID: i64 = 0x4361_6153;
/// The version that is written. An older one would be migrated here; there is none yet.
const VERSION: i64 = 1;
/// How long a write waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between two tries to begin the WAL.
const WAL_PAUSE: Duration = Duration::from_millis(5);
/// The WAL goes back to its start after this many pages, so that it stays within [`WAL_ROOM`].
const CHECKPOINT_PAGES: u32 = 64;
/// Bytes that the WAL is grown to when the journal is opened: a later write needs no room on the disk for it.
const WAL_ROOM: u32 = 512 * 1024;
/// A wall clock before 2025-01-01 was never set.
const CLOCK_IS_SET: u64 = 1_735_689_600;

const TABLES: &str = "
CREATE TABLE journal (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT;
CREATE TABLE charges (
    number     INTEGER PRIMARY KEY,
    charge_id  TEXT NOT NULL UNIQUE,
    sale       TEXT NOT NULL UNIQUE,
    subscriber TEXT NOT NULL,
    payer      TEXT NOT NULL,
    profile    TEXT NOT NULL,
    endpoint   TEXT NOT NULL,
    simulated  INTEGER NOT NULL,
    amount     INTEGER NOT NULL,
    currency   TEXT NOT NULL,
    received   INTEGER NOT NULL DEFAULT 0,
    refund_due INTEGER NOT NULL DEFAULT 0,
    payment    TEXT NOT NULL DEFAULT '',
    sale_state TEXT NOT NULL DEFAULT '',
    release    TEXT NOT NULL DEFAULT '',
    review     TEXT NOT NULL DEFAULT '',
    reviewer   TEXT NOT NULL DEFAULT '',
    reference  TEXT NOT NULL DEFAULT '',
    settled    INTEGER NOT NULL DEFAULT 0,
    opened_at  INTEGER NOT NULL,
    opened     TEXT NOT NULL,
    changed    TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_open_charge_per_payer ON charges (payer) WHERE settled = 0;
CREATE INDEX charges_by_time ON charges (opened_at);
CREATE TABLE attempts (
    charge_id TEXT NOT NULL REFERENCES charges (charge_id),
    number    INTEGER NOT NULL,
    external  TEXT NOT NULL,
    phase     TEXT NOT NULL,
    code      TEXT NOT NULL,
    PRIMARY KEY (charge_id, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE records (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    charge_id TEXT NOT NULL REFERENCES charges (charge_id),
    sequence  INTEGER NOT NULL,
    record    BLOB NOT NULL,
    written   TEXT NOT NULL
) STRICT;
CREATE INDEX records_of_charge ON records (charge_id, number);
CREATE TABLE reserves (
    number    INTEGER PRIMARY KEY,
    charge_id TEXT NOT NULL,
    room      BLOB NOT NULL
) STRICT;
CREATE INDEX reserves_of_charge ON reserves (charge_id, number);
CREATE TABLE id_marks (
    prefix  TEXT PRIMARY KEY,
    epoch   INTEGER NOT NULL,
    counter INTEGER NOT NULL
) STRICT;
CREATE TABLE owners (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    process INTEGER NOT NULL,
    since   TEXT NOT NULL
) STRICT;
CREATE TABLE leases (
    fence     INTEGER PRIMARY KEY AUTOINCREMENT,
    charge_id TEXT NOT NULL UNIQUE,
    owner     INTEGER NOT NULL REFERENCES owners (id)
) STRICT;
CREATE TABLE inbox (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    charge_id TEXT,
    external  TEXT,
    internal  TEXT,
    body      BLOB NOT NULL UNIQUE,
    state     TEXT NOT NULL CHECK (state IN ('new', 'applied', 'quarantined')),
    copies    INTEGER NOT NULL DEFAULT 1,
    received  TEXT NOT NULL
) STRICT;
CREATE INDEX inbox_by_state ON inbox (state, number);
CREATE INDEX inbox_waiting ON inbox (charge_id) WHERE state = 'new';
";

/// Sets the connection up, and creates the tables in an empty file.
pub(super) fn prepare(connection: &mut Connection, settings: &JournalSettings) -> Result<(), JournalError> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    // One snapshot: another process may be creating the tables.
    check_version(&*connection.transaction()?)?;
    begin_wal(connection)?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA cell_size_check = ON;
         PRAGMA journal_size_limit = -1;",
    )?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    if let Some(pages) = settings.max_pages {
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have created the tables since.
    if check_version(&transaction)? == Content::Empty {
        create(&transaction, settings)?;
    }
    transaction.commit()?;
    grow_wal(connection);
    Ok(())
}

#[derive(PartialEq, Eq)]
enum Content {
    Empty,
    Journal,
}

fn check_version(connection: &Connection) -> Result<Content, JournalError> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, version) {
        (0, 0) if tables == 0 => Ok(Content::Empty),
        (APPLICATION_ID, VERSION) => Ok(Content::Journal),
        (APPLICATION_ID, found) if found > VERSION => {
            Err(JournalError::NewerVersion { found, known: VERSION })
        }
        _ => Err(JournalError::NotAJournal),
    }
}

/// SQLite does not wait for others by itself where a new file goes over to WAL.
pub(crate) fn begin_wal(connection: &Connection) -> Result<(), JournalError> {
    let since = Instant::now();
    loop {
        match connection.execute_batch("PRAGMA journal_mode = WAL") {
            Ok(()) => return Ok(()),
            Err(error) => match JournalError::from(error) {
                JournalError::Busy if since.elapsed() < BUSY_TIMEOUT => std::thread::sleep(WAL_PAUSE),
                error => return Err(error),
            },
        }
    }
}

fn create(transaction: &Transaction<'_>, settings: &JournalSettings) -> Result<(), JournalError> {
    let epoch = match settings.epoch {
        Some(epoch) => epoch,
        None => epoch_of_clock()?,
    };
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    let mut keep = transaction.prepare("INSERT INTO journal (name, value) VALUES (?1, ?2)")?;
    keep.execute(params!["epoch", epoch])?;
    keep.execute(params!["prefix", random_prefix()?])?;
    Ok(())
}

fn epoch_of_clock() -> Result<u32, JournalError> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    if seconds < CLOCK_IS_SET {
        return Err(JournalError::ClockNotSet);
    }
    u32::try_from(seconds).map_err(|_| JournalError::ClockNotSet)
}

/// The id prefix of a machine that was given none: eight of 36 characters, each with 5 random bits.
fn random_prefix() -> Result<String, JournalError> {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut random = [0u8; 8];
    let provider = rustls::crypto::ring::default_provider();
    provider.secure_random.fill(&mut random).map_err(|_| JournalError::NoRandom)?;
    Ok(random.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect())
}

/// Makes the WAL as long as it will get, so that writes on a full disk find their place there. Where there is no room
/// even for that, the journal is opened all the same: what is open must be brought to its end.
fn grow_wal(connection: &Connection) {
    let grown =
        connection.execute("INSERT INTO reserves (charge_id, room) VALUES ('', zeroblob(?1))", [WAL_ROOM]);
    if grown.is_ok() {
        // What stays behind is replaced the next time.
        let _ = connection.execute("DELETE FROM reserves WHERE charge_id = ''", []);
    }
}
