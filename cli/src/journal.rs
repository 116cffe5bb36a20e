//! Which journal a command works on. Simulated charges have one of their own: nothing simulated ever stands beside real
//! money.

use std::path::{Path, PathBuf};

use caas_transport_std::{Journal, JournalError};

use crate::arguments::Where;
use crate::configuration::Configuration;
use crate::exit::{Exit, Stop};
use crate::state_folder;

/// The journal's file. Nothing is opened or made.
pub fn file(place: &Where, configuration: &Configuration) -> Result<PathBuf, Stop> {
    let real = configuration.journal.clone().unwrap_or_else(|| state_folder::file("journal.sqlite"));
    let simulated = state_folder::file("simulated.sqlite");
    let (own, other) = if place.simulate { (simulated, real) } else { (real, simulated) };
    let file = place.journal.clone().unwrap_or(own);
    if same(&file, &other) {
        return Err(mixed(&file, place.simulate));
    }
    Ok(file)
}

/// Opens the journal, and makes it and its folder where they are missing.
pub fn open(file: &Path, simulated: bool) -> Result<Journal, Stop> {
    state_folder::make_for(file, "Name another file with --journal")?;
    let journal = Journal::open(file).map_err(|error| stop_of(file, &error))?;
    match journal.holds(!simulated) {
        Ok(false) => Ok(journal),
        Ok(true) => Err(mixed(file, simulated)),
        Err(error) => Err(stop_of(file, &error)),
    }
}

/// Opens a journal that is there already; `None` where there is none.
pub fn open_existing(file: &Path, simulated: bool) -> Result<Option<Journal>, Stop> {
    if file.exists() { open(file, simulated).map(Some) } else { Ok(None) }
}

/// How a journal's failure ends a command.
pub fn stop_of(file: &Path, error: &JournalError) -> Stop {
    let exit = match error {
        JournalError::CannotOpen { .. }
        | JournalError::NotAJournal
        | JournalError::NewerVersion { .. }
        | JournalError::ClockNotSet
        | JournalError::Ids(_) => Exit::Usage,
        _ => Exit::Broken,
    };
    Stop { exit, message: format!("{}: {error}", file.display()) }
}

/// Whether both name one file, however they are written; neither needs to be there.
fn same(one: &Path, other: &Path) -> bool {
    let whole = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    matches!((whole(one), whole(other)), (Ok(one), Ok(other)) if one == other)
}

fn mixed(file: &Path, simulated: bool) -> Stop {
    let file = file.display();
    Stop::usage(if simulated {
        format!("{file} is a journal of real charges: with --simulate name another one, or none")
    } else {
        format!(
            "{file} is a journal of simulated charges: add --simulate, or name another one with --journal"
        )
    })
}
