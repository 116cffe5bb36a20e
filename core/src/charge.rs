//! One sale's payment: the state machine.
//!
//! A [`Charge`] gathers evidence from answers, notifications and time, and derives from it what the application sees:
//! [`Payment`], [`Sale`], [`Release`], what was received, what is to be refunded, and whether a person must look. The
//! derivation is the table in [`transition`]. The caller owns the clock, the buffers and the storage:
//!
//! 1. [`Charge::start`] (or [`Charge::recover`] after a restart).
//! 2. Call [`Charge::poll_output`] until it says [`Output::Wait`]; do what each output says.
//! 3. When something happens (an answer, a notification, a command, or the time of the `Wait`), pass it to
//!    [`Charge::handle_input`] and go to 2.
//!
//! Nothing is handed out before it is durable: what could move money, tell of money or release goods is produced by
//! `durable::Durable` only, which exists only while storage holds all that the charge knows.

pub mod advice;
mod attempt;
mod attempts;
pub(crate) mod durable;
mod evidence;
mod facts;
pub mod guard;
pub mod input;
mod kept;
mod kept_review;
mod lasting;
mod news;
#[cfg(feature = "notifications")]
mod notified;
pub mod output;
mod plan;
#[cfg_attr(not(feature = "notifications"), expect(dead_code, reason = "only notifications credit"))]
mod received;
pub mod record;
mod recover;
mod rules;
mod short_code;
mod summary;
mod texts;
mod timers;
pub mod transition;

use core::fmt;

use heapless::Vec;

pub use advice::Advice;
pub use evidence::Sent;
pub use guard::{GUARDS, Guard, Guards};
pub use input::{Command, Handled, Ignored, Input, Refusal, Resolution};
pub use output::{
    BUFFER_MAX, Event, MustAct, Output, PersistToken, ReleasePermit, Request, SendToken, Ticket,
};
pub use record::{RECORD_MAX, Record};
pub use recover::{AtBoot, RecoverError};
pub use summary::Summary;
pub use transition::{Payment, Phase};

use crate::credentials::Credentials;
use crate::id::{Masked, SALE_ID_MAX, SUBSCRIBER_MAX, SaleId, Subscriber, payer};
use crate::id_generator::{CHARGE_ID_MAX, ChargeId};
use crate::money::{Amount, AmountError, Currency};
use crate::profile::{CapturesAt, Consent, Instrument, Profile};
use crate::time::{Instant, Millis};
use crate::wire::request::{RequestFault, has_credentials};
use attempt::{Attempt, Mark, Surroundings};
use durable::Storage;
use kept::Kept;
use kept_review::KeptReview;
use lasting::Lasting;
use news::Told;
use plan::Planned;
use received::Counted;
use texts::{Slot, TEXTS_MAX};
use timers::{Timer, Timers, WAIT_MAX};

/// Attempts of one charge, at most.
pub const ATTEMPTS_MAX: usize = 3;
/// Charge requests of one attempt, at most: one bit each in the evidence.
pub const SENDS_MAX: u8 = 8;
/// Payment references of one charge, at most; a further one is kept as a sum and needs review.
pub const CREDITS_MAX: usize = 4;
/// Notifications of one charge that wait for their reply at the same time, at most; a further one is told to come
/// again.
pub const TICKETS_MAX: usize = 4;
/// Restarts that one open charge goes through before a person must look at it.
pub const RECOVERIES_MAX: u8 = 16;
/// Longest base URL that a record keeps.
pub const ENDPOINT_MAX: usize = 96;
/// Longest `accountId` and longest name of an instrument.
pub const INSTRUMENT_NAME_MAX: usize = 24;

/// Who is charged through: the profile, what proves us to it, and where it is. The same for all calls of one charge.
#[derive(Clone, Copy)]
pub struct Carrier<'a> {
    /// What the carrier can do.
    pub profile: &'a Profile<'a>,
    /// What proves us to it.
    pub credentials: &'a Credentials,
    /// Base URL, without a slash at its end; at most [`ENDPOINT_MAX`] characters.
    pub endpoint: &'a str,
}

