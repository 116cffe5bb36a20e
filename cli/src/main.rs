//! Carrier billing from the command line. `caas --help` says what there is.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]
// A closed pipe makes `println!` panic: `out` does not.
#![warn(clippy::print_stdout, clippy::print_stderr)]

mod arguments;
mod ask;
mod carrier;
mod charge;
mod configuration;
mod countdown;
mod desk;
mod doctor;
mod exit;
mod interrupt;
mod journal;
mod list;
mod listen;
mod logs;
mod out;
mod patience;
mod person;
mod phone;
mod place;
mod relay;
mod resend;
mod resolve;
mod resume;
mod scenario;
mod simulate;
mod simulator_api;
mod span;
mod state;
mod state_folder;
mod status_code;
mod tell;
mod trigger;
mod words;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use exit::{Exit, Stop};
use tell::Tell;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return not_understood(&error),
    };
    match run(&arguments) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            arguments.command.tell().stopped(&stop);
            stop.exit.into()
        }
    }
}

/// Help and version go to standard output; what was typed wrong is refused.
fn not_understood(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    if !error.use_stderr() {
        return Exit::Done.into();
    }
    let typed = |name: &str| std::env::args_os().any(|argument| argument == name);
    let tell = Tell { json: typed("--json"), simulated: typed("--simulate") };
    tell.done(Exit::Usage.word(), Exit::Usage).into()
}

fn run(arguments: &Arguments) -> Result<Exit, Stop> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Stop::broken(format!("no threads to run on: {error}")))?;
    let exit = runtime.block_on(command(&arguments.command));
    // A question at the terminal may still wait for its answer; it does not hold the program.
    runtime.shutdown_background();
    exit
}

async fn command(command: &Command) -> Result<Exit, Stop> {
    let tell = command.tell();
    match command {
        Command::Charge(arguments) => charge::charge(tell, arguments).await,
        Command::Balance(arguments) => ask::balance(tell, arguments).await,
        Command::Instruments(arguments) => ask::instruments(tell, arguments).await,
        Command::Resume(arguments) => resume::resume(tell, arguments).await,
        Command::List(arguments) => list::list(tell, arguments),
        Command::Resolve(arguments) => resolve::resolve(tell, arguments).await,
        Command::Listen(arguments) => listen::listen(tell, arguments).await,
        Command::Simulate(arguments) => simulate::simulate(tell, arguments).await,
        Command::Trigger(arguments) => trigger::trigger(tell, arguments).await,
        Command::Logs(arguments) => logs::logs(tell, arguments).await,
        Command::Resend(arguments) => resend::resend(tell, arguments).await,
        Command::StatusCode(arguments) => status_code::explain(tell, arguments),
        Command::Doctor(arguments) => doctor::examine(tell, arguments).await,
    }
}
