//! What is heard, merged into what is known: answers, losses, notifications.

use super::attempt::Mark;
use super::guard::Guard;
use super::kept::Kept;
use super::output::SendToken;
use super::plan::{BUSY_PAUSE, Planned, RESEND_PAUSE};
use super::received::Credited;
use super::texts::Slot;
use super::timers::Timer;
use super::{Charge, Conflict, Reason, Review};
use crate::id::{EXTERNAL_ID_MAX, RawCode};
use crate::id_generator::join_external;
use crate::money::Amount;
use crate::profile::{Consent, InternalIdRule, Profile, Service, TotalMeaning};
use crate::status_code::Class;
use crate::time::Millis;
use crate::wire::answer::{Expected, Reading, read_into};
use crate::wire::notification::{Notification, Stated};
use heapless::String;

/// Bytes that stay free for ids when the payer's text is kept: an id for each of two more references.
const RESERVE_FOR_IDS: usize = 40;

/// A reference that the carrier did not name at all.
const NO_REFERENCE: &str = "?";

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
        // Made here: copied from a constant, it would be in the image in full.
        let mut reading = Reading {
            class: Class::Unknown,
            code: RawCode::new(),
            internal: None,
            reference: None,
            correlator: None,
            amount_due: None,
            payer_text: None,
            mismatch: None,
            fault: None,
        };
        self.read_answer(&mut reading, profile, token, status, body);
        if reading.mismatch.is_some() {
            self.note_conflict(Conflict::AnswerForAnother);
        }
        if let Some(attempt) = self.attempt_mut(token.of.attempt) {
            attempt.note_code(&reading.code);
        }
        let class = if reading.mismatch.is_some() { Class::Unknown } else { reading.class };
        let failure = matches!(class, Class::DeclinedUser | Class::FailedListening | Class::NotApproved);
        if failure && self.has_money(token.of.attempt) {
            self.note_conflict(Conflict::FailedAfterPaid);
        }
        match token.of.service {
            Service::Confirm => self.take_confirm(profile, token, class),
            _ => self.take_send(profile, token, class, &reading),
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
        if service == Service::Confirm {
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

    /// The attempt that a notification is about, by its `externalTrxId`, else by an internal id that is known.
    pub(super) fn attempt_of(&self, notification: &Notification) -> Option<u8> {
        let mut numbers = 0..=self.latest_number();
        match &notification.external {
            // A carrier that was never told our id cannot name it: whoever does is somebody else (R41).
            Some(_) if !self.client_makes_id => None,
            Some(external) => numbers.find(|number| self.external(*number) == external.as_str()),
            None => {
                let internal = notification.internal.as_ref().filter(|id| !id.is_empty())?;
                numbers.find(|number| self.texts.get(Slot::Internal(*number)) == internal.as_str())
            }
        }
    }

    /// A notification came for one of the attempts.
    #[inline(never)]
    pub(super) fn take_notification(
        &mut self,
        profile: &Profile<'_>,
        number: u8,
        notification: &Notification,
    ) {
        let reference = reference_of(notification);
        let matched = self.is_matched(profile, number, notification, reference);
        let known = self.received.total_of(&self.texts, number, reference);
        let before = self.received();
        match notification.class {
            Class::Ok => match self.worth(profile, notification) {
                Some(total) => self.credit(profile, number, reference, total, matched),
                None => self.note_conflict(Conflict::BadNotification),
            },
            class => self.take_failure(profile, number, class, matched, known, notification, reference),
        }
        self.note_money_after_review(before);
    }

    /// `externalTrxId` of an attempt: the charge's id and a letter.
    pub(super) fn external(&self, attempt: u8) -> String<EXTERNAL_ID_MAX> {
        join_external(self.charge_id(), attempt)
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
    fn read_answer(
        &self,
        reading: &mut Reading,
        profile: &Profile<'_>,
        token: &SendToken,
        status: u16,
        body: &[u8],
    ) {
        let external = self.external(token.of.attempt);
        let reference = self.texts.get(Slot::Reference(token.of.attempt));
        let expected = Expected {
            external: Some(external.as_str()).filter(|_| profile.client_makes_id),
            reference: Some(reference).filter(|_| token.of.service == Service::Confirm),
            subscriber: self.texts.get(Slot::Subscriber),
            amount: self.amount(),
            currency: self.currency,
        };
        read_into(reading, profile, token.of.service, &expected, status, body);
    }

    fn not_sent(&mut self, profile: &Profile<'_>, token: &SendToken) {
        let guards = self.guards;
        let latest = token.of.attempt == self.latest_number();
        if token.of.service == Service::Confirm {
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
    fn take_send(&mut self, profile: &Profile<'_>, token: &SendToken, class: Class, reading: &Reading) {
        let number = token.of.attempt;
        match class {
            Class::Ok if self.consent == Consent::None => {
                self.keep_ids(number, reading);
                self.answer_send(token);
                self.set_mark(number, Mark::Executed);
            }
            Class::Ok | Class::Pending => self.accept(profile, token, reading),
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

    /// Accepted: the payer must act. Without a reference a prompt can never be asked about, so that is no acceptance.
    fn accept(&mut self, profile: &Profile<'_>, token: &SendToken, reading: &Reading) {
        let number = token.of.attempt;
        let kept = self.keep_ids(number, reading);
        let askable = kept && !self.texts.get(Slot::Reference(number)).is_empty();
        if self.consent == Consent::Prompt && !askable {
            self.lose(profile, &token.of);
            return;
        }
        self.answer_send(token);
        self.set_mark(number, Mark::Accepted);
        if number == self.latest_number() {
            self.amount_due = Kept::optional(reading.amount_due);
            let text = reading.payer_text.as_ref().map_or("", |text| text.as_str());
            self.texts.set_cut(Slot::PayerText, text, RESERVE_FOR_IDS);
            self.open_window(profile);
            let around = self.surroundings(number);
            if self.latest().is_some_and(|attempt| !attempt.has_open_send(&around)) {
                // The request that was lost is the one that is accepted: nothing else may still be executed.
                self.timers.clear(Timer::ExecutionEnds);
            }
        }
    }

    fn open_window(&mut self, profile: &Profile<'_>) {
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
            self.credential_refusals = self.credential_refusals.saturating_add(1);
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
    fn keep_ids(&mut self, attempt: u8, reading: &Reading) -> bool {
        let mut kept = true;
        for (slot, id) in
            [(Slot::Reference(attempt), &reading.reference), (Slot::Internal(attempt), &reading.internal)]
        {
            if let Some(id) = id.as_ref().filter(|_| self.texts.get(slot).is_empty()) {
                kept &= self.texts.set_id(slot, id).is_ok();
            }
        }
        kept
    }

    /// Whether a notification counts towards confirming (R41): once an answer named ids, only what names one of them.
    fn is_matched(
        &self,
        profile: &Profile<'_>,
        number: u8,
        notification: &Notification,
        reference: &str,
    ) -> bool {
        let internal = self.texts.get(Slot::Internal(number));
        let named = self.texts.get(Slot::Reference(number));
        profile.internal_id == InternalIdRule::Any
            || (internal.is_empty() && named.is_empty())
            || notification.internal.as_ref().is_some_and(|id| !id.is_empty() && id.as_str() == internal)
            || (!reference.is_empty() && reference == named)
            || self.received.is_matched(&self.texts, number, reference)
    }

    /// What a successful notification says was paid for its reference so far; `None` if that cannot be (R36).
    fn worth(&self, profile: &Profile<'_>, notification: &Notification) -> Option<Amount> {
        match &notification.currency {
            Some(Ok(currency)) if *currency != self.currency => return None,
            Some(Err(_)) => return None,
            _ => {}
        }
        match (profile.total_means, notification.total, notification.balance_due, notification.paid) {
            (_, Stated::Bad(_), _, _) | (TotalMeaning::Price, _, Stated::Bad(_), _) => None,
            (TotalMeaning::PaidSoFar, Stated::Amount(total), _, _) => Some(total),
            (TotalMeaning::Price, Stated::Amount(price), Stated::Amount(due), _) => {
                Some(price.saturating_sub(due))
            }
            // Without a total, what was paid now is the least that was paid (R57).
            (_, _, _, Stated::Amount(paid)) => Some(paid),
            _ => None,
        }
    }

    fn credit(&mut self, profile: &Profile<'_>, number: u8, reference: &str, total: Amount, matched: bool) {
        let credited = self.received.credit(&mut self.texts, number, reference, total, matched, self.guards);
        if !matched && !total.is_zero() {
            self.note_conflict(Conflict::UnmatchedPayment);
        }
        match credited {
            Credited::Nothing => {}
            Credited::More => self.storage.touch(),
            Credited::NoPlace => {
                self.note_conflict(Conflict::TooManyReferences);
                self.need_review(Reason::TooManyReferences);
                self.storage.touch();
            }
        }
        if matched {
            self.hear_of(profile, number);
        }
    }

    /// The carrier knows the attempt: its one send was accepted, whatever became of the answer.
    fn hear_of(&mut self, profile: &Profile<'_>, number: u8) {
        let latest = number == self.latest_number();
        let deduplicates = self.deduplicates;
        let Some(attempt) = self.attempt_mut(number) else { return };
        let one_id = attempt.opened == 1 || (attempt.opened > 1 && deduplicates);
        if !attempt.has(Mark::Accepted) && one_id && !attempt.has(Mark::Executed) {
            attempt.answer_send(0);
            attempt.mark(Mark::Accepted);
            self.storage.touch();
            // Also while the answer is awaited: it may be lost. If it comes, the window runs from it.
            if latest {
                self.open_window(profile);
            }
        }
    }

    /// Whether an answer or a notification told of money for the attempt.
    fn has_money(&self, number: u8) -> bool {
        let executed =
            self.attempts.get(usize::from(number)).is_some_and(|attempt| attempt.has(Mark::Executed));
        executed || self.received.credits.iter().any(|credit| credit.attempt == number)
    }

    /// A notification of a failure: it credits nothing (R37).
    #[expect(clippy::too_many_arguments, reason = "the parts of one notification, taken apart by its reader")]
    fn take_failure(
        &mut self,
        profile: &Profile<'_>,
        number: u8,
        class: Class,
        matched: bool,
        known: Amount,
        notification: &Notification,
        reference: &str,
    ) {
        if !self.guards.hold(Guard::FailureCreditsNothing) {
            if let Some(total) = self.worth(profile, notification).filter(|total| !total.is_zero()) {
                self.received.credit(&mut self.texts, number, reference, total, matched, self.guards);
            }
        }
        if matches!(notification.total, Stated::Amount(total) if total > known) {
            self.note_conflict(Conflict::FailedWithMoney);
        }
        let mark = match class {
            Class::DeclinedUser => Mark::Declined,
            Class::FailedListening | Class::RejectedConfig | Class::RejectedRequest => Mark::FailedListening,
            _ => return,
        };
        if self.has_money(number) {
            self.note_conflict(Conflict::FailedAfterPaid);
        }
        if !matched {
            return;
        }
        let Some(attempt) = self.attempt_mut(number) else { return };
        if attempt.opened == 1 {
            // It speaks for the one send that there was.
            attempt.answer_send(0);
        }
        attempt.mark(mark);
        self.storage.touch();
    }

    /// Money that was not known when a person decided needs that person again, be it a part of the price only.
    fn note_money_after_review(&mut self, before: Amount) {
        if matches!(self.review, Review::Resolved(_)) && self.received() > before {
            self.note_conflict(Conflict::PaidAfterReview);
            self.need_review(Reason::PaidAfterReview);
        }
    }
}

fn reference_of(notification: &Notification) -> &str {
    let id = notification.reference.as_ref().or(notification.internal.as_ref());
    id.map_or(NO_REFERENCE, |id| id.as_str())
}
