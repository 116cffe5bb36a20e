//! RECOVERY section B: the payer's consent.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use caas_core::charge::{
    AtBoot, Closing, Command, Handled, Input, Payment, Phase, Reason, Refusal, Release, Review, Sale, Sent,
};
use caas_core::profile::{CapturesAt, Polling, Profile};
use scene::{Disk, Kind, Scene, paid};

const MINUTE: u32 = 60_000;
const DECLINED: &str = r#"{"status":"1003"}"#;
const NOT_YET: &str = r#"{"status":"1002"}"#;
const RETRY: Command<'static> = Command::Retry { accept_risk: false };
const RETRY_AT_RISK: Command<'static> = Command::Retry { accept_risk: true };

/// R16, R40
#[test]
fn a_prompt_that_nobody_answers_expires_and_nothing_that_captures_is_sent_after() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass_answering(119_999, NOT_YET);
        assert_eq!(scene.payment(), Payment::PendingConsent, "{}", kind.name);
        scene.pass_answering(MINUTE + 1, NOT_YET);
        let sent = scene.sent.len();
        assert_eq!(scene.charge.sale(), Sale::Closed(Closing::Expired), "{}", kind.name);
        assert_eq!(scene.payment(), Payment::Failed, "{}", kind.name);
        scene.pass_answering(30 * MINUTE, NOT_YET);
        assert_eq!(scene.sent.len(), sent, "{}", kind.name);
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R16, R40: what is paid after the window is still taken.
#[test]
fn a_reference_that_nobody_dials_expires_and_is_still_listened_for() {
    for kind in Kind::all().into_iter().filter(Kind::is_ezcash) {
        let mut scene = kind.accepted();
        scene.pass(300_000);
        assert_eq!(scene.phases(), [Phase::Listening]);
        scene.pass(30_000);
        assert_eq!(scene.payment(), Payment::Failed);
        assert_eq!(scene.charge.sale(), Sale::Closed(Closing::Expired));
        scene.pass(599_999);
        assert!(!scene.is_finished(), "it listens");
        let _ = scene.notify(&paid("914021114190000", "17839440", "5.00", "5.00"));
        assert_eq!(scene.payment(), Payment::Confirmed);
        assert_eq!(scene.refund_due(), "5.00");
        scene.pass(1);
        assert!(scene.is_finished());
        assert_eq!(scene.charge_requests(), 1);
    }
}

/// R17
#[test]
fn a_refused_consent_fails_at_once() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass(5_000);
        scene.answer(DECLINED);
        assert_eq!(scene.payment(), Payment::Failed, "{}", kind.name);
        assert_eq!(scene.charge.sale(), Sale::Closed(Closing::Refused));
        assert!(scene.is_finished(), "{}", kind.name);
        assert!(!scene.charge.may_still_charge(), "{}", kind.name);
    }
    for kind in Kind::all().into_iter().filter(Kind::is_ezcash) {
        for code in ["E1404", "E1405", "E1406"] {
            let mut scene = kind.accepted();
            let _ = scene.notify(&paid("914021114190000", "17839440", "5.00", "0").replace("S1000", code));
            assert_eq!(scene.payment(), Payment::Failed, "{code}");
            assert_eq!(scene.received(), "0.00");
            scene.exhaust();
            assert!(scene.is_finished());
        }
    }
}

/// R18: re-initiation at 119.999 s is refused, at 120.000 s it needs "not approved" asked for after the window.
#[test]
fn another_prompt_is_refused_inside_the_window_and_follows_a_not_approved_after_it() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass_answering(119_999, NOT_YET);
        assert_eq!(scene.too_early(RETRY), 1, "{}", kind.name);
        assert_eq!(scene.too_early(RETRY_AT_RISK), 1, "{}", kind.name);
        scene.pass(1);
        // The final confirm is asked right at the window's end, and its answer is awaited.
        assert_eq!(scene.sent.last().unwrap().0, 1_000_000 + 120_000, "{}", kind.name);
        assert_eq!(scene.command(RETRY), Handled::Refused(Refusal::Busy), "{}", kind.name);
        scene.answer(NOT_YET);
        assert_eq!(scene.phases(), [Phase::Lapsed], "{}", kind.name);
        assert_eq!(scene.was_told("Lapsed"), 1, "{}", kind.name);
        assert_eq!(scene.charge_requests(), 1, "{}: never automatic", kind.name);
        assert_eq!(scene.command(RETRY), Handled::Done, "{}", kind.name);
        assert_eq!(scene.charge_requests(), 2, "{}", kind.name);
        scene.answer(&kind.good('b'));
        kind.pay(&mut scene, 'b');
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        scene.release();
        assert!(scene.is_finished(), "{}", kind.name);
        assert_eq!(scene.refund_due(), "0.00");
    }
}

