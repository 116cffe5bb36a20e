//! RECOVERY section C: confirm, and what is found out later.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use caas_core::charge::{
    AtBoot, Command, Conflict, Handled, Payment, Phase, Reason, Refusal, Resolution, Review, Sale, Sent,
    Verdict,
};
use caas_core::money::Amount;
use caas_core::profile::{CapturesAt, Service};
use scene::{Kind, Scene, paid};

const MINUTE: u32 = 60_000;
const APPROVED: &str = r#"{"status":"1001"}"#;
const NOT_YET: &str = r#"{"status":"1002"}"#;
const NOT_FOUND: &str = r#"{"status":"1005"}"#;

fn captures(kind: &Kind) -> bool {
    kind.captures_at() != CapturesAt::Consent
}

fn asked(kind: &Kind) -> Scene {
    let mut scene = kind.accepted();
    scene.pass(5_000);
    assert_eq!(scene.flying.len(), 1);
    scene
}

/// R22
#[test]
fn a_lost_confirm_is_asked_again_with_the_same_reference_and_already_confirmed_is_evidence() {
    for kind in Kind::mobitels() {
        let mut scene = asked(&kind);
        let first = scene.flying[0].2.clone();
        scene.lose(Sent::MaybeSent);
        let expected = if captures(&kind) { Payment::InDoubt } else { Payment::PendingConsent };
        assert_eq!(scene.payment(), expected, "{}", kind.name);
        assert!(scene.too_early(Command::Retry { accept_risk: true }) > 0, "{}", kind.name);
        scene.pass(15_000);
        assert_eq!(scene.flying[0].2, first, "{}", kind.name);
        scene.answer(r#"{"status":"1006"}"#);
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        assert_eq!(scene.charge_requests(), 1);
    }
}

/// R22: no re-initiation while a confirm that may have captured is unanswered.
#[test]
fn a_lost_confirm_allows_no_other_prompt_until_it_is_answered() {
    for kind in Kind::mobitels().into_iter().filter(captures) {
        let mut scene = kind.start_for(30 * MINUTE);
        scene.answer(&kind.good('a'));
        scene.pass(119_999);
        while scene.now.as_millis() < 1_000_000 + 150_000 {
            if scene.flying.is_empty() {
                scene.pass(1_000);
            } else {
                scene.lose(Sent::MaybeSent);
            }
        }
        let refused = scene.command(Command::Retry { accept_risk: false });
        assert!(matches!(refused, Handled::Refused(Refusal::NeedsRisk | Refusal::Busy)), "{}", kind.name);
        scene.pass_answering(MINUTE, NOT_YET);
        assert_eq!(scene.phases(), [Phase::Lapsed], "{}: answered", kind.name);
    }
}

/// R22, R55
#[test]
fn a_refusal_after_a_lost_confirm_that_captures_is_in_doubt() {
    for kind in Kind::mobitels() {
        for code in ["1003", "1007"] {
            let mut scene = asked(&kind);
            scene.lose(Sent::MaybeSent);
            scene.pass(15_000);
            scene.answer(&format!(r#"{{"status":"{code}"}}"#));
            let expected = if captures(&kind) { Payment::InDoubt } else { Payment::Failed };
            assert_eq!(scene.payment(), expected, "{} {code}", kind.name);
            scene.exhaust();
            assert!(scene.is_finished(), "{} {code}", kind.name);
        }
    }
}

/// R23
#[test]
fn still_processing_waits_with_growing_pauses_and_an_end() {
    for kind in Kind::mobitels() {
        let mut scene = kind.start_for(60 * MINUTE);
        scene.answer(&kind.good('a'));
        scene.pass_answering(55 * MINUTE, r#"{"status":"1009"}"#);
        let asked: Vec<u64> =
            scene.sent.iter().filter(|sent| sent.1 == Service::Confirm).map(|sent| sent.0).collect();
        assert_eq!(asked.len(), 60, "{}: as often as the profile says", kind.name);
        let pauses: Vec<u64> = asked.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert_eq!(pauses[0], 10_000);
        assert!(pauses.iter().all(|pause| (5_000..=15_000).contains(pause)), "{pauses:?}");
        assert_eq!(scene.payment(), Payment::InDoubt, "{}", kind.name);
        scene.exhaust();
        assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name);
    }
}

/// R24
#[test]
fn not_found_counts_after_the_window_and_the_second_time() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass_answering(119_999, NOT_FOUND);
        assert_eq!(scene.payment(), Payment::PendingConsent, "{}", kind.name);
        scene.pass(1);
        scene.answer(NOT_FOUND);
        assert_eq!(scene.phases(), [Phase::PendingConsent], "{}", kind.name);
        scene.pass(15_000);
        scene.answer(NOT_FOUND);
        assert_eq!(scene.phases(), [Phase::Lapsed], "{}", kind.name);
    }
}

/// R24, R55: not found because it is complete?
#[test]
fn not_found_after_a_lost_confirm_proves_nothing() {
    for kind in Kind::mobitels().into_iter().filter(captures) {
        let mut scene = asked(&kind);
        scene.lose(Sent::MaybeSent);
        scene.pass_answering(170_000, NOT_FOUND);
        assert_eq!(scene.payment(), Payment::InDoubt, "{}", kind.name);
        scene.exhaust();
        assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name);
    }
}

