//! Several charges over the same verbs: what a vending machine or a terminal holds.
//!
//! A [`Till`] starts each sale once, keeps one open charge per payer, holds to [`Caps`], routes answers by their tokens
//! and notifications by their ids, and gives a charge's place away when nothing is left to do for it. Hosts with a
//! database keep more charges, in a map of the same [`Charge`].
//!
//! ```
//! use caas_core::charge::{BUFFER_MAX, Carrier, Order, Output};
//! use caas_core::credentials::{Credentials, Secret};
//! use caas_core::id::{SaleId, Subscriber};
//! use caas_core::id_generator::ChargeId;
//! use caas_core::money::Amount;
//! use caas_core::till::{Caps, Till};
//! use caas_core::{profile, time::Instant};
//!
//! let profile = profile::ideamart();
//! let credentials = Credentials {
//!     application: Secret::new("APP_000018")?,
//!     password: Secret::new("password")?,
//!     ..Credentials::default()
//! };
//! let carrier = Carrier { profile: &profile, credentials: &credentials, endpoint: profile.endpoint };
//! let (sale, payer) = (SaleId::new("sale-1")?, Subscriber::new("94771234567")?);
//! let order = Order::new(&sale, &payer, Amount::parse("5.00")?);
//!
//! let mut till: Till<4> = Till::new(Caps::NONE);
//! let now = Instant::ZERO;
//! till.start(now, &carrier, &order, &ChargeId::new("M1-1-1")?)?;
//! let mut buffer = [0; BUFFER_MAX];
//! // The first thing to do is always to make the intent durable.
//! assert!(matches!(till.poll_output(now, &carrier, &mut buffer), (Some(_), Output::Persist { .. })));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::fmt;

use heapless::Vec;

pub use crate::caps::{CapReached, Caps, LastHour};
use crate::charge::{
    AtBoot, Carrier, Charge, Command, Handled, Ignored, Input, Order, Output, RecoverError, Review, Sale,
    StartRefused,
};
use crate::id::SaleId;
use crate::id_generator::ChargeId;
use crate::profile::Profile;
use crate::time::Instant;
#[cfg(feature = "notifications")]
use crate::{charge::Ticket, wire::notification::Notification};

/// Charges that need review and have left their places, at most; when there are as many, no new sale is started until
/// somebody has looked.
pub const REVIEWS_MAX: usize = 8;

/// Up to `N` charges at one carrier.
pub struct Till<const N: usize> {
    places: Vec<Charge, N>,
    reviews: Vec<SaleId, REVIEWS_MAX>,
    caps: Caps,
    last_hour: LastHour,
    /// The place that is asked first for an output, so that none waits for ever.
    first: usize,
}

/// Which charge an output is about; valid until the next call of [`Till::start`], [`Till::recover`] or
/// [`Till::handle_input`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place(usize);

/// What became of a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// A new charge.
    New,
    /// The charge of this sale, which was started before.
    Before,
}

/// Why a till does not start a charge. Nothing was sent or kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TillRefused {
    /// The order itself.
    Start(StartRefused),
    /// The sale was started with another amount, payer, currency or instrument. The caller is to blame: a sale id is
    /// used once.
    OtherOrder,
    /// The payer has an open charge: nobody could tell which prompt was approved. Wait for its end.
    PayerBusy,
    /// All places are taken by open charges.
    Full,
    /// A cap was reached.
    Cap(CapReached),
    /// Too many charges need review. Somebody must look first.
    ReviewsFull,
    /// The charge id is in use. Ids come from [`IdGenerator`](crate::id_generator::IdGenerator), each once.
    IdInUse,
}

impl fmt::Display for TillRefused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TillRefused::Start(refused) => refused.fmt(out),
            TillRefused::OtherOrder => out.write_str(
                "this sale was started with another amount, payer, currency or instrument: use a new sale id",
            ),
            TillRefused::PayerBusy => out.write_str("this payer has an open charge: wait for its end"),
            TillRefused::Full => {
                out.write_str("all places are taken by open charges: wait for the end of one")
            }
            TillRefused::Cap(CapReached::Amount) => {
                out.write_str("the amount is above the cap for one charge")
            }
            TillRefused::Cap(CapReached::ChargesPerHour) => {
                out.write_str("the cap of charges per hour is reached")
            }
            TillRefused::Cap(CapReached::SumPerHour) => {
                out.write_str("the cap of the sum per hour is reached")
            }
            TillRefused::ReviewsFull => out.write_str("too many charges need review: resolve some first"),
            TillRefused::IdInUse => {
                out.write_str("the charge id is in use: take the next one of the generator")
            }
        }
    }
}

