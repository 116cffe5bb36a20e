//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::tell::Tell;

/// Carrier billing from machines: charge a payer's mobile account, and never lose or double money.
#[derive(Parser)]
#[command(name = "caas", version, about, after_help = AFTER_HELP, max_term_width = 110)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
}

const AFTER_HELP: &str = "\
Try it, nothing is needed and nobody is charged:
  caas charge 0712755777 5.00 --simulate

Exit codes:
  0  confirmed and recorded as released, or what was asked for is done
  2  usage or configuration: nothing was sent
  3  not charged, and it cannot be charged any more
  4  in doubt, needs review, or money may still come: release nothing, do not charge again
  5  interrupted while open: caas resume finishes it
  1  anything else, such as a journal that cannot be read

Credentials come from the environment (CAAS_CLIENT_ID, CAAS_APPLICATION_ID, CAAS_PASSWORD, CAAS_EZCASH_PIN,
CAAS_EZCASH_ALIAS, CAAS_LISTENER_TOKEN, CAAS_RELAY_TOKEN_…) or from the configuration file (./caas.toml, or CAAS_CONFIG), never from
an argument. cli/README.md explains each key.";

const AFTER_CHARGE: &str = "\
Examples:
  caas charge 0712755777 5.00 --simulate
  caas charge 0712755777 5 --simulate --payer decline --clock 10
  caas charge 94771234567 10.00 --simulate --carrier dialog --instrument ezcash
  caas charge 0712755777 5 --carrier mobitel --sale order-4711 --json

Exit code 0 means paid, and recorded as released: hand out the goods of this sale, once. Give every sale its own
--sale: then the same command can be repeated after a crash and never charges again.";

const AFTER_RESUME: &str = "\
Examples:
  caas resume
  caas resume --simulate
  caas resume --release --json

Run it when the machine starts. A charge that turns out to be paid is a refund due, because nobody may be standing at
the machine any more; with --release the charge goes on, and its goods count as handed out. Exit code 0: every charge came to its end, paid or
not. 4: a person must look, caas list --open shows where.";

const AFTER_RESOLVE: &str = "\
Examples:
  caas resolve order-4711 charged 5.00 --by anna
  caas resolve order-4711 not-charged
  caas resolve order-4711 refunded

Ask the carrier first. charged names all that it took for this sale; what was taken and not released is then a refund
due. refunded says that it was paid back.";

const AFTER_LISTEN: &str = "\
Examples:
  caas listen --carrier dialog --listen 127.0.0.1:8090
  caas listen --simulate --endpoint http://127.0.0.1:7000
  caas listen --carrier dialog --relay 127.0.0.1:8091 --terminal K042

It may run beside any number of caas charge, over the same journal. CAAS_LISTENER_TOKEN is the secret part of the URL,
CAAS_RELAY_TOKEN_K042 what terminal K042 pulls with.";

const AFTER_SIMULATE: &str = "\
Examples:
  caas simulate
  caas simulate --port 0 --payer approve --clock 60
  caas simulate --notify http://127.0.0.1:8090/... --json
  caas simulate --state simulator.state
  caas simulate --scenario simulator/scenarios/a_bad_day.json --seed 7

A charge that is to outlive its process needs this, not the simulator that caas charge --simulate brings along.";

const AFTER_LOGS: &str = "\
Examples:
  caas logs
  caas logs --no-follow --since 5m --json

It follows until Ctrl-C. Payers are masked, secrets are left out. What it names r12 or n3 can be sent again:
caas resend r12.";

const AFTER_RESEND: &str = "\
Examples:
  caas resend r12
  caas resend n3 --at http://127.0.0.1:7001

r12 is a request and n3 a notification, as caas logs and the page name them. It is sent as it came; the faults and
settings of now apply.";

const AFTER_LIST: &str = "\
Examples:
  caas list
  caas list --open --json
  caas list --simulate";

const AFTER_ASK: &str = "\
Examples:
  caas balance 94771234567 --carrier dialog --simulate
  caas instruments 94771234567 --carrier dialog --simulate";

const AFTER_STATUS_CODE: &str = "\
Example:
  caas status-code E1308";

const AFTER_DOCTOR: &str = "\
Examples:
  caas doctor --carrier mobitel
  caas doctor --carrier ideamart --subscriber 94771234567
  caas doctor --simulate";

/// What to do.
#[derive(Subcommand)]
pub enum Command {
    /// Charge a payer and wait for the end
    #[command(after_help = AFTER_CHARGE)]
    Charge(Charge),
    /// Ask for a payer's balance
    #[command(after_help = AFTER_ASK)]
    Balance(Ask),
    /// List a payer's payment instruments
    #[command(after_help = AFTER_ASK)]
    Instruments(Ask),
    /// Finish what a cut or Ctrl-C left open
    #[command(after_help = AFTER_RESUME)]
    Resume(Resume),
    /// List the charges of the journal
    #[command(after_help = AFTER_LIST)]
    List(List),
    /// End a review: say what a person found out
    #[command(after_help = AFTER_RESOLVE)]
    Resolve(Resolve),
    /// Take the carrier's notifications
    #[command(after_help = AFTER_LISTEN)]
    Listen(Listen),
    /// Play the carriers, to try things out
    #[command(after_help = AFTER_SIMULATE)]
    Simulate(Simulate),
    /// Make something happen in a running simulator
    #[command(after_help = crate::trigger::table())]
    Trigger(Trigger),
    /// Show the log of a running simulator
    #[command(after_help = AFTER_LOGS)]
    Logs(Logs),
    /// Send a request or a notification of a running simulator's log again
    #[command(after_help = AFTER_RESEND)]
    Resend(Resend),
    /// Say what a status code means
    #[command(after_help = AFTER_STATUS_CODE)]
    StatusCode(StatusCode),
    /// Check configuration, name, TLS and credentials without charging
    #[command(after_help = AFTER_DOCTOR)]
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
            Command::Trigger(arguments) => Tell { json: arguments.json, simulated: true },
            Command::Logs(arguments) => Tell { json: arguments.json, simulated: true },
            Command::Resend(arguments) => Tell { json: arguments.json, simulated: true },
            Command::StatusCode(arguments) => Tell { json: arguments.json, simulated: false },
            Command::Doctor(arguments) => of(&arguments.place),
        }
    }
}

