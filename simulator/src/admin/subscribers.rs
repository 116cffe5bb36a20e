//! Subscribers' accounts.

use serde_json::{Value, json};

use crate::admin::{Call, Wrong};
use crate::state::Book;
use crate::{money, subscriber};

/// More than a person looks through; the API's list is bounded like every view.
const VIEW: usize = 1_000;

pub(crate) fn list(call: &Call<'_>) -> Result<Value, Wrong> {
    Ok(call.engine.with(|state, _| json!({ "subscribers": accounts(&state.book, VIEW) })))
}

pub(crate) fn set(call: &Call<'_>) -> Result<Value, Wrong> {
    let request = call.members()?;
    let balance = match request.text(&["balance"]) {
        Some(text) => {
            Some(money::parse(&text).ok_or_else(|| Wrong::Request(format!("{text} is no balance")))?)
        }
        None => None,
    };
    let instruments = request.texts("instruments");
    Ok(call.engine.change(|state, _| {
        let account = state.subscriber(&subscriber::canonical(call.parameter(0)));
        account.balance = balance.unwrap_or(account.balance);
        if let Some(kind) = request.text(&["accountType"]) {
            account.account_type = kind;
        }
        if let Some(status) = request.text(&["accountStatus"]) {
            account.account_status = status;
        }
        if let Some(instruments) = instruments {
            account.instruments = instruments;
        }
        json!(account)
    }))
}

/// Accounts with their ids.
pub(super) fn accounts(book: &Book, most: usize) -> Vec<Value> {
    let named = |(id, account): (&String, _)| {
        let mut account = json!(account);
        account["id"] = json!(id);
        account
    };
    book.subscribers.iter().take(most).map(named).collect()
}
