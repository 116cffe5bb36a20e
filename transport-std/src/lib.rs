//! Carrier billing on hosts with an operating system: what moves the bytes of `caas-core`.
//!
//! - [`HttpClient`] (and [`BlockingHttpClient`]) sends a request at most once and says truthfully whether it was
//!   not sent, maybe sent or answered.
//! - [`Listener`] takes the carrier's notifications, and acknowledges them only when they are durable;
//!   [`NotificationRoute`] is the same for a server of your own.
//! - [`Relay`] keeps notifications for terminals that no carrier can reach, until each has taken its own.
//! - [`Journal`] keeps every charge durable in one SQLite file, and lets one owner drive each.
//! - [`Desk`] opens charges and brings them to their end over all of these.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod driver;
mod http_client;
mod journal;
mod listener;
mod relay;
mod server;
mod tls;

pub use driver::{
    AtLapse, CarrierAccess, ChargeEvent, ClockRate, Desk, DeskError, DeskSettings, Ended, Ending,
    Interrupter, OpenCharge, Outcome, Reaction, ReleasePolicy, Resumed,
};
pub use http_client::{
    Answered, Blame, BlockingHttpClient, Delivery, Endpoint, EndpointError, HttpClient, HttpSettings,
    MAX_ANSWER_BYTES, MAX_ANSWER_HEADERS, MAX_ENDPOINT_BYTES, MAX_HEAD_BYTES, MAX_REQUEST_BYTES, MaybeSent,
    NotSent, Plaintext, SettingsError,
};
pub use journal::{
    AttemptView, CSV_HEADER, CapReached, Caps, ChargeRow, ChargeView, ExportAttempt, ExportRow, Filter,
    Journal, JournalError, JournalSettings, NOTIFICATIONS_MAX, Quarantined,
};
pub use listener::{
    Listener, ListenerError, ListenerSettings, NotificationHandler, NotificationRoute, NotificationUrl,
    PathToken, PathTokenError, RouteAnswer, RouteError, RouteSettings, Taken, TakenFuture,
};
pub use relay::{
    LONGEST_WAIT, OVERDUE_AFTER, POLLS_MAX, Relay, RelayError, RelayIntake, RelayServer, RelayServerSettings,
    RelayTerminal, SetAside, TAKEN_KEPT, TERMINALS_MAX, WAITING_MAX, Waiting,
};
pub use tls::{Roots, RootsError};

/// The README's example, compiled by the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
