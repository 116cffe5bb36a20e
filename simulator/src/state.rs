//! Everything the simulator knows, and what time does to it. Nothing here touches a socket.

use std::collections::BTreeMap;
use std::time::UNIX_EPOCH;

use crate::calendar::LocalTime;
use crate::clock::{VirtualClock, milliseconds};
use crate::exchange::{self, ServiceCall};
use crate::fault_plan::FaultPlan;
use crate::notification::{self, Outbox};
use crate::random::Random;
use crate::request_log::RequestLog;
use crate::settings::{Payer, Settings};
use crate::{
    Capture, CaptureSource, CarrierFamily, ConfirmMeaning, EzCashRequest, EzCashState, Ledger, Prompt,
    PromptState, Refused, Service, SimulatorEvent, Subscriber, magic,
};

pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) clock: VirtualClock,
    pub(crate) ids: Ids,
    pub(crate) random: Random,
    pub(crate) book: Book,
}

/// What a reset forgets.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) subscribers: BTreeMap<String, Subscriber>,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) ezcash: Vec<EzCashRequest>,
    /// Executed debits by application and `externalTrxId`: what was asked, and the answer.
    pub(crate) debits: BTreeMap<(String, String), ExecutedDebit>,
    pub(crate) ledger: Ledger,
    pub(crate) outbox: Outbox,
    pub(crate) faults: FaultPlan,
    /// What a service answers instead of executing.
    pub(crate) status_codes: BTreeMap<Service, String>,
    pub(crate) log: RequestLog,
    agenda: BTreeMap<(u64, u64), Due>,
    planned: u64,
    pub(crate) events: Vec<SimulatorEvent>,
}

#[derive(Clone)]
pub(crate) struct ExecutedDebit {
    pub(crate) subscriber: String,
    pub(crate) amount: u64,
    pub(crate) answer: crate::answer::Answer,
}

/// Something that happens when its virtual time has come; prompts and requests are named by their place.
enum Due {
    PromptAnswer(usize, Payer),
    PromptExpiry(usize),
    EzCashAnswer(usize, Payer),
    LateRequest(ServiceCall),
}

impl State {
    pub(crate) fn new(settings: Settings, rate: u32) -> Self {
        let clock = VirtualClock::new(rate);
        let started = clock.calendar(0).duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let random = Random::from_seed(settings.seed);
        Self { settings, clock, ids: Ids::starting_at(started), random, book: Book::default() }
    }

    /// Does everything that was due by `now`, in the order of its time.
    pub(crate) fn advance(&mut self, now: u64) {
        while let Some(entry) = self.book.agenda.first_entry() {
            let (at, _) = *entry.key();
            if at > now {
                return;
            }
            match entry.remove() {
                Due::PromptAnswer(place, payer) => self.payer_answers(place, payer, at),
                Due::PromptExpiry(place) => self.expire(place, at),
                Due::EzCashAnswer(place, payer) => self.payer_acts_at_ezcash(place, payer, at),
                Due::LateRequest(call) => exchange::execute_unheard(self, &call, at),
            }
        }
    }

    /// When something happens next without anybody asking.
    pub(crate) fn next_due(&self) -> Option<u64> {
        let agenda = self.book.agenda.first_key_value().map(|((at, _), _)| *at);
        agenda.into_iter().chain(self.book.outbox.next_due()).min()
    }

    pub(crate) fn subscriber(&mut self, name: &str) -> &mut Subscriber {
        let balance = self.settings.opening_balance;
        self.book.subscribers.entry(name.to_owned()).or_insert_with(|| Subscriber::new(balance))
    }

    pub(crate) fn local_time(&self, at: u64) -> LocalTime {
        LocalTime::of(self.clock.calendar(at))
    }

    /// Plans a request that nobody waits for any more.
    pub(crate) fn execute_later(&mut self, call: ServiceCall, at: u64) {
        self.plan(at, Due::LateRequest(call));
    }

    /// Shows a prompt and plans the payer's answer and its expiry.
    pub(crate) fn show(&mut self, prompt: Prompt) {
        let (place, at, expires) = (self.book.prompts.len(), prompt.opened_at, prompt.expires_at);
        let payer = magic::payer(&self.settings, &prompt.subscriber, prompt.amount);
        self.book.events.push(SimulatorEvent::PromptShown(prompt.clone()));
        self.book.prompts.push(prompt);
        self.plan(expires, Due::PromptExpiry(place));
        let delay = milliseconds(self.settings.payer_delay);
        if payer != Payer::Ask {
            self.plan(at.saturating_add(delay), Due::PromptAnswer(place, payer));
        }
        self.advance(at);
    }

