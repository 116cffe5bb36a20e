//! The attempts of a charge, in places that a record holds as they stand.

use zerocopy::{FromBytes, Immutable, IntoBytes, Unaligned};

use super::ATTEMPTS_MAX;
use super::attempt::Attempt;

/// The attempts, the first one first: a charge has one from its start on. A place without one is all zeros, an attempt of
/// which nothing is known.
#[derive(Default, FromBytes, IntoBytes, Immutable, Unaligned)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
#[repr(C)]
pub(super) struct Attempts {
    /// The number of the latest; the first is number 0.
    latest: u8,
    places: [Attempt; ATTEMPTS_MAX],
}

impl Attempts {
    /// Another attempt, of which nothing is known; `None` if there are as many as there may be.
    pub fn add(&mut self) -> Option<()> {
        let full = usize::from(self.count()) >= ATTEMPTS_MAX;
        self.latest += u8::from(!full);
        (!full).then_some(())
    }

    /// How many there are.
    pub fn count(&self) -> u8 {
        // What is read from a record is checked to be less than ATTEMPTS_MAX.
        self.latest.wrapping_add(1)
    }

    /// The number of the latest; the first is number 0.
    pub fn latest(&self) -> u8 {
        self.latest
    }

    /// The attempt with this number.
    #[inline(never)]
    pub fn get(&self, number: u8) -> Option<&Attempt> {
        self.places.get(usize::from(number)).filter(|_| number <= self.latest)
    }

    /// The attempt with this number.
    #[inline(never)]
    pub fn get_mut(&mut self, number: u8) -> Option<&mut Attempt> {
        self.places.get_mut(usize::from(number)).filter(|_| number <= self.latest)
    }

    /// All attempts, and all places for one.
    pub fn places(&self) -> &[Attempt] {
        &self.places
    }

    /// All attempts, and all places for one, of which nothing may become known.
    pub fn places_mut(&mut self) -> &mut [Attempt] {
        &mut self.places
    }

    /// Whether these can be: what was read from a record may be anything.
    pub fn is_sound(&self) -> bool {
        let can_be = |(number, attempt): (usize, &Attempt)| {
            let free = number > usize::from(self.latest);
            attempt.code.is_sound() && !(free && attempt.as_bytes().iter().any(|byte| *byte != 0))
        };
        usize::from(self.latest) < ATTEMPTS_MAX && self.places.iter().enumerate().all(can_be)
    }
}

impl core::fmt::Debug for Attempts {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.debug_list().entries(self.places.iter().take(usize::from(self.count()))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_first_attempt_and_none_beyond_the_last_place() {
        for latest in 0..=u8::MAX {
            let attempts = Attempts { latest, ..Attempts::default() };
            assert_eq!(attempts.is_sound(), usize::from(latest) < ATTEMPTS_MAX, "{latest}");
        }
    }
}
