//! The latest so many of something, each found by its place and by its names.

use std::collections::{HashMap, VecDeque};

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};

/// Something that requests name by one of several ids.
pub(crate) trait Named {
    /// Its ids; under an id that an earlier one has too, the latest is found.
    fn names(&self) -> Vec<&str>;
}

/// A sequence that is only ever appended to. Of more than `KEPT` the oldest goes, so that memory stays flat.
#[derive(Deserialize)]
#[serde(from = "Written<T>", bound(deserialize = "T: Deserialize<'de> + Named"))]
pub(crate) struct Shelf<T, const KEPT: usize> {
    kept: VecDeque<T>,
    /// How many went: the place of the first one that is kept.
    gone: usize,
    places: HashMap<String, usize>,
}

impl<T, const KEPT: usize> Default for Shelf<T, KEPT> {
    fn default() -> Self {
        Self { kept: VecDeque::new(), gone: 0, places: HashMap::new() }
    }
}

impl<T: Named, const KEPT: usize> Shelf<T, KEPT> {
    /// Puts one down; its place, and the one that went for it.
    pub(crate) fn push(&mut self, item: T) -> (usize, Option<T>) {
        let gone = if self.kept.len() == KEPT { self.let_oldest_go() } else { None };
        let place = self.len();
        for name in item.names() {
            self.places.insert(name.to_owned(), place);
        }
        self.kept.push_back(item);
        (place, gone)
    }

    /// The place of the latest one with this name.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    fn let_oldest_go(&mut self) -> Option<T> {
        let oldest = self.kept.pop_front()?;
        for name in oldest.names() {
            if self.places.get(name) == Some(&self.gone) {
                self.places.remove(name);
            }
        }
        self.gone += 1;
        Some(oldest)
    }
}

impl<T, const KEPT: usize> Shelf<T, KEPT> {
    pub(crate) fn get(&self, place: usize) -> Option<&T> {
        self.kept.get(place.checked_sub(self.gone)?)
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        self.kept.get_mut(place.checked_sub(self.gone)?)
    }

    /// How many were ever put down: the place of the next one.
    pub(crate) fn len(&self) -> usize {
        self.gone + self.kept.len()
    }

    /// The latest `most`, oldest first.
    pub(crate) fn latest(&self, most: usize) -> impl DoubleEndedIterator<Item = &T> {
        self.kept.iter().skip(self.kept.len().saturating_sub(most))
    }

    /// With their places, oldest first.
    pub(crate) fn places(&self) -> impl DoubleEndedIterator<Item = (usize, &T)> {
        self.kept.iter().enumerate().map(|(at, item)| (self.gone + at, item))
    }
}

impl<T: Clone, const KEPT: usize> Shelf<T, KEPT> {
    /// All that are kept, oldest first.
    pub(crate) fn all(&self) -> Vec<T> {
        self.kept.iter().cloned().collect()
    }
}

/// A shelf as it is read back; the names are read from the items.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written<T> {
    gone: usize,
    items: Vec<T>,
}

impl<T: Named, const KEPT: usize> From<Written<T>> for Shelf<T, KEPT> {
    fn from(written: Written<T>) -> Self {
        let mut shelf = Shelf { gone: written.gone, ..Shelf::default() };
        written.items.into_iter().for_each(|item| {
            shelf.push(item);
        });
        shelf
    }
}

/// As it is written: by reference, because there may be many.
impl<T: Serialize, const KEPT: usize> Serialize for Shelf<T, KEPT> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut written = serializer.serialize_struct("Shelf", 2)?;
        written.serialize_field("gone", &self.gone)?;
        written.serialize_field("items", &self.kept)?;
        written.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    struct Item(String, String);

    impl Named for Item {
        fn names(&self) -> Vec<&str> {
            vec![&self.0, &self.1]
        }
    }

    fn item(own: &str, shared: &str) -> Item {
        Item(own.to_owned(), shared.to_owned())
    }

    #[test]
    fn the_latest_of_a_name_is_found_and_the_oldest_goes_at_the_bound() {
        let mut shelf: Shelf<Item, 3> = Shelf::default();
        for own in ["a", "b", "c"] {
            assert_eq!(shelf.push(item(own, "shared")).1, None);
        }
        assert_eq!((shelf.place("a"), shelf.place("shared"), shelf.len()), (Some(0), Some(2), 3));
        assert_eq!(shelf.push(item("d", "other")), (3, Some(item("a", "shared"))));
        assert_eq!((shelf.place("a"), shelf.get(0)), (None, None));
        assert_eq!((shelf.place("shared"), shelf.get(2)), (Some(2), Some(&item("c", "shared"))));
        assert_eq!((shelf.len(), shelf.all().len()), (4, 3));
        shelf.push(item("e", "x"));
        shelf.push(item("f", "x"));
        assert_eq!(shelf.place("shared"), None, "its last one went");
        assert!(shelf.places.len() <= 6, "names go with what they name");
    }

    #[test]
    fn a_shelf_read_back_has_the_same_places_and_names() {
        let mut shelf: Shelf<Item, 2> = Shelf::default();
        ["a", "b", "c"].iter().for_each(|own| drop(shelf.push(item(own, "s"))));
        let text = serde_json::to_string(&shelf).unwrap();
        let read: Shelf<Item, 2> = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (read.len(), read.place("c"), read.place("s"), read.place("a")),
            (3, Some(2), Some(2), None)
        );
        assert_eq!(read.all(), shelf.all());
    }
}
