//! Any bytes as a record: refused, or a charge that can be driven on without a panic. The bytes are tried as they are, and
//! once more as the content of a record whose length, CRC and mark are right, because a CRC keeps a fuzzer out.

#![no_main]

use caas_core::charge::{AtBoot, BUFFER_MAX, Carrier, Charge, Output, record};
use caas_core::credentials::Credentials;
use caas_core::profile;
use caas_core::time::Instant;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    drive(bytes);
    drive(&sealed(bytes));
});

/// A whole record with this content.
fn sealed(content: &[u8]) -> Vec<u8> {
    let mut record = b"CAAS\x01\0\0".to_vec();
    record.extend_from_slice(content);
    let length = u16::try_from(record.len()).unwrap_or(u16::MAX).to_le_bytes();
    record[5..7].copy_from_slice(&length);
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC).checksum(&record);
    record.extend_from_slice(&crc.to_le_bytes());
    record.extend_from_slice(&[0x43, 0x4D, 0xA5, 0x5A]);
    record
}

fn drive(bytes: &[u8]) {
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
}
