//! `kill -9` and signals at any moment of a charge's life: `caas resume` finishes what is left, nothing is captured twice,
//! and the journal knows of every capture.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shop;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use caas_simulator::{Builder, ConfirmMeaning, Fault, Payer, Service, Simulator, SimulatorEvent, Times};
use serde_json::Value;
use shop::{Listening, OTHER_PAYER, PAYER, Running, Shop, run, until};

/// Fast, so that the windows of all carriers pass in seconds.
const RATE: u32 = 200;
/// How long the payer thinks, by that clock: 30 ms.
const PAYER_THINKS: Duration = Duration::from_secs(6);

/// When a charge is killed: so many real milliseconds after something.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Start(u64),
    /// The carrier has the request that charges.
    Asked(u64),
    /// The carrier has it, and its answer does not come.
    Unanswered(u64),
    Captured(u64),
    /// The carrier has a confirm.
    Confirmed(u64),
    /// A notification was taken.
    Notified(u64),
    /// The journal says that it is paid.
    Paid(u64),
}

/// Over the whole life, and close together where it is decided.
const MOMENTS: [Moment; 24] = {
    use Moment::*;
    [
        Start(0),
        Start(5),
        Start(9),
        Start(13),
        Start(17),
        Start(21),
        Start(26),
        Asked(0),
        Asked(1),
        Asked(3),
        Asked(7),
        Asked(15),
        Unanswered(0),
        Unanswered(20),
        Captured(0),
        Captured(1),
        Captured(3),
        Captured(6),
        Confirmed(0),
        Confirmed(2),
        Confirmed(4),
        Notified(0),
        Notified(3),
        Paid(0),
    ]
};

struct Carrier {
    name: &'static str,
    arguments: &'static [&'static str],
    charging: Service,
    builder: Builder,
}

/// R01, R02, R22, R46, R47.
#[test]
fn a_mobitel_charge_whose_consent_captures_survives_every_kill() {
    survives(Carrier {
        name: "Mobitel, consent captures",
        arguments: &[],
        charging: Service::MobitelChargeRequest,
        builder: Simulator::builder().confirm(ConfirmMeaning::Reads),
    });
}

/// R01, R02, R22, R46, R47.
#[test]
fn a_mobitel_charge_whose_confirm_captures_survives_every_kill() {
    survives(Carrier {
        name: "Mobitel, confirm captures",
        arguments: &[],
        charging: Service::MobitelChargeRequest,
        builder: Simulator::builder().confirm(ConfirmMeaning::Captures),
    });
}

/// R01, R02, R46, R47: the carrier takes a repeated id again, so a second send would be a second capture.
#[test]
fn an_ideamart_charge_survives_every_kill() {
    survives(Carrier {
        name: "Ideamart",
        arguments: &["--carrier", "ideamart"],
        charging: Service::DirectDebit,
        builder: Simulator::builder().deduplicates(false),
    });
}

/// R01, R02, R38, R46, R47, R54: `caas listen` takes the notifications.
#[test]
fn an_ez_cash_charge_survives_every_kill() {
    survives(Carrier {
        name: "eZ Cash",
        arguments: &["--carrier", "dialog", "--instrument", "ezcash"],
        charging: Service::DirectDebit,
        builder: Simulator::builder().deduplicates(false),
    });
}

fn survives(carrier: Carrier) {
    let shop = Shop::at_rate(carrier.builder.clone().payer_delay(PAYER_THINKS), RATE);
    let _listening = carrier.arguments.contains(&"ezcash").then(|| Listening::start(&shop, "dialog"));
    let mut tally = BTreeMap::new();
    for (number, moment) in MOMENTS.into_iter().enumerate() {
        kill_one(&shop, &carrier, number, moment);
        let row = row_of(&shop, number);
        let state = row.map_or_else(
            || "not in the journal".to_owned(),
            |row| format!("{}, release {}", text(&row["payment"]), text(&row["release"])),
        );
        *tally.entry(state).or_insert(0) += 1;
    }
    println!("{}: killed at {tally:?}", carrier.name);
    assert!(tally.len() >= 3, "the kills came too close together: {tally:?}");

    // The first takings up are killed as well (R43).
    for pause in [20, 60, 400] {
        let mut resume = Running::start(shop.resume_command(&[]));
        std::thread::sleep(Duration::from_millis(pause));
        resume.kill();
        resume.wait();
    }
    let resumed = shop.resume(&[]);
    assert!(matches!(resumed.code, Some(0 | 4)), "{resumed:#?}");
    // What was notified since, and what the carrier delivers again, is applied too.
    std::thread::sleep(Duration::from_millis(300));
    shop.resume(&[]);
    for number in 0..MOMENTS.len() {
        agrees(&shop, number);
    }
}

