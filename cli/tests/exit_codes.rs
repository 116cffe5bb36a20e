//! Every exit code, with the carrier's ledger beside it: 0 only where the carrier captured and the release is recorded.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shop;

use std::net::TcpListener;

use caas_simulator::{Fault, Payer, Service, Simulator, Times};
use shop::{OTHER_PAYER, PAYER, Running, SECRETS, Shop, command, run};

#[test]
fn a_payer_who_approves_ends_confirmed_released_and_recorded() {
    let shop = Shop::new();
    let ended = shop.charge(PAYER, "5.00", &["--sale", "order-1"]);
    ended.expect(0, "confirmed");
    assert_eq!(shop.carrier.ledger().total(PAYER), 5_00);
    let row = shop.only_charge();
    assert_eq!(
        (&row["payment"], &row["release"], &row["settled"]),
        (&"confirmed".into(), &"done".into(), &true.into())
    );
    assert_eq!(row["simulated"], true);
}

#[test]
fn without_a_configuration_nothing_is_charged_and_the_way_on_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(command(folder.path(), &["charge", PAYER, "5"]));
    ended.expect_refused("no carrier is configured");
    assert!(ended.err.contains("--simulate") && ended.err.contains("--carrier"), "{}", ended.err);
    let ended = run(command(folder.path(), &["charge", PAYER, "5", "--json"]));
    ended.expect(2, "refused");
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "a refused charge leaves nothing behind"
    );
}

/// A kiosk that lost its environment sells nothing.
#[test]
fn a_missing_or_empty_variable_never_ends_in_0() {
    let shop = Shop::new();
    let variables = [("CAAS_APPLICATION_ID", "APP_000018"), ("CAAS_PASSWORD", SECRETS[0])];
    for missing in 0..variables.len() {
        for empty in [false, true] {
            let url = shop.carrier.url();
            let mut command =
                shop.command(&["charge", OTHER_PAYER, "5", "--carrier", "ideamart", "--endpoint", &url]);
            for (number, (name, value)) in variables.iter().enumerate() {
                match (number == missing, empty) {
                    (false, _) => drop(command.env(name, value)),
                    (true, true) => drop(command.env(name, "")),
                    (true, false) => {}
                }
            }
            run(command).expect_refused(variables[missing].0);
        }
    }
    let ended = run(shop.command(&["charge", PAYER, "5", "--carrier", "mobitel"]));
    ended.expect_refused("documents no status values");
    assert!(shop.carrier.requests().is_empty() && shop.carrier.ledger().count() == 0);
}

#[test]
fn what_is_typed_wrong_is_refused_before_anything_is_sent() {
    let shop = Shop::new();
    let long = "x".repeat(33);
    let wrong: &[(&str, &str, &[&str])] = &[
        (PAYER, "0", &[]),
        (PAYER, "-5", &[]),
        (PAYER, "5.001", &[]),
        (PAYER, "5e2", &[]),
        (PAYER, "five", &[]),
        (PAYER, "", &[]),
        (PAYER, "99999999999999999999", &[]),
        // Mobitel takes whole rupees.
        (PAYER, "5.50", &[]),
        ("", "5", &[]),
        ("07 12", "5", &[]),
        (PAYER, "5", &["--sale", ""]),
        (PAYER, "5", &["--sale", "with space"]),
        (PAYER, "5", &["--sale", &long]),
        (PAYER, "5", &["--carrier", "nobody"]),
        (PAYER, "5", &["--carrier", "dialog", "--instrument", "gold"]),
        (PAYER, "5", &["--payer", "approve"]),
    ];
    for (payer, amount, more) in wrong {
        let ended = shop.charge(payer, amount, more);
        assert_eq!(ended.code, Some(2), "{payer:?} {amount:?} {more:?}: {ended:#?}");
        assert_eq!(ended.end()["state"], "refused");
        assert!(!ended.err.is_empty());
    }
    for endpoint in ["ftp://127.0.0.1", "http://", "https://example.org", "http://example.org", "nonsense"] {
        let ended =
            run(shop.command(&["charge", PAYER, "5", "--simulate", "--json", "--endpoint", endpoint]));
        ended.expect(2, "refused");
    }
    assert!(shop.carrier.requests().is_empty());
    assert!(shop.list().is_empty());
}

#[test]
fn a_payer_who_declines_ends_failed() {
    let shop = Shop::with(Simulator::builder().payer(Payer::Decline));
    shop.charge(PAYER, "5", &[]).expect(3, "failed");
    assert_eq!(shop.carrier.ledger().count(), 0);
}

