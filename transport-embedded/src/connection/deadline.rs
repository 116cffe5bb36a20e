//! Waiting, but not for ever.

use core::future::Future;

use caas_core::time::Instant;
use embassy_futures::select::{Either, select};

use crate::clock::Clock;

/// What the future gives before the deadline; `None`, and the future is dropped, at the deadline. If both happen at once,
/// the future counts.
pub async fn before<T>(deadline: Instant, clock: &impl Clock, future: impl Future<Output = T>) -> Option<T> {
    match select(future, clock.wait_until(deadline)).await {
        Either::First(value) => Some(value),
        Either::Second(()) => None,
    }
}