fn kill_one(shop: &Shop, carrier: &Carrier, number: usize, moment: Moment) {
    let mut events = shop.carrier.events();
    let (payer, sale) = (payer(number), sale(number));
    if let Moment::Unanswered(_) = moment {
        shop.carrier.fault(carrier.charging, Fault::Latency(300), Times::Once);
    }
    let mut arguments = vec!["--sale", sale.as_str()];
    arguments.extend(carrier.arguments);
    let started = Instant::now();
    let mut charge = Running::start(shop.charge_command(&payer, "5", &arguments));
    let mut seen = |wanted: &dyn Fn(&SimulatorEvent) -> bool, charge: &mut Running| {
        while !charge.has_ended() {
            match events.try_recv() {
                Ok(event) if wanted(&event) => return,
                Ok(_) => {}
                Err(_) => std::thread::sleep(Duration::from_micros(200)),
            }
        }
    };
    let request = |wanted: Service| move |event: &SimulatorEvent| matches!(event, SimulatorEvent::Request(request) if request.service == wanted);
    let pause = match moment {
        Moment::Start(pause) => {
            Duration::from_millis(pause).saturating_sub(started.elapsed()).as_millis() as u64
        }
        Moment::Asked(pause) | Moment::Unanswered(pause) => {
            seen(&request(carrier.charging), &mut charge);
            pause
        }
        Moment::Captured(pause) => {
            seen(&|event| matches!(event, SimulatorEvent::Captured(_)), &mut charge);
            pause
        }
        Moment::Confirmed(pause) => {
            seen(&request(Service::MobitelConfirm), &mut charge);
            pause
        }
        Moment::Notified(pause) => {
            seen(&|event| matches!(event, SimulatorEvent::NotificationSent(_)), &mut charge);
            pause
        }
        Moment::Paid(pause) => {
            while !charge.has_ended() && !charge.said().contains("\"confirmed\"") {
                std::thread::sleep(Duration::from_micros(200));
            }
            pause
        }
    };
    std::thread::sleep(Duration::from_millis(pause));
    charge.kill();
    charge.wait();
}

/// The ledger and the journal tell the same story.
fn agrees(shop: &Shop, number: usize) {
    let payer = payer(number);
    let ledger = shop.carrier.ledger();
    let captured = ledger.total(&payer);
    let captures =
        ledger.captures().iter().filter(|capture| capture.subscriber.ends_with(&payer[1..])).count();
    let prompts =
        shop.carrier.prompts().iter().filter(|prompt| prompt.subscriber.ends_with(&payer[1..])).count();
    let moment = MOMENTS[number];
    assert!(captures <= 1, "{moment:?}: {captures} captures");
    assert!(prompts <= 1, "{moment:?}: {prompts} prompts");
    let Some(row) = row_of(shop, number) else {
        assert_eq!(
            (captured, prompts),
            (0, 0),
            "{moment:?}: the carrier was asked, and the journal does not know"
        );
        return;
    };
    assert_eq!(row["settled"], true, "{moment:?} is left open: {row}");
    let review = text(&row["review"]).starts_with("needed");
    let (received, refund) = (minor(&row["received"]), minor(&row["refundDue"]));
    assert!(received == captured || (review && received == 0), "{moment:?}: captured {captured}, {row}");
    match text(&row["release"]) {
        "done" | "uncertain" => assert_eq!((received, refund), (5_00, 0), "{moment:?}: {row}"),
        _ => assert_eq!(refund, received, "{moment:?}: {row}"),
    }
}

fn payer(number: usize) -> String {
    format!("07123456{number:02}")
}

fn sale(number: usize) -> String {
    format!("sale-{number}")
}

