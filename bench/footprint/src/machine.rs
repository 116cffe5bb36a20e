//! The machine around what is measured: it runs one job, says how deep the stack went, and ends the emulation. `bare`
//! has all of this and nothing else, so it cancels out.

use core::arch::asm;
use core::cell::UnsafeCell;
use core::hint::black_box;
use core::mem::MaybeUninit;
use core::panic::PanicInfo;

use crate::meter::cost_of;

const WRITE_TEXT: u32 = 0x04;
const EXIT: u32 = 0x18;
/// `ADP_Stopped_ApplicationExit` and `ADP_Stopped_RunTimeErrorUnknown`.
const EXIT_DONE: u32 = 0x2_0026;
const EXIT_BROKEN: u32 = 0x2_0023;

/// Where a job's own data lives: the caller's, which do not count as stack.
pub struct Place<W: 'static>(UnsafeCell<MaybeUninit<W>>);

/// Makes a job's data where they stay; `None` if they cannot be made.
pub type Setup<W> = fn(&'static mut MaybeUninit<W>) -> Option<&'static mut W>;

// SAFETY: the images have one thread and no interrupt.
unsafe impl<W> Sync for Place<W> {}

impl<W> Place<W> {
    /// A place that is empty.
    #[allow(clippy::new_without_default, reason = "it is for statics")]
    pub const fn new() -> Self {
        Place(UnsafeCell::new(MaybeUninit::uninit()))
    }

    /// Makes the data there. An image does it once.
    #[allow(clippy::mut_from_ref, reason = "it is the only one, as the caller promises")]
    pub fn fill(&'static self, setup: Setup<W>) -> Option<&'static mut W> {
        // SAFETY: an image makes its data once, from its entry, so nobody else has the place.
        setup(unsafe { &mut *self.0.get() })
    }
}

/// A buffer of a job: zeros at the start, and no code that writes them.
pub struct Buffer<const N: usize>(UnsafeCell<[u8; N]>);

// SAFETY: the images have one thread and no interrupt.
unsafe impl<const N: usize> Sync for Buffer<N> {}

#[allow(clippy::new_without_default, reason = "it is for statics")]
impl<const N: usize> Buffer<N> {
    /// All zeros.
    pub const fn new() -> Self {
        Buffer(UnsafeCell::new([0; N]))
    }

    /// The buffer. An image takes it once.
    #[allow(clippy::mut_from_ref, reason = "it is the only one, as the caller promises")]
    pub fn take(&'static self) -> &'static mut [u8; N] {
        // SAFETY: an image takes it once, when it makes its data, so nobody else has it.
        unsafe { &mut *self.0.get() }
    }
}

/// Sets up the job's data, runs the job once, says what its stack was and whether it succeeded, and ends.
pub fn run<W>(place: &'static Place<W>, setup: Setup<W>, job: fn(&'static mut W) -> bool) -> ! {
    let Some(world) = place.fill(black_box(setup)) else { exit(false) };
    let (done, cost) = cost_of(|| black_box(job)(world));
    say("stack", cost.stack);
    say("instructions", cost.instructions);
    exit(done)
}

/// Says one figure, as a line.
pub fn say(name: &str, figure: u32) {
    text(name);
    text(" ");
    number(figure);
    text("\n");
}

/// Writes a text.
pub fn text(text: &str) {
    for byte in text.bytes() {
        let character = [byte, 0];
        call(WRITE_TEXT, character.as_ptr() as u32);
    }
}

/// Writes a number.
#[inline(never)]
pub fn number(mut number: u32) {
    let mut digits = [0u8; 11];
    for digit in digits.iter_mut().rev().skip(1) {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    let zeros = digits.iter().take(9).take_while(|digit| **digit == b'0').count();
    call(WRITE_TEXT, digits.as_ptr() as u32 + zeros as u32);
}

/// Ends the emulation.
pub fn exit(done: bool) -> ! {
    call(EXIT, if done { EXIT_DONE } else { EXIT_BROKEN });
    loop {
        core::hint::spin_loop();
    }
}

fn call(operation: u32, parameter: u32) {
    // SAFETY: the semihosting call of the ARM documents. It reads the memory that the parameter names, which the callers
    // above own.
    unsafe { asm!("bkpt 0xAB", inout("r0") operation => _, in("r1") parameter, options(nostack)) };
}

#[panic_handler]
fn panicked(_: &PanicInfo<'_>) -> ! {
    #[cfg(feature = "prove-no-panic")]
    {
        unsafe extern "C" {
            fn a_panic_is_left_in_this_image() -> !;
        }
        // SAFETY: nobody defines it, so that an image with this call in it does not link.
        unsafe { a_panic_is_left_in_this_image() }
    }
    #[cfg(not(feature = "prove-no-panic"))]
    exit(false)
}
