//! Carrier billing from the command line. `caas --help` says what there is.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

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
mod list;
mod listen;
mod phone;
mod place;
mod resolve;
mod resume;
mod simulate;
mod status_code;
mod tell;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use exit::{Exit, Stop};

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Done.into() };
        }
    };
    match run(&arguments) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            if !stop.message.is_empty() {
                eprintln!("caas: {}", stop.message);
            }
            stop.exit.into()
        }
    }
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
    match command {
        Command::Charge(arguments) => charge::charge(arguments).await,
        Command::Balance(arguments) => ask::balance(arguments).await,
        Command::Instruments(arguments) => ask::instruments(arguments).await,
        Command::Resume(arguments) => resume::resume(arguments).await,
        Command::List(arguments) => list::list(arguments),
        Command::Resolve(arguments) => resolve::resolve(arguments).await,
        Command::Listen(arguments) => listen::listen(arguments).await,
        Command::Simulate(arguments) => simulate::simulate(arguments).await,
        Command::StatusCode(arguments) => status_code::explain(arguments),
        Command::Doctor(arguments) => doctor::examine(arguments).await,
    }
}
