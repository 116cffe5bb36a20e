//! What crosses the crates: conformance, end to end, faults, and the model check.

#![allow(clippy::unwrap_used, clippy::expect_used)]

pub mod model;
