//! Keeps the state in its file: a thread that writes after every change, many changes at a time.
//!
//! An answer waits until what it says is in the file, so that `kill -9` loses nothing that anybody was told.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::engine::Engine;
use crate::state::State;
use crate::state_file::StateFile;
use crate::state_text;

/// How far the file is behind, and why.
#[derive(Clone, Default)]
pub(crate) struct Kept {
    /// The state's version that is in the file.
    pub(crate) version: u64,
    /// Why the last try failed; the next one follows.
    pub(crate) error: Option<String>,
}

/// The least time between two writes, which is also time for others to join the next one. Where a write takes longer
/// than this the pause is as long as the write was, up to [`LONGEST_PAUSE`].
const PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Between two tries while the disk refuses.
const RETRY: Duration = Duration::from_millis(500);
/// While something is planned, the time is written this often: a cut puts it back by no more.
pub(crate) const HEARTBEAT: Duration = Duration::from_secs(5);

/// Writes the state that the simulator starts with: what cannot be written is found out now.
pub(crate) fn write_first(file: &StateFile, state: &State) -> io::Result<()> {
    file.write(&state_text::write(state)?)
}

/// Runs until the engine stops, and writes a last time then.
pub(crate) fn start(engine: &Arc<Engine>, file: StateFile) -> io::Result<JoinHandle<()>> {
    let engine = Arc::clone(engine);
    std::thread::Builder::new().name("caas-simulator-state".to_owned()).spawn(move || keep(&engine, &file))
}

fn keep(engine: &Engine, file: &StateFile) {
    let mut kept = Kept::default();
    loop {
        let change = engine.next_change(kept.version);
        let began = Instant::now();
        let written = change.text.map_err(io::Error::other).and_then(|text| file.write(&text));
        match written {
            Ok(()) => kept = Kept { version: change.version, error: None },
            Err(error) => kept.error = Some(error.to_string()),
        }
        let failed = kept.error.is_some();
        engine.kept.send_replace(kept.clone());
        if change.last {
            return;
        }
        std::thread::sleep(if failed { RETRY } else { began.elapsed().clamp(PAUSE, LONGEST_PAUSE) });
    }
}
