//! The HTTP API under `/sim/`: what a person or a script does to the simulator while it runs.

pub(crate) mod faults;
pub(crate) mod phone;
pub(crate) mod resend;
pub(crate) mod scenario;
pub(crate) mod settings;
pub(crate) mod subscribers;
pub(crate) mod views;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::Refused;
use crate::answer::Answer;
use crate::engine::Engine;
use crate::fields::Fields;

/// A request to a route of the API.
pub(crate) struct Call<'a> {
    pub(crate) engine: &'a Engine,
    /// What stood in the braces of the route's path, in their order.
    pub(crate) parameters: Vec<String>,
    pub(crate) body: &'a [u8],
}

/// Why a call is not done.
pub(crate) enum Wrong {
    Request(String),
    Refused(Refused),
}

/// Does what a route does, and answers.
pub(crate) fn answer(work: fn(&Call<'_>) -> Result<Value, Wrong>, call: &Call<'_>) -> Answer {
    told(work(call))
}

/// What was done, or why not, as an answer.
fn told(result: Result<Value, Wrong>) -> Answer {
    match result {
        Ok(body) => Answer::json(200, &body),
        Err(Wrong::Request(why)) => Answer::json(400, &json!({ "error": why })),
        Err(Wrong::Refused(why)) => {
            let status = if why == Refused::UnknownReference { 404 } else { 409 };
            Answer::json(status, &json!({ "error": why.to_string() }))
        }
    }
}

impl Call<'_> {
    /// What stood in the path's braces; empty where the route has no such braces.
    fn parameter(&self, place: usize) -> &str {
        self.parameters.get(place).map_or("", String::as_str)
    }

    /// The body's members.
    fn members(&self) -> Result<Fields, Wrong> {
        Fields::parse(self.body).ok_or_else(|| Wrong::Request("the body is not a JSON object".to_owned()))
    }

    /// The body as what it is for.
    fn read<T: DeserializeOwned>(&self) -> Result<T, Wrong> {
        serde_json::from_slice(self.body).map_err(|error| Wrong::Request(error.to_string()))
    }
}

impl From<Refused> for Wrong {
    fn from(why: Refused) -> Self {
        Wrong::Refused(why)
    }
}

/// The answer where there is nothing to tell.
fn done() -> Result<Value, Wrong> {
    Ok(json!({ "status": "ok" }))
}
