//! What has been told to the application and what has not. Told again after a restart, because the application may have
//! died before it acted.

use super::attempt::Mark;
use super::facts::{self, Facts, latest};
use super::kept::Kept;
use super::output::Event;
use super::{CONFLICTS, Charge, Closing, Conflict, Payment, Phase, Reason, Release, Review, Sale};
use crate::money::Amount;
use crate::wire::request::RequestFault;

/// Something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    Conflict(Conflict),
    CredentialsRefused(u8),
    Misconfigured(RequestFault),
    PayerMustAct(u8),
    Lapsed(u8),
    PartlyPaid(Amount),
    Payment(Payment),
    ReleaseUncertain,
    NeedsReview(Reason),
    Closed(Closing),
    RefundDue(Amount),
}

/// What was told in this run of the program.
#[derive(Debug, Default)]
#[cfg_attr(feature = "model", derive(Clone, PartialEq, Eq, Hash))]
pub(super) struct Announced {
    conflicts: u8,
    credential_refusals: u8,
    misconfigured: bool,
    /// One more than the attempt whose instructions were told last.
    must_act: u8,
    /// One more than the attempt whose lapse was told last.
    lapsed: u8,
    partly_paid: Kept,
    payment: Option<Payment>,
    uncertain: bool,
    pub review: Option<Reason>,
    closed: bool,
    pub refund_due: Kept,
    /// The release was told.
    pub release: bool,
}

impl Announced {
    /// Notes the news as told, and says what the application is told of it.
    pub fn tell(&mut self, news: News) -> Event {
        match news {
            News::Conflict(conflict) => {
                self.conflicts |= conflict as u8;
                Event::Conflict(conflict)
            }
            News::CredentialsRefused(count) => {
                self.credential_refusals = count;
                Event::CredentialsRefused
            }
            News::Misconfigured(fault) => {
                self.misconfigured = true;
                Event::Misconfigured(fault)
            }
            News::PayerMustAct(attempt) => {
                self.must_act = attempt.saturating_add(1);
                Event::PayerMustAct
            }
            News::Lapsed(attempt) => {
                self.lapsed = attempt.saturating_add(1);
                Event::Lapsed
            }
            News::PartlyPaid(received) => {
                self.partly_paid = Kept::new(received);
                Event::PartlyPaid(received)
            }
            News::Payment(payment) => {
                self.payment = Some(payment);
                match payment {
                    Payment::Requested => Event::Requested,
                    Payment::PendingConsent => Event::PendingConsent,
                    Payment::Confirmed => Event::Confirmed,
                    Payment::Failed => Event::Failed,
                    Payment::InDoubt => Event::InDoubt,
                }
            }
            News::ReleaseUncertain => {
                self.uncertain = true;
                Event::ReleaseUncertain
            }
            News::NeedsReview(reason) => {
                self.review = Some(reason);
                Event::NeedsReview(reason)
            }
            News::Closed(closing) => {
                self.closed = true;
                Event::Closed(closing)
            }
            News::RefundDue(due) => {
                self.refund_due = Kept::new(due);
                Event::RefundDue(due)
            }
        }
    }
}

impl Charge {
    /// The first thing that has not been told.
    pub(super) fn next_news(&self) -> Option<News> {
        let facts = self.facts();
        self.next_conflict()
            .or_else(|| self.next_blame())
            .or_else(|| self.next_of_attempt(facts))
            .or_else(|| self.next_of_payment(facts))
            .or_else(|| self.next_of_sale())
    }

    fn next_conflict(&self) -> Option<News> {
        let untold = self.lasting.conflicts & !self.announced.conflicts;
        CONFLICTS.get(untold.trailing_zeros() as usize).copied().map(News::Conflict)
    }

    fn next_blame(&self) -> Option<News> {
        if self.lasting.credential_refusals > self.announced.credential_refusals {
            return Some(News::CredentialsRefused(self.lasting.credential_refusals));
        }
        self.fault.filter(|_| !self.announced.misconfigured).map(News::Misconfigured)
    }

    fn next_of_attempt(&self, facts: Facts) -> Option<News> {
        let number = self.latest_number();
        let accepted = self.latest()?.has(Mark::Accepted);
        if facts.all(facts::OPEN | latest(Phase::PendingConsent))
            && accepted
            && self.announced.must_act <= number
        {
            return Some(News::PayerMustAct(number));
        }
        let lapsed = facts.all(facts::OPEN | latest(Phase::Lapsed));
        (lapsed && self.announced.lapsed <= number).then_some(News::Lapsed(number))
    }

    fn next_of_payment(&self, facts: Facts) -> Option<News> {
        let (payment, received) = (facts.payment(), self.received());
        if !facts.any(facts::PAID)
            && facts.any(facts::RECEIVED)
            && received != self.announced.partly_paid.amount()
        {
            return Some(News::PartlyPaid(received));
        }
        (self.announced.payment != Some(payment)).then_some(News::Payment(payment))
    }

    fn next_of_sale(&self) -> Option<News> {
        if self.release == Release::Uncertain && !self.announced.uncertain {
            return Some(News::ReleaseUncertain);
        }
        if let Review::Needed(reason) = self.review {
            if self.announced.review != Some(reason) {
                return Some(News::NeedsReview(reason));
            }
        }
        if let Sale::Closed(closing) = self.sale {
            if !self.announced.closed {
                return Some(News::Closed(closing));
            }
        }
        let due = self.refund_due();
        (!due.is_zero() && due != self.announced.refund_due.amount()).then_some(News::RefundDue(due))
    }
}
