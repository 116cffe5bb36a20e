//! What can be looked at.

use serde::Serialize;
use serde_json::{Value, json};

use crate::admin::{Call, Wrong};
use crate::settings_change::SettingsChange;
use crate::{FAULTS, Ledger, MAGIC, Service, timeline};

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
        let mut view = of_ledger(&state.book.ledger, VIEW);
        view["now"] = now.into();
        view
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
            "ledger": of_ledger(&book.ledger, PAGE),
            "requests": book.log.latest(PAGE),
            "deliveries": latest(&book.outbox.records(), PAGE),
            "charges": timeline::latest(book, CHARGES),
        })
    }))
}

/// The latest captures, and exact sums of all. `summedUp` says of how many captures only the sums are left: whoever looks
/// for one of those by its id does not find it, though it was made.
fn of_ledger(ledger: &Ledger, most: usize) -> Value {
    json!({
        "count": ledger.count(),
        "sum": ledger.sum(),
        "summedUp": ledger.summed_up(),
        "captures": latest(ledger.captures(), most),
    })
}

fn all<'a, T: 'a>(some: impl Iterator<Item = &'a T>) -> Vec<&'a T> {
    some.collect()
}

fn latest<T: Serialize>(all: &[T], most: usize) -> &[T] {
    &all[all.len().saturating_sub(most)..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Capture, CaptureSource, CarrierFamily};

    fn capture(serial: u64) -> Capture {
        Capture {
            serial,
            at: 0,
            family: CarrierFamily::Ideamart,
            subscriber: "94770000000".to_owned(),
            amount: 10,
            currency: "LKR".to_owned(),
            external_id: None,
            reference: None,
            internal_id: None,
            source: CaptureSource::DirectDebit,
        }
    }

    #[test]
    fn a_ledger_tells_of_how_many_captures_only_the_sums_are_left() {
        let mut ledger = Ledger::default();
        ledger.append(capture(1));
        assert_eq!(of_ledger(&ledger, VIEW)["summedUp"], 0);
        let mut serial = 1;
        while ledger.summed_up() == 0 {
            serial += 1;
            ledger.append(capture(serial));
        }
        let view = of_ledger(&ledger, VIEW);
        assert_eq!(view["summedUp"], ledger.summed_up());
        assert_eq!((view["count"].as_u64(), view["sum"].as_u64()), (Some(serial), Some(serial * 10)));
        assert_eq!(view["captures"].as_array().map(Vec::len), Some(VIEW));
    }
}
