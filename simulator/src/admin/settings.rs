//! Settings, the clock, and the reset.

use std::time::Duration;

use serde_json::{Value, json};

use crate::admin::{Call, Wrong, done};
use crate::settings_change::SettingsChange;
use crate::state::Book;

pub(crate) fn get(call: &Call<'_>) -> Result<Value, Wrong> {
    Ok(call.engine.with(|state, _| json!(SettingsChange::current(state))))
}

pub(crate) fn put(call: &Call<'_>) -> Result<Value, Wrong> {
    let change: SettingsChange = call.read()?;
    Ok(call.engine.change(|state, _| {
        change.apply(state);
        json!(SettingsChange::current(state))
    }))
}

pub(crate) fn forward(call: &Call<'_>) -> Result<Value, Wrong> {
    let time = call.members()?.text(&["forwardMs"]).and_then(|text| text.parse().ok());
    let time = time.ok_or_else(|| Wrong::Request("forwardMs is not a number of milliseconds".to_owned()))?;
    let now = call.engine.fast_forward(Duration::from_millis(time));
    Ok(json!({ "now": now }))
}

pub(crate) fn reset(call: &Call<'_>) -> Result<Value, Wrong> {
    call.engine.change(|state, _| state.book = Book::default());
    done()
}
