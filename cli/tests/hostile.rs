//! Disks that are full or damaged, pipes that are closed, ports that are taken: no panic, no half truth, no secret.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shop;

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use caas_simulator::{Fault, Service, Times};
use shop::{Ended, OTHER_PAYER, PAYER, Running, SECRETS, Shop, run, until};

/// The same command, run by a shell that changes something first. `"$@"` is the command.
fn in_shell(command: &Command, script: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
    shell.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null());
    shell
}

/// The charge ended, or a resume ends it, and ledger and journal agree.
fn finished(shop: &Shop, ended: &Ended) {
    shop.carrier.clear_faults();
    let resumed = shop.resume(&[]);
    assert!(matches!(resumed.code, Some(0 | 4)), "{ended:#?}\n{resumed:#?}");
    let captured = shop.carrier.ledger().total(PAYER);
    assert!(shop.carrier.ledger().count() <= 1 && shop.carrier.prompts().len() <= 1);
    match shop.list().as_slice() {
        [] => assert_eq!((captured, shop.carrier.requests().len()), (0, 0), "{ended:#?}"),
        [row] => {
            assert_eq!(row["settled"], true);
            let known = row["received"] == "5.00" || row["review"].as_str().unwrap().starts_with("needed");
            assert!(captured == 0 || known, "{row} {ended:#?}");
            assert!(row["release"] != "done" || captured == 5_00, "{row}");
            assert!(ended.code != Some(0) || row["release"] == "done", "{row} {ended:#?}");
        }
        rows => panic!("{rows:#?}"),
    }
}

/// R45: wherever the disk ends, nothing is sent that is not in the journal.
#[test]
fn a_disk_that_is_full_refuses_the_sale_or_finishes_it() {
    let mut codes = Vec::new();
    for kilobytes in [0, 4, 64, 400, 520, 600, 2000] {
        let shop = Shop::new();
        let script = format!("trap '' XFSZ; ulimit -f {}; exec \"$@\"", kilobytes * 2);
        let ended = run(in_shell(&shop.charge_command(PAYER, "5", &[]), &script));
        assert!(ended.code.is_some(), "{ended:#?}");
        ended.json();
        codes.push((kilobytes, ended.code.unwrap()));
        finished(&shop, &ended);
    }
    println!("kilobytes a file may have, exit code: {codes:?}");
    assert_eq!((codes[0].1, codes[6].1), (1, 0), "{codes:?}");
}

/// The same, where the system ends the program for it.
#[test]
fn a_disk_whose_limit_kills_leaves_what_resume_finishes() {
    for kilobytes in [64, 520] {
        let shop = Shop::new();
        let script = format!("ulimit -f {}; exec \"$@\"", kilobytes * 2);
        let ended = run(in_shell(&shop.charge_command(PAYER, "5", &[]), &script));
        finished(&shop, &ended);
    }
}

#[test]
fn a_journal_that_may_not_be_written_refuses_the_sale() {
    let shop = Shop::new();
    let mut elsewhere =
        shop.command(&["charge", PAYER, "5", "--simulate", "--json", "--journal", "/proc/x/charges.db"]);
    elsewhere.args(["--endpoint", &shop.carrier.url()]);
    run(elsewhere).expect(1, "error");

    let place = shop.folder.path().join("place");
    fs::create_dir(&place).unwrap();
    let journal = place.join("charges.db");
    shop.run(&["charge", PAYER, "5", "--simulate", "--clock", "100", "--journal", journal.to_str().unwrap()]);
    let permit =
        |path: &std::path::Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    permit(&journal, 0o444);
    permit(&place, 0o555);
    permit(shop.folder.path(), 0o755);
    let mut command = shop.command(&["charge", OTHER_PAYER, "5", "--simulate", "--json"]);
    command.args(["--endpoint", &shop.carrier.url(), "--journal", journal.to_str().unwrap()]);
    // The bits stop everybody but root.
    let script =
        "if [ $(id -u) = 0 ]; then exec setpriv --reuid 65534 --clear-groups \"$@\"; else exec \"$@\"; fi";
    let ended = run(in_shell(&command, script));
    permit(&place, 0o755);
    assert!(!ended.err.contains("setpriv"), "{}", ended.err);
    assert!(matches!(ended.code, Some(1 | 2)), "{ended:#?}");
    ended.json();
    assert!(shop.carrier.requests().is_empty());
}

