//! Every state of the model, for every scenario: no invariant breaks, and every end that is named is reachable.
//!
//! The check is exhaustive within the bounds of `model` and of each scenario, which it prints with the number of states.
//! No depth is cut. It takes about a minute and a half on two cores; `-- --nocapture` shows the bounds.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod checker;

use std::time::Instant;

use caas_tests::model::{Invariant, scenario};
use checker::{Check, End};
use stateright::{Checker, Model};

/// The ends of every scenario in which a person acts.
const COMMON: [End; 10] = [
    End::NeverWas,
    End::Released,
    End::PaidLate,
    End::Expired,
    End::Cancelled,
    End::InDoubt,
    End::ResolvedCharged,
    End::ResolvedNotCharged,
    End::Refunded,
    End::ReleaseUncertain,
];

/// R03, R09, R16, R17, R21, R22, R26, R28, R45, R46, R47, R48
#[test]
fn a_prompt_whose_confirm_captures_is_charged_once_or_accounted_for() {
    check("a prompt, confirm captures", &[End::Failed, End::PaidAtBoot, End::ReleaseFailed]);
}

/// R13, R15, R16, R17, R20, R21, R23, R24, R26, R28, R46, R47: asking goes on after a cancel, because it only reads.
#[test]
fn a_prompt_whose_consent_captures_is_charged_once_or_accounted_for() {
    check("a prompt, consent captures", &[End::Failed, End::PaidAtBoot]);
}

/// R03, R09, R21, R22, R26, R28: what the carrier does is not known, and confirm captures.
#[test]
fn a_carrier_of_which_nothing_is_known_may_capture_at_confirm() {
    check("a prompt, unknown, confirm captures", &[End::Failed, End::PaidAtBoot]);
}

/// R02, R09, R21, R26, R28, R43: what the carrier does is not known, and the consent captures. The power goes twice,
/// also during a recovery.
#[test]
fn a_carrier_of_which_nothing_is_known_may_capture_at_consent() {
    check("a prompt, unknown, consent captures", &[End::Failed, End::PaidAtBoot, End::ReleaseFailed]);
}

/// R09, R19: the caller takes the risk of a second attempt. Both may be paid: one release, and the second is a refund.
#[test]
fn a_second_attempt_at_a_risk_releases_once_and_owes_the_second_payment() {
    check("a prompt, twice, with risk", &[End::Failed, End::SecondIsRefund, End::OtherInDoubt]);
}

/// R18: a second attempt that nobody takes a risk for waits until the first cannot be approved any more.
#[test]
fn a_second_attempt_without_a_risk_never_meets_the_first() {
    let ends = [End::NeverWas, End::Released, End::PaidLate, End::Failed, End::Expired, End::InDoubt];
    explore("a prompt, twice, by itself", &ends);
}

/// R02, R03, R05, R06, R07, R14, R28, R43, R45, R46, R47, R48
#[test]
fn a_debit_is_taken_once_or_accounted_for() {
    check("a debit", &[End::Failed, End::PaidAtBoot, End::ReleaseFailed]);
}

/// R02, R12, R55: a lost debit is sent again, and a refusal of the second send says nothing of the first.
#[test]
fn a_debit_that_is_sent_again_is_taken_once_or_accounted_for() {
    check("a debit that de-duplicates", &[End::Failed, End::PaidAtBoot]);
}

/// R26, R31, R33, R34, R37, R38, R40, R46
#[test]
fn a_dialled_payment_is_heard_of_by_notification_or_accounted_for() {
    let ends = [End::Failed, End::PaidAtBoot, End::PaidInPart, End::PaidTooMuch];
    check("a dialled payment", &ends);
}

/// R30, R31, R32, R38, R41: a second reference that no answer named needs a person.
#[test]
fn partial_payments_confirm_once_and_unmatched_ones_need_a_person() {
    check("a dialled payment in parts", &[End::PaidInPart, End::PaidTooMuch, End::Unmatched]);
}

/// R30, R32, R56: two references of one id, both paid.
#[test]
fn two_references_are_summed_and_the_second_payment_is_owed_back() {
    let ends = [End::PaidAtBoot, End::SecondIsRefund, End::PaidInPart, End::PaidTooMuch];
    check("dialled payments under two references", &ends);
}

/// Explores a scenario that reaches [`COMMON`] and these ends.
fn check(name: &str, ends: &[End]) {
    explore(name, &[&COMMON[..], ends].concat());
}

fn explore(name: &str, ends: &[End]) {
    let scenario = checker::scenario(name);
    let (bounds, begun) = (scenario.bounds, Instant::now());
    let checker = Check::new(scenario, ends).checker().threads(1).spawn_bfs().join();
    let (unique, steps, depth) = (checker.unique_state_count(), checker.state_count(), checker.max_depth());
    println!("{name}: {unique} unique states, {steps} steps, depth {depth}, {:?}", begun.elapsed());
    println!("    {bounds:?}");
    for (_, property) in Invariant::ALL {
        if let Some(path) = checker.discovery(property) {
            let world = path.last_state().clone();
            panic!("{name}: \"{property}\" breaks by {:#?}\nand then it is {world:#?}", path.into_actions());
        }
    }
    for end in ends {
        assert!(checker.discovery(end.property().name).is_some(), "{name}: {end:?} is never reached");
    }
}

#[test]
fn every_scenario_has_its_test() {
    let source = include_str!("model_check.rs");
    for scenario in scenario::all() {
        assert!(source.contains(&format!("(\"{}\"", scenario.name)), "{} is not checked", scenario.name);
    }
}
