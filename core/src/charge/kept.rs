//! An amount as a charge keeps it: bytes, which align nothing. A charge keeps up to eleven of them.

use zerocopy::{FromBytes, Immutable, IntoBytes, Unaligned};

use crate::money::{AMOUNT_MAX_MINOR, Amount};

/// An amount.
#[derive(Clone, Copy, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, Unaligned)]
#[repr(transparent)]
pub(super) struct Kept([u8; 4]);

/// An amount, or none: zeros are none, and one cent more than the amount stands for an amount.
#[derive(Clone, Copy, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, Unaligned)]
#[repr(transparent)]
pub(super) struct KeptOrNone(Kept);

// One cent more than any amount fits.
const _: () = assert!(AMOUNT_MAX_MINOR < u32::MAX as u64);

impl Kept {
    pub const ZERO: Kept = Kept([0; 4]);

    pub fn new(amount: Amount) -> Self {
        Kept(amount.bits().to_le_bytes())
    }

    /// Whether it is an amount: what was read from a record may be anything, until this was asked of it.
    pub fn is_sound(self) -> bool {
        self.amount() <= Amount::MAX
    }

    /// The amount.
    pub fn amount(self) -> Amount {
        Amount::of_bits(u32::from_le_bytes(self.0))
    }
}

impl KeptOrNone {
    pub const NONE: KeptOrNone = KeptOrNone(Kept::ZERO);

    pub fn new(amount: Option<Amount>) -> Self {
        let bits = amount.map_or(0, |amount| amount.bits().wrapping_add(1));
        KeptOrNone(Kept(bits.to_le_bytes()))
    }

    pub fn get(self) -> Option<Amount> {
        u32::from_le_bytes(self.0.0).checked_sub(1).map(Amount::of_bits)
    }

    /// Whether it is an amount or none: what was read from a record may be anything, until this was asked of it.
    pub fn is_sound(self) -> bool {
        self.get().is_none_or(|amount| amount <= Amount::MAX)
    }
}

impl Default for Kept {
    fn default() -> Self {
        Kept::ZERO
    }
}

impl core::fmt::Debug for KeptOrNone {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.get().fmt(out)
    }
}

impl core::fmt::Debug for Kept {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.amount().fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_amount_is_kept_and_none_is_none() {
        for minor in [0, 1, 255, 256, 500, 0xFFFF_FFFF / 2, AMOUNT_MAX_MINOR] {
            let amount = Amount::from_minor(minor).unwrap();
            assert_eq!(Kept::new(amount).amount(), amount);
            assert_eq!(KeptOrNone::new(Some(amount)).get(), Some(amount));
        }
        assert_eq!((KeptOrNone::NONE.get(), KeptOrNone::new(None)), (None, KeptOrNone::NONE));
    }

    #[test]
    fn what_is_above_every_amount_is_none() {
        let above = Kept((Amount::MAX.bits() + 1).to_le_bytes());
        assert!(Kept::new(Amount::MAX).is_sound() && !above.is_sound());
        assert!(KeptOrNone(above).is_sound() && KeptOrNone(above).get() == Some(Amount::MAX));
        assert!(!KeptOrNone(Kept((Amount::MAX.bits() + 2).to_le_bytes())).is_sound());
    }
}
