//! The command line.

use crate::{Failure, server};

pub const HELP: &str = "caas-bench-load [--debits N] [--connections N] [--at HOST:PORT]

  --debits N       how many; 1000000
  --connections N  kept alive, one request at a time on each; 64
  --at HOST:PORT   a simulator that runs already, instead of one of our own; its memory is not shown";

pub enum Arguments {
    Help,
    Measure {
        at: Option<String>,
        debits: u64,
        connections: usize,
    },
    /// This process is the one under load.
    ServeSimulator,
    ServeFixedAnswer,
}

impl Arguments {
    pub fn read(mut words: impl Iterator<Item = String>) -> Result<Arguments, Failure> {
        let (mut at, mut debits, mut connections) = (None, 1_000_000, 64);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} wants a value; see --help"));
            match word.as_str() {
                server::SIMULATOR => return Ok(Arguments::ServeSimulator),
                server::FIXED_ANSWER => return Ok(Arguments::ServeFixedAnswer),
                "--help" | "-h" => return Ok(Arguments::Help),
                "--at" => at = Some(value()?.trim_start_matches("http://").trim_end_matches('/').to_owned()),
                "--debits" => debits = value()?.parse()?,
                "--connections" => connections = value()?.parse()?,
                other => return Err(format!("{other} is not known; see --help").into()),
            }
        }
        Ok(Arguments::Measure { at, debits, connections })
    }
}
