//! A desk, its journal and a simulated carrier, over real sockets and with a fast clock.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::path::PathBuf;
use std::time::Duration;

use caas_core::charge::Order;
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SaleId, Subscriber};
use caas_core::money::Amount;
use caas_core::profile::{self, Profile, Service, Windows};
use caas_core::status_code::{Class, CodeRow};
use caas_core::time::SECOND;
use caas_simulator::{Simulator, preset};
use caas_transport_std::{
    CarrierAccess, ChargeEvent, ChargeView, ClockRate, Desk, DeskSettings, Journal, Listener,
    ListenerSettings, PathToken, Reaction,
};
use tempfile::TempDir;

/// Virtual milliseconds in a real one, for the simulator and the desk alike.
pub const RATE: u32 = 100;
pub const PAYER: &str = "0712755777";

/// What the simulator's Mobitel answers.
pub const STATUSES: &[CodeRow<'static>] = &[
    row(Service::ChargeRequest, preset::MOBITEL_ACCEPTED, Class::Pending),
    row(Service::ChargeRequest, preset::MOBITEL_INSUFFICIENT_BALANCE, Class::DeclinedUser),
    row(Service::ChargeRequest, preset::MOBITEL_HANDSET_BUSY, Class::HandsetBusy),
    row(Service::Confirm, preset::MOBITEL_APPROVED, Class::Ok),
    row(Service::Confirm, preset::MOBITEL_ALREADY_CONFIRMED, Class::Ok),
    row(Service::Confirm, preset::MOBITEL_NOT_APPROVED, Class::NotApproved),
    row(Service::Confirm, preset::MOBITEL_DECLINED, Class::DeclinedUser),
    row(Service::Confirm, preset::MOBITEL_WRONG_PIN, Class::DeclinedUser),
    row(Service::Confirm, preset::MOBITEL_UNKNOWN_REFERENCE, Class::NotFound),
];

const fn row(service: Service, code: &'static str, class: Class) -> CodeRow<'static> {
    CodeRow { service: Some(service), code, class }
}

pub fn mobitel() -> Profile<'static> {
    profile::mobitel(STATUSES)
}

/// The same carrier with short windows, for tests that must see them end.
pub fn impatient(profile: Profile<'static>) -> Profile<'static> {
    let windows = Windows { sale: 30 * SECOND, execution: 40 * SECOND, ..profile.windows };
    Profile { windows, ..profile }
}

pub struct Scene {
    pub carrier: Simulator,
    pub folder: TempDir,
    pub profile: Profile<'static>,
}

impl Scene {
    pub fn new(profile: Profile<'static>) -> Scene {
        Scene::with(profile, Simulator::builder())
    }

    pub fn with(profile: Profile<'static>, carrier: caas_simulator::Builder) -> Scene {
        let carrier = carrier.clock_rate(RATE).start().unwrap();
        // The fast clock would make a slow machine's answers late: 3 s of real time are enough for all of them.
        let windows = Windows { answer: 300 * SECOND, ..profile.windows };
        let profile = Profile { windows, ..profile };
        Scene { carrier, folder: tempfile::tempdir().unwrap(), profile }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("charges.db")
    }

    pub fn journal(&self) -> Journal {
        Journal::open(self.path()).unwrap()
    }

    /// A new desk with a journal handle of its own, as another process would have.
    pub fn desk(&self) -> Desk {
        self.desk_with(|_| {})
    }

    pub fn desk_with(&self, change: impl FnOnce(&mut DeskSettings)) -> Desk {
        let access = CarrierAccess::new(self.profile, credentials(), &self.carrier.url()).unwrap();
        let mut settings = DeskSettings::new(self.journal(), access);
        settings.clock_rate = ClockRate::times(RATE);
        change(&mut settings);
        Desk::open(settings).unwrap()
    }

    /// A listener for `desk`, known to the carrier.
    pub async fn listen(&self, desk: &Desk) -> Listener {
        let settings = ListenerSettings::new(PathToken::generate().unwrap());
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), settings, desk.clone()).await.unwrap();
        self.carrier.set_notify_url(&listener.url().reveal());
        listener
    }

    pub fn captured(&self) -> u64 {
        self.carrier.ledger().total(PAYER)
    }
}

pub struct Sold {
    sale: SaleId,
    payer: Subscriber,
    amount: Amount,
}

impl Sold {
    pub fn new(sale: &str, amount: &str) -> Sold {
        Sold::to(sale, PAYER, amount)
    }

    pub fn to(sale: &str, payer: &str, amount: &str) -> Sold {
        Sold {
            sale: SaleId::new(sale).unwrap(),
            payer: Subscriber::new(payer).unwrap(),
            amount: Amount::parse(amount).unwrap(),
        }
    }

    pub fn order(&self) -> Order<'_> {
        Order::new(&self.sale, &self.payer, self.amount)
    }

    pub fn ezcash(&self) -> Order<'_> {
        Order { instrument: Some(profile::DIALOG_EZCASH), ..self.order() }
    }
}

pub fn credentials() -> Credentials {
    Credentials {
        client: Secret::new(preset::CLIENT_ID).unwrap(),
        application: Secret::new(preset::APPLICATION_ID).unwrap(),
        password: Secret::new(preset::PASSWORD).unwrap(),
        agent_pin: Secret::new(preset::EZCASH_AGENT_PIN).unwrap(),
        agent_alias: Secret::new(preset::EZCASH_AGENT_ALIAS).unwrap(),
    }
}

pub fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

/// An observer that keeps what it is told.
pub fn listening(told: &mut Vec<String>) -> impl FnMut(&ChargeView, &ChargeEvent) -> Reaction + '_ {
    |_, event| {
        told.push(format!("{event:?}"));
        Reaction::Continue
    }
}

/// Waits, in real time, until `holds`; panics after ten seconds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come to be");
}
