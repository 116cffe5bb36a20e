//! The simulator's page in headless Chromium, beside the command line: what a newcomer does by hand, done by a browser.
//!
//! `cargo xtask check browser` installs the browser and runs them; `CAAS_BLESS=1` then takes the pictures of `docs/` anew.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "browser/chromium.rs"]
mod chromium;
mod shop;

use std::path::{Path, PathBuf};

use chromium::Browser;
use serde_json::{Value, json};
use shop::{Ended, OTHER_PAYER, PAYER, Running, TOKEN, command, until};
use tempfile::TempDir;

const DESKTOP: (u32, u32) = (1440, 900);
const PHONE: (u32, u32) = (390, 844);
/// The narrowest screen that the page is made for.
const NARROWEST: u32 = 360;

/// The roles of what a person acts on.
const CONTROLS: [&str; 9] = [
    "button",
    "textbox",
    "searchbox",
    "combobox",
    "checkbox",
    "spinbutton",
    "link",
    "DisclosureTriangle",
    "region",
];

/// A running `caas simulate`, and the folder in which its commands run.
struct Counter {
    folder: TempDir,
    simulator: Running,
    url: String,
}

impl Counter {
    fn open() -> Counter {
        let folder = tempfile::tempdir().unwrap();
        let simulator =
            Running::start(command(folder.path(), &["simulate", "--port", "0", "--payer", "ask", "--json"]));
        until("the simulator listens", || simulator.said().contains("listening"));
        let first: Value = serde_json::from_str(simulator.said().lines().next().unwrap()).unwrap();
        let url = first["url"].as_str().unwrap().to_owned();
        Counter { folder, simulator, url }
    }

    /// `caas charge` in a second terminal.
    fn charge(&self, payer: &str, amount: &str, more: &[&str]) -> Running {
        let journal = self.folder.path().join("charges.db");
        let mut charge = command(self.folder.path(), &["charge", payer, amount, "--simulate", "--json"]);
        charge.args(["--endpoint", &self.url, "--journal", journal.to_str().unwrap()]).args(more);
        charge.env("CAAS_LISTENER_TOKEN", TOKEN);
        Running::start(charge)
    }

    async fn page(&self, (width, height): (u32, u32)) -> Browser {
        let browser = Browser::start(width, height).await;
        browser.open(&self.url).await;
        browser
    }

    /// Ends both; the simulator agrees to stop.
    async fn close(self, browser: Browser) {
        browser.end_well(&self.url).await;
        self.simulator.signal("INT");
        assert_eq!(self.simulator.wait().code, Some(0));
    }
}

async fn ended(charge: Running) -> Ended {
    tokio::task::spawn_blocking(|| charge.wait()).await.unwrap()
}

fn button(text: &str) -> String {
    format!("//section[@id='phones']//button[normalize-space()='{text}']")
}

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

fn sample_scenario(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../simulator/scenarios").join(name)
}

/// The newcomer's walk of the README.
#[tokio::test]
async fn a_newcomer_approves_on_the_phone_and_both_sides_agree() {
    let counter = Counter::open();
    let browser = counter.page(DESKTOP).await;
    let shown = browser.text("//*[@id='try']").await;
    let typed = |url: &str| format!("charge {PAYER} 5.00 --simulate --endpoint {url}");
    assert_eq!(shown, format!("caas {}", typed(&counter.url)));
    let readme = std::fs::read_to_string(document("../README.md")).unwrap();
    assert!(readme.contains(&typed("http://127.0.0.1:7000")) && readme.contains("simulate --payer ask"));

    let charge = counter.charge(PAYER, "5.00", &[]);
    browser.click(&button("Approve")).await;
    let told = ended(charge).await;
    told.expect(0, "confirmed");

    browser.until("document.querySelector('#ledger-sum').textContent === '1 capture'").await;
    let row = browser.text("//tbody[@id='ledger-list']/tr").await;
    assert!(row.contains("5.00"), "{row}");
    let received =
        told.json().iter().filter_map(|line| line["received"].as_str().map(str::to_owned)).next_back();
    assert_eq!(received.as_deref(), Some("5.00"), "{told:?}");
    browser.sees("//div[@id='charge-list']//span[normalize-space()='captured 5.00']").await;
    browser.sees("//div[@id='log-list']//summary[contains(., '→ /mobext/')]").await;
    counter.close(browser).await;
}

