//! Faults that wait, and the status code a service answers with.

use serde_json::{Value, json};

use crate::admin::{Call, Wrong, done};
use crate::fault_plan::FaultPlan;
use crate::state::Book;
use crate::{FaultRule, Refused, Service};

pub(crate) fn list(call: &Call<'_>) -> Result<Value, Wrong> {
    Ok(call.engine.with(|state, _| json!({ "faults": rules(&state.book) })))
}

pub(crate) fn add(call: &Call<'_>) -> Result<Value, Wrong> {
    let rule: FaultRule = call.read()?;
    let number = call.engine.change(|state, _| {
        let faults = &mut state.book.faults;
        (faults.rules().len() < FaultPlan::MOST).then(|| faults.add(rule))
    });
    let number = number.ok_or_else(too_many)?;
    Ok(json!({ "status": "ok", "number": number }))
}

pub(crate) fn replace(call: &Call<'_>) -> Result<Value, Wrong> {
    let rules: Vec<FaultRule> = call.read()?;
    if rules.len() > FaultPlan::MOST {
        return Err(too_many());
    }
    call.engine.change(|state, _| {
        state.book.faults.clear();
        rules.into_iter().for_each(|rule| {
            state.book.faults.add(rule);
        });
    });
    list(call)
}

pub(crate) fn clear(call: &Call<'_>) -> Result<Value, Wrong> {
    call.engine.change(|state, _| state.book.faults.clear());
    done()
}

pub(crate) fn remove(call: &Call<'_>) -> Result<Value, Wrong> {
    let number = call.parameter(0).parse().map_err(|_| Wrong::Refused(Refused::UnknownReference))?;
    if call.engine.change(|state, _| state.book.faults.remove(number)) {
        done()
    } else {
        Err(Wrong::Refused(Refused::UnknownReference))
    }
}

pub(crate) fn set_status_code(call: &Call<'_>) -> Result<Value, Wrong> {
    let service = service(call)?;
    let code = call.members()?.text(&["statusCode"]).filter(|code| !code.is_empty());
    let code = code.ok_or_else(|| Wrong::Request("statusCode is missing".to_owned()))?;
    call.engine.change(|state, _| state.book.status_codes.insert(service, code));
    done()
}

pub(crate) fn clear_status_code(call: &Call<'_>) -> Result<Value, Wrong> {
    let service = service(call)?;
    call.engine.change(|state, _| state.book.status_codes.remove(&service));
    done()
}

/// The rules with their numbers, as they are set.
pub(super) fn rules(book: &Book) -> Vec<Value> {
    let numbered = |(number, rule): &(u64, FaultRule)| {
        let mut rule = json!(rule);
        rule["number"] = json!(number);
        rule
    };
    book.faults.rules().iter().map(numbered).collect()
}

fn too_many() -> Wrong {
    Wrong::Request(format!("{} faults wait at most: take some back", FaultPlan::MOST))
}

fn service(call: &Call<'_>) -> Result<Service, Wrong> {
    serde_json::from_value(json!(call.parameter(0))).map_err(|error| Wrong::Request(error.to_string()))
}
