//! The payer's window as it passes: a line that counts down at a terminal, a line now and then elsewhere.

use std::cell::RefCell;
use std::time::Duration;

use caas_core::time::{Millis, SECOND};
use tokio::task::JoinHandle;

use crate::out;

/// Seconds of the charge's clock between two lines where there is no terminal.
const QUIET_STEP: u32 = 30;

/// A countdown that runs while the payer may consent.
pub struct Countdown {
    silent: bool,
    window: Millis,
    clock: u32,
    running: RefCell<Option<JoinHandle<()>>>,
}

impl Countdown {
    /// A countdown of `window`, on a clock that runs `clock` times as fast.
    pub fn new(silent: bool, window: Millis, clock: u32) -> Self {
        Countdown { silent, window, clock: clock.max(1), running: RefCell::new(None) }
    }

    /// Starts to count, unless it does already.
    pub fn start(&self) {
        if self.silent || self.running.borrow().is_some() {
            return;
        }
        let (window, clock) = (self.window / SECOND, self.clock);
        *self.running.borrow_mut() = Some(tokio::spawn(async move { count(window, clock).await }));
    }

    /// Stops it.
    pub fn stop(&self) {
        if let Some(running) = self.running.borrow_mut().take() {
            running.abort();
        }
    }
}

async fn count(window: u32, clock: u32) {
    for left in (0..=window).rev() {
        if out::is_terminal() {
            out::passing(&format!("          the payer's window: {left} s left "));
        } else if left > 0 && left % QUIET_STEP == 0 {
            out::line(&format!("          the payer's window: {left} s left"));
        }
        tokio::time::sleep(Duration::from_secs(1) / clock).await;
    }
}
