//! A sale from its order to its end and once more after a power cut, with everything that an application calls.

use core::hint::black_box;

use caas_core::charge::{AtBoot, BUFFER_MAX, Carrier, Charge, Command, Event, Input, Order, Output, Payment};
use caas_core::credentials::Credentials;
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
#[cfg(feature = "notifications")]
use caas_core::profile::Profile;
use caas_core::time::Instant;
#[cfg(feature = "notifications")]
use caas_core::{
    charge::{Handled, Ticket},
    wire::notification,
};

use crate::link::{Keep, Link};
use crate::meter::Meter;
use crate::scripts::{Happens, Script};

/// Outputs and waits of one sale, at most.
const STEPS_MAX: u32 = 400;

/// What the application holds. None of it counts as stack; the charge counts as RAM per open charge.
pub struct Desk {
    /// What carrier and payer do.
    pub script: &'static Script,
    /// What else happens at each wait, in turn.
    pub happens: &'static [Happens],
    texts: &'static Texts,
    /// The time, in milliseconds: a tick counter of a microcontroller has 32 bits.
    ticks: u32,
    sale: Option<SaleId>,
    payer: Option<Subscriber>,
    id: Option<ChargeId>,
    account: Option<Subscriber>,
    charge: Option<Charge>,
}

/// The texts of an order: sale, payer, charge id, account; an empty one for none.
pub type Texts = [&'static str; 4];

/// As they usually are.
pub const USUAL: &Texts = &["sale-1", "94771234567", "T1-1-1", ""];
/// Each as long as it may be, together as long as a charge has room for beside what the carrier says.
pub const ALL_LONGEST: &Texts = &[
    "sale-123456789012345678901234567",
    "tel:+94771234567",
    "T1-1234567890123456789012345678",
    "tel:94773687964",
];

impl Desk {
    /// A desk for a script.
    pub fn new(script: &'static Script) -> Self {
        Desk::with(script, USUAL)
    }

    /// A desk for a script, with an order of these texts.
    pub fn with(script: &'static Script, texts: &'static Texts) -> Self {
        let script = black_box(script);
        Desk {
            script,
            happens: script.happens,
            texts: black_box(texts),
            ticks: 1,
            sale: None,
            payer: None,
            id: None,
            account: None,
            charge: None,
        }
    }

    /// Sells once, cuts the power, and finds the sale again. Whether it was paid and released, and still is.
    pub fn sell(
        &mut self,
        credentials: &mut Credentials,
        buffer: &mut [u8; BUFFER_MAX],
        link: &mut impl Link,
        keep: &mut impl Keep,
        meter: &mut impl Meter,
    ) -> bool {
        let Some(carrier) = self.script.carrier(credentials) else { return false };
        self.start(&carrier, meter)
            && self.serve(&carrier, buffer, link, keep, meter)
            && self.come_back(&carrier, keep, meter)
    }

    /// Places the order.
    #[inline(never)]
    pub fn start(&mut self, carrier: &Carrier<'_>, meter: &mut impl Meter) -> bool {
        let [sale, payer, id, account] = self.texts;
        if SaleId::put(&mut self.sale, sale)
            .and_then(|()| Subscriber::put(&mut self.payer, payer))
            .and_then(|()| ChargeId::put(&mut self.id, id))
            .is_err()
        {
            return false;
        }
        let _ = Subscriber::put(&mut self.account, account);
        let (Some(sale), Some(payer), Some(id)) = (&self.sale, &self.payer, &self.id) else { return false };
        let Ok(amount) = Amount::parse(black_box("5")) else { return false };
        let mut order = Order::new(sale, payer, amount);
        order.instrument = self.script.instrument;
        order.account = self.account.as_ref();
        let now = self.now();
        meter
            .step("start", || Charge::start_in(&mut self.charge, now, carrier, black_box(&order), id))
            .is_ok()
    }

    /// Does what the charge wants until nothing more happens.
    #[inline(never)]
    pub fn serve(
        &mut self,
        carrier: &Carrier<'_>,
        buffer: &mut [u8; BUFFER_MAX],
        link: &mut impl Link,
        keep: &mut impl Keep,
        meter: &mut impl Meter,
    ) -> bool {
        let mut happens = self.happens.iter();
        let Some(sale) = &self.sale else { return false };
        for _ in 0..STEPS_MAX {
            let mut now = self.now();
            let Some(charge) = self.charge.as_mut() else { return false };
            let input = match meter.step("poll_output", || charge.poll_output(now, carrier, buffer)) {
                Output::Persist { token, record } => match keep.keep(sale, &record) {
                    true => Input::Persisted(token),
                    false => Input::PersistFailed(token),
                },
                Output::Transmit { token, request } => link.send(carrier, token, &request),
                Output::Reply { body, .. } => {
                    black_box(body);
                    continue;
                }
                Output::Event(Event::Confirmed) => Input::Command(Command::StartRelease),
                Output::Event(Event::Release(permit)) => Input::Command(match black_box(true) {
                    true => Command::ReleaseDone(permit),
                    false => Command::ReleaseFailed(permit),
                }),
                Output::Event(Event::PayerMustAct) => {
                    black_box(charge.must_act());
                    continue;
                }
                Output::Event(event) => {
                    black_box(event);
                    continue;
                }
                Output::Wait(until) => {
                    let Some(next) = happens.next() else {
                        return charge.payment() == Payment::Confirmed && charge.is_finished(now);
                    };
                    now = until.unwrap_or(now);
                    self.ticks = now.as_millis() as u32;
                    match next {
                        #[cfg(not(feature = "notifications"))]
                        Happens::Notification(_) => return false,
                        #[cfg(feature = "notifications")]
                        Happens::Notification(body) if tell(charge, now, carrier.profile, body, meter) => {
                            continue;
                        }
                        #[cfg(feature = "notifications")]
                        Happens::Notification(_) => return false,
                        Happens::Input(input) => black_box(input)(),
                    }
                }
                Output::BufferTooSmall => return false,
            };
            let _ = meter.step("handle_input", || charge.handle_input(now, carrier.profile, input));
        }
        false
    }

    /// The power was cut: the record is all there is.
    #[inline(never)]
    fn come_back(&mut self, carrier: &Carrier<'_>, keep: &mut impl Keep, meter: &mut impl Meter) -> bool {
        self.charge = None;
        let (now, at_boot) = (self.now(), black_box(AtBoot::RefundDue));
        let place = &mut self.charge;
        let Some(record) = keep.newest() else { return false };
        let read = match black_box(false) {
            false => meter.step("recover", || Charge::recover_in(place, now, carrier, record, at_boot)),
            true => Charge::recover_damaged_in(place, now, carrier, record),
        };
        read.is_ok() && place.as_ref().is_some_and(|charge| charge.payment() == Payment::Confirmed)
    }

    fn now(&self) -> Instant {
        Instant::from_millis(self.ticks.into())
    }
}

/// A notification came. Whether it can be acknowledged.
#[cfg(feature = "notifications")]
#[inline(never)]
fn tell(
    charge: &mut Charge,
    now: Instant,
    profile: &Profile<'_>,
    body: &[u8],
    meter: &mut impl Meter,
) -> bool {
    let body = black_box(body);
    let mut place = None;
    let read = meter.step("notification", || notification::read_in(&mut place, profile, body));
    let (Ok(()), Some(notification)) = (read, &place) else { return false };
    let input = Input::Notification { ticket: Ticket(1), notification };
    meter.step("handle_input", || charge.handle_input(now, profile, input)) == Handled::Done
}
