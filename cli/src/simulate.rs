//! `caas simulate`: plays the carriers until Ctrl-C.

use std::sync::Arc;

use caas_simulator::{ConfirmMeaning, Payer, Simulator, SimulatorEvent};
use tokio::sync::broadcast::error::RecvError;

use crate::arguments::{Confirm, Simulate};
use crate::exit::{Exit, Stop};
use crate::phone;
use crate::place::payer;

/// Starts the simulator and shows what happens in it.
pub async fn simulate(arguments: &Simulate) -> Result<Exit, Stop> {
    let mut builder = Simulator::builder()
        .port(arguments.port)
        .clock_rate(arguments.simulated.clock)
        .deduplicates(!arguments.no_dedup)
        .payer(payer(arguments.simulated.payer))
        .confirm(match arguments.confirm {
            Confirm::Reads => ConfirmMeaning::Reads,
            Confirm::Captures => ConfirmMeaning::Captures,
        });
    if let Some(url) = &arguments.notify {
        builder = builder.notify_url(url);
    }
    let simulator = Arc::new(builder.start().map_err(|error| {
        Stop::usage(format!(
            "port {} cannot be taken: {error}. Try --port 0, which takes a free one",
            arguments.port
        ))
    })?);
    let mut events = simulator.events();
    introduce(arguments, &simulator);
    let asked = payer(arguments.simulated.payer) == Payer::Ask;
    loop {
        tokio::select! {
            event = events.recv() => match event {
                Ok(event) => show(arguments.json, &event, asked.then_some(&simulator)),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return Ok(Exit::Done),
            },
            _ = tokio::signal::ctrl_c() => {
                if !arguments.json {
                    println!("\n{} captures; the ledger is gone with the simulator", simulator.ledger().captures().len());
                }
                return Ok(Exit::Done);
            }
        }
    }
}

fn introduce(arguments: &Simulate, simulator: &Simulator) {
    if arguments.json {
        println!("{}", serde_json::json!({"event": "listening", "url": simulator.url(), "simulated": true}));
        return;
    }
    println!("simulated carriers at {} (everything here is simulated)", simulator.url());
    println!("  charge:  caas charge 0712755777 5.00 --simulate --endpoint {}", simulator.url());
    println!("  ledger:  curl {}/sim/ledger", simulator.url());
    println!("Ctrl-C ends it.");
}

fn show(json: bool, event: &SimulatorEvent, ask: Option<&Arc<Simulator>>) {
    if json {
        let line = serde_json::to_string(event).unwrap_or_default();
        println!("{line}");
        return;
    }
    phone::show(event);
    if let Some(simulator) = ask {
        phone::ask(simulator, event);
    }
}
