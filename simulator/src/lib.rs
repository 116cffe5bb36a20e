//! A carrier to develop against. One HTTP server on the loopback plays Mobitel CaaS and the Ideamart family
//! at the paths of their documents, keeps a ledger of every capture, and fails on request.
//!
//! The simulator shares no code with the library it tests: its [`Ledger`] is an independent witness of who
//! was charged what.
//!
//! ```
//! use caas_simulator::{Fault, Service, Simulator, Times};
//!
//! let sim = Simulator::start();
//! sim.fault(Service::DirectDebit, Fault::AnswerLostAfterExecuting, Times::Once);
//! // … point a client at sim.url() and sell something …
//! assert_eq!(sim.ledger().total("94771234567"), 0);
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
#![deny(missing_docs)]

mod admin;
mod agenda;
mod answer;
mod builder;
mod calendar;
mod clock;
mod courier;
mod engine;
mod event;
mod event_stream;
mod exchange;
mod executed_debit;
mod ezcash;
mod fault;
mod fault_plan;
mod fault_table;
mod fields;
mod guard;
mod ideamart;
mod ids;
mod keeper;
mod ledger;
mod magic;
mod mask;
mod mobitel;
mod money;
mod notification;
mod notification_fault;
mod outbox;
mod outgoing;
mod paced_body;
mod page;
mod pairs;
pub mod preset;
mod prompt;
mod prompts;
mod random;
mod rate_limit;
mod refused;
mod request_log;
mod routes;
mod scenario;
mod scenario_run;
mod server;
mod service;
mod settings;
mod settings_change;
mod shelf;
mod simulator;
mod state;
mod state_file;
mod state_text;
mod subscriber;
mod timeline;
mod wallet;

pub use builder::Builder;
pub use event::SimulatorEvent;
pub use ezcash::{EzCashRequest, EzCashState};
pub use fault::Fault;
pub use fault_plan::{FaultRule, Times};
pub use fault_table::{FAULTS, FaultKind};
pub use ledger::{Capture, CaptureSource, CarrierFamily, Ledger};
pub use magic::{MAGIC, Magic};
pub use money::Sum;
pub use notification::{DeliveryOutcome, DeliveryRecord};
pub use notification_fault::NotificationFault;
pub use prompt::{Prompt, PromptState};
pub use refused::Refused;
pub use request_log::RequestRecord;
pub use scenario::{Expectations, Scenario, ScenarioReport, ScenarioRequest, ScenarioStep, StepReport};
pub use service::Service;
pub use settings::{ConfirmMeaning, Credentials, DuplicateAnswer, Payer};
pub use settings_change::SettingsChange;
pub use simulator::Simulator;
pub use subscriber::Subscriber;
pub use timeline::{ChargeTimeline, TimelineEntry};
