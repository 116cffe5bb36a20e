//! One request to a service: executed or not, shaped by a fault or not, and logged.

use crate::answer::Answer;
use crate::fault::Delivery;
use crate::state::State;
use crate::{RequestRecord, Service, SimulatorEvent, ideamart, mask, mobitel};

/// Decides what the wire carries for a request, and does to the state what the service does.
pub(crate) fn decide(
    state: &mut State,
    service: Service,
    client_id: Option<&str>,
    body: &[u8],
    now: u64,
) -> Delivery {
    let fault = state.book.faults.take(service);
    let executes = fault.as_ref().is_none_or(|fault| fault.executes());
    let answer = executes.then(|| execute(state, service, client_id, body, now));
    let record = RequestRecord {
        at: now,
        service,
        request: mask::body(body),
        status: answer.as_ref().map(|answer| answer.status),
        answer: answer.as_ref().map(|answer| mask::body(&answer.body)).unwrap_or_default(),
        fault: fault.as_ref().map(|fault| format!("{fault:?}")),
    };
    state.book.log.push(record.clone());
    state.book.events.push(SimulatorEvent::Request(record));
    match (fault, answer) {
        (Some(fault), answer) => fault.shape(service, answer),
        (None, Some(answer)) => Delivery::Whole(answer),
        (None, None) => Delivery::Close,
    }
}

fn execute(state: &mut State, service: Service, client_id: Option<&str>, body: &[u8], now: u64) -> Answer {
    let result = if service.is_mobitel() {
        mobitel::admit(state, client_id, body).map(|request| match service {
            Service::MobitelConfirm => mobitel::confirm(state, &request, now),
            _ => mobitel::charge_request(state, &request, now),
        })
    } else {
        ideamart::admit(state, body).map(|request| match service {
            Service::QueryBalance => ideamart::query_balance(state, &request),
            Service::ListInstruments => ideamart::list_instruments(&request),
            _ => ideamart::direct_debit(state, &request, now),
        })
    };
    result.unwrap_or_else(|refused| refused)
}