/// Which carrier, and where what is known is kept.
#[derive(Args, Clone)]
pub struct Where {
    /// Carrier: mobitel, ideamart, dialog, or a name in the configuration
    #[arg(long, value_name = "NAME")]
    pub carrier: Option<String>,
    /// Base URL of the carrier, instead of the configuration's
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
    /// Journal file, instead of the configuration's
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// Configuration file, instead of ./caas.toml
    #[arg(long, value_name = "FILE", env = "CAAS_CONFIG", hide_env_values = true)]
    pub config: Option<PathBuf>,
    /// Simulated payer and carrier, nobody is charged: built in, or with --endpoint a running `caas simulate`
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
    /// Your name for this sale; the same name again is the same charge, never a second one
    #[arg(long, value_name = "ID")]
    pub sale: Option<String>,
    /// Payment instrument (MobileAccount, ezcash)
    #[arg(long, value_name = "NAME")]
    pub instrument: Option<String>,
    /// Account, where the carrier wants one; for eZ Cash it is the payer's number
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
    /// What the simulated payer does; without it, a person at the terminal is asked, and without one approves
    #[arg(long, value_enum, value_name = "WHAT")]
    pub payer: Option<Payer>,
    /// How many times faster simulated time passes
    #[arg(long, value_name = "TIMES", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub clock: Option<u32>,
}

/// What the simulated payer does.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Payer {
    /// Waits for the page, for `caas trigger`, or for a person at the terminal
    Ask,
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
    /// The customers are still there: goods count as handed out when paid. Otherwise what was paid is a refund due
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
    #[arg(long, value_name = "WHO", env = "USER", hide_env = true, default_value = "somebody")]
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
    /// Address at which terminals pull their notifications; by default the configuration's, or 127.0.0.1:8091
    #[arg(long, value_name = "ADDR")]
    pub relay: Option<SocketAddr>,
    /// A terminal to keep notifications for: the prefix of its ids. May be repeated, and joins the configuration's
    #[arg(long, value_name = "PREFIX")]
    pub terminal: Vec<String>,
    #[command(flatten)]
    pub place: Where,
}

/// `caas simulate`
#[derive(Args, Clone)]
pub struct Simulate {
    /// Port at 127.0.0.1, 7000 by default; 0 takes a free one
    #[arg(long)]
    pub port: Option<u16>,
    /// What Mobitel's confirm does: tell whether consent was given, or capture the money
    #[arg(long, value_enum, value_name = "WHAT")]
    pub confirm: Option<Confirm>,
    /// Executes a repeated externalTrxId again, as a carrier that does not de-duplicate
    #[arg(long)]
    pub no_dedup: bool,
    /// Where charging notifications are sent
    #[arg(long, value_name = "URL")]
    pub notify: Option<String>,
    /// What chance starts from, such as faults by probability; the same seed, the same run
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Numbers and amounts that stand for an outcome are like any other
    #[arg(long)]
    pub no_magic: bool,
    /// Keeps the state in this file, and goes on with what is in it; what is typed here goes before it
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Runs this scenario and ends; exit code 3 where an expectation does not hold. Only --seed and --json go with it
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
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

/// `caas trigger`
#[derive(Args, Clone)]
pub struct Trigger {
    /// What happens; the list is below
    #[arg(default_value = "", hide_default_value = true)]
    pub event: String,
    /// What the event takes
    #[arg(value_name = "ARGUMENT", allow_hyphen_values = false)]
    pub arguments: Vec<String>,
    /// Address of the simulator
    #[arg(long, value_name = "URL", default_value = crate::simulator_api::DEFAULT)]
    pub at: String,
    /// One JSON object for each event, on a line of its own
    #[arg(long)]
    pub json: bool,
}

/// `caas logs`
#[derive(Args, Clone)]
pub struct Logs {
    /// Ends when it has shown what there is
    #[arg(long)]
    pub no_follow: bool,
    /// Only what happened in this span of simulated time before now, such as 30s or 5m, and what follows
    #[arg(long, value_name = "SPAN")]
    pub since: Option<String>,
    /// Address of the simulator
    #[arg(long, value_name = "URL", default_value = crate::simulator_api::DEFAULT)]
    pub at: String,
    /// One JSON object for each event, on a line of its own
    #[arg(long)]
    pub json: bool,
}

/// `caas resend`
#[derive(Args, Clone)]
pub struct Resend {
    /// What to send again: r12, n3
    pub id: String,
    /// Address of the simulator
    #[arg(long, value_name = "URL", default_value = crate::simulator_api::DEFAULT)]
    pub at: String,
    /// One JSON object for each event, on a line of its own
    #[arg(long)]
    pub json: bool,
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
