//! Charges that are not marked as simulated: what the configuration file and the environment say is used, also by a
//! resume. The carrier is the simulator all the same.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shop;

use std::fs;
use std::process::Command;
use std::time::Duration;

use caas_simulator::{Payer, Simulator, preset};
use shop::{Ended, OTHER_PAYER, PAYER, Running, Shop, run, until};

/// Real charges run in real time, so the payer must not think long.
fn shop(payer: Payer) -> Shop {
    Shop::at_rate(Simulator::builder().payer(payer), 1)
}

fn configure(shop: &Shop, text: &str) {
    fs::write(shop.folder.path().join("caas.toml"), text.replace("URL", &shop.carrier.url())).unwrap();
}

const MOBITEL: &str = r#"
carrier = "mobitel"
[carriers.mobitel]
endpoint = "URL"
[carriers.mobitel.statuses.charge]
"1000" = "pending"
[carriers.mobitel.statuses.confirm]
"1001" = "ok"
"1002" = "not-approved"
"1003" = "declined"
"#;

fn with_credentials(mut command: Command) -> Command {
    command.env("CAAS_CLIENT_ID", preset::CLIENT_ID);
    command.env("CAAS_APPLICATION_ID", preset::APPLICATION_ID).env("CAAS_PASSWORD", preset::PASSWORD);
    command
}

fn real(shop: &Shop, arguments: &[&str]) -> Ended {
    run(with_credentials(shop.command(arguments)))
}

#[test]
fn the_statuses_of_the_file_decide_and_the_journal_is_the_real_one() {
    let shop = shop(Payer::Approve);
    configure(&shop, MOBITEL);
    let ended = real(&shop, &["charge", PAYER, "5", "--json"]);
    ended.expect(0, "confirmed");
    assert_eq!(ended.end()["simulated"], false);
    let journal = shop.folder.path().join(".local/state/caas/journal.sqlite");
    assert_eq!(ended.json()[0]["journal"], journal.to_str().unwrap());
    let simulated = real(&shop, &["list", "--simulate", "--json", "--journal", journal.to_str().unwrap()]);
    simulated.expect(2, "refused");
    assert_eq!(real(&shop, &["list", "--json"]).count("charge"), 1);
}

/// R49: the record names the carrier as the file does, and the endpoint that it was made at.
#[test]
fn a_resume_uses_the_carrier_and_the_endpoint_of_the_record() {
    let shop = shop(Payer::Ask);
    let elsewhere = Simulator::start();
    configure(
        &shop,
        &MOBITEL.replace("mobitel", "kiosk").replace("endpoint", "profile = \"mobitel\"\nendpoint"),
    );
    let charge =
        Running::start(with_credentials(shop.command(&["charge", PAYER, "5", "--json", "--sale", "s"])));
    until("the prompt is in the journal", || charge.said().contains("pending-consent"));
    charge.signal("TERM");
    charge.wait().expect(5, "interrupted");
    shop.carrier.approve(&shop.carrier.prompts()[0].reference).unwrap();

    let without = shop.run(&["resume", "--json"]);
    without.expect(2, "refused");
    assert!(without.err.contains("CAAS_CLIENT_ID"), "{}", without.err);

    let moved = fs::read_to_string(shop.folder.path().join("caas.toml")).unwrap();
    fs::write(shop.folder.path().join("caas.toml"), moved.replace(&shop.carrier.url(), &elsewhere.url()))
        .unwrap();
    let resumed = real(&shop, &["resume", "--release", "--json"]);
    resumed.expect(0, "resumed");
    assert_eq!((shop.carrier.ledger().count(), elsewhere.requests().len()), (1, 0));
    real(&shop, &["charge", PAYER, "5", "--json", "--sale", "s"]).expect(0, "confirmed");
    assert_eq!(shop.carrier.ledger().count(), 1);
}

#[test]
fn a_cap_of_the_file_refuses_what_is_above_it() {
    let shop = shop(Payer::Approve);
    let file = "carrier = \"ideamart\"\n[caps]\namount = \"10.00\"\ncharges_per_hour = 1\n\
                [carriers.ideamart]\nendpoint = \"URL\"\n";
    configure(&shop, file);
    real(&shop, &["charge", OTHER_PAYER, "10.01", "--json"]).expect(2, "refused");
    real(&shop, &["charge", OTHER_PAYER, "10.00", "--json"]).expect(0, "confirmed");
    real(&shop, &["charge", OTHER_PAYER, "1.00", "--json"]).expect(2, "refused");
    assert_eq!(shop.carrier.ledger().total(OTHER_PAYER), 10_00);
}

/// Listening and resolving send nothing, so whoever does that needs no credentials.
#[test]
fn listening_and_resolving_need_no_credentials() {
    let shop = shop(Payer::Approve);
    configure(&shop, "carrier = \"dialog\"\n[listener]\naddress = \"127.0.0.1:0\"\n");
    shop.run(&["listen", "--json"]).expect(2, "refused");
    let mut command = shop.command(&["listen", "--json"]);
    command.env("CAAS_LISTENER_TOKEN", shop::TOKEN);
    let listening = Running::start(command);
    until("it listens", || listening.said().contains("listening"));
    std::thread::sleep(Duration::from_millis(50));
    listening.signal("TERM");
    let ended = listening.wait();
    ended.expect(0, "stopped");
    assert!(!ended.out.contains(shop::TOKEN), "the token of a real listener is not shown: {}", ended.out);
}

#[test]
fn a_name_that_the_file_does_not_have_is_refused_with_what_there_is() {
    let shop = shop(Payer::Approve);
    configure(&shop, "carrier = \"kiosk\"\n");
    let ended = real(&shop, &["charge", PAYER, "5"]);
    ended.expect_refused("mobitel, ideamart or dialog");
    shop.run(&["list", "--json", "--config", "missing.toml"]).expect(2, "refused");
}
