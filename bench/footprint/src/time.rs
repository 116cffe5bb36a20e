//! Time and waiting, as far as an image needs it.

use core::future::{Future, pending};
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use caas_core::time::Instant;
use caas_transport_embedded::Clock;

/// A clock that stands still: no deadline passes.
pub struct Still;

impl Clock for Still {
    fn now(&self) -> Instant {
        Instant::from_millis(core::hint::black_box(1000u32).into())
    }

    async fn wait_until(&self, _: Instant) {
        pending().await
    }
}

/// Runs a future to its end.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
    }
}
