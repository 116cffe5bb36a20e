//! RECOVERY section A: the charge request, for every carrier.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use caas_core::charge::record::Damage;
use caas_core::charge::{
    AtBoot, Carrier, Charge, Command, Conflict, Handled, Order, Payment, Phase, Reason, RecoverError,
    Refusal, Resolution, Review, Sale, Sent,
};
use caas_core::id::{SaleId, Subscriber};
use caas_core::money::Amount;
use caas_core::profile::{self, CapturesAt};
use scene::{Disk, ENDPOINT, Kind, PAYER, SALE, Scene};

const MINUTE: u32 = 60_000;

/// R01
#[test]
fn nothing_was_sent_and_nothing_is_open_without_the_commit_mark() {
    for kind in Kind::all() {
        let mut scene = kind.order(|_| {});
        let whole = scene.durable.clone();
        scene = Scene::order(kind.profile, "5", |order| order.instrument = kind.instrument).unwrap();
        scene.disk = Disk::Silent;
        scene.run();
        assert!(scene.sent.is_empty(), "{}: sent before the intent was durable", kind.name);
        let carrier = Carrier { profile: &kind.profile, credentials: scene.credentials, endpoint: ENDPOINT };
        for cut in 0..whole.len() {
            let torn = Charge::recover(scene.now, &carrier, &whole[..cut], AtBoot::Release);
            assert_eq!(torn.err(), Some(RecoverError::Record(Damage::NoMark)), "{} cut at {cut}", kind.name);
        }
    }
}

/// R02
#[test]
fn an_intent_found_at_boot_is_in_doubt_and_sent_again_only_where_the_carrier_deduplicates() {
    for kind in Kind::all() {
        let mut scene = kind.start();
        let first = scene.flying.remove(0).2;
        scene.sent.clear();
        scene.cut(AtBoot::RefundDue);
        assert_eq!(scene.payment(), Payment::InDoubt, "{}", kind.name);
        scene.pass(2 * MINUTE);
        if kind.profile.deduplicates {
            assert_eq!(scene.flying[0].2, first, "{}: not the same request", kind.name);
        } else {
            assert!(scene.sent.is_empty(), "{}: sent again", kind.name);
        }
        scene.exhaust();
        assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name);
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R03: an answer lost after the carrier executed is in doubt, not failed, and is not sent again unless the carrier
/// de-duplicates.
#[test]
fn a_lost_answer_is_in_doubt_and_no_other_attempt_is_made() {
    for kind in Kind::all() {
        let mut scene = kind.start();
        let first = scene.flying[0].2.clone();
        scene.lose(Sent::MaybeSent);
        assert_eq!(scene.payment(), Payment::InDoubt, "{}", kind.name);
        assert_eq!(scene.too_early(Command::Retry { accept_risk: true }), 240_000, "{}", kind.name);
        scene.pass(MINUTE);
        assert!(scene.flying.iter().all(|(_, _, body)| *body == first), "{}", kind.name);
        assert_eq!(scene.charge_requests() > 1, kind.profile.deduplicates, "{}", kind.name);
        scene.exhaust();
        assert_eq!(scene.payment(), Payment::InDoubt, "{}", kind.name);
        assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name);
        assert_eq!(scene.was_told("Failed"), 0, "{}", kind.name);
        assert!(scene.charge_requests() <= 4, "{}: bounded", kind.name);
    }
}

/// R03: a request without any answer counts as maybe sent at its deadline.
#[test]
fn silence_after_a_request_is_in_doubt_at_the_deadline() {
    for kind in Kind::all() {
        let mut scene = kind.start();
        scene.pass(29_999);
        assert_eq!(scene.payment(), Payment::Requested, "{}", kind.name);
        scene.pass(1);
        assert_eq!(scene.payment(), Payment::InDoubt, "{}", kind.name);
        // The late answer is still evidence.
        scene.answer(&kind.good('a'));
        assert_ne!(scene.payment(), Payment::InDoubt, "{}", kind.name);
    }
}

/// R04
#[test]
fn a_truncated_answer_is_in_doubt_at_every_length() {
    for kind in Kind::all() {
        let whole = kind.good('a');
        for cut in 0..whole.len() {
            let mut scene = kind.start();
            scene.answer(&whole[..cut]);
            assert_eq!(scene.payment(), Payment::InDoubt, "{} cut at {cut}", kind.name);
        }
    }
}

