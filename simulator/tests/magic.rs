//! Every magic value against the ledger, at each service that starts a charge.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::io;
use std::time::Duration;

use caas_simulator::{MAGIC, Simulator, preset};
use serde_json::{Value, json};
use support::*;

/// What a row leads to for 10.00 (1000 minor units), in the ledger two virtual minutes later.
struct Outcome {
    row: u8,
    /// Taken by a direct debit of the mobile account.
    debit: u64,
    /// Taken by Mobitel.
    mobitel: u64,
    /// Taken at eZ Cash.
    ezcash: u64,
    /// What the debit's answer says: an application code, an HTTP status, or nothing where none is whole.
    answer: &'static str,
}

const fn outcome(row: u8, debit: u64, mobitel: u64, ezcash: u64, answer: &'static str) -> Outcome {
    Outcome { row, debit, mobitel, ezcash, answer }
}

const OUTCOMES: [Outcome; 25] = [
    outcome(1, 0, 0, 0, "E1406"),
    outcome(2, 0, 0, 0, "E1405"),
    outcome(3, 0, 0, 0, "E1308"),
    outcome(4, 0, 0, 0, "E1404"),
    outcome(5, 0, 0, 0, "E1316"),
    outcome(6, 1_000, 1_000, 1_000, ""),
    outcome(7, 0, 0, 0, ""),
    outcome(8, 0, 0, 0, ""),
    outcome(9, 1_000, 1_000, 1_000, ""),
    outcome(10, 1_000, 1_000, 1_000, "200"),
    outcome(11, 1_000, 1_000, 1_000, "200"),
    outcome(12, 1_000, 1_000, 1_000, "200"),
    outcome(13, 0, 0, 0, "503"),
    outcome(14, 1_000, 1_000, 1_000, "504"),
    outcome(15, 1_000, 1_000, 1_000, "500"),
    outcome(16, 0, 0, 0, "500"),
    outcome(17, 1_000, 1_000, 1_000, ""),
    outcome(18, 1_000, 1_000, 1_000, "S1000"),
    outcome(19, 0, 0, 0, "429"),
    outcome(20, 0, 0, 0, "E1317"),
    outcome(21, 1_000, 1_000, 1_000, "S1000"),
    outcome(22, 1_000, 1_000, 1_000, "S1000"),
    outcome(23, 1_000, 1_000, 1_000, "S1000"),
    outcome(24, 1_000, 1_000, 500, "S1000"),
    outcome(25, 1_000, 1_000, 1_500, "S1000"),
];

#[test]
fn every_magic_number_has_its_outcome_in_the_ledger() {
    in_parallel(|outcome| {
        assert_outcome(outcome, &format!("947710000{:02}", outcome.row), "10.00", 1_000);
    });
}

#[test]
fn every_magic_amount_has_its_outcome_in_the_ledger() {
    in_parallel(|outcome| {
        let amount = format!("911.{:02}", outcome.row);
        assert_outcome(outcome, PAYER, &amount, 91_100 + u64::from(outcome.row));
    });
}

#[test]
fn the_table_has_exactly_the_rows_that_are_tested_and_the_readme_lists_them() {
    let rows: Vec<u8> = OUTCOMES.iter().map(|outcome| outcome.row).collect();
    assert_eq!(rows, MAGIC.iter().map(|magic| magic.row).collect::<Vec<u8>>());
    for magic in MAGIC {
        let line = format!("| {:02} | {} |", magic.row, magic.what);
        assert!(include_str!("../README.md").contains(&line), "{line}");
    }
}

#[test]
fn switched_off_they_are_numbers_and_amounts_like_any_other() {
    let sim = Simulator::builder().magic_values(false).start().unwrap();
    for row in 1..=25 {
        let mut body = debit_body(&format!("m{row}"), "1.00");
        body["subscriberId"] = json!(format!("947710000{row:02}"));
        assert_eq!(post(&sim, DEBIT, &body).text("statusCode"), "S1000");
    }
    sim.set_balance(PAYER, 10_000_000);
    for row in 1..=25 {
        let body = debit_body(&format!("a{row}"), &format!("911.{row:02}"));
        assert_eq!(post(&sim, DEBIT, &body).text("statusCode"), "S1000");
    }
    assert_eq!(sim.ledger().count(), 50);
}

#[test]
fn ordinary_amounts_and_numbers_are_not_magic() {
    let sim = Simulator::start();
    sim.set_balance(PAYER, 100_000_000);
    for (place, amount) in
        ["911.00", "911", "9.11", "91.01", "9110.01", "910.01", "911.99"].iter().enumerate()
    {
        let body = debit_body(&format!("a{place}"), amount);
        assert_eq!(post(&sim, DEBIT, &body).text("statusCode"), "S1000", "{amount}");
    }
}

#[test]
fn mobitel_tells_how_the_payer_answered() {
    for (row, status) in [
        (1, preset::MOBITEL_DECLINED),
        (2, preset::MOBITEL_NOT_APPROVED),
        (4, preset::MOBITEL_WRONG_PIN),
        (24, preset::MOBITEL_APPROVED),
    ] {
        let sim = Simulator::start();
        let body = json!({ "customer": format!("07710000{row:02}"), "amount": "5" });
        let reference = post(&sim, CHARGE, &body).text("reference");
        assert_eq!(confirm(&sim, &reference), status, "{row}");
    }
}

/// `price` is the amount in minor units; the table is for a price of 1000.
fn assert_outcome(outcome: &Outcome, number: &str, amount: &str, price: u64) {
    let scaled = |taken: u64| price * taken / 1_000;
    let row = outcome.row;
    let taken = |path: &str, body: &Value| {
        let sim = Simulator::builder().opening_balance(1_000_000).start().unwrap();
        let reply = request(&sim, "POST", path, body.to_string().as_bytes());
        sim.fast_forward(Duration::from_secs(120));
        (sim.ledger().total(number), said(reply))
    };
    let mut body = debit_body("m1", amount);
    body["subscriberId"] = json!(format!("tel:{number}"));
    assert_eq!(taken(DEBIT, &body), (scaled(outcome.debit), outcome.answer.to_owned()), "debit, row {row}");
    let mobitel = json!({ "customer": number, "amount": amount });
    assert_eq!(taken(CHARGE, &mobitel).0, scaled(outcome.mobitel), "Mobitel, row {row}");
    let mut ezcash = ezcash_body("m1", amount);
    ezcash["subscriberId"] = json!(number);
    assert_eq!(taken(DEBIT, &ezcash).0, scaled(outcome.ezcash), "eZ Cash, row {row}");
}

/// The application code, else the HTTP status, else nothing.
fn said(reply: io::Result<Reply>) -> String {
    let Ok(reply) = reply else {
        return String::new();
    };
    let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    body["statusCode"].as_str().map_or_else(|| reply.status.to_string(), str::to_owned)
}

/// All rows at once: some wait in real time.
fn in_parallel(check: impl Fn(&Outcome) + Sync) {
    std::thread::scope(|scope| {
        for outcome in &OUTCOMES {
            scope.spawn(|| check(outcome));
        }
    });
}