/// R16, R18: the last word is a "not approved" that was asked for after the window.
#[test]
fn a_payer_who_ignores_the_prompt_to_its_end_ends_failed_after_the_window() {
    let shop = Shop::with(Simulator::builder().payer(Payer::Ignore));
    let ended = shop.charge(PAYER, "5", &[]);
    ended.expect(3, "failed");
    assert_eq!(ended.end()["code"], caas_simulator::preset::MOBITEL_NOT_APPROVED);
    let last = shop.carrier.requests().pop().unwrap();
    assert!(last.at >= 120_000, "the last question came after {} ms", last.at);
    assert_eq!(shop.carrier.ledger().count(), 0);
}

/// R40: eZ Cash may still report a payment, so this is no plain failure.
#[test]
fn a_payer_who_never_pays_at_ez_cash_ends_in_what_may_still_be_paid() {
    let shop = Shop::with(Simulator::builder().payer(Payer::Ignore));
    let ended = shop.charge(OTHER_PAYER, "5", &["--carrier", "dialog", "--instrument", "ezcash"]);
    ended.expect(4, "may-still-be-paid");
    assert_eq!(shop.carrier.ledger().count(), 0);
    assert_eq!(shop.only_charge()["release"], "none");
}

/// R03, R28: the money was taken and the answer lost; nobody here can tell, so a person must.
#[test]
fn a_lost_answer_after_the_debit_ends_in_a_review_and_a_person_resolves_it() {
    let shop = Shop::new();
    shop.carrier.fault(Service::DirectDebit, Fault::AnswerLostAfterExecuting, Times::Always);
    let ended = shop.charge(OTHER_PAYER, "5", &["--carrier", "ideamart", "--sale", "lost"]);
    ended.expect(4, "needs-review");
    assert!(ended.count("in-doubt") > 0);
    assert_eq!(shop.carrier.ledger().total(OTHER_PAYER), 5_00);
    let again = shop.charge(OTHER_PAYER, "5", &["--carrier", "ideamart", "--sale", "lost"]);
    again.expect(4, "needs-review");
    assert_eq!(shop.carrier.ledger().count(), 1, "asked again, nothing is sent again");

    let journal = shop.journal();
    let place = ["--simulate", "--json", "--journal", journal.to_str().unwrap()];
    let resolve = |finding: &[&str]| {
        run({
            let mut command = shop.command(&["resolve", "lost"]);
            command.args(finding).args(place);
            command
        })
    };
    resolve(&["refunded"]).expect(2, "refused");
    resolve(&["charged", "5.00", "--by", "anna"]).expect(0, "resolved");
    let row = shop.only_charge();
    assert_eq!(
        (&row["received"], &row["refundDue"], &row["reviewer"]),
        (&"5.00".into(), &"5.00".into(), &"anna".into())
    );
    resolve(&["refunded"]).expect(0, "resolved");
    assert_eq!(shop.only_charge()["refundDue"], "0.00");
    assert_eq!(shop.run(&["resolve", "nobody", "refunded", "--journal", "none"]).code, Some(2));
}

/// R14: no byte was sent, so no capture is possible.
#[test]
fn a_carrier_that_cannot_be_reached_ends_failed() {
    let shop = Shop::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for (payer, carrier) in [(PAYER, "mobitel"), (OTHER_PAYER, "ideamart")] {
        let mut command = shop.command(&["charge", payer, "5", "--simulate", "--json", "--clock", "400"]);
        command.args(["--carrier", carrier, "--endpoint", &format!("http://{closed}")]);
        let ended = run(command);
        ended.expect(3, "failed");
        assert!(ended.count("not-sent") > 0);
    }
}

/// R10.
#[test]
fn the_same_sale_twice_is_one_charge_and_ends_in_0_both_times() {
    let shop = Shop::new();
    let first = shop.charge(PAYER, "5", &["--sale", "order-1"]);
    let second = shop.charge(PAYER, "5.00", &["--sale", "order-1"]);
    first.expect(0, "confirmed");
    second.expect(0, "confirmed");
    assert_eq!(first.end()["charge"], second.end()["charge"]);
    assert_eq!(shop.carrier.ledger().count(), 1);
    assert_eq!(first.count("released") + second.count("released"), 1);
}

