//! Everything the simulator knows, and what time does to it. Nothing here touches a socket.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::agenda::{Agenda, Due};
use crate::calendar::LocalTime;
use crate::clock::{VirtualClock, milliseconds};
use crate::exchange::{self, ServiceCall};
use crate::executed_debit::ExecutedDebits;
use crate::fault_plan::FaultPlan;
use crate::ids::Ids;
use crate::outbox::Outbox;
use crate::prompts::Prompts;
use crate::random::Random;
use crate::rate_limit::RateLimits;
use crate::request_log::RequestLog;
use crate::settings::{Payer, Settings};
use crate::shelf::Shelf;
use crate::{
    Capture, CaptureSource, CarrierFamily, ConfirmMeaning, EzCashRequest, Ledger, Prompt, PromptState,
    Refused, Service, SimulatorEvent, Subscriber, magic,
};

pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) clock: VirtualClock,
    pub(crate) ids: Ids,
    pub(crate) random: Random,
    pub(crate) book: Book,
    pub(crate) rate_limits: RateLimits,
    /// Counts what happened, for the file that it is kept in.
    pub(crate) version: u64,
    /// Somebody hears the events.
    pub(crate) observed: bool,
}

/// What a reset forgets.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Book {
    pub(crate) subscribers: BTreeMap<String, Subscriber>,
    pub(crate) prompts: Prompts,
    pub(crate) ezcash: Payments,
    pub(crate) debits: ExecutedDebits,
    pub(crate) ledger: Ledger,
    pub(crate) outbox: Outbox,
    pub(crate) faults: FaultPlan,
    /// What a service answers instead of executing.
    pub(crate) status_codes: BTreeMap<Service, String>,
    pub(crate) log: RequestLog,
    pub(crate) agenda: Agenda,
    #[serde(skip)]
    pub(crate) events: Vec<SimulatorEvent>,
    /// Something happened since the last look, heard or not.
    #[serde(skip)]
    pub(crate) happened: bool,
}

/// The payments asked for at eZ Cash: as many as prompts, for the same reason.
pub(crate) type Payments = Shelf<EzCashRequest, { Prompts::KEPT }>;

impl State {
    /// More numbers than a load test has; each is about 200 bytes. The next new one is refused.
    pub(crate) const SUBSCRIBERS: usize = 100_000;

    pub(crate) fn new(settings: Settings, rate: u32) -> Self {
        let clock = VirtualClock::new(rate);
        let started = clock.calendar(0).duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let random = Random::from_seed(settings.seed);
        Self {
            settings,
            clock,
            ids: Ids::starting_at(started),
            random,
            book: Book::default(),
            rate_limits: RateLimits::default(),
            version: 0,
            observed: false,
        }
    }

    /// Does everything that was due by `now`, in the order of its time.
    pub(crate) fn advance(&mut self, now: u64) {
        loop {
            let planned = self.book.agenda.next_at();
            match self.book.prompts.next_expiry() {
                // At one moment a prompt expires before it is answered.
                Some((at, place)) if at <= now && planned.is_none_or(|planned| at <= planned) => {
                    self.expire(place, at);
                }
                _ if planned.is_some_and(|planned| planned <= now) => self.do_next(),
                _ => return,
            }
        }
    }

