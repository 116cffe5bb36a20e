//! Several processes over one journal: one of them drives a charge, the others leave it alone, wait for it, or take it over
//! when its owner is dead.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shop;

use std::time::Duration;

use caas_simulator::{Builder, Fault, Payer, Service, Simulator, Times};
use shop::{OTHER_PAYER, PAYER, Running, Shop, until};

fn asks() -> Builder {
    Simulator::builder().payer(Payer::Ask).deduplicates(false)
}

/// A charge whose prompt is on the payer's phone.
fn prompted(shop: &Shop, sale: &str) -> Running {
    let charge = Running::start(shop.charge_command(PAYER, "5", &["--sale", sale]));
    until("the prompt is in the journal", || charge.said().contains("pending-consent"));
    charge
}

fn approve(shop: &Shop) {
    shop.carrier.approve(&shop.carrier.prompts()[0].reference).unwrap();
}

fn count(shop: &Shop, service: Service) -> usize {
    shop.carrier.requests().iter().filter(|request| request.service == service).count()
}

/// R53.
#[test]
fn a_resume_beside_a_live_charge_leaves_it_alone() {
    let shop = Shop::with(asks());
    let charge = prompted(&shop, "order-1");
    let resumed = shop.resume(&["--release"]);
    resumed.expect(0, "resumed");
    assert_eq!(resumed.count("not-resumed"), 1);
    assert!(resumed.out.contains("another process drives it"));
    approve(&shop);
    let ended = charge.wait();
    ended.expect(0, "confirmed");
    assert_eq!(ended.count("released"), 1);
    assert_eq!((count(&shop, Service::MobitelChargeRequest), shop.carrier.ledger().count()), (1, 1));
}

/// R02, R53: the debit is out and slow; a resume that took it up would send it again.
#[test]
fn a_resume_while_the_debit_is_out_sends_nothing() {
    let shop = Shop::with(asks());
    shop.carrier.fault(Service::DirectDebit, Fault::Latency(600), Times::Once);
    let arguments = ["--carrier", "ideamart"];
    let charge = Running::start(shop.charge_command(OTHER_PAYER, "5", &arguments));
    until("the debit is out", || count(&shop, Service::DirectDebit) == 1);
    shop.resume(&[]).expect(0, "resumed");
    charge.wait().expect(0, "confirmed");
    assert_eq!((count(&shop, Service::DirectDebit), shop.carrier.ledger().count()), (1, 1));
}

#[test]
fn many_resumes_at_once_finish_each_charge_once() {
    let shop = Shop::with(Simulator::builder().deduplicates(false));
    for number in 0..3 {
        let payer = format!("071234567{number}");
        shop.carrier.fault(Service::MobitelConfirm, Fault::AnswerLostBeforeExecuting, Times::Once);
        let mut charge = Running::start(shop.charge_command(&payer, "5", &[]));
        until("the prompt is in the journal", || charge.said().contains("pending-consent"));
        charge.kill();
        charge.wait();
    }
    let resumes: Vec<_> = (0..4).map(|_| Running::start(shop.resume_command(&[]))).collect();
    for resume in resumes {
        let ended = resume.wait();
        assert!(matches!(ended.code, Some(0 | 4)), "{ended:#?}");
    }
    let rows = shop.list();
    assert!(rows.len() == 3 && rows.iter().all(|row| row["settled"] == true), "{rows:#?}");
    assert_eq!((shop.carrier.prompts().len(), shop.carrier.ledger().count()), (3, 3));
}

/// R10: whoever asks for a sale that another process drives is told so, and gets that one's end.
#[test]
fn the_same_sale_beside_itself_waits_and_is_one_charge() {
    let shop = Shop::with(asks());
    let first = prompted(&shop, "order-1");
    let second = Running::start(shop.charge_command(PAYER, "5", &["--sale", "order-1"]));
    until("the second has looked", || second.said().contains("\"sale\""));
    std::thread::sleep(Duration::from_millis(200));
    approve(&shop);
    first.wait().expect(0, "confirmed");
    let second = second.wait();
    second.expect(0, "confirmed");
    assert!(second.err.contains("another process drives this charge"), "{}", second.err);
    assert_eq!((shop.carrier.prompts().len(), shop.carrier.ledger().count()), (1, 1));
}

#[test]
fn whoever_waits_for_a_charge_takes_it_over_when_its_owner_is_killed() {
    let shop = Shop::with(asks());
    let mut first = prompted(&shop, "order-1");
    let second = Running::start(shop.charge_command(PAYER, "5", &["--sale", "order-1"]));
    until("the second has looked", || second.said().contains("\"sale\""));
    std::thread::sleep(Duration::from_millis(200));
    first.kill();
    first.wait();
    approve(&shop);
    second.wait().expect(0, "confirmed");
    assert_eq!((shop.carrier.prompts().len(), shop.carrier.ledger().count()), (1, 1));
}

#[test]
fn whoever_is_interrupted_while_it_waits_leaves_the_charge_to_its_owner() {
    let shop = Shop::with(asks());
    let first = prompted(&shop, "order-1");
    let second = Running::start(shop.charge_command(PAYER, "5", &["--sale", "order-1"]));
    until("the second has looked", || second.said().contains("\"sale\""));
    std::thread::sleep(Duration::from_millis(200));
    second.signal("INT");
    second.wait().expect(5, "interrupted");
    approve(&shop);
    first.wait().expect(0, "confirmed");
}

/// Nothing is sent when a person resolves; and not while another process drives.
#[test]
fn a_charge_that_is_driven_cannot_be_resolved() {
    let shop = Shop::with(asks());
    let charge = prompted(&shop, "order-1");
    let journal = shop.journal();
    let resolve = ["resolve", "order-1", "not-charged", "--simulate", "--json", "--journal"];
    let mut command = shop.command(&resolve);
    command.arg(&journal);
    let ended = shop::run(command);
    ended.expect(2, "refused");
    approve(&shop);
    charge.wait().expect(0, "confirmed");
}
