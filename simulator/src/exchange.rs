//! One request to a service: executed or not, shaped by a fault or not, and logged.

use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::fault::Delivery;
use crate::fields::Fields;
use crate::request_log::Logged;
use crate::state::State;
use crate::{Fault, Service, SimulatorEvent, ideamart, magic, mobitel, timeline};

/// A request to a service as it came.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceCall {
    pub(crate) service: Service,
    pub(crate) path: String,
    pub(crate) client_id: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Decides what the wire carries for a request, and does to the state what the service does.
pub(crate) fn decide(state: &mut State, call: ServiceCall, now: u64) -> Delivery {
    let fields = Fields::parse(&call.body);
    let fault = fault_for(state, &call, fields.as_ref());
    let later = match fault {
        Some(Fault::ExecutedLate(milliseconds)) => Some(milliseconds),
        _ => None,
    };
    let executes = later.is_none() && fault.as_ref().is_none_or(Fault::executes);
    let answer = executes.then(|| execute(state, &call, fields.as_ref(), now));
    // A payer who does not think answers before the request does.
    state.advance(now);
    let service = call.service;
    let late = later.map(|milliseconds| (call.clone(), now.saturating_add(milliseconds)));
    log(state, call, fields.as_ref(), answer.clone(), fault.as_ref().map(|fault| format!("{fault:?}")), now);
    if let Some((call, at)) = late {
        state.execute_later(call, at, now);
    }
    match (fault, answer) {
        (Some(fault), answer) => fault.shape(service, answer, &mut state.random),
        (None, Some(answer)) => Delivery::Whole(answer),
        (None, None) => Delivery::Close,
    }
}

/// Executes a request whose connection is long closed: nobody gets the answer.
pub(crate) fn execute_unheard(state: &mut State, call: &ServiceCall, now: u64) {
    let fields = Fields::parse(&call.body);
    let answer = execute(state, call, fields.as_ref(), now);
    let fault = "executed late, nobody hears the answer".to_owned();
    log(state, call.clone(), fields.as_ref(), Some(answer), Some(fault), now);
}

/// A fault that was set comes first, then the status code chosen for the service, then magic values.
fn fault_for(state: &mut State, call: &ServiceCall, fields: Option<&Fields>) -> Option<Fault> {
    if let Some(fault) = state.book.faults.take(call.service, &mut state.random) {
        return Some(fault);
    }
    let chosen = state.book.status_codes.get(&call.service);
    let magic = || magic::fault(&state.settings, call.service, fields?);
    chosen.map(|code| Fault::StatusCode(code.clone())).or_else(magic)
}

fn execute(state: &mut State, call: &ServiceCall, fields: Option<&Fields>, now: u64) -> Answer {
    let result = if call.service.is_mobitel() {
        mobitel::admit(state, call.client_id.as_deref(), fields, now).map(|request| match call.service {
            Service::MobitelConfirm => mobitel::confirm(state, request, now),
            _ => mobitel::charge_request(state, request, now),
        })
    } else {
        ideamart::admit(state, fields, now).map(|request| match call.service {
            Service::QueryBalance => ideamart::query_balance(state, &request),
            Service::ListInstruments => ideamart::list_instruments(state, &request),
            _ => ideamart::direct_debit(state, &request, now),
        })
    };
    result.unwrap_or_else(|refused| refused)
}

fn log(
    state: &mut State,
    call: ServiceCall,
    fields: Option<&Fields>,
    answer: Option<Answer>,
    fault: Option<String>,
    now: u64,
) {
    let answered = answer.as_ref().map(|answer| answer.body.as_slice()).unwrap_or_default();
    let charge = timeline::charge_of(call.service, fields, answered);
    let record = Logged { serial: state.book.log.next_serial(), at: now, call, charge, answer, fault };
    if state.observed {
        state.book.events.push(SimulatorEvent::Request(record.masked()));
    }
    state.book.happened = true;
    state.book.log.push(record);
}
