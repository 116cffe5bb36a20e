//! What is heard of requests, merged into what is known: answers and losses.

use super::attempt::Mark;
use super::facts;
use super::guard::Guard;
use super::kept::KeptOrNone;
use super::output::SendToken;
use super::plan::{BUSY_PAUSE, Planned, RESEND_PAUSE};
use super::texts::Slot;
use super::timers::Timer;
use super::{Charge, Conflict};
use crate::id::{CarrierId, EXTERNAL_ID_MAX, PayerText};
use crate::id_generator::join_external;
use crate::profile::Profile;
use crate::status_code::Class;
use crate::time::Millis;
use crate::wire::Name;
use crate::wire::answer::{Answer, Expected};
use heapless::Vec;

/// Bytes that stay free for ids when the payer's text is kept: an id for each of two more references.
const RESERVE_FOR_IDS: usize = 40;

/// Whether any byte of a request that brought no answer may have reached the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Sent {
    /// No byte of the request was handed to the stream.
    NotSent,
    /// Anything else.
    MaybeSent,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// Nothing is known of it, and it may have reached the carrier.
    Lost,
    /// It did nothing: not sent, or refused.
    Void,
    /// Its answer says where the consent stands; that to a charge request, that it was accepted or executed.
    Heard,
    /// Its answer says that the carrier still works on it.
    AtWork,
    /// Its answer says that neither it nor an earlier one can capture any more.
    Last,
}

impl Charge {
    /// An answer came. Its token says what it answers, also when it is late. Like the other ways through
    /// [`Charge::handle_input`] it is not inlined: in one frame their variables would lie beside each other.
    #[inline(never)]
    pub(super) fn take_answer(&mut self, profile: &Profile<'_>, token: &SendToken, status: u16, body: &[u8]) {
        self.land(token);
        let mut answer = Answer::new();
        if self.read_answer(&mut answer, profile, token, status, body) {
            answer.class = Class::Unknown;
            self.note_conflict(Conflict::AnswerForAnother);
        }
        let failure =
            matches!(answer.class, Class::DeclinedUser | Class::FailedListening | Class::NotApproved);
        if let Some(attempt) = self.attempt_mut(token.of.attempt) {
            attempt.note_code(answer.code.as_bytes());
            if failure && attempt.has_money() {
                self.note_conflict(Conflict::FailedAfterPaid);
            }
        }
        if token.of.service.is_confirm() {
            self.take_confirm(profile, token, answer.class);
        } else {
            self.take_send(profile, &token.of, &answer);
        }
    }

    /// No answer came.
    pub(super) fn take_loss(&mut self, profile: &Profile<'_>, token: &SendToken, sent: Sent) {
        self.land(token);
        let fate = match sent {
            Sent::MaybeSent => Fate::Lost,
            Sent::NotSent => Fate::Void,
        };
        self.conclude(profile, &token.of, fate, RESEND_PAUSE);
    }

    /// A request is without an answer and may have reached the carrier.
    pub(super) fn lose(&mut self, profile: &Profile<'_>, lost: &Planned) {
        self.conclude(profile, lost, Fate::Lost, RESEND_PAUSE);
    }

    /// Notes what became of a request, and when the next may follow: a charge request after a pause. What is heard late
    /// of an earlier attempt does not set the pace of the latest.
    #[inline(never)]
    fn conclude(&mut self, profile: &Profile<'_>, of: &Planned, fate: Fate, pause: Millis) {
        self.account(of, fate);
        if !self.is_latest(of.attempt) {
            return;
        }
        if of.service.is_confirm() {
            self.schedule_confirm(profile);
            return;
        }
        if fate == Fate::Lost {
            self.timers.extend(Timer::ExecutionEnds, profile.windows.execution);
        }
        self.schedule_resend(pause);
    }