/// R25
#[test]
fn a_failure_after_a_success_is_a_conflict_and_stays_paid() {
    for kind in Kind::mobitels() {
        let mut scene = asked(&kind);
        let late = {
            scene.pass(30_000);
            scene.flying.remove(0)
        };
        scene.pass(15_000);
        scene.answer(APPROVED);
        scene.flying.push(late);
        scene.answer(r#"{"status":"1003"}"#);
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        assert_eq!(scene.was_told("Conflict(FailedAfterPaid)"), 1, "{}", kind.name);
    }
    for kind in Kind::all().into_iter().filter(|kind| !kind.is_mobitel()) {
        let mut scene = kind.paid();
        let _ = scene.notify(&paid("550", "17839440", "5.00", "0").replace("S1000", "E1404"));
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        assert!(scene.charge.conflicts().any(|found| found == Conflict::FailedAfterPaid), "{}", kind.name);
        scene.cut(AtBoot::Release);
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
    }
}

/// R26
#[test]
fn a_success_after_expiry_is_a_refund_due() {
    for kind in Kind::all() {
        let mut scene = kind.start();
        scene.pass(29_000);
        let token = scene.flying.remove(0);
        scene.pass(20 * MINUTE);
        assert!(matches!(scene.charge.sale(), Sale::Closed(_)), "{}", kind.name);
        assert_ne!(scene.payment(), Payment::Failed, "{}", kind.name);
        scene.flying.clear();
        scene.flying.push(token);
        scene.answer(&kind.good('a'));
        if kind.is_synchronous() || kind.is_ezcash() {
            kind.pay(&mut scene, 'a');
            assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
            assert_eq!(scene.refund_due(), "5.00", "{}", kind.name);
            assert_eq!(scene.was_told("RefundDue"), 1, "{}", kind.name);
        }
        assert!(matches!(scene.command(Command::StartRelease), Handled::Refused(_)), "{}", kind.name);
    }
}

/// R26: late, and the sale is still open.
#[test]
fn a_success_after_the_window_releases_while_the_sale_is_open() {
    for kind in Kind::all().into_iter().filter(Kind::is_ezcash) {
        let mut scene = kind.accepted();
        scene.pass(310_000);
        assert_eq!(scene.phases(), [Phase::Listening]);
        kind.pay(&mut scene, 'a');
        assert_eq!(scene.payment(), Payment::Confirmed);
        scene.release();
    }
}

/// R27
#[test]
fn a_confirm_that_fails_changes_nothing() {
    for kind in Kind::mobitels() {
        for status in [429, 404] {
            let mut scene = asked(&kind);
            scene.answer_as(status, "");
            assert_eq!(scene.phases(), [Phase::PendingConsent], "{} {status}", kind.name);
        }
        let mut scene = asked(&kind);
        scene.lose(Sent::NotSent);
        assert_eq!(scene.phases(), [Phase::PendingConsent], "{}", kind.name);
        // Nor does it count as lost after a restart.
        scene.cut(AtBoot::RefundDue);
        scene.answer(NOT_YET);
        assert_eq!(scene.phases(), [Phase::PendingConsent], "{}", kind.name);
        scene.pass(15_000);
        scene.answer(r#"{"status":"1003"}"#);
        assert_eq!(scene.payment(), Payment::Failed, "{}", kind.name);
    }
}

/// R27
#[test]
fn a_confirm_whose_answer_is_not_understood_is_in_doubt_only_where_it_may_have_captured() {
    for kind in Kind::mobitels() {
        for body in ["", "<html>", r#"{"status":"77"}"#] {
            let mut scene = asked(&kind);
            scene.answer_as(500, body);
            let expected = if captures(&kind) { Phase::InDoubt } else { Phase::PendingConsent };
            assert_eq!(scene.phases(), [expected], "{} {body}", kind.name);
            scene.pass(15_000);
            scene.answer(NOT_YET);
            assert_eq!(scene.phases(), [Phase::PendingConsent], "{} {body}", kind.name);
        }
    }
}

/// R28
#[test]
fn spent_effort_is_a_review_never_a_failure_also_across_reboots() {
    for kind in Kind::mobitels() {
        let mut scene = kind.start_for(60 * MINUTE);
        scene.answer(&kind.good('a'));
        for _ in 0..40 {
            scene.pass(5_000);
            scene.cut(AtBoot::RefundDue);
            scene.charge.attempts().for_each(|(phase, _)| assert_ne!(phase, Phase::NotCharged));
        }
        assert!(matches!(scene.charge.sale(), Sale::Closed(_)), "{}: sells on", kind.name);
        scene.exhaust();
        assert!(scene.is_finished(), "{}", kind.name);
        assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name);
    }
}

/// R28: restarts without end do not keep a dialled charge open.
#[test]
fn restarts_without_end_close_a_sale_that_waits_for_the_payer() {
    for kind in Kind::all().into_iter().filter(Kind::is_ezcash) {
        let mut scene = kind.start_for(60 * MINUTE);
        scene.answer(&kind.good('a'));
        for _ in 0..20 {
            scene.cut(AtBoot::RefundDue);
        }
        assert!(matches!(scene.charge.sale(), Sale::Closed(_)));
        kind.pay(&mut scene, 'a');
        assert_eq!(scene.refund_due(), "5.00");
    }
}

fn in_review(kind: &Kind) -> Scene {
    let mut scene = kind.start();
    scene.exhaust();
    assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name);
    scene
}