/// What is to be charged.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// The caller's name for the sale.
    pub sale: &'a SaleId,
    /// The payer.
    pub subscriber: &'a Subscriber,
    /// How much.
    pub amount: Amount,
    /// In what; `None`: the profile's first currency.
    pub currency: Option<Currency>,
    /// Name of the instrument; `None`: the profile's first.
    pub instrument: Option<&'a str>,
    /// `accountId`; names a person at eZ Cash, so it is masked like a subscriber.
    pub account: Option<&'a Subscriber>,
    /// How long the sale stays open, in milliseconds; `None`: the profile's window.
    pub window: Option<Millis>,
    /// Attempts that may be made without asking, 1 to [`ATTEMPTS_MAX`]: a further one only after the carrier said "not
    /// approved" when asked after the window's end.
    pub attempts: u8,
}

impl<'a> Order<'a> {
    /// An order of `amount` from `subscriber`, with everything else as the profile has it.
    pub fn new(sale: &'a SaleId, subscriber: &'a Subscriber, amount: Amount) -> Self {
        Order {
            sale,
            subscriber,
            amount,
            currency: None,
            instrument: None,
            account: None,
            window: None,
            attempts: 1,
        }
    }
}

/// Why a charge is refused before anything is sent or kept. The caller or the configuration is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum StartRefused {
    /// An amount of nothing.
    NothingToCharge,
    /// The carrier cannot express the amount.
    Amount(AmountError),
    /// Above the profile's largest amount.
    AboveLimit,
    /// Not one of the amounts that are provisioned at the carrier.
    NotAPricePoint,
    /// The carrier does not take this currency.
    Currency,
    /// The profile has no instrument of that name.
    Instrument,
    /// This build of the crate lacks what the carrier or the instrument needs.
    NotBuiltIn,
    /// A credential that the profile or the instrument needs is empty.
    MissingCredential,
    /// There is a charge where this one was to be made ([`Charge::start_in`]).
    PlaceTaken,
    /// The endpoint is longer than [`ENDPOINT_MAX`], or the profile's or an instrument's name is too long.
    ConfigurationTooLong,
}

impl fmt::Display for StartRefused {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartRefused::NothingToCharge => out.write_str("the amount is zero: there is nothing to charge"),
            StartRefused::Amount(error) => error.fmt(out),
            StartRefused::AboveLimit => {
                out.write_str("the amount is above the profile's limit for one charge")
            }
            StartRefused::NotAPricePoint => out.write_str(
                "the amount is not one that is provisioned at the carrier: choose one of the price points",
            ),
            StartRefused::Currency => out.write_str("the carrier does not take this currency"),
            StartRefused::Instrument => out.write_str("the profile has no payment instrument of this name"),
            StartRefused::NotBuiltIn => out.write_str(
                "this build lacks what the carrier needs: switch on caas-core's feature debits, notifications or prompts",
            ),
            StartRefused::MissingCredential => {
                out.write_str("a credential that the carrier wants is missing: check the configuration")
            }
            StartRefused::PlaceTaken => {
                out.write_str("another charge has this place: bring it to its end and put it away first")
            }
            StartRefused::ConfigurationTooLong => {
                out.write_str("the endpoint or a name in the profile is too long: check the configuration")
            }
        }
    }
}

impl core::error::Error for StartRefused {}

/// Whether the sale still takes place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Sale {
    /// It does.
    Open,
    /// It does not, or no more.
    Closed(Closing),
}

/// How a sale ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Closing {
    /// The goods were released.
    // From 1, so that an open sale is zero, as a charge begins.
    Fulfilled = 1,
    /// The caller cancelled it, or the goods could not be released.
    Cancelled,
    /// Its time was over.
    Expired,
    /// The carrier, the storage or the configuration refused it.
    Refused,
}

/// Whether the goods left the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Release {
    /// Not started.
    None,
    /// Not released; what was paid is to be refunded.
    Failed,
    /// Started; the result is not known yet.
    Started,
    /// Released.
    Done,
    /// The power went between start and result: counted as released.
    Uncertain,
}

