//! A loop of a known length in a frame of a known size: what the meter says of it must be right.
#![no_std]
#![no_main]

use core::arch::asm;
use core::hint::black_box;

use caas_footprint::machine::{Place, run};

static PLACE: Place<u32> = Place::new();

/// Times that the loop of three instructions is gone through.
const TIMES: u32 = 100_000;
/// Bytes of the frame.
const FRAME: usize = 1000;

#[cortex_m_rt::entry]
fn main() -> ! {
    run(&PLACE, |place| Some(place.write(TIMES)), |times| count(*times) == FRAME)
}

#[inline(never)]
fn count(times: u32) -> usize {
    let frame = black_box([1u8; FRAME]);
    // SAFETY: counts a register down.
    unsafe { asm!("2:", "nop", "subs {0}, #1", "bne 2b", inout(reg) times => _, options(nomem, nostack)) };
    black_box(&frame).len()
}
