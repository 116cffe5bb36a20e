//! eZ Cash: what payments are asked for, made and failed, and the notifications they cause.

use crate::agenda::Due;
use crate::notification;
use crate::settings::Payer;
use crate::shelf::Named;
use crate::state::State;
use crate::{
    Capture, CaptureSource, CarrierFamily, EzCashRequest, EzCashState, Refused, SimulatorEvent, magic,
};

impl Named for EzCashRequest {
    fn names(&self) -> Vec<&str> {
        vec![&self.reference, &self.internal_id, &self.external_id]
    }
}

impl State {
    /// Opens a payment at eZ Cash and plans what the payer does.
    pub(crate) fn open_ezcash(&mut self, request: EzCashRequest) {
        let at = request.opened_at;
        let payer = magic::payer(&self.settings, &request.subscriber, request.amount_due);
        self.tell(|| SimulatorEvent::EzCashRequested(request.clone()));
        let (place, _) = self.book.ezcash.push(request);
        if payer != Payer::Ask {
            self.book.agenda.plan(self.after_thinking(at), Due::EzCashAnswer(place, payer));
        }
    }

    /// The latest eZ Cash request which has this `referenceId`, `internalTrxId` or `externalTrxId`.
    pub(crate) fn ezcash_place(&self, id: &str) -> Option<usize> {
        self.book.ezcash.place(id)
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

    /// Somebody else notifies that it was paid in full; no money stands behind it.
    pub(crate) fn forge_notification(&mut self, id: &str, now: u64) -> Result<(), Refused> {
        let request = self.ezcash_place(id).and_then(|place| self.book.ezcash.get(place));
        let request = request.ok_or(Refused::UnknownReference)?.clone();
        let seen = notification::paid(&request, 0, &self.local_time(now).to_the_minute());
        self.book.outbox.forge(&request.reference, &request.external_id, &seen, now);
        Ok(())
    }

    /// A further payment under the same `externalTrxId`, as captured traffic shows.
    pub(crate) fn second_reference(&mut self, external_id: &str, now: u64) -> Result<EzCashRequest, Refused> {
        let first = self.ezcash_place(external_id).and_then(|place| self.book.ezcash.get(place));
        let first = first.ok_or(Refused::UnknownReference)?;
        let second = EzCashRequest {
            paid: 0,
            state: EzCashState::Waiting,
            opened_at: now,
            reference: self.ids.reference(),
            internal_id: self.ids.internal(),
            ..first.clone()
        };
        self.open_ezcash(second.clone());
        self.advance(now);
        Ok(second)
    }

    pub(crate) fn payer_acts_at_ezcash(&mut self, place: usize, payer: Payer, at: u64) {
        let waiting = |request: &&EzCashRequest| request.state == EzCashState::Waiting;
        let Some(request) = self.book.ezcash.get(place).filter(waiting) else {
            return;
        };
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
        let request = self.book.ezcash.get_mut(place).ok_or(Refused::UnknownReference)?;
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
        let Some(request) = self.book.ezcash.get_mut(place) else {
            return;
        };
        if request.state == EzCashState::Waiting {
            request.state = EzCashState::Failed;
        }
        let request = request.clone();
        let body = notification::failed(&request, code, &self.local_time(at).to_the_minute());
        self.book.outbox.post(&request.reference, &request.external_id, &body, at);
        self.book.happened = true;
    }
}
