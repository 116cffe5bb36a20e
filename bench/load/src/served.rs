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

    pub fn memory(&self) -> Memory {
        Memory { process: self.process.id() }
    }
}

/// The memory of a server.
#[derive(Clone, Copy)]
pub struct Memory {
    process: u32,
}

impl Memory {
    /// As the system counts it (VmRSS), in kilobytes; none where there is no `/proc`.
    pub fn resident(self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.trim().trim_end_matches("kB").trim().parse().ok()
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
