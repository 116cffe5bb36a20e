//! What is heard of requests, merged into what is known: answers and losses.

use super::attempt::Mark;
use super::guard::Guard;
use super::kept::KeptOrNone;
use super::output::SendToken;
use super::plan::{BUSY_PAUSE, Planned, RESEND_PAUSE};
use super::texts::Slot;
use super::timers::Timer;
use super::{Charge, Conflict, Reason, Review};
use crate::id::EXTERNAL_ID_MAX;
use crate::id_generator::join_external;
use crate::money::Amount;
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

impl Charge {
    /// An answer came. Its token says what it answers, also when it is late. Like the other ways through
    /// [`Charge::handle_input`] it is not inlined: in one frame their variables would lie beside each other.
    #[inline(never)]
    pub(super) fn take_answer(&mut self, profile: &Profile<'_>, token: &SendToken, status: u16, body: &[u8]) {
        self.land(token);
        let before = self.received();
        let mut answer = Answer::new();
        self.read_answer(&mut answer, profile, token, status, body);
        let other = answer.mismatch.is_some();
        if other {
            self.note_conflict(Conflict::AnswerForAnother);
        }
        if let Some(attempt) = self.attempt_mut(token.of.attempt) {
            attempt.note_code(&answer.code);
        }
        let class = if other { Class::Unknown } else { answer.class };
        let failure = matches!(class, Class::DeclinedUser | Class::FailedListening | Class::NotApproved);
        if failure && self.has_money(token.of.attempt) {
            self.note_conflict(Conflict::FailedAfterPaid);
        }
        if token.of.service.is_confirm() {
            self.take_confirm(profile, token, class);
        } else {
            self.take_send(profile, token, class, &answer);
        }
        self.note_money_after_review(before);
        self.storage.touch();
    }

    /// No answer came.
    pub(super) fn take_loss(&mut self, profile: &Profile<'_>, token: &SendToken, sent: Sent) {
        self.land(token);
        match sent {
            Sent::MaybeSent => self.lose(profile, &token.of),
            Sent::NotSent => self.not_sent(profile, token),
        }
    }

    /// A request is without an answer and may have reached the carrier.
    #[inline(never)]
    pub(super) fn lose(&mut self, profile: &Profile<'_>, lost: &Planned) {
        let &Planned { attempt: number, index, service } = lost;
        let guards = self.guards;
        let latest = number == self.latest_number();
        let captures = self.surroundings(number).confirm_captures;
        let Some(attempt) = self.attempt_mut(number) else { return };
        if service.is_confirm() {
            if captures && guards.hold(Guard::LostIsInDoubt) {
                attempt.lost = attempt.lost.max(index);
            }
            if latest {
                self.schedule_confirm(profile);
            }
        } else {
            if !guards.hold(Guard::LostIsInDoubt) {
                attempt.close_send(index, guards);
            }
            if latest {
                self.timers.extend(Timer::ExecutionEnds, profile.windows.execution);
                self.schedule_resend(RESEND_PAUSE);
            }
        }
        self.storage.touch();
    }

    /// `externalTrxId` of an attempt: the charge's id and a letter.
    pub(super) fn external(&self, attempt: u8) -> Vec<u8, EXTERNAL_ID_MAX> {
        join_external(self.lasting.texts.get(Slot::CHARGE_ID), attempt)
    }

    /// The token is back: the send is no longer under way.
    fn land(&mut self, token: &SendToken) {
        let awaited = self.flight.as_ref() == Some(&token.of);
        if awaited {
            self.flight = None;
            self.timers.clear(Timer::AnswerBy);
        }
    }

