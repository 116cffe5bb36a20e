//! RECOVERY's invariants, each where it can be stated for itself. `charge_properties.rs` holds them against random
//! sequences, `power.rs` against cuts.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use caas_core::charge::{
    AtBoot, BUFFER_MAX, Carrier, Command, Event, Handled, Ignored, Input, Output, Payment, Reason, Refusal,
    Release, Resolution, Review, Sent, StartRefused,
};
use caas_core::credentials::{Credentials, Secret};
use caas_core::money::{Amount, Currency};
use caas_core::profile::{CapturesAt, Paths, Profile};
use caas_core::time::Instant;
use scene::{Disk, ENDPOINT, Kind, PAYER, Scene, paid};

const MINUTE: u32 = 60_000;

/// I1, I2
#[test]
fn goods_are_released_once_and_only_when_paid() {
    for kind in Kind::all() {
        let start = || Command::StartRelease;
        let mut scene = kind.start();
        assert_eq!(scene.command(start()), Handled::Refused(Refusal::NotConfirmed), "{}", kind.name);
        scene.lose(Sent::MaybeSent);
        assert_eq!(scene.command(start()), Handled::Refused(Refusal::NotConfirmed), "{}", kind.name);
        let mut scene = kind.paid();
        assert_eq!(scene.command(start()), Handled::Done, "{}", kind.name);
        assert_eq!(scene.command(start()), Handled::Refused(Refusal::AlreadyReleased));
        assert_eq!(scene.command(Command::Cancel), Handled::Refused(Refusal::Releasing));
        let permit = scene.permit.take().unwrap();
        assert_eq!(scene.command(Command::ReleaseFailed(permit)), Handled::Done);
        assert!(matches!(scene.command(start()), Handled::Refused(_)));
        assert_eq!(scene.charge.release(), Release::Failed);
    }
}

/// I2: the permit of another charge releases nothing here, and its tokens are not taken.
#[test]
fn what_belongs_to_another_charge_is_told_apart() {
    for kind in Kind::all() {
        let mut other = kind.paid();
        let _ = other.command(Command::StartRelease);
        let permit = other.permit.take().unwrap();
        let mut mine = other_charge(&kind);
        mine.run();
        let (token, ..) = mine.flying.remove(0);
        let mixed = Handled::Ignored(Ignored::OtherCharge);
        let input = Input::Lost { token, sent: Sent::MaybeSent };
        assert_eq!(other.charge.handle_input(other.now, &other.profile, input), mixed, "{}", kind.name);
        assert_eq!(mine.command(Command::ReleaseDone(permit)), mixed, "{}", kind.name);
        assert_eq!(mine.charge.release(), Release::None);
    }
}

fn other_charge(kind: &Kind) -> Scene {
    let mut scene = kind.start();
    let sale = caas_core::id::SaleId::new("sale-2").unwrap();
    let payer = caas_core::id::Subscriber::new(PAYER).unwrap();
    let order = caas_core::charge::Order {
        instrument: kind.instrument,
        ..caas_core::charge::Order::new(&sale, &payer, Amount::parse("5").unwrap())
    };
    let carrier = Carrier { profile: &kind.profile, credentials: scene.credentials, endpoint: ENDPOINT };
    let id = caas_core::id_generator::ChargeId::new("T1-1-2").unwrap();
    scene.charge = caas_core::charge::Charge::start(scene.now, &carrier, &order, &id).unwrap();
    scene.flying.clear();
    scene
}

/// I3: every attempt stays listed until somebody decides.
#[test]
fn an_attempt_in_doubt_is_listed_until_it_is_resolved() {
    for kind in Kind::all() {
        let mut scene = kind.start();
        scene.exhaust();
        for _ in 0..3 {
            assert_eq!(scene.charge.review(), Review::Needed(Reason::InDoubt), "{}", kind.name);
            assert_eq!(scene.payment(), Payment::InDoubt);
            scene.cut(AtBoot::Release);
            scene.exhaust();
        }
        let resolution = Resolution::NotCharged;
        assert_eq!(scene.command(Command::Resolve { resolution, by: "ann" }), Handled::Done);
        assert_eq!(scene.payment(), Payment::Failed);
    }
}

