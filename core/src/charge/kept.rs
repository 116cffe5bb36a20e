//! An amount as a charge keeps it: bytes, which align nothing, or none. A charge keeps up to eleven of them.

use crate::money::{AMOUNT_MAX_MINOR, Amount};

/// An amount, or none.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Kept([u8; 4]);

const NONE: u32 = u32::MAX;

// Every amount fits, and none of them is what stands for no amount.
const _: () = assert!(AMOUNT_MAX_MINOR < NONE as u64);

impl Kept {
    pub const NONE: Kept = Kept(NONE.to_le_bytes());
    pub const ZERO: Kept = Kept([0; 4]);

    pub fn new(amount: Amount) -> Self {
        Kept(amount.bits().to_le_bytes())
    }

    pub fn optional(amount: Option<Amount>) -> Self {
        amount.map_or(Kept::NONE, Kept::new)
    }

    pub fn get(self) -> Option<Amount> {
        Amount::from_bits(u32::from_le_bytes(self.0)).ok()
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
        for minor in [0, 1, 255, 256, 500, 0xFFFF_FFFF / 2, AMOUNT_MAX_MINOR] {
            let amount = Amount::from_minor(minor).unwrap();
            assert_eq!(Kept::new(amount).get(), Some(amount));
            assert_eq!(Kept::optional(Some(amount)).amount(), amount);
        }
        assert_eq!((Kept::NONE.get(), Kept::NONE.amount()), (None, Amount::ZERO));
    }
}
