//! The motor that lets the goods fall, with a counter in its hardware: the witness for "at most once".

use caas_core::id::SaleId;
use embassy_time::Timer;

use crate::reset_point::{ResetPoint, reach};
use crate::semihosting;
use crate::surviving_memory::{self as memory, layout};

/// How long the motor turns.
const TURN_MS: u64 = 30;
/// Two words keep the first 8 characters of a sale's id.
const WORDS: usize = 2;

/// Nothing fell: the slot is empty or stuck.
pub struct Jammed;

/// Turns the motor once for a sale.
pub async fn turn(sale: &SaleId, is_stuck: bool) -> Result<(), Jammed> {
    Timer::after_millis(TURN_MS).await;
    if is_stuck {
        return Err(Jammed);
    }
    count(sale);
    reach(ResetPoint::DuringRelease);
    Timer::after_millis(TURN_MS).await;
    Ok(())
}

/// Says for which sales the motor has turned, a line for each time, and how often in all.
pub fn tell() {
    for turn in 0..memory::read(layout::DISPENSED) as usize {
        let at = layout::DISPENSED + 1 + turn * WORDS;
        let mut bytes = [0; 4 * WORDS];
        for (chunk, word) in bytes.chunks_exact_mut(4).zip(at..) {
            chunk.copy_from_slice(&memory::read(word).to_le_bytes());
        }
        let length = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        let sale = core::str::from_utf8(&bytes[..length]).unwrap_or("?");
        semihosting::line(format_args!("turned sale={sale}"));
    }
    semihosting::line(format_args!("turns total={}", memory::read(layout::DISPENSED)));
}

/// First the sale, then the count: a reset in between leaves the count, and the goods did not move yet.
fn count(sale: &SaleId) {
    let turns = memory::read(layout::DISPENSED) as usize;
    if turns >= layout::DISPENSED_MAX {
        panic!("the dispenser's memory is full");
    }
    let at = layout::DISPENSED + 1 + turns * WORDS;
    let mut bytes = [0; 4 * WORDS];
    for (byte, from) in bytes.iter_mut().zip(sale.as_str().bytes()) {
        *byte = from;
    }
    for (chunk, word) in bytes.chunks_exact(4).zip(at..) {
        let mut value = [0; 4];
        value.copy_from_slice(chunk);
        memory::write(word, u32::from_le_bytes(value));
    }
    memory::write(layout::DISPENSED, turns as u32 + 1);
}
