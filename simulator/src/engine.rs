//! The state behind its lock, and who is told when it changes.

use std::sync::atomic::AtomicBool;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, broadcast, watch};

use crate::SimulatorEvent;
use crate::state::State;

pub(crate) struct Engine {
    state: Mutex<State>,
    changed: Condvar,
    /// Wakes the courier.
    pub(crate) wake: Notify,
    pub(crate) events: broadcast::Sender<SimulatorEvent>,
    /// Counts what changes the state without an event of its own.
    pub(crate) changes: watch::Sender<u64>,
    /// A scenario runs: a second one would disturb it.
    pub(crate) scenario_runs: AtomicBool,
}

impl Engine {
    /// How many events an observer may lag behind before it misses the oldest.
    const EVENTS_KEPT: usize = 1_024;

    pub(crate) fn new(state: State) -> Self {
        let (events, _) = broadcast::channel(Self::EVENTS_KEPT);
        let (changes, _) = watch::channel(0);
        let scenario_runs = AtomicBool::new(false);
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
            wake: Notify::new(),
            events,
            changes,
            scenario_runs,
        }
    }

    /// Brings the state up to the present, does `work` on it, and tells observers what happened.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut State, u64) -> R) -> R {
        let result = self.with_unwoken(work);
        self.wake.notify_one();
        result
    }

    /// As [`with`](Self::with), for work that changes what a page shows: pages look again.
    pub(crate) fn change<R>(&self, work: impl FnOnce(&mut State, u64) -> R) -> R {
        let result = self.with(work);
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// As [`with`](Self::with), for the courier: it must not wake itself, or it would never sleep.
    pub(crate) fn with_unwoken<R>(&self, work: impl FnOnce(&mut State, u64) -> R) -> R {
        let mut state = self.lock();
        let now = state.clock.now();
        state.advance(now);
        let result = work(&mut state, now);
        self.publish(&mut state);
        result
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

    /// Every change that somebody waits for comes with an event.
    fn publish(&self, state: &mut State) {
        if state.book.events.is_empty() {
            return;
        }
        for event in state.book.events.drain(..) {
            // Nobody listening is no error.
            let _ = self.events.send(event);
        }
        self.changed.notify_all();
    }

    /// A panic while the lock was held leaves a state that is still the best witness there is.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
