//! Why the journal did not do what it was asked, who is to blame, and what to do.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// Why the journal did not do what it was asked. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalError {
    /// The file cannot be opened or created.
    CannotOpen {
        /// Which file.
        path: PathBuf,
        /// The kind of error the system gave.
        error: io::ErrorKind,
    },
    /// The file is a database of something else, or no database.
    NotAJournal,
    /// The journal was written by a newer release (R49).
    NewerVersion {
        /// The file's version.
        found: i64,
        /// The newest version that this release knows.
        known: i64,
    },
    /// The wall clock is not set, so the new journal has no number of its own (R52).
    ClockNotSet,
    /// The system gave no random numbers for the journal's id prefix.
    NoRandom,
    /// The ids of this prefix are used up, or the prefix cannot be used.
    Ids(caas_core::id_generator::IdGeneratorError),
    /// The disk, or the limit that was set, is full.
    Full,
    /// The file or the disk is read-only.
    ReadOnly,
    /// Another process held the journal for longer than the time-out of 5 s.
    Busy,
    /// The file is damaged.
    Corrupt(String),
    /// The disk failed.
    Disk(String),
    /// A record that no release could read again; it was not written.
    BadRecord,
    /// Something else that SQLite reports.
    Other(String),
}

impl JournalError {
    pub(crate) fn cannot_open(path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ReadOnlyFilesystem => JournalError::ReadOnly,
            io::ErrorKind::StorageFull => JournalError::Full,
            kind => JournalError::CannotOpen { path: path.to_owned(), error: kind },
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            JournalError::CannotOpen { path, error } => write!(
                f,
                "configuration: the journal {} cannot be opened ({error}); check the folder and its permissions",
                path.display()
            ),
            JournalError::NotAJournal => {
                f.write_str("configuration: the file is no journal of this program; give another path")
            }
            JournalError::NewerVersion { found, known } => write!(
                f,
                "configuration: the journal has version {found} and this release knows up to {known}; \
                 no sale is possible until the newer release is back"
            ),
            JournalError::ClockNotSet => f.write_str(
                "configuration: the wall clock is not set and the journal is new; set the clock, or give an epoch \
                 that was never used",
            ),
            JournalError::NoRandom => {
                f.write_str("system: no random numbers for the id prefix; give a prefix of your own")
            }
            JournalError::Ids(error) => write!(f, "configuration: {error}"),
            JournalError::Full => {
                f.write_str("storage: the disk is full; make room, open charges have theirs kept")
            }
            JournalError::ReadOnly => {
                f.write_str("storage: the journal is read-only; check the disk and its permissions")
            }
            JournalError::Busy => {
                f.write_str("storage: another process holds the journal; stop it, or try again")
            }
            JournalError::Corrupt(what) => {
                write!(f, "storage: the journal is damaged ({what}); keep the file and restore a copy")
            }
            JournalError::Disk(what) => write!(f, "storage: the disk failed ({what}); repair it"),
            JournalError::BadRecord => f.write_str("library: a record cannot be read back; report this"),
            JournalError::Other(what) => write!(f, "storage: {what}"),
        }
    }
}

impl std::error::Error for JournalError {}

impl From<rusqlite::Error> for JournalError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error;
        let text = error.to_string();
        // A column that holds what was never written into it.
        if matches!(
            error,
            Error::IntegralValueOutOfRange(..)
                | Error::FromSqlConversionFailure(..)
                | Error::InvalidColumnType(..)
        ) {
            return JournalError::Corrupt(text);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => JournalError::Full,
            Some(ErrorCode::ReadOnly) => JournalError::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => JournalError::Busy,
            Some(ErrorCode::DatabaseCorrupt) => JournalError::Corrupt(text),
            Some(ErrorCode::NotADatabase) => JournalError::NotAJournal,
            Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => JournalError::Disk(text),
            _ => JournalError::Other(text),
        }
    }
}
