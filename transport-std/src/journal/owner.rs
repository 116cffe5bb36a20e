//! An owner of charges: one opened journal, alive for as long as its lock is held.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::failure::JournalError;

/// This opened journal as an owner.
///
/// Lock files are made, looked at and removed inside write transactions only. So nobody sees a file between its creation
/// and its lock, and a file that can be locked belongs to an owner that is dead. Numbers are never used again.
pub(super) struct Owner {
    pub id: i64,
    journal: PathBuf,
    /// Held, never read: the system lets go of it when the process ends, however it ends.
    _lock: File,
    /// The leases of this owner that are in use.
    leases: Mutex<HashSet<i64>>,
}

impl Owner {
    /// Registers a new owner, and clears away those that are dead.
    pub fn register(connection: &mut Connection, journal: &Path) -> Result<Self, JournalError> {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        remove_dead(&transaction, journal)?;
        transaction.execute(
            "INSERT INTO owners (process, since) VALUES (?1, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
            [std::process::id()],
        )?;
        let id = transaction.last_insert_rowid();
        let path = lock_path(journal, id);
        let lock = create_locked(&path).map_err(|error| JournalError::cannot_open(&path, &error))?;
        transaction.commit()?;
        Ok(Owner { id, journal: journal.to_owned(), _lock: lock, leases: Mutex::default() })
    }

    /// Gives up everything: the journal is closed.
    pub fn resign(&self, connection: &mut Connection) {
        let cleared = (|| -> Result<(), rusqlite::Error> {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute("DELETE FROM leases WHERE owner = ?1", [self.id])?;
            transaction.execute("DELETE FROM owners WHERE id = ?1", [self.id])?;
            // What cannot be removed is found to be dead by the next owner.
            let _ = fs::remove_file(lock_path(&self.journal, self.id));
            transaction.commit()
        })();
        // Likewise: the lock is let go of with this process.
        drop(cleared);
    }

    /// Whether a lease is in use, by whomever. To be asked inside a write transaction.
    pub fn is_live(&self, owner: i64, fence: i64) -> bool {
        if owner == self.id { self.in_use().contains(&fence) } else { is_alive(&self.journal, owner) }
    }

    pub fn take(&self, fence: i64) {
        self.in_use().insert(fence);
    }

    pub fn give_back(&self, fence: i64) {
        self.in_use().remove(&fence);
    }

    fn in_use(&self) -> std::sync::MutexGuard<'_, HashSet<i64>> {
        // The set is whole after each single call on it, also if the caller panics later.
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remove_dead(transaction: &Transaction<'_>, journal: &Path) -> Result<(), JournalError> {
    let owners: Vec<i64> = transaction
        .prepare("SELECT id FROM owners")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in owners.into_iter().filter(|id| !is_alive(journal, *id)) {
        transaction.execute("DELETE FROM leases WHERE owner = ?1", [id])?;
        transaction.execute("DELETE FROM owners WHERE id = ?1", [id])?;
        // A file that stays is never looked at again.
        let _ = fs::remove_file(lock_path(journal, id));
    }
    Ok(())
}

/// An owner whose state cannot be found out counts as alive: waiting is safe, and taking over is not.
fn is_alive(journal: &Path, owner: i64) -> bool {
    let file = match OpenOptions::new().read(true).write(true).open(lock_path(journal, owner)) {
        Ok(file) => file,
        Err(error) => return error.kind() != io::ErrorKind::NotFound,
    };
    match file.try_lock() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
    }
}

fn create_locked(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let file = options.open(path)?;
    file.try_lock().map_err(io::Error::from)?;
    Ok(file)
}

fn lock_path(journal: &Path, owner: i64) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(format!("-owner-{owner}"));
    PathBuf::from(name)
}