impl core::error::Error for TillRefused {}

/// Why a till does not take up a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum TakeUpRefused {
    /// The record, or what it is gone on with.
    Recover(RecoverError),
    /// There is no place: build the till with more, or finish this record's charge first.
    Full,
    /// The till has this charge already.
    Twice,
}

impl fmt::Display for TakeUpRefused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TakeUpRefused::Recover(error) => error.fmt(out),
            TakeUpRefused::Full => {
                out.write_str("the till has no place for this charge: build it with more places")
            }
            TakeUpRefused::Twice => out.write_str("the till has this charge already"),
        }
    }
}

impl core::error::Error for TakeUpRefused {}

impl<const N: usize> Till<N> {
    /// An empty till.
    pub fn new(caps: Caps) -> Self {
        Till { places: Vec::new(), reviews: Vec::new(), caps, last_hour: LastHour::default(), first: 0 }
    }

    /// Starts the charge of a sale, or finds it: one sale is charged once however often it is started (R10).
    ///
    /// The till knows the charges that have a place. A sale that has ended has left it: whoever keeps the journal looks
    /// there first, and does not start a sale that has a record.
    pub fn start(
        &mut self,
        now: Instant,
        carrier: &Carrier<'_>,
        order: &Order<'_>,
        id: &ChargeId,
    ) -> Result<Started, TillRefused> {
        if let Some(charge) = self.charge(order.sale) {
            return if charge.is_for(carrier.profile, order) {
                Ok(Started::Before)
            } else {
                Err(TillRefused::OtherOrder)
            };
        }
        if self.reviews.contains(order.sale) {
            return Err(TillRefused::OtherOrder);
        }
        if self.reviews.is_full() {
            return Err(TillRefused::ReviewsFull);
        }
        if self.places.iter().any(|charge| charge.sale() == Sale::Open && charge.is_from(order.subscriber)) {
            return Err(TillRefused::PayerBusy);
        }
        let charge = Charge::start(now, carrier, order, id).map_err(TillRefused::Start)?;
        if self.places.iter().any(|other| other.tag() == charge.tag()) {
            return Err(TillRefused::IdInUse);
        }
        if !self.make_room(now) {
            return Err(TillRefused::Full);
        }
        self.last_hour.count(now, &self.caps, order.amount).map_err(TillRefused::Cap)?;
        self.places.push(charge).map_err(|_| TillRefused::Full)?;
        Ok(Started::New)
    }

    /// Takes up the charge of a record: at boot each record of the journal that is not finished, later one whose
    /// notification came or that a person wants to resolve.
    pub fn recover(
        &mut self,
        now: Instant,
        carrier: &Carrier<'_>,
        record: &[u8],
        at_boot: AtBoot,
    ) -> Result<(), TakeUpRefused> {
        let charge = Charge::recover(now, carrier, record, at_boot).map_err(TakeUpRefused::Recover)?;
        self.take_up(now, charge)
    }

    /// Takes up the charge of an older record whose newer one is damaged (R44): it is in doubt and needs review.
    pub fn recover_damaged(
        &mut self,
        now: Instant,
        carrier: &Carrier<'_>,
        older: &[u8],
    ) -> Result<(), TakeUpRefused> {
        let charge = Charge::recover_damaged(now, carrier, older).map_err(TakeUpRefused::Recover)?;
        self.take_up(now, charge)
    }

    /// Takes what happened. Answers and storage find their charge by the token, notifications by their ids; one that is
    /// nobody's is [`Ignored::NotOurs`]: keep it in quarantine, and look for its charge in the journal.
    pub fn handle_input(&mut self, now: Instant, profile: &Profile<'_>, input: Input<'_>) -> Handled {
        let tag = match &input {
            Input::Response { token, .. } | Input::Lost { token, .. } => token.charge,
            Input::Persisted(token) | Input::PersistFailed(token) => token.charge,
            Input::Command(Command::ReleaseDone(permit) | Command::ReleaseFailed(permit)) => permit.charge,
            #[cfg(feature = "notifications")]
            Input::Notification { ticket, notification } => {
                return self.notify(now, profile, *ticket, notification);
            }
            // Which sale is meant must be said: see `command`.
            Input::Command(_) => return Handled::Ignored(Ignored::OtherCharge),
            Input::Tick => return self.tick(now, profile),
        };
        match self.places.iter_mut().find(|charge| charge.tag() == tag) {
            Some(charge) => charge.handle_input(now, profile, input),
            None => Handled::Ignored(Ignored::OtherCharge),
        }
    }