    /// Notes what became of a request.
    #[inline(never)]
    pub(super) fn account(&mut self, of: &Planned, fate: Fate) {
        let (guards, captures) = (self.guards, self.captures_at.may_be_confirm());
        let lost_counts = guards.hold(Guard::LostIsInDoubt);
        self.storage.touch();
        let Some(attempt) = self.attempt_mut(of.attempt) else { return };
        let raise = |latest: &mut u8| *latest = of.index.max(*latest);
        if !of.service.is_confirm() {
            match fate {
                Fate::Lost if lost_counts => {}
                Fate::Lost | Fate::Void => attempt.close_send(of.index, guards),
                Fate::Heard | Fate::AtWork | Fate::Last => attempt.answer_send(of.index),
            }
            return;
        }
        if fate >= Fate::Heard {
            raise(&mut attempt.heard);
        }
        match fate {
            Fate::Lost if captures && lost_counts => raise(&mut attempt.lost),
            Fate::Lost | Fate::Heard => {}
            Fate::Void => attempt.void_confirm(of.index),
            Fate::AtWork => raise(&mut attempt.processing),
            Fate::Last => raise(&mut attempt.settled),
        }
    }

    /// `externalTrxId` of an attempt: the charge's id and a letter.
    pub(super) fn put_external(&self, attempt: u8, external: &mut Vec<u8, EXTERNAL_ID_MAX>) {
        join_external(self.lasting.texts.get(Slot::CHARGE_ID), attempt, external);
    }

    /// The token is back: the send is no longer under way.
    fn land(&mut self, token: &SendToken) {
        let awaited = self.flight.as_ref() == Some(&token.of);
        if awaited {
            self.flight = None;
            self.timers.clear(Timer::AnswerBy);
        }
    }

