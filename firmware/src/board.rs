//! The board: mps2-an386 as QEMU plays it.

/// The processor's clock.
pub const CLOCK_HZ: u64 = 25_000_000;
/// Registers of the Ethernet controller.
pub const ETHERNET: usize = 0x4020_0000;
/// Its interrupt.
pub const ETHERNET_IRQ: u16 = 13;
/// Registers of the first UART, at which the keypad is.
pub const KEYPAD_UART: usize = 0x4000_4000;
/// Its interrupt for received bytes.
pub const KEYPAD_IRQ: u16 = 0;
/// An interrupt that no device of this machine uses: tasks run in it, below all others.
pub const TASKS_IRQ: u16 = 31;

/// Number of an interrupt of this board.
#[derive(Clone, Copy)]
pub struct Irq(pub u16);

// SAFETY: the number is that of one of the 32 interrupts of this board, see the constants above.
unsafe impl cortex_m::interrupt::InterruptNumber for Irq {
    fn number(self) -> u16 {
        self.0
    }
}

/// A block of 32-bit device registers.
#[derive(Clone, Copy)]
pub struct Registers {
    base: usize,
}

impl Registers {
    /// The registers at an address, one of the constants above.
    pub const fn at(base: usize) -> Self {
        Registers { base }
    }

    /// Reads the register at this offset.
    pub fn read(self, offset: usize) -> u32 {
        // SAFETY: `base` is a device of this board and the offsets are those of its document: an aligned device register,
        // no memory of Rust's.
        unsafe { core::ptr::read_volatile((self.base + offset) as *const u32) }
    }

    /// Writes the register at this offset.
    pub fn write(self, offset: usize, value: u32) {
        // SAFETY: as for `read`. No device here writes to memory by itself.
        unsafe { core::ptr::write_volatile((self.base + offset) as *mut u32, value) };
    }
}
