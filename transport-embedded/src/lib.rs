#![doc = include_str!("../README.md")]
#![no_std]
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

#[cfg(test)]
extern crate std;

mod clock;
mod connection;
mod copying;
mod delivery;
#[cfg(feature = "driver")]
pub mod driver;
pub mod framing;
pub mod journal;
#[cfg(feature = "driver")]
pub mod relay;
#[cfg(feature = "tls")]
pub mod tls;

#[cfg(feature = "embassy-time")]
pub use clock::EmbassyClock;

pub use clock::Clock;
pub use connection::{Connection, Ended, Settings};
pub use delivery::{Cause, Delivery, MaybeSent, NotSent};
