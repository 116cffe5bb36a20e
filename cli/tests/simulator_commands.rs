//! What a developer does to a running simulator from the command line: trigger, logs, resend, scenarios, a kept state.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shop;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use caas_simulator::{Payer, PromptState, Simulator, preset};
use serde_json::{Value, json};
use shop::{OTHER_PAYER, PAYER, Running, Shop, run, until};

/// A shop whose payer waits to be told.
fn shop() -> Shop {
    Shop::with(Simulator::builder().payer(Payer::Ask))
}

/// `caas WORDS --json --at …`, ended.
fn at(shop: &Shop, words: &[&str]) -> shop::Ended {
    let url = shop.carrier.url();
    let mut typed = words.to_vec();
    typed.extend(["--json", "--at", &url]);
    shop.run(&typed)
}

fn post(url: &str, path: &str, body: &Value) -> Value {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let (client, body) = (preset::CLIENT_ID, body.to_string());
    let head = format!("POST {path} HTTP/1.0\r\nHost: {address}\r\nx-ibm-client-id: {client}\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    // A simulator that was killed answers nothing.
    let _ = stream.read_to_string(&mut answer);
    answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default()
}

fn prompt(shop: &Shop) -> String {
    let body = json!({"customer": PAYER, "amount": "5"});
    let answer = post(&shop.carrier.url(), "/mobext/mapi/caas/chargRequest", &body);
    answer["reference"].as_str().unwrap().to_owned()
}

fn debit(url: &str, id: &str, instrument: &str) -> Value {
    let body = json!({
        "applicationId": preset::APPLICATION_ID, "password": preset::PASSWORD, "externalTrxId": id,
        "subscriberId": OTHER_PAYER, "paymentInstrumentName": instrument, "amount": "10.00",
        "additionalParams": {"ezcashAgentPin": "4444", "ezcashAgentAlias": "VC_0000"},
    });
    post(url, "/caas/direct/debit", &body)
}

#[test]
fn a_prompt_is_answered_from_the_command_line_the_latest_or_a_named_one() {
    let shop = shop();
    at(&shop, &["trigger", "approve"]).expect(2, "refused");
    let (first, second) = (prompt(&shop), prompt(&shop));
    at(&shop, &["trigger", "approve"]).expect(0, "triggered");
    assert_eq!(shop.carrier.ledger().total_by_reference(&second), 500);
    at(&shop, &["trigger", "ignore"]).expect(0, "triggered");
    at(&shop, &["trigger", "decline", &first]).expect(0, "triggered");
    let states: Vec<PromptState> = shop.carrier.prompts().iter().map(|prompt| prompt.state).collect();
    assert_eq!(states, [PromptState::Declined, PromptState::Approved]);
    at(&shop, &["trigger", "wrong-pin", &first]).expect(2, "refused");
    prompt(&shop);
    at(&shop, &["trigger", "wrong-pin"]).expect(0, "triggered");
    assert_eq!(shop.carrier.prompts()[2].state, PromptState::WrongPin);
    assert_eq!(shop.carrier.ledger().count(), 1);
}

#[test]
fn ez_cash_is_paid_in_part_in_full_too_much_and_late() {
    let shop = shop();
    at(&shop, &["trigger", "pay"]).expect(2, "refused");
    debit(&shop.carrier.url(), "s1", "Dialog-Ezcash");
    at(&shop, &["trigger", "pay", "half"]).expect(0, "triggered");
    at(&shop, &["trigger", "pay", "2.00"]).expect(0, "triggered");
    at(&shop, &["trigger", "pay"]).expect(0, "triggered");
    assert_eq!(shop.carrier.payments()[0].paid, 1_000);
    at(&shop, &["trigger", "pay", "5", "s1"]).expect(0, "triggered");
    assert_eq!(shop.carrier.ledger().total_by_external_id("s1"), 1_500);
    debit(&shop.carrier.url(), "s2", "Dialog-Ezcash");
    let before = shop.carrier.now();
    at(&shop, &["trigger", "late-payment"]).expect(0, "triggered");
    assert!(shop.carrier.now() >= before + 600_000);
    assert_eq!(shop.carrier.ledger().total_by_external_id("s2"), 1_000);
    at(&shop, &["trigger", "fail", "E1406", "s2"]).expect(0, "triggered");
    for wrong in [&["pay", "1e3"][..], &["pay", "1", "nobody"], &["pay", "1", "s1", "x"]] {
        at(&shop, &[&["trigger"], wrong].concat()).expect(2, "refused");
    }
    assert_eq!(shop.carrier.ledger().count(), 5);
}

#[test]
fn notifications_come_again_forged_or_not_at_all() {
    let shop = shop();
    debit(&shop.carrier.url(), "s1", "Dialog-Ezcash");
    at(&shop, &["trigger", "notification-again"]).expect(2, "refused");
    at(&shop, &["trigger", "notification-forged"]).expect(0, "triggered");
    until("the forged one", || shop.carrier.deliveries().iter().any(|delivery| delivery.forged));
    assert_eq!(shop.carrier.ledger().count(), 0);
    for event in ["delayed", "dropped", "reordered", "corrupted"] {
        at(&shop, &["trigger", &format!("notification-{event}")]).expect(0, "triggered");
    }
    at(&shop, &["trigger", "notification-delayed", "soon"]).expect(2, "refused");
    at(&shop, &["trigger", "faults-off"]).expect(0, "triggered");
    at(&shop, &["trigger", "pay"]).expect(0, "triggered");
    let own = || shop.carrier.deliveries().iter().filter(|it| !it.forged && it.attempt == 1).count();
    until("the carrier's own", || own() == 1);
    at(&shop, &["trigger", "notification-again"]).expect(0, "triggered");
    until("it comes again", || own() == 2);
}

#[test]
fn faults_codes_balances_settings_time_and_reset_are_a_command_each() {
    let shop = shop();
    let url = shop.carrier.url();
    at(&shop, &["trigger", "fault", "garbage"]).expect(0, "triggered");
    assert_eq!(debit(&url, "a1", "MobileAccount"), Value::Null);
    at(&shop, &["trigger", "fault", "{\"truncate\":5}", "directDebit", "always"]).expect(0, "triggered");
    at(&shop, &["trigger", "fault", "drop", "notification", "25%"]).expect(0, "triggered");
    let unknown = at(&shop, &["trigger", "fault", "nonsense"]);
    unknown.expect(2, "refused");
    assert!(unknown.err.contains("answerLostAfterExecuting"), "{}", unknown.err);
    at(&shop, &["trigger", "fault", "garbage", "nowhere"]).expect(2, "refused");
    at(&shop, &["trigger", "fault", "garbage", "directDebit", "sometimes"]).expect(2, "refused");
    at(&shop, &["trigger", "faults-off"]).expect(0, "triggered");
    at(&shop, &["trigger", "status-code", "directDebit", "E1319"]).expect(0, "triggered");
    assert_eq!(debit(&url, "a2", "MobileAccount")["statusCode"], "E1319");
    at(&shop, &["trigger", "status-code", "directDebit"]).expect(0, "triggered");
    at(&shop, &["trigger", "balance", "94770000098", "0.50"]).expect(0, "triggered");
    assert_eq!(shop.carrier.subscriber("94770000098").balance, 50);
    at(&shop, &["trigger", "set", "payer", "decline"]).expect(0, "triggered");
    at(&shop, &["trigger", "set", "nonsense", "1"]).expect(2, "refused");
    let before = shop.carrier.now();
    at(&shop, &["trigger", "fast-forward", "2m"]).expect(0, "triggered");
    assert!(shop.carrier.now() >= before + 120_000);
    at(&shop, &["trigger", "fast-forward"]).expect(2, "refused");
    at(&shop, &["trigger", "reset"]).expect(0, "triggered");
    assert_eq!(shop.carrier.ledger().count(), 0);
}

/// Every event of the help is one that the command knows, and the other way round.
#[test]
fn an_unknown_event_says_what_there_is_and_the_help_explains_each() {
    let shop = shop();
    for typed in [&["trigger", "explode"][..], &["trigger"]] {
        let ended = at(&shop, typed);
        ended.expect(2, "refused");
        let (_, names) = ended.err.split_once("there are ").unwrap();
        let names: Vec<&str> = names.split(". ").next().unwrap().split(", ").collect();
        assert_eq!(names.len(), 20);
        let help = shop.command(&["trigger", "--help"]).output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        for name in names {
            assert!(help.lines().any(|line| line.trim_start().starts_with(name)), "{name} is not in {help}");
        }
    }
}

#[test]
fn the_log_is_shown_masked_and_one_object_a_line_and_its_entries_are_sent_again() {
    let shop = shop();
    let url = shop.carrier.url();
    debit(&url, "a1", "MobileAccount");
    debit(&url, "s1", "Dialog-Ezcash");
    at(&shop, &["trigger", "pay"]).expect(0, "triggered");
    until("a delivery", || !shop.carrier.deliveries().is_empty());
    let shown = at(&shop, &["logs", "--no-follow"]);
    shown.expect(0, "shown");
    let ids: Vec<Value> =
        shown.json().iter().map(|line| line["id"].clone()).filter(|id| !id.is_null()).collect();
    assert_eq!(ids[..3], [json!("r1"), json!("r2"), json!("n1")], "{ids:?}");
    let first = &shown.json()[0];
    assert!(
        first["request"].as_str().unwrap().contains("a1")
            && first["answer"].as_str().unwrap().contains("S1000")
    );

    let resent = at(&shop, &["resend", "r1"]);
    resent.expect(0, "resent");
    assert_eq!((&resent.json()[0]["id"], &resent.json()[0]["status"]), (&json!("r3"), &json!(200)));
    assert_eq!(shop.carrier.ledger().total_by_external_id("a1"), 1_000, "a repeat is recognised");
    at(&shop, &["resend", "n1"]).expect(0, "resent");
    for wrong in ["r99", "n99", "x", "../reset"] {
        at(&shop, &["resend", wrong]).expect(2, "refused");
    }
    shop.carrier.fast_forward(Duration::from_secs(3_600));
    let since = at(&shop, &["logs", "--no-follow", "--since", "60s"]);
    assert!(since.json().iter().all(|line| line["id"] != "r1"), "{since:#?}");
    at(&shop, &["logs", "--no-follow", "--since", "yesterday"]).expect(2, "refused");
    // Also for people; the shop looks for numbers and secrets in every output.
    let people = shop.run(&["logs", "--no-follow", "--at", &url]);
    assert!(
        people.code == Some(0) && people.out.contains("r1") && people.out.contains("94***567"),
        "{people:#?}"
    );
}

#[test]
fn the_log_is_followed_until_ctrl_c_or_the_simulators_end() {
    for interrupted in [true, false] {
        let shop = shop();
        let url = shop.carrier.url();
        debit(&url, "before", "MobileAccount");
        let following = Running::start(shop.command(&["logs", "--json", "--at", &url]));
        until("the past", || following.said().contains("before"));
        debit(&url, "while", "MobileAccount");
        prompt(&shop);
        until("the present", || {
            following.said().contains("while") && following.said().contains("prompt-shown")
        });
        let ended = if interrupted {
            following.signal("INT");
            let ended = following.wait();
            ended.expect(0, "stopped");
            ended
        } else {
            drop(shop);
            let ended = following.wait();
            ended.expect(0, "ended");
            ended
        };
        let ids: Vec<String> =
            ended.json().iter().filter_map(|line| line["id"].as_str().map(str::to_owned)).collect();
        assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "each once: {ids:?}");
        assert_eq!(ended.count("captured"), 1);
    }
}

