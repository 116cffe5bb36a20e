//! Ethernet: SMSC's LAN9118, by programmed I/O. (Document: SMSC LAN9118 datasheet, revision 1.5.)

use core::task::Context;

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_sync::waitqueue::AtomicWaker;

use crate::board::{ETHERNET, Registers};

/// An Ethernet frame without its checksum: header and 1500 bytes.
const FRAME_MAX: usize = 1514;
/// The checksum that stands behind a received frame.
const CHECKSUM: usize = 4;
/// Room in the transmit FIFO that a frame may take, with the two command words.
const TRANSMIT_ROOM: u32 = FRAME_MAX as u32 + 16;
/// Times that the controller is asked whether it has finished something; it takes microseconds.
const PATIENCE: u32 = 100_000;

const DEVICE: Registers = Registers::at(ETHERNET);
static WAKER: AtomicWaker = AtomicWaker::new();

mod register {
    pub const RX_DATA: usize = 0x00;
    pub const TX_DATA: usize = 0x20;
    pub const RX_STATUS: usize = 0x40;
    pub const TX_STATUS: usize = 0x48;
    pub const IRQ_CFG: usize = 0x54;
    pub const INT_STS: usize = 0x58;
    pub const INT_EN: usize = 0x5C;
    pub const BYTE_TEST: usize = 0x64;
    pub const FIFO_INT: usize = 0x68;
    pub const RX_CFG: usize = 0x6C;
    pub const TX_CFG: usize = 0x70;
    pub const HW_CFG: usize = 0x74;
    pub const RX_DP_CTRL: usize = 0x78;
    pub const RX_FIFO_INF: usize = 0x7C;
    pub const TX_FIFO_INF: usize = 0x80;
    pub const MAC_CMD: usize = 0xA4;
    pub const MAC_DATA: usize = 0xA8;
}

/// Registers of the MAC, behind `MAC_CMD`.
mod mac {
    pub const CONTROL: u32 = 1;
    pub const ADDRESS_HIGH: u32 = 2;
    pub const ADDRESS_LOW: u32 = 3;
}

const BYTE_TEST: u32 = 0x8765_4321;
const SOFT_RESET: u32 = 1 << 0;
/// `MBO`, which must be 1, and 5 KB of the FIFO memory for transmitting.
const HARDWARE: u32 = 1 << 20 | 5 << 16;
/// Enabled, active high, push-pull.
const INTERRUPT_LINE: u32 = 1 << 8 | 1 << 4 | 1 << 0;
/// `RSFL`: more receive statuses than the level of `FIFO_INT`, which is 0.
const RECEIVED: u32 = 1 << 3;
const TRANSMITTER_ON: u32 = 1 << 1;
const MAC_BUSY: u32 = 1 << 31;
const MAC_READ: u32 = 1 << 30;
const MAC_RECEIVE: u32 = 1 << 2;
const MAC_TRANSMIT: u32 = 1 << 3;
/// Both marks of command A: the buffer is the whole frame.
const WHOLE_FRAME: u32 = 1 << 13 | 1 << 12;
const RECEIVE_ERROR: u32 = 1 << 15;
const FAST_FORWARD: u32 = 1 << 31;

/// Why there is no network.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// The test register does not read as documented: there is no such controller.
    NotThere,
    /// The controller does not finish what it was told to do.
    Stuck,
}

/// The controller.
pub struct Lan9118 {
    address: [u8; 6],
    frame: [u8; FRAME_MAX],
}

impl Lan9118 {
    /// Resets the controller and starts it. Its interrupt must lead to [`on_interrupt`].
    pub fn start() -> Result<Self, Fault> {
        if DEVICE.read(register::BYTE_TEST) != BYTE_TEST {
            return Err(Fault::NotThere);
        }
        DEVICE.write(register::HW_CFG, SOFT_RESET);
        until(|| DEVICE.read(register::HW_CFG) & SOFT_RESET == 0)?;
        DEVICE.write(register::HW_CFG, HARDWARE);
        DEVICE.write(register::RX_CFG, 0);
        DEVICE.write(register::FIFO_INT, 0);
        DEVICE.write(register::INT_STS, u32::MAX);
        DEVICE.write(register::IRQ_CFG, INTERRUPT_LINE);
        DEVICE.write(register::TX_CFG, TRANSMITTER_ON);
        let address = read_address()?;
        write_mac(mac::CONTROL, MAC_RECEIVE | MAC_TRANSMIT)?;
        DEVICE.write(register::INT_EN, RECEIVED);
        Ok(Lan9118 { address, frame: [0; FRAME_MAX] })
    }