#[tokio::test]
async fn a_payer_who_declines_or_enters_a_wrong_pin_is_not_charged() {
    let counter = Counter::open();
    let browser = counter.page(PHONE).await;
    for answer in ["Decline", "Wrong PIN"] {
        let charge = counter.charge(PAYER, "5.00", &[]);
        browser.click(&button(answer)).await;
        ended(charge).await.expect(3, "failed");
    }
    assert_eq!(browser.text("//*[@id='ledger-sum']").await, "nothing captured");
    counter.close(browser).await;
}

/// R32, R33: partial payments and too much of it are each a click.
#[tokio::test]
async fn ez_cash_is_paid_in_two_halves_by_two_clicks() {
    let counter = Counter::open();
    let browser = counter.page(DESKTOP).await;
    let charge = counter.charge(
        OTHER_PAYER,
        "10.00",
        &["--carrier", "dialog", "--instrument", "ezcash", "--listen", "127.0.0.1:0"],
    );
    browser.until("state.settings.notifyUrl").await;
    browser.click(&button("Half of it")).await;
    browser.click(&button("Pay 5.00")).await;
    ended(charge).await.expect(0, "confirmed");
    browser.until("document.querySelector('#ledger-sum').textContent === '2 captures'").await;
    browser.sees("//div[@id='log-list']//summary[contains(., '← notification')]").await;
    counter.close(browser).await;
}

#[tokio::test]
async fn a_prompt_is_answered_by_keyboard_alone() {
    let counter = Counter::open();
    let browser = counter.page(DESKTOP).await;
    let charge = counter.charge(PAYER, "5.00", &[]);
    browser.sees(&button("Approve")).await;
    browser.open(&counter.url).await;
    browser.sees(&button("Approve")).await;
    press(&browser, "\u{E004}").await;
    browser.until("document.activeElement.textContent === 'To the phones'").await;
    press(&browser, "\u{E007}").await;
    let mut tabs = 0;
    while browser.evaluate("return document.activeElement.textContent;").await != json!("Approve") {
        press(&browser, "\u{E004}").await;
        tabs += 1;
        assert!(tabs < 5, "the skip link leads close to the prompt");
    }
    press(&browser, "\u{E007}").await;
    ended(charge).await.expect(0, "confirmed");
    counter.close(browser).await;
}

async fn press(browser: &Browser, key: &str) {
    browser.client.active_element().await.unwrap().send_keys(key).await.unwrap();
}

#[tokio::test]
async fn a_screen_reader_hears_the_prompt_and_a_name_for_every_control() {
    let counter = Counter::open();
    let browser = counter.page(DESKTOP).await;
    let charge = counter.charge(PAYER, "5.00", &[]);
    browser.sees(&button("Approve")).await;
    let heard = browser.text("//*[@id='announce']").await;
    assert!(heard.contains("Prompt on"), "{heard}");
    let controls: Vec<_> =
        browser.spoken().await.into_iter().filter(|(role, _)| CONTROLS.contains(&role.as_str())).collect();
    assert!(controls.len() > 40, "{controls:?}");
    for (role, name) in &controls {
        assert!(!name.trim().is_empty(), "a {role} has no name: {controls:?}");
    }
    for answer in ["Approve", "Decline", "Wrong PIN", "Ignore"] {
        assert!(controls.contains(&("button".to_owned(), answer.to_owned())), "{answer}: {controls:?}");
    }
    browser.click(&button("Approve")).await;
    ended(charge).await.expect(0, "confirmed");
    counter.close(browser).await;
}

