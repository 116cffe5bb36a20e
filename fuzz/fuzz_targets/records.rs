//! Any bytes as a record: refused, or a charge that can be driven on without a panic.

#![no_main]

use caas_core::charge::{AtBoot, BUFFER_MAX, Carrier, Charge, Output, record};
use caas_core::credentials::Credentials;
use caas_core::profile;
use caas_core::time::Instant;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = record::heading(bytes);
    let (profile, credentials) = (profile::dialog(), Credentials::default());
    let carrier = Carrier { profile: &profile, credentials: &credentials, endpoint: "http://127.0.0.1:7000" };
    let Ok(mut charge) = Charge::recover(Instant::ZERO, &carrier, bytes, AtBoot::RefundDue) else { return };
    let mut buffer = [0; BUFFER_MAX];
    for _ in 0..8 {
        if let Output::Wait(_) = charge.poll_output(Instant::ZERO, &carrier, &mut buffer) {
            break;
        }
    }
});
