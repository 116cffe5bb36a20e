//! The carriers' messages: requests as bytes, bytes as what they plainly mean.
//!
//! Reading takes two steps. A bounded scan without recursion keeps the members that are known and writes them as
//! canonical strings; serde-json-core reads those into owned, bounded fields. Nothing here holds state, and nothing
//! decides: what a reading means for a charge is decided in [`crate::charge`].

pub mod answer;
pub mod balance;
mod canonical;
#[cfg(feature = "dump-notification")]
mod dump;
pub mod instruments;
pub mod notification;
mod object;
pub mod request;
mod scan;
mod verdict;

pub use scan::{DEPTH_MAX, MESSAGE_MAX};