/// R44, R49.
#[test]
fn a_file_that_is_no_journal_or_a_damaged_one_is_refused() {
    let shop = Shop::new();
    fs::write(shop.journal(), b"not a journal, and longer than a page".repeat(300)).unwrap();
    shop.charge(PAYER, "5", &[]).expect(2, "refused");
    for command in ["resume", "list"] {
        let ended =
            shop.run(&[command, "--simulate", "--json", "--journal", shop.journal().to_str().unwrap()]);
        ended.expect(2, "refused");
    }
    assert!(shop.carrier.requests().is_empty());

    for page in 0..12 {
        let shop = Shop::new();
        shop.charge(PAYER, "5", &["--sale", "before"]).expect(0, "confirmed");
        let mut bytes = fs::read(shop.journal()).unwrap();
        let start = (page * 4096 + 40).min(bytes.len() - 400);
        bytes[start..start + 400].fill(0xA5);
        fs::write(shop.journal(), bytes).unwrap();
        let ended = shop.charge(OTHER_PAYER, "5", &["--sale", "after"]);
        assert!(matches!(ended.code, Some(0..=2)), "{ended:#?}");
        ended.json();
        let sent = shop.carrier.ledger().total(OTHER_PAYER);
        assert_eq!(ended.code == Some(0), sent == 5_00, "{ended:#?}");
        assert!(shop.resume(&[]).code.is_some());
    }
}

#[test]
fn a_reader_that_is_gone_stops_no_charge() {
    let scripts = [
        "\"$@\" | head -1",
        "\"$@\" | true",
        "exec \"$@\" >/dev/full",
        "exec \"$@\" >&-",
        "exec \"$@\" >&- 2>&-",
    ];
    for script in scripts {
        for json in [true, false] {
            let shop = Shop::new();
            let mut command = shop.charge_command(PAYER, "5", &[]);
            if !json {
                command = without_json(&shop, &command);
            }
            let ended = Running::start(in_shell(&command, script)).wait();
            assert_eq!(ended.code, Some(0), "{script}: {ended:#?}");
            assert_eq!(shop.only_charge()["release"], "done", "{script}");
            assert_eq!(shop.carrier.ledger().count(), 1);
        }
    }
    // With the built-in simulator's phone, and for the other commands.
    let shop = Shop::new();
    for arguments in [
        &["charge", PAYER, "5", "--simulate", "--clock", "100"][..],
        &["list", "--simulate"],
        &["list", "--simulate", "--json"],
        &["status-code", "E1308"],
        &["doctor", "--simulate"],
        &["instruments", OTHER_PAYER, "--simulate", "--carrier", "dialog"],
        &["resume", "--simulate"],
        &["--help"],
        &["charge"],
    ] {
        let ended =
            Running::start(in_shell(&shop.command(arguments), "\"$@\" 2>&1 >&- | cat; exit 0")).wait();
        assert_eq!(ended.code, Some(0), "{ended:#?}");
    }
}

fn without_json(shop: &Shop, command: &Command) -> Command {
    let arguments: Vec<_> =
        command.get_args().filter_map(|it| it.to_str()).filter(|it| *it != "--json").collect();
    shop.command(&arguments)
}

#[test]
fn a_closed_stdin_stops_no_charge() {
    let shop = Shop::new();
    run(in_shell(&shop.charge_command(PAYER, "5", &[]), "exec \"$@\" <&-")).expect(0, "confirmed");
    let ended = run(in_shell(
        &shop.command(&["charge", PAYER, "5", "--simulate", "--json", "--clock", "100"]),
        "exec \"$@\" <&-",
    ));
    ended.expect(0, "confirmed");
}

#[test]
fn a_port_that_is_taken_is_told() {
    let shop = Shop::new();
    let port = shop.carrier.address().port().to_string();
    shop.run(&["simulate", "--port", &port, "--json"]).expect(2, "refused");
    shop.run(&["simulate", "--port", &port]).expect_refused("--port 0");
    let address = shop.carrier.address().to_string();
    let url = shop.carrier.url();
    let journal = shop.journal();
    let mut listen =
        shop.command(&["listen", "--simulate", "--json", "--endpoint", &url, "--listen", &address]);
    listen.arg("--journal").arg(&journal);
    run(listen).expect(2, "refused");
    shop.charge(PAYER, "5", &["--listen", &address]).expect(2, "refused");
    assert!(shop.carrier.requests().is_empty());
}

