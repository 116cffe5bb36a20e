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
mod answer;
mod builder;
mod calendar;
mod clock;
mod courier;
mod engine;
mod event;
mod exchange;
mod ezcash;
mod fault;
mod fields;
mod ideamart;
mod ledger;
mod mask;
mod mobitel;
mod money;
mod notification;
mod paced_body;
pub mod preset;
mod prompt;
mod refused;
mod request_log;
mod server;
mod service;
mod settings;
mod simulator;
mod state;
mod subscriber;

pub use builder::Builder;
pub use event::SimulatorEvent;
pub use ezcash::{EzCashRequest, EzCashState};
pub use fault::{Fault, NotificationFault, Times};
pub use ledger::{Capture, CaptureSource, CarrierFamily, Ledger};
pub use notification::{DeliveryOutcome, DeliveryRecord};
pub use prompt::{Prompt, PromptState};
pub use refused::Refused;
pub use request_log::RequestRecord;
pub use service::Service;
pub use settings::{ConfirmMeaning, Credentials, DuplicateAnswer, Payer};
pub use simulator::Simulator;
pub use subscriber::Subscriber;
