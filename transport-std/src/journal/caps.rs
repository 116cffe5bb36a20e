//! How much may be charged.

use std::fmt;

use caas_core::money::Amount;
use rusqlite::Transaction;

use super::failure::JournalError;
use super::lease::minor;

/// How much may be charged through one journal, against a host that runs wild. `None`: no cap of this kind.
///
/// The hour is that of the wall clock, over all carriers and processes, refused and failed charges included. A clock that
/// was set back makes the caps stricter, never looser.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Caps {
    /// Largest amount of one charge.
    pub amount: Option<Amount>,
    /// Charges that are opened in an hour.
    pub charges_per_hour: Option<u32>,
    /// Sum of the amounts of the charges that are opened in an hour.
    pub sum_per_hour: Option<Amount>,
}

/// Which cap refused a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapReached {
    /// [`Caps::amount`].
    Amount,
    /// [`Caps::charges_per_hour`].
    ChargesPerHour,
    /// [`Caps::sum_per_hour`].
    SumPerHour,
}

impl fmt::Display for CapReached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CapReached::Amount => "the amount is above the cap for one charge",
            CapReached::ChargesPerHour => "as many charges as are allowed in an hour were opened",
            CapReached::SumPerHour => {
                "the charges of the last hour and this one are above the cap for an hour"
            }
        })
    }
}

impl Caps {
    /// The cap that a charge of `amount` would break now, if there is one.
    pub(super) fn broken_by(
        &self,
        transaction: &Transaction<'_>,
        amount: Amount,
    ) -> Result<Option<CapReached>, JournalError> {
        if self.amount.is_some_and(|most| amount > most) {
            return Ok(Some(CapReached::Amount));
        }
        if self.charges_per_hour.is_none() && self.sum_per_hour.is_none() {
            return Ok(None);
        }
        let (charges, sum): (u32, i64) = transaction.query_row(
            "SELECT count(*), coalesce(sum(amount), 0) FROM charges WHERE opened_at > unixepoch() - 3600",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        if self.charges_per_hour.is_some_and(|most| charges >= most) {
            return Ok(Some(CapReached::ChargesPerHour));
        }
        let above = |most: Amount| sum.saturating_add(minor(amount)) > minor(most);
        Ok(self.sum_per_hour.is_some_and(above).then_some(CapReached::SumPerHour))
    }
}
