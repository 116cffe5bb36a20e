//! Mobitel CaaS: the charge request and its confirm.

use serde_json::json;

use crate::answer::Answer;
use crate::clock::milliseconds;
use crate::fields::Fields;
use crate::state::State;
use crate::{CaptureSource, ConfirmMeaning, Prompt, PromptState, magic, money, preset, subscriber};

/// The gateway in front of both services: it knows clients, not subscribers.
pub(crate) fn admit<'a>(
    state: &mut State,
    client_id: Option<&str>,
    fields: Option<&'a Fields>,
    now: u64,
) -> Result<&'a Fields, Answer> {
    match client_id {
        None => return Err(Answer::gateway(401, "Unauthorized", "Invalid client id or secret.")),
        Some(id) if id != state.settings.credentials.client_id => {
            return Err(Answer::gateway(401, "Unauthorized", "Client id not registered."));
        }
        Some(id) if state.is_over_the_rate(id, now) => return Err(Answer::rate_limited()),
        Some(_) => {}
    }
    fields.ok_or_else(|| bad_request("The body of the request is not a JSON object"))
}

/// Asks the payer for consent.
pub(crate) fn charge_request(state: &mut State, request: &Fields, now: u64) -> Answer {
    let Some(payer) = request.text(&["customer", "receiver"]).filter(|id| !id.is_empty()) else {
        return bad_request("customer is missing");
    };
    let amount = request.text(&["amount"]).and_then(|text| money::parse(&text));
    let Some(amount) = amount.filter(|amount| *amount > 0) else {
        return bad_request("amount is not a positive sum in Rupees");
    };
    let name = subscriber::canonical(&payer);
    if !state.has_room_for(&name) {
        return Answer::full();
    }
    let account = state.subscriber(&name);
    if !account.is_active() {
        return answer("", "The account is not active", preset::MOBITEL_DECLINED);
    }
    if account.balance < amount || magic::has_no_balance(&state.settings, &name, amount) {
        return answer("", "Insufficient balance", preset::MOBITEL_INSUFFICIENT_BALANCE);
    }
    if state.settings.handset_busy_while_prompted && state.book.prompts.subscriber_has_open(&name) {
        return answer("", "The handset is busy", preset::MOBITEL_HANDSET_BUSY);
    }
    let reference = state.ids.mobitel();
    state.show(Prompt {
        reference: reference.clone(),
        subscriber: name,
        amount,
        text: format!("Pay Rs {}? Enter your PIN to approve, 0 to decline.", money::decimal(amount)),
        opened_at: now,
        expires_at: now.saturating_add(milliseconds(state.settings.prompt_lifetime)),
        answered_at: None,
        state: PromptState::Open,
        captured: false,
    });
    answer(&reference, "Request accepted, consent requested from the customer", preset::MOBITEL_ACCEPTED)
}

/// Tells whether the payer consented, and takes the money where that is its meaning.
pub(crate) fn confirm(state: &mut State, request: &Fields, now: u64) -> Answer {
    let Some(reference) = request.text(&["ref"]).filter(|reference| !reference.is_empty()) else {
        return bad_request("ref is missing");
    };
    let known = state.prompt_place(&reference).and_then(|place| Some((place, state.prompt(place)?.state)));
    let Some((place, prompt)) = known else {
        return answer(&reference, "Unknown reference", preset::MOBITEL_UNKNOWN_REFERENCE);
    };
    let (message, status) = match prompt {
        PromptState::Approved => consented(state, place, now),
        PromptState::Open | PromptState::Ignored | PromptState::Expired => {
            ("The customer has not approved the transaction", preset::MOBITEL_NOT_APPROVED)
        }
        PromptState::Declined => ("The customer declined the transaction", preset::MOBITEL_DECLINED),
        PromptState::WrongPin => ("The customer entered a wrong PIN", preset::MOBITEL_WRONG_PIN),
    };
    answer(&reference, message, status)
}

fn consented(state: &mut State, place: usize, now: u64) -> (&'static str, &'static str) {
    const APPROVED: (&str, &str) = ("Transaction successful", preset::MOBITEL_APPROVED);
    const NO_BALANCE: (&str, &str) = ("Insufficient balance", preset::MOBITEL_INSUFFICIENT_BALANCE);
    let captured = state.prompt(place).is_some_and(|prompt| prompt.captured);
    match (state.settings.confirm, captured) {
        (ConfirmMeaning::Reads, true) => APPROVED,
        (ConfirmMeaning::Reads, false) => NO_BALANCE,
        (ConfirmMeaning::Captures, true) => ("Already confirmed", preset::MOBITEL_ALREADY_CONFIRMED),
        (ConfirmMeaning::Captures, false) => {
            if state.capture_prompt(place, CaptureSource::Confirm, now) {
                APPROVED
            } else {
                NO_BALANCE
            }
        }
    }
}

fn answer(reference: &str, message: &str, status: &str) -> Answer {
    Answer::json(200, &json!({ "reference": reference, "message": message, "status": status }))
}

fn bad_request(more: &str) -> Answer {
    Answer::gateway(400, "Bad Request", more)
}
