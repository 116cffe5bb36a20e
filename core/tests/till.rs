//! Several charges at one till.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use caas_core::charge::{
    AtBoot, BUFFER_MAX, Carrier, Command, Handled, Ignored, Input, Order, Output, Payment, Sent, Ticket,
};
use caas_core::credentials::Credentials;
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
use caas_core::profile::{self, Profile};
use caas_core::till::{CapReached, Caps, Place, Started, TakeUpRefused, Till, TillRefused};
use caas_core::time::Instant;
use caas_core::wire::notification;

struct Machine<const N: usize> {
    till: Till<N>,
    profile: Profile<'static>,
    credentials: Credentials,
    now: Instant,
    counter: u32,
    records: std::collections::BTreeMap<String, Vec<u8>>,
    flying: Vec<(Place, caas_core::charge::SendToken)>,
    replies: Vec<Ticket>,
}

impl<const N: usize> Machine<N> {
    fn new(caps: Caps) -> Self {
        Machine {
            till: Till::new(caps),
            profile: profile::dialog(),
            credentials: scene::credentials(),
            now: Instant::from_millis(1_000),
            counter: 0,
            records: Default::default(),
            flying: Vec::new(),
            replies: Vec::new(),
        }
    }

    fn start(&mut self, sale: &str, payer: &str, amount: &str) -> Result<Started, TillRefused> {
        let (sale, payer) = (SaleId::new(sale).unwrap(), Subscriber::new(payer).unwrap());
        let mut order = Order::new(&sale, &payer, Amount::parse(amount).unwrap());
        order.instrument = Some(profile::DIALOG_EZCASH);
        self.counter += 1;
        let id = ChargeId::new(&format!("M1-{}", self.counter)).unwrap();
        let carrier =
            Carrier { profile: &self.profile, credentials: &self.credentials, endpoint: scene::ENDPOINT };
        let started = self.till.start(self.now, &carrier, &order, &id);
        self.run();
        started
    }

    fn run(&mut self) -> Option<Instant> {
        for _ in 0..500 {
            let mut buffer = [0; BUFFER_MAX];
            let carrier =
                Carrier { profile: &self.profile, credentials: &self.credentials, endpoint: scene::ENDPOINT };
            let (place, output) = self.till.poll_output(self.now, &carrier, &mut buffer);
            match output {
                Output::Persist { token, record } => {
                    let record = record.bytes().to_vec();
                    let charge = self.till.at(place.unwrap()).unwrap().charge_id().to_owned();
                    self.records.insert(charge, record);
                    let handled = self.till.handle_input(self.now, &self.profile, Input::Persisted(token));
                    assert_eq!(handled, Handled::Done);
                }
                Output::Transmit { token, .. } => self.flying.push((place.unwrap(), token)),
                Output::Reply { ticket, .. } => self.replies.push(ticket),
                Output::Event(_) => {}
                Output::Wait(until) => return until,
                Output::BufferTooSmall => unreachable!(),
            }
        }
        panic!("no Wait");
    }

    fn answer(&mut self, body: &str) {
        let (_, token) = self.flying.remove(0);
        let input = Input::Response { token, status: 200, body: body.as_bytes() };
        assert_eq!(self.till.handle_input(self.now, &self.profile, input), Handled::Done);
        self.run();
    }

    fn notify(&mut self, external: &str, internal: &str, total: &str) -> Handled {
        let body = scene::paid(internal, "17839448", total, total).replace("T1-1-1a", external);
        let notification = notification::read(&self.profile, body.as_bytes()).unwrap();
        let input = Input::Notification { ticket: Ticket(9), notification: &notification };
        let handled = self.till.handle_input(self.now, &self.profile, input);
        self.run();
        handled
    }

    fn payment(&self, sale: &str) -> Option<Payment> {
        self.till.charge(&SaleId::new(sale).unwrap()).map(|charge| charge.payment())
    }
}

fn pending(external: &str, internal: &str) -> String {
    format!(
        r#"{{"statusCode":"P1003","externalTrxId":"{external}","internalTrxId":"{internal}","shortDescription":"dial"}}"#
    )
}

/// R10
#[test]
fn a_sale_that_is_started_twice_is_one_charge_with_one_request() {
    let mut machine: Machine<2> = Machine::new(Caps::NONE);
    assert_eq!(machine.start("s1", "94770000001", "10"), Ok(Started::New));
    assert_eq!(machine.start("s1", "94770000001", "10"), Ok(Started::Before));
    assert_eq!(machine.flying.len(), 1);
}

/// R11
#[test]
fn a_sale_with_another_amount_or_payer_and_a_second_charge_of_one_payer_are_refused() {
    let mut machine: Machine<3> = Machine::new(Caps::NONE);
    machine.start("s1", "94770000001", "10").unwrap();
    assert_eq!(machine.start("s1", "94770000001", "11"), Err(TillRefused::OtherOrder));
    assert_eq!(machine.start("s1", "94770000002", "10"), Err(TillRefused::OtherOrder));
    for same_telephone in ["94770000001", "0770000001", "tel:+94770000001", "tel: 94770000001"] {
        assert_eq!(
            machine.start("s2", same_telephone, "10"),
            Err(TillRefused::PayerBusy),
            "{same_telephone}"
        );
    }
    assert_eq!(machine.start("s2", "94770000002", "10"), Ok(Started::New));
    assert_eq!(machine.flying.len(), 2);
}

