//! The HTTP API under `/sim/`: what a person or a script does to the simulator while it runs.

use std::time::Duration;

use http::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::engine::Engine;
use crate::fault::{Fault, NotificationFault, Times};
use crate::fields::Fields;
use crate::settings::Payer;
use crate::{Refused, Service, money, subscriber};

/// Views show the latest so many; the ledger itself keeps all.
const VIEW: usize = 1_000;

/// Answers a request to `/sim/{path}`.
pub(crate) fn answer(engine: &Engine, method: &Method, path: &str, body: &[u8]) -> Answer {
    let parts: Vec<&str> = path.split('/').collect();
    let done = match (method.as_str(), parts.as_slice()) {
        ("GET", ["health"]) => Ok(json!({ "status": "ok" })),
        ("GET", ["ledger"]) => Ok(ledger(engine)),
        ("GET", ["prompts"]) => Ok(engine.with(|state, _| json!({ "prompts": latest(&state.book.prompts) }))),
        ("GET", ["payments"]) => {
            Ok(engine.with(|state, _| json!({ "payments": latest(&state.book.ezcash) })))
        }
        ("GET", ["log"]) => Ok(log(engine)),
        ("POST", ["prompts", reference, act]) => answer_prompt(engine, reference, act),
        ("POST", ["pay"]) => members(body).and_then(|request| pay(engine, &request)),
        ("POST", ["fail"]) => members(body).and_then(|request| fail(engine, &request)),
        ("POST", ["clock"]) => members(body).and_then(|request| forward(engine, &request)),
        ("POST", ["fault"]) => set_fault(engine, body),
        ("PUT", ["subscribers", id]) => {
            members(body).and_then(|request| set_subscriber(engine, id, &request))
        }
        ("POST", ["reset"]) => Ok(engine.with(|state, _| {
            state.book = crate::state::Book::default();
            json!({ "status": "ok" })
        })),
        _ => return Answer::html(404, "Not Found"),
    };
    match done {
        Ok(body) => Answer::json(200, &body),
        Err(Wrong::Request(why)) => Answer::json(400, &json!({ "error": why })),
        Err(Wrong::Refused(why)) => {
            let status = if why == Refused::UnknownReference { 404 } else { 409 };
            Answer::json(status, &json!({ "error": why.to_string() }))
        }
    }
}

enum Wrong {
    Request(String),
    Refused(Refused),
}

impl From<Refused> for Wrong {
    fn from(why: Refused) -> Self {
        Wrong::Refused(why)
    }
}

fn ledger(engine: &Engine) -> Value {
    engine.with(|state, now| {
        let ledger = &state.book.ledger;
        json!({ "now": now, "count": ledger.count(), "captures": latest(ledger.captures()) })
    })
}

fn log(engine: &Engine) -> Value {
    engine.with(|state, now| {
        json!({ "now": now, "requests": state.book.log.records(), "deliveries": state.book.outbox.records() })
    })
}

fn answer_prompt(engine: &Engine, reference: &str, act: &str) -> Result<Value, Wrong> {
    let payer = match act {
        "approve" => Payer::Approve,
        "decline" => Payer::Decline,
        "ignore" => Payer::Ignore,
        "wrong-pin" => Payer::WrongPin,
        _ => return Err(Wrong::Request(format!("{act} is not approve, decline, ignore or wrong-pin"))),
    };
    engine.with(|state, now| state.answer_prompt(reference, payer, now))?;
    Ok(json!({ "status": "ok" }))
}

fn pay(engine: &Engine, request: &Fields) -> Result<Value, Wrong> {
    let id = payment_id(request)?;
    let amount = request.text(&["amount"]).and_then(|text| money::parse(&text));
    let amount = amount.ok_or_else(|| Wrong::Request("amount is not a sum like \"10.00\"".to_owned()))?;
    engine.with(|state, now| state.pay(&id, amount, now))?;
    Ok(json!({ "status": "ok" }))
}

fn fail(engine: &Engine, request: &Fields) -> Result<Value, Wrong> {
    let id = payment_id(request)?;
    let code = request.text(&["statusCode", "code"]).unwrap_or_else(|| "E1404".to_owned());
    engine.with(|state, now| state.fail(&id, &code, now))?;
    Ok(json!({ "status": "ok" }))
}

fn payment_id(request: &Fields) -> Result<String, Wrong> {
    request
        .text(&["reference", "externalTrxId"])
        .ok_or_else(|| Wrong::Request("reference or externalTrxId is missing".to_owned()))
}

fn forward(engine: &Engine, request: &Fields) -> Result<Value, Wrong> {
    let time = request.text(&["forwardMs"]).and_then(|text| text.parse().ok());
    let time = time.ok_or_else(|| Wrong::Request("forwardMs is not a number of milliseconds".to_owned()))?;
    Ok(json!({ "now": engine.fast_forward(Duration::from_millis(time)) }))
}

fn set_fault(engine: &Engine, body: &[u8]) -> Result<Value, Wrong> {
    let request: Value = serde_json::from_slice(body).map_err(wrong)?;
    let times = match &request["times"] {
        Value::Null => Times::Once,
        Value::String(word) if word == "always" => Times::Always,
        number => Times::Next(serde_json::from_value(number.clone()).map_err(wrong)?),
    };
    let fault = request["fault"].clone();
    if request["service"] == "notification" {
        let fault: NotificationFault = serde_json::from_value(fault).map_err(wrong)?;
        engine.with(|state, _| state.book.faults.add_notification(fault, times));
    } else {
        let service: Service = serde_json::from_value(request["service"].clone()).map_err(wrong)?;
        let fault: Fault = serde_json::from_value(fault).map_err(wrong)?;
        engine.with(|state, _| state.book.faults.add(service, fault, times));
    }
    Ok(json!({ "status": "ok" }))
}

fn set_subscriber(engine: &Engine, id: &str, request: &Fields) -> Result<Value, Wrong> {
    let balance = match request.text(&["balance"]) {
        Some(text) => {
            Some(money::parse(&text).ok_or_else(|| Wrong::Request(format!("{text} is no balance")))?)
        }
        None => None,
    };
    engine.with(|state, _| {
        let account = state.subscriber(&subscriber::canonical(id));
        account.balance = balance.unwrap_or(account.balance);
        if let Some(kind) = request.text(&["accountType"]) {
            account.account_type = kind;
        }
        if let Some(status) = request.text(&["accountStatus"]) {
            account.account_status = status;
        }
        Ok(json!(account))
    })
}

fn members(body: &[u8]) -> Result<Fields, Wrong> {
    Fields::parse(body).ok_or_else(|| Wrong::Request("the body is not a JSON object".to_owned()))
}

fn wrong(error: serde_json::Error) -> Wrong {
    Wrong::Request(error.to_string())
}

fn latest<T: Serialize>(all: &[T]) -> &[T] {
    &all[all.len().saturating_sub(VIEW)..]
}