fn row_of(shop: &Shop, number: usize) -> Option<Value> {
    shop.list().into_iter().find(|row| row["sale"] == sale(number))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn minor(value: &Value) -> u64 {
    text(value).replace('.', "").parse().unwrap()
}

/// A charge that a signal puts down while the payer thinks.
fn interrupted(shop: &Shop, signal: &str) {
    let charge = Running::start(shop.charge_command(PAYER, "5", &["--sale", signal]));
    let prompts = shop.carrier.prompts().len();
    assert!(shop.carrier.wait_for_prompts(prompts + 1, Duration::from_secs(10)));
    until("the prompt is in the journal", || charge.said().contains("pending-consent"));
    charge.signal(signal);
    let ended = charge.wait();
    ended.expect(5, "interrupted");
    assert_eq!(ended.end()["release"], "none");
}

/// R46: what a resume finds paid is owed back, unless somebody says that the goods were released.
#[test]
fn each_signal_leaves_a_charge_that_resume_finishes() {
    for (signal, more, code, state) in [
        ("INT", &[][..], 4, "refund-due"),
        ("TERM", &["--release"][..], 0, "confirmed"),
        ("HUP", &[][..], 4, "refund-due"),
    ] {
        let shop = Shop::with(Simulator::builder().payer(Payer::Ask));
        interrupted(&shop, signal);
        shop.carrier.approve(&shop.carrier.prompts()[0].reference).unwrap();
        let resumed = shop.resume(more);
        assert_eq!(resumed.code, Some(code), "{signal}: {resumed:#?}");
        let lines = resumed.json();
        let ended = lines.iter().find(|line| line["event"] == "charge-ended").unwrap();
        assert_eq!(ended["state"], state, "{signal}");
        assert_eq!((shop.carrier.prompts().len(), shop.carrier.ledger().count()), (1, 1));
        shop.resume(&[]).expect(0, "nothing-open");
    }
}

/// R14: with nobody at the machine any more, a resume asks no payer for money that would be owed back at once.
#[test]
fn what_was_never_sent_is_not_sent_by_a_resume() {
    for (payer, carrier, service) in
        [(PAYER, "mobitel", Service::MobitelChargeRequest), (OTHER_PAYER, "ideamart", Service::DirectDebit)]
    {
        let mut shop = Shop::new();
        let port = shop.close_carrier();
        let charge = Running::start(shop.charge_command(payer, "5", &["--carrier", carrier]));
        until("nothing can be sent", || charge.said().contains("not-sent"));
        charge.signal("INT");
        charge.wait().expect(5, "interrupted");
        shop.open_carrier(port);
        shop.resume(&[]).expect(0, "resumed");
        assert_eq!(shop.only_charge()["payment"], "failed");
        assert!(shop.carrier.requests().iter().all(|request| request.service != service));
        assert_eq!(shop.carrier.ledger().count(), 0);
    }
}

/// The same sale again says that somebody still waits for the goods.
#[test]
fn asking_for_an_interrupted_sale_again_goes_on_with_it() {
    let shop = Shop::with(Simulator::builder().payer(Payer::Ask));
    interrupted(&shop, "INT");
    shop.carrier.approve(&shop.carrier.prompts()[0].reference).unwrap();
    shop.charge(PAYER, "5", &["--sale", "INT"]).expect(0, "confirmed");
    assert_eq!((shop.carrier.prompts().len(), shop.carrier.ledger().count()), (1, 1));
}

#[test]
fn the_second_ctrl_c_does_not_wait_for_the_carrier() {
    let shop = Shop::new();
    shop.carrier.fault(Service::MobitelConfirm, Fault::Latency(20_000), Times::Once);
    let charge = Running::start(shop.charge_command(PAYER, "5", &[]));
    until("a confirm is out", || {
        shop.carrier.requests().iter().any(|request| request.service == Service::MobitelConfirm)
    });
    charge.signal("INT");
    std::thread::sleep(Duration::from_millis(100));
    let since = Instant::now();
    charge.signal("INT");
    charge.wait().expect(5, "interrupted");
    assert!(since.elapsed() < Duration::from_secs(2));
    assert_eq!(shop.resume(&[]).code, Some(4));
    assert_eq!(shop.only_charge()["refundDue"], "5.00");
}

/// The built-in simulator ends with its command, and a newcomer is told so.
#[test]
fn a_charge_of_a_simulator_that_is_gone_is_finished_and_explained() {
    let shop = Shop::new();
    let journal = shop.journal();
    let place = ["--simulate", "--json", "--journal", journal.to_str().unwrap()];
    let mut command = shop.command(&["charge", PAYER, "5", "--payer", "ignore"]);
    command.args(place);
    let charge = Running::start(command);
    until("the prompt is in the journal", || charge.said().contains("pending-consent"));
    charge.signal("INT");
    charge.wait().expect(5, "interrupted");
    let mut resume = shop.command(&["resume"]);
    resume.args(place);
    let resumed = run(resume);
    assert!(resumed.err.contains("is gone"), "{}", resumed.err);
    assert_eq!(resumed.code, Some(4), "{resumed:#?}");
    assert_eq!(shop.only_charge()["settled"], true);
}
