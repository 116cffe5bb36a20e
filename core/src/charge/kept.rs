//! An amount as a charge keeps it: five bytes instead of eight. A charge keeps up to eleven of them.

use crate::money::{AMOUNT_MAX_MINOR, Amount};

/// An amount, or none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kept([u8; 5]);

const NONE: u64 = 0xFF_FFFF_FFFF;

// Every amount fits, and none of them is what stands for no amount.
const _: () = assert!(AMOUNT_MAX_MINOR < NONE);

impl Kept {
    pub const NONE: Kept = Kept([0xFF; 5]);
    pub const ZERO: Kept = Kept([0; 5]);

    #[inline(never)]
    pub fn new(amount: Amount) -> Self {
        let [a, b, c, d, e, ..] = amount.minor().to_le_bytes();
        Kept([a, b, c, d, e])
    }

    pub fn optional(amount: Option<Amount>) -> Self {
        amount.map_or(Kept::NONE, Kept::new)
    }

    pub fn get(self) -> Option<Amount> {
        let [a, b, c, d, e] = self.0;
        Amount::from_minor(u64::from_le_bytes([a, b, c, d, e, 0, 0, 0])).ok()
    }

    /// The bytes of a record, which may be read into them: what they then are is said by [`Kept::get`].
    pub fn bytes(&mut self) -> &mut [u8] {
        &mut self.0
    }

    /// The amount, nothing if there is none.
    #[inline(never)]
    pub fn amount(self) -> Amount {
        self.get().unwrap_or(Amount::ZERO)
    }
}

impl Default for Kept {
    fn default() -> Self {
        Kept::ZERO
    }
}

impl core::fmt::Debug for Kept {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.get().fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_amount_is_kept_and_none_is_none() {
        for minor in [0, 1, 255, 256, 500, 0xFFFF_FFFF, 0x1_0000_0000, AMOUNT_MAX_MINOR] {
            let amount = Amount::from_minor(minor).unwrap();
            assert_eq!(Kept::new(amount).get(), Some(amount));
            assert_eq!(Kept::optional(Some(amount)).amount(), amount);
        }
        assert_eq!((Kept::NONE.get(), Kept::NONE.amount()), (None, Amount::ZERO));
    }
}