/// R10: also where each run has a simulator of its own.
#[test]
fn the_same_sale_twice_is_one_charge_with_the_built_in_simulator_too() {
    let folder = tempfile::tempdir().unwrap();
    let charge = ["charge", PAYER, "5", "--sale", "order-1", "--simulate", "--json", "--clock", "100"];
    let first = run(command(folder.path(), &charge));
    let second = run(command(folder.path(), &charge));
    first.expect(0, "confirmed");
    second.expect(0, "confirmed");
    assert_eq!(first.end()["charge"], second.end()["charge"]);
    assert_eq!(first.end()["ledger"].as_array().unwrap().len(), 1);
}

/// R11.
#[test]
fn the_same_sale_with_another_amount_or_payer_is_refused() {
    let shop = Shop::new();
    shop.charge(PAYER, "5", &["--sale", "order-1"]).expect(0, "confirmed");
    shop.charge(PAYER, "6", &["--sale", "order-1"]).expect(2, "refused");
    shop.charge(OTHER_PAYER, "5", &["--sale", "order-1"]).expect(2, "refused");
    assert_eq!(shop.carrier.ledger().count(), 1);
}

/// R11: nobody could tell which prompt was approved.
#[test]
fn a_second_charge_of_a_payer_who_has_an_open_one_is_refused() {
    let shop = Shop::with(Simulator::builder().payer(Payer::Ask));
    let first = Running::start(shop.charge_command(PAYER, "5", &["--sale", "first"]));
    assert!(shop.carrier.wait_for_prompts(1, std::time::Duration::from_secs(10)));
    let second = shop.charge(PAYER, "5", &["--sale", "second"]);
    second.expect(2, "refused");
    assert!(second.err.contains("first"), "{}", second.err);
    shop.carrier.approve(&shop.carrier.prompts()[0].reference).unwrap();
    first.wait().expect(0, "confirmed");
    assert_eq!(shop.carrier.prompts().len(), 1);
    assert_eq!(shop.carrier.ledger().total(PAYER), 5_00);
}

/// Simulated charges and real ones never share a journal.
#[test]
fn a_journal_of_simulated_charges_takes_no_real_one_and_the_other_way_round() {
    let shop = Shop::new();
    shop.charge(OTHER_PAYER, "5", &["--carrier", "ideamart"]).expect(0, "confirmed");
    let (simulated, url) = (shop.journal(), shop.carrier.url());
    let real_charge = |journal: &str| {
        let mut command = shop.command(&["charge", OTHER_PAYER, "5", "--carrier", "ideamart", "--json"]);
        command.args(["--endpoint", &url, "--journal", journal]);
        // The simulator plays a real carrier that takes these.
        command.env("CAAS_APPLICATION_ID", caas_simulator::preset::APPLICATION_ID);
        command.env("CAAS_PASSWORD", caas_simulator::preset::PASSWORD);
        run(command)
    };
    real_charge(simulated.to_str().unwrap()).expect(2, "refused");
    assert_eq!(shop.carrier.ledger().count(), 1);

    let real = shop.folder.path().join("real.db");
    let ended = real_charge(real.to_str().unwrap());
    ended.expect(0, "confirmed");
    assert_eq!(ended.end()["simulated"], false);
    for command in ["resume", "list"] {
        let ended = shop.run(&[command, "--simulate", "--json", "--journal", real.to_str().unwrap()]);
        ended.expect(2, "refused");
        shop.run(&[command, "--json", "--journal", simulated.to_str().unwrap()]).expect(2, "refused");
    }
}

#[test]
fn the_other_commands_end_as_documented() {
    let shop = Shop::new();
    let url = shop.carrier.url();
    let at = ["--simulate", "--json", "--endpoint", &url];
    let ask = |command: &[&str]| {
        run({
            let mut run = shop.command(command);
            run.args(at);
            run
        })
    };
    let balance = ask(&["balance", OTHER_PAYER, "--carrier", "dialog"]);
    balance.expect(0, "answered");
    assert_eq!(balance.json()[0]["chargeableBalance"], "1000.00");
    ask(&["instruments", OTHER_PAYER, "--carrier", "dialog"]).expect(0, "answered");
    ask(&["balance", PAYER, "--carrier", "mobitel"]).expect(2, "refused");
    ask(&["doctor"]).expect(0, "well");
    shop.run(&["status-code", "E1308", "--json"]).expect(0, "explained");
    shop.run(&["status-code", "E4242", "--json"]).expect(2, "refused");
    shop.run(&["resume", "--simulate", "--json"]).expect(0, "nothing-open");
    shop.run(&["list", "--json"]).expect(0, "listed");
    shop.run(&["charge", "--json"]).expect(2, "refused");
    shop.run(&["nonsense", "--json"]).expect(2, "refused");
    assert_eq!(shop.command(&["--help"]).output().unwrap().status.code(), Some(0));
}
