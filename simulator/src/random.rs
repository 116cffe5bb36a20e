//! Chance that repeats: SplitMix64 from a seed, so the same seed sees the same faults.

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// Whether something strikes that happens `per_mille` times in a thousand.
    pub(crate) fn strikes(&mut self, per_mille: u16) -> bool {
        self.below(1_000) < u64::from(per_mille)
    }

    /// A number from `low` to `high`, both included, all alike; `low` where they are the wrong way round.
    pub(crate) fn uniform(&mut self, low: u64, high: u64) -> u64 {
        match high.checked_sub(low).and_then(|span| span.checked_add(1)) {
            Some(choices) => low + self.below(choices),
            None if high < low => low,
            None => self.next(),
        }
    }

    /// A number around `mean`, in integers: the sum of twelve uniform numbers is normal enough (Irwin–Hall).
    /// Never below zero and never more than six deviations away.
    pub(crate) fn normal(&mut self, mean: u64, deviation: u64) -> u64 {
        /// Each uniform number has this many steps.
        const STEPS: u64 = 1 << 16;
        let sum: u64 = (0..12).map(|_| self.below(STEPS)).sum();
        let above = (u128::from(deviation) * u128::from(sum)) / u128::from(STEPS);
        let value = (u128::from(mean) + above).saturating_sub(u128::from(deviation) * 6);
        u64::try_from(value).unwrap_or(u64::MAX)
    }

    /// Around `median`, log-normally: e to the power of a normal number with this deviation, in hundredths (500 at
    /// most). Six deviations away at most.
    pub(crate) fn log_normal(&mut self, median: u64, sigma_percent: u16) -> u64 {
        /// What `normal` draws around, so that it stays above zero: six deviations.
        const MIDDLE: u64 = 6_000_000;
        let above = self.normal(MIDDLE, MIDDLE / 6) as f64 / (MIDDLE / 6) as f64 - 6.0;
        let factor = (above * f64::from(sigma_percent.min(500)) / 100.0).exp();
        // A float that is too large becomes the largest number.
        (median as f64 * factor) as u64
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    /// Below `choices`, which is never zero here. The bias of the remainder is under one in 2^40.
    fn below(&mut self, choices: u64) -> u64 {
        self.next() % choices.max(1)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_draws_the_same_numbers_and_another_draws_others() {
        let draw = |seed| {
            let mut random = Random::from_seed(seed);
            (0..50).map(|_| random.uniform(0, 1_000_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn a_chance_of_a_quarter_strikes_about_a_quarter_of_the_time() {
        let mut random = Random::from_seed(1);
        let struck = (0..10_000).filter(|_| random.strikes(250)).count();
        assert!((2_300..2_700).contains(&struck), "{struck}");
        assert!(!random.strikes(0) && random.strikes(1_000));
    }

    #[test]
    fn numbers_stay_in_their_range_and_lie_around_their_mean() {
        let mut random = Random::from_seed(1);
        assert!((0..1_000).map(|_| random.uniform(10, 20)).all(|drawn| (10..=20).contains(&drawn)));
        assert_eq!(random.uniform(9, 3), 9);
        let drawn: Vec<u64> = (0..10_000).map(|_| random.normal(1_000, 100)).collect();
        let mean = drawn.iter().sum::<u64>() / 10_000;
        let near = drawn.iter().filter(|value| value.abs_diff(1_000) <= 100).count();
        assert!(mean.abs_diff(1_000) < 5, "{mean}");
        assert!((6_500..7_200).contains(&near), "two thirds lie within one deviation: {near}");
        assert_eq!(Random::from_seed(1).normal(0, 0), 0);
    }

    #[test]
    fn log_normal_numbers_have_their_median_and_a_long_tail_above() {
        let mut random = Random::from_seed(1);
        let mut drawn: Vec<u64> = (0..10_000).map(|_| random.log_normal(1_000, 40)).collect();
        drawn.sort_unstable();
        assert!(drawn[5_000].abs_diff(1_000) < 30, "{}", drawn[5_000]);
        let (low, high) = (drawn[100], drawn[9_900]);
        assert!(1_000 - low < high - 1_000 && high > 2_000, "{low} {high}");
        assert_eq!(random.log_normal(700, 0), 700);
        random.log_normal(u64::MAX, u16::MAX);
    }
}
