//! Runs a scenario, step by step. Where it must wait for a delivery it says so and is asked again, so that a
//! thread and the server wait each in their own way.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use crate::engine::Engine;
use crate::exchange::{self, ServiceCall};
use crate::money::{self, Sum};
use crate::random::Random;
use crate::scenario::{Expectations, Scenario, ScenarioReport, ScenarioRequest, ScenarioStep, StepReport};
use crate::state::{Book, State};
use crate::{Service, SettingsChange, subscriber};

/// A scenario that runs. When it ends, or is given up, the settings are as they were before.
pub(crate) struct ScenarioRun<'a> {
    engine: &'a Engine,
    scenario: &'a Scenario,
    before: SettingsChange,
    next: usize,
    saved: BTreeMap<String, String>,
    /// Since when a delivery is waited for.
    waiting: Option<Instant>,
    steps: Vec<StepReport>,
}

/// How long a scenario waits for a delivery that it expects, in real time: the courier needs milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it looks meanwhile.
pub(crate) const PAUSE: Duration = Duration::from_millis(5);

impl<'a> ScenarioRun<'a> {
    /// Starts from nothing; none while another scenario runs.
    pub(crate) fn begin(engine: &'a Engine, scenario: &'a Scenario) -> Option<Self> {
        if engine.scenario_runs.swap(true, Ordering::SeqCst) {
            return None;
        }
        let before = engine.change(|state, _| {
            let before = SettingsChange::current(state);
            state.book = Book::default();
            state.clock.set_rate(0);
            scenario.settings.clone().apply(state);
            state.random = Random::from_seed(scenario.seed);
            for (id, balance) in &scenario.balances {
                state.subscriber(&subscriber::canonical(id)).balance = balance.0.unwrap_or(0);
            }
            for rule in &scenario.faults {
                state.book.faults.add(rule.clone());
            }
            before
        });
        let saved = BTreeMap::new();
        Some(Self { engine, scenario, before, next: 0, saved, waiting: None, steps: Vec::new() })
    }

    /// Goes on until it must wait; whether it is at its end.
    pub(crate) fn advance(&mut self) -> bool {
        while let Some(step) = self.scenario.steps.get(self.next) {
            if self.must_wait(expectations(step)) {
                return false;
            }
            let failure = self.take(step).err();
            self.steps.push(StepReport { what: step.words(), failure });
            self.next += 1;
        }
        if self.must_wait(Some(&self.scenario.expect)) {
            return false;
        }
        let failure = self.check(&self.scenario.expect).err();
        self.steps.push(StepReport { what: format!("at the end {}", self.scenario.expect.words()), failure });
        true
    }

    pub(crate) fn report(&self) -> ScenarioReport {
        let at = |place: usize| match place < self.scenario.steps.len() {
            true => format!("step {}", place + 1),
            false => "at the end".to_owned(),
        };
        let failed =
            self.steps.iter().enumerate().filter_map(|(place, step)| Some((place, step.failure.as_ref()?)));
        let failures: Vec<String> = failed.map(|(place, why)| format!("{}: {why}", at(place))).collect();
        let (name, steps) = (self.scenario.name.clone(), self.steps.clone());
        ScenarioReport { name, passed: failures.is_empty(), failures, steps }
    }

    /// Whether expected deliveries are missing, and may still come.
    fn must_wait(&mut self, expected: Option<&Expectations>) -> bool {
        let Some(expected) = expected else {
            return false;
        };
        let missing = self.engine.with(|state, _| {
            let outbox = &state.book.outbox;
            let notifications = expected.notifications.as_ref().map_or(0, Vec::len);
            outbox.made() < expected.deliveries.unwrap_or(0)
                || outbox.first_deliveries().len() < notifications
        });
        let since = *self.waiting.get_or_insert_with(Instant::now);
        let waits = missing && since.elapsed() < PATIENCE;
        if !waits {
            self.waiting = None;
        }
        waits
    }

    fn take(&mut self, step: &ScenarioStep) -> Result<(), String> {
        let refused = |why: crate::Refused| why.to_string();
        match step {
            ScenarioStep::Send(request) => self.send(request),
            ScenarioStep::Prompt { reference, payer } => {
                let reference = self.meant(reference)?;
                self.engine.change(|state, now| state.answer_prompt(&reference, *payer, now)).map_err(refused)
            }
            ScenarioStep::Pay { id, amount } => {
                let id = self.meant(id)?;
                let amount = amount.0.unwrap_or(0);
                self.engine.change(|state, now| state.pay(&id, amount, now)).map_err(refused)
            }
            ScenarioStep::Fail { id, code } => {
                let id = self.meant(id)?;
                self.engine.change(|state, now| state.fail(&id, code, now)).map_err(refused)
            }
            ScenarioStep::RepeatNotification(reference) => {
                let reference = self.meant(reference)?;
                let sent = self.engine.change(|state, now| state.book.outbox.repeat(&reference, now));
                if sent { Ok(()) } else { Err(refused(crate::Refused::UnknownReference)) }
            }
            ScenarioStep::Forward(milliseconds) => {
                self.engine.fast_forward(Duration::from_millis(*milliseconds));
                Ok(())
            }
            ScenarioStep::Fault(rule) => {
                self.engine.change(|state, _| state.book.faults.add(rule.clone()));
                Ok(())
            }
            ScenarioStep::ClearFaults => {
                self.engine.change(|state, _| state.book.faults.clear());
                Ok(())
            }
            ScenarioStep::Settings(change) => {
                self.engine.change(|state, _| change.as_ref().clone().apply(state));
                Ok(())
            }
            ScenarioStep::Expect(expected) => self.check(expected),
        }
    }

