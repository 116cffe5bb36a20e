//! The file that the state is kept in.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// A file that one simulator writes at a time. It is replaced as a whole: after a power cut it is the one before or
/// the one after.
pub(crate) struct StateFile {
    path: PathBuf,
    /// Held as long as this lives.
    _lock: File,
}

impl StateFile {
    /// Everything that is kept fills less; a larger file is no state.
    const LARGEST: u64 = 1024 * 1024 * 1024;

    /// Takes the file for this simulator.
    pub(crate) fn take(path: &Path) -> io::Result<Self> {
        let lock = private().create(true).truncate(false).write(true).open(beside(path, "lock"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => {
                Err(io::Error::new(io::ErrorKind::ResourceBusy, "another simulator uses it"))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// What is in it; nothing only where there is no such file.
    pub(crate) fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut text = Vec::new();
        file.take(Self::LARGEST + 1).read_to_end(&mut text)?;
        if text.len() as u64 > Self::LARGEST {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than any state"));
        }
        Ok(Some(text))
    }

    /// Replaces what is in it. On return it is on the disk; on an error the old content is still there.
    pub(crate) fn write(&self, text: &[u8]) -> io::Result<()> {
        let fresh = beside(&self.path, "new");
        let mut file = private().create(true).truncate(true).write(true).open(&fresh)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&fresh, &self.path)?;
        // The new name is durable when its folder is.
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

/// `state.json.new` for `state.json`.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}

/// For the owner only: subscribers' numbers are in it.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