    /// Gives a command for one sale. `None` if the till has no charge for it.
    pub fn command(
        &mut self,
        now: Instant,
        profile: &Profile<'_>,
        sale: &SaleId,
        command: Command<'_>,
    ) -> Option<Handled> {
        let charge = self.places.iter_mut().find(|charge| charge.sale_id() == sale.as_str())?;
        Some(charge.handle_input(now, profile, Input::Command(command)))
    }

    /// The next thing to do for any charge, and for which; with `None`, when to ask again.
    pub fn poll_output<'b>(
        &mut self,
        now: Instant,
        carrier: &Carrier<'b>,
        buffer: &'b mut [u8],
    ) -> (Option<Place>, Output<'b>) {
        self.sweep(now);
        let count = self.places.len();
        let mut wait: Option<Instant> = None;
        for step in 0..count {
            let at = (self.first + step) % count;
            let Some(charge) = self.places.get_mut(at) else { continue };
            if charge.is_waiting(now, carrier.profile) {
                wait = earlier(wait, charge.next_time());
            } else {
                self.first = at + 1;
                return (Some(Place(at)), charge.poll_output(now, carrier, buffer));
            }
        }
        (None, Output::Wait(wait))
    }

    /// The charge of a sale, if the till has it.
    pub fn charge(&self, sale: &SaleId) -> Option<&Charge> {
        self.places.iter().find(|charge| charge.sale_id() == sale.as_str())
    }

    /// The charge that an output is about.
    pub fn at(&self, place: Place) -> Option<&Charge> {
        self.places.get(place.0)
    }

    /// All charges that have a place.
    pub fn charges(&self) -> impl Iterator<Item = &Charge> {
        self.places.iter()
    }

    /// The sales that need review and have left their places. Take one up again with its record, and resolve it.
    pub fn reviews(&self) -> &[SaleId] {
        &self.reviews
    }

    fn take_up(&mut self, now: Instant, charge: Charge) -> Result<(), TakeUpRefused> {
        if self.places.iter().any(|other| other.tag() == charge.tag()) {
            return Err(TakeUpRefused::Twice);
        }
        if !self.make_room(now) {
            return Err(TakeUpRefused::Full);
        }
        if let Some(at) = self.reviews.iter().position(|sale| sale.as_str() == charge.sale_id()) {
            self.reviews.swap_remove(at);
        }
        self.places.push(charge).map_err(|_| TakeUpRefused::Full)
    }

    #[cfg(feature = "notifications")]
    fn notify(
        &mut self,
        now: Instant,
        profile: &Profile<'_>,
        ticket: Ticket,
        notification: &Notification,
    ) -> Handled {
        self.places
            .iter_mut()
            .map(|charge| charge.handle_input(now, profile, Input::Notification { ticket, notification }))
            .find(|handled| *handled != Handled::Ignored(Ignored::NotOurs))
            .unwrap_or(Handled::Ignored(Ignored::NotOurs))
    }

    fn tick(&mut self, now: Instant, profile: &Profile<'_>) -> Handled {
        for charge in &mut self.places {
            let _ = charge.handle_input(now, profile, Input::Tick);
        }
        Handled::Done
    }

    /// Makes a place free if none is: a charge that is only listened for gives way, its record stays.
    fn make_room(&mut self, now: Instant) -> bool {
        self.sweep(now);
        if self.places.is_full() {
            if let Some(at) = self.places.iter().position(Charge::is_settled) {
                self.leave(at);
            }
        }
        !self.places.is_full()
    }

    /// Takes the places of finished charges away.
    fn sweep(&mut self, now: Instant) {
        let mut at = 0;
        while let Some(charge) = self.places.get(at) {
            if !(charge.is_finished(now) && self.leave(at)) {
                at += 1;
            }
        }
    }

    /// Takes a charge's place away; one that needs review is kept in the list. `false` if the list is full.
    fn leave(&mut self, at: usize) -> bool {
        let Some(charge) = self.places.get(at) else { return false };
        if matches!(charge.review(), Review::Needed(_)) {
            let listed = SaleId::new(charge.sale_id()).is_ok_and(|sale| self.reviews.push(sale).is_ok());
            if !listed {
                return false;
            }
        }
        self.places.remove(at);
        true
    }
}

fn earlier(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
