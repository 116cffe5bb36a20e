//! A stop that changes no charge.

use std::sync::Arc;

use tokio::sync::watch;

/// Stops a desk from driving, from anywhere: a signal handler, another task. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Interrupter(Arc<watch::Sender<bool>>);

impl Interrupter {
    /// Every charge under way waits for the answer to a request that is out, 5 s at most, keeps what it says, and ends
    /// as [`Ended::Interrupted`](crate::Ended::Interrupted). Nothing is sent any more through this desk.
    pub fn interrupt(&self) {
        self.0.send_replace(true);
    }
}

#[derive(Debug)]
pub(super) struct InterruptFlag(Arc<watch::Sender<bool>>);

impl Default for InterruptFlag {
    fn default() -> Self {
        InterruptFlag(Arc::new(watch::Sender::new(false)))
    }
}

impl InterruptFlag {
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(Arc::clone(&self.0))
    }

    pub fn is_set(&self) -> bool {
        *self.0.borrow()
    }

    pub fn watch(&self) -> watch::Receiver<bool> {
        self.0.subscribe()
    }
}
