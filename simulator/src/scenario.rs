//! A scenario as data: what happens, and what must have come of it. Read from JSON; run by
//! [`Simulator::run_scenario`](crate::Simulator::run_scenario) or `POST /sim/scenario`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::money::Sum;
use crate::{FaultRule, Payer, Service, SettingsChange, subscriber};

/// A scenario. It starts from nothing: no subscriber, no prompt, no capture; and with a clock that stands still
/// unless its settings let it run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it shows, in a sentence or two.
    #[serde(default)]
    pub about: String,
    /// What chance starts from.
    #[serde(default)]
    pub seed: u64,
    /// Settings that differ from those the simulator has; they are put back at the end.
    #[serde(default)]
    pub settings: SettingsChange,
    /// Balances to start from, by subscriber.
    #[serde(default)]
    pub balances: BTreeMap<String, Sum>,
    /// Faults from the start.
    #[serde(default)]
    pub faults: Vec<FaultRule>,
    /// What happens, in this order.
    pub steps: Vec<ScenarioStep>,
    /// What must hold at the end.
    #[serde(default)]
    pub expect: Expectations,
}

/// One step. A text that starts with `$` stands for what an earlier step saved under that name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ScenarioStep {
    /// A client sends a request.
    Send(ScenarioRequest),
    /// The payer answers a prompt.
    Prompt {
        /// Mobitel's reference.
        reference: String,
        /// What the payer does.
        payer: Payer,
    },
    /// The payer pays at eZ Cash.
    Pay {
        /// `referenceId`, `internalTrxId` or `externalTrxId`.
        id: String,
        /// How much.
        amount: Sum,
    },
    /// eZ Cash reports a failure.
    Fail {
        /// As for a payment.
        id: String,
        /// `E1404` for example.
        code: String,
    },
    /// The carrier sends the latest notification of a `referenceId` once more.
    RepeatNotification(String),
    /// So many virtual milliseconds pass.
    Forward(u64),
    /// A fault waits from now on.
    Fault(FaultRule),
    /// All faults are taken back.
    ClearFaults,
    /// Settings change.
    Settings(Box<SettingsChange>),
    /// What must hold now.
    Expect(Expectations),
}

/// A request to a carrier. Credentials that the body does not name are the simulator's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScenarioRequest {
    /// The service asked.
    pub service: Service,
    /// The body.
    pub body: Map<String, Value>,
    /// Members of the answer to keep: name by member.
    #[serde(default)]
    pub save: BTreeMap<String, String>,
    /// Whether a whole answer comes; it must unless this says otherwise.
    #[serde(default = "yes")]
    pub answered: bool,
    /// The HTTP status of it, where it matters.
    #[serde(default)]
    pub status: Option<u16>,
    /// Members that the answer must have.
    #[serde(default)]
    pub members: BTreeMap<String, String>,
}

/// What must hold. What is missing is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Expectations {
    /// How many captures the ledger has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captures: Option<usize>,
    /// The sum taken from each of these subscribers.
    pub taken: BTreeMap<String, Sum>,
    /// The sum taken under each of these ids: `externalTrxId` or `reference`.
    pub taken_by_id: BTreeMap<String, Sum>,
    /// How many prompts were shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompts: Option<usize>,
    /// How many deliveries of notifications were made, repeats included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<usize>,
    /// The notifications in the order of their first deliveries, by the members that matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notifications: Option<Vec<BTreeMap<String, String>>>,
}

/// What came of a scenario.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScenarioReport {
    /// The scenario's name.
    pub name: String,
    /// Whether everything was as expected.
    pub passed: bool,
    /// What was not, each with the number of its step (from 1; the end comes after the last).
    pub failures: Vec<String>,
    /// Every step in its order, and the end's expectations as the last.
    pub steps: Vec<StepReport>,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StepReport {
    /// What was done, in words.
    pub what: String,
    /// What was not as expected.
    pub failure: Option<String>,
}

impl ScenarioStep {
    /// What is done, in words.
    pub(crate) fn words(&self) -> String {
        match self {
            ScenarioStep::Send(request) => format!("send {}", word(&request.service)),
            ScenarioStep::Prompt { reference, payer } => format!("prompt {reference}: {}", word(payer)),
            ScenarioStep::Pay { id, amount } => format!("pay {} for {id}", String::from(*amount)),
            ScenarioStep::Fail { id, code } => format!("fail {id} with {code}"),
            ScenarioStep::RepeatNotification(reference) => format!("repeat the notification of {reference}"),
            ScenarioStep::Forward(milliseconds) => format!("forward {milliseconds} ms"),
            ScenarioStep::Fault(rule) => format!("fault {}", word(rule)),
            ScenarioStep::ClearFaults => "clear faults".to_owned(),
            ScenarioStep::Settings(change) => format!("settings {}", word(change)),
            ScenarioStep::Expect(expected) => expected.words(),
        }
    }
}

impl Expectations {
    pub(crate) fn words(&self) -> String {
        let taken = self.taken.iter().map(|(id, sum)| (subscriber::masked(id), *sum)).collect();
        format!("expect {}", word(&Expectations { taken, ..self.clone() }))
    }
}

/// As it stands in JSON, without quotes where it is a mere name.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

fn yes() -> bool {
    true
}
