//! Waiting, but not for ever.

use core::future::{Future, poll_fn};
use core::pin::Pin;
#[cfg(any(feature = "driver", feature = "tls"))]
use core::pin::pin;
use core::task::Poll;

#[cfg(any(feature = "driver", feature = "tls"))]
use crate::clock::Clock;
#[cfg(any(feature = "driver", feature = "tls"))]
use caas_core::time::Instant;

/// What the future gives before the deadline; `None`, and the future is dropped, at the deadline.
#[cfg(any(feature = "driver", feature = "tls"))]
pub async fn before<T>(deadline: Instant, clock: &impl Clock, future: impl Future<Output = T>) -> Option<T> {
    first_of(pin!(future), pin!(clock.wait_until(deadline))).await
}

/// What the future gives; `None` when the timer ends. If both happen at once, the future counts.
pub fn first_of<T>(
    mut future: Pin<&mut impl Future<Output = T>>,
    mut timer: Pin<&mut impl Future<Output = ()>>,
) -> impl Future<Output = Option<T>> {
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => timer.as_mut().poll(context).map(|()| None),
    })
}