#[test]
fn answers_and_notifications_find_their_own_charge() {
    let mut machine: Machine<3> = Machine::new(Caps::NONE);
    machine.start("s1", "94770000001", "10").unwrap();
    machine.start("s2", "94770000002", "10").unwrap();
    machine.answer(&pending("M1-1a", "901"));
    machine.answer(&pending("M1-2a", "902"));
    assert_eq!(machine.notify("M1-2a", "902", "10.00"), Handled::Done);
    assert_eq!(machine.payment("s1"), Some(Payment::PendingConsent));
    assert_eq!(machine.payment("s2"), Some(Payment::Confirmed));
    assert_eq!(machine.replies.len(), 1);
}

/// R35
#[test]
fn a_notification_of_nobody_changes_nothing_and_is_left_to_quarantine() {
    let mut machine: Machine<2> = Machine::new(Caps::NONE);
    machine.start("s1", "94770000001", "10").unwrap();
    machine.answer(&pending("M1-1a", "901"));
    assert_eq!(machine.notify("M1-7a", "907", "10.00"), Handled::Ignored(Ignored::NotOurs));
    assert_eq!(machine.payment("s1"), Some(Payment::PendingConsent));
}

#[test]
fn a_full_till_refuses_until_a_charge_has_ended() {
    let mut machine: Machine<1> = Machine::new(Caps::NONE);
    machine.start("s1", "94770000001", "10").unwrap();
    assert_eq!(machine.start("s2", "94770000002", "10"), Err(TillRefused::Full));
    machine.answer(r#"{"statusCode":"E1378","externalTrxId":"M1-1a"}"#);
    assert_eq!(machine.start("s2", "94770000002", "10"), Ok(Started::New));
}

#[test]
fn a_cap_refuses_before_anything_is_kept_or_sent() {
    let caps = Caps { charges_per_hour: 1, ..Caps::NONE };
    let mut machine: Machine<3> = Machine::new(caps);
    machine.start("s1", "94770000001", "10").unwrap();
    assert_eq!(machine.start("s2", "94770000002", "10"), Err(TillRefused::Cap(CapReached::ChargesPerHour)));
    assert_eq!((machine.flying.len(), machine.records.len()), (1, 1));
}

/// R28: what needs review leaves its place, the machine sells on, and a person ends it.
#[test]
fn a_charge_that_needs_review_leaves_its_place_and_is_resolved_later() {
    let mut machine: Machine<1> = Machine::new(Caps::NONE);
    machine.start("s1", "94770000001", "10").unwrap();
    let (_, token) = machine.flying.remove(0);
    let _ = machine.till.handle_input(
        machine.now,
        &machine.profile,
        Input::Lost { token, sent: Sent::MaybeSent },
    );
    while let Some(until) = machine.run() {
        machine.now = until;
    }
    assert_eq!(machine.payment("s1"), None);
    let sale = SaleId::new("s1").unwrap();
    assert_eq!(machine.till.reviews(), std::slice::from_ref(&sale));
    assert_eq!(machine.start("s2", "94770000001", "10"), Ok(Started::New), "the machine sells on");

    let mut desk: Machine<1> = Machine::new(Caps::NONE);
    let carrier =
        Carrier { profile: &desk.profile, credentials: &desk.credentials, endpoint: scene::ENDPOINT };
    desk.till.recover(desk.now, &carrier, &machine.records["M1-1"], AtBoot::RefundDue).unwrap();
    assert_eq!(
        desk.till.recover(desk.now, &carrier, &machine.records["M1-1"], AtBoot::RefundDue),
        Err(TakeUpRefused::Twice)
    );
    let resolve = Command::Resolve { resolution: caas_core::charge::Resolution::NotCharged, by: "Ann" };
    assert_eq!(desk.till.command(desk.now, &desk.profile, &sale, resolve), Some(Handled::Done));
    desk.run();
    assert!(desk.till.reviews().is_empty());
}

#[test]
fn when_the_list_of_reviews_is_full_no_new_sale_is_started() {
    let mut machine: Machine<1> = Machine::new(Caps::NONE);
    for number in 0..caas_core::till::REVIEWS_MAX {
        machine.start(&format!("s{number}"), &format!("9477000000{number}"), "10").unwrap();
        let (_, token) = machine.flying.remove(0);
        let _ = machine.till.handle_input(
            machine.now,
            &machine.profile,
            Input::Lost { token, sent: Sent::MaybeSent },
        );
        while let Some(until) = machine.run() {
            machine.now = until;
        }
    }
    assert_eq!(machine.start("next", "94770000099", "10"), Err(TillRefused::ReviewsFull));
}
