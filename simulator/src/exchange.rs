//! One request to a service: executed or not, shaped by a fault or not, and logged.

use crate::answer::Answer;
use crate::fault::Delivery;
use crate::state::State;
use crate::{Fault, RequestRecord, Service, SimulatorEvent, ideamart, magic, mask, mobitel, timeline};

/// A request to a service as it came.
#[derive(Clone)]
pub(crate) struct ServiceCall {
    pub(crate) service: Service,
    pub(crate) path: String,
    pub(crate) client_id: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Decides what the wire carries for a request, and does to the state what the service does.
pub(crate) fn decide(state: &mut State, call: &ServiceCall, now: u64) -> Delivery {
    let fault = fault_for(state, call);
    let later = match fault {
        Some(Fault::ExecutedLate(milliseconds)) => Some(milliseconds),
        _ => None,
    };
    let executes = later.is_none() && fault.as_ref().is_none_or(Fault::executes);
    let answer = executes.then(|| execute(state, call, now));
    log(state, call, answer.as_ref(), fault.as_ref().map(|fault| format!("{fault:?}")), now);
    if let Some(milliseconds) = later {
        state.execute_later(call.clone(), now.saturating_add(milliseconds));
    }
    match (fault, answer) {
        (Some(fault), answer) => fault.shape(call.service, answer, &mut state.random),
        (None, Some(answer)) => Delivery::Whole(answer),
        (None, None) => Delivery::Close,
    }
}

/// Executes a request whose connection is long closed: nobody gets the answer.
pub(crate) fn execute_unheard(state: &mut State, call: &ServiceCall, now: u64) {
    let answer = execute(state, call, now);
    log(state, call, Some(&answer), Some("executed late, nobody hears the answer".to_owned()), now);
}

/// A fault that was set comes first, then the status code chosen for the service, then magic values.
fn fault_for(state: &mut State, call: &ServiceCall) -> Option<Fault> {
    if let Some(fault) = state.book.faults.take(call.service, &mut state.random) {
        return Some(fault);
    }
    let chosen = state.book.status_codes.get(&call.service);
    chosen.map(|code| Fault::StatusCode(code.clone())).or_else(|| magic::fault(&state.settings, call))
}

fn execute(state: &mut State, call: &ServiceCall, now: u64) -> Answer {
    let result = if call.service.is_mobitel() {
        mobitel::admit(state, call.client_id.as_deref(), &call.body).map(|request| match call.service {
            Service::MobitelConfirm => mobitel::confirm(state, &request, now),
            _ => mobitel::charge_request(state, &request, now),
        })
    } else {
        ideamart::admit(state, &call.body).map(|request| match call.service {
            Service::QueryBalance => ideamart::query_balance(state, &request),
            Service::ListInstruments => ideamart::list_instruments(state, &request),
            _ => ideamart::direct_debit(state, &request, now),
        })
    };
    result.unwrap_or_else(|refused| refused)
}

fn log(state: &mut State, call: &ServiceCall, answer: Option<&Answer>, fault: Option<String>, now: u64) {
    let answered = answer.map(|answer| answer.body.as_slice()).unwrap_or_default();
    let record = RequestRecord {
        serial: state.book.log.next_serial(),
        at: now,
        service: call.service,
        path: call.path.clone(),
        charge: timeline::charge_of(call.service, &call.body, answered),
        request: mask::body(&call.body),
        status: answer.map(|answer| answer.status),
        answer: answer.map(|answer| mask::body(&answer.body)).unwrap_or_default(),
        fault,
    };
    state.book.log.push(record.clone());
    state.book.events.push(SimulatorEvent::Request(record));
}
