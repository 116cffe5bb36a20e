//! The attempts of a charge, in places that a record holds as they stand.

use zerocopy::{FromBytes, Immutable, IntoBytes, Unaligned};

use super::ATTEMPTS_MAX;
use super::attempt::Attempt;

/// The attempts, the first one first. A place without one is all zeros, an attempt of which nothing is known.
#[derive(Default, FromBytes, IntoBytes, Immutable, Unaligned)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
#[repr(C)]
pub(super) struct Attempts {
    count: u8,
    places: [Attempt; ATTEMPTS_MAX],
}

impl Attempts {
    /// Another attempt, of which nothing is known; `None` if there are as many as there may be.
    pub fn add(&mut self) -> Option<()> {
        let full = usize::from(self.count) >= ATTEMPTS_MAX;
        self.count += u8::from(!full);
        (!full).then_some(())
    }

    /// How many there are.
    pub fn count(&self) -> u8 {
        self.count
    }

    /// The attempt with this number, or the place for it.
    pub fn get(&self, number: u8) -> Option<&Attempt> {
        self.places.get(usize::from(number))
    }

    /// The attempt with this number.
    #[inline(never)]
    pub fn get_mut(&mut self, number: u8) -> Option<&mut Attempt> {
        self.places.get_mut(usize::from(number)).filter(|_| number < self.count)
    }

    /// All attempts, and all places for one.
    pub fn places(&self) -> &[Attempt] {
        &self.places
    }

    /// All attempts.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Attempt> {
        self.places.iter_mut().take(usize::from(self.count))
    }

    /// Whether a record can hold these: a charge has an attempt from its start on.
    pub fn is_sound(&self) -> bool {
        (1..=ATTEMPTS_MAX).contains(&usize::from(self.count))
            && self.places.iter().zip(0..).all(|(attempt, number)| {
                if number < self.count {
                    attempt.code.is_sound()
                } else {
                    attempt.as_bytes().iter().all(|byte| *byte == 0)
                }
            })
    }
}

impl core::fmt::Debug for Attempts {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_list().entries(self.places.iter().take(usize::from(self.count))).finish()
    }
}