/// R18: whatever the pauses between the confirms are, one is asked right at the window's end.
#[test]
fn the_last_confirm_is_asked_at_the_windows_end_whatever_the_pauses_are() {
    for kind in Kind::mobitels() {
        for (first, most) in [(7_000, 13_000), (119_999, 119_999), (500_000, 500_000), (1, 50_000)] {
            let profile = Profile { polling: Polling { first, most }, ..kind.profile };
            let kind = Kind { profile, ..kind };
            let mut scene = kind.accepted();
            scene.pass_answering(120_000, NOT_YET);
            assert_eq!(scene.sent.last().unwrap().0, 1_000_000 + 120_000, "{} {first}", kind.name);
            assert_eq!(scene.phases(), [Phase::Lapsed], "{} {first}", kind.name);
        }
    }
}

/// R18: the request whose answer came late is the one that was accepted: only its window is to be waited for.
#[test]
fn a_late_acceptance_holds_the_next_attempt_for_its_window_only() {
    for kind in Kind::mobitels().into_iter().filter(|kind| !kind.profile.deduplicates) {
        let mut scene = kind.start_for(30 * MINUTE);
        scene.pass(31_000);
        scene.answer(&kind.good('a'));
        scene.pass_answering(120_000, NOT_YET);
        assert_eq!(scene.phases(), [Phase::Lapsed], "{}", kind.name);
        assert_eq!(scene.command(RETRY), Handled::Done, "{}", kind.name);
        assert_eq!(scene.charge_requests(), 2, "{}", kind.name);
    }
}

/// R18: "not approved" asked for inside the window, and answered after it, is not enough.
#[test]
fn an_answer_asked_for_inside_the_window_ends_nothing_after_it() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass_answering(104_000, NOT_YET);
        scene.pass(15_000);
        assert_eq!(scene.flying.len(), 1);
        scene.now = scene.now.after(2_000);
        scene.answer(NOT_YET);
        assert_eq!(scene.phases(), [Phase::PendingConsent], "{}", kind.name);
    }
}

/// R18: an acceptance that comes while the last confirm is under way begins the window anew, so what that confirm says was
/// asked before it, also where it is answered after it.
#[test]
fn a_window_that_begins_anew_while_a_confirm_is_under_way_is_not_over() {
    for kind in Kind::mobitels().into_iter().filter(|kind| kind.profile.deduplicates) {
        for answered_after in [0, 120_001] {
            let mut scene = kind.order(|order| {
                order.window = Some(30 * MINUTE);
                order.attempts = 2;
            });
            scene.pass(40_000);
            assert_eq!(scene.flying.len(), 2, "{}: sent again", kind.name);
            let (late, ..) = scene.flying.remove(0);
            scene.answer(&kind.good('a'));
            scene.pass_answering(119_999, NOT_YET);
            scene.pass(1);
            let (asked, ..) = scene.flying.remove(0);
            scene.give(Input::Response { token: late, status: 200, body: kind.good('a').as_bytes() });
            scene.pass(answered_after);
            scene.give(Input::Response { token: asked, status: 200, body: NOT_YET.as_bytes() });
            assert!(!scene.phases().contains(&Phase::Lapsed), "{} {answered_after}", kind.name);
            assert_eq!(scene.charge_requests(), 2, "{} {answered_after}", kind.name);
        }
    }
}

/// R18: "pending" says that the prompt is live, whenever it is asked for.
#[test]
fn pending_after_the_window_allows_no_other_prompt() {
    for kind in Kind::mobitels() {
        let codes = Box::leak(Box::new(scene::STATUSES.to_vec()));
        codes.iter_mut().find(|row| row.code == "1002").unwrap().class =
            caas_core::status_code::Class::Pending;
        let kind = Kind { profile: Profile { codes, ..kind.profile }, ..kind };
        let mut scene = kind.accepted();
        scene.pass_answering(130_000, NOT_YET);
        assert_eq!(scene.phases(), [Phase::PendingConsent], "{}", kind.name);
    }
}

