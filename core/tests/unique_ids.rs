//! R52: ids are unique over machines, epochs and counts, without a random generator.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use std::collections::{HashMap, HashSet};

use caas_core::id::{EXTERNAL_ID_MAX, IdError};
use caas_core::id_generator::{CHARGE_ID_MAX, ChargeId, IdGenerator, IdGeneratorError, Mark, split_external};
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    /// R52
    #[test]
    fn two_ids_are_equal_only_if_prefix_epoch_and_counter_are(
        triples in vec(("[a1]{1,10}", 0u32..0x20, 0u32..0x20), 1..60),
        high: bool,
    ) {
        let mut seen: HashMap<String, (String, Mark)> = HashMap::new();
        for (prefix, epoch, counter) in triples {
            let last = if high { Mark { epoch: u32::MAX - epoch, counter: u32::MAX - 1 - counter } } else { Mark { epoch, counter } };
            let (id, mark) = IdGenerator::resume(&prefix, last).unwrap().next_id().unwrap();
            for attempt in 0..3 {
                let external = id.external(attempt);
                prop_assert!(external.len() <= EXTERNAL_ID_MAX);
                prop_assert_eq!(split_external(&external), Some((id.as_str(), attempt)));
                let made_of = (format!("{prefix} {attempt}"), mark);
                let before = seen.insert(external.as_str().into(), made_of.clone());
                prop_assert!(before.is_none_or(|before| before == made_of));
            }
        }
    }

    /// R52: whatever is lost, as long as each mark is durable before its id is used and a new epoch is new.
    #[test]
    fn no_id_comes_again_over_restarts_and_factory_resets(steps in vec((0u8..3, 1usize..4), 1..40)) {
        let (mut stored, mut epoch, mut seen) = (None, 1, HashSet::new());
        for (event, count) in steps {
            if event == 0 {
                stored = None;
                epoch += 1;
            }
            let fresh = if event == 1 { None } else { Some(epoch) };
            match IdGenerator::from_journal("K1", stored, fresh) {
                Ok(mut ids) => for _ in 0..count {
                    let (id, mark) = ids.next_id().unwrap();
                    stored = Some(mark);
                    prop_assert!(seen.insert(id), "{:?}", mark);
                },
                Err(error) => prop_assert_eq!((error, stored, fresh), (IdGeneratorError::NoEpoch, None, None)),
            }
        }
    }

    #[test]
    fn any_text_splits_or_does_not(external: String) {
        if let Some((id, attempt)) = split_external(&external) {
            prop_assert!(external.starts_with(id) && id.len() + 1 == external.len() && attempt < 26);
        }
    }
}

#[test]
fn fields_that_run_together_still_differ() {
    let id = |prefix, epoch| IdGenerator::new(prefix, epoch).unwrap().next_id().unwrap().0;
    assert_ne!(id("a1", 2), id("a", 0x12));
    assert_ne!(id("a1", 2), id("a", 12));
    assert_eq!(id("abcdefghij", u32::MAX).as_str().len(), 26);
}

/// R52
#[test]
fn an_empty_journal_without_a_new_epoch_gives_no_generator() {
    let error = IdGenerator::from_journal("K1", None, None).err();
    assert_eq!(error, Some(IdGeneratorError::NoEpoch));
    assert!(error.unwrap().to_string().contains("epoch"));
}

#[test]
fn an_epoch_that_is_not_new_never_sets_the_counter_back() {
    let mark = Mark { epoch: 7, counter: 41 };
    for (fresh, next) in [(None, (7, 42)), (Some(6), (7, 42)), (Some(7), (7, 42)), (Some(8), (8, 1))] {
        let (_, next_mark) = IdGenerator::from_journal("K1", Some(mark), fresh).unwrap().next_id().unwrap();
        assert_eq!((next_mark.epoch, next_mark.counter), next);
    }
}

#[test]
fn the_last_counter_is_used_once_and_then_the_epoch_is_over() {
    let mut ids = IdGenerator::resume("K1", Mark { epoch: 1, counter: u32::MAX - 1 }).unwrap();
    assert_eq!(ids.next_id().unwrap().0.as_str(), "K100000001ffffffff");
    assert_eq!(ids.next_id(), Err(IdGeneratorError::Exhausted));
    assert_eq!(ids.next_id(), Err(IdGeneratorError::Exhausted));
}

#[test]
fn a_prefix_or_id_that_could_be_mistaken_is_refused() {
    for (prefix, error) in [
        ("", IdError::Empty),
        ("K-1", IdError::BadCharacter),
        ("ක", IdError::BadCharacter),
        ("abcdefghijk", IdError::TooLong { max: 10 }),
    ] {
        assert_eq!(IdGenerator::new(prefix, 1).err(), Some(IdGeneratorError::Prefix(error)), "{prefix}");
    }
    assert!(ChargeId::new(&"x".repeat(CHARGE_ID_MAX)).is_ok());
    assert_eq!(ChargeId::new(&"x".repeat(32)), Err(IdError::TooLong { max: CHARGE_ID_MAX }));
    assert_eq!(ChargeId::new("a b"), Err(IdError::BadCharacter));
    assert_eq!(ChargeId::new(""), Err(IdError::Empty));
}

#[test]
fn what_no_attempt_was_named_does_not_split() {
    for external in ["", "a", "K1-7A", "K1-71", "K1-7ක"] {
        assert_eq!(split_external(external), None, "{external}");
    }
    assert_eq!(split_external("K1-7c"), Some(("K1-7", 2)));
}