    /// Reads an answer; whether it is about another charge.
    #[inline(never)]
    fn read_answer<'b>(
        &self,
        answer: &mut Answer<'b>,
        profile: &Profile<'_>,
        token: &SendToken,
        status: u16,
        body: &'b [u8],
    ) -> bool {
        let of = &token.of;
        // What has a fault says nothing, or what its status says: its class tells.
        let _ = answer.read(profile, of.service, status, body);
        let texts = &self.lasting.texts;
        let mut external = Vec::new();
        self.put_external(of.attempt, &mut external);
        let expected = Expected {
            external: profile.client_makes_id.then_some(external.as_slice()),
            reference: of.service.is_confirm().then(|| texts.get(Slot::reference(of.attempt))),
            subscriber: texts.get(Slot::SUBSCRIBER),
            amount: self.amount(),
            currency: self.currency(),
        };
        answer.mismatch(&expected).is_some()
    }

    /// The answer to a charge request or a direct debit.
    fn take_send(&mut self, profile: &Profile<'_>, of: &Planned, answer: &Answer<'_>) {
        let refused = match answer.class {
            Class::Ok | Class::Pending => return self.take_success(profile, of, answer),
            // Not `Declined`: an earlier send of the same id may have raised a prompt, which this one does not end.
            Class::DeclinedUser | Class::RejectedConfig | Class::RejectedRequest => Mark::Refused,
            Class::FailedListening => Mark::SendFailed,
            Class::RetryLater if profile.resend_throttled => {
                return self.conclude(profile, of, Fate::Void, RESEND_PAUSE);
            }
            Class::RetryLater => Mark::Throttled,
            Class::HandsetBusy => {
                return self.conclude(profile, of, Fate::Void, BUSY_PAUSE);
            }
            Class::DuplicateResolve => Mark::Duplicate,
            Class::Unknown
            | Class::AskAgain
            | Class::NotApproved
            | Class::StillProcessing
            | Class::NotFound => return self.lose(profile, of),
        };
        self.account(of, Fate::Void);
        self.set_mark(of.attempt, refused);
    }

    /// Executed, or accepted: the payer must act. Without a reference a prompt can never be asked about, and without
    /// notifications nothing else is ever heard of, so that is no acceptance.
    fn take_success(&mut self, profile: &Profile<'_>, of: &Planned, answer: &Answer<'_>) {
        let number = of.attempt;
        let reference = Slot::reference(number);
        let kept = self.keep_id(reference, Name::Reference, answer)
            & self.keep_id(Slot::internal(number), Name::Internal, answer);
        let executed = (answer.class == Class::Ok) & self.consent.is_none();
        let heard_of = if self.consent.is_prompt() {
            kept && !self.lasting.texts.get(reference).is_empty()
        } else {
            executed || cfg!(feature = "notifications")
        };
        if !heard_of {
            self.lose(profile, of);
            return;
        }
        self.account(of, Fate::Heard);
        self.set_mark(number, if executed { Mark::Executed } else { Mark::Accepted });
        if executed || !self.is_latest(number) {
            return;
        }
        self.lasting.amount_due = KeptOrNone::new(answer.amount_due());
        let mut text = PayerText::new();
        answer.put_payer_text(&mut text);
        self.lasting.texts.set_cut(Slot::PAYER_TEXT, text.as_bytes(), RESERVE_FOR_IDS);
        self.open_window(profile);
        if !self.facts().any(facts::OPEN_SEND) {
            // The request that was lost is the one that is accepted: nothing else may still be executed.
            self.timers.clear(Timer::ExecutionEnds);
        }
    }

    pub(super) fn open_window(&mut self, profile: &Profile<'_>) {
        self.timers.extend(Timer::WindowEnds, profile.windows.consent);
        self.asked_before = self.latest().map_or(0, |attempt| attempt.confirms);
        self.doublings = 0;
        self.schedule_confirm(profile);
    }

    /// The answer to a confirm.
    fn take_confirm(&mut self, profile: &Profile<'_>, token: &SendToken, class: Class) {
        let of = &token.of;
        let latest = self.is_latest(of.attempt);
        let after_window = latest
            && ((token.after_window && of.index > self.asked_before)
                || !self.guards.hold(Guard::WindowBeforeAttempt));
        let captures = self.captures_at.may_be_confirm();
        let Some(attempt) = self.attempt_mut(of.attempt) else { return };
        // "Not found" after a confirm that was lost proves nothing: the transaction may be gone because it is complete.
        let not_found = after_window && (!attempt.has_lost_confirm() || !captures);
        let again = attempt.has(Mark::NotFoundOnce);
        // What is said for good, and of this confirm. "The payer must act" says that the prompt is live, so it never ends
        // the attempt.
        let (mark, fate) = match class {
            Class::Ok => (Some(Mark::Executed), Fate::Heard),
            Class::DeclinedUser => (Some(Mark::Declined), Fate::Heard),
            Class::FailedListening => (Some(Mark::FailedListening), Fate::Heard),
            Class::NotApproved if after_window => (Some(Mark::Lapsed), Fate::Last),
            Class::NotApproved | Class::Pending => (None, Fate::Heard),
            Class::StillProcessing => (None, Fate::AtWork),
            Class::NotFound if not_found && again => (Some(Mark::Lapsed), Fate::Last),
            Class::NotFound if not_found => (Some(Mark::NotFoundOnce), Fate::Void),
            // The others speak of this request only, and say nothing of the consent.
            Class::NotFound
            | Class::RejectedConfig
            | Class::RejectedRequest
            | Class::RetryLater
            | Class::HandsetBusy => (None, Fate::Void),
            Class::Unknown | Class::AskAgain | Class::DuplicateResolve => (None, Fate::Lost),
        };
        if let Some(mark) = mark {
            self.set_mark(of.attempt, mark);
        }
        self.conclude(profile, of, fate, 0);
        if class == Class::RejectedConfig {
            self.lasting.credential_refusals = self.lasting.credential_refusals.saturating_add(1);
            if latest {
                self.await_credentials();
            }
        }
    }

    /// The second refusal stops the asking (R13), so that the second time is not wasted on the same credentials: it
    /// waits until they are replaced, or for the window's end, when it must be asked.
    fn await_credentials(&mut self) {
        if self.timers.is_ahead(Timer::WindowEnds) {
            self.timers.copy(Timer::WindowEnds, Timer::PollAt);
        }
    }

    /// Keeps an id of an answer; the first one stays. `false` if there was no room.
    #[inline(never)]
    fn keep_id(&mut self, slot: Slot, name: Name, answer: &Answer<'_>) -> bool {
        if !self.lasting.texts.get(slot).is_empty() {
            return true;
        }
        let mut id = CarrierId::new();
        answer.put_id(name, &mut id);
        self.lasting.texts.set_id(slot, id.as_bytes()).is_ok()
    }
}
