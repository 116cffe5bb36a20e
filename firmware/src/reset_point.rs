//! Points at which the power goes, as far as the software can tell: the check arms one, and the machine resets itself
//! when it gets there.

use crate::semihosting;
use crate::surviving_memory::{self as memory, layout};

/// A point in the way of a sale.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub enum ResetPoint {
    /// A record of the sale is durable for the first time; nothing was sent.
    AfterIntent = 1,
    /// The peer's TCP has all bytes of a request; no byte of the answer was read.
    AfterSend,
    /// The carrier's answer is durable; the payer has not acted.
    AfterAnswer,
    /// What a notification says is durable; the relay does not know yet.
    BeforeAcknowledge,
    /// The relay knows.
    AfterAcknowledge,
    /// "Paid in full" is durable and was told.
    AfterConfirmed,
    /// The permit to release was given; the motor does not turn yet.
    BeforeRelease,
    /// The motor has turned; nobody knows yet.
    DuringRelease,
    /// The result of the release was handed to the charge; it is not durable yet.
    AfterRelease,
}

/// All points, with the names that the check arms them by.
pub const RESET_POINTS: [(&str, ResetPoint); 9] = [
    ("after-intent", ResetPoint::AfterIntent),
    ("after-send", ResetPoint::AfterSend),
    ("after-answer", ResetPoint::AfterAnswer),
    ("before-acknowledge", ResetPoint::BeforeAcknowledge),
    ("after-acknowledge", ResetPoint::AfterAcknowledge),
    ("after-confirmed", ResetPoint::AfterConfirmed),
    ("before-release", ResetPoint::BeforeRelease),
    ("during-release", ResetPoint::DuringRelease),
    ("after-release", ResetPoint::AfterRelease),
];

impl ResetPoint {
    /// The point of this name.
    pub fn named(name: &str) -> Option<Self> {
        RESET_POINTS.iter().find(|point| point.0 == name).map(|point| point.1)
    }
}

/// Arms a point, in place of another.
pub fn arm(point: ResetPoint) {
    memory::write(layout::ARMED, point as u32);
}

/// Resets the machine if this point is armed. The next boot does not find it armed.
pub fn reach(point: ResetPoint) {
    if memory::read(layout::ARMED) != point as u32 {
        return;
    }
    memory::write(layout::ARMED, 0);
    if let Some((name, _)) = RESET_POINTS.iter().find(|known| known.1 == point) {
        semihosting::line(format_args!("reset point={name}"));
    }
    cortex_m::peripheral::SCB::sys_reset();
}