#[test]
fn without_a_simulator_and_at_a_wrong_address_all_three_say_so() {
    let shop = shop();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let strange = format!("http://{}", stranger.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in stranger.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        }
    });
    for command in [&["trigger", "approve"][..], &["logs", "--no-follow"], &["resend", "r1"]] {
        for (address, hint) in [
            (format!("http://{closed}"), "caas simulate"),
            (strange.clone(), "no caas simulator"),
            ("https://127.0.0.1:7000".to_owned(), "http://"),
            ("nonsense".to_owned(), "http://"),
        ] {
            // A stranger that takes the request for events says nothing that is one.
            if command[0] == "logs" && address == strange {
                continue;
            }
            let mut typed = command.to_vec();
            typed.extend(["--at", &address]);
            shop.run(&typed).expect_refused(hint);
            typed.push("--json");
            shop.run(&typed).expect(2, "refused");
        }
    }
}

#[test]
fn a_scenario_file_runs_prints_its_steps_and_fails_where_an_expectation_does_not_hold() {
    let shop = shop();
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/../simulator/scenarios");
    for sample in std::fs::read_dir(samples).unwrap() {
        let path = sample.unwrap().path();
        let ended = shop.run(&["simulate", "--json", "--scenario", path.to_str().unwrap()]);
        ended.expect(0, "passed");
        assert!(ended.count("step") > 1, "{ended:#?}");
    }
    let file = shop.folder.path().join("wrong.json");
    let wrong = json!({"name": "wrong", "steps": [
        {"send": {"service": "directDebit", "body": {"externalTrxId": "a", "subscriberId": "94770000097", "amount": "1"}}},
        {"expect": {"captures": 7}},
    ]});
    std::fs::write(&file, wrong.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let ended = shop.run(&["simulate", "--json", "--scenario", file, "--seed", "9"]);
    ended.expect(3, "failed");
    let passed: Vec<Value> = ended.json().iter().map(|line| line["passed"].clone()).collect();
    assert_eq!(passed[..3], [json!(true), json!(false), json!(true)]);
    let people = shop.run(&["simulate", "--scenario", file]);
    assert!(people.out.contains("FAILED") && people.out.contains("captures: 1, and not 7"), "{people:#?}");
    std::fs::write(file, "{}").unwrap();
    shop.run(&["simulate", "--scenario", file]).expect_refused("is no scenario");
    shop.run(&["simulate", "--scenario", "nowhere.json"]).expect_refused("cannot be read");
}

/// Whoever types what a scenario does not heed would take its report for something else.
#[test]
fn what_a_scenario_does_not_heed_is_refused_with_the_reason() {
    let shop = Shop::new();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/../simulator/scenarios/a_bad_day.json");
    for (typed, hint) in [
        (
            &["--port", "7000"][..],
            "--port does nothing beside --scenario: a scenario has a simulator of its own",
        ),
        (&["--state", "x"], "--state does nothing beside --scenario: a scenario has a simulator of its own"),
        (&["--payer", "ask"], "Write payer under its settings"),
        (&["--clock", "60"], "Write clockRate under its settings"),
        (&["--confirm", "captures"], "Write confirm under its settings"),
        (&["--no-dedup"], "Write deduplicates under its settings"),
        (&["--no-magic"], "Write magicValues under its settings"),
        (&["--notify", "http://127.0.0.1:1"], "Write notifyUrl under its settings"),
    ] {
        let mut command = shop.command(&["simulate", "--json", "--scenario", sample]);
        command.args(typed);
        let ended = run(command);
        ended.expect_refused(hint);
        ended.expect(2, "refused");
        assert_eq!(ended.count("step"), 0, "{ended:#?}");
    }
}

/// A simulator of its own process, over a state file.
struct Kept {
    process: Running,
    url: String,
}

fn keep(shop: &Shop, more: &[&str]) -> Kept {
    let mut command = shop.command(&["simulate", "--port", "0", "--json", "--state", "simulator.state"]);
    command.args(more).stdin(Stdio::null());
    let process = Running::start(command);
    until("it listens", || process.said().contains("listening"));
    let line: Value = serde_json::from_str(process.said().lines().next().unwrap()).unwrap();
    Kept { url: line["url"].as_str().unwrap().to_owned(), process }
}

/// The witness survives `kill -9` at any moment: what was answered is in the ledger, once.
#[test]
fn a_simulator_that_is_killed_goes_on_with_every_capture_that_was_answered() {
    let shop = shop();
    let (mut answered, mut number) = (Vec::<String>::new(), 0);
    for round in 0..4_u64 {
        let mut kept = keep(&shop, &[]);
        for id in &answered {
            assert_eq!(debit(&kept.url, id, "MobileAccount")["statusCode"], "S1000");
        }
        let began = std::time::Instant::now();
        while began.elapsed() < Duration::from_millis(60 + 37 * round) {
            number += 1;
            let id = format!("k{number}");
            if debit(&kept.url, &id, "MobileAccount")["statusCode"] == "S1000" {
                answered.push(id);
            }
        }
        // One more is under way when it is killed.
        let (url, id) = (kept.url.clone(), format!("k{}", number + 1));
        number += 1;
        let under_way = std::thread::spawn(move || {
            let _ = std::panic::catch_unwind(|| debit(&url, &id, "MobileAccount"));
        });
        kept.process.kill();
        under_way.join().unwrap();
        drop(kept);
    }
    let kept = keep(&shop, &[]);
    let ledger: Value = {
        let address = kept.url.strip_prefix("http://").unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "GET /sim/ledger HTTP/1.0\r\nHost: {address}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
    };
    let ids: Vec<&str> =
        ledger["captures"].as_array().unwrap().iter().map(|it| it["externalId"].as_str().unwrap()).collect();
    assert!(answered.len() > 8, "{}", answered.len());
    for id in &answered {
        assert_eq!(ids.iter().filter(|it| *it == id).count(), 1, "{id}");
    }
    assert!(ids.len() <= answered.len() + 4, "only what was under way may be there beside");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "nothing twice");
    kept.process.signal("INT");
    kept.process.wait().expect(0, "stopped");
}

