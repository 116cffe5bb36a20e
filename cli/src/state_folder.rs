//! Where the files are that nobody named.

use std::path::{Path, PathBuf};

use crate::exit::Stop;

/// A file in this user's state folder. Nothing is made.
pub fn file(name: &str) -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let base = std::env::var_os("XDG_STATE_HOME").filter(|base| !base.is_empty()).map(PathBuf::from);
    base.or_else(home).unwrap_or_else(|| PathBuf::from(".")).join("caas").join(name)
}

/// Makes the folder of a file where it is missing; `instead` says what to do if that cannot be.
pub fn make_for(file: &Path, instead: &str) -> Result<(), Stop> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder)
        .map_err(|error| Stop::broken(format!("{}: {error}. {instead}", folder.display())))
}
