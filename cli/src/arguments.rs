//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::tell::Tell;

/// Carrier billing from machines: charge a payer's mobile account, and never lose or double money.
#[derive(Parser)]
#[command(name = "caas", version, about, after_help = AFTER_HELP, max_term_width = 100)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0  confirmed, or what was asked for is done
  2  usage or configuration: nothing was sent
  3  failed, and no capture is possible any more
  4  in doubt, needs review, or money may still come: do not release, do not charge again
  5  interrupted while open: caas resume finishes it
  1  anything else, such as a journal that cannot be read

Examples:
  caas charge 0712755777 5.00 --simulate
  caas charge 94771234567 10.00 --simulate --carrier dialog --instrument ezcash
  caas charge 0712755777 5 --sale order-4711 --json
  caas resume
  caas simulate

Credentials come from the environment (CAAS_CLIENT_ID, CAAS_APPLICATION_ID, CAAS_PASSWORD, CAAS_EZCASH_PIN,
CAAS_EZCASH_ALIAS) or from the configuration file, never from an argument.";

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Charge a payer, to the end
    Charge(Charge),
    /// Ask for a payer's balance
    Balance(Ask),
    /// List a payer's payment instruments
    Instruments(Ask),
    /// Finish what a cut or Ctrl-C left open
    Resume(Resume),
    /// List the charges of the journal
    List(List),
    /// End a review: say what a person found out
    Resolve(Resolve),
    /// Take the carrier's notifications
    Listen(Listen),
    /// Play the carriers
    Simulate(Simulate),
    /// Say what a status code means
    StatusCode(StatusCode),
    /// Check configuration, name, TLS and credentials without charging
    Doctor(Doctor),
}

impl Command {
    /// How this command speaks.
    pub fn tell(&self) -> Tell {
        let of = |place: &Where| Tell { json: place.json, simulated: place.simulate };
        match self {
            Command::Charge(arguments) => of(&arguments.place),
            Command::Balance(arguments) | Command::Instruments(arguments) => of(&arguments.place),
            Command::Resume(arguments) => of(&arguments.place),
            Command::List(arguments) => of(&arguments.place),
            Command::Resolve(arguments) => of(&arguments.finding.person().place),
            Command::Listen(arguments) => of(&arguments.place),
            Command::Simulate(arguments) => Tell { json: arguments.json, simulated: true },
            Command::StatusCode(arguments) => Tell { json: arguments.json, simulated: false },
            Command::Doctor(arguments) => of(&arguments.place),
        }
    }
}

/// Which carrier, and where what is known is kept.
#[derive(Args, Clone)]
pub struct Where {
    /// Carrier, as the configuration names it (mobitel, ideamart, dialog)
    #[arg(long, value_name = "NAME")]
    pub carrier: Option<String>,
    /// Base URL, instead of the configuration's
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Journal file, instead of the configuration's
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Configuration file, instead of ./caas.toml
    #[arg(long, value_name = "FILE", env = "CAAS_CONFIG")]
    pub config: Option<PathBuf>,
    /// Charge a simulated payer at a simulated carrier: a built-in one, or with --endpoint a running `caas simulate`
    #[arg(long)]
    pub simulate: bool,
    /// One JSON object for each event, on a line of its own
    #[arg(long)]
    pub json: bool,
}

/// `caas charge`
#[derive(Args, Clone)]
pub struct Charge {
    /// The payer, as the carrier knows them: 0712755777, tel:94771234567, …
    pub subscriber: String,
    /// Amount, such as 5 or 5.00
    pub amount: String,
    /// Your name for the sale, used for one sale only; the same sale again is the same charge
    #[arg(long, value_name = "ID")]
    pub sale: Option<String>,
    /// Payment instrument (MobileAccount, ezcash)
    #[arg(long, value_name = "NAME")]
    pub instrument: Option<String>,
    /// accountId, where the carrier wants one; for eZ Cash the payer's number is taken
    #[arg(long, value_name = "ID")]
    pub account: Option<String>,
    /// Take notifications at this address while the charge runs
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub simulated: Simulated,
}

