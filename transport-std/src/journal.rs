//! The journal: every charge of a host, durable in one SQLite file.
//!
//! What `caas-core` asks to be made durable is durable when a call here returns: the file is in WAL mode with
//! `synchronous=FULL`, so a commit comes back after the disk has it. The file has mode 0600, because it holds payers'
//! ids; it never holds a password, a PIN or an OTP.
//!
//! # One owner per charge
//! A charge is driven under a lease. Leases belong to an *owner*, one for each [`Journal`] that is opened, and each owner
//! holds a lock of the operating system on a file beside the journal (`…-owner-7`) for as long as it lives. There is no
//! expiry and no heartbeat: a wall clock that jumps, a laptop that sleeps or a process that is stopped in a debugger
//! cannot lose a lease, and the lease of a process that was killed ends with it. Every lease has a number that is never
//! used again, and each write of a charge checks that number **inside its own transaction**: whoever lost a lease all the
//! same (a lock file deleted by hand) fails to write, and so never sends.
//!
//! # Room
//! An open charge keeps room for its later records from its first one on, so that a full disk refuses new sales and not
//! the end of an open one.

mod caps;
mod charge_row;
mod charge_view;
mod export;
mod failure;
mod inbox;
mod lease;
mod opening;
mod owner;
mod schema;

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior, params};

pub use caps::{CapReached, Caps};
pub use charge_row::{ChargeRow, Filter};
pub use charge_view::{AttemptView, ChargeView};
pub use export::{CSV_HEADER, ExportAttempt, ExportRow};
pub use failure::JournalError;
pub use inbox::{NOTIFICATIONS_MAX, Quarantined};

pub(crate) use inbox::{Post, Posted};
pub(crate) use lease::{Lease, LeaseError};
pub(crate) use opening::{Draft, OpenRefused, Opening};
pub(crate) use schema::begin_wal;

use owner::Owner;

/// The journal of a host. Cheap to clone; all clones are one owner of charges.
///
/// Its calls block for as long as the disk takes; [`Desk`](crate::Desk) makes them off the asynchronous threads. Several
/// processes may have the same file open. It must be on a local disk: neither SQLite's WAL nor the locks work over a
/// network.
///
/// ```
/// use caas_transport_std::{Filter, Journal};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let folder = tempfile::tempdir()?;
/// let journal = Journal::open(folder.path().join("charges.db"))?;
/// assert!(journal.list(Filter::All)?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    connection: Mutex<Connection>,
    owner: Owner,
}

/// How a journal is opened.
///
/// ```
/// use caas_transport_std::JournalSettings;
///
/// let settings = JournalSettings { epoch: Some(3), ..JournalSettings::default() };
/// assert_eq!(settings.max_pages, None);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JournalSettings {
    /// A number that was never used with this machine's id prefix; needed only when the journal is created (RECOVERY
    /// R52). `None`: the seconds of the wall clock, and the journal is refused where the clock is plainly not set.
    pub epoch: Option<u32>,
    /// The most pages of 4096 bytes that the file may have. `None`: the disk is the limit.
    pub max_pages: Option<u32>,
}

