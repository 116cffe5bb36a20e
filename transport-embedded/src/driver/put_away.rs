//! Charges that have left the till.

use super::happening::{Happening, News};
use super::state::Fate;
use super::trace::{Step, trace};
use super::work::Work;
use crate::clock::Clock;
use crate::journal::Journal;

impl<const N: usize, C: Clock, J: Journal> Work<'_, '_, N, C, J> {
    /// Puts the first of them away, or tells that it is kept. All that it had to tell was taken before.
    pub(super) async fn put_away(&mut self) -> bool {
        let machine = self.machine;
        let Some(leaving) = machine.with(None, |state| state.leaving.first().cloned()) else { return false };
        let news = match leaving.fate {
            Fate::Finished => {
                let finished = self.ledger.finish(&machine.clock, &leaving.sale).await;
                if self.done(finished).is_none() {
                    return true;
                }
                trace(Step::PutAway);
                News::Finished
            }
            Fate::Kept | Fate::GaveWay => News::KeptForPerson,
        };
        machine.with((), |state| state.leaving.retain(|one| *one != leaving));
        machine.tell(Happening::Charge { sale: leaving.sale, news });
        true
    }
}
