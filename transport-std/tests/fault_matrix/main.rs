//! Every fault of the simulator × every phase of a charge × every profile, through the desk and its journal over real
//! sockets: each ends as docs/recovery.md says, and the carrier's ledger agrees.
//!
//! `cargo test -p caas-transport-std --test fault_matrix -- --nocapture` prints the matrix.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod carriers;
mod cell;
#[path = "../driver_scene/mod.rs"]
mod driver_scene;
mod expected;
mod faults;
mod matrix;
mod phases;
mod tls;
mod witness;

/// R02–R07, R09, R12, R13, R15, R22, R27, R28, R30–R32, R34, R38–R41; I1–I4, I6–I8: over TCP.
#[test]
fn each_fault_in_each_phase_of_each_profile_ends_as_documented_over_tcp() {
    matrix::run(None);
}

/// The same under TLS, where a reset and an end look different (R03, R04).
#[test]
fn each_fault_in_each_phase_of_each_profile_ends_as_documented_over_tls() {
    matrix::run(Some(tls::Authority::new()));
}
