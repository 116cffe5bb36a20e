//! What the keys of the machine mean: lines of text.

use caas_core::charge::Resolution;
use caas_core::id::{SaleId, Subscriber};
use caas_core::money::Amount;

use crate::reset_point::ResetPoint;

/// A line that was keyed in.
pub enum Keys {
    /// `sell S1 0712755777 A1`: somebody wants what is in a slot, and pays by telephone.
    Sell {
        /// The sale, as the machine around this module names it.
        sale: SaleId,
        /// The payer.
        subscriber: Subscriber,
        /// What is wanted.
        slot: Slot,
    },
    /// `resolve S1 refunded`, `resolve S1 not-charged`, `resolve S1 charged 5.00`: a person has looked.
    Resolve {
        /// The sale.
        sale: SaleId,
        /// What was found.
        resolution: Resolution,
    },
    /// `cut after-send`: the power is to go at this point.
    Cut(ResetPoint),
    /// `turns`: what does the motor's counter say?
    Turns,
}

/// A slot of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// What stands beside it.
    pub name: &'static str,
    /// What it costs.
    pub price: Amount,
    /// Whether the motor is stuck.
    pub is_stuck: bool,
}

/// All slots.
const SLOTS: [Slot; 2] = [
    Slot { name: "A1", price: rupees(5), is_stuck: false },
    Slot { name: "A9", price: rupees(5), is_stuck: true },
];

impl Keys {
    /// Reads a line; `None` if it says nothing that this machine does.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let keys = match words.next()? {
            "sell" => Keys::Sell {
                sale: SaleId::new(words.next()?).ok()?,
                subscriber: Subscriber::new(words.next()?).ok()?,
                slot: slot(words.next()?)?,
            },
            "resolve" => Keys::Resolve {
                sale: SaleId::new(words.next()?).ok()?,
                resolution: match words.next()? {
                    "refunded" => Resolution::Refunded,
                    "not-charged" => Resolution::NotCharged,
                    "charged" => Resolution::Charged(Amount::parse(words.next()?).ok()?),
                    _ => return None,
                },
            },
            "cut" => Keys::Cut(ResetPoint::named(words.next()?)?),
            "turns" => Keys::Turns,
            _ => return None,
        };
        if words.next().is_some() { None } else { Some(keys) }
    }
}

fn slot(name: &str) -> Option<Slot> {
    SLOTS.into_iter().find(|slot| slot.name == name)
}

/// So many rupees; it does not compile where they are more than an amount holds.
const fn rupees(rupees: u64) -> Amount {
    match Amount::from_minor(rupees * 100) {
        Ok(amount) => amount,
        Err(_) => panic!("too many"),
    }
}
