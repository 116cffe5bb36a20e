//! Ctrl-C and termination: the charge is put down as it is, and `caas resume` finishes it.

use caas_transport_std::Interrupter;
use tokio::signal::unix::{SignalKind, signal};

/// Interrupts the desk at the first signal.
pub fn on_signal(interrupter: Interrupter) {
    tokio::spawn(async move {
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            let _ = tokio::signal::ctrl_c().await;
            interrupter.interrupt();
            return;
        };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        interrupter.interrupt();
    });
}
