//! What the payer does, and which notifications are sent for it.

use serde_json::Value;

use crate::admin::{Call, Wrong, done};
use crate::fields::Fields;
use crate::settings::Payer;
use crate::{Refused, money};

pub(crate) fn answer_prompt(call: &Call<'_>) -> Result<Value, Wrong> {
    let act = call.parameter(1);
    let payer = match act {
        "approve" => Payer::Approve,
        "decline" => Payer::Decline,
        "ignore" => Payer::Ignore,
        "wrong-pin" => Payer::WrongPin,
        _ => return Err(Wrong::Request(format!("{act} is not approve, decline, ignore or wrong-pin"))),
    };
    call.engine.change(|state, now| state.answer_prompt(call.parameter(0), payer, now))?;
    done()
}

pub(crate) fn pay(call: &Call<'_>) -> Result<Value, Wrong> {
    let request = call.members()?;
    let id = payment_id(&request)?;
    let amount = request.text(&["amount"]).and_then(|text| money::parse(&text));
    let amount = amount.ok_or_else(|| Wrong::Request("amount is not a sum like \"10.00\"".to_owned()))?;
    call.engine.change(|state, now| state.pay(&id, amount, now))?;
    done()
}

pub(crate) fn fail(call: &Call<'_>) -> Result<Value, Wrong> {
    let request = call.members()?;
    let id = payment_id(&request)?;
    let code = request.text(&["statusCode", "code"]).unwrap_or_else(|| "E1404".to_owned());
    call.engine.change(|state, now| state.fail(&id, &code, now))?;
    done()
}

/// Sends whatever the body is as a notification: forged ones, other brands' ones.
pub(crate) fn send_notification(call: &Call<'_>) -> Result<Value, Wrong> {
    let body: Value = call.read()?;
    let member = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let (reference, external_id) = (member("referenceId"), member("externalTrxId"));
    call.engine.change(|state, now| state.book.outbox.post(&reference, &external_id, &body, now));
    done()
}

pub(crate) fn repeat_notification(call: &Call<'_>) -> Result<Value, Wrong> {
    if call.engine.change(|state, now| state.book.outbox.repeat(call.parameter(0), now)) {
        done()
    } else {
        Err(Wrong::Refused(Refused::UnknownReference))
    }
}

/// Somebody else sends that a payment was made in full.
pub(crate) fn forge_notification(call: &Call<'_>) -> Result<Value, Wrong> {
    let id = call.parameter(0);
    call.engine.change(|state, now| state.forge_notification(id, now))?;
    done()
}

fn payment_id(request: &Fields) -> Result<String, Wrong> {
    request
        .text(&["reference", "externalTrxId"])
        .ok_or_else(|| Wrong::Request("reference or externalTrxId is missing".to_owned()))
}
