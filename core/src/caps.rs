//! Caps: how much a machine may charge in an hour, whatever asks it to.

use crate::money::Amount;
use crate::time::{Instant, Millis, SECOND};

/// The hour is counted in pieces of this length; a charge counts for an hour and up to one piece more, never less.
pub const PIECE: Millis = 300 * SECOND;

/// Twelve pieces are an hour; the thirteenth is the one that is running.
const PIECES: usize = 13;

/// How much may be charged. The first that is reached refuses the start of a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Caps {
    /// Largest amount of one charge.
    pub amount: Amount,
    /// Charges in an hour.
    pub charges_per_hour: u16,
    /// Sum of the amounts in an hour.
    pub sum_per_hour: Amount,
}

impl Caps {
    /// No cap but what an [`Amount`] can hold.
    pub const NONE: Caps =
        Caps { amount: Amount::MAX, charges_per_hour: u16::MAX, sum_per_hour: Amount::MAX };
}

/// A cap that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum CapReached {
    /// The amount is above the largest for one charge.
    Amount,
    /// There were as many charges in the last hour as there may be.
    ChargesPerHour,
    /// With this amount, the last hour's sum would be above what it may be.
    SumPerHour,
}

/// What was started in the last hour. Forgotten at a restart: the clock may have started anew.
#[derive(Clone, Debug, Default)]
pub struct LastHour {
    pieces: [Piece; PIECES],
}

#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    /// Number of the piece since the clock's start, plus one; 0 where there is none.
    number: u64,
    charges: u16,
    sum: Amount,
}

impl LastHour {
    /// Counts a charge of `amount`, unless a cap is reached.
    pub fn count(&mut self, now: Instant, caps: &Caps, amount: Amount) -> Result<(), CapReached> {
        let number = now.as_millis() / u64::from(PIECE) + 1;
        let oldest = number.saturating_sub(PIECES as u64 - 1);
        let mut charges = 0u16;
        let mut sum = amount;
        for piece in self.pieces.iter().filter(|piece| piece.number >= oldest) {
            charges = charges.saturating_add(piece.charges);
            sum = sum.saturating_add(piece.sum);
        }
        if amount > caps.amount {
            return Err(CapReached::Amount);
        }
        if charges >= caps.charges_per_hour {
            return Err(CapReached::ChargesPerHour);
        }
        if sum > caps.sum_per_hour {
            return Err(CapReached::SumPerHour);
        }
        self.add(number, amount);
        Ok(())
    }

    fn add(&mut self, number: u64, amount: Amount) {
        let index = usize::try_from(number % PIECES as u64).unwrap_or(0);
        let Some(piece) = self.pieces.get_mut(index) else { return };
        if piece.number != number {
            *piece = Piece { number, ..Piece::default() };
        }
        piece.charges = piece.charges.saturating_add(1);
        piece.sum = piece.sum.saturating_add(amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAPS: Caps = Caps {
        amount: match Amount::from_minor(1_000) {
            Ok(amount) => amount,
            Err(_) => Amount::ZERO,
        },
        charges_per_hour: 3,
        sum_per_hour: match Amount::from_minor(2_500) {
            Ok(amount) => amount,
            Err(_) => Amount::ZERO,
        },
    };

    fn at(minutes: u64) -> Instant {
        Instant::from_millis(minutes * 60 * u64::from(SECOND))
    }

    fn rupees(amount: &str) -> Amount {
        Amount::parse(amount).unwrap()
    }

    #[test]
    fn a_charge_above_the_largest_amount_is_refused_and_not_counted() {
        let mut hour = LastHour::default();
        assert_eq!(hour.count(at(0), &CAPS, rupees("10.01")), Err(CapReached::Amount));
        assert_eq!(hour.count(at(0), &CAPS, rupees("10.00")), Ok(()));
    }

    #[test]
    fn the_fourth_charge_waits_until_the_first_is_an_hour_old() {
        let mut hour = LastHour::default();
        for minute in [0, 10, 20] {
            assert_eq!(hour.count(at(minute), &CAPS, rupees("1")), Ok(()));
        }
        assert_eq!(hour.count(at(59), &CAPS, rupees("1")), Err(CapReached::ChargesPerHour));
        assert_eq!(hour.count(at(65), &CAPS, rupees("1")), Ok(()));
        assert_eq!(hour.count(at(66), &CAPS, rupees("1")), Err(CapReached::ChargesPerHour));
    }

    #[test]
    fn the_sum_of_an_hour_is_capped_to_the_cent() {
        let mut hour = LastHour::default();
        assert_eq!(hour.count(at(0), &CAPS, rupees("10")), Ok(()));
        assert_eq!(hour.count(at(1), &CAPS, rupees("10")), Ok(()));
        assert_eq!(hour.count(at(2), &CAPS, rupees("5.01")), Err(CapReached::SumPerHour));
        assert_eq!(hour.count(at(2), &CAPS, rupees("5.00")), Ok(()));
    }
}
