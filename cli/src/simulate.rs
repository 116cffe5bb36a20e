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
use crate::tell::Tell;

/// Starts the simulator and shows what happens in it.
pub async fn simulate(tell: Tell, arguments: &Simulate) -> Result<Exit, Stop> {
    let mut signals = Signals::take()?;
    let wanted = payer(arguments.simulated.payer);
    let simulator = Arc::new(start(arguments, wanted)?);
    let mut events = simulator.events();
    introduce(tell, arguments, &simulator);
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => {
                    phone::show(tell, &event);
                    if wanted == Payer::Ask && !tell.json {
                        phone::ask(&simulator, &event);
                    }
                }
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => break,
            },
            () = signals.next() => break,
        }
    }
    let captures = simulator.ledger().captures().len();
    if !tell.json {
        tell.line(&format!("\n{captures} captures; the ledger is gone with the simulator"));
    }
    Ok(tell.done("stopped", Exit::Done))
}

fn start(arguments: &Simulate, payer: Payer) -> Result<Simulator, Stop> {
    let mut builder = Simulator::builder()
        .port(arguments.port)
        .clock_rate(arguments.simulated.clock.unwrap_or(1))
        .deduplicates(!arguments.no_dedup)
        .payer(payer)
        .confirm(match arguments.confirm {
            Confirm::Reads => ConfirmMeaning::Reads,
            Confirm::Captures => ConfirmMeaning::Captures,
        });
    if let Some(url) = &arguments.notify {
        builder = builder.notify_url(url);
    }
    builder.start().map_err(|error| {
        Stop::usage(format!(
            "port {} cannot be taken: {error}. Try --port 0, which takes a free one",
            arguments.port
        ))
    })
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
    tell.line("Ctrl-C ends it.");
}