/// R05
#[test]
fn an_answer_that_something_broke_is_in_doubt() {
    for kind in Kind::all() {
        let good = kind.good('a');
        let refusal = kind.refusal();
        let html = "<html><body>Bad Gateway</body></html>";
        let gateway = r#"{"httpCode":"500","moreInformation":"Failed to establish a backside connection"}"#;
        for status in [500, 502, 503, 504, 408, 199, 302] {
            for body in ["", html, gateway, good.as_str(), refusal] {
                let mut scene = kind.start();
                scene.answer_as(status, body);
                assert_eq!(scene.payment(), Payment::InDoubt, "{} {status} {body}", kind.name);
            }
        }
    }
}

/// R05: unless the profile knows the body as not executed.
#[test]
fn a_gateway_that_never_reached_the_carrier_fails_the_charge() {
    for kind in Kind::mobitels() {
        for status in [500, 200] {
            let mut scene = kind.start();
            scene.answer_as(status, r#"{"httpCode":"500","moreInformation":"Backside URL invalid"}"#);
            assert_eq!(scene.payment(), Payment::Failed, "{} {status}", kind.name);
        }
    }
}

/// R06, R17
#[test]
fn a_code_that_is_known_as_not_executed_fails_at_once_with_the_raw_code() {
    for kind in Kind::all() {
        let codes: &[&str] =
            if kind.is_mobitel() { &["1004"] } else { &["E1326", "E1308", "E1313", "E1312"] };
        let member = if kind.is_mobitel() { "status" } else { "statusCode" };
        for code in codes {
            let mut scene = kind.start();
            scene.answer(&format!(r#"{{"{member}":"{code}"}}"#));
            assert_eq!(scene.payment(), Payment::Failed, "{} {code}", kind.name);
            assert_eq!(scene.was_told("Failed"), 1, "{} {code}", kind.name);
            assert_eq!(scene.charge.attempts().next().unwrap().1, *code);
            assert!(matches!(scene.charge.sale(), Sale::Closed(_)), "{} {code}", kind.name);
            assert_eq!(scene.charge_requests(), 1);
            scene.exhaust();
            assert!(scene.is_finished(), "{} {code}", kind.name);
        }
    }
}

/// R07
#[test]
fn an_unknown_code_is_in_doubt_and_kept() {
    for kind in Kind::all() {
        let member = if kind.is_mobitel() { "status" } else { "statusCode" };
        for code in ["E7777", "0", "success"] {
            let mut scene = kind.start();
            scene.answer(&format!(r#"{{"{member}":"{code}"}}"#));
            assert_eq!(scene.payment(), Payment::InDoubt, "{} {code}", kind.name);
            assert_eq!(scene.charge.attempts().next().unwrap().1, code);
        }
        for body in ["[]", "OK", "{}", "{\"statusCode\":", "\u{0}"] {
            let mut scene = kind.start();
            scene.answer(body);
            assert_eq!(scene.payment(), Payment::InDoubt, "{} {body}", kind.name);
        }
    }
}

/// R07: a prompt that cannot be asked about is no acceptance.
#[test]
fn an_acceptance_without_a_reference_is_in_doubt_at_mobitel() {
    for kind in Kind::mobitels() {
        let mut scene = kind.start();
        scene.answer(r#"{"status":"1000","message":"ok"}"#);
        assert_eq!(scene.payment(), Payment::InDoubt, "{}", kind.name);
    }
}

/// R08
#[test]
fn an_answer_for_another_charge_is_in_doubt_and_flagged() {
    for kind in Kind::all() {
        let good = kind.good('a');
        let inner = good.trim_end_matches('}');
        let mut others = vec![
            format!(r#"{inner},"amount":"6"}}"#),
            format!(r#"{inner},"currency":"USD"}}"#),
            format!(r#"{inner},"subscriberId":"94770000000"}}"#),
        ];
        if !kind.is_mobitel() {
            others.push(good.replace("T1-1-1a", "T1-1-1b"));
        }
        for body in others {
            let mut scene = kind.start();
            scene.answer(&body);
            assert_eq!(scene.payment(), Payment::InDoubt, "{} {body}", kind.name);
            assert!(scene.charge.conflicts().any(|found| found == Conflict::AnswerForAnother));
            assert_eq!(scene.was_told("Conflict(AnswerForAnother)"), 1);
            assert_eq!(scene.received(), "0.00");
        }
    }
}

/// R08: a refusal for another charge refuses nothing here.
#[test]
fn a_refusal_for_another_charge_is_no_refusal() {
    for kind in Kind::all() {
        let mut scene = kind.start();
        scene.answer(&kind.refusal().replace('}', r#","amount":"6"}"#));
        assert_eq!(scene.payment(), Payment::InDoubt, "{}", kind.name);
    }
}

/// R09
#[test]
fn a_lost_reference_holds_the_window_and_a_new_attempt_takes_accepted_risk() {
    for kind in Kind::mobitels().into_iter().filter(|kind| !kind.profile.deduplicates) {
        let mut scene = kind.start_for(15 * MINUTE);
        scene.lose(Sent::MaybeSent);
        scene.pass(239_999);
        let retry = |risk| Command::Retry { accept_risk: risk };
        assert_eq!(scene.too_early(retry(true)), 1, "{}", kind.name);
        scene.pass(1);
        assert_eq!(scene.command(retry(false)), Handled::Refused(Refusal::NeedsRisk), "{}", kind.name);
        assert_eq!(scene.charge_requests(), 1, "{}", kind.name);
        assert_eq!(scene.command(retry(true)), Handled::Done, "{}", kind.name);
        assert_eq!(scene.charge_requests(), 2, "{}", kind.name);
        scene.answer(&kind.good('b'));
        kind.pay(&mut scene, 'b');
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        scene.release();
        assert_eq!(scene.phases(), [Phase::InDoubt, Phase::Paid], "{}", kind.name);
        assert!(!scene.is_finished(), "{}: the old attempt is still open", kind.name);
        scene.pass(5 * MINUTE);
        assert_eq!(scene.charge.review(), Review::Needed(Reason::OtherAttemptInDoubt), "{}", kind.name);
        assert!(scene.is_finished(), "{}", kind.name);
        // A person finds out that both were charged.
        let found = Resolution::Charged(Amount::parse("10").unwrap());
        assert_eq!(scene.command(Command::Resolve { resolution: found, by: "ann" }), Handled::Done);
        assert_eq!(scene.refund_due(), "5.00");
    }
}

/// R09: the risk was accepted for one attempt; no further one follows by itself.
#[test]
fn no_attempt_follows_by_itself_while_an_earlier_one_is_in_doubt() {
    for kind in Kind::mobitels().into_iter().filter(|kind| !kind.profile.deduplicates) {
        let mut scene = kind.order(|order| {
            order.window = Some(30 * MINUTE);
            order.attempts = 3;
        });
        scene.lose(Sent::MaybeSent);
        scene.pass(4 * MINUTE);
        assert_eq!(scene.command(Command::Retry { accept_risk: true }), Handled::Done);
        scene.answer(&kind.good('b'));
        scene.pass_answering(5 * MINUTE, r#"{"status":"1002"}"#);
        assert_eq!(scene.phases(), [Phase::InDoubt, Phase::Lapsed], "{}", kind.name);
        assert_eq!(scene.charge_requests(), 2, "{}", kind.name);
        let refused = Handled::Refused(Refusal::NeedsRisk);
        assert_eq!(scene.command(Command::Retry { accept_risk: false }), refused, "{}", kind.name);
    }
}

/// R10, R11, as far as a single charge can tell.
#[test]
fn a_charge_knows_its_order_and_its_payer() {
    for kind in Kind::all() {
        let scene = kind.start();
        let (sale, payer) = (SaleId::new(SALE).unwrap(), Subscriber::new(PAYER).unwrap());
        let other = Subscriber::new("94770000000").unwrap();
        let order = |payer, amount| Order {
            instrument: kind.instrument,
            ..Order::new(&sale, payer, Amount::parse(amount).unwrap())
        };
        assert!(scene.charge.is_for(&kind.profile, &order(&payer, "5")), "{}", kind.name);
        assert!(!scene.charge.is_for(&kind.profile, &order(&payer, "6")), "{}", kind.name);
        assert!(!scene.charge.is_for(&kind.profile, &order(&other, "5")), "{}", kind.name);
        assert!(scene.charge.is_from(&payer) && !scene.charge.is_from(&other));
    }
}

/// R12
#[test]
fn a_duplicate_says_that_an_earlier_send_ran_and_nothing_more() {
    for kind in Kind::all() {
        let duplicate = if kind.is_mobitel() { r#"{"status":"0002"}"# } else { r#"{"statusCode":"E1379"}"# };
        let mut scene = kind.start();
        scene.answer(duplicate);
        assert_eq!(scene.payment(), Payment::InDoubt, "{}", kind.name);
        assert_eq!(scene.received(), "0.00");
        scene.pass(MINUTE);
        assert_eq!(scene.charge_requests(), 1, "{}", kind.name);
        scene.exhaust();
        assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name);
    }
}

/// R13
#[test]
fn credentials_refused_in_mid_flow_keep_the_state_until_they_are_refused_again() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass(5_000);
        scene.answer_as(401, r#"{"httpCode":"401","moreInformation":"Invalid client id"}"#);
        assert_eq!(scene.payment(), Payment::PendingConsent, "{}", kind.name);
        assert_eq!(scene.was_told("CredentialsRefused"), 1, "{}", kind.name);
        scene.pass(MINUTE);
        assert_eq!(scene.confirms(), 1, "{}: the same credentials are not tried again", kind.name);
        assert_eq!(scene.command(Command::CredentialsReplaced), Handled::Done);
        assert_eq!(scene.confirms(), 2, "{}", kind.name);
        scene.answer_as(401, "");
        assert_eq!(scene.was_told("CredentialsRefused"), 2, "{}", kind.name);
        assert_eq!(scene.command(Command::CredentialsReplaced), Handled::Done);
        scene.exhaust();
        assert_eq!(scene.confirms(), 2, "{}: the second refusal stops", kind.name);
        match kind.captures_at() {
            // No confirm ran, and none will: nothing was captured.
            CapturesAt::Confirm => assert_eq!(scene.payment(), Payment::Failed),
            _ => assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name),
        }
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R13
#[test]
fn replaced_credentials_let_the_charge_go_on() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass(5_000);
        scene.answer_as(401, "");
        assert_eq!(scene.command(Command::CredentialsReplaced), Handled::Done);
        scene.answer(r#"{"status":"1001"}"#);
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
    }
}

/// R13: nobody replaces them; the window's end is asked for all the same.
#[test]
fn after_refused_credentials_the_end_of_the_window_is_still_asked_for() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        scene.pass(5_000);
        scene.answer_as(401, "");
        scene.pass(115_000);
        assert_eq!(scene.sent.last().unwrap().0, 1_000_000 + 120_000, "{}", kind.name);
        scene.answer(r#"{"status":"1002"}"#);
        assert_eq!(scene.phases(), [Phase::Lapsed], "{}", kind.name);
    }
}

/// R14
#[test]
fn a_request_that_was_not_sent_is_repeated_freely_and_never_in_doubt() {
    for kind in Kind::all() {
        let mut scene = kind.start();
        for pause in [2_000, 4_000, 8_000] {
            scene.lose(Sent::NotSent);
            assert_eq!(scene.payment(), Payment::Requested, "{}", kind.name);
            scene.pass(pause - 1);
            assert!(scene.flying.is_empty(), "{}", kind.name);
            scene.pass(1);
            assert_eq!(scene.flying.len(), 1, "{}", kind.name);
        }
        scene.lose(Sent::NotSent);
        assert_eq!(scene.payment(), Payment::Failed, "{}", kind.name);
        assert_eq!(scene.was_told("InDoubt"), 0, "{}", kind.name);
        assert!(!scene.charge.may_still_charge(), "{}", kind.name);
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R14
#[test]
fn a_sale_whose_request_was_not_sent_can_be_closed() {
    for kind in Kind::all() {
        let mut scene = kind.start();
        scene.lose(Sent::NotSent);
        assert_eq!(scene.command(Command::Cancel), Handled::Done, "{}", kind.name);
        assert_eq!(scene.payment(), Payment::Failed, "{}", kind.name);
        scene.pass(10 * MINUTE);
        assert_eq!(scene.charge_requests(), 1, "{}", kind.name);
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R15
#[test]
fn a_throttled_request_backs_off_and_is_neither_charged_nor_failed() {
    for kind in Kind::all() {
        let mut scene = kind.start();
        if kind.is_mobitel() {
            scene.answer_as(429, r#"{"httpCode":"429","moreInformation":"Rate Limit exceeded"}"#);
        } else {
            scene.answer(r#"{"statusCode":"E1318"}"#);
        }
        assert!(!matches!(scene.payment(), Payment::Confirmed | Payment::Failed), "{}", kind.name);
        assert_eq!(scene.was_told("Failed"), 0, "{}", kind.name);
        assert_eq!(scene.charge.sale(), Sale::Open, "{}", kind.name);
        scene.pass(1_999);
        assert_eq!(scene.charge_requests(), 1, "{}", kind.name);
        scene.pass(MINUTE);
        // Words that do not say "not charged" on this carrier are not acted on without being asked.
        assert_eq!(scene.charge_requests() > 1, kind.profile.resend_throttled, "{}", kind.name);
        scene.exhaust();
        assert!(scene.is_finished(), "{}", kind.name);
    }
}

/// R15
#[test]
fn a_throttled_request_that_may_be_repeated_goes_on() {
    for kind in Kind::all() {
        let kind = Kind { profile: profile::Profile { resend_throttled: true, ..kind.profile }, ..kind };
        let mut scene = kind.start();
        if kind.is_mobitel() {
            scene.answer_as(429, "");
        } else {
            scene.answer(r#"{"statusCode":"E1105"}"#);
        }
        scene.pass(2_000);
        scene.answer(&kind.good('a'));
        kind.pay(&mut scene, 'a');
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        assert_eq!(scene.charge_requests(), 2, "{}", kind.name);
    }
}
