//! Measures a piece of work: the deepest stack by painting, the instructions by the timer.

use core::arch::asm;
use core::ptr::{read_volatile, write_volatile};

/// Below the work's entry, so much is painted. Deeper would not be seen; it would be far over every budget.
const PAINTED: usize = 24 * 1024;
const PAINT: u32 = 0xCAA5_C0DE;

const SYST_CSR: *mut u32 = 0xE000_E010 as *mut u32;
const SYST_RVR: *mut u32 = 0xE000_E014 as *mut u32;
const SYST_CVR: *mut u32 = 0xE000_E018 as *mut u32;
/// Counts, and takes the processor's clock.
const RUN: u32 = 0b101;
const COUNTER_MASK: u32 = 0x00FF_FFFF;
/// With `-icount shift=0` an instruction takes 1 ns; the board's clock of 25 MHz ticks every 40 ns.
const INSTRUCTIONS_PER_TICK: u32 = 40;

/// How the steps of a sale are looked at.
pub trait Meter {
    /// Does one step of the core.
    fn step<R>(&mut self, what: &'static str, work: impl FnOnce() -> R) -> R;
}

/// Does not look.
pub struct Blind;

impl Meter for Blind {
    #[inline(always)]
    fn step<R>(&mut self, _: &'static str, work: impl FnOnce() -> R) -> R {
        work()
    }
}

/// What a piece of work took.
#[derive(Clone, Copy)]
pub struct Cost {
    /// The deepest stack, in bytes, from the call on.
    pub stack: u32,
    /// Instructions, to within one tick of the timer.
    pub instructions: u32,
}

/// Does a piece of work, and says what it took.
#[inline(never)]
pub fn cost_of<R>(work: impl FnOnce() -> R) -> (R, Cost) {
    let top = stack_pointer();
    let bottom = top - PAINTED;
    let mut at = bottom;
    while at < top {
        // SAFETY: RAM between the statics and this frame, which nothing uses: there are no interrupts.
        unsafe { write_volatile(at as *mut u32, PAINT) };
        at += 4;
    }
    // SAFETY: the system timer's registers, which nobody else uses.
    unsafe {
        write_volatile(SYST_RVR, COUNTER_MASK);
        write_volatile(SYST_CVR, 0);
        write_volatile(SYST_CSR, RUN);
    }
    let before = counter();
    let result = apart(work);
    let ticks = before.wrapping_sub(counter()) & COUNTER_MASK;
    let mut deepest = bottom;
    // SAFETY: as above.
    while deepest < top && unsafe { read_volatile(deepest as *const u32) } == PAINT {
        deepest += 4;
    }
    (result, Cost { stack: (top - deepest) as u32, instructions: ticks * INSTRUCTIONS_PER_TICK })
}

/// Not in the caller's frame, so that its own is measured.
#[inline(never)]
fn apart<R>(work: impl FnOnce() -> R) -> R {
    work()
}

fn counter() -> u32 {
    // SAFETY: the system timer's register.
    unsafe { read_volatile(SYST_CVR) }
}

#[inline(always)]
fn stack_pointer() -> usize {
    let pointer;
    // SAFETY: reads a register.
    unsafe { asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags)) };
    pointer
}