impl Release {
    /// Whether the payer counts as having the goods. (MDB 4.2 §7.4.7: without a result, the vend counts as made.)
    pub const fn counts(self) -> bool {
        matches!(self, Release::Started | Release::Done | Release::Uncertain)
    }
}

/// Whether a person must look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Review {
    /// No.
    None,
    /// Yes, because of this. End it with [`Command::Resolve`].
    Needed(Reason),
    /// A person looked and decided.
    Resolved(Verdict),
}

/// Why a person must look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Reason {
    /// Money may have moved, and all effort to find out is spent.
    InDoubt,
    /// Money came under ids that the carrier did not name in an answer.
    UnmatchedPayment,
    /// Money came under more references than a charge keeps.
    TooManyReferences,
    /// Money was heard of after a person had decided.
    PaidAfterReview,
    /// The newest record of the charge was damaged.
    DamagedRecord,
    /// Paid, while another attempt of this charge may have charged too.
    OtherAttemptInDoubt,
    /// Paid as notifications say, above what the profile releases without an answer that says "executed".
    PaidByNotificationOnly,
}

/// What a person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Verdict {
    /// The carrier did charge.
    Charged,
    /// The carrier did not charge.
    NotCharged,
    /// What was due was paid back.
    Refunded,
}

/// Evidence that contradicts other evidence. It downgrades nothing; it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u8)]
pub enum Conflict {
    /// A failure was reported after a success.
    FailedAfterPaid = 1 << 0,
    /// An answer repeats an id, amount, currency or subscriber that is not this charge's.
    AnswerForAnother = 1 << 1,
    /// A notification has an amount or a currency that cannot be.
    BadNotification = 1 << 2,
    /// A failed notification names a total above what is known.
    FailedWithMoney = 1 << 3,
    /// Money came under ids that the carrier did not name in an answer.
    UnmatchedPayment = 1 << 4,
    /// Money came under more references than a charge keeps.
    TooManyReferences = 1 << 5,
    /// Money was heard of after a person had decided.
    PaidAfterReview = 1 << 6,
}

/// All conflicts, in the order in which they are told.
pub static CONFLICTS: [Conflict; 7] = [
    Conflict::FailedAfterPaid,
    Conflict::AnswerForAnother,
    Conflict::BadNotification,
    Conflict::FailedWithMoney,
    Conflict::UnmatchedPayment,
    Conflict::TooManyReferences,
    Conflict::PaidAfterReview,
];

/// One sale's payment. See the [module](self) for how to drive it.
///
/// Its fields stand in this order: what is asked for most stands in the first 32 bytes, which a short instruction of a
/// microcontroller reaches.
#[repr(C)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
pub struct Charge {
    storage: Storage,
    sale: Sale,
    release: Release,
    review: KeptReview,
    flight: Option<Planned>,
    planned: Option<Planned>,
    // What the profile says; like all that no record holds, a restart forgets it.
    consent: Consent,
    captures_at: CapturesAt,
    deduplicates: bool,
    /// One bit for each charge request that an attempt may have.
    sends: u8,
    attempts_max: u8,
    retry_wanted: bool,
    handed_out: bool,
    /// How often the pause between two confirms was doubled.
    doublings: u8,
    /// Confirms of the latest attempt that were asked before its window began, or began anew with a late acceptance: what
    /// they say is not of it.
    asked_before: u8,
    instrument: u8,
    release_told: bool,
    timers: Timers,

    /// Up to this amount, notifications alone are evidence enough for the goods.
    notified_release: Kept,
    /// What a record holds, beside the three states.
    lasting: Lasting,

    // What a restart forgets.
    told: Told,
    tickets: Vec<Ticket, TICKETS_MAX, u8>,
    fault: Option<RequestFault>,
    guards: Guards,
}

/// Bytes that one open charge takes in the memory of a microcontroller, at most.
pub const CHARGE_BYTES_MAX: usize = 512;

#[cfg(all(target_pointer_width = "32", not(feature = "model")))]
const _: () = assert!(size_of::<Charge>() <= CHARGE_BYTES_MAX);

