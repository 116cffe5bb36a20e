//! The state behind its lock, and who is told when it changes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, broadcast, watch};

use crate::keeper::{HEARTBEAT, Kept};
use crate::state::State;
use crate::{SimulatorEvent, state_text};

pub(crate) struct Engine {
    state: Mutex<State>,
    changed: Condvar,
    /// Wakes the courier.
    pub(crate) wake: Notify,
    pub(crate) events: broadcast::Sender<SimulatorEvent>,
    /// Counts what changes the state without an event of its own.
    pub(crate) changes: watch::Sender<u64>,
    /// How far the state is in its file.
    pub(crate) kept: watch::Sender<Kept>,
    /// Whether there is a file at all.
    keeps: bool,
    stopping: AtomicBool,
    /// A scenario runs: a second one would disturb it.
    pub(crate) scenario_runs: AtomicBool,
}

/// A state to be written down.
pub(crate) struct Change {
    pub(crate) version: u64,
    pub(crate) text: Result<Vec<u8>, serde_json::Error>,
    pub(crate) last: bool,
}

impl Engine {
    /// How many events an observer may lag behind before it misses the oldest.
    const EVENTS_KEPT: usize = 1_024;

    pub(crate) fn new(state: State, keeps: bool) -> Self {
        let (events, _) = broadcast::channel(Self::EVENTS_KEPT);
        let (changes, _) = watch::channel(0);
        let scenario_runs = AtomicBool::new(false);
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            wake: Notify::new(),
            events,
            changes,
            kept: watch::channel(Kept::default()).0,
            keeps,
            stopping: AtomicBool::new(false),
            scenario_runs,
        }
    }

    /// Brings the state up to the present, does `work` on it, and tells observers what happened.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut State, u64) -> R) -> R {
        let (result, before, after) = self.work(work, false);
        // Under load the courier is left alone while nothing is due for it.
        if before != after {
            self.wake.notify_one();
        }
        result
    }

    /// As [`with`](Self::with), for work that changes what a page shows: pages look again.
    pub(crate) fn change<R>(&self, work: impl FnOnce(&mut State, u64) -> R) -> R {
        let result = self.work(work, true).0;
        self.wake.notify_one();
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// As [`with`](Self::with), for the courier: it must not wake itself, or it would never sleep.
    pub(crate) fn with_unwoken<R>(&self, work: impl FnOnce(&mut State, u64) -> R) -> R {
        self.work(work, false).0
    }

    /// The result, and what was due next before and after.
    fn work<R>(
        &self,
        work: impl FnOnce(&mut State, u64) -> R,
        changes: bool,
    ) -> (R, Option<u64>, Option<u64>) {
        let mut state = self.lock();
        let before = state.next_due();
        let now = state.clock.now();
        state.observed = self.events.receiver_count() > 0;
        state.advance(now);
        let result = work(&mut state, now);
        let after = state.next_due();
        state.book.happened |= changes || before != after;
        self.publish(&mut state);
        (result, before, after)
    }

    /// Skips virtual time and does what was due in it; returns the new virtual time.
    pub(crate) fn fast_forward(&self, time: Duration) -> u64 {
        self.change(|state, _| {
            state.clock.skip(time);
            let now = state.clock.now();
            state.advance(now);
            now
        })
    }

    /// Looks at the state as it stands.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&State) -> R) -> R {
        look(&self.lock())
    }

    /// Waits (in real time) until `wanted` holds; whether it came to hold.
    pub(crate) fn wait(&self, limit: Duration, wanted: impl Fn(&State) -> bool) -> bool {
        let end = Instant::now() + limit;
        let mut state = self.lock();
        loop {
            let now = state.clock.now();
            state.observed = self.events.receiver_count() > 0;
            state.advance(now);
            self.publish(&mut state);
            if wanted(&state) {
                return true;
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Everything that somebody waits for is marked as having happened.
    fn publish(&self, state: &mut State) {
        if !std::mem::take(&mut state.book.happened) {
            return;
        }
        state.version += 1;
        for event in state.book.events.drain(..) {
            // Nobody listening is no error.
            let _ = self.events.send(event);
        }
        self.changed.notify_all();
    }

    /// Waits until what happened so far is in the file; why it cannot be kept, where the disk refuses. Where there
    /// is no file there is nothing to wait for. Dropped, it waits no more and changes nothing.
    pub(crate) async fn until_kept(&self) -> Result<(), String> {
        if !self.keeps {
            return Ok(());
        }
        let version = self.look(|state| state.version);
        let mut kept = self.kept.subscribe();
        let waited = kept.wait_for(|kept| kept.version >= version || kept.error.is_some()).await;
        match waited {
            Ok(kept) if kept.version >= version => Ok(()),
            Ok(kept) => Err(kept.error.clone().unwrap_or_default()),
            Err(_) => Err("the simulator stops".to_owned()),
        }
    }

    /// Why the state is not being kept, while the disk refuses.
    pub(crate) fn keeping_error(&self) -> Option<String> {
        self.kept.borrow().error.clone()
    }

    /// Waits (blocking) for a state newer than `version`, or for the end.
    pub(crate) fn next_change(&self, version: u64) -> Change {
        let mut state = self.lock();
        let beat = Instant::now() + HEARTBEAT;
        loop {
            let last = self.stopping.load(Ordering::SeqCst);
            let due = state.next_due().is_some() && state.clock.rate() > 0 && Instant::now() >= beat;
            if last || due || state.version > version {
                return Change { version: state.version, text: state_text::write(&state), last };
            }
            state = self.changed.wait_timeout(state, HEARTBEAT).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Lets whoever waits for a change end.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        drop(self.lock());
        self.changed.notify_all();
    }

    /// A panic while the lock was held leaves a state that is still the best witness there is.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