impl Journal {
    /// Opens the journal, or creates it where there is none.
    ///
    /// # Errors
    /// [`JournalError`] says who is to blame: a file that is no journal, one of a newer release (R49), a full or
    /// read-only disk, a damaged file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, JournalError> {
        Journal::open_with(path, &JournalSettings::default())
    }

    /// [`Journal::open`] with settings.
    ///
    /// # Errors
    /// As [`Journal::open`].
    pub fn open_with(path: impl AsRef<Path>, settings: &JournalSettings) -> Result<Self, JournalError> {
        let path = path.as_ref();
        create_private(path)?;
        // The lock files stand beside the journal, whatever name it is opened under.
        let path = path.canonicalize().map_err(|error| JournalError::cannot_open(path, &error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(&path, flags)?;
        schema::prepare(&mut connection, settings)?;
        let owner = Owner::register(&mut connection, &path)?;
        Ok(Journal { inner: Arc::new(Inner { path, connection: Mutex::new(connection), owner }) })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// The charge of a sale, if there is one.
    ///
    /// # Errors
    /// [`JournalError`] where the file cannot be read.
    pub fn get(&self, sale: &str) -> Result<Option<ChargeRow>, JournalError> {
        charge_row::by_sale(&self.connection(), sale)
    }

    /// The charges that `filter` lets through, the oldest first.
    ///
    /// # Errors
    /// As [`Journal::get`].
    pub fn list(&self, filter: Filter) -> Result<Vec<ChargeRow>, JournalError> {
        charge_row::list(&self.connection(), filter)
    }

    /// Every charge with its attempts and ids, for reconciliation with the carrier's own list, the oldest first.
    ///
    /// # Errors
    /// As [`Journal::get`].
    pub fn export(&self) -> Result<Vec<ExportRow>, JournalError> {
        export::export(&self.connection())
    }

    /// Notifications that belong to no charge here, the newest first, `limit` at most.
    ///
    /// # Errors
    /// As [`Journal::get`].
    pub fn quarantine(&self, limit: u32) -> Result<Vec<Quarantined>, JournalError> {
        inbox::quarantine(&self.connection(), limit)
    }

    /// Whether a charge of the journal went to a simulated carrier (`true`), or to a real one (`false`).
    ///
    /// # Errors
    /// As [`Journal::get`].
    pub fn holds(&self, simulated: bool) -> Result<bool, JournalError> {
        let query = "SELECT EXISTS (SELECT 1 FROM charges WHERE simulated = ?1)";
        Ok(self.connection().query_row(query, [simulated], |row| row.get(0))?)
    }

    /// Reads the whole file and says whether its structure is sound. It takes as long as the file is large.
    ///
    /// # Errors
    /// [`JournalError::Corrupt`] where it is not.
    pub fn verify(&self) -> Result<(), JournalError> {
        let found: String = self.connection().query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        if found == "ok" { Ok(()) } else { Err(JournalError::Corrupt(found)) }
    }

    /// The newest record of a charge and those before it, the newest first.
    pub(crate) fn records(&self, charge_id: &str) -> Result<Vec<Vec<u8>>, JournalError> {
        let connection = self.connection();
        let mut query = connection
            .prepare_cached("SELECT record FROM records WHERE charge_id = ?1 ORDER BY number DESC")?;
        let records = query.query_map([charge_id], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(records)
    }

    /// The row of a charge's own id.
    pub(crate) fn get_by_charge(&self, charge_id: &str) -> Result<Option<ChargeRow>, JournalError> {
        charge_row::by_charge(&self.connection(), charge_id)
    }

    /// Which charge of this journal has this id, if one has.
    pub(crate) fn knows_charge(&self, charge_id: &str) -> Result<bool, JournalError> {
        let found = self
            .connection()
            .query_row("SELECT 1 FROM charges WHERE charge_id = ?1", params![charge_id], |_| Ok(()))
            .optional()?;
        Ok(found.is_some())
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        // A panic in the middle of a transaction rolled it back; the connection is as good as before.
        self.inner.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `work` in one write transaction. What it returns is durable; where it fails, nothing is.
    fn write<T, E: From<JournalError>>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = self.connection();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| E::from(error.into()))?;
        let result = work(&transaction)?;
        transaction.commit().map_err(|error| E::from(error.into()))?;
        Ok(result)
    }
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("path", &self.inner.path).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        self.owner.resign(connection);
    }
}

/// Creates the file with mode 0600 where there is none; SQLite gives its other files the same mode.
pub(crate) fn create_private(path: &Path) -> Result<(), JournalError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop).map_err(|error| JournalError::cannot_open(path, &error))
}
