//! The prompts on the payers' phones: the latest ones, and which of them are open.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize, Serializer};

use crate::shelf::{Named, Shelf};
use crate::{Prompt, PromptState};

impl Named for Prompt {
    fn names(&self) -> Vec<&str> {
        vec![&self.reference]
    }
}

/// Every prompt that is still known, in its order.
#[derive(Default, Deserialize)]
#[serde(from = "Known")]
pub(crate) struct Prompts {
    known: Known,
    /// When the open ones expire, with their places.
    expiries: BTreeSet<(u64, usize)>,
    /// How many open ones each subscriber has.
    open: BTreeMap<String, usize>,
}

type Known = Shelf<Prompt, { Prompts::KEPT }>;

impl Prompts {
    /// More than anybody looks through, and minutes of a load test. An older reference is answered as unknown.
    pub(crate) const KEPT: usize = 50_000;

    pub(crate) fn show(&mut self, prompt: Prompt) -> usize {
        let (expires, subscriber) = (prompt.expires_at, prompt.subscriber.clone());
        let (place, gone) = self.known.push(prompt);
        if let Some(gone) = gone.filter(Prompt::is_open) {
            self.is_closed(place - Self::KEPT, &gone);
        }
        self.expiries.insert((expires, place));
        *self.open.entry(subscriber).or_default() += 1;
        place
    }

    /// Puts a prompt into another state; the prompt as it is then, unless it was closed before.
    pub(crate) fn answer(&mut self, place: usize, state: PromptState, at: u64) -> Option<&Prompt> {
        let prompt = self.known.get_mut(place).filter(|prompt| prompt.is_open())?;
        prompt.state = state;
        prompt.answered_at = Some(at);
        if !prompt.is_open() {
            let closed = prompt.clone();
            self.is_closed(place, &closed);
        }
        self.known.get(place)
    }

    /// Notes that the money was taken.
    pub(crate) fn captured(&mut self, place: usize) {
        if let Some(prompt) = self.known.get_mut(place) {
            prompt.captured = true;
        }
    }

    /// The prompt that expires next, and when.
    pub(crate) fn next_expiry(&self) -> Option<(u64, usize)> {
        self.expiries.first().copied()
    }

    pub(crate) fn subscriber_has_open(&self, subscriber: &str) -> bool {
        self.open.contains_key(subscriber)
    }

    /// All of them, closed ones too.
    pub(crate) fn known(&self) -> &Known {
        &self.known
    }

    fn is_closed(&mut self, place: usize, prompt: &Prompt) {
        self.expiries.remove(&(prompt.expires_at, place));
        if let Some(count) = self.open.get_mut(&prompt.subscriber) {
            *count -= 1;
            if *count == 0 {
                self.open.remove(&prompt.subscriber);
            }
        }
    }
}

impl From<Known> for Prompts {
    fn from(known: Known) -> Self {
        let (mut expiries, mut open) = (BTreeSet::new(), BTreeMap::<String, usize>::new());
        for (place, prompt) in known.places().filter(|(_, prompt)| prompt.is_open()) {
            expiries.insert((prompt.expires_at, place));
            *open.entry(prompt.subscriber.clone()).or_default() += 1;
        }
        Self { known, expiries, open }
    }
}

impl Serialize for Prompts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.known.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(number: usize) -> Prompt {
        Prompt {
            reference: number.to_string(),
            subscriber: "94771234567".to_owned(),
            amount: 500,
            text: String::new(),
            opened_at: 0,
            expires_at: 120_000,
            answered_at: None,
            state: PromptState::Open,
            captured: false,
        }
    }

    #[test]
    fn of_more_prompts_than_are_kept_the_oldest_goes_and_is_open_no_more() {
        let mut prompts = Prompts::default();
        for number in 0..Prompts::KEPT {
            prompts.show(prompt(number));
        }
        assert_eq!(prompts.next_expiry(), Some((120_000, 0)));
        prompts.show(prompt(Prompts::KEPT));
        assert_eq!(prompts.next_expiry(), Some((120_000, 1)));
        assert_eq!((prompts.known().place("0"), prompts.known().len()), (None, Prompts::KEPT + 1));
        for place in 1..=Prompts::KEPT {
            assert!(prompts.subscriber_has_open("94771234567"));
            assert!(prompts.answer(place, PromptState::Approved, 1).is_some());
            assert!(prompts.answer(place, PromptState::Approved, 1).is_none(), "only once");
        }
        assert!(!prompts.subscriber_has_open("94771234567") && prompts.next_expiry().is_none());
    }

    #[test]
    fn an_ignored_prompt_stays_open() {
        let mut prompts = Prompts::default();
        prompts.show(prompt(1));
        assert!(prompts.answer(0, PromptState::Ignored, 1).is_some());
        assert!(prompts.subscriber_has_open("94771234567"));
        assert!(prompts.answer(0, PromptState::Declined, 2).is_some());
        assert!(!prompts.subscriber_has_open("94771234567"));
    }
}
