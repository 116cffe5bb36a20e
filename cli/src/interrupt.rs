//! Ctrl-C, termination and a terminal that is closed: the charge is put down as it is, and `caas resume` finishes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use caas_transport_std::Interrupter;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::exit::{Exit, Stop};
use crate::tell::Tell;

/// The signals that end this program.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    /// Takes the signals over; from now on they end nothing by themselves.
    pub fn take() -> Result<Self, Stop> {
        let take = |kind| signal(kind).map_err(Stop::broken);
        Ok(Signals {
            interrupt: take(SignalKind::interrupt())?,
            terminate: take(SignalKind::terminate())?,
            hang_up: take(SignalKind::hangup())?,
        })
    }

    /// Waits for the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hang_up.recv() => {}
        }
    }
}

/// Whether a signal came.
#[derive(Clone)]
pub struct Interrupted(Arc<AtomicBool>);

impl Interrupted {
    /// Whether a signal came.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Interrupts the desk at the first signal, which waits up to 5 s for an answer that is out. The second one ends the
/// program at once, which loses no more than a power cut does.
pub fn on_signal(tell: Tell, interrupter: Interrupter) -> Result<Interrupted, Stop> {
    let mut signals = Signals::take()?;
    let interrupted = Interrupted(Arc::new(AtomicBool::new(false)));
    let flag = interrupted.clone();
    tokio::spawn(async move {
        signals.next().await;
        flag.0.store(true, Ordering::Relaxed);
        interrupter.interrupt();
        signals.next().await;
        let exit = tell.done(Exit::Interrupted.word(), Exit::Interrupted);
        std::process::exit(i32::from(exit as u8));
    });
    Ok(interrupted)
}
