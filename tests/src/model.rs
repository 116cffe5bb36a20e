//! The world around a charge, small enough to look at every state of it.
//!
//! The charge is the shipped one; nothing of it is modelled. Around it stand a [`carrier`] with a ledger, a payer, a
//! [`network`] that loses, delays, repeats and reorders, a [`disk`] that fails and tears, the power, a clock, and the
//! [`machine`] with its application and the person who resolves reviews. [`action`] says what may happen in a state,
//! [`step`] does it, [`invariant`] says what must hold whatever happens, and [`completion`] that a charge comes to an end
//! once faults stop. [`scenario`] lists the carriers and how much may go wrong in each: the bounds.
//!
//! What bounds the states beside a scenario's [`scenario::Bounds`]:
//!
//! - Time moves in steps of a minute to the deadline that the charge waits for, or as far behind it as the minute is over
//!   (timers may fire late, R51). All windows are multiples of a minute.
//! - A restart sets the clock to zero (R50).
//! - Storage answers before time goes on; a write that is never answered is the same as one that fails later.
//! - Records are numbered from the start again when none is being written.
//! - The application does nothing but what it is told it may; the person looks at the ledger once nothing is under way
//!   any more, and tells the truth.

pub mod action;
pub mod carrier;
pub mod completion;
pub mod disk;
pub mod invariant;
pub mod machine;
pub mod network;
pub mod scenario;
pub mod step;
mod wire;
pub mod world;

pub use action::Action;
pub use invariant::Invariant;
pub use scenario::{Bounds, Scenario};
pub use world::World;
