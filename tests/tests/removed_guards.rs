//! The test of the test: each guard of the charge is removed once, and the model check must notice.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod checker;

use std::collections::BTreeSet;

use caas_core::charge::{GUARDS, Guard};
use caas_tests::model::Invariant;
use checker::Check;
use stateright::{Checker, HasDiscoveries, Model};

/// Where the removal of a guard is noticed, and by what. Other scenarios and invariants notice most of them too; this is
/// the one that says best what the guard is for.
const CAUGHT: [(Guard, &str, Invariant); GUARDS.len()] = [
    (Guard::IntentBeforeSend, "a debit", Invariant::I3Lost),
    (Guard::EvidenceBeforeEvent, "a debit", Invariant::I5PaidWentBack),
    (Guard::EvidenceBeforeReply, "a dialled payment in parts", Invariant::I6Shrank),
    (Guard::ReleaseDurable, "a dialled payment in parts", Invariant::I2Twice),
    (Guard::ReleaseOnce, "a debit", Invariant::I2Twice),
    (Guard::ReleaseWhileOpen, "a debit", Invariant::I1AfterClose),
    (Guard::NoCaptureAfterClose, "a prompt, confirm captures", Invariant::I4AfterClose),
    (Guard::WindowBeforeAttempt, "a prompt, twice, by itself", Invariant::I4SecondCapture),
    (Guard::ResendOnlyDeduplicated, "a debit", Invariant::I4SecondCapture),
    (Guard::LostIsInDoubt, "a debit", Invariant::I3Lost),
    (Guard::IntentIsInDoubt, "a debit", Invariant::I4SecondCapture),
    (Guard::RefusalClosesOwnSend, "a debit that de-duplicates", Invariant::I3Lost),
    (Guard::LargestTotal, "a dialled payment in parts", Invariant::I1MoreThanTaken),
    (Guard::FailureCreditsNothing, "a dialled payment", Invariant::I1MoreThanTaken),
    (Guard::StartedIsReleased, "a dialled payment in parts", Invariant::I2Twice),
];

/// I1, I2, I3, I4, I5, I6; R31, R37, R38, R46, R47, R55: each by what happens without its guard.
#[test]
fn every_guard_is_missed_when_it_is_removed() {
    for guard in GUARDS {
        let row = CAUGHT.iter().find(|row| row.0 == guard);
        let (_, name, invariant) = row.unwrap_or_else(|| panic!("{guard:?} is in no row of the table"));
        let property = name_of(*invariant);
        let check = Check::new(checker::scenario(name).without(guard), &[]);
        let found = HasDiscoveries::AllOf(BTreeSet::from([property]));
        let checker = check.checker().threads(1).finish_when(found).spawn_bfs().join();
        let path = checker.discovery(property);
        let path = path.unwrap_or_else(|| panic!("{name}, without {guard:?}: nothing breaks \"{property}\""));
        println!("without {guard:?}: {name}, {property}\n    {:?}", path.into_actions());
    }
}

fn name_of(invariant: Invariant) -> &'static str {
    Invariant::ALL.iter().find(|row| row.0 == invariant).map(|row| row.1).unwrap()
}
