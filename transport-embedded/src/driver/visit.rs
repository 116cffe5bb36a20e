//! A notification or a person's finding for a charge that may have left the till: its record is taken up for it.

use caas_core::charge::{AtBoot, Carrier, Charge, Command, Handled, Ignored, Input, RecoverError, Refusal};
use caas_core::id::SaleId;
use caas_core::profile::Profile;
use caas_core::time::Instant;

use super::happening::{Happening, JournalTrouble, News, NotPossible, Reply};
use super::state::{Placed, State};
use super::wish::Visit;
use super::work::Work;
use crate::clock::Clock;
use crate::journal::{Found, Journal, Newest};

/// Where the charge of a visit is.
enum Whereabouts {
    /// In the till; what became of the visit.
    Met(Option<Handled>),
    Nowhere,
    NoPlace,
    Unreadable(RecoverError),
    /// Its record is lost.
    Lost(SaleId),
}

impl<const N: usize, C: Clock, J: Journal> Work<'_, '_, N, C, J> {
    /// Decides on what waits. It waits in the machine's state until then, so that it is decided again where the future
    /// was dropped.
    pub(super) async fn visit(&mut self) -> bool {
        let machine = self.machine;
        let (now, profile) = (machine.now(), machine.profile());
        let waits = machine.with(false, |state| state.visit.is_some());
        if !waits {
            return false;
        }
        let whereabouts = match machine.with(None, |state| state.meet(now, profile)) {
            Some(handled) => Ok(Whereabouts::Met(Some(handled))),
            None => self.look_up().await,
        };
        if let Ok(Whereabouts::Lost(sale)) = &whereabouts {
            // The person has looked: there is nothing else to keep of it.
            let finished = self.ledger.finish(&machine.clock, sale).await;
            if self.done(finished).is_none() {
                return true;
            }
        }
        let Some(visit) = machine.with(None, |state| state.visit.take()) else { return true };
        if let Some(happening) = answer(visit, whereabouts) {
            machine.tell(happening);
        }
        true
    }

    /// Looks for the charge in the journal and takes it up.
    async fn look_up(&mut self) -> Result<Whereabouts, JournalTrouble> {
        let machine = self.machine;
        let mut position = 0;
        while let Some(found) = self.ledger.read(&machine.clock, position, &mut self.output).await? {
            let (now, carrier) = (machine.now(), machine.carrier());
            let met = machine.with(None, |state| state.meet_recorded(now, &carrier, &found));
            if let Some(whereabouts) = met {
                return Ok(whereabouts);
            }
            position += 1;
        }
        Ok(Whereabouts::Nowhere)
    }
}

impl<const N: usize> State<'_, N> {
    /// Gives the visit to its charge, if the till has it.
    fn meet(&mut self, now: Instant, profile: &Profile<'_>) -> Option<Handled> {
        match self.visit.as_ref()? {
            Visit::Notification { ticket, notification } => {
                let input = Input::Notification { ticket: *ticket, notification };
                let handled = self.till.handle_input(now, profile, input);
                Some(handled).filter(|handled| *handled != Handled::Ignored(Ignored::NotOurs))
            }
            Visit::Resolve { sale, resolution, by } => {
                let (sale, resolution) = (sale.clone(), *resolution);
                let command = Command::Resolve { resolution, by };
                let handled = self.till.command(now, profile, &sale, command);
                let is_undecided = handled == Some(Handled::Refused(Refusal::NothingToResolve));
                if is_undecided && self.look_at(&sale, resolution) { Some(Handled::Done) } else { handled }
            }
        }
    }

    /// Takes the charge of a record up and gives it the visit, if it is the one.
    fn meet_recorded(
        &mut self,
        now: Instant,
        carrier: &Carrier<'_>,
        found: &Found<'_>,
    ) -> Option<Whereabouts> {
        let profile = carrier.profile;
        if !self.is_meant(now, carrier, found) {
            return None;
        }
        Some(match self.place(now, carrier, &found.newest, AtBoot::RefundDue) {
            Placed::InTill => {
                // It may have left the till a moment ago: what comes of it now is not to be put away with what was.
                self.leaving.retain(|leaving| leaving.sale != found.sale);
                self.note_resumed(now, profile, &found.sale, AtBoot::RefundDue);
                Whereabouts::Met(self.meet(now, profile))
            }
            Placed::NoPlace => Whereabouts::NoPlace,
            Placed::Unreadable(error) => Whereabouts::Unreadable(error),
            Placed::Lost => Whereabouts::Lost(found.sale.clone()),
        })
    }

    /// Whether the visit is for the charge of this record.
    fn is_meant(&self, now: Instant, carrier: &Carrier<'_>, found: &Found<'_>) -> bool {
        match self.visit.as_ref() {
            None => false,
            Some(Visit::Resolve { sale, .. }) => *sale == found.sale,
            Some(Visit::Notification { ticket, notification }) => {
                let (Newest::Whole(record) | Newest::Damaged { older: Some(record) }) = found.newest else {
                    return false;
                };
                let charge = Charge::recover(now, carrier, record, AtBoot::RefundDue);
                charge.is_ok_and(|mut charge| {
                    let input = Input::Notification { ticket: *ticket, notification };
                    let handled = charge.handle_input(now, carrier.profile, input);
                    handled != Handled::Ignored(Ignored::NotOurs)
                })
            }
        }
    }
}

/// What the application is told; nothing, where the charge replies when it is durable.
fn answer(visit: Visit, whereabouts: Result<Whereabouts, JournalTrouble>) -> Option<Happening> {
    match visit {
        Visit::Notification { ticket, .. } => {
            let reply = match whereabouts {
                Ok(Whereabouts::Met(Some(Handled::Done))) => return None,
                Ok(Whereabouts::Nowhere) => Reply::NotOurs,
                _ => Reply::TryLater,
            };
            Some(Happening::Reply { ticket, reply })
        }
        Visit::Resolve { sale, .. } => {
            let why = match whereabouts {
                Ok(Whereabouts::Met(Some(Handled::Done | Handled::Ignored(_)))) => None,
                Ok(Whereabouts::Lost(_)) => None,
                Ok(Whereabouts::Met(Some(Handled::Refused(refusal)))) => Some(NotPossible::Refused(refusal)),
                Ok(Whereabouts::Met(None) | Whereabouts::Nowhere) => Some(NotPossible::UnknownSale),
                Ok(Whereabouts::NoPlace) | Err(_) => Some(NotPossible::Busy),
                Ok(Whereabouts::Unreadable(error)) => Some(NotPossible::Unreadable(error)),
            };
            let news = why.map_or(News::Resolved, News::NotResolved);
            Some(Happening::Charge { sale, news })
        }
    }
}
