//! What the tests of the journal share: a flash whose power fails, an executor, real records.
#![allow(dead_code, reason = "each test takes what it needs")]

pub mod mock_flash;
pub mod records;
#[cfg(feature = "tls")]
pub mod tls_cheat;
#[cfg(feature = "tls")]
pub mod tls_peer;
pub mod world;

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs a future that never waits.
pub fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

/// A small generator of numbers (xorshift64*), the same for the same seed.
#[derive(Clone)]
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }
}
