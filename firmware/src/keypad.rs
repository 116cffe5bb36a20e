//! The keypad: lines of text from the first UART (ARM's CMSDK APB UART), as a payment module gets them from the machine
//! around it.

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use heapless::String;

use crate::board::{KEYPAD_UART, Registers};

/// Longest line; the rest of a longer one is dropped.
pub const LINE_MAX: usize = 64;
/// Bytes that wait while the machine does something else. A person types slower.
const WAITING_MAX: usize = 128;

/// A line without its end.
pub type Line = String<LINE_MAX>;

const DEVICE: Registers = Registers::at(KEYPAD_UART);
static BYTES: Channel<CriticalSectionRawMutex, u8, WAITING_MAX> = Channel::new();

mod register {
    pub const DATA: usize = 0x00;
    pub const STATE: usize = 0x04;
    pub const CONTROL: usize = 0x08;
    pub const INTERRUPT: usize = 0x0C;
    pub const DIVIDER: usize = 0x10;
}

const RECEIVED: u32 = 1 << 1;
/// Receiver, and its interrupt.
const LISTEN: u32 = 1 << 1 | 1 << 3;
/// 25 MHz / 217 = 115,200 baud.
const DIVIDER: u32 = 217;

/// The keypad, with what was typed so far.
pub struct Keypad {
    typed: Line,
}

impl Keypad {
    /// Starts the UART. Its interrupt must lead to [`on_interrupt`].
    pub fn start() -> Self {
        DEVICE.write(register::DIVIDER, DIVIDER);
        DEVICE.write(register::CONTROL, LISTEN);
        Keypad { typed: Line::new() }
    }

    /// The next line. Dropping the future loses nothing.
    pub async fn line(&mut self) -> Line {
        loop {
            match BYTES.receive().await {
                b'\n' | b'\r' if self.typed.is_empty() => {}
                b'\n' | b'\r' => return core::mem::take(&mut self.typed),
                byte => _ = self.typed.push(char::from(byte)),
            }
        }
    }
}

/// A byte has come. The mark is taken down first: a byte that comes after the last look sets it again.
pub fn on_interrupt() {
    DEVICE.write(register::INTERRUPT, RECEIVED);
    while DEVICE.read(register::STATE) & RECEIVED != 0 {
        // Where nobody takes them, further bytes are dropped.
        let _ = BYTES.try_send(DEVICE.read(register::DATA) as u8);
    }
}
