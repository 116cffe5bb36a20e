//! The simulated payer's phone at the terminal.

use std::io::{BufRead, Write};
use std::sync::Arc;

use caas_core::money::Amount;
use caas_simulator::{EzCashRequest, Prompt, Simulator, SimulatorEvent};

/// Shows what the payer sees, and what the simulated carrier does.
pub fn show(event: &SimulatorEvent) {
    match event {
        SimulatorEvent::PromptShown(prompt) => screen(&prompt.text),
        SimulatorEvent::EzCashRequested(request) => screen(&format!(
            "eZ Cash: dial #111#, reference {}, Rs {}",
            request.reference,
            rupees(request.amount_due)
        )),
        SimulatorEvent::PromptAnswered(prompt) => println!("phone     {:?}", prompt.state),
        SimulatorEvent::Captured(capture) => {
            println!("ledger    #{} captured {} (simulated)", capture.serial, rupees(capture.amount));
        }
        SimulatorEvent::NotificationSent(delivery) => {
            println!("carrier   notification: {:?}", delivery.outcome)
        }
        SimulatorEvent::Request(request) => {
            println!("carrier   {:?} -> {:?}", request.service, request.status)
        }
    }
}

/// Asks the person at the terminal what the payer does. The question waits on a thread of its own, so that time and the
/// charge go on.
pub fn ask(simulator: &Arc<Simulator>, event: &SimulatorEvent) {
    let simulator = Arc::clone(simulator);
    match event {
        SimulatorEvent::PromptShown(prompt) => {
            let prompt = prompt.clone();
            std::thread::spawn(move || answer_prompt(&simulator, &prompt));
        }
        SimulatorEvent::EzCashRequested(request) => {
            let request = request.clone();
            std::thread::spawn(move || answer_payment(&simulator, &request));
        }
        _ => {}
    }
}

fn answer_prompt(simulator: &Simulator, prompt: &Prompt) {
    let word = question("approve, decline or ignore? [a/d/i] ");
    let done = match word.as_str() {
        "a" | "approve" | "" => simulator.approve(&prompt.reference),
        "d" | "decline" => simulator.decline(&prompt.reference),
        _ => simulator.ignore(&prompt.reference),
    };
    if let Err(refused) = done {
        println!("phone     {refused}");
    }
}

fn answer_payment(simulator: &Simulator, request: &EzCashRequest) {
    let due = rupees(request.amount_due);
    let word = question(&format!("pay how much? [{due}, 0 for nothing] "));
    let typed = if word.is_empty() { &due } else { &word };
    match Amount::parse(typed) {
        Ok(amount) if amount.is_zero() => {}
        Ok(amount) => {
            if let Err(refused) = simulator.pay(&request.reference, amount.minor()) {
                println!("phone     {refused}");
            }
        }
        Err(error) => println!("phone     {error}: nothing was paid"),
    }
}

fn question(text: &str) -> String {
    print!("{text}");
    let _ = std::io::stdout().flush();
    let mut line = String::new();
    // Without an answer the payer does nothing, as a payer who is not there.
    match std::io::stdin().lock().read_line(&mut line) {
        Ok(0) | Err(_) => "ignore".to_owned(),
        Ok(_) => line.trim().to_ascii_lowercase(),
    }
}

fn screen(text: &str) {
    let width = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    println!("  .{}.", "-".repeat(width + 2));
    for line in text.lines() {
        println!("  | {line:<width$} |");
    }
    println!("  '{}'", "-".repeat(width + 2));
}

fn rupees(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}
