//! What charging notifications tell, merged into what is known.

use super::attempt::{FIRST_SEND, Mark};
use super::guard::Guard;
use super::input::Ignored;
use super::lasting::Lasting;
use super::output::Ticket;
use super::received::{Credited, Reference};
use super::texts::Slot;
use super::{Charge, Conflict, Reason};
use crate::bytes::same;
use crate::id_generator::attempt_of_external;
use crate::money::Amount;
use crate::profile::{InternalIdRule, Profile, TotalMeaning};
use crate::status_code::Class;
use crate::wire::notification::{Notification, Stated};

impl Charge {
    /// A notification came, and waits for its reply.
    #[inline(never)]
    pub(super) fn take_notification(
        &mut self,
        profile: &Profile<'_>,
        ticket: Ticket,
        notification: &Notification,
    ) -> Result<(), Ignored> {
        let number = self.attempt_of(profile, notification).ok_or(Ignored::NotOurs)?;
        self.tickets.push(ticket).map_err(|_| Ignored::Busy)?;
        let id = reference_of(notification);
        let mut reference = self.lasting.received.reference(&self.lasting.texts, number, id);
        // What counted once does so again, whatever it names then.
        reference.matched |= self.is_matched(profile, notification, &reference);
        match notification.class {
            Class::Ok => match self.worth(profile, notification) {
                Some(total) => self.credit(profile, &reference, total),
                None => self.note_conflict(Conflict::BadNotification),
            },
            class => self.take_failure(profile, &reference, class, notification),
        }
        Ok(())
    }

    /// The attempt that a notification is about, by its `externalTrxId`, else by an internal id that is known.
    fn attempt_of(&self, profile: &Profile<'_>, notification: &Notification) -> Option<u8> {
        let mut numbers = self.numbers();
        let external = notification.external.as_bytes();
        if external.is_empty() {
            return numbers.find(|number| self.is_internal(*number, notification));
        }
        let number = attempt_of_external(self.lasting.texts.get(Slot::CHARGE_ID), external)?;
        // A carrier that was never told our id cannot name it: whoever does is somebody else (R41).
        (profile.client_makes_id && numbers.contains(&number)).then_some(number)
    }

    /// Whether a notification's internal id is that of the attempt.
    #[inline(never)]
    fn is_internal(&self, number: u8, notification: &Notification) -> bool {
        let internal = notification.internal.as_bytes();
        !internal.is_empty() && same(internal, self.lasting.texts.get(Slot::internal(number)))
    }

    /// Whether a notification under this reference counts towards confirming (R41): where an answer named ids, only what
    /// names one of them.
    fn is_matched(
        &self,
        profile: &Profile<'_>,
        notification: &Notification,
        reference: &Reference<'_>,
    ) -> bool {
        let texts = &self.lasting.texts;
        let (internal, named) =
            (texts.get(Slot::internal(reference.attempt)), texts.get(Slot::reference(reference.attempt)));
        let by_reference = if named.is_empty() { internal.is_empty() } else { same(reference.id, named) };
        profile.internal_id == InternalIdRule::Any
            || by_reference
            || self.is_internal(reference.attempt, notification)
    }

    /// What a successful notification says was paid for its reference so far; `None` if that cannot be (R36).
    fn worth(&self, profile: &Profile<'_>, notification: &Notification) -> Option<Amount> {
        match &notification.currency {
            Some(Ok(currency)) if *currency != self.currency() => return None,
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

    fn credit(&mut self, profile: &Profile<'_>, reference: &Reference<'_>, total: Amount) {
        if !reference.matched && !total.is_zero() {
            self.note_conflict(Conflict::UnmatchedPayment);
        }
        let Lasting { received, texts, .. } = &mut self.lasting;
        match received.credit(texts, reference, total, self.guards) {
            Credited::Nothing => {}
            Credited::More => {
                self.set_mark(reference.attempt, Mark::Credited);
                self.storage.touch();
            }
            Credited::NoPlace => {
                self.note_conflict(Conflict::TooManyReferences);
                self.need_review(Reason::TooManyReferences);
                self.storage.touch();
            }
        }
        if reference.matched {
            self.hear_of(profile, reference.attempt);
        }
    }

    /// The carrier knows the attempt: its one send was accepted, whatever became of the answer.
    fn hear_of(&mut self, profile: &Profile<'_>, number: u8) {
        // A carrier that executes each id once may have been sent it more than once.
        let sends = FIRST_SEND..=if self.deduplicates { u8::MAX } else { FIRST_SEND };
        let Some(attempt) = self.attempt_mut(number) else { return };
        let known = attempt.has(Mark::Accepted) || attempt.has(Mark::Executed);
        if !known && sends.contains(&attempt.opened) {
            attempt.answer_send(FIRST_SEND);
            attempt.mark(Mark::Accepted);
            self.storage.touch();
            // Also while the answer is awaited: it may be lost. If it comes, the window runs from it.
            if self.is_latest(number) {
                self.open_window(profile);
            }
        }
    }

    /// A notification of a failure: it credits nothing (R37).
    fn take_failure(
        &mut self,
        profile: &Profile<'_>,
        reference: &Reference<'_>,
        class: Class,
        notification: &Notification,
    ) {
        if !self.guards.hold(Guard::FailureCreditsNothing) {
            if let Some(total) = self.worth(profile, notification) {
                let Lasting { received, texts, .. } = &mut self.lasting;
                received.credit(texts, reference, total, self.guards);
            }
        }
        if matches!(notification.total, Stated::Amount(total) if total > reference.known) {
            self.note_conflict(Conflict::FailedWithMoney);
        }
        let mark = match class {
            Class::DeclinedUser => Mark::Declined,
            Class::FailedListening | Class::RejectedConfig | Class::RejectedRequest => Mark::FailedListening,
            _ => return,
        };
        let Some(attempt) = self.attempt_mut(reference.attempt) else { return };
        let paid = attempt.has_money();
        if reference.matched {
            if attempt.opened == FIRST_SEND {
                // It speaks for the one send that there was.
                attempt.answer_send(FIRST_SEND);
            }
            attempt.mark(mark);
            self.storage.touch();
        }
        if paid {
            self.note_conflict(Conflict::FailedAfterPaid);
        }
    }
}

/// What the carrier calls the payment; empty if it did not name it at all.
fn reference_of(notification: &Notification) -> &[u8] {
    let reference = notification.reference.as_bytes();
    if reference.is_empty() { notification.internal.as_bytes() } else { reference }
}
