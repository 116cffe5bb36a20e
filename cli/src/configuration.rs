//! The configuration file.
//!
//! ```toml
//! carrier = "mobitel"                    # taken where --carrier names none
//! journal = "/var/lib/kiosk/caas.sqlite"
//! id_prefix = "K17"                      # this machine; stands in every id it makes
//!
//! [caps]
//! amount = "500.00"
//! charges_per_hour = 60
//! sum_per_hour = "5000.00"
//!
//! [listener]
//! address = "127.0.0.1:8090"
//! token = "at least sixteen characters"  # or CAAS_LISTENER_TOKEN
//!
//! [carriers.mobitel]
//! captures_at = "unknown"                # or consent, confirm: what the carrier says its confirm does
//! [carriers.mobitel.statuses.charge]
//! "1000" = "pending"
//! [carriers.mobitel.statuses.confirm]
//! "1001" = "ok"
//! "1002" = "not-approved"
//! [carriers.mobitel.credentials]         # or CAAS_CLIENT_ID and the like
//! client_id = "…"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::exit::Stop;

/// The file that is read where none is named.
pub const DEFAULT_FILE: &str = "caas.toml";

/// The whole file.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The carrier that is taken where none is named.
    pub carrier: Option<String>,
    /// The journal.
    pub journal: Option<PathBuf>,
    /// This machine, in every id that it makes.
    pub id_prefix: Option<String>,
    /// How much may be charged.
    #[serde(default)]
    pub caps: Caps,
    /// Where notifications come.
    #[serde(default)]
    pub listener: Listener,
    /// What is taken for terminals.
    #[serde(default)]
    pub relay: Relay,
    /// Carriers by name.
    #[serde(default)]
    pub carriers: BTreeMap<String, Carrier>,
}

/// How much may be charged.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Caps {
    /// Largest amount of one charge.
    pub amount: Option<String>,
    /// Charges in an hour.
    pub charges_per_hour: Option<u16>,
    /// Sum of the amounts in an hour.
    pub sum_per_hour: Option<String>,
}

/// Where notifications come.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// Address to listen at.
    pub address: Option<std::net::SocketAddr>,
    /// The secret part of the notification URL.
    pub token: Option<String>,
    /// A second one, while the carrier changes over.
    pub old_token: Option<String>,
}

/// What is taken for terminals that no carrier can reach.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// Address at which terminals pull.
    pub address: Option<std::net::SocketAddr>,
    /// Where their notifications are kept.
    pub file: Option<PathBuf>,
    /// Terminals by the prefix of their ids.
    #[serde(default)]
    pub terminals: BTreeMap<String, Terminal>,
}

/// A terminal that pulls its notifications.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terminal {
    /// What it authenticates itself with.
    pub token: Option<String>,
    /// A second one, while the terminal changes over.
    pub old_token: Option<String>,
    /// The longest notification that it can take.
    pub largest_bytes: Option<u16>,
}

/// One carrier: a shipped profile, and what differs.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carrier {
    /// The shipped profile; the carrier's own name by default.
    pub profile: Option<String>,
    /// Base URL.
    pub endpoint: Option<String>,
    /// A host that may be talked to without TLS.
    pub plaintext_to: Option<String>,
    /// Certificate authorities that are trusted, instead of the public ones: a PEM file.
    pub root_certificates: Option<PathBuf>,
    /// consent, confirm or unknown.
    pub captures_at: Option<CapturesAt>,
    /// customer or receiver (Mobitel).
    pub subscriber_field: Option<String>,
    /// Whether the carrier executes a repeated id once.
    pub deduplicates: Option<bool>,
    /// Whether notifications may carry another internal id than the answer.
    pub any_internal_id: Option<bool>,
    /// Amounts provisioned at the carrier.
    #[serde(default)]
    pub price_points: Vec<String>,
    /// Largest amount of one charge.
    pub largest_amount: Option<String>,
    /// What the carrier's statuses mean.
    #[serde(default)]
    pub statuses: Statuses,
    /// What proves us to the carrier.
    #[serde(default)]
    pub credentials: Credentials,
}

/// Which request of Mobitel's moves the money.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CapturesAt {
    /// The payer's consent.
    Consent,
    /// The confirm.
    Confirm,
    /// Not known.
    Unknown,
}

/// What the carrier's statuses mean, by service.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statuses {
    /// Answers to the charge request or direct debit.
    #[serde(default)]
    pub charge: BTreeMap<String, Meaning>,
    /// Answers to confirm.
    #[serde(default)]
    pub confirm: BTreeMap<String, Meaning>,
}

/// What a status means.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// Executed, or approved.
    Ok,
    /// Accepted; the payer must act.
    Pending,
    /// The payer has not approved yet.
    NotApproved,
    /// Ask again.
    StillProcessing,
    /// The carrier does not know the transaction.
    NotFound,
    /// The payer refused, or cannot pay.
    Declined,
    /// The handset is busy.
    Busy,
    /// Not charged; somebody must change the provisioning.
    RejectedConfig,
    /// Not charged; the request is wrong.
    RejectedRequest,
    /// Not charged; later again.
    RetryLater,
    /// Not charged so far; a later success still counts.
    Failed,
}

/// What proves us to the carrier.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Mobitel's client id.
    pub client_id: Option<String>,
    /// applicationId.
    pub application_id: Option<String>,
    /// password.
    pub password: Option<String>,
    /// eZ Cash agent PIN.
    pub ezcash_pin: Option<String>,
    /// eZ Cash agent alias.
    pub ezcash_alias: Option<String>,
}

impl Configuration {
    /// Reads the named file, or the default one if there is one.
    pub fn read(named: Option<&Path>) -> Result<Self, Stop> {
        let file = named.unwrap_or(Path::new(DEFAULT_FILE));
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Configuration::default());
            }
            Err(error) => return Err(Stop::usage(format!("{}: {error}", file.display()))),
        };
        // The parser's message quotes the line, which may hold a password: only its place is told.
        toml::from_str(&text).map_err(|error: toml::de::Error| {
            let line =
                error.span().map_or(0, |span| text[..span.start.min(text.len())].lines().count().max(1));
            Stop::usage(format!("{}, line {line}: {}", file.display(), without_values(error.message())))
        })
    }
}

/// The parser's message without the value that has the wrong type, which may be a PIN that lacks its quotes.
fn without_values(message: &str) -> String {
    match message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected ")) {
        Some((_, expected)) => format!("another kind of value is wanted here: {expected}"),
        None => message.to_owned(),
    }
}
