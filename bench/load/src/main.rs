//! How many debits a second the simulator takes over keep-alive connections, and how much memory they need.
//!
//! The simulator runs in a process of its own, so that its memory is its own; so does the yardstick, a bare hyper server
//! that answers the same bytes whatever comes. What is said is the ratio of both, because a machine is busy with other
//! things at times. `bench/README.md` has a run.

mod arguments;
mod debit;
mod load;
mod served;
mod server;
mod timings;

use std::process::ExitCode;

use arguments::Arguments;
use load::Load;
use served::{Served, Usage};

type Failure = Box<dyn std::error::Error>;

/// Debits against the yardstick, before and after.
const YARDSTICK_DEBITS: u64 = 200_000;

fn main() -> ExitCode {
    let done = Arguments::read(std::env::args().skip(1)).and_then(|arguments| match arguments {
        Arguments::Help => {
            println!("{}", arguments::HELP);
            Ok(())
        }
        Arguments::ServeSimulator => server::simulator(),
        Arguments::ServeFixedAnswer => server::fixed_answer(),
        Arguments::Measure { at, debits, connections } => measure(at.as_deref(), debits, connections),
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("caas-bench-load: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(at: Option<&str>, debits: u64, connections: usize) -> Result<(), Failure> {
    if let Some(address) = at {
        println!("{address}, {connections} connections");
        let load = Load { address: address.to_owned(), debits, connections };
        let rate = load.run(|window| println!("{}", window.line(None)))?;
        println!("{rate:.0} debits/s");
        return Ok(());
    }
    let yardstick = |when| against(server::FIXED_ANSWER, when, YARDSTICK_DEBITS, connections);
    let before = yardstick("bare hyper with a fixed answer, before")?;
    let simulator = against(server::SIMULATOR, "simulator", debits, connections)?;
    let after = yardstick("bare hyper with a fixed answer, after")?;
    let bare = before.max(after);
    println!("\n{simulator:.0} debits/s; bare hyper {bare:.0}/s, {:.1} times as many", bare / simulator);
    Ok(())
}

/// Against a server of our own; debits per second.
fn against(what: &str, title: &str, debits: u64, connections: usize) -> Result<f64, Failure> {
    let mut server = Served::start(what)?;
    let (own, usage) = (Usage::of_this_process(), server.usage());
    let load = Load { address: server.address.clone(), debits, connections };
    println!("\n{title}");
    let before = own.processor();
    let rate = load.run(move |window| println!("{}", window.line(usage.resident())))?;
    if let (Some(server), Some(before), Some(after)) = (usage.processor(), before, own.processor()) {
        let each = |seconds: f64| seconds * 1e6 / debits as f64;
        println!(
            "processor time of a debit: server {:.1} µs, this tool {:.1} µs",
            each(server),
            each(after - before)
        );
    }
    if what == server::SIMULATOR {
        println!("ledger: {}", server.ask("ledger")?);
    }
    Ok(rate)
}