    /// The next good frame in the receive FIFO, copied out of it.
    fn take_frame(&mut self) -> Option<usize> {
        while DEVICE.read(register::RX_FIFO_INF) >> 16 & 0xFF > 0 {
            let status = DEVICE.read(register::RX_STATUS);
            let stored = (status >> 16 & 0x3FFF) as usize;
            let length = stored.saturating_sub(CHECKSUM);
            if status & RECEIVE_ERROR == 0 && (1..=FRAME_MAX).contains(&length) {
                self.read_frame(length, stored);
                return Some(length);
            }
            discard(stored);
        }
        None
    }

    fn read_frame(&mut self, length: usize, stored: usize) {
        for chunk in self.frame[..length].chunks_mut(4) {
            let word = DEVICE.read(register::RX_DATA).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        // What is left of the checksum.
        for _ in length.div_ceil(4)..stored.div_ceil(4) {
            DEVICE.read(register::RX_DATA);
        }
    }
}

/// A frame has come. The level stays until the FIFO is empty, so the interrupt is off until the stack was there.
pub fn on_interrupt() {
    DEVICE.write(register::INT_EN, 0);
    WAKER.wake();
}

impl Driver for Lan9118 {
    type RxToken<'a> = Received<'a>;
    type TxToken<'a> = Transmitter;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(Received<'_>, Transmitter)> {
        WAKER.register(context.waker());
        let transmitter = self.transmit(context)?;
        // Before the FIFO is looked at: what comes after that interrupts again.
        DEVICE.write(register::INT_STS, RECEIVED);
        let Some(length) = self.take_frame() else {
            DEVICE.write(register::INT_EN, RECEIVED);
            return None;
        };
        Some((Received(&mut self.frame[..length]), transmitter))
    }

    fn transmit(&mut self, context: &mut Context<'_>) -> Option<Transmitter> {
        // The statuses are not looked at, but their FIFO must not fill.
        for _ in 0..DEVICE.read(register::TX_FIFO_INF) >> 16 & 0xFF {
            DEVICE.read(register::TX_STATUS);
        }
        if DEVICE.read(register::TX_FIFO_INF) & 0xFFFF < TRANSMIT_ROOM {
            // It empties by itself, without an interrupt.
            context.waker().wake_by_ref();
            return None;
        }
        Some(Transmitter)
    }

    fn link_state(&mut self, _: &mut Context<'_>) -> LinkState {
        LinkState::Up
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = FRAME_MAX;
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.address)
    }
}

/// A received frame.
pub struct Received<'f>(&'f mut [u8]);

impl RxToken for Received<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, take: F) -> R {
        take(self.0)
    }
}

/// Room for a frame in the transmit FIFO.
pub struct Transmitter;

impl TxToken for Transmitter {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut frame = [0; FRAME_MAX];
        // The stack keeps to the capabilities' largest frame.
        let frame = &mut frame[..length.min(FRAME_MAX)];
        let result = write(frame);
        DEVICE.write(register::TX_DATA, WHOLE_FRAME | frame.len() as u32);
        DEVICE.write(register::TX_DATA, frame.len() as u32);
        for chunk in frame.chunks(4) {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            DEVICE.write(register::TX_DATA, u32::from_le_bytes(word));
        }
        result
    }
}

/// Drops a frame from the receive FIFO. The controller can do that itself for frames of four words or more.
fn discard(stored: usize) {
    let words = stored.div_ceil(4);
    if words < 4 {
        (0..words).for_each(|_| _ = DEVICE.read(register::RX_DATA));
        return;
    }
    DEVICE.write(register::RX_DP_CTRL, FAST_FORWARD);
    let _stuck_is_seen_by_the_next_frame = until(|| DEVICE.read(register::RX_DP_CTRL) & FAST_FORWARD == 0);
}

/// The address that the controller read from its EEPROM.
fn read_address() -> Result<[u8; 6], Fault> {
    let [a, b, c, d] = read_mac(mac::ADDRESS_LOW)?.to_le_bytes();
    let [e, f, _, _] = read_mac(mac::ADDRESS_HIGH)?.to_le_bytes();
    Ok([a, b, c, d, e, f])
}

fn read_mac(number: u32) -> Result<u32, Fault> {
    DEVICE.write(register::MAC_CMD, MAC_BUSY | MAC_READ | number);
    until(|| DEVICE.read(register::MAC_CMD) & MAC_BUSY == 0)?;
    Ok(DEVICE.read(register::MAC_DATA))
}

fn write_mac(number: u32, value: u32) -> Result<(), Fault> {
    DEVICE.write(register::MAC_DATA, value);
    DEVICE.write(register::MAC_CMD, MAC_BUSY | number);
    until(|| DEVICE.read(register::MAC_CMD) & MAC_BUSY == 0)
}

fn until(finished: impl Fn() -> bool) -> Result<(), Fault> {
    if (0..PATIENCE).any(|_| finished()) { Ok(()) } else { Err(Fault::Stuck) }
}
