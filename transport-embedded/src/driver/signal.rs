//! Wakes the one task that waits for something.

use core::cell::Cell;
use core::task::Waker;

/// A flag, and who waits for it. One task waits at a time; another that comes wakes the one before, which looks again.
#[derive(Default)]
pub struct Signal {
    set: Cell<bool>,
    waiting: Cell<Option<Waker>>,
}

impl Signal {
    /// Sets the flag and wakes who waits for it.
    pub fn set(&self) {
        self.set.set(true);
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Takes the flag down, and says whether it was set.
    pub fn take(&self) -> bool {
        self.set.replace(false)
    }

    /// From now on `waker` is woken.
    pub fn register(&self, waker: &Waker) {
        if let Some(before) = self.waiting.replace(Some(waker.clone()))
            && !before.will_wake(waker)
        {
            before.wake();
        }
    }
}
