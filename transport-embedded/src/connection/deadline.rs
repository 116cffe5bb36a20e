//! Waiting, but not for ever.

use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;

use caas_core::time::Instant;

use crate::clock::Clock;

/// What the future gives before the deadline; `None`, and the future is dropped, at the deadline.
pub async fn before<T>(deadline: Instant, clock: &impl Clock, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut timer = pin!(clock.wait_until(deadline));
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(Some(value));
        }
        timer.as_mut().poll(context).map(|()| None)
    })
    .await
}

/// What the future gives without waiting.
pub async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}
