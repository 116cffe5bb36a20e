//! What each sale is of. A choice counts only once its sale is started: what was refused is nobody's.

use caas_core::id::SaleId;
use caas_transport_embedded::driver::News;
use heapless::Vec;

use crate::keys::Slot;

/// Starts that the driver has taken and that are not told of: one that is decided, and one that waits.
const WANTED: usize = 2;

/// Which slot each of up to `N` open sales is of. A restart forgets it, and after a restart nothing is released.
pub struct Choices<const N: usize> {
    /// In the order in which the driver decides.
    wanted: Vec<(SaleId, Slot), WANTED>,
    started: Vec<(SaleId, Slot), N>,
}

impl<const N: usize> Choices<N> {
    /// None.
    pub const fn new() -> Self {
        Choices { wanted: Vec::new(), started: Vec::new() }
    }

    /// A start was taken by the driver.
    pub fn want(&mut self, sale: SaleId, slot: Slot) {
        // The driver takes no third start before the first is told of.
        let _ = self.wanted.push((sale, slot));
    }

    /// Notes what news of a sale says of its choice. `false`: the sale was started, and its choice has no place, which
    /// does not come where there are as many as the driver has places; nothing could be released for it.
    pub fn note(&mut self, sale: &SaleId, news: &News) -> bool {
        match news {
            News::Started { again } => {
                let slot = self.decide(sale);
                // A sale that is under way keeps the choice that it was started with.
                *again || slot.is_some_and(|slot| self.begin(sale, slot))
            }
            News::NotStarted(_) => {
                self.decide(sale);
                true
            }
            // Nothing is released for it any more.
            News::Closed(_) | News::Finished => {
                self.started.retain(|choice| choice.0 != *sale);
                true
            }
            _ => true,
        }
    }

    /// What a sale that was started is of.
    pub fn of(&self, sale: &SaleId) -> Option<Slot> {
        self.started.iter().find(|choice| choice.0 == *sale).map(|choice| choice.1)
    }

    /// The oldest choice of this sale that waits for the driver's decision.
    fn decide(&mut self, sale: &SaleId) -> Option<Slot> {
        let place = self.wanted.iter().position(|choice| choice.0 == *sale)?;
        Some(self.wanted.remove(place).1)
    }

    fn begin(&mut self, sale: &SaleId, slot: Slot) -> bool {
        self.started.retain(|choice| choice.0 != *sale);
        self.started.push((sale.clone(), slot)).is_ok()
    }
}
