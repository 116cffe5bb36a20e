//! What to do now, for each state a charge can be in.

use super::attempt::Mark;
use super::facts::latest;
use super::{Charge, Payment, Phase, Reason, Release, Sale};
use crate::money::Amount;

/// What to do now. The first that applies is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice<'c> {
    /// Storage fails: keep the machine from selling, and repair it.
    RepairStorage,
    /// Call somebody: a person must find out what happened, and end it with
    /// [`Command::Resolve`](super::Command::Resolve).
    CallSomebody(Reason),
    /// Give this back to the payer, then resolve as refunded.
    Refund(Amount),
    /// Start the release of the goods.
    Release,
    /// The goods are being released: report the result.
    ReportRelease,
    /// Look at the machine: the power went during the release, which counts as made.
    LookAtTheMachine,
    /// Show the payer this, and wait.
    ShowPayer(&'c str),
    /// Wait, and keep calling [`Charge::poll_output`].
    Wait,
    /// The prompt was not approved: offer another attempt, or cancel.
    OfferAnotherAttempt,
    /// Nothing: the payer has the goods and the money is there.
    Done,
    /// Nothing: the payer was not charged. They may try again with a new sale.
    NotCharged,
}

impl Charge {
    /// What to do now.
    pub fn advice(&self) -> Advice<'_> {
        if self.storage.is_failing() {
            return Advice::RepairStorage;
        }
        if let Some(reason) = self.review.reason() {
            return Advice::CallSomebody(reason);
        }
        if !self.refund_due().is_zero() {
            return Advice::Refund(self.refund_due());
        }
        match (self.payment(), self.release, self.sale) {
            (_, Release::Started, _) => Advice::ReportRelease,
            (_, Release::Uncertain, _) => Advice::LookAtTheMachine,
            (Payment::Confirmed, Release::None, Sale::Open) if self.is_vouched_for() => Advice::Release,
            (Payment::Confirmed, Release::None, Sale::Open) => Advice::Wait,
            (Payment::Confirmed, _, _) => Advice::Done,
            (Payment::Failed, _, _) => Advice::NotCharged,
            (Payment::PendingConsent, _, Sale::Open) => self.advice_for_payer(),
            _ => Advice::Wait,
        }
    }

    fn advice_for_payer(&self) -> Advice<'_> {
        if self.facts().any(latest(Phase::Lapsed)) {
            return Advice::OfferAnotherAttempt;
        }
        let accepted = self.latest().is_some_and(|attempt| attempt.has(Mark::Accepted));
        match self.payer_text() {
            Some(text) if accepted => Advice::ShowPayer(text),
            _ => Advice::Wait,
        }
    }
}