    fn send(&mut self, request: &ScenarioRequest) -> Result<(), String> {
        let mut body = Map::new();
        for (name, value) in &request.body {
            let meant = match value {
                Value::String(text) => Value::from(self.meant(text)?),
                other => other.clone(),
            };
            body.insert(name.clone(), meant);
        }
        let service = request.service;
        let answer = self.engine.with(|state, now| {
            let call = call(state, service, body);
            exchange::decide(state, call, now).whole().cloned()
        });
        let Some(answer) = answer else {
            return if request.answered { Err("no whole answer came".to_owned()) } else { Ok(()) };
        };
        if !request.answered {
            return Err(format!("an answer came: HTTP {}", answer.status));
        }
        same("HTTP status", request.status.unwrap_or(answer.status), answer.status)?;
        let members: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let member = |name: &str| members[name].as_str().unwrap_or_default().to_owned();
        for (name, wanted) in &request.members {
            same(name, self.meant(wanted)?, member(name))?;
        }
        for (name, of) in &request.save {
            self.saved.insert(name.clone(), member(of));
        }
        Ok(())
    }

    fn check(&self, expected: &Expectations) -> Result<(), String> {
        self.engine.with(|state, _| {
            let book = &state.book;
            let ledger = &book.ledger;
            same("captures", expected.captures.unwrap_or(ledger.count()), ledger.count())?;
            for (subscriber, wanted) in &expected.taken {
                same_sum(
                    &format!("taken from {}", subscriber::masked(subscriber)),
                    *wanted,
                    ledger.total(subscriber),
                )?;
            }
            for (id, wanted) in &expected.taken_by_id {
                let id = self.meant(id)?;
                let taken = ledger.total_by_external_id(&id) + ledger.total_by_reference(&id);
                same_sum(&format!("taken under {id}"), *wanted, taken)?;
            }
            same(
                "prompts",
                expected.prompts.unwrap_or(book.prompts.known().len()),
                book.prompts.known().len(),
            )?;
            same("deliveries", expected.deliveries.unwrap_or(book.outbox.made()), book.outbox.made())?;
            match &expected.notifications {
                Some(wanted) => same_notifications(wanted, &book.outbox.first_deliveries()),
                None => Ok(()),
            }
        })
    }

    /// The text, or what was saved under its name.
    fn meant(&self, text: &str) -> Result<String, String> {
        match text.strip_prefix('$') {
            Some(name) => self.saved.get(name).cloned().ok_or_else(|| format!("nothing was saved as {name}")),
            None => Ok(text.to_owned()),
        }
    }
}

impl Drop for ScenarioRun<'_> {
    fn drop(&mut self) {
        let before = self.before.clone();
        self.engine.change(|state, _| before.apply(state));
        self.engine.scenario_runs.store(false, Ordering::SeqCst);
    }
}

fn expectations(step: &ScenarioStep) -> Option<&Expectations> {
    match step {
        ScenarioStep::Expect(expected) => Some(expected),
        _ => None,
    }
}

/// The request with the simulator's own credentials where it names none.
fn call(state: &State, service: Service, mut body: Map<String, Value>) -> ServiceCall {
    let credentials = &state.settings.credentials;
    if !service.is_mobitel()
        && let Some((id, password)) = credentials.applications.first()
    {
        body.entry("applicationId").or_insert_with(|| Value::from(id.as_str()));
        body.entry("password").or_insert_with(|| Value::from(password.as_str()));
    }
    let path = Service::PATHS.iter().find(|(_, of)| *of == service).map_or("", |(path, _)| path);
    ServiceCall {
        service,
        path: path.to_owned(),
        client_id: Some(credentials.client_id.clone()),
        body: Value::Object(body).to_string().into_bytes(),
    }
}

fn same<T: PartialEq + std::fmt::Display>(what: &str, wanted: T, is: T) -> Result<(), String> {
    if wanted == is { Ok(()) } else { Err(format!("{what}: {is}, and not {wanted}")) }
}

fn same_sum(what: &str, wanted: Sum, is: u64) -> Result<(), String> {
    same(what, money::decimal(wanted.0.unwrap_or(0)), money::decimal(is))
}

fn same_notifications(wanted: &[BTreeMap<String, String>], sent: &[&str]) -> Result<(), String> {
    same("notifications", wanted.len(), sent.len())?;
    for (place, (wanted, sent)) in wanted.iter().zip(sent).enumerate() {
        let sent: Value = serde_json::from_str(sent).unwrap_or_default();
        for (name, wanted) in wanted {
            let is = sent[name].as_str().unwrap_or_default();
            same(&format!("{name} of notification {}", place + 1), wanted.as_str(), is)?;
        }
    }
    Ok(())
}