fn resolve(scene: &mut Scene, resolution: Resolution) -> Handled {
    scene.command(Command::Resolve { resolution, by: "ann from the office" })
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

/// R28
#[test]
fn a_person_ends_a_review() {
    for kind in Kind::all() {
        let mut scene = in_review(&kind);
        assert_eq!(resolve(&mut scene, Resolution::NotCharged), Handled::Done);
        assert_eq!(scene.payment(), Payment::Failed, "{}", kind.name);
        assert_eq!(scene.charge.review(), Review::Resolved(Verdict::NotCharged));
        assert_eq!(scene.charge.reviewer(), "ann from the off");
        assert!(scene.is_finished());
        let mut scene = in_review(&kind);
        assert_eq!(resolve(&mut scene, Resolution::Charged(amount("5"))), Handled::Done);
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        assert_eq!(scene.refund_due(), "5.00");
        assert_eq!(resolve(&mut scene, Resolution::Refunded), Handled::Done);
        assert_eq!(scene.refund_due(), "0.00");
        assert_eq!(
            resolve(&mut scene, Resolution::Refunded),
            Handled::Refused(Refusal::NothingToResolve),
            "{}: a refund is made once",
            kind.name
        );
        scene.cut(AtBoot::RefundDue);
        assert_eq!(scene.refund_due(), "0.00");
        assert_eq!(scene.charge.review(), Review::Resolved(Verdict::Refunded));
        assert!(scene.is_finished());
    }
}

/// R28, I3: money after a decision needs the person again, also a part of the price.
#[test]
fn money_after_a_decision_needs_that_person_again() {
    for kind in Kind::all().into_iter().filter(|kind| !kind.is_mobitel()) {
        let mut scene = in_review(&kind);
        let _ = resolve(&mut scene, Resolution::NotCharged);
        let part = paid("914021114190000", "17839440", "2.00", "2.00");
        let _ = scene.notify(&part);
        assert_eq!(scene.charge.review(), Review::Needed(Reason::PaidAfterReview), "{}", kind.name);
        assert_eq!(scene.refund_due(), "2.00");
        assert_eq!(resolve(&mut scene, Resolution::NotCharged), Handled::Refused(Refusal::MoneyReceived));
        assert_eq!(
            resolve(&mut scene, Resolution::Charged(amount("1"))),
            Handled::Refused(Refusal::LessThanReceived)
        );
        assert_eq!(resolve(&mut scene, Resolution::Refunded), Handled::Done);
        // The same notification again is nothing new.
        let _ = scene.notify(&part);
        assert_eq!(scene.charge.review(), Review::Resolved(Verdict::Refunded), "{}", kind.name);
        // What the person knew is known after a restart too.
        scene.cut(AtBoot::RefundDue);
        let _ = scene.notify(&part);
        assert_eq!(scene.charge.review(), Review::Resolved(Verdict::Refunded), "{}", kind.name);
        // More of it is, and is told again, also when it is the same reason and the same sum.
        let told = (scene.was_told("NeedsReview"), scene.was_told("RefundDue"));
        let _ = scene.notify(&paid("914021114190000", "17839440", "2.00", "4.00"));
        assert_eq!(scene.refund_due(), "2.00");
        assert_eq!((scene.was_told("NeedsReview"), scene.was_told("RefundDue")), (told.0 + 1, told.1 + 1));
    }
}

/// R28, I3: what a person has decided does not silence a late answer.
#[test]
fn a_late_answer_after_a_decision_is_heard() {
    for kind in Kind::all().into_iter().filter(|kind| kind.is_synchronous() && !kind.profile.deduplicates) {
        let mut scene = kind.start();
        scene.pass(20 * MINUTE);
        let _ = resolve(&mut scene, Resolution::NotCharged);
        scene.answer(&kind.good('a'));
        assert_eq!(scene.charge.review(), Review::Needed(Reason::PaidAfterReview), "{}", kind.name);
        assert_eq!(scene.refund_due(), "5.00");
    }
}

/// R28, I3: a refund does not decide whether another attempt charged.
#[test]
fn a_refund_leaves_the_doubt_about_another_attempt() {
    for kind in Kind::mobitels().into_iter().filter(|kind| !kind.profile.deduplicates) {
        let mut scene = kind.start_for(30 * MINUTE);
        scene.lose(Sent::MaybeSent);
        scene.pass(4 * MINUTE);
        let _ = scene.command(Command::Retry { accept_risk: true });
        scene.answer(&kind.good('b'));
        kind.pay(&mut scene, 'b');
        let _ = scene.command(Command::Cancel);
        assert_eq!(resolve(&mut scene, Resolution::Refunded), Handled::Done, "{}", kind.name);
        assert_eq!(scene.refund_due(), "0.00");
        assert_eq!(scene.phases()[0], Phase::InDoubt, "{}", kind.name);
        scene.exhaust();
        assert_eq!(scene.charge.review(), Review::Needed(Reason::OtherAttemptInDoubt), "{}", kind.name);
        assert_eq!(resolve(&mut scene, Resolution::Charged(amount("10"))), Handled::Done);
        assert_eq!(scene.refund_due(), "5.00", "{}: the other capture", kind.name);
    }
}

/// R28: resolving is total: in each state it is done or refused, and is never a way to lose money.
#[test]
fn resolving_where_nothing_is_to_be_decided_is_refused() {
    for kind in Kind::all() {
        for resolution in [Resolution::NotCharged, Resolution::Refunded, Resolution::Charged(amount("5"))] {
            let refused = Handled::Refused(Refusal::NothingToResolve);
            assert_eq!(resolve(&mut kind.start(), resolution), refused, "{}", kind.name);
            assert_eq!(resolve(&mut kind.paid(), resolution), refused, "{}", kind.name);
            let mut released = kind.paid();
            assert_eq!(released.command(Command::StartRelease), Handled::Done);
            assert_eq!(resolve(&mut released, resolution), Handled::Refused(Refusal::Releasing));
        }
    }
}