impl Charge {
    /// Starts a charge: nothing is sent before its first record is durable. `id` must be new
    /// ([`IdGenerator`](crate::id_generator::IdGenerator)).
    ///
    /// That one sale is started once, and one subscriber has one open charge, is the business of whoever keeps the
    /// charges: [`Till`](crate::till::Till), or a host's journal.
    #[inline(never)]
    pub fn start(
        now: Instant,
        carrier: &Carrier<'_>,
        order: &Order<'_>,
        id: &ChargeId,
    ) -> Result<Self, StartRefused> {
        let mut charge = Charge::new(now);
        match charge.take_order(carrier, order, id) {
            Ok(()) => Ok(charge),
            Err(refused) => Err(refused),
        }
    }

    /// As [`Charge::start`], where the charge is to stay, without a copy. If it is refused, nothing is there; a charge that
    /// is there already stays as it is, and nothing is started ([`StartRefused::PlaceTaken`]).
    pub fn start_in(
        place: &mut Option<Self>,
        now: Instant,
        carrier: &Carrier<'_>,
        order: &Order<'_>,
        id: &ChargeId,
    ) -> Result<(), StartRefused> {
        if place.is_some() {
            return Err(StartRefused::PlaceTaken);
        }
        let taken = Charge::new_in(place, now).take_order(carrier, order, id);
        if taken.is_err() {
            *place = None;
        }
        taken
    }

    /// Notes what is ordered, if it can be charged.
    fn take_order(
        &mut self,
        carrier: &Carrier<'_>,
        order: &Order<'_>,
        id: &ChargeId,
    ) -> Result<(), StartRefused> {
        let profile = carrier.profile;
        let (index, instrument) = profile.instrument(order.instrument).ok_or(StartRefused::Instrument)?;
        if !self.take_terms(profile, index, instrument) {
            return Err(StartRefused::NotBuiltIn);
        }
        check_amount(profile, order.amount)?;
        check_configuration(carrier, instrument.name)?;
        let currency = profile.currencies.iter().find(|taken| order.currency.is_none_or(|it| it == **taken));
        let currency = *currency.ok_or(StartRefused::Currency)?;
        if !has_credentials(profile, carrier.credentials, instrument.agent_params) {
            return Err(StartRefused::MissingCredential);
        }
        self.lasting.amount = Kept::new(order.amount);
        self.lasting.set_currency(currency);
        self.lasting.auto_attempts = order.attempts;
        self.take_texts(order, id);
        self.open_for(order.window.unwrap_or(profile.windows.sale));
        // As the application knows: nothing has happened yet.
        self.told.payment = Some(Payment::Requested);
        Ok(())
    }

    fn take_texts(&mut self, order: &Order<'_>, id: &ChargeId) {
        self.take_text(Slot::SALE, order.sale.as_str());
        self.take_text(Slot::SUBSCRIBER, order.subscriber.expose());
        self.take_text(Slot::CHARGE_ID, id.as_str());
        if let Some(account) = order.account {
            self.take_text(Slot::ACCOUNT, account.expose());
        }
    }

    /// A text of an order, for which there is room whatever the others are: an account is as long as a subscriber may be.
    fn take_text(&mut self, slot: Slot, text: &str) {
        const { assert!(SALE_ID_MAX + SUBSCRIBER_MAX + CHARGE_ID_MAX + SUBSCRIBER_MAX <= TEXTS_MAX) };
        let _ = self.lasting.texts.set(slot, text.as_bytes());
    }

    /// A charge of which nothing is known. It is made where it is to be, and then told what it is: a copy of it would be
    /// most of the stack.
    #[inline(never)]
    fn new_in(place: &mut Option<Self>, now: Instant) -> &mut Self {
        place.insert(Charge::new(now))
    }