/// I12: what people mistype does not bring a secret to the screen either.
#[test]
fn no_secret_is_shown_whatever_is_wrong_with_the_configuration() {
    let shop = Shop::new();
    let secret = SECRETS[0];
    let files = [
        format!("[carriers.ideamart.credentials]\napplication_id = \"APP\"\npassword = {secret}\n"),
        format!("[carriers.ideamart.credentials]\npassword = \"{secret}\n"),
        format!("[carriers.ideamart.credentials]\npassword = [\"{secret}\"]\n"),
        format!("[carriers.ideamart.credentials]\npasword = \"{secret}\"\n"),
        format!("[carriers.ideamart]\ncredentials = \"{secret}\"\n"),
        format!("[carriers.ideamart.credentials]\npassword = \"{secret}\"\npassword = \"{secret}\"\n"),
        format!("[listener]\ntoken = \"{secret}\"\naddress = \"{secret}\"\n"),
        "[carriers.dialog.credentials]\nezcash_pin = 95904999\n".to_owned(),
        "[listener]\ntoken = 95904999\n".to_owned(),
    ];
    for file in files {
        fs::write(shop.folder.path().join("caas.toml"), &file).unwrap();
        let ended = shop.run(&["charge", OTHER_PAYER, "5", "--carrier", "ideamart", "--json"]);
        ended.expect(2, "refused");
        assert!(!ended.err.contains("95904999"), "{}", ended.err);
        assert!(ended.err.contains("caas.toml, line"), "{}", ended.err);
    }
}

/// I12, R13: credentials that the carrier refuses, an answer that is no answer.
#[test]
fn no_secret_is_shown_when_a_real_carrier_refuses_or_talks_nonsense() {
    let shop = Shop::new();
    let url = shop.carrier.url();
    let charge = |sale: &str| {
        let mut command = shop.command(&["charge", OTHER_PAYER, "5", "--carrier", "ideamart", "--json"]);
        command.args(["--endpoint", &url, "--journal", "real.db", "--sale", sale]);
        command.env("CAAS_APPLICATION_ID", "APP_000018").env("CAAS_PASSWORD", SECRETS[0]);
        Running::start(command)
    };
    let refused = charge("refused");
    until("the carrier refused", || {
        refused.said().contains("credentials-refused") || refused.said().contains("end")
    });
    refused.signal("INT");
    let ended = refused.wait();
    assert_ne!(ended.code, Some(0), "{ended:#?}");
    assert_eq!(ended.end()["simulated"], false);

    shop.carrier.fault(Service::DirectDebit, Fault::Garbage, Times::Always);
    let garbage = charge("garbage");
    std::thread::sleep(Duration::from_millis(300));
    garbage.signal("TERM");
    assert_ne!(garbage.wait().code, Some(0));
    assert_eq!(shop.carrier.ledger().count(), 0);
}

/// A simulator's output is masked too: what is practised there is done with real payers.
#[test]
fn the_simulator_masks_the_payer_and_says_that_it_is_one() {
    let shop = Shop::new();
    let mut command = shop.command(&["simulate", "--port", "0", "--json", "--clock", "100"]);
    command.stdin(Stdio::null());
    let simulator = Running::start(command);
    until("it listens", || simulator.said().contains("listening"));
    let said = simulator.said();
    let line: serde_json::Value = serde_json::from_str(said.lines().next().unwrap()).unwrap();
    let url = line["url"].as_str().unwrap();
    for (payer, carrier) in [(PAYER, "mobitel"), (OTHER_PAYER, "dialog")] {
        let mut command = shop.command(&["charge", payer, "5", "--simulate", "--json", "--clock", "100"]);
        command.args(["--carrier", carrier, "--endpoint", url]);
        run(command).expect(0, "confirmed");
    }
    simulator.signal("INT");
    let ended = simulator.wait();
    ended.expect(0, "stopped");
    assert_eq!(ended.count("captured"), 2);
    let mut err = std::io::stderr();
    let _ = writeln!(err, "simulate said {} lines", ended.json().len());
}