/// I4: nothing asks a payer twice while the first prompt may be answered.
#[test]
fn no_command_raises_a_second_prompt_while_the_first_is_live() {
    for kind in Kind::all().into_iter().filter(|kind| !kind.is_synchronous()) {
        let mut scene = kind.start_for(30 * MINUTE);
        scene.answer(&kind.good('a'));
        for second in 0..120 {
            for accept_risk in [false, true] {
                let handled = scene.command(Command::Retry { accept_risk });
                let early = matches!(handled, Handled::Refused(Refusal::TooEarly | Refusal::Busy));
                assert!(early, "{} at {second}: {handled:?}", kind.name);
            }
            if !scene.flying.is_empty() {
                scene.answer(r#"{"status":"1002"}"#);
            }
            scene.pass(999);
            if !scene.flying.is_empty() {
                scene.answer(r#"{"status":"1002"}"#);
            }
            if second < 119 {
                scene.pass(1);
            }
        }
        assert_eq!(scene.charge_requests(), 1, "{}", kind.name);
    }
}

/// I4: the shipped prompts and references say how many there were; a second capture is a durable refund due.
#[test]
fn a_second_capture_is_a_durable_refund_due() {
    for kind in Kind::all().into_iter().filter(Kind::is_ezcash) {
        let mut scene = kind.paid();
        scene.release();
        let _ = scene.notify(&paid("2", "22222222", "5", "5"));
        assert_eq!(scene.refund_due(), "5.00");
        scene.cut(AtBoot::Release);
        assert_eq!(scene.refund_due(), "5.00");
        assert_eq!(scene.was_told("RefundDue"), 1);
    }
}

/// I7
#[test]
fn no_answer_that_is_not_understood_fails_or_pays() {
    for kind in Kind::all() {
        let good = kind.good('a');
        for at in 0..good.len() {
            // One byte of a good answer is wrong: it says the same still, or it is in doubt; it never fails.
            let mut bytes = good.clone().into_bytes();
            bytes[at] = b'#';
            let mut scene = kind.start();
            scene.answer(&String::from_utf8(bytes).unwrap());
            assert_ne!(scene.payment(), Payment::Failed, "{} at {at}", kind.name);
            if kind.is_mobitel() || kind.is_ezcash() {
                assert_ne!(scene.payment(), Payment::Confirmed, "{} at {at}", kind.name);
            }
        }
    }
}

/// I8: a profile with prompts and without a way to ask comes to an end, and writes no more often than it must.
#[test]
fn a_prompt_that_cannot_be_asked_about_is_reviewed() {
    for kind in Kind::mobitels() {
        let profile = Profile { paths: Paths { confirm: None, ..kind.profile.paths }, ..kind.profile };
        let kind = Kind { profile, ..kind };
        let mut scene = kind.start();
        scene.answer(&kind.good('a'));
        scene.pass(30_000);
        assert_eq!(scene.confirms(), 0);
        scene.exhaust();
        assert!(scene.is_finished(), "{}", kind.name);
        let failed = kind.captures_at() == CapturesAt::Confirm;
        assert_eq!(scene.payment() == Payment::Failed, failed, "{}: {:?}", kind.name, scene.charge);
    }
}

/// I8: credentials that are taken away in mid-charge end it as misconfigured; nothing is sent.
#[test]
fn a_request_that_cannot_be_written_is_not_sent_and_ends_the_sale() {
    for kind in Kind::all().into_iter().filter(|kind| !kind.is_mobitel()) {
        let mut scene = Scene::order(kind.profile, "5", |order| order.instrument = kind.instrument).unwrap();
        scene.credentials =
            Box::leak(Box::new(Credentials { password: Secret::default(), ..scene::credentials() }));
        scene.run();
        assert!(scene.sent.is_empty(), "{}", kind.name);
        assert_eq!(scene.was_told("Misconfigured"), 1);
        assert_eq!(scene.payment(), Payment::Failed, "{}", kind.name);
        assert!(scene.is_finished());
    }
}

/// I9: a buffer that is too short does nothing and loses nothing.
#[test]
fn a_short_buffer_is_refused_and_changes_nothing() {
    for kind in Kind::all() {
        let mut scene = Scene::order(kind.profile, "5", |order| order.instrument = kind.instrument).unwrap();
        let carrier = Carrier { profile: &kind.profile, credentials: scene.credentials, endpoint: ENDPOINT };
        for length in [0, 1, BUFFER_MAX - 1] {
            let mut short = vec![0u8; length];
            let output = scene.charge.poll_output(scene.now, &carrier, &mut short);
            assert!(matches!(output, Output::BufferTooSmall), "{}", kind.name);
        }
        scene.run();
        assert_eq!(scene.flying.len(), 1, "{}", kind.name);
    }
}

/// I9: time that goes backwards is the caller's mistake, and harmless.
#[test]
fn a_clock_that_goes_backwards_panics_nowhere() {
    for kind in Kind::all() {
        let mut scene = kind.accepted();
        scene.now = Instant::from_millis(0);
        scene.run();
        let _ = scene.command(Command::Retry { accept_risk: true });
        let _ = scene.command(Command::Cancel);
    }
}

/// I12
#[test]
fn neither_a_charge_nor_what_it_says_names_the_payer_or_a_secret() {
    for kind in Kind::all() {
        let mut scene = Scene::order(kind.profile, "5", |order| order.instrument = kind.instrument).unwrap();
        let mut said = Vec::new();
        let mut buffer = [0u8; BUFFER_MAX];
        for _ in 0..8 {
            let carrier =
                Carrier { profile: &kind.profile, credentials: scene.credentials, endpoint: ENDPOINT };
            let output = scene.charge.poll_output(scene.now, &carrier, &mut buffer);
            said.push(format!("{output:?}"));
            match output {
                Output::Persist { token, record } => {
                    scene.durable = record.bytes().to_vec();
                    let _ = scene.charge.handle_input(scene.now, &kind.profile, Input::Persisted(token));
                }
                Output::Transmit { token, .. } => {
                    let body = kind.good('a');
                    let input = Input::Response { token, status: 200, body: body.as_bytes() };
                    let _ = scene.charge.handle_input(scene.now, &kind.profile, input);
                }
                Output::Event(Event::Release(_)) => unreachable!(),
                _ => {}
            }
            said.push(format!("{:?} {:?}", scene.charge, scene.charge.subscriber()));
        }
        let said = said.join("\n");
        assert!(said.contains("*567"), "{}", kind.name);
        for secret in [PAYER, "0123456789", "95904999", "APP_000017", "4444", "VC_0000"] {
            assert!(!said.contains(secret), "{}: {secret} in {said}", kind.name);
        }
        let record = String::from_utf8_lossy(&scene.durable).into_owned();
        assert!(record.contains(PAYER), "the journal may hold the payer");
        for secret in ["client-id-0123456789", "95904999aa8edb0c038b3295fdd271de", "VC_0000"] {
            assert!(!record.contains(secret), "{}", kind.name);
        }
    }
}

/// What is wrong with an order is said before anything is kept or sent.
#[test]
fn an_order_that_cannot_be_charged_is_refused_at_the_start() {
    for kind in Kind::all() {
        let refused = |profile, amount: &str| {
            Scene::order(profile, amount, |order| order.instrument = kind.instrument).err()
        };
        let mut limited = kind.profile;
        limited.limits.amount = Amount::parse("4").unwrap();
        assert_eq!(refused(kind.profile, "0"), Some(StartRefused::NothingToCharge));
        assert_eq!(refused(limited, "5"), Some(StartRefused::AboveLimit));
        let points: &'static [Amount] = Box::leak(Box::new([Amount::parse("7").unwrap()]));
        let pointed = Profile { price_points: points, ..kind.profile };
        assert_eq!(refused(pointed, "5"), Some(StartRefused::NotAPricePoint));
        assert_eq!(refused(pointed, "7"), None);
        let other =
            |change: fn(&mut caas_core::charge::Order<'_>)| Scene::order(kind.profile, "5", change).err();
        assert_eq!(other(|order| order.instrument = Some("none")), Some(StartRefused::Instrument));
        assert_eq!(other(|order| order.currency = Currency::parse("EUR")), Some(StartRefused::Currency));
        if kind.is_mobitel() {
            assert!(matches!(refused(kind.profile, "5.50"), Some(StartRefused::Amount(_))));
        }
    }
}

/// The advice for each state is the one that cannot lose money.
#[test]
fn the_advice_follows_the_state() {
    use caas_core::charge::Advice;
    for kind in Kind::all() {
        assert_eq!(kind.start().charge.advice(), Advice::Wait, "{}", kind.name);
        let mut scene = kind.paid();
        assert_eq!(scene.charge.advice(), Advice::Release, "{}", kind.name);
        let _ = scene.command(Command::StartRelease);
        assert_eq!(scene.charge.advice(), Advice::ReportRelease);
        let permit = scene.permit.take().unwrap();
        let _ = scene.command(Command::ReleaseDone(permit));
        assert_eq!(scene.charge.advice(), Advice::Done);
        let mut scene = kind.paid();
        let _ = scene.command(Command::Cancel);
        assert_eq!(scene.charge.advice(), Advice::Refund(Amount::parse("5").unwrap()));
        let mut scene = kind.start();
        scene.answer(kind.refusal());
        assert_eq!(scene.charge.advice(), Advice::NotCharged);
        let mut scene = kind.start();
        scene.exhaust();
        assert_eq!(scene.charge.advice(), Advice::CallSomebody(Reason::InDoubt));
        scene.disk = Disk::Fails;
        let _ = scene.command(Command::Resolve { resolution: Resolution::NotCharged, by: "" });
        assert_eq!(scene.charge.advice(), Advice::RepairStorage);
    }
}