    #[inline(always)]
    fn new(now: Instant) -> Self {
        Charge {
            lasting: Lasting::new(),
            instrument: 0,
            sale: Sale::Open,
            release: Release::None,
            review: KeptReview::NONE,
            consent: Consent::None,
            captures_at: CapturesAt::Request,
            deduplicates: false,
            sends: 0,
            attempts_max: 0,
            notified_release: Kept::ZERO,
            storage: Storage::default(),
            flight: None,
            planned: None,
            timers: Timers::starting(now),
            doublings: 0,
            asked_before: 0,
            release_told: false,
            told: Told::default(),
            tickets: Vec::new(),
            retry_wanted: false,
            handed_out: false,
            fault: None,
            guards: Guards::default(),
        }
    }

    /// What the profile says, and the instrument with this index, which is the charge's from now on. `false` if this
    /// build lacks what they need.
    #[inline(never)]
    fn take_terms(&mut self, profile: &Profile<'_>, index: u8, instrument: &Instrument<'_>) -> bool {
        self.instrument = index;
        self.consent = instrument.consent;
        self.captures_at = instrument.captures_at;
        self.deduplicates = profile.deduplicates;
        self.sends = ((1u16 << profile.limits.sends.min(SENDS_MAX)) - 1) as u8;
        self.attempts_max = profile.limits.attempts.min(ATTEMPTS_MAX as u8);
        self.notified_release = Kept::new(profile.limits.notified_release);
        profile.is_built_in(instrument)
    }

    /// The sale is open for so long.
    fn open_for(&mut self, window: Millis) {
        let window = window.min(WAIT_MAX);
        self.lasting.set_window(window);
        self.timers.set(Timer::SaleEnds, window);
    }

    /// Switches a guard off, for a model checker that is to notice.
    #[cfg(feature = "model")]
    pub fn remove_guard(&mut self, guard: Guard) {
        self.guards = Guards::without(guard);
    }

    /// Numbers the records from the start again: for a model checker, to which charges that differ only in how often they
    /// were written are the same.
    #[cfg(feature = "model")]
    pub fn renumber_records(&mut self) {
        self.storage.renumber();
    }

    /// The caller's name for the sale.
    pub fn sale_id(&self) -> &str {
        self.lasting.texts.get_str(Slot::SALE)
    }

    /// The charge's own id; `externalTrxId` of an attempt is made from it.
    pub fn charge_id(&self) -> &str {
        self.lasting.texts.get_str(Slot::CHARGE_ID)
    }

