//! The carriers that are looked at, and how much may go wrong with each.

use std::sync::LazyLock;

use caas_core::charge::{AtBoot, Carrier, Charge, Guard, Guards, Order};
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
use caas_core::profile::{
    self, CapturesAt, Consent, DIALOG_EZCASH, Instrument, InternalIdRule, Limits, Polling, Profile, Service,
    Windows,
};
use caas_core::status_code::{Class, CodeRow};
use caas_core::time::{Instant, Millis, SECOND};

use super::invariant::{Broken, check_state};
use super::step::run;
use super::world::World;
use super::{carrier, disk::Disk, machine::Machine, network::Network};

/// The step of the clock.
pub const MINUTE: Millis = 60 * SECOND;
/// The price of the goods, in minor units.
pub const PRICE: u64 = 1_000;
/// How long the carrier may execute a request after it was handed out.
pub const EXECUTION: Millis = 4 * MINUTE;
/// How long a payer may answer a prompt, or pay a reference.
pub const CARRIER_WINDOW: Millis = 2 * MINUTE;
/// The charge's id.
pub const CHARGE: &str = "T1-1-1";

const ENDPOINT: &str = "http://127.0.0.1:7000";

const STATUSES: &[CodeRow<'static>] = &[
    row(Service::ChargeRequest, "1000", Class::Pending),
    row(Service::ChargeRequest, "1004", Class::DeclinedUser),
    row(Service::ChargeRequest, "1008", Class::HandsetBusy),
    row(Service::Confirm, "1001", Class::Ok),
    row(Service::Confirm, "1002", Class::NotApproved),
    row(Service::Confirm, "1003", Class::DeclinedUser),
    row(Service::Confirm, "1005", Class::NotFound),
    row(Service::Confirm, "1009", Class::StillProcessing),
];

