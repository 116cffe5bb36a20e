//! What has been told to the application and what has not. Told again after a restart, because the application may have
//! died before it acted.

use super::attempt::Mark;
use super::kept::Kept;
use super::output::Event;
use super::{Charge, Closing, Conflict, Payment, Phase, Reason, Release, Review, Sale};
use crate::money::Amount;
use crate::wire::request::RequestFault;

/// Something to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
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

impl News {
    /// What the application is told of it.
    pub fn event(self) -> Event {
        match self {
            News::Conflict(conflict) => Event::Conflict(conflict),
            News::CredentialsRefused(_) => Event::CredentialsRefused,
            News::Misconfigured(fault) => Event::Misconfigured(fault),
            News::PayerMustAct(_) => Event::PayerMustAct,
            News::Lapsed(_) => Event::Lapsed,
            News::PartlyPaid(received) => Event::PartlyPaid(received),
            News::Payment(Payment::Requested) => Event::Requested,
            News::Payment(Payment::PendingConsent) => Event::PendingConsent,
            News::Payment(Payment::Confirmed) => Event::Confirmed,
            News::Payment(Payment::Failed) => Event::Failed,
            News::Payment(Payment::InDoubt) => Event::InDoubt,
            News::ReleaseUncertain => Event::ReleaseUncertain,
            News::NeedsReview(reason) => Event::NeedsReview(reason),
            News::Closed(closing) => Event::Closed(closing),
            News::RefundDue(amount) => Event::RefundDue(amount),
        }
    }
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
    pub fn note(&mut self, news: News) {
        match news {
            News::Conflict(conflict) => self.conflicts |= conflict as u8,
            News::CredentialsRefused(count) => self.credential_refusals = count,
            News::Misconfigured(_) => self.misconfigured = true,
            News::PayerMustAct(attempt) => self.must_act = attempt.saturating_add(1),
            News::Lapsed(attempt) => self.lapsed = attempt.saturating_add(1),
            News::PartlyPaid(received) => self.partly_paid = Kept::new(received),
            News::Payment(payment) => self.payment = Some(payment),
            News::ReleaseUncertain => self.uncertain = true,
            News::NeedsReview(reason) => self.review = Some(reason),
            News::Closed(_) => self.closed = true,
            News::RefundDue(amount) => self.refund_due = Kept::new(amount),
        }
    }
}

impl Charge {
    /// The first thing that has not been told.
    pub(super) fn next_news(&self) -> Option<News> {
        self.next_conflict()
            .or_else(|| self.next_blame())
            .or_else(|| self.next_of_attempt())
            .or_else(|| self.next_of_payment())
            .or_else(|| self.next_of_sale())
    }

    fn next_conflict(&self) -> Option<News> {
        self.conflicts().find(|conflict| self.announced.conflicts & *conflict as u8 == 0).map(News::Conflict)
    }

    fn next_blame(&self) -> Option<News> {
        if self.lasting.credential_refusals > self.announced.credential_refusals {
            return Some(News::CredentialsRefused(self.lasting.credential_refusals));
        }
        self.fault.filter(|_| !self.announced.misconfigured).map(News::Misconfigured)
    }

    fn next_of_attempt(&self) -> Option<News> {
        let number = self.latest_number();
        let attempt = self.latest()?;
        let pending = self.latest_phase() == Phase::PendingConsent && self.sale == Sale::Open;
        if pending && attempt.has(Mark::Accepted) && self.announced.must_act <= number {
            return Some(News::PayerMustAct(number));
        }
        let lapsed = self.latest_phase() == Phase::Lapsed && self.sale == Sale::Open;
        (lapsed && self.announced.lapsed <= number).then_some(News::Lapsed(number))
    }

    fn next_of_payment(&self) -> Option<News> {
        let (payment, received) = (self.payment(), self.received());
        if payment != Payment::Confirmed
            && !received.is_zero()
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
