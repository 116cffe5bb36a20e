//! A change of settings as JSON: what the API takes, what a scenario starts from.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::milliseconds;
use crate::money::Sum;
use crate::random::Random;
use crate::state::State;
use crate::{ConfirmMeaning, DuplicateAnswer, Payer};

/// Settings to be changed; what is missing stays as it is. Sums are decimal text like `"12.50"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SettingsChange {
    /// What the payer does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer: Option<Payer>,
    /// How long the payer thinks first, in virtual milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payer_delay_ms: Option<u64>,
    /// What Mobitel's confirm does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<ConfirmMeaning>,
    /// How long a prompt can be answered, in virtual milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt_lifetime_ms: Option<u64>,
    /// Whether a second charge request is refused while the subscriber has an open prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handset_busy_while_prompted: Option<bool>,
    /// Whether a repeated `externalTrxId` is recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deduplicates: Option<bool>,
    /// What a recognised duplicate is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicate_answer: Option<DuplicateAnswer>,
    /// What eZ Cash asks for whatever the debit's amount is; `""` for the debit's amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_due: Option<Sum>,
    /// The balance of a subscriber seen for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opening_balance: Option<Sum>,
    /// Where charging notifications go; `""` for nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify_url: Option<String>,
    /// Whether magic numbers and amounts have their meaning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub magic_values: Option<bool>,
    /// How many requests a caller may send in a second (virtual); 0 for any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<u32>,
    /// How many virtual milliseconds pass in a real one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clock_rate: Option<u32>,
    /// Starts the chance of faults anew from this seed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

impl SettingsChange {
    /// The settings as they are.
    pub(crate) fn current(state: &State) -> Self {
        let settings = &state.settings;
        Self {
            payer: Some(settings.payer),
            payer_delay_ms: Some(milliseconds(settings.payer_delay)),
            confirm: Some(settings.confirm),
            prompt_lifetime_ms: Some(milliseconds(settings.prompt_lifetime)),
            handset_busy_while_prompted: Some(settings.handset_busy_while_prompted),
            deduplicates: Some(settings.deduplicates),
            duplicate_answer: Some(settings.duplicate_answer),
            amount_due: Some(Sum(settings.amount_due)),
            opening_balance: Some(Sum(Some(settings.opening_balance))),
            notify_url: Some(settings.notify_url.clone().unwrap_or_default()),
            magic_values: Some(settings.magic_values),
            rate_limit: Some(settings.rate_limit.unwrap_or(0)),
            clock_rate: Some(state.clock.rate()),
            seed: Some(settings.seed),
        }
    }

    /// Makes the change.
    pub(crate) fn apply(self, state: &mut State) {
        let settings = &mut state.settings;
        put(&mut settings.payer, self.payer);
        put(&mut settings.payer_delay, self.payer_delay_ms.map(Duration::from_millis));
        put(&mut settings.confirm, self.confirm);
        put(&mut settings.prompt_lifetime, self.prompt_lifetime_ms.map(Duration::from_millis));
        put(&mut settings.handset_busy_while_prompted, self.handset_busy_while_prompted);
        put(&mut settings.deduplicates, self.deduplicates);
        put(&mut settings.duplicate_answer, self.duplicate_answer);
        put(&mut settings.amount_due, self.amount_due.map(|sum| sum.0));
        put(&mut settings.opening_balance, self.opening_balance.and_then(|sum| sum.0));
        put(&mut settings.notify_url, self.notify_url.map(|url| Some(url).filter(|url| !url.is_empty())));
        put(&mut settings.magic_values, self.magic_values);
        put(&mut settings.rate_limit, self.rate_limit.map(|limit| Some(limit).filter(|limit| *limit > 0)));
        if let Some(seed) = self.seed {
            settings.seed = seed;
            state.random = Random::from_seed(seed);
        }
        if let Some(rate) = self.clock_rate {
            state.clock.set_rate(rate);
        }
    }
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
