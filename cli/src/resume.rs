//! `caas resume`: finishes what a cut or an interruption left open.

use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use caas_core::charge::AtBoot;
use caas_transport_std::{ChargeRow, DeskError, Filter, Resumed};
use serde_json::json;

use crate::arguments::Resume;
use crate::carrier::Use;
use crate::configuration::Configuration;
use crate::desk::Manner;
use crate::exit::{Exit, Stop};
use crate::state::state_of;
use crate::tell::Tell;
use crate::{desk, interrupt, journal, place};

/// How much faster the clock runs where nobody is left to be waited for.
const CLOCK_WITHOUT_SIMULATOR: u32 = 1000;
/// How long a simulator on this machine may take to accept a connection.
const CONNECT_TIME: Duration = Duration::from_millis(500);

/// Drives every charge of the journal that is open and that nobody drives, to its end.
pub async fn resume(tell: Tell, arguments: &Resume) -> Result<Exit, Stop> {
    place::check(&arguments.place, &arguments.simulated)?;
    let configuration = Configuration::read(arguments.place.config.as_deref())?;
    let file = journal::file(&arguments.place, &configuration)?;
    let Some(journal) = journal::open_existing(&file, tell.simulated)? else {
        tell.note(&format!("there is no journal {}: nothing was ever charged here", file.display()));
        return Ok(tell.done("nothing-open", Exit::Done));
    };
    let rows = journal.list(Filter::All).map_err(|error| journal::stop_of(&file, &error))?;
    let open: Vec<_> = rows.iter().filter(|row| !row.settled).collect();
    let gone = open.iter().filter(|row| say_if_simulator_is_gone(tell, row)).count();
    let manner = Manner {
        use_: Use::Send,
        clock: clock(arguments, !open.is_empty() && gone == open.len()),
        at_boot: if arguments.release { AtBoot::Release } else { AtBoot::RefundDue },
    };
    // The carriers of charges that ended are needed too: a notification may wait for one.
    let (desk, missing) = desk::for_journal(&configuration, journal, &rows, &manner)?;
    let nothing_open = open.is_empty();
    let Some(desk) = desk else {
        return match missing.into_iter().next() {
            Some(stop) if !nothing_open => Err(stop),
            _ => Ok(nothing(tell)),
        };
    };
    interrupt::on_signal(tell, desk.interrupter())?;
    let resumed = desk
        .resume_all(|view, event| tell.event(view, event))
        .await
        .map_err(|error| desk::stop_of(&error))?;
    if resumed.is_empty() {
        return Ok(nothing(tell));
    }
    let ends: Vec<Exit> = resumed.iter().map(|resumed| end(tell, resumed, &missing)).collect();
    let exit = worst(&ends);
    Ok(tell.done(if exit == Exit::Done { "resumed" } else { exit.word() }, exit))
}

/// Says, of an open charge of a simulator that does not answer any more, what that means; whether it is one.
pub fn say_if_simulator_is_gone(tell: Tell, row: &ChargeRow) -> bool {
    let address = row.endpoint.strip_prefix("http://").and_then(|rest| rest.parse::<SocketAddr>().ok());
    let gone = row.simulated
        && !row.settled
        && address.is_some_and(|address| TcpStream::connect_timeout(&address, CONNECT_TIME).is_err());
    if gone {
        tell.note(&format!(
            "sale {}: its simulator at {} is gone, and its ledger with it, so nobody can say what it captured. A charge \
             that outlives its process needs a simulator that does: `caas simulate`",
            row.sale_id, row.endpoint
        ));
    }
    gone
}

fn clock(arguments: &Resume, all_gone: bool) -> u32 {
    let without = if all_gone { CLOCK_WITHOUT_SIMULATOR } else { 1 };
    arguments.simulated.clock.unwrap_or(without)
}

fn nothing(tell: Tell) -> Exit {
    if !tell.json {
        tell.line("nothing is open");
    }
    tell.done("nothing-open", Exit::Done)
}

/// A charge that ended is well, paid or not; what a person must look at, or pay back, is not.
fn end(tell: Tell, resumed: &Resumed, missing: &[Stop]) -> Exit {
    match &resumed.result {
        Ok(outcome) => {
            tell.put_down(outcome);
            match state_of(outcome).1 {
                Exit::Failed => Exit::Done,
                exit => exit,
            }
        }
        Err(DeskError::DrivenElsewhere) => {
            left(tell, resumed, "another process drives it: left to that one");
            Exit::Done
        }
        Err(error @ DeskError::UnknownCarrier { .. }) => {
            let causes: Vec<_> = missing.iter().map(|stop| &*stop.message).collect();
            left(tell, resumed, &format!("{error}: {}", causes.join("; ")));
            Exit::Usage
        }
        Err(error) => {
            left(tell, resumed, &error.to_string());
            Exit::InDoubt
        }
    }
}

fn left(tell: Tell, resumed: &Resumed, cause: &str) {
    if tell.json {
        tell.object(&json!({"event": "not-resumed", "sale": resumed.sale_id, "cause": cause}));
    } else {
        tell.line(&format!("{}: {cause}", resumed.sale_id));
    }
}

fn worst(ends: &[Exit]) -> Exit {
    [Exit::Broken, Exit::InDoubt, Exit::Usage, Exit::Interrupted]
        .into_iter()
        .find(|exit| ends.contains(exit))
        .unwrap_or(Exit::Done)
}
