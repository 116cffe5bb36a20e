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
use served::Served;

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
    let yardstick = |when: &str| {
        let server = Served::start(server::FIXED_ANSWER)?;
        let load = Load { address: server.address.clone(), debits: YARDSTICK_DEBITS, connections };
        let memory = server.memory();
        println!("\nbare hyper with a fixed answer, {when}");
        load.run(move |window| println!("{}", window.line(memory.resident())))
    };
    let before = yardstick("before")?;
    let rate = match at {
        Some(address) => {
            println!("\n{address}");
            Load { address: address.to_owned(), debits, connections }
                .run(|window| println!("{}", window.line(None)))?
        }
        None => simulator(debits, connections)?,
    };
    let after = yardstick("after")?;
    let bare = before.max(after);
    println!("\n{rate:.0} debits/s, {:.0} % of the {bare:.0}/s of bare hyper", 100.0 * rate / bare);
    Ok(())
}

/// Against a simulator of our own: its ledger says how many debits it executed.
fn simulator(debits: u64, connections: usize) -> Result<f64, Failure> {
    let mut server = Served::start(server::SIMULATOR)?;
    let load = Load { address: server.address.clone(), debits, connections };
    println!("\nsimulator, {connections} connections");
    let memory = server.memory();
    let rate = load.run(move |window| println!("{}", window.line(memory.resident())))?;
    println!("ledger: {}", server.ask("ledger")?);
    Ok(rate)
}