    /// The payer, masked.
    pub fn subscriber(&self) -> Masked<'_> {
        Masked(self.lasting.texts.get_str(Slot::SUBSCRIBER))
    }

    /// Whether this charge is from that payer, however the telephone's number is written.
    pub fn is_from(&self, subscriber: &Subscriber) -> bool {
        payer(self.lasting.texts.get(Slot::SUBSCRIBER)) == payer(subscriber.expose().as_bytes())
    }

    /// Whether an order is the one that this charge was started with: same amount, payer, currency and instrument.
    pub fn is_for(&self, profile: &Profile<'_>, order: &Order<'_>) -> bool {
        let instrument = profile.instrument(order.instrument).map(|(index, _)| index);
        let currency = order.currency.or(profile.currencies.first().copied());
        self.lasting.texts.get(Slot::SUBSCRIBER) == order.subscriber.expose().as_bytes()
            && self.amount() == order.amount
            && currency == Some(self.currency())
            && instrument == Some(self.instrument)
    }

    /// The sale's amount.
    pub fn amount(&self) -> Amount {
        self.lasting.amount.amount()
    }

    /// The sale's currency.
    pub const fn currency(&self) -> Currency {
        self.lasting.currency()
    }

    /// What the application sees of the payment.
    pub fn payment(&self) -> Payment {
        self.facts().payment()
    }

    /// Which request moves the money of this charge.
    pub const fn captures_at(&self) -> CapturesAt {
        self.captures_at
    }

    /// Whether the sale still takes place.
    pub const fn sale(&self) -> Sale {
        self.sale
    }

    /// Whether the goods left the machine.
    pub const fn release(&self) -> Release {
        self.release
    }

    /// Whether a person must look.
    pub const fn review(&self) -> Review {
        self.review.get()
    }

    /// Who resolved the review; empty if nobody did.
    pub fn reviewer(&self) -> &str {
        self.lasting.texts.get_str(Slot::REVIEWER)
    }

    /// All that was received, over all references.
    pub fn received(&self) -> Amount {
        self.money(Counted::All)
    }

    /// What is owed back to the payer: once the sale is closed, all that was received and not earned by a release.
    pub fn refund_due(&self) -> Amount {
        if self.sale == Sale::Open {
            return Amount::ZERO;
        }
        let earned = if self.release.counts() { self.amount() } else { Amount::ZERO };
        self.received().saturating_sub(earned).saturating_sub(self.lasting.refunded.amount())
    }

    /// Whether a capture is still possible by what is known: an attempt is in doubt, pending, or only listened for.
    /// "Failed" together with `false` here is final.
    pub fn may_still_charge(&self) -> bool {
        self.facts().any(facts::MAY_STILL_CHARGE)
    }

    /// Where each attempt stands, the first one first.
    pub fn attempts(&self) -> impl Iterator<Item = (Phase, &str)> {
        self.numbers()
            .zip(self.lasting.attempts.places())
            .map(|(number, attempt)| (self.phase_of(number), attempt.code.as_str()))
    }

    /// What the carrier named the latest attempt (`reference`, `referenceId`), if it did.
    pub fn reference(&self) -> Option<&str> {
        Some(self.lasting.texts.get_str(Slot::reference(self.latest_number())))
            .filter(|text| !text.is_empty())
    }

    /// What the payer is to read, if the carrier said something.
    pub fn payer_text(&self) -> Option<&str> {
        Some(self.lasting.texts.get_str(Slot::PAYER_TEXT)).filter(|text| !text.is_empty())
    }

    /// What the payer must do, as [`Event::PayerMustAct`] told: for as long as it is so.
    pub fn must_act(&self) -> MustAct<'_> {
        MustAct {
            text: self.lasting.texts.get(Slot::PAYER_TEXT),
            reference: self.lasting.texts.get(Slot::reference(self.latest_number())),
            amount_due: self.lasting.amount_due.get(),
        }
    }

    /// The conflicts that were noticed.
    pub fn conflicts(&self) -> impl Iterator<Item = Conflict> + '_ {
        CONFLICTS.iter().copied().filter(|conflict| self.lasting.conflicts & *conflict as u8 != 0)
    }

    /// Whether storage holds everything that the charge knows.
    pub fn is_durable(&self) -> bool {
        self.storage.is_durable()
    }

    /// Whether nothing is left to do, and nothing is listened for any more ([`Charge::is_settled`], and the profile's
    /// `listen` window is over). The record stays; later notifications still count after [`Charge::recover`].
    pub fn is_finished(&self, now: Instant) -> bool {
        self.is_settled() && !self.timers.is_ahead_at(Timer::ListenUntil, now)
    }

    /// Whether nothing is left to do: the sale is closed, everything is durable and told, and either all is clear or a
    /// person must look. Money may still come by notification.
    pub fn is_settled(&self) -> bool {
        let facts = self.facts();
        facts.is_clear_or_reviewed()
            && !facts.any(facts::OPEN | facts::FLYING)
            && self.release != Release::Started
            && (self.storage.is_durable() || self.was_never_sent())
            && self.tickets.is_empty()
            && self.is_told()
    }

    #[inline(never)]
    fn money(&self, counted: Counted) -> Amount {
        self.lasting.received.sum(self.lasting.attempts.places(), self.amount(), counted)
    }

    fn is_paid_in_full(&self) -> bool {
        self.money(Counted::Matched) >= self.amount()
    }

    /// Whether the evidence of payment is good enough for the goods (R41): above the profile's limit, notifications
    /// alone are not.
    fn is_vouched_for(&self) -> bool {
        let answered = self.lasting.attempts.places().iter().any(|attempt| attempt.has(Mark::Executed));
        answered || self.amount() <= self.notified_release.amount()
    }

    /// Whether the profile and the charge have room for another attempt.
    fn has_attempt_left(&self) -> bool {
        self.lasting.attempts.count() < self.attempts_max
    }

    /// One bit for the send under way, if it is that attempt's.
    fn in_flight(&self, attempt: u8) -> u8 {
        match &self.flight {
            Some(flight) if flight.attempt == attempt && !flight.service.is_confirm() => flight.index,
            _ => 0,
        }
    }

    /// Where the attempt with this number stands.
    #[inline(never)]
    fn phase_of(&self, number: u8) -> Phase {
        let Some(attempt) = self.lasting.attempts.get(number) else { return Phase::Planned };
        attempt.phase(&Surroundings {
            in_flight: self.in_flight(number),
            confirm_in_flight: self
                .flight
                .as_ref()
                .is_some_and(|flight| flight.attempt == number && flight.service.is_confirm()),
            deduplicates: self.deduplicates,
            confirm_captures: self.captures_at.may_be_confirm(),
            consent_captures: self.captures_at != CapturesAt::Confirm,
            prompted: self.consent.is_prompt(),
            sale_open: self.sale == Sale::Open && self.is_latest(number),
            sends: self.sends,
        })
    }

    fn attempt_mut(&mut self, number: u8) -> Option<&mut Attempt> {
        self.lasting.attempts.get_mut(number)
    }

    /// The numbers of the attempts.
    fn numbers(&self) -> core::ops::Range<u8> {
        0..self.lasting.attempts.count()
    }

    fn latest_number(&self) -> u8 {
        self.lasting.attempts.latest()
    }

    fn is_latest(&self, number: u8) -> bool {
        number == self.latest_number()
    }

    fn latest(&self) -> Option<&Attempt> {
        self.lasting.attempts.get(self.latest_number())
    }

    /// Whether no byte of any request of this charge was ever handed out, in this life or an earlier one.
    fn was_never_sent(&self) -> bool {
        !self.handed_out && self.received().is_zero()
    }

    #[inline(never)]
    fn close(&mut self, closing: Closing) {
        if self.sale == Sale::Open {
            self.sale = Sale::Closed(closing);
            self.storage.touch();
        }
    }

    #[inline(never)]
    fn need_review(&mut self, reason: Reason) {
        if self.review.reason().is_none() {
            self.review = KeptReview::needed(reason);
            self.storage.touch();
        }
    }

    #[inline(never)]
    fn note_conflict(&mut self, conflict: Conflict) {
        if self.lasting.conflicts & conflict as u8 == 0 {
            self.lasting.conflicts |= conflict as u8;
            self.storage.touch();
        }
    }

    fn set_mark(&mut self, attempt: u8, mark: Mark) {
        if let Some(attempt) = self.attempt_mut(attempt) {
            if !attempt.has(mark) {
                attempt.mark(mark);
                self.storage.touch();
            }
        }
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Charge")
            .field("sale_id", &self.sale_id())
            .field("charge_id", &self.charge_id())
            .field("subscriber", &self.subscriber())
            .field("amount", &self.amount())
            .field("payment", &self.payment())
            .field("sale", &self.sale)
            .field("release", &self.release)
            .field("review", &self.review())
            .field("received", &self.received())
            .field("attempts", &self.lasting.attempts)
            .finish_non_exhaustive()
    }
}

fn check_amount(profile: &Profile<'_>, amount: Amount) -> Result<(), StartRefused> {
    if amount.is_zero() {
        return Err(StartRefused::NothingToCharge);
    }
    amount.check(profile.amount_format).map_err(StartRefused::Amount)?;
    if amount > profile.limits.amount {
        return Err(StartRefused::AboveLimit);
    }
    if !profile.price_points.is_empty() && !profile.price_points.contains(&amount) {
        return Err(StartRefused::NotAPricePoint);
    }
    Ok(())
}

fn check_configuration(carrier: &Carrier<'_>, instrument: &str) -> Result<(), StartRefused> {
    let fits = carrier.endpoint.len() <= ENDPOINT_MAX
        && carrier.profile.name.len() <= crate::profile::PROFILE_NAME_MAX
        && instrument.len() <= INSTRUMENT_NAME_MAX;
    if fits { Ok(()) } else { Err(StartRefused::ConfigurationTooLong) }
}