    #[inline(never)]
    fn read_answer<'b>(
        &self,
        answer: &mut Answer<'b>,
        profile: &Profile<'_>,
        token: &SendToken,
        status: u16,
        body: &'b [u8],
    ) {
        let external = self.external(token.of.attempt);
        let reference = self.lasting.texts.get(Slot::reference(token.of.attempt));
        let expected = Expected {
            external: Some(external.as_slice()).filter(|_| profile.client_makes_id),
            reference: Some(reference).filter(|_| token.of.service.is_confirm()),
            subscriber: self.lasting.texts.get(Slot::SUBSCRIBER),
            amount: self.amount(),
            currency: self.currency(),
        };
        answer.read(profile, token.of.service, &expected, status, body);
    }

    fn not_sent(&mut self, profile: &Profile<'_>, token: &SendToken) {
        let guards = self.guards;
        let latest = token.of.attempt == self.latest_number();
        if token.of.service.is_confirm() {
            if let Some(attempt) = self.attempt_mut(token.of.attempt) {
                attempt.void_confirm(token.of.index);
                self.storage.touch();
            }
            if latest {
                self.schedule_confirm(profile);
            }
            return;
        }
        if let Some(attempt) = self.attempt_mut(token.of.attempt) {
            attempt.close_send(token.of.index, guards);
            self.storage.touch();
        }
        if latest {
            self.schedule_resend(RESEND_PAUSE);
        }
    }

    /// The answer to a charge request or a direct debit.
    fn take_send(&mut self, profile: &Profile<'_>, token: &SendToken, class: Class, answer: &Answer<'_>) {
        let number = token.of.attempt;
        match class {
            Class::Ok if self.consent.is_none() => {
                self.keep_ids(number, answer);
                self.answer_send(token);
                self.set_mark(number, Mark::Executed);
            }
            Class::Ok | Class::Pending => self.accept(profile, token, answer),
            // Not `Declined`: an earlier send of the same id may have raised a prompt, which this one does not end.
            Class::DeclinedUser | Class::RejectedConfig | Class::RejectedRequest => {
                self.refuse_send(token, Some(Mark::Refused));
            }
            Class::FailedListening => self.refuse_send(token, Some(Mark::SendFailed)),
            Class::RetryLater if profile.resend_throttled => {
                self.refuse_send(token, None);
                self.resend_after(number, RESEND_PAUSE);
            }
            Class::RetryLater => self.refuse_send(token, Some(Mark::Throttled)),
            Class::HandsetBusy => {
                self.refuse_send(token, None);
                self.resend_after(number, BUSY_PAUSE);
            }
            Class::DuplicateResolve => self.refuse_send(token, Some(Mark::Duplicate)),
            Class::Unknown
            | Class::AskAgain
            | Class::NotApproved
            | Class::StillProcessing
            | Class::NotFound => self.lose(profile, &token.of),
        }
    }

    /// Accepted: the payer must act. Without a reference a prompt can never be asked about, and without notifications
    /// nothing else is ever heard of, so that is no acceptance.
    fn accept(&mut self, profile: &Profile<'_>, token: &SendToken, answer: &Answer<'_>) {
        let number = token.of.attempt;
        let kept = self.keep_ids(number, answer);
        let askable = kept && !self.lasting.texts.get(Slot::reference(number)).is_empty();
        let heard_of = if self.consent.is_prompt() { askable } else { cfg!(feature = "notifications") };
        if !heard_of {
            self.lose(profile, &token.of);
            return;
        }
        self.answer_send(token);
        self.set_mark(number, Mark::Accepted);
        if number == self.latest_number() {
            self.lasting.amount_due = KeptOrNone::new(answer.amount_due());
            self.lasting.texts.set_cut(Slot::PAYER_TEXT, answer.payer_text().as_bytes(), RESERVE_FOR_IDS);
            self.open_window(profile);
            let around = self.surroundings(number);
            if self.latest().is_some_and(|attempt| !attempt.has_open_send(&around)) {
                // The request that was lost is the one that is accepted: nothing else may still be executed.
                self.timers.clear(Timer::ExecutionEnds);
            }
        }
    }

    pub(super) fn open_window(&mut self, profile: &Profile<'_>) {
        self.timers.extend(Timer::WindowEnds, profile.windows.consent);
        self.doublings = 0;
        self.schedule_confirm(profile);
    }

    /// The answer to a confirm.
    fn take_confirm(&mut self, profile: &Profile<'_>, token: &SendToken, class: Class) {
        let latest = token.of.attempt == self.latest_number();
        let window_ends = self.timers.get(Timer::WindowEnds).filter(|_| latest);
        let after_window = window_ends.is_some_and(|end| token.sent_at >= end)
            || (latest && !self.guards.hold(Guard::WindowBeforeAttempt));
        let captures = self.surroundings(token.of.attempt).confirm_captures;
        let Some(attempt) = self.attempt_mut(token.of.attempt) else { return };
        // "Not found" after a confirm that was lost proves nothing: the transaction may be gone because it is complete.
        let not_found = after_window && (!attempt.has_lost_confirm() || !captures);
        // What is said for good. "The payer must act" says that the prompt is live, so it never ends the attempt.
        let mark = match class {
            Class::Ok => Some(Mark::Executed),
            Class::DeclinedUser => Some(Mark::Declined),
            Class::FailedListening => Some(Mark::FailedListening),
            Class::NotApproved if after_window => Some(Mark::Lapsed),
            Class::NotFound if not_found && attempt.has(Mark::NotFoundOnce) => Some(Mark::Lapsed),
            Class::NotFound if not_found => Some(Mark::NotFoundOnce),
            _ => None,
        };
        match class {
            Class::Unknown | Class::AskAgain | Class::DuplicateResolve if captures => {
                attempt.lost = attempt.lost.max(token.of.index);
            }
            Class::Unknown | Class::AskAgain | Class::DuplicateResolve => {}
            // These speak of this request only, and say nothing of the consent.
            Class::RejectedConfig | Class::RejectedRequest | Class::RetryLater | Class::HandsetBusy => {
                attempt.void_confirm(token.of.index);
            }
            Class::NotFound if mark != Some(Mark::Lapsed) => attempt.void_confirm(token.of.index),
            Class::Ok
            | Class::Pending
            | Class::StillProcessing
            | Class::DeclinedUser
            | Class::FailedListening
            | Class::NotApproved
            | Class::NotFound => attempt.heard = attempt.heard.max(token.of.index),
        }
        if class == Class::StillProcessing {
            attempt.processing = attempt.processing.max(token.of.index);
        }
        if let Some(mark) = mark {
            attempt.mark(mark);
        }
        if mark == Some(Mark::Lapsed) {
            attempt.settled = attempt.settled.max(token.of.index);
        }
        if class == Class::RejectedConfig {
            self.lasting.credential_refusals = self.lasting.credential_refusals.saturating_add(1);
        }
        if latest {
            self.schedule_confirm(profile);
            if class == Class::RejectedConfig {
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

    /// A late answer about an earlier attempt does not set the pace of the latest.
    fn resend_after(&mut self, number: u8, pause: Millis) {
        if number == self.latest_number() {
            self.schedule_resend(pause);
        }
    }

    fn answer_send(&mut self, token: &SendToken) {
        if let Some(attempt) = self.attempt_mut(token.of.attempt) {
            attempt.answer_send(token.of.index);
        }
    }

    fn refuse_send(&mut self, token: &SendToken, mark: Option<Mark>) {
        let guards = self.guards;
        if let Some(attempt) = self.attempt_mut(token.of.attempt) {
            attempt.close_send(token.of.index, guards);
            if let Some(mark) = mark {
                attempt.mark(mark);
            }
        }
    }

    /// Keeps the ids of an answer; the first ones stay. `false` if there was no room.
    fn keep_ids(&mut self, attempt: u8, answer: &Answer<'_>) -> bool {
        let mut kept = true;
        for (slot, name) in
            [(Slot::reference(attempt), Name::Reference), (Slot::internal(attempt), Name::Internal)]
        {
            if self.lasting.texts.get(slot).is_empty() {
                kept &= self.lasting.texts.set_id(slot, answer.id(name).as_bytes()).is_ok();
            }
        }
        kept
    }

    /// Whether an answer or a notification told of money for the attempt.
    pub(super) fn has_money(&self, number: u8) -> bool {
        let executed = self.lasting.attempts.get(number).is_some_and(|attempt| attempt.has(Mark::Executed));
        executed || self.lasting.received.is_any_of(number)
    }

    /// Money that was not known when a person decided needs that person again, be it a part of the price only.
    pub(super) fn note_money_after_review(&mut self, before: Amount) {
        if matches!(self.review, Review::Resolved(_)) && self.received() > before {
            self.note_conflict(Conflict::PaidAfterReview);
            self.need_review(Reason::PaidAfterReview);
        }
    }
}