/// How the simulated payer and clock behave.
#[derive(Args, Clone)]
pub struct Simulated {
    /// What the simulated payer does; without it, a person at the terminal is asked
    #[arg(long, value_enum, value_name = "WHAT")]
    pub payer: Option<Payer>,
    /// How many times faster the simulated clock runs; 1 by default
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub clock: Option<u32>,
}

/// What the simulated payer does.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Payer {
    /// Approves, or pays all that is due
    Approve,
    /// Declines
    Decline,
    /// Does nothing until the window is over
    Ignore,
}

/// `caas balance`, `caas instruments`
#[derive(Args, Clone)]
pub struct Ask {
    /// The payer, as the carrier knows them
    pub subscriber: String,
    #[command(flatten)]
    pub place: Where,
}

/// `caas resume`
#[derive(Args, Clone)]
pub struct Resume {
    /// Count goods of charges that are confirmed now as released; without it, what they paid is a refund due
    #[arg(long)]
    pub release: bool,
    #[command(flatten)]
    pub place: Where,
    #[command(flatten)]
    pub simulated: Simulated,
}

/// `caas list`
#[derive(Args, Clone)]
pub struct List {
    /// Only charges that are open, in doubt, or need review or a refund
    #[arg(long)]
    pub open: bool,
    #[command(flatten)]
    pub place: Where,
}

/// `caas resolve`
#[derive(Args, Clone)]
pub struct Resolve {
    /// The sale
    pub sale: String,
    #[command(subcommand)]
    pub finding: Finding,
}

/// What a person found out.
#[derive(Subcommand, Clone)]
pub enum Finding {
    /// The carrier charged this much in all
    Charged {
        /// Amount, such as 5.00
        amount: String,
        #[command(flatten)]
        by: Person,
    },
    /// The carrier did not charge
    NotCharged {
        #[command(flatten)]
        by: Person,
    },
    /// What was due was paid back to the payer
    Refunded {
        #[command(flatten)]
        by: Person,
    },
}

impl Finding {
    /// Who found it out.
    pub fn person(&self) -> &Person {
        match self {
            Finding::Charged { by, .. } | Finding::NotCharged { by } | Finding::Refunded { by } => by,
        }
    }
}

/// Who decides, and in which journal.
#[derive(Args, Clone)]
pub struct Person {
    /// Who found it out; the user's name by default
    #[arg(long, value_name = "WHO", env = "USER", default_value = "somebody")]
    pub by: String,
    #[command(flatten)]
    pub place: Where,
}

/// `caas listen`
#[derive(Args, Clone)]
pub struct Listen {
    /// Address to listen at; by default the configuration's, or 127.0.0.1:8090
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    #[command(flatten)]
    pub place: Where,
}

/// `caas simulate`
#[derive(Args, Clone)]
pub struct Simulate {
    /// Port at 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 7000)]
    pub port: u16,
    /// What Mobitel's confirm does: tell whether consent was given, or capture the money
    #[arg(long, value_enum, default_value_t = Confirm::Reads)]
    pub confirm: Confirm,
    /// Executes a repeated externalTrxId again, as a carrier that does not de-duplicate
    #[arg(long)]
    pub no_dedup: bool,
    /// Where charging notifications are sent
    #[arg(long, value_name = "URL")]
    pub notify: Option<String>,
    #[command(flatten)]
    pub simulated: Simulated,
    /// One JSON object for each event, on a line of its own
    #[arg(long)]
    pub json: bool,
}

/// What Mobitel's confirm does.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Confirm {
    /// Tells whether consent was given; the consent captures
    Reads,
    /// Captures, if consent was given
    Captures,
}

/// `caas status-code`
#[derive(Args, Clone)]
pub struct StatusCode {
    /// The code, such as E1308
    pub code: String,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// `caas doctor`
#[derive(Args, Clone)]
pub struct Doctor {
    /// A payer to ask the balance of, where the carrier has that service
    #[arg(long, value_name = "ID")]
    pub subscriber: Option<String>,
    #[command(flatten)]
    pub place: Where,
}
