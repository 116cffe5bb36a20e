//! The fields of a record, once: the same list writes them and reads them.

use super::pass::Pass;
use crate::charge::attempt::Attempt;
use crate::charge::received::Credit;
use crate::charge::{Charge, Closing, Reason, Release, Review, Sale, Verdict};
use crate::money::Currency;
use crate::wire::Chars;

impl Charge {
    /// Everything that a record holds of a charge, in its order; `None` where what is read cannot be.
    #[inline(never)]
    pub(super) fn pass(&mut self, pass: &mut Pass<'_>) -> Option<()> {
        pass.amount(&mut self.amount, false);
        pass.amount(&mut self.refunded, false);
        pass.amount(&mut self.amount_due, true);
        pass.amount(&mut self.received.beyond, false);
        pass.amount(&mut self.received.reviewed, true);
        let mut currency = self.currency.to_bytes();
        pass.bytes(&mut currency);
        self.currency = Currency::read(Chars::plain(&currency))?;
        let mut window = self.window.to_le_bytes();
        pass.bytes(&mut window);
        self.window = u32::from_le_bytes(window);
        let mut numbers = [
            sale_code(self.sale),
            self.release as u8,
            review_code(self.review),
            self.auto_attempts,
            self.conflicts,
            self.recoveries,
            self.credential_refusals,
            count(self.attempts.len()),
            count(self.received.credits.len()),
        ];
        pass.bytes(&mut numbers);
        let [sale, release, review, auto_attempts, conflicts, recoveries, refusals, attempts, credits] =
            numbers;
        self.sale = *SALES.get(usize::from(sale))?;
        self.release = *RELEASES.get(usize::from(release))?;
        self.review = *REVIEWS.get(usize::from(review))?;
        self.auto_attempts = auto_attempts;
        self.conflicts = conflicts;
        self.recoveries = recoveries;
        self.credential_refusals = refusals;
        while self.attempts.len() < usize::from(attempts) {
            self.add_attempt()?;
        }
        while self.received.credits.len() < usize::from(credits) {
            self.received.credits.push(Credit::default()).ok()?;
        }
        for attempt in &mut self.attempts {
            attempt.pass(pass);
        }
        for credit in &mut self.received.credits {
            credit.pass(pass);
        }
        self.texts.pass(pass)
    }
}

impl Attempt {
    fn pass(&mut self, pass: &mut Pass<'_>) {
        let Attempt { opened, closed, answered, confirms, heard, processing, lost, settled, marks, code } =
            self;
        let mut counts = [
            *opened,
            *closed,
            *answered,
            *confirms,
            *heard,
            *processing,
            *lost,
            *settled,
            marks[0],
            marks[1],
        ];
        pass.bytes(&mut counts);
        [*opened, *closed, *answered, *confirms, *heard, *processing, *lost, *settled, marks[0], marks[1]] =
            counts;
        pass.bytes(&mut code.0);
        pass.check(code.is_sound());
    }
}

impl Credit {
    fn pass(&mut self, pass: &mut Pass<'_>) {
        let mut numbers = [self.attempt, u8::from(self.matched)];
        pass.bytes(&mut numbers);
        let [attempt, matched] = numbers;
        pass.check(matched <= 1);
        self.attempt = attempt;
        self.matched = matched == 1;
        pass.amount(&mut self.total, false);
    }
}

/// What is counted here is bounded far below 255; more would make a record that recovery refuses.
fn count(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

/// The states as numbers: the place in the table. A number is never given to another state: old journals are read by new
/// releases.
const SALES: [Sale; 5] = [
    Sale::Open,
    Sale::Closed(Closing::Fulfilled),
    Sale::Closed(Closing::Cancelled),
    Sale::Closed(Closing::Expired),
    Sale::Closed(Closing::Refused),
];
const RELEASES: [Release; 5] =
    [Release::None, Release::Started, Release::Done, Release::Failed, Release::Uncertain];
const REVIEWS: [Review; 11] = [
    Review::None,
    Review::Needed(Reason::InDoubt),
    Review::Needed(Reason::UnmatchedPayment),
    Review::Needed(Reason::TooManyReferences),
    Review::Needed(Reason::PaidAfterReview),
    Review::Needed(Reason::DamagedRecord),
    Review::Needed(Reason::OtherAttemptInDoubt),
    Review::Needed(Reason::PaidByNotificationOnly),
    Review::Resolved(Verdict::Charged),
    Review::Resolved(Verdict::NotCharged),
    Review::Resolved(Verdict::Refunded),
];

fn sale_code(sale: Sale) -> u8 {
    match sale {
        Sale::Open => 0,
        Sale::Closed(closing) => closing as u8 + 1,
    }
}

fn review_code(review: Review) -> u8 {
    match review {
        Review::None => 0,
        Review::Needed(reason) => reason as u8 + 1,
        Review::Resolved(verdict) => verdict as u8 + 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_number() {
        for code in 0..12 {
            let place = usize::from(code);
            assert!(SALES.get(place).is_none_or(|sale| sale_code(*sale) == code));
            assert!(RELEASES.get(place).is_none_or(|release| *release as u8 == code));
            assert!(REVIEWS.get(place).is_none_or(|review| review_code(*review) == code));
        }
    }
}
