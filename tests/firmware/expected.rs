//! How a sale must end, as a table.

use crate::shop::PRICE;

/// What is paid too much where too much is paid, in minor units.
pub const EXCESS: u64 = 200;

/// An end of a sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// One capture, one turn of the motor, nothing left to do.
    Sold,
    /// No capture, no turn, nothing left to do.
    NotCharged,
    /// One capture, no turn; the machine lists the refund.
    RefundDue,
    /// More was paid than asked, in two captures; one turn; the machine lists the excess.
    Overpaid,
    /// As `Sold`, in two captures.
    SoldInParts,
    /// The machine cannot know whether the carrier was asked, and lists the sale for a person. The carrier was not.
    DoubtUncharged,
    /// The same, and the carrier was asked and has taken the money: one capture, no turn.
    DoubtCharged,
    /// One capture; the power went during the release, which counts as made. The motor had not turned.
    UncertainUnturned,
    /// The same, and the motor had turned.
    UncertainTurned,
    /// The money was taken, and the machine knows; how far it came with the goods is a matter of milliseconds.
    Known,
}

/// Where the power goes in a sale through Mobitel, and how the sale ends. `confirm` is asked after the restart where the
/// answer to the charge request was durable; nobody is at the machine any more then.
pub const MOBITEL_RESETS: [(&str, Expected); 7] = [
    ("after-intent", Expected::DoubtUncharged),
    ("after-send", Expected::DoubtCharged),
    ("after-answer", Expected::RefundDue),
    ("after-confirmed", Expected::RefundDue),
    ("before-release", Expected::UncertainUnturned),
    ("during-release", Expected::UncertainTurned),
    ("after-release", Expected::UncertainTurned),
];

/// The same for Dialog eZ Cash. The caller makes the id, so the notification tells of the payment even where the answer was
/// lost.
pub const EZCASH_RESETS: [(&str, Expected); 9] = [
    ("after-intent", Expected::DoubtUncharged),
    ("after-send", Expected::RefundDue),
    ("after-answer", Expected::RefundDue),
    ("before-acknowledge", Expected::RefundDue),
    ("after-acknowledge", Expected::Known),
    ("after-confirmed", Expected::RefundDue),
    ("before-release", Expected::UncertainUnturned),
    ("during-release", Expected::UncertainTurned),
    ("after-release", Expected::UncertainTurned),
];

impl Expected {
    /// How often the carrier takes money.
    pub fn captures(self) -> usize {
        match self {
            Expected::NotCharged | Expected::DoubtUncharged => 0,
            Expected::Overpaid | Expected::SoldInParts => 2,
            _ => 1,
        }
    }

    /// How much the carrier takes, in minor units.
    pub fn captured(self) -> u64 {
        match self {
            Expected::NotCharged | Expected::DoubtUncharged => 0,
            Expected::Overpaid => PRICE + EXCESS,
            _ => PRICE,
        }
    }

    /// What the machine must list as owed to the payer, in minor units.
    pub fn refund(self) -> u64 {
        match self {
            Expected::RefundDue => PRICE,
            Expected::Overpaid => EXCESS,
            _ => 0,
        }
    }

    /// How often the motor turns.
    pub fn turns(self) -> usize {
        let turned = [Expected::Sold, Expected::SoldInParts, Expected::Overpaid, Expected::UncertainTurned];
        usize::from(turned.contains(&self))
    }
}
