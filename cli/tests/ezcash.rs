//! eZ Cash: the payer dials and pays, notifications tell of it, in whatever order and as often as they like.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shop;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use caas_simulator::{EzCashRequest, NotificationFault, Payer, Simulator, Times};
use serde_json::Value;
use shop::{Listening, OTHER_PAYER, Running, Shop, TOKEN, until};

const EZCASH: [&str; 6] = ["--carrier", "dialog", "--instrument", "ezcash", "--sale", "dialled"];

/// Who takes the notifications.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Taker {
    /// `caas charge --listen`.
    Charge,
    /// `caas listen`, a process of its own.
    Listen,
}

/// A charge that waits for the payer's payment.
struct Sale {
    shop: Shop,
    charge: Running,
    listening: Option<Listening>,
    request: EzCashRequest,
}

impl Sale {
    fn begin(amount: &str, taker: Taker) -> Sale {
        let shop = Shop::with(Simulator::builder().payer(Payer::Ask));
        let listening = (taker == Taker::Listen).then(|| Listening::start(&shop, "dialog"));
        let mut command = shop.charge_command(OTHER_PAYER, amount, &EZCASH);
        command.env("CAAS_LISTENER_TOKEN", TOKEN);
        if taker == Taker::Charge {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let charge = Running::start(command);
        until("the payer is told what to do", || charge.said().contains("payer-must-act"));
        if taker == Taker::Charge {
            shop.carrier.set_notify_url(&listening_url(&charge));
        }
        let request = shop.carrier.payments()[0].clone();
        Sale { shop, charge, listening, request }
    }

    fn pay(&self, minor: u64) {
        self.shop.carrier.pay(&self.request.reference, minor).unwrap();
    }

    fn delivered(&self, count: usize) {
        assert!(self.shop.carrier.wait_for_deliveries(count, Duration::from_secs(10)));
    }

    fn released(&self) -> usize {
        self.charge.said().matches("\"event\":\"released\"").count()
    }
}

fn listening_url(charge: &Running) -> String {
    let said = charge.said();
    let line = said.lines().find(|line| line.contains("\"listening\"")).unwrap();
    serde_json::from_str::<Value>(line).unwrap()["url"].as_str().unwrap().to_owned()
}

#[test]
fn the_payer_is_told_the_reference_and_what_to_dial() {
    let sale = Sale::begin("10.00", Taker::Charge);
    sale.pay(10_00);
    let ended = sale.charge.wait();
    ended.expect(0, "confirmed");
    let lines = ended.json();
    let told = lines.iter().find(|line| line["event"] == "payer-must-act").unwrap();
    assert_eq!(
        (&told["reference"], &told["amountDue"]),
        (&sale.request.reference.as_str().into(), &"10.00".into())
    );
    assert!(told["text"].as_str().unwrap().contains("#111#"));
    assert_eq!(ended.end()["code"], "P1003");
}

/// R30, R31, R32: totals 10, 25, then 20 late and twice, then 30.
#[test]
fn partial_payments_end_confirmed_once_when_the_sum_is_reached() {
    for taker in [Taker::Charge, Taker::Listen] {
        let sale = Sale::begin("30.00", taker);
        sale.pay(10_00);
        sale.delivered(1);
        sale.shop.carrier.notification_fault(NotificationFault::Reorder, Times::Once);
        sale.pay(10_00);
        std::thread::sleep(Duration::from_millis(20));
        sale.pay(5_00);
        sale.delivered(3);
        sale.shop.carrier.repeat_notification(&sale.request.reference).unwrap();
        sale.delivered(4);
        let bodies: Vec<_> =
            sale.shop.carrier.deliveries().into_iter().map(|delivery| total(&delivery.body)).collect();
        assert_eq!(bodies, ["10", "25", "20", "20"], "{taker:?}");
        until("25 of 30 are known", || sale.charge.said().contains("\"received\":\"25.00\""));
        assert_eq!(sale.released(), 0, "{taker:?}: nothing is released unpaid");
        sale.pay(5_00);
        let ended = sale.charge.wait();
        ended.expect(0, "confirmed");
        assert_eq!((ended.count("confirmed"), ended.count("released")), (1, 1), "{taker:?}");
        assert_eq!((&ended.end()["received"], &ended.end()["refundDue"]), (&"30.00".into(), &"0.00".into()));
        assert_eq!(sale.shop.carrier.ledger().total(OTHER_PAYER), 30_00);
    }
}

fn total(body: &str) -> String {
    let body: Value = serde_json::from_str(body).unwrap();
    body["totalAmount"].as_str().map_or_else(|| body["totalAmount"].to_string(), str::to_owned)
}

/// R33.
#[test]
fn an_over_payment_is_confirmed_and_the_excess_is_a_refund_due() {
    let sale = Sale::begin("10.00", Taker::Charge);
    sale.pay(12_50);
    let ended = sale.charge.wait();
    ended.expect(0, "confirmed");
    assert_eq!((&ended.end()["received"], &ended.end()["refundDue"]), (&"12.50".into(), &"2.50".into()));
    assert_eq!(ended.count("refund-due"), 1);
    assert_eq!(sale.shop.only_charge()["refundDue"], "2.50");
}

/// R37: the documents' own sample of a failure has a `paidAmount`, which nobody paid.
#[test]
fn a_failure_that_names_a_paid_amount_credits_nothing() {
    let sale = Sale::begin("10.00", Taker::Charge);
    let sample = include_str!("../../simulator/tests/data/seed_notification_failed.json");
    let mut body: Value = serde_json::from_str(sample).unwrap();
    assert!(body["paidAmount"].is_string() && body["statusCode"] != "S1000", "{body}");
    body["externalTrxId"] = sale.request.external_id.as_str().into();
    body["internalTrxId"] = sale.request.internal_id.as_str().into();
    body["referenceId"] = sale.request.reference.as_str().into();
    let url = listening_url(&sale.charge);
    assert!(post(&url, sample).contains("S1000"), "one of another charge is acknowledged (R35)");
    assert!(post(&url, &body.to_string()).contains("S1000"));
    let ended = sale.charge.wait();
    assert!(matches!(ended.code, Some(3 | 4)), "{ended:#?}");
    assert_eq!((&ended.end()["received"], &ended.end()["release"]), (&"0.00".into(), &"none".into()));
    assert_eq!(sale.shop.only_charge()["received"], "0.00");
}

/// R56, R19: the sale was satisfied by the first; the second is owed back, also when it comes after the end.
#[test]
fn two_references_that_are_both_paid_are_summed_and_the_second_is_a_refund_due() {
    let sale = Sale::begin("10.00", Taker::Listen);
    let second = sale.shop.carrier.second_reference(&sale.request.external_id).unwrap();
    sale.pay(10_00);
    let ended = sale.charge.wait();
    ended.expect(0, "confirmed");
    sale.shop.carrier.pay(&second.reference, 10_00).unwrap();
    until("the second payment is in the journal", || sale.shop.only_charge()["received"] == "20.00");
    let row = sale.shop.only_charge();
    assert_eq!((&row["refundDue"], &row["release"]), (&"10.00".into(), &"done".into()), "{row}");
    assert_eq!(sale.shop.carrier.ledger().total(OTHER_PAYER), 20_00);
    let listening = sale.listening.unwrap();
    listening.process.signal("TERM");
    listening.process.wait().expect(0, "stopped");
}

/// R54: the process that takes the notification is not the one that drives the charge.
#[test]
fn a_notification_that_another_process_takes_reaches_the_owner() {
    let sale = Sale::begin("10.00", Taker::Listen);
    sale.pay(10_00);
    let ended = sale.charge.wait();
    ended.expect(0, "confirmed");
    assert_eq!((ended.count("released"), ended.count("listening")), (1, 0));
    assert_eq!(sale.shop.only_charge()["release"], "done");
}

/// R26, R40: paid after the sale's end, with nobody there: recorded, owed back, not released.
#[test]
fn a_payment_after_the_end_of_the_sale_is_a_refund_due() {
    let sale = Sale::begin("10.00", Taker::Listen);
    let shop = &sale.shop;
    let ended = sale.charge.wait();
    ended.expect(4, "may-still-be-paid");
    shop.carrier.pay(&sale.request.reference, 10_00).unwrap();
    until("the late payment is in the journal", || shop.only_charge()["received"] == "10.00");
    let row = shop.only_charge();
    assert_eq!((&row["refundDue"], &row["release"]), (&"10.00".into(), &"none".into()), "{row}");
    shop.charge(OTHER_PAYER, "10.00", &EZCASH).expect(4, "refund-due");
}

/// R41.
#[test]
fn a_notification_without_the_token_is_not_taken() {
    let sale = Sale::begin("10.00", Taker::Charge);
    let url = listening_url(&sale.charge).replace(TOKEN, "another-token-of-the-same-len-0123");
    let body = serde_json::json!({
        "externalTrxId": sale.request.external_id, "internalTrxId": sale.request.internal_id,
        "referenceId": sale.request.reference, "paidAmount": "10.00", "totalAmount": "10.00", "balanceDue": "0.00",
        "currency": "LKR", "statusCode": "S1000", "statusDetail": "paid", "timeStamp": "2026-01-01T00:00:00",
    });
    let answer = post(&url, &body.to_string());
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    sale.charge.signal("INT");
    sale.charge.wait().expect(5, "interrupted");
    assert_eq!(sale.shop.only_charge()["received"], "0.00");
}

fn post(url: &str, body: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_at(rest.find('/').unwrap());
    let mut stream = TcpStream::connect(host).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