const fn row(service: Service, code: &'static str, class: Class) -> CodeRow<'static> {
    CodeRow { service: Some(service), code, class }
}

const fn prompt(captures_at: CapturesAt) -> [Instrument<'static>; 1] {
    [Instrument { name: "", consent: Consent::Prompt, captures_at, agent_params: false }]
}

static AT_CONFIRM: [Instrument<'static>; 1] = prompt(CapturesAt::Confirm);
static AT_CONSENT: [Instrument<'static>; 1] = prompt(CapturesAt::Consent);
static ANYWHERE: [Instrument<'static>; 1] = prompt(CapturesAt::Unknown);

static CREDENTIALS: LazyLock<Credentials> = LazyLock::new(|| {
    let secret = |text| Secret::new(text).expect("a short secret");
    Credentials {
        client: secret("client"),
        application: secret("APP_1"),
        password: secret("password"),
        agent_pin: secret("4444"),
        agent_alias: secret("VC_0000"),
    }
});

/// What the carrier really does, whatever the profile knows of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Real {
    /// Money moves when a consent is confirmed.
    ConfirmCaptures,
    /// Money moves with the consent; confirm reads.
    ConsentCaptures,
    /// Money moves with the debit, or is paid by the payer.
    Otherwise,
}

/// How often something may go wrong, or be done, on one way through the model. In a [`World`]: how often it still may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// Power cuts.
    pub crashes: u8,
    /// Failed writes.
    pub disk: u8,
    /// Lost, late or unreadable answers.
    pub network: u8,
    /// Requests and notifications that arrive twice.
    pub duplicates: u8,
    /// Refusals by the carrier, apart from the payer's own.
    pub refusals: u8,
    /// Payments.
    pub payments: u8,
    /// Refusals by a payer who dials.
    pub declines: u8,
    /// Cancels.
    pub cancels: u8,
    /// Further attempts that the application asks for.
    pub retries: u8,
    /// Those of them that take the risk.
    pub risks: u8,
    /// Goods that do not leave the machine.
    pub stuck: u8,
    /// Acts of the person.
    pub people: u8,
}

/// A carrier, an order, and bounds.
#[derive(Clone)]
pub struct Scenario {
    /// What it is called.
    pub name: &'static str,
    /// What the charge knows of the carrier.
    pub profile: Profile<'static>,
    /// The instrument.
    pub instrument: Option<&'static str>,
    /// What the carrier really does.
    pub real: Real,
    /// What becomes of a paid charge at boot.
    pub at_boot: AtBoot,
    /// Attempts without asking.
    pub attempts: u8,
    /// What may go wrong.
    pub bounds: Bounds,
    /// The guard that is removed, in a test of the test.
    pub removed: Option<Guard>,
}

impl Scenario {
    /// The world at the start.
    pub fn start(&self) -> World {
        let sale = SaleId::new("sale-1").expect("a sale id");
        let payer = Subscriber::new("94771234567").expect("a subscriber");
        let amount = Amount::from_minor(PRICE).expect("an amount");
        let mut order = Order::new(&sale, &payer, amount);
        order.instrument = self.instrument;
        order.attempts = self.attempts;
        let id = ChargeId::new(CHARGE).expect("a charge id");
        let mut charge = Charge::start(Instant::ZERO, &self.carrier(), &order, &id).expect("a good order");
        if let Some(guard) = self.removed {
            charge.remove_guard(guard);
        }
        let mut world = World {
            now: 0,
            wait: None,
            charge: Some(charge),
            disk: Disk::default(),
            network: Network::default(),
            carrier: carrier::Carrier::default(),
            machine: Machine::default(),
            left: self.bounds,
            broken: Broken::default(),
        };
        run(self, &mut world);
        check_state(&mut world);
        world
    }

    /// The carrier as the charge is told of it.
    pub fn carrier(&self) -> Carrier<'_> {
        Carrier { profile: &self.profile, credentials: &CREDENTIALS, endpoint: ENDPOINT }
    }

    /// The charge of a record after a restart.
    pub fn recover(&self, now: Instant, bytes: &[u8]) -> Charge {
        let carrier = self.carrier();
        match self.removed {
            Some(guard) => {
                Charge::recover_without(now, &carrier, bytes, self.at_boot, Guards::without(guard))
            }
            None => Charge::recover(now, &carrier, bytes, self.at_boot),
        }
        .expect("a good record")
    }

    /// The charge of a record, as anybody reads it.
    pub fn reread(&self, bytes: &[u8]) -> Charge {
        Charge::recover(Instant::ZERO, &self.carrier(), bytes, AtBoot::Release).expect("a good record")
    }

    /// The instrument's way of consent.
    pub fn consent(&self) -> Consent {
        self.profile.instrument(self.instrument).map_or(Consent::None, |(_, found)| found.consent)
    }

    /// Which request captures, as far as the profile knows.
    pub fn captures_at(&self) -> CapturesAt {
        self.profile.instrument(self.instrument).map_or(CapturesAt::Unknown, |(_, found)| found.captures_at)
    }

    /// The same without a guard.
    pub fn without(&self, guard: Guard) -> Scenario {
        Scenario { removed: Some(guard), ..self.clone() }
    }
}

/// Windows in whole minutes, limits that end soon.
fn small(profile: Profile<'static>, sale: Millis) -> Profile<'static> {
    Profile {
        windows: Windows {
            answer: MINUTE,
            consent: CARRIER_WINDOW,
            execution: EXECUTION,
            sale,
            listen: profile.windows.listen.min(MINUTE),
        },
        polling: Polling { first: MINUTE, most: MINUTE },
        limits: Limits { attempts: 2, sends: 2, confirms: 4, ..profile.limits },
        ..profile
    }
}

fn mobitel(
    name: &'static str,
    instruments: &'static [Instrument<'static>],
    real: Real,
    sale: Millis,
) -> Scenario {
    Scenario {
        name,
        profile: Profile { instruments, ..small(profile::mobitel(STATUSES), sale) },
        instrument: None,
        real,
        at_boot: AtBoot::RefundDue,
        attempts: 1,
        bounds: Bounds::default(),
        removed: None,
    }
}

fn family(
    name: &'static str,
    profile: Profile<'static>,
    instrument: Option<&'static str>,
    sale: Millis,
) -> Scenario {
    Scenario {
        name,
        profile: small(profile, sale),
        instrument,
        real: Real::Otherwise,
        at_boot: AtBoot::RefundDue,
        attempts: 1,
        bounds: Bounds::default(),
        removed: None,
    }
}

/// All scenarios.
pub fn all() -> Vec<Scenario> {
    let none = Bounds::default();
    let confirm = mobitel("a prompt, confirm captures", &AT_CONFIRM, Real::ConfirmCaptures, 3 * MINUTE);
    let consent = mobitel("a prompt, consent captures", &AT_CONSENT, Real::ConsentCaptures, 3 * MINUTE);
    let unknown_confirm =
        mobitel("a prompt, unknown, confirm captures", &ANYWHERE, Real::ConfirmCaptures, 3 * MINUTE);
    let unknown_consent =
        mobitel("a prompt, unknown, consent captures", &ANYWHERE, Real::ConsentCaptures, 3 * MINUTE);
    let long = mobitel("a prompt, twice, with risk", &ANYWHERE, Real::ConsentCaptures, 6 * MINUTE);
    let automatic = mobitel("a prompt, twice, by itself", &AT_CONFIRM, Real::ConfirmCaptures, 6 * MINUTE);
    let debit = family("a debit", profile::ideamart(), None, 3 * MINUTE);
    let single = Profile { deduplicates: true, resend_throttled: true, ..profile::ideamart() };
    let repeated = family("a debit that de-duplicates", single, None, 6 * MINUTE);
    let dialled = family("a dialled payment", profile::dialog(), Some(DIALOG_EZCASH), 3 * MINUTE);
    let any = Profile { internal_id: InternalIdRule::Any, ..profile::dialog() };
    let summed = family("dialled payments under two references", any, Some(DIALOG_EZCASH), 3 * MINUTE);
    let prompted = Bounds { crashes: 1, disk: 1, network: 1, cancels: 1, stuck: 1, people: 2, ..none };
    let restarted = Bounds { crashes: 2, disk: 0, ..prompted };
    let risky = Bounds { crashes: 1, network: 2, retries: 1, risks: 1, people: 2, ..none };
    let lapsing = Bounds { crashes: 1, network: 1, refusals: 1, retries: 1, ..none };
    let debited =
        Bounds { crashes: 2, disk: 1, network: 2, refusals: 1, cancels: 1, stuck: 1, people: 2, ..none };
    let resent = Bounds { crashes: 1, network: 2, refusals: 2, cancels: 1, people: 2, ..none };
    let paid = Bounds { crashes: 1, network: 1, payments: 2, declines: 1, cancels: 1, people: 2, ..none };
    let repeated_notices = Bounds { crashes: 1, duplicates: 1, payments: 2, people: 1, ..none };
    let twice = Bounds { crashes: 1, duplicates: 2, payments: 2, people: 1, ..none };
    vec![
        Scenario { bounds: prompted, ..confirm },
        Scenario { bounds: Bounds { refusals: 1, disk: 0, stuck: 0, ..prompted }, ..consent },
        Scenario { bounds: Bounds { network: 2, disk: 0, stuck: 0, ..prompted }, ..unknown_confirm },
        Scenario { bounds: restarted, ..unknown_consent },
        Scenario { bounds: risky, at_boot: AtBoot::Release, ..long },
        Scenario { bounds: lapsing, attempts: 2, ..automatic },
        Scenario { bounds: debited, ..debit },
        Scenario { bounds: resent, at_boot: AtBoot::Release, ..repeated },
        Scenario { bounds: paid, ..dialled.clone() },
        Scenario {
            name: "a dialled payment in parts",
            bounds: repeated_notices,
            at_boot: AtBoot::Release,
            ..dialled
        },
        Scenario { bounds: twice, ..summed },
    ]
}
