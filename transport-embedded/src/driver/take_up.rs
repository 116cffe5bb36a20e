//! The journal's records come into the till: all of them after a restart, later those that gave way.

use caas_core::charge::{AtBoot, Carrier, Charge};
use caas_core::id::SaleId;
use caas_core::time::Instant;

use super::happening::{Happening, JournalTrouble, News};
use super::state::{Over, Placed, State, is_clear, is_kept};
use super::trace::{Step, trace};
use super::work::Work;
use crate::clock::Clock;
use crate::journal::{Journal, Newest};

/// What is to be done with a record.
enum Next {
    /// All are looked through.
    End,
    /// It stays where it is.
    Skip(SaleId),
    /// It waits for a place.
    Wait,
    /// It was decided on.
    Placed(SaleId, Placed),
    /// Nothing is left to do for it.
    PutAway(SaleId),
}

impl<const N: usize, C: Clock, J: Journal> Work<'_, '_, N, C, J> {
    /// Decides on the next record. `false`: none is to be decided on now.
    pub(super) async fn take_up(&mut self) -> bool {
        let machine = self.machine;
        let due = |state: &mut State<'_, N>| state.pass.over != Over::Nothing && !state.pass.waits;
        if !machine.with(false, due) {
            return false;
        }
        let next = self.next_record().await;
        let Some(next) = self.done(next) else { return true };
        match next {
            Next::End => self.end_pass(),
            Next::Wait => machine.with((), |state| state.pass.waits = true),
            Next::Skip(sale) => machine.with((), |state| state.pass.after = Some(sale)),
            Next::Placed(sale, placed) => self.tell_placed(sale, placed),
            Next::PutAway(sale) => {
                let finished = self.ledger.finish(&machine.clock, &sale).await;
                if self.done(finished).is_some() {
                    machine.with((), |state| state.pass.after = Some(sale.clone()));
                    machine.tell(Happening::Charge { sale, news: News::Finished });
                }
            }
        }
        true
    }

    async fn next_record(&mut self) -> Result<Next, JournalTrouble> {
        let machine = self.machine;
        let after = machine.with(None, |state| state.pass.after.clone());
        let first = self.ledger.first_after(&machine.clock, &mut self.output, after.as_ref()).await?;
        let Some((position, sale)) = first else { return Ok(Next::End) };
        let Some(found) = self.ledger.read(&machine.clock, position, &mut self.output).await? else {
            return Ok(Next::Skip(sale));
        };
        let (now, carrier, at_boot) = (machine.now(), machine.carrier(), machine.settings.at_boot);
        let decide = |state: &mut State<'_, N>| {
            let there = state.till.charge(&sale).is_some();
            let leaving = state.leaving.iter().any(|leaving| leaving.sale == sale);
            match state.pass.over {
                _ if there || leaving => Next::Skip(sale.clone()),
                Over::Everything => state.take_up(now, &carrier, &sale, &found.newest, at_boot),
                Over::GaveWay | Over::Nothing => state.take_back(now, &carrier, &sale, &found.newest),
            }
        };
        Ok(machine.with(Next::Wait, decide))
    }

    fn tell_placed(&mut self, sale: SaleId, placed: Placed) {
        let machine = self.machine;
        machine.with((), |state| {
            state.pass.after = Some(sale.clone());
            state.pass.unreadable |= matches!(placed, Placed::Unreadable(_));
        });
        let news = match placed {
            Placed::InTill | Placed::NoPlace => News::TakenUp,
            Placed::Unreadable(error) => News::NotTakenUp(error),
            Placed::Lost => News::RecordLost,
        };
        trace(Step::TakenUp);
        machine.tell(Happening::Charge { sale, news });
    }

    fn end_pass(&mut self) {
        let machine = self.machine;
        let before = machine.with(Over::Nothing, |state| {
            let before = state.pass.over;
            state.pass.after = None;
            // What gave way while the rest was taken up is looked for at once.
            state.pass.over = if before == Over::Everything { Over::GaveWay } else { Over::Nothing };
            before
        });
        if before == Over::Everything {
            machine.tell(Happening::Ready);
        }
    }
}

impl<const N: usize> State<'_, N> {
    fn take_up(
        &mut self,
        now: Instant,
        carrier: &Carrier<'_>,
        sale: &SaleId,
        newest: &Newest<'_>,
        at_boot: AtBoot,
    ) -> Next {
        match self.place(now, carrier, newest, at_boot) {
            Placed::NoPlace => Next::Wait,
            placed => {
                if placed == Placed::InTill {
                    self.note_resumed(now, carrier.profile, sale, at_boot);
                }
                Next::Placed(sale.clone(), placed)
            }
        }
    }

    /// A charge that gave way comes back, if there is a place that is free.
    fn take_back(&mut self, now: Instant, carrier: &Carrier<'_>, sale: &SaleId, newest: &Newest<'_>) -> Next {
        let Newest::Whole(record) = newest else { return Next::Skip(sale.clone()) };
        let Ok(charge) = Charge::recover(now, carrier, record, AtBoot::RefundDue) else {
            return Next::Skip(sale.clone());
        };
        if is_clear(&charge) {
            return Next::PutAway(sale.clone());
        }
        if is_kept(&charge) {
            return Next::Skip(sale.clone());
        }
        if self.till.charges().count() >= N {
            return Next::Wait;
        }
        self.take_up(now, carrier, sale, newest, AtBoot::RefundDue)
    }
}