    /// The payer answers a prompt now.
    pub(crate) fn answer_prompt(&mut self, reference: &str, payer: Payer, now: u64) -> Result<(), Refused> {
        let place = self.prompt_place(reference).ok_or(Refused::UnknownReference)?;
        if !self.book.prompts[place].is_open() {
            return Err(Refused::PromptClosed);
        }
        self.payer_answers(place, payer, now);
        Ok(())
    }

    pub(crate) fn prompt_place(&self, reference: &str) -> Option<usize> {
        self.book.prompts.iter().rposition(|prompt| prompt.reference == reference)
    }

    /// Takes a prompt's money, unless the balance does not cover it.
    pub(crate) fn capture_prompt(&mut self, place: usize, source: CaptureSource, at: u64) -> bool {
        let prompt = &mut self.book.prompts[place];
        let (name, amount, reference) = (prompt.subscriber.clone(), prompt.amount, prompt.reference.clone());
        let subscriber = self.subscriber(&name);
        let Some(rest) = subscriber.balance.checked_sub(amount) else {
            return false;
        };
        subscriber.balance = rest;
        self.book.prompts[place].captured = true;
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
        self.book.events.push(SimulatorEvent::Captured(capture.clone()));
        self.book.ledger.append(capture);
    }

    /// Opens a payment at eZ Cash and plans what the payer does.
    pub(crate) fn open_ezcash(&mut self, request: EzCashRequest) {
        let (place, at) = (self.book.ezcash.len(), request.opened_at);
        let payer = magic::payer(&self.settings, &request.subscriber, request.amount_due);
        self.book.events.push(SimulatorEvent::EzCashRequested(request.clone()));
        self.book.ezcash.push(request);
        let delay = milliseconds(self.settings.payer_delay);
        if payer != Payer::Ask {
            self.plan(at.saturating_add(delay), Due::EzCashAnswer(place, payer));
        }
        self.advance(at);
    }

    /// The latest eZ Cash request which has this `referenceId`, `internalTrxId` or `externalTrxId`.
    pub(crate) fn ezcash_place(&self, id: &str) -> Option<usize> {
        let named = |request: &EzCashRequest| {
            [&request.reference, &request.internal_id, &request.external_id].contains(&&id.to_owned())
        };
        self.book.ezcash.iter().rposition(named)
    }

    /// The payer pays at eZ Cash: any amount, any number of times, also after a failure.
    pub(crate) fn pay(&mut self, id: &str, amount: u64, now: u64) -> Result<(), Refused> {
        let place = self.ezcash_place(id).ok_or(Refused::UnknownReference)?;
        if amount == 0 {
            return Err(Refused::AmountZero);
        }
        self.pay_at(place, amount, now)
    }

    /// eZ Cash reports a failure.
    pub(crate) fn fail(&mut self, id: &str, code: &str, now: u64) -> Result<(), Refused> {
        let place = self.ezcash_place(id).ok_or(Refused::UnknownReference)?;
        self.fail_at(place, code, now);
        Ok(())
    }

    /// A further payment under the same `externalTrxId`, as captured traffic shows.
    pub(crate) fn second_reference(&mut self, external_id: &str, now: u64) -> Result<EzCashRequest, Refused> {
        let first = self
            .book
            .ezcash
            .iter()
            .rev()
            .find(|request| request.external_id == external_id)
            .ok_or(Refused::UnknownReference)?;
        let second = EzCashRequest {
            paid: 0,
            state: EzCashState::Waiting,
            opened_at: now,
            reference: self.ids.reference(),
            internal_id: self.ids.internal(),
            ..first.clone()
        };
        self.open_ezcash(second.clone());
        Ok(second)
    }

    fn plan(&mut self, at: u64, due: Due) {
        self.book.planned += 1;
        self.book.agenda.insert((at, self.book.planned), due);
    }

