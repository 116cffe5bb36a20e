//! For firmware without an executor.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

/// Polls a future once, with nobody to wake. Call it from a main loop that comes round often enough: each millisecond, or
/// after each interrupt. The clock's `wait_until` and the streams are then asked at each round, and must not rely on being
/// woken. See [`Driver::run`](super::Driver::run) for such a loop.
pub fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