/// R18
#[test]
fn a_retry_asked_for_after_a_lost_final_confirm_asks_again_first() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass_answering(119_999, NOT_YET);
        scene.pass(1);
        scene.lose(Sent::NotSent);
        assert_eq!(scene.command(RETRY), Handled::Done, "{}", kind.name);
        assert_eq!(scene.charge_requests(), 1, "{}", kind.name);
        scene.answer(NOT_YET);
        assert_eq!(scene.charge_requests(), 2, "{}", kind.name);
    }
}

/// R18: an order may allow further attempts beforehand, as many as the profile and the order say.
#[test]
fn attempts_that_were_ordered_follow_a_lapse_by_themselves() {
    for kind in Kind::mobitels() {
        for (ordered, allowed, made) in [(3, 3, 3), (2, 3, 2), (3, 2, 2), (200, 200, 3), (0, 3, 1)] {
            let mut profile = kind.profile;
            profile.limits.attempts = allowed;
            let kind = Kind { profile, ..kind };
            let mut scene = kind.order(|order| {
                order.window = Some(30 * MINUTE);
                order.attempts = ordered;
            });
            for letter in ['a', 'b', 'c'] {
                if scene.flying.is_empty() {
                    break;
                }
                scene.answer(&kind.good(letter));
                scene.pass_answering(119_999, NOT_YET);
                assert_eq!(scene.charge.attempts().last().unwrap().0, Phase::PendingConsent);
                scene.pass(1);
                scene.answer(NOT_YET);
            }
            assert_eq!(scene.charge_requests(), made, "{} {ordered} {allowed}", kind.name);
            if made == usize::from(allowed.min(3)) {
                assert_eq!(scene.command(RETRY), Handled::Refused(Refusal::AttemptsUsed));
            }
        }
    }
}

