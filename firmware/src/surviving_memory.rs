//! Memory that a reset leaves alone: the last 128 KB of RAM, in which the image places nothing.
//!
//! It stands for the machine's hardware: its flash chip, the counter of its motor, a register that tells boots apart. The
//! power of this machine is never really cut, so RAM serves.

use core::ptr;

/// Words in all: 128 KB.
const WORDS: usize = 32 * 1024;
/// Stands in the first word once the memory was prepared.
const PREPARED: u32 = 0xCAA5_0001;

/// Where each thing is, in words.
pub mod layout {
    /// Marks prepared memory.
    pub const PREPARED: usize = 0;
    /// Boots since the first.
    pub const BOOTS: usize = 1;
    /// The reset point that is armed.
    pub const ARMED: usize = 2;
    /// What the motor turned so far, and the sales for which it did.
    pub const DISPENSED: usize = 16;
    /// How many sales are kept there.
    pub const DISPENSED_MAX: usize = 200;
    /// The flash chip.
    pub const FLASH: usize = 1024;
    /// Its size.
    pub const FLASH_WORDS: usize = 16 * 1024;
}

/// Counts this boot, and prepares the memory at the first: everything 0, the flash erased. The number of the boot.
pub fn count_boot() -> u32 {
    if read(layout::PREPARED) != PREPARED {
        (0..layout::FLASH).for_each(|word| write(word, 0));
        (layout::FLASH..layout::FLASH + layout::FLASH_WORDS).for_each(|word| write(word, u32::MAX));
        write(layout::PREPARED, PREPARED);
    }
    let boot = read(layout::BOOTS).wrapping_add(1);
    write(layout::BOOTS, boot);
    boot
}

/// Reads a word.
pub fn read(word: usize) -> u32 {
    // SAFETY: `place` gives an aligned word of memory that is set aside for this file, see memory.x.
    unsafe { ptr::read_volatile(place(word)) }
}

/// Writes a word. Writes happen in the order of the program, so a reset finds all before it and none after it.
pub fn write(word: usize, value: u32) {
    // SAFETY: as for `read`; nothing else refers to this memory.
    unsafe { ptr::write_volatile(place(word), value) };
}

fn place(word: usize) -> *mut u32 {
    unsafe extern "C" {
        static mut _surviving_start: u32;
    }
    assert!(word < WORDS, "beyond the surviving memory");
    // Only the address of the linker's symbol is taken; behind it are `WORDS` words.
    (&raw mut _surviving_start).wrapping_add(word)
}
