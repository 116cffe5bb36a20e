//! A server of ours in a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Failure;

pub struct Served {
    /// `HOST:PORT`.
    pub address: String,
    process: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Served {
    /// Starts this program as the server that `what` names.
    pub fn start(what: &str) -> Result<Served, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .arg(what)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let questions = process.stdin.take().ok_or("the server has no input")?;
        let mut answers = BufReader::new(process.stdout.take().ok_or("the server has no output")?);
        let address = line(&mut answers)?;
        Ok(Served { address, process, questions, answers })
    }

    pub fn ask(&mut self, question: &str) -> Result<String, Failure> {
        writeln!(self.questions, "{question}")?;
        line(&mut self.answers)
    }

    pub fn usage(&self) -> Usage {
        Usage { process: self.process.id() }
    }
}

/// What a process needs of the machine, as Linux tells it; elsewhere nothing is known.
#[derive(Clone, Copy)]
pub struct Usage {
    process: u32,
}

impl Usage {
    pub fn of_this_process() -> Usage {
        Usage { process: std::process::id() }
    }

    /// Its memory (VmRSS), in kilobytes.
    pub fn resident(self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
    }

    /// The processor time that it has had, in seconds, to a hundredth: it does not grow while others have the processor.
    pub fn processor(self) -> Option<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process)).ok()?;
        // The name, in parentheses, may hold anything; utime and stime are the 12th and 13th behind it (proc(5)).
        let (_, fields) = stat.rsplit_once(')')?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>);
        Some(ticks.sum::<Result<u32, _>>().ok()? as f64 / 100.0)
    }
}

fn line(answers: &mut impl BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    if answers.read_line(&mut line)? == 0 {
        return Err("the server ended".into());
    }
    Ok(line.trim().to_owned())
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