#[test]
fn a_state_that_cannot_be_kept_is_refused_clearly_and_never_starts_empty() {
    let shop = shop();
    let kept = keep(&shop, &["--payer", "decline"]);
    shop.run(&["simulate", "--port", "0", "--state", "simulator.state"]).expect_refused("another simulator");
    kept.process.signal("INT");
    kept.process.wait().expect(0, "stopped");
    let kept = keep(&shop, &[]);
    at_url(&shop, &kept.url, &["trigger", "set", "seed", "5"]);
    let log = shop.run(&["trigger", "set", "magicValues", "true", "--json", "--at", &kept.url]);
    log.expect(0, "triggered");
    kept.process.signal("TERM");
    kept.process.wait().expect(0, "stopped");
    let file = shop.folder.path().join("simulator.state");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("\"payer\":\"decline\""), "a setting stays until another one is typed");
    for (broken, hint) in [
        (String::new(), "no state of a simulator"),
        (text.replace("\"version\":1", "\"version\":7"), "version 7"),
        (text.replace("decline", "approve"), "damaged"),
    ] {
        std::fs::write(&file, &broken).unwrap();
        shop.run(&["simulate", "--port", "0", "--state", "simulator.state"]).expect_refused(hint);
        shop.run(&["simulate", "--port", "0", "--state", "simulator.state", "--json"]).expect(2, "refused");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), broken);
    }
    shop.run(&["simulate", "--port", "0", "--state", "no/such/folder/x"]).expect_refused("cannot be kept");
    // A disk without room for one byte.
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$@\"";
    let mut shell = std::process::Command::new("sh");
    let command = shop.command(&["simulate", "--port", "0", "--state", "fresh.state"]);
    shell.args(["-c", script, "sh"]).arg(command.get_program()).args(command.get_args());
    shell.current_dir(shop.folder.path()).stdin(Stdio::null());
    run(shell).expect_refused("cannot be kept");
}

fn at_url(shop: &Shop, url: &str, words: &[&str]) {
    let mut typed = words.to_vec();
    typed.extend(["--json", "--at", url]);
    shop.run(&typed).expect(0, "triggered");
}
