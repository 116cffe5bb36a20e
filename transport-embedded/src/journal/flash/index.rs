//! Where the newest entry of each charge stands.

use core::str;

use caas_core::id::SALE_ID_MAX;
use heapless::Vec;

use super::entry::Head;

/// Where an entry stands, and how new it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub page: u32,
    pub at: u32,
    /// From 1; 0 where there is no entry.
    pub serial: u32,
}

impl Place {
    const NONE: Place = Place { page: 0, at: 0, serial: 0 };
}

/// One charge, or the id generator's mark (an empty sale).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    pub number: u32,
    sale: Vec<u8, SALE_ID_MAX>,
    pub newest: Place,
    /// The newest that is not damaged: the newest itself, or an older one, or none.
    sound: Place,
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
        self.slots.iter().find(|slot| slot.sale == sale.as_bytes())
    }

    /// The charge at a position, in the order of their numbers, which reading the flash again does not change. The id
    /// generator's mark has none.
    pub fn charge(&self, position: usize) -> Option<&Slot> {
        let charges = || self.slots.iter().filter(|slot| !slot.sale.is_empty());
        charges().find(|slot| charges().filter(|other| other.number < slot.number).count() == position)
    }

    /// Whether a further charge, or the mark, has room. One place is kept for the mark.
    pub fn has_room_for(&self, sale: &str) -> bool {
        let kept = usize::from(!sale.is_empty() && self.find("").is_none());
        self.slots.len().saturating_add(kept) < N
    }

    pub fn remove(&mut self, number: u32) {
        self.slots.retain(|slot| slot.number != number);
    }

    /// Takes up an entry, or a copy of one. Whether there is a place for its charge.
    pub fn add(&mut self, head: &Head, at: u32, sound: bool) -> bool {
        let number = head.number();
        if !self.slots.iter().any(|slot| slot.number == number) {
            let Ok(sale) = Vec::from_slice(head.sale()) else { return false };
            let slot = Slot { number, sale, newest: Place::NONE, sound: Place::NONE };
            if self.slots.push(slot).is_err() {
                return false;
            }
        }
        let place = Place { page: head.page(), at, serial: head.serial() };
        for slot in self.slots.iter_mut().filter(|slot| slot.number == number) {
            // Of two copies the sound one counts.
            if place.serial >= slot.newest.serial {
                slot.newest = place;
            }
            if sound && place.serial >= slot.sound.serial {
                slot.sound = place;
            }
        }
        true
    }

    /// An entry that is still needed and stands in this page, and whether it is sound.
    pub fn needed_in(&self, page: u32) -> Option<(Place, bool)> {
        self.slots.iter().find_map(|slot| {
            if slot.sound.page == page && slot.sound.serial != 0 {
                return Some((slot.sound, true));
            }
            (slot.newest.page == page && slot.is_damaged()).then_some((slot.newest, false))
        })
    }
}

impl Slot {
    /// Whether the newest entry is damaged.
    pub fn is_damaged(&self) -> bool {
        self.newest.serial != self.sound.serial
    }

    /// The newest entry that is not damaged, and whether it is the newest.
    pub fn sound(&self) -> (Place, bool) {
        (self.sound, !self.is_damaged())
    }

    /// The sale; empty if it is no text.
    pub fn sale(&self) -> &str {
        str::from_utf8(&self.sale).unwrap_or("")
    }
}
