//! Where the newest entry of each charge stands.

use caas_core::id::SALE_ID_MAX;
use heapless::{String, Vec};

use super::entry::Head;

/// Where an entry stands, and how new it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub page: u32,
    pub at: u32,
    pub serial: u32,
}

/// One charge, or the id generator's mark (an empty sale).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub number: u32,
    pub sale: String<SALE_ID_MAX>,
    pub newest: Place,
    pub damaged: bool,
    /// While the newest is damaged: the newest that is not.
    pub older: Option<Place>,
}

/// The charges that are not put away, at most `N`, the id generator's mark among them.
pub struct Index<const N: usize> {
    slots: Vec<Slot, N>,
}

impl<const N: usize> Index<N> {
    pub const fn new() -> Self {
        Index { slots: Vec::new() }
    }

    pub fn clear(&mut self) {
        self.slots.clear();
    }

    pub fn find(&self, sale: &str) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.sale == sale)
    }

    /// The charge at a position; the id generator's mark has none.
    pub fn charge(&self, position: usize) -> Option<&Slot> {
        self.slots.iter().filter(|slot| !slot.sale.is_empty()).nth(position)
    }

    /// Whether a further charge, or the mark, has room. One place is kept for the mark.
    pub fn has_room_for(&self, sale: &str) -> bool {
        let kept = usize::from(!sale.is_empty() && self.find("").is_none());
        self.slots.len().saturating_add(kept) < N
    }

    pub fn remove(&mut self, number: u32) {
        self.slots.retain(|slot| slot.number != number);
    }

    /// Takes up an entry. `Err` if there is no place for its charge.
    pub fn add(&mut self, head: &Head, at: u32, sound: bool) -> Result<(), ()> {
        let place = Place { page: head.page, at, serial: head.serial };
        match self.slots.iter_mut().find(|slot| slot.number == head.number) {
            Some(slot) => slot.add(place, sound),
            None => {
                let sale = head.sale.clone();
                let slot = Slot { number: head.number, sale, newest: place, damaged: !sound, older: None };
                self.slots.push(slot).map_err(|_| ())?;
            }
        }
        Ok(())
    }

    /// An entry that is still needed and stands in this page.
    pub fn needed_in(&self, page: u32) -> Option<Place> {
        self.slots
            .iter()
            .flat_map(|slot| slot.older.into_iter().chain([slot.newest]))
            .find(|place| place.page == page)
    }

    /// An entry of a charge was copied.
    pub fn moved(&mut self, number: u32, serial: u32, page: u32, at: u32) {
        for slot in self.slots.iter_mut().filter(|slot| slot.number == number) {
            for place in slot.older.iter_mut().chain([&mut slot.newest]) {
                if place.serial == serial {
                    (place.page, place.at) = (page, at);
                }
            }
        }
    }
}

impl Slot {
    /// The newest entry that is not damaged.
    pub fn sound(&self) -> Option<Place> {
        if self.damaged { self.older } else { Some(self.newest) }
    }

    fn add(&mut self, place: Place, sound: bool) {
        if place.serial < self.newest.serial {
            if sound && self.damaged && self.older.is_none_or(|older| older.serial <= place.serial) {
                self.older = Some(place);
            }
            return;
        }
        let newer = place.serial > self.newest.serial;
        match (sound, newer) {
            // Of two copies the sound one counts.
            (true, _) => (self.damaged, self.older) = (false, None),
            (false, false) if !self.damaged => return,
            (false, false) => {}
            (false, true) => {
                if !self.damaged {
                    self.older = Some(self.newest);
                }
                self.damaged = true;
            }
        }
        self.newest = place;
    }
}