/// R19: approved while the first attempt's last confirm was still on its way.
#[test]
fn of_two_approved_prompts_the_first_pays_and_the_second_is_refunded() {
    for kind in Kind::mobitels().into_iter().filter(|kind| !kind.profile.deduplicates) {
        let mut scene = kind.start_for(30 * MINUTE);
        scene.pass(30_000);
        let late = scene.flying.remove(0);
        scene.pass(4 * MINUTE);
        assert_eq!(scene.command(RETRY_AT_RISK), Handled::Done, "{}", kind.name);
        scene.answer(&kind.good('b'));
        scene.pass(5_000);
        scene.answer(r#"{"status":"1001"}"#);
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        scene.release();
        // Now the first answer comes: its prompt was approved too, or may have been.
        scene.flying.push(late);
        scene.answer(&kind.good('a'));
        assert_eq!(scene.payment(), Payment::Confirmed);
        assert_eq!(scene.charge.release(), Release::Done);
        scene.exhaust();
        match kind.captures_at() {
            CapturesAt::Confirm => assert_eq!(scene.charge.review(), Review::None, "never confirmed"),
            _ => assert_eq!(scene.charge.review(), Review::Needed(Reason::OtherAttemptInDoubt)),
        }
        assert!(scene.is_finished(), "{}", kind.name);
        assert_eq!(scene.was_told("Release("), 1);
    }
}

/// R19: the first attempt is paid by a late answer while the second prompt is live.
#[test]
fn a_live_prompt_is_not_forgotten_when_an_earlier_attempt_is_paid() {
    for kind in Kind::mobitels() {
        let mut scene = kind.start_for(30 * MINUTE);
        scene.answer(&kind.good('a'));
        scene.pass_answering(104_000, NOT_YET);
        // A confirm that is answered much too late.
        scene.pass(15_000);
        let late = scene.flying.remove(0);
        scene.pass(30_000);
        scene.pass_answering(30_000, NOT_YET);
        assert_eq!(scene.phases(), [Phase::Lapsed], "{}", kind.name);
        assert_eq!(scene.command(RETRY), Handled::Done, "{}", kind.name);
        scene.answer(&kind.good('b'));
        scene.flying.push(late);
        scene.answer(r#"{"status":"1001"}"#);
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        scene.release();
        let before = scene.confirms();
        match kind.captures_at() {
            // Asking only reads: the second consent is found.
            CapturesAt::Consent => {
                assert!(!scene.is_finished());
                scene.pass(5_000);
                scene.answer(r#"{"status":"1001"}"#);
                assert_eq!(scene.refund_due(), "5.00");
            }
            CapturesAt::Confirm => {
                scene.pass(30 * MINUTE);
                assert_eq!(scene.confirms(), before);
                assert_eq!(scene.charge.review(), Review::None);
            }
            _ => {
                scene.pass(30 * MINUTE);
                assert_eq!(scene.confirms(), before);
                assert_eq!(scene.charge.review(), Review::Needed(Reason::OtherAttemptInDoubt));
            }
        }
        assert!(scene.is_finished(), "{}", kind.name);
        assert_eq!(scene.was_told("Release("), 1);
    }
}

/// R19 at eZ Cash: two references of two attempts, both dialled.
#[test]
fn of_two_dialled_attempts_the_first_success_pays_and_the_second_is_refunded() {
    for kind in Kind::all().into_iter().filter(Kind::is_ezcash) {
        let mut scene = kind.start_for(30 * MINUTE);
        scene.answer(&kind.good('a'));
        scene.pass(5 * MINUTE);
        assert_eq!(scene.command(RETRY), Handled::Refused(Refusal::NeedsRisk));
        assert_eq!(scene.command(RETRY_AT_RISK), Handled::Done);
        scene.answer(&kind.good('b'));
        kind.pay(&mut scene, 'a');
        assert_eq!(scene.payment(), Payment::Confirmed);
        scene.release();
        kind.pay(&mut scene, 'b');
        assert_eq!(scene.refund_due(), "5.00");
        assert_eq!(scene.was_told("Release("), 1);
        assert_eq!(scene.was_told("RefundDue"), 1);
    }
}

/// R51: whether or not the charge was asked between the window's end and the command, it comes to the same.
#[test]
fn a_retry_right_at_the_windows_end_leaves_no_doubt_about_the_attempt_that_then_is_paid() {
    for kind in Kind::all().into_iter().filter(Kind::is_ezcash) {
        for asked_in_between in [true, false] {
            let mut scene = kind.start_for(30 * MINUTE);
            scene.answer(&kind.good('a'));
            scene.now = scene.now.after(5 * MINUTE);
            if asked_in_between {
                scene.run();
            }
            assert_eq!(scene.command(RETRY_AT_RISK), Handled::Done);
            assert_eq!(scene.phases()[0], Phase::Listening, "{}, asked: {asked_in_between}", kind.name);
            kind.pay(&mut scene, 'a');
            scene.lose(Sent::NotSent);
            assert_eq!(scene.payment(), Payment::Confirmed);
            scene.release();
            scene.pass(60 * MINUTE);
            assert_eq!(scene.charge.review(), Review::None, "{}, asked: {asked_in_between}", kind.name);
            assert!(scene.is_finished());
        }
    }
}

/// R20
#[test]
fn a_busy_handset_is_asked_again_after_its_own_pause() {
    for kind in Kind::mobitels() {
        let mut scene = kind.start_for(30 * MINUTE);
        scene.answer(r#"{"status":"1008"}"#);
        assert_eq!(scene.payment(), Payment::Requested, "{}", kind.name);
        scene.pass(29_999);
        assert_eq!(scene.charge_requests(), 1, "{}", kind.name);
        scene.pass(1);
        scene.answer(r#"{"status":"1008"}"#);
        scene.pass(59_999);
        assert_eq!(scene.charge_requests(), 2, "{}: the pause doubles", kind.name);
        scene.pass(1);
        scene.answer(&kind.good('a'));
        kind.pay(&mut scene, 'a');
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        assert_eq!(scene.phases().len(), 1);
    }
}

/// R20: a handset that is always busy ends the sale after the profile's number of sends.
#[test]
fn a_handset_that_stays_busy_is_not_charged() {
    for kind in Kind::mobitels() {
        let mut scene = kind.start_for(60 * MINUTE);
        scene.pass_answering(30 * MINUTE, r#"{"status":"1008"}"#);
        assert_eq!(scene.charge_requests(), 4, "{}", kind.name);
        assert_eq!(scene.payment(), Payment::Failed, "{}", kind.name);
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R21: Mobitel: confirm is not sent after cancel, unless captures_at says that confirm only reads.
#[test]
fn after_a_cancel_with_a_live_prompt_nothing_that_captures_is_sent() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass(5_000);
        scene.answer(NOT_YET);
        let before = scene.confirms();
        assert_eq!(scene.command(Command::Cancel), Handled::Done);
        scene.pass_answering(10 * MINUTE, NOT_YET);
        match kind.captures_at() {
            CapturesAt::Confirm => {
                assert_eq!(scene.confirms(), before);
                assert_eq!(scene.payment(), Payment::Failed, "a consent alone charges nothing");
            }
            CapturesAt::Consent => {
                assert!(scene.confirms() > before, "asking is harmless");
                assert_eq!(scene.payment(), Payment::Failed);
            }
            _ => {
                assert_eq!(scene.confirms(), before);
                assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt));
            }
        }
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R21
#[test]
fn money_after_a_cancel_is_a_refund_due_and_releases_nothing() {
    for kind in Kind::all() {
        // Cancelled while the charge request is on its way.
        let mut scene = kind.start();
        assert_eq!(scene.command(Command::Cancel), Handled::Done);
        assert_eq!(scene.was_told("Failed"), 0, "{}: the request may charge", kind.name);
        scene.answer(&kind.good('a'));
        if kind.is_mobitel() && kind.captures_at() != CapturesAt::Consent {
            continue;
        }
        kind.pay(&mut scene, 'a');
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        assert_eq!(scene.refund_due(), "5.00", "{}", kind.name);
        let refused = Handled::Refused(Refusal::SaleClosed);
        assert_eq!(scene.command(Command::StartRelease), refused, "{}", kind.name);
    }
}

/// R21: the answer to a request that was under way says that the prompt is live.
#[test]
fn a_prompt_that_appears_after_the_cancel_is_in_doubt_unless_only_confirm_captures() {
    for kind in Kind::mobitels() {
        let mut scene = kind.start();
        let _ = scene.command(Command::Cancel);
        scene.answer(&kind.good('a'));
        scene.exhaust();
        match kind.captures_at() {
            CapturesAt::Confirm => assert_eq!(scene.payment(), Payment::Failed, "{}", kind.name),
            _ => assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name),
        }
        assert_eq!(scene.confirms() > 0, kind.captures_at() == CapturesAt::Consent);
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R21: the intent of a request was being written when the sale was cancelled.
#[test]
fn what_was_being_written_at_the_cancel_is_not_sent() {
    for kind in Kind::all() {
        let mut scene = Scene::order(kind.profile, "5", |order| order.instrument = kind.instrument).unwrap();
        scene.disk = Disk::Silent;
        scene.run();
        let _ = scene.command(Command::Cancel);
        written(&mut scene);
        assert!(scene.sent.is_empty(), "{}", kind.name);
        assert_eq!(scene.payment(), Payment::Failed, "{}", kind.name);
    }
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.disk = Disk::Silent;
        scene.pass(5_000);
        let _ = scene.command(Command::Cancel);
        written(&mut scene);
        assert_eq!(scene.confirms() > 0, kind.captures_at() == CapturesAt::Consent, "{}", kind.name);
    }
}

/// The write that storage took in silence is reported as done.
fn written(scene: &mut Scene) {
    let (token, record) = scene.unanswered.take().unwrap();
    scene.disk = Disk::Works;
    scene.durable = record;
    scene.give(Input::Persisted(token));
}

/// R21: a confirm that captures was on its way when the sale was cancelled.
#[test]
fn a_confirm_under_way_at_the_cancel_is_not_told_as_failed() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass(5_000);
        let _ = scene.command(Command::Cancel);
        assert_eq!(scene.was_told("Failed"), 0, "{}", kind.name);
        scene.answer(r#"{"status":"1001"}"#);
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        assert_eq!(scene.refund_due(), "5.00", "{}", kind.name);
    }
}

/// R21: the carrier was still working on a confirm when the sale was cancelled.
#[test]
fn a_confirm_that_the_carrier_works_on_at_the_cancel_is_reviewed() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass(5_000);
        scene.answer(r#"{"status":"1009"}"#);
        let _ = scene.command(Command::Cancel);
        assert_eq!(scene.was_told("Failed"), 0, "{}", kind.name);
        scene.exhaust();
        assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name);
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R21, R42: the machine restarts after a cancel while the payer can still act; nothing stays open for ever.
#[test]
fn a_cancelled_charge_with_a_live_prompt_ends_after_a_restart() {
    for kind in Kind::all().into_iter().filter(|kind| !kind.is_synchronous()) {
        let mut scene = kind.accepted();
        let _ = scene.command(Command::Cancel);
        scene.cut(AtBoot::RefundDue);
        scene.exhaust();
        assert!(scene.is_finished(), "{}: {:?}", kind.name, scene.charge);
    }
}
