//! `caas resume`: finishes what a cut or an interruption left open.

use caas_core::charge::AtBoot;
use caas_transport_std::{DeskError, Filter, Resumed};

use crate::arguments::Resume;
use crate::configuration::Configuration;
use crate::exit::{Exit, Stop};
use crate::place::journal_file;
use crate::tell::{Tell, state_of};
use crate::{desk, interrupt};

/// Drives every charge of the journal that is open and that nobody drives, to its end.
pub async fn resume(arguments: &Resume) -> Result<Exit, Stop> {
    let tell = Tell { json: arguments.place.json, simulated: arguments.place.simulate };
    let configuration = Configuration::read(arguments.place.config.as_deref())?;
    let file = journal_file(&arguments.place, &configuration);
    if !file.exists() {
        return nothing(
            tell,
            &format!("there is no journal {}: nothing was ever charged here", file.display()),
        );
    }
    let journal = desk::open_journal(&file)?;
    let open = journal.list(Filter::Unsettled).map_err(Stop::broken)?;
    if open.is_empty() {
        return nothing(tell, "nothing is open");
    }
    let at_boot = if arguments.release { AtBoot::Release } else { AtBoot::RefundDue };
    let clock = if arguments.place.simulate { arguments.simulated.clock } else { 1 };
    let desk = desk::for_journal(&arguments.place, journal, Filter::Unsettled, clock, at_boot)?;
    interrupt::on_signal(desk.interrupter());
    let resumed = desk
        .resume_all(|view, event| tell.event(view, event))
        .await
        .map_err(|error| desk::stop_of(&error))?;
    let ends: Vec<Exit> = resumed.iter().map(|resumed| end(tell, resumed)).collect();
    Ok(worst(&ends))
}

fn nothing(tell: Tell, text: &str) -> Result<Exit, Stop> {
    if tell.json {
        tell.line(&serde_json::json!({"event": "end", "state": "nothing-open", "exit": 0}).to_string());
    } else {
        tell.line(text);
    }
    Ok(Exit::Done)
}

/// A charge that ended is well, paid or not; what a person must look at, or pay back, is not.
fn end(tell: Tell, resumed: &Resumed) -> Exit {
    match &resumed.result {
        Ok(outcome) => {
            tell.end(outcome, None);
            match state_of(outcome).1 {
                Exit::Failed => Exit::Done,
                exit => exit,
            }
        }
        Err(DeskError::DrivenElsewhere) => {
            tell.line(&line(tell, resumed, "another process drives it: left to that one"));
            Exit::Done
        }
        Err(error) => {
            tell.line(&line(tell, resumed, &error.to_string()));
            Exit::InDoubt
        }
    }
}

fn line(tell: Tell, resumed: &Resumed, text: &str) -> String {
    if tell.json {
        return serde_json::json!({"event": "not-resumed", "sale": resumed.sale_id, "cause": text})
            .to_string();
    }
    format!("{}: {text}", resumed.sale_id)
}

fn worst(ends: &[Exit]) -> Exit {
    [Exit::Broken, Exit::InDoubt, Exit::Interrupted]
        .into_iter()
        .find(|exit| ends.contains(exit))
        .unwrap_or(Exit::Done)
}