    /// When something happens next without anybody asking.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let expiry = self.book.prompts.next_expiry().map(|(at, _)| at);
        let others = [self.book.agenda.next_at(), self.book.outbox.next_due()];
        others.into_iter().flatten().chain(expiry).min()
    }

    /// Whether a subscriber is known, or there is room for a new one.
    pub(crate) fn has_room_for(&self, name: &str) -> bool {
        self.book.subscribers.len() < Self::SUBSCRIBERS || self.book.subscribers.contains_key(name)
    }

    /// Counts a request of a caller; whether it is one too many.
    pub(crate) fn is_over_the_rate(&mut self, caller: &str, now: u64) -> bool {
        self.settings.rate_limit.is_some_and(|limit| self.rate_limits.exceeds(caller, limit, now))
    }

    pub(crate) fn subscriber(&mut self, name: &str) -> &mut Subscriber {
        let balance = self.settings.opening_balance;
        self.book.subscribers.entry(name.to_owned()).or_insert_with(|| Subscriber::new(balance))
    }

    pub(crate) fn local_time(&self, at: u64) -> LocalTime {
        LocalTime::of(self.clock.calendar(at))
    }

    /// Plans a request that nobody waits for any more.
    pub(crate) fn execute_later(&mut self, call: ServiceCall, at: u64, now: u64) {
        if self.book.agenda.is_full() {
            return exchange::execute_unheard(self, &call, now);
        }
        self.book.agenda.plan(at, Due::LateRequest(call));
        self.book.happened = true;
    }

    /// Shows a prompt and plans the payer's answer.
    pub(crate) fn show(&mut self, prompt: Prompt) {
        let at = prompt.opened_at;
        let payer = magic::payer(&self.settings, &prompt.subscriber, prompt.amount);
        self.tell(|| SimulatorEvent::PromptShown(prompt.clone()));
        let place = self.book.prompts.show(prompt);
        if payer != Payer::Ask {
            self.book.agenda.plan(self.after_thinking(at), Due::PromptAnswer(place, payer));
        }
    }

    /// The payer answers a prompt now.
    pub(crate) fn answer_prompt(&mut self, reference: &str, payer: Payer, now: u64) -> Result<(), Refused> {
        let place = self.prompt_place(reference).ok_or(Refused::UnknownReference)?;
        if !self.prompt(place).is_some_and(Prompt::is_open) {
            return Err(Refused::PromptClosed);
        }
        self.payer_answers(place, payer, now);
        Ok(())
    }

    pub(crate) fn prompt_place(&self, reference: &str) -> Option<usize> {
        self.book.prompts.known().place(reference)
    }

    pub(crate) fn prompt(&self, place: usize) -> Option<&Prompt> {
        self.book.prompts.known().get(place)
    }

    /// Takes a prompt's money, unless the balance does not cover it.
    pub(crate) fn capture_prompt(&mut self, place: usize, source: CaptureSource, at: u64) -> bool {
        let Some(prompt) = self.prompt(place) else {
            return false;
        };
        let (name, amount, reference) = (prompt.subscriber.clone(), prompt.amount, prompt.reference.clone());
        let subscriber = self.subscriber(&name);
        let Some(rest) = subscriber.balance.checked_sub(amount) else {
            return false;
        };
        subscriber.balance = rest;
        self.book.prompts.captured(place);
        self.record(Capture {
            serial: self.book.ledger.next_serial(),
            at,
            family: CarrierFamily::Mobitel,
            subscriber: name,
            amount,
            currency: "LKR".to_owned(),
            external_id: None,
            reference: Some(reference),
            internal_id: None,
            source,
        });
        true
    }

    /// Appends to the ledger and tells it.
    pub(crate) fn record(&mut self, capture: Capture) {
        self.tell(|| SimulatorEvent::Captured(capture.clone()));
        self.book.ledger.append(capture);
    }

    /// Tells an event to whoever hears it.
    pub(crate) fn tell(&mut self, event: impl FnOnce() -> SimulatorEvent) {
        self.book.happened = true;
        if self.observed {
            self.book.events.push(event());
        }
    }

    fn do_next(&mut self) {
        match self.book.agenda.take() {
            Some((at, Due::PromptAnswer(place, payer))) => self.payer_answers(place, payer, at),
            Some((at, Due::EzCashAnswer(place, payer))) => self.payer_acts_at_ezcash(place, payer, at),
            Some((at, Due::LateRequest(call))) => exchange::execute_unheard(self, &call, at),
            None => {}
        }
        self.book.happened = true;
    }

    /// When the payer who was asked at `at` acts; at once where too many think already.
    pub(crate) fn after_thinking(&self, at: u64) -> u64 {
        if self.book.agenda.is_full() {
            return at;
        }
        at.saturating_add(milliseconds(self.settings.payer_delay))
    }

    fn payer_answers(&mut self, place: usize, payer: Payer, at: u64) {
        let state = match payer {
            Payer::Approve => PromptState::Approved,
            Payer::Decline => PromptState::Declined,
            Payer::WrongPin => PromptState::WrongPin,
            Payer::Ignore => PromptState::Ignored,
            Payer::Ask => return,
        };
        if self.book.prompts.answer(place, state, at).is_none() {
            return;
        }
        if state == PromptState::Approved && self.settings.confirm == ConfirmMeaning::Reads {
            self.capture_prompt(place, CaptureSource::Consent, at);
        }
        self.tell_answered(place);
    }

    fn expire(&mut self, place: usize, at: u64) {
        self.book.prompts.answer(place, PromptState::Expired, at);
        self.tell_answered(place);
    }

    fn tell_answered(&mut self, place: usize) {
        self.book.happened = true;
        if self.observed
            && let Some(prompt) = self.prompt(place).cloned()
        {
            self.book.events.push(SimulatorEvent::PromptAnswered(prompt));
        }
    }
}
