//! What can be looked at.

use serde::Serialize;
use serde_json::{Value, json};

use crate::admin::{Call, Wrong};
use crate::settings_change::SettingsChange;
use crate::{FAULTS, MAGIC, Service, timeline};

/// Views show the latest so many; the ledger keeps more, and exact sums of all.
const VIEW: usize = 1_000;
/// The page looks often, and shows no more than this of each kind.
const PAGE: usize = 100;
/// As many charges as a person scrolls through.
const CHARGES: usize = 50;

pub(crate) fn health(_: &Call<'_>) -> Result<Value, Wrong> {
    super::done()
}

pub(crate) fn ledger(call: &Call<'_>) -> Result<Value, Wrong> {
    Ok(call.engine.with(|state, now| {
        let ledger = &state.book.ledger;
        json!({ "now": now, "count": ledger.count(), "sum": ledger.sum(), "captures": latest(ledger.captures(), VIEW) })
    }))
}

pub(crate) fn prompts(call: &Call<'_>) -> Result<Value, Wrong> {
    Ok(call.engine.with(|state, _| json!({ "prompts": all(state.book.prompts.known().latest(VIEW)) })))
}

pub(crate) fn payments(call: &Call<'_>) -> Result<Value, Wrong> {
    Ok(call.engine.with(|state, _| json!({ "payments": all(state.book.ezcash.latest(VIEW)) })))
}

pub(crate) fn log(call: &Call<'_>) -> Result<Value, Wrong> {
    Ok(call.engine.with(|state, now| {
        json!({ "now": now, "requests": state.book.log.records(), "deliveries": state.book.outbox.records() })
    }))
}

pub(crate) fn charges(call: &Call<'_>) -> Result<Value, Wrong> {
    Ok(call.engine.with(|state, _| json!({ "charges": timeline::latest(&state.book, CHARGES) })))
}

/// Everything that the page shows, as of one moment.
pub(crate) fn state(call: &Call<'_>) -> Result<Value, Wrong> {
    Ok(call.engine.with(|state, now| {
        let book = &state.book;
        let services: Vec<Value> = Service::PATHS
            .iter()
            .map(|(path, service)| {
                json!({ "path": path, "service": service, "statusCode": book.status_codes.get(service) })
            })
            .collect();
        json!({
            "now": now,
            "settings": SettingsChange::current(state),
            "services": services,
            "faults": super::faults::rules(book),
            "faultKinds": FAULTS.as_slice(),
            "magic": MAGIC,
            "subscribers": super::subscribers::accounts(book, PAGE),
            "prompts": all(book.prompts.known().latest(PAGE)),
            "payments": all(book.ezcash.latest(PAGE)),
            "ledger": { "count": book.ledger.count(), "sum": book.ledger.sum(), "captures": latest(book.ledger.captures(), PAGE) },
            "requests": book.log.latest(PAGE),
            "deliveries": latest(&book.outbox.records(), PAGE),
            "charges": timeline::latest(book, CHARGES),
        })
    }))
}

fn all<'a, T: 'a>(some: impl Iterator<Item = &'a T>) -> Vec<&'a T> {
    some.collect()
}

fn latest<T: Serialize>(all: &[T], most: usize) -> &[T] {
    &all[all.len().saturating_sub(most)..]
}
