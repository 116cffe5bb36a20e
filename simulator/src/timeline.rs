//! Charges as the carrier saw them: requests, prompts, payments, captures and notifications in their order.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::fields::Fields;
use crate::state::Book;
use crate::{DeliveryRecord, EzCashRequest, Prompt, RequestRecord, Service, money};

/// Everything that happened to one charge, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ChargeTimeline {
    /// `externalTrxId`, or Mobitel's `reference`.
    pub charge: String,
    /// The sum captured, in minor units.
    pub captured: u64,
    /// What happened, oldest first.
    pub entries: Vec<TimelineEntry>,
}

/// One thing that happened to a charge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TimelineEntry {
    /// Virtual milliseconds.
    pub at: u64,
    /// `request`, `prompt`, `payment`, `capture` or `notification`.
    pub kind: &'static str,
    /// In words.
    pub text: String,
}

/// Who a request is about: the caller's id, or Mobitel's reference from either side.
pub(crate) fn charge_of(service: Service, request: Option<&Fields>, answer: &[u8]) -> Option<String> {
    let member = |fields: &Fields, name| fields.text(&[name]).filter(|text| !text.is_empty());
    match service {
        Service::DirectDebit => member(request?, "externalTrxId"),
        Service::MobitelConfirm => member(request?, "ref"),
        Service::MobitelChargeRequest => member(&Fields::parse(answer)?, "reference"),
        Service::QueryBalance | Service::ListInstruments => None,
    }
}

/// The charges that something happened to last, the latest first, `most` at most.
pub(crate) fn latest(book: &Book, most: usize) -> Vec<ChargeTimeline> {
    let mut charges = Charges::default();
    // What only a reader of bounded views can want is looked at: the latest of each kind.
    let recent = most * ENTRIES_PER_CHARGE;
    book.log.records().iter().for_each(|record| charges.request(record));
    book.prompts.known().latest(recent).for_each(|prompt| charges.prompt(prompt));
    book.ezcash.latest(recent).for_each(|request| charges.payment(request));
    for capture in last(book.ledger.captures(), recent) {
        let id = capture.external_id.as_ref().or(capture.reference.as_ref());
        let text = format!("{} {} captured", capture.currency, money::decimal(capture.amount));
        if let Some(id) = id {
            charges.add(id, capture.at, "capture", text);
            charges.captured(id, capture.amount);
        }
    }
    book.outbox.records().iter().for_each(|delivery| charges.delivery(delivery));
    charges.sorted(most)
}

/// More than a charge has by far, so that cutting the input to this cuts no charge that is shown.
const ENTRIES_PER_CHARGE: usize = 20;

#[derive(Default)]
struct Charges(BTreeMap<String, ChargeTimeline>);

impl Charges {
    fn request(&mut self, record: &RequestRecord) {
        let Some(id) = &record.charge else {
            return;
        };
        let answered = match (&record.fault, record.status) {
            (Some(fault), Some(status)) => format!("HTTP {status}, fault: {fault}"),
            (Some(fault), None) => format!("not executed, fault: {fault}"),
            (None, Some(status)) => format!("HTTP {status} {}", code_in(&record.answer)),
            (None, None) => "no answer".to_owned(),
        };
        self.add(id, record.at, "request", format!("{} → {answered}", record.path));
    }

    fn prompt(&mut self, prompt: &Prompt) {
        let id = &prompt.reference;
        self.add(id, prompt.opened_at, "prompt", format!("shown: {}", prompt.text));
        if let Some(at) = prompt.answered_at {
            self.add(id, at, "prompt", format!("{:?}", prompt.state).to_lowercase());
        }
    }

    fn payment(&mut self, request: &EzCashRequest) {
        let text = format!(
            "eZ Cash asks for {} {}, reference {}",
            request.currency,
            money::decimal(request.amount_due),
            request.reference
        );
        self.add(&request.external_id, request.opened_at, "payment", text);
    }

    fn delivery(&mut self, delivery: &DeliveryRecord) {
        let body: Value = serde_json::from_str(&delivery.body).unwrap_or_default();
        let outcome = serde_json::to_value(&delivery.outcome).unwrap_or_default();
        let code = body["statusCode"].as_str().unwrap_or("unreadable");
        let forged = if delivery.forged { "forged " } else { "" };
        let text = format!("{forged}notification {}: {code} → {}", delivery.attempt, plain(&outcome));
        self.add(&delivery.external_id, delivery.at, "notification", text);
    }

    fn add(&mut self, id: &str, at: u64, kind: &'static str, text: String) {
        self.of(id).entries.push(TimelineEntry { at, kind, text });
    }

    fn captured(&mut self, id: &str, amount: u64) {
        let charge = self.of(id);
        charge.captured = charge.captured.saturating_add(amount);
    }

    fn of(&mut self, id: &str) -> &mut ChargeTimeline {
        self.0.entry(id.to_owned()).or_insert_with(|| ChargeTimeline {
            charge: id.to_owned(),
            captured: 0,
            entries: Vec::new(),
        })
    }

    fn sorted(self, most: usize) -> Vec<ChargeTimeline> {
        let mut all: Vec<ChargeTimeline> = self.0.into_values().collect();
        for charge in &mut all {
            // Stable: what one moment has of one kind keeps its order, requests before what they caused.
            charge.entries.sort_by_key(|entry| entry.at);
        }
        all.sort_by_key(|charge| std::cmp::Reverse(charge.entries.last().map_or(0, |entry| entry.at)));
        all.truncate(most);
        all
    }
}

fn code_in(answer: &str) -> String {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let code = [&answer["statusCode"], &answer["status"]].into_iter().find_map(Value::as_str);
    code.unwrap_or_default().to_owned()
}

/// `"dropped"` as dropped, `{"refused":{"status":500}}` as it is.
fn plain(outcome: &Value) -> String {
    outcome.as_str().map_or_else(|| outcome.to_string(), str::to_owned)
}

fn last<T>(all: &[T], most: usize) -> &[T] {
    &all[all.len().saturating_sub(most)..]
}