    fn payer_answers(&mut self, place: usize, payer: Payer, at: u64) {
        if !self.book.prompts[place].is_open() {
            return;
        }
        let state = match payer {
            Payer::Approve => PromptState::Approved,
            Payer::Decline => PromptState::Declined,
            Payer::WrongPin => PromptState::WrongPin,
            Payer::Ignore => PromptState::Ignored,
            Payer::Ask => return,
        };
        self.book.prompts[place].state = state;
        self.book.prompts[place].answered_at = Some(at);
        if state == PromptState::Approved && self.settings.confirm == ConfirmMeaning::Reads {
            self.capture_prompt(place, CaptureSource::Consent, at);
        }
        self.book.events.push(SimulatorEvent::PromptAnswered(self.book.prompts[place].clone()));
    }

    fn expire(&mut self, place: usize, at: u64) {
        let prompt = &mut self.book.prompts[place];
        if prompt.is_open() {
            prompt.state = PromptState::Expired;
            prompt.answered_at = Some(at);
            self.book.events.push(SimulatorEvent::PromptAnswered(prompt.clone()));
        }
    }

    fn payer_acts_at_ezcash(&mut self, place: usize, payer: Payer, at: u64) {
        let request = &self.book.ezcash[place];
        if request.state != EzCashState::Waiting {
            return;
        }
        let (name, due) = (&request.subscriber, request.amount_due);
        let rest = magic::payment(&self.settings, name, due, request.balance_due());
        match payer {
            Payer::Approve if rest > 0 => {
                // Only a sum past u64 is refused, and then there is nobody to tell.
                let _ = self.pay_at(place, rest, at);
            }
            Payer::Decline => self.fail_at(place, "E1406", at),
            Payer::WrongPin => self.fail_at(place, "E1404", at),
            Payer::Approve | Payer::Ignore | Payer::Ask => {}
        }
    }

    fn pay_at(&mut self, place: usize, amount: u64, at: u64) -> Result<(), Refused> {
        let request = &mut self.book.ezcash[place];
        request.paid = request.paid.checked_add(amount).ok_or(Refused::AmountTooLarge)?;
        if request.paid >= request.amount_due {
            request.state = EzCashState::Paid;
        }
        let request = request.clone();
        self.record(Capture {
            serial: self.book.ledger.next_serial(),
            at,
            family: CarrierFamily::Ideamart,
            subscriber: request.subscriber.clone(),
            amount,
            currency: request.currency.clone(),
            external_id: Some(request.external_id.clone()),
            reference: Some(request.reference.clone()),
            internal_id: Some(request.internal_id.clone()),
            source: CaptureSource::EzCashPayment,
        });
        let body = notification::paid(&request, amount, &self.local_time(at).to_the_minute());
        self.book.outbox.post(&request.reference, &request.external_id, &body, at);
        Ok(())
    }

    fn fail_at(&mut self, place: usize, code: &str, at: u64) {
        if self.book.ezcash[place].state == EzCashState::Waiting {
            self.book.ezcash[place].state = EzCashState::Failed;
        }
        let request = self.book.ezcash[place].clone();
        let body = notification::failed(&request, code, &self.local_time(at).to_the_minute());
        self.book.outbox.post(&request.reference, &request.external_id, &body, at);
    }
}

/// The ids the carrier makes. They start from the calendar, so a simulator started later does not give out
/// the ids which a terminal's journal still holds, and they go on over a reset.
pub(crate) struct Ids {
    started: u64,
    made: u64,
}

impl Ids {
    fn starting_at(started: u64) -> Self {
        Self { started, made: 0 }
    }

    /// Mobitel's reference: 15 digits like the document's 320438941208291.
    pub(crate) fn mobitel(&mut self) -> String {
        (320_000_000_000_000 + self.next() % 1_000_000_000_000).to_string()
    }

    /// `internalTrxId`: 15 digits like the document's 914021114190001.
    pub(crate) fn internal(&mut self) -> String {
        (914_000_000_000_000 + self.next() % 1_000_000_000_000).to_string()
    }

    /// `referenceId`: eight digits. They repeat after 90 million.
    pub(crate) fn reference(&mut self) -> String {
        self.made += 1;
        (10_000_000 + (self.started + self.made) % 90_000_000).to_string()
    }

    fn next(&mut self) -> u64 {
        self.made += 1;
        self.started * 1_000 + self.made
    }
}
