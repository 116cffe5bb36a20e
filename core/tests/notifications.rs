//! RECOVERY section D: charging notifications.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use caas_core::charge::{
    AtBoot, Command, Conflict, Handled, Ignored, Payment, Phase, Reason, Refusal, Review, Sent,
};
use caas_core::id::Subscriber;
use caas_core::money::Amount;
use caas_core::profile::{GatewayRule, InternalIdRule, Profile, TotalMeaning};
use caas_core::status_code::Class;
use caas_core::wire::notification;
use scene::{Disk, Kind, Scene, paid};

const MINUTE: u32 = 60_000;
const INTERNAL: &str = "914021114190000";
const REFERENCE: &str = "17839440";

/// The carriers that send notifications.
fn kinds() -> Vec<Kind> {
    Kind::all().into_iter().filter(|kind| !kind.is_mobitel()).collect()
}

fn dialled() -> Vec<Kind> {
    Kind::all().into_iter().filter(Kind::is_ezcash).collect()
}

fn of(now: &str, total: &str) -> String {
    paid(INTERNAL, REFERENCE, now, total)
}

/// A charge of 25 rupees that waits for the payer.
fn waiting(kind: &Kind) -> Scene {
    let mut scene = kind.order(|order| order.amount = Amount::parse("25").unwrap());
    scene.answer(&kind.good('a'));
    scene
}

/// R30
#[test]
fn one_notification_many_times_has_one_effect_and_the_same_reply_each_time() {
    for kind in dialled() {
        let mut scene = kind.accepted();
        for times in 1..=20 {
            assert_eq!(scene.notify(&of("5.00", "5.00")), Handled::Done);
            assert_eq!(scene.replies.len(), times);
        }
        assert_eq!(scene.received(), "5.00");
        assert_eq!(scene.was_told("Confirmed"), 1);
        scene.cut(AtBoot::Release);
        let _ = scene.notify(&of("5.00", "5.00"));
        assert_eq!(scene.replies.len(), 21);
        assert_eq!(scene.received(), "5.00");
        scene.release();
        let _ = scene.notify(&of("5.00", "5.00"));
        assert_eq!(scene.refund_due(), "0.00");
        assert_eq!(scene.command(Command::StartRelease), Handled::Refused(Refusal::AlreadyReleased));
    }
}

/// R31
#[test]
fn a_late_smaller_total_is_stale() {
    for kind in dialled() {
        let mut scene = waiting(&kind);
        for (now, total, received) in [("10", "10", "10.00"), ("15", "25", "25.00"), ("10", "10", "25.00")] {
            let _ = scene.notify(&of(now, total));
            assert_eq!(scene.received(), received);
        }
        assert_eq!(scene.payment(), Payment::Confirmed);
        assert_eq!(scene.charge.conflicts().count(), 0);
    }
}

/// R32: P1003 with the instructions, then partial payments in three notifications, the second one twice and out of
/// order, ends confirmed exactly once.
#[test]
fn partial_payments_out_of_order_and_repeated_are_confirmed_once_at_the_crossing() {
    for kind in dialled() {
        let mut scene = waiting(&kind);
        assert!(scene.told.iter().any(|told| told.contains("dial #111#") && told.contains(REFERENCE)));
        let parts = [of("10", "10"), of("5", "15"), of("10", "25")];
        for (part, payment) in [
            (1, Payment::PendingConsent),
            (0, Payment::PendingConsent),
            (1, Payment::PendingConsent),
            (2, Payment::Confirmed),
        ] {
            let _ = scene.notify(&parts[part]);
            assert_eq!(scene.payment(), payment);
        }
        assert_eq!(scene.was_told("Confirmed"), 1);
        assert_eq!(scene.was_told("PartlyPaid"), 1);
        assert_eq!((scene.received().as_str(), scene.replies.len()), ("25.00", 4));
        scene.release();
        assert_eq!(scene.was_told("Release("), 1);
        assert_eq!(scene.refund_due(), "0.00");
    }
}

