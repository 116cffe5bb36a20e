//! Why the relay did not do what it was asked, who is to blame, and what to do.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use caas_core::id_generator::PREFIX_MAX;

use super::terminal::TERMINALS_MAX;
use crate::journal::JournalError;

/// Why the relay did not do what it was asked. Nothing was kept or changed.
#[derive(Debug)]
#[non_exhaustive]
pub enum RelayError {
    /// The file is a database of something else, or no database.
    NotARelay,
    /// The file was written by a newer release.
    NewerVersion {
        /// The file's version.
        found: i64,
        /// The newest version that this release knows.
        known: i64,
    },
    /// The terminal's name cannot be the prefix of ids.
    Name,
    /// A limit is zero: nothing could ever be taken. Holds the field's name.
    Zero(&'static str),
    /// There are as many terminals as there may be.
    TooManyTerminals,
    /// No terminal of this name is registered.
    UnknownTerminal,
    /// The system gave no random numbers.
    NoRandom,
    /// The address cannot be bound.
    Bind {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// The disk, or SQLite.
    Storage(JournalError),
    /// The runtime is being shut down.
    Stopped,
}

impl From<JournalError> for RelayError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::NotAJournal => RelayError::NotARelay,
            error => RelayError::Storage(error),
        }
    }
}

impl fmt::Display for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RelayError::NotARelay => {
                f.write_str("configuration: the file holds no relay's notifications; give another path")
            }
            RelayError::NewerVersion { found, known } => write!(
                f,
                "configuration: the relay's file has version {found} and this release knows up to {known}; run the newer \
                 release, the notifications wait"
            ),
            RelayError::Name => write!(
                f,
                "configuration: a terminal is named by the prefix of its ids, 1 to {PREFIX_MAX} letters and digits"
            ),
            RelayError::Zero(name) => {
                write!(f, "configuration: the limit `{name}` is zero, nothing could be taken; set at least 1")
            }
            RelayError::TooManyTerminals => write!(
                f,
                "configuration: a relay serves {TERMINALS_MAX} terminals; give the others one of their own"
            ),
            RelayError::UnknownTerminal => {
                f.write_str("configuration: no terminal of this name is registered; check its prefix")
            }
            RelayError::NoRandom => f.write_str("system: no random numbers; repair that first"),
            RelayError::Bind { address, error } => write!(
                f,
                "configuration: {address} cannot be listened on ({error}); take a free port and an address of this machine"
            ),
            RelayError::Storage(JournalError::CannotOpen { path, error }) => write!(
                f,
                "configuration: the relay's file {} cannot be opened ({error}); check the folder and its permissions",
                path.display()
            ),
            RelayError::Storage(JournalError::Full) => f.write_str(
                "storage: the disk is full; make room, until then carriers are told to send again",
            ),
            RelayError::Storage(JournalError::ReadOnly) => {
                f.write_str("storage: the relay's file is read-only; check the disk and its permissions")
            }
            RelayError::Storage(JournalError::Busy) => {
                f.write_str("storage: another process holds the relay's file; stop it, or try again")
            }
            RelayError::Storage(JournalError::Corrupt(what)) => write!(
                f,
                "storage: the relay's file is damaged ({what}); keep it, and restore a copy or begin a new one"
            ),
            RelayError::Storage(error) => error.fmt(f),
            RelayError::Stopped => f.write_str("the runtime is shut down: ask again with the next one"),
        }
    }
}

impl std::error::Error for RelayError {}