#[tokio::test]
async fn a_fault_that_was_added_on_the_page_strikes_the_next_request() {
    let counter = Counter::open();
    let browser = counter.page(DESKTOP).await;
    browser.choose("payer", "approves").await;
    browser.choose("rate", "× 1000").await;
    browser.choose("fault-service", "directDebit").await;
    browser.choose("fault-kind", "answerLostAfterExecuting").await;
    browser.click("//form[@id='fault-form']//button[normalize-space()='Add fault']").await;
    browser.sees("//ul[@id='fault-list']/li").await;
    let charge = counter.charge(OTHER_PAYER, "5.00", &["--carrier", "ideamart", "--clock", "1000"]);
    let told = ended(charge).await;
    browser.sees("//div[@id='log-list']//span[normalize-space()='fault']").await;
    // The answer was lost after the capture, and this carrier de-duplicates nothing that its documents say.
    let captures = browser.evaluate("return state.ledger.count;").await;
    assert_eq!(captures, json!(1), "{told:?}");
    assert!(matches!(told.code, Some(0 | 4)), "captured is never told as not charged: {told:?}");
    counter.close(browser).await;
}

#[tokio::test]
async fn a_scenario_file_runs_from_the_page() {
    let counter = Counter::open();
    let browser = counter.page(DESKTOP).await;
    browser.click("//summary[normalize-space()='Run a scenario']").await;
    let file = sample_scenario("a_bad_day.json").canonicalize().unwrap();
    let chooser = browser.sees("//input[@id='scenario-file']").await;
    chooser.send_keys(file.to_str().unwrap()).await.unwrap();
    browser.click("//button[@id='scenario-run']").await;
    browser.sees("//p[@id='scenario-report'][starts-with(text(), 'Passed')]").await;
    counter.close(browser).await;
}

#[tokio::test]
async fn without_live_events_the_page_asks_again_and_again() {
    let counter = Counter::open();
    let browser = Browser::start(DESKTOP.0, DESKTOP.1).await;
    browser
        .run_first(
            "window.EventSource = class { static CLOSED = 2; constructor() { this.readyState = 0;
             setTimeout(() => this.onerror && this.onerror(), 10); } };",
        )
        .await;
    browser.open(&counter.url).await;
    browser.sees("//*[@id='link'][text()='polling']").await;
    let charge = counter.charge(PAYER, "5.00", &[]);
    browser.click(&button("Approve")).await;
    ended(charge).await.expect(0, "confirmed");
    browser.until("document.querySelector('#ledger-sum').textContent === '1 capture'").await;
    counter.close(browser).await;
}

#[tokio::test]
async fn nothing_is_wider_than_the_screen_on_a_small_phone() {
    let counter = Counter::open();
    let browser = counter.page(PHONE).await;
    let charge = counter.charge(PAYER, "5.00", &[]);
    browser.sees(&button("Approve")).await;
    for width in [NARROWEST, PHONE.0, 768, 1024, DESKTOP.0] {
        browser.resize(width, PHONE.1).await;
        let wide = browser.evaluate("return document.scrollingElement.scrollWidth;").await;
        assert!(wide.as_u64().unwrap() <= u64::from(width), "{wide} on {width}");
    }
    browser.resize(PHONE.0, PHONE.1).await;
    let approve = browser.sees(&button("Approve")).await;
    let (_, _, _, height) = approve.rectangle().await.unwrap();
    assert!(height >= 24.0, "too small for a finger: {height}");
    if std::env::var_os("CAAS_BLESS").is_some() {
        browser.evaluate("location.hash = '#phones';").await;
        browser.picture(&document("simulator-phone.png")).await;
    }
    browser.click(&button("Approve")).await;
    ended(charge).await.expect(0, "confirmed");
    if std::env::var_os("CAAS_BLESS").is_some() {
        picture_of_a_day(&counter, &browser).await;
    }
    counter.close(browser).await;
}

/// A page as it is after some use, for the README.
async fn picture_of_a_day(counter: &Counter, browser: &Browser) {
    browser.resize(DESKTOP.0, 1000).await;
    let declined = counter.charge(PAYER, "20.00", &[]);
    browser.click(&button("Decline")).await;
    ended(declined).await.expect(3, "failed");
    browser.choose("fault-kind", "answerLostAfterExecuting").await;
    browser.click("//form[@id='fault-form']//button[normalize-space()='Add fault']").await;
    let waiting = counter.charge(OTHER_PAYER, "50.00", &[]);
    browser.sees(&button("Approve")).await;
    browser.evaluate("document.activeElement.blur(); scrollTo(0, 0);").await;
    browser.picture(&document("simulator-desktop.png")).await;
    browser.click(&button("Approve")).await;
    ended(waiting).await.expect(0, "confirmed");
}