/// R32: the sale's amount decides, whatever the carrier asks the payer for.
#[test]
fn an_amount_due_that_is_smaller_than_the_price_does_not_pay_the_price() {
    for kind in dialled() {
        let mut scene = kind.start();
        scene.answer(&kind.good('a').replace(r#""amountDue":"5.00""#, r#""amountDue":"4""#));
        let _ = scene.notify(&of("4", "4"));
        assert_eq!(scene.payment(), Payment::PendingConsent);
        assert_eq!(scene.command(Command::StartRelease), Handled::Refused(Refusal::NotConfirmed));
    }
}

/// R33
#[test]
fn an_over_payment_is_confirmed_and_its_excess_is_a_refund_due() {
    for kind in dialled() {
        let mut scene = waiting(&kind);
        let _ = scene.notify(&of("30", "30"));
        assert_eq!(scene.payment(), Payment::Confirmed);
        scene.release();
        assert_eq!(scene.refund_due(), "5.00");
        assert_eq!(scene.was_told("RefundDue"), 1);
    }
}

/// R34
#[test]
fn a_notification_before_the_answer_is_taken_and_the_answer_changes_nothing() {
    for kind in kinds() {
        let mut scene = kind.start();
        let _ = scene.notify(&of("5", "5"));
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        scene.answer(&kind.good('a'));
        assert_eq!(scene.received(), "5.00", "{}", kind.name);
        assert_eq!(scene.was_told("Confirmed"), 1, "{}", kind.name);
        scene.release();
        assert_eq!(scene.refund_due(), "0.00", "{}", kind.name);
    }
}

/// R34: a refusal after money was told of is a contradiction.
#[test]
fn a_refusal_after_a_notified_payment_is_a_conflict() {
    for kind in kinds() {
        let mut scene = kind.start();
        let _ = scene.notify(&of("5", "5"));
        scene.answer(kind.refusal());
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        assert!(scene.charge.conflicts().any(|found| found == Conflict::FailedAfterPaid), "{}", kind.name);
    }
}

/// R34: the answer is lost, and the notification says that the carrier knows the charge.
#[test]
fn a_partial_payment_after_a_lost_answer_ends_the_doubt_about_the_request() {
    for kind in dialled() {
        let mut scene = kind.start();
        scene.lose(Sent::MaybeSent);
        assert_eq!(scene.payment(), Payment::InDoubt);
        let _ = scene.notify(&of("2", "2"));
        assert_eq!(scene.payment(), Payment::PendingConsent);
        scene.exhaust();
        assert_eq!(scene.payment(), Payment::Failed);
        assert_eq!(scene.refund_due(), "2.00");
        assert!(scene.is_finished());
    }
}

/// R35
#[test]
fn a_notification_for_an_unknown_id_changes_nothing() {
    for kind in Kind::all() {
        let mut scene = kind.accepted();
        let before = scene.durable.clone();
        for other in ["T1-1-1", "T1-1-1b", "T1-1-2a"] {
            let body = of("5", "5").replace("T1-1-1a", other);
            assert_eq!(scene.notify(&body), Handled::Ignored(Ignored::NotOurs), "{} {other}", kind.name);
        }
        let nameless = of("5", "5").replace(r#""externalTrxId":"T1-1-1a","#, "").replace(INTERNAL, "1");
        assert_eq!(scene.notify(&nameless), Handled::Ignored(Ignored::NotOurs), "{}", kind.name);
        assert_eq!(scene.durable, before);
        assert!(scene.replies.is_empty(), "quarantine and reply are the caller's");
    }
}

/// R35, R41: a carrier that is never told our id cannot name it.
#[test]
fn a_notification_cannot_pay_a_charge_of_a_carrier_that_does_not_know_its_id() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        assert_eq!(scene.notify(&of("5", "5")), Handled::Ignored(Ignored::NotOurs), "{}", kind.name);
        assert_eq!(scene.payment(), Payment::PendingConsent, "{}", kind.name);
    }
}

/// R36
#[test]
fn an_amount_that_cannot_be_is_rejected_and_flagged() {
    for kind in kinds() {
        for total in
            ["-5", "5.001", "5e3", "99999999999999999999", "five", "NaN", "+5", "5,00", "0x5", "5.", ""]
        {
            let mut scene = kind.start();
            let _ = scene.notify(&of("5", total));
            assert_eq!(scene.received(), "0.00", "{} {total}", kind.name);
            assert!(scene.charge.conflicts().any(|found| found == Conflict::BadNotification), "{total}");
            assert_eq!(scene.replies.len(), 1, "received all the same");
        }
        for currency in ["USD", "lkr?", "R"] {
            let mut scene = kind.start();
            let _ = scene.notify(&of("5", "5").replace("LKR", currency));
            assert_eq!(scene.received(), "0.00", "{} {currency}", kind.name);
            assert!(scene.charge.conflicts().any(|found| found == Conflict::BadNotification), "{currency}");
        }
    }
}

/// R37: the seed's failed sample credits nothing.
#[test]
fn a_failed_notification_credits_nothing() {
    for kind in kinds() {
        for code in ["E1404", "E1405", "E1406", "E1308", "E9999", "P1003", "", "X"] {
            for total in ["0", "25.00"] {
                let mut scene = kind.start();
                let _ = scene.notify(&of("25.00", total).replace("S1000", code));
                assert_eq!(scene.received(), "0.00", "{} {code}", kind.name);
                assert_ne!(scene.payment(), Payment::Confirmed, "{} {code}", kind.name);
                let flagged = scene.charge.conflicts().any(|found| found == Conflict::FailedWithMoney);
                assert_eq!(flagged, total != "0", "{} {code} {total}", kind.name);
            }
        }
    }
}

/// R37, R26: a later success still counts; the sale failed, so it is a refund due.
#[test]
fn a_success_after_a_failed_notification_counts() {
    for kind in dialled() {
        let mut scene = kind.accepted();
        let _ = scene.notify(&of("5", "0").replace("S1000", "E1404"));
        assert_eq!(scene.payment(), Payment::Failed);
        let _ = scene.notify(&of("5", "5"));
        assert_eq!(scene.payment(), Payment::Confirmed);
        assert_eq!(scene.refund_due(), "5.00");
    }
}

/// R37: after a part was paid, a failure of the next part is a contradiction and ends nothing.
#[test]
fn a_failed_part_does_not_end_a_sale_that_was_paid_in_part() {
    for kind in dialled() {
        let mut scene = waiting(&kind);
        let _ = scene.notify(&of("10", "10"));
        let _ = scene.notify(&of("15", "10").replace("S1000", "E1404"));
        assert_eq!(scene.payment(), Payment::PendingConsent);
        assert!(scene.charge.conflicts().any(|found| found == Conflict::FailedAfterPaid));
        let _ = scene.notify(&of("15", "25"));
        assert_eq!(scene.payment(), Payment::Confirmed);
        scene.release();
    }
}

/// R57
#[test]
fn without_a_total_what_was_paid_now_is_the_least() {
    for kind in dialled() {
        let mut scene = waiting(&kind);
        let bare = |now: &str| of(now, "@").replace(r#""totalAmount":"@","#, "");
        let _ = scene.notify(&bare("10"));
        let _ = scene.notify(&bare("10"));
        assert_eq!(scene.received(), "10.00");
        let _ = scene.notify(&bare("25"));
        assert_eq!(scene.payment(), Payment::Confirmed);
    }
}

/// R38
#[test]
fn a_notification_is_acknowledged_only_when_its_effect_is_durable() {
    for kind in kinds() {
        let mut scene = kind.start();
        scene.disk = Disk::Silent;
        let _ = scene.notify(&of("5", "5"));
        assert!(scene.replies.is_empty(), "{}", kind.name);
        assert_eq!(scene.was_told("Confirmed"), 0, "{}: told before it is durable", kind.name);
        // The power goes between applying and acknowledging: the carrier sends it again.
        scene.disk = Disk::Works;
        scene.cut(AtBoot::Release);
        assert_eq!(scene.received(), "0.00", "{}", kind.name);
        let _ = scene.notify(&of("5", "5"));
        assert_eq!((scene.received().as_str(), scene.replies.len()), ("5.00", 1), "{}", kind.name);
        // The acknowledgement is lost.
        scene.cut(AtBoot::Release);
        let _ = scene.notify(&of("5", "5"));
        assert_eq!((scene.received().as_str(), scene.replies.len()), ("5.00", 2), "{}", kind.name);
        scene.release();
        assert_eq!(scene.refund_due(), "0.00", "{}", kind.name);
    }
}

/// R38, R45: a charge that storage refused acknowledges nothing either.
#[test]
fn a_refused_charge_acknowledges_nothing_before_it_is_durable() {
    for kind in kinds() {
        let mut scene = Scene::order(kind.profile, "5", |order| order.instrument = kind.instrument).unwrap();
        scene.disk = Disk::Fails;
        scene.run();
        let _ = scene.notify(&of("5", "0").replace("S1000", "E1404"));
        assert!(scene.replies.is_empty(), "{}", kind.name);
        scene.disk = Disk::Works;
        scene.pass(MINUTE);
        assert_eq!(scene.replies.len(), 1, "{}", kind.name);
    }
}

/// R38: more notifications at a time than a charge keeps replies for are told to come again.
#[test]
fn notifications_beyond_the_places_for_replies_have_no_effect_yet() {
    for kind in dialled() {
        let mut scene = waiting(&kind);
        scene.disk = Disk::Silent;
        for total in ["1", "2", "3", "4"] {
            assert_eq!(scene.notify(&of("1", total)), Handled::Done);
        }
        assert_eq!(scene.notify(&of("1", "5")), Handled::Ignored(Ignored::Busy));
        assert_eq!(scene.received(), "4.00");
    }
}

/// R39: the documents' dialects; the single-quoted dump has its own tests where its feature is on.
#[test]
fn the_documented_dialects_are_understood() {
    let profile = caas_core::profile::dialog();
    for body in [
        r#"{"TotalAmount":25,"Currency":"LKR","externalTrxId":"T1-1-1a","statusCode":"S1000","timestamp":"20240703090835"}"#,
        r#"{"totalAmount":"25","currency":"LKR","externalTrxId":"T1-1-1a","statusCode":"S1000","timeStamp":"08-Oct-2013 16:32"}"#,
        r#"{"totalAmount":"25.0","externalTrxId":"T1-1-1a","statusCode":"S1000","timeStamp":"2014-02-11T14:19:44.656+05:30",}"#,
    ] {
        let Ok(read) = notification::read(&profile, body.as_bytes()) else {
            assert!(body.ends_with(",}"), "{body}");
            continue;
        };
        assert_eq!(read.total, notification::Stated::Amount(Amount::parse("25").unwrap()), "{body}");
    }
}

/// R40
#[test]
fn a_notification_that_never_comes_is_the_windows_business() {
    for kind in dialled() {
        let mut scene = kind.accepted();
        scene.exhaust();
        assert_eq!(scene.payment(), Payment::Failed);
        assert_eq!(scene.phases(), [Phase::Listening]);
        assert!(scene.is_finished());
    }
}

/// R41
#[test]
fn money_under_an_id_that_the_answer_did_not_name_confirms_nothing_and_is_reviewed() {
    for kind in dialled() {
        let mut scene = kind.accepted();
        let _ = scene.notify(&paid("666", "667", "5", "5"));
        assert_eq!(scene.payment(), Payment::InDoubt);
        assert_eq!(scene.command(Command::StartRelease), Handled::Refused(Refusal::NotConfirmed));
        assert!(scene.charge.conflicts().any(|found| found == Conflict::UnmatchedPayment));
        scene.exhaust();
        assert!(matches!(scene.charge.review(), Review::Needed(_)));
        assert_eq!(scene.refund_due(), "5.00");
        // A failure under such an id fails nothing.
        let mut scene = kind.accepted();
        let _ = scene.notify(&paid("666", "667", "5", "0").replace("S1000", "E1406"));
        assert_eq!(scene.payment(), Payment::PendingConsent);
    }
}

/// R41, R56: a payment that the carrier calls nothing is one payment, and counts where no answer named any id.
#[test]
fn a_payment_without_a_name_is_one_payment_and_confirms_only_where_no_answer_named_an_id() {
    let nameless = paid("", "", "5", "5");
    let without_reference = |kind: &Kind| kind.good('a').replace(r#""referenceId":"17839440","#, "");
    for kind in dialled() {
        let mut heard_first = kind.start();
        let _ = heard_first.notify(&nameless);
        assert_eq!(heard_first.payment(), Payment::Confirmed);
        let mut scenes = [kind.accepted(), kind.start(), heard_first];
        scenes[1].answer(&without_reference(&kind));
        for scene in &mut scenes[..2] {
            let _ = scene.notify(&nameless);
            assert_eq!(scene.payment(), Payment::InDoubt);
        }
        for scene in &mut scenes {
            let payment = scene.payment();
            let _ = scene.notify(&nameless);
            scene.cut(AtBoot::Release);
            let _ = scene.notify(&nameless);
            assert_eq!((scene.received().as_str(), scene.payment()), ("5.00", payment));
            let _ = scene.notify(&paid("666", "667", "1", "1"));
            assert_eq!(scene.received(), "6.00", "a name is another payment");
        }
    }
}

/// Only its code says what a notification means: no gateway stands before what the carrier sends by itself.
#[test]
fn a_notification_without_a_code_says_nothing_whatever_a_gateway_may_say() {
    let gateway = [GatewayRule { status: 200, contains: "", class: Class::Ok }];
    for kind in kinds() {
        let profile = Profile { gateway: &gateway, ..kind.profile };
        for code in [r#""statusDetail":"Success","#, r#""statusCode":null,"#, r#""statusCode":"","#] {
            let body = of("5", "5").replace(r#""statusCode":"S1000","#, code);
            assert_eq!(
                notification::read(&profile, body.as_bytes()).unwrap().class,
                Class::Unknown,
                "{code}"
            );
        }
    }
}

/// R41: a profile may say that the id changes between answer and notification.
#[test]
fn a_carrier_that_changes_its_ids_is_believed_where_the_profile_says_so() {
    for kind in dialled() {
        let kind = Kind { profile: Profile { internal_id: InternalIdRule::Any, ..kind.profile }, ..kind };
        let mut scene = kind.accepted();
        let _ = scene.notify(&paid("666", "667", "5", "5"));
        assert_eq!(scene.payment(), Payment::Confirmed);
    }
}

/// R41
#[test]
fn above_the_limit_a_notification_alone_releases_nothing_and_a_person_looks() {
    for kind in kinds() {
        let mut profile = kind.profile;
        profile.limits.notified_release = Amount::parse("4.99").unwrap();
        let kind = Kind { profile, ..kind };
        let mut scene = kind.start();
        let _ = scene.notify(&of("5", "5"));
        assert_eq!(scene.payment(), Payment::Confirmed);
        assert_eq!(scene.command(Command::StartRelease), Handled::Refused(Refusal::NeedsReview));
        assert!(!matches!(scene.charge.advice(), caas_core::charge::Advice::Release));
        scene.flying.clear();
        scene.exhaust();
        assert_eq!(scene.charge.review(), Review::Needed(Reason::PaidByNotificationOnly), "{}", kind.name);
        assert!(scene.is_finished(), "{}", kind.name);
        scene.cut(AtBoot::Release);
        assert_eq!(scene.charge.review(), Review::Needed(Reason::PaidByNotificationOnly), "{}", kind.name);
        // An answer that says "executed" is enough.
        if kind.is_synchronous() {
            let mut scene = kind.start();
            let _ = scene.notify(&of("5", "5"));
            scene.answer(&kind.good('a'));
            scene.release();
        }
    }
}

/// R56
#[test]
fn two_references_that_are_both_paid_are_summed_and_confirmed_once() {
    for kind in dialled() {
        let mut scene = kind.start();
        // Before an answer named an id, both count.
        let _ = scene.notify(&paid("1", "11111111", "5", "5"));
        let _ = scene.notify(&paid("2", "22222222", "5", "5"));
        assert_eq!(scene.received(), "10.00");
        assert_eq!(scene.was_told("Confirmed"), 1);
        scene.release();
        assert_eq!(scene.refund_due(), "5.00");
        // One of them under an id that the answer did not name: the money counts, and somebody looks.
        let mut scene = kind.accepted();
        let _ = scene.notify(&of("5", "5"));
        let _ = scene.notify(&paid("2", "22222222", "5", "5"));
        assert_eq!(scene.received(), "10.00");
        scene.release();
        assert_eq!(scene.refund_due(), "5.00");
        assert_eq!(scene.charge.review(), Review::Needed(Reason::UnmatchedPayment));
        assert_eq!(scene.was_told("Release("), 1);
    }
}

/// R56, I6: a fifth reference is kept and needs review; nothing paid takes no place.
#[test]
fn a_fifth_reference_needs_review_and_loses_nothing() {
    for kind in dialled() {
        let mut scene = kind.start();
        for index in 0..6 {
            let _ = scene.notify(&paid("1", &format!("0000000{index}"), "0", "0"));
        }
        assert_eq!(scene.charge.review(), Review::None);
        for index in 0..5 {
            let _ = scene.notify(&paid("1", &format!("1111111{index}"), "2", "2"));
        }
        assert_eq!(scene.received(), "10.00");
        assert_eq!(scene.charge.review(), Review::Needed(Reason::TooManyReferences));
        scene.cut(AtBoot::RefundDue);
        assert_eq!(scene.received(), "10.00");
        assert_eq!(scene.charge.review(), Review::Needed(Reason::TooManyReferences));
    }
}

/// R56: ids of the longest kind, and a long text for the payer: the ids have the room.
#[test]
fn long_ids_and_a_long_text_lose_no_payment() {
    for kind in dialled() {
        let named = |length| -> &'static Subscriber {
            Box::leak(Box::new(Subscriber::new(&"m".repeat(length)).unwrap()))
        };
        let mut scene = kind.order(|order| {
            order.subscriber = named(92);
            order.account = Some(named(32));
        });
        let long = "x".repeat(128);
        scene.answer(&kind.good('a').replace("Please dial #111#", &long));
        assert!(scene.charge.payer_text().is_some());
        for index in 0..3 {
            let reference = format!("{index}2345678901234567890123456789012");
            let _ = scene.notify(&paid("1", &reference[..32], "2", "2"));
        }
        let _ = scene.notify(&of("2", "2"));
        assert_eq!(scene.received(), "8.00");
        assert!(scene.charge.payer_text().is_none(), "it made room");
        assert!(scene.charge.conflicts().all(|found| found != Conflict::TooManyReferences));
    }
}

/// Where the total is the price, what was paid is the price less the balance due.
#[test]
fn a_total_that_is_the_price_pays_the_price_less_the_balance() {
    for kind in kinds() {
        let kind = Kind { profile: Profile { total_means: TotalMeaning::Price, ..kind.profile }, ..kind };
        let mut scene = kind.start();
        let part = |balance: &str| of("1", "5").replace(r#""0.00""#, &format!("\"{balance}\""));
        let _ = scene.notify(&part("4"));
        assert_eq!(scene.received(), "1.00", "{}", kind.name);
        let _ = scene.notify(&part("-1"));
        assert_eq!(scene.received(), "1.00", "{}", kind.name);
        assert!(scene.charge.conflicts().any(|found| found == Conflict::BadNotification));
        let _ = scene.notify(&part("0"));
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
    }
}
