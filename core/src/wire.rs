//! The carriers' messages: requests as bytes, bytes as what they plainly mean.
//!
//! Reading takes two steps. A bounded walk without recursion checks the whole message and finds where the known members
//! stand; each is then read from there into an owned, bounded field. Requests are written straight into the caller's
//! buffer. Nothing here holds state, and nothing decides: what a reading means for a charge is decided in [`crate::charge`].

pub mod answer;
pub mod balance;
#[cfg(feature = "dump-notification")]
mod dump;
pub mod instruments;
mod members;
mod names;
pub mod notification;
mod object;
pub mod request;
mod scan;
mod text;
mod verdict;

pub(crate) use names::Name;
pub use scan::{DEPTH_MAX, MESSAGE_MAX};
