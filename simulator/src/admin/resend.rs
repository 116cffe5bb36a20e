//! Sends a request or a notification of the log again, as it came.

use serde_json::{Value, json};

use crate::admin::{Call, Wrong};
use crate::exchange;
use crate::{Refused, RequestRecord};

/// `r12` is the request with the serial 12, `n3` the delivery with the serial 3.
pub(crate) fn resend(call: &Call<'_>) -> Result<Value, Wrong> {
    let id = call.parameter(0);
    let serial = |kind: char| id.strip_prefix(kind).and_then(|serial| serial.parse::<u64>().ok());
    match (serial('r'), serial('n')) {
        (Some(serial), _) => request(call, serial),
        (_, Some(serial)) => notification(call, serial),
        (None, None) => Err(Wrong::Request(format!("{id} is not r and a number, or n and a number"))),
    }
}

/// Faults and settings of now apply: it is one more request. Its answer goes to whoever sent it again.
fn request(call: &Call<'_>, serial: u64) -> Result<Value, Wrong> {
    let again: Option<RequestRecord> = call.engine.change(|state, now| {
        let request = state.book.log.call(serial)?;
        exchange::decide(state, request, now);
        state.book.log.latest(1).pop()
    });
    let again = again.ok_or(Wrong::Refused(Refused::UnknownReference))?;
    let id = format!("r{}", again.serial);
    Ok(json!({ "status": "ok", "id": id, "request": again }))
}

fn notification(call: &Call<'_>, serial: u64) -> Result<Value, Wrong> {
    if call.engine.change(|state, now| state.book.outbox.resend(serial, now)) {
        Ok(json!({ "status": "ok" }))
    } else {
        Err(Wrong::Refused(Refused::UnknownReference))
    }
}
