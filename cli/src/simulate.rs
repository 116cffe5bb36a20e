//! `caas simulate`: plays the carriers until it is ended.

use std::sync::Arc;

use caas_simulator::{ConfirmMeaning, Payer, Simulator};
use serde_json::json;
use tokio::sync::broadcast::error::RecvError;

use crate::arguments::{Confirm, Simulate};
use crate::exit::{Exit, Stop};
use crate::interrupt::Signals;
use crate::phone;
use crate::place::payer;
use crate::scenario;
use crate::tell::Tell;

/// Starts the simulator and shows what happens in it.
pub async fn simulate(tell: Tell, arguments: &Simulate) -> Result<Exit, Stop> {
    let mut signals = Signals::take()?;
    if let Some(file) = &arguments.scenario {
        scenario::check(arguments)?;
        return scenario::run(tell, signals, file, arguments.seed).await;
    }
    let wanted = payer(arguments.simulated.payer);
    let simulator = Arc::new(start(arguments, wanted)?);
    let mut events = simulator.events();
    let person = phone::person(tell, &simulator, wanted);
    introduce(tell, arguments, &simulator);
    let mut complained = false;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => phone::see(tell, &event, person.as_ref()),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            },
            () = signals.next() => break,
            () = tokio::time::sleep(LOOK) => complain(tell, &simulator, &mut complained),
        }
    }
    let captures = simulator.ledger().count();
    if !tell.json {
        let where_to = match &arguments.state {
            Some(file) => format!("the ledger is in {}", file.display()),
            None => "the ledger is gone with the simulator".to_owned(),
        };
        tell.line(&format!("\n{captures} captures; {where_to}"));
    }
    Ok(tell.done("stopped", Exit::Done))
}

/// The port that `caas trigger`, `caas logs` and `caas resend` look at as well where nothing else is said.
const DEFAULT_PORT: u16 = 7000;
/// How often it is looked whether the disk takes the state.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// Tells once that the disk refuses the state.
fn complain(tell: Tell, simulator: &Simulator, complained: &mut bool) {
    let error = simulator.state_error();
    if let (Some(why), false) = (&error, *complained) {
        tell.note(&format!("the state cannot be written: {why}; requests are answered 503 until it can"));
    }
    *complained = error.is_some();
}

/// What is not typed is the simulator's own, or what the state file has.
fn start(arguments: &Simulate, payer: Payer) -> Result<Simulator, Stop> {
    let mut builder = Simulator::builder().port(port(arguments));
    let goes_on = arguments.state.as_ref().is_some_and(|file| file.exists());
    if arguments.simulated.payer.is_some() || !goes_on {
        builder = builder.payer(payer);
    }
    if let Some(clock) = arguments.simulated.clock {
        builder = builder.clock_rate(clock);
    }
    if arguments.no_dedup {
        builder = builder.deduplicates(false);
    }
    if arguments.no_magic {
        builder = builder.magic_values(false);
    }
    if let Some(confirm) = arguments.confirm {
        builder = builder.confirm(match confirm {
            Confirm::Reads => ConfirmMeaning::Reads,
            Confirm::Captures => ConfirmMeaning::Captures,
        });
    }
    if let Some(seed) = arguments.seed {
        builder = builder.seed(seed);
    }
    if let Some(url) = &arguments.notify {
        builder = builder.notify_url(url);
    }
    if let Some(file) = &arguments.state {
        builder = builder.state_file(file);
    }
    builder.start().map_err(|error| match &arguments.state {
        Some(file) if error.to_string().starts_with(&file.display().to_string()) => {
            Stop::usage(format!("the state cannot be kept in {error}"))
        }
        _ => Stop::usage(format!(
            "port {} cannot be taken: {error}. Try --port 0, which takes a free one",
            port(arguments)
        )),
    })
}

fn port(arguments: &Simulate) -> u16 {
    arguments.port.unwrap_or(DEFAULT_PORT)
}

/// How to charge at this simulator; a fast clock must be the same on both sides.
fn introduce(tell: Tell, arguments: &Simulate, simulator: &Simulator) {
    let url = simulator.url();
    if tell.json {
        tell.object(&json!({"event": "listening", "url": url}));
        return;
    }
    let clock = arguments.simulated.clock.map_or_else(String::new, |clock| format!(" --clock {clock}"));
    tell.line(&format!("simulated carriers at {url} (everything here is simulated)"));
    tell.line(&format!("  charge:  caas charge 0712755777 5.00 --simulate --endpoint {url}{clock}"));
    tell.line(&format!("  resume:  caas resume --simulate{clock}"));
    tell.line(&format!("  page:    {url}/"));
    tell.line(&format!("  ledger:  curl {url}/sim/ledger"));
    let at = if port(arguments) == DEFAULT_PORT { String::new() } else { format!(" --at {url}") };
    tell.line(&format!("  log:     caas logs{at}"));
    tell.line(&format!("  events:  caas trigger approve{at}; caas trigger --help lists them"));
    tell.line("Ctrl-C ends it.");
}
