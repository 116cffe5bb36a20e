//! A running simulator, as the commands talk to it: its API under `/sim/`, one request on a connection.

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Duration, timeout};

use crate::exit::Stop;

/// Where `caas simulate` listens by itself.
pub const DEFAULT: &str = "http://127.0.0.1:7000";

/// More than any answer of the simulator takes: its log with the largest bodies.
const LARGEST_ANSWER: u64 = 128 * 1024 * 1024;
/// A simulator on this machine answers in milliseconds; one that runs a scenario is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// The address of a simulator.
pub struct SimulatorApi {
    authority: String,
}

/// The simulator's live events. They end when it does.
pub struct Events(BufReader<TcpStream>);

impl SimulatorApi {
    /// The simulator at an `http://` address.
    pub fn at(url: &str) -> Result<Self, Stop> {
        let wrong =
            |why: &str| Stop::usage(format!("{url} is no address of a simulator: {why}, such as {DEFAULT}"));
        let rest = url.strip_prefix("http://").ok_or_else(|| wrong("it starts with http://"))?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let plain = |c: char| c.is_ascii_alphanumeric() || "[]:.-_".contains(c);
        if authority.is_empty() || !authority.chars().all(plain) {
            return Err(wrong("it is a host and a port"));
        }
        let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        Ok(SimulatorApi {
            authority: if has_port { authority.to_owned() } else { format!("{authority}:80") },
        })
    }

    /// Asks. Dropped, it closes the connection.
    pub async fn get(&self, path: &str) -> Result<Value, Stop> {
        self.call("GET", path, &Value::Null).await
    }

    /// Does something. Dropped, it closes the connection; the simulator may have done it.
    pub async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, Stop> {
        let exchange = async {
            let mut stream = self.send(method, path, body).await?;
            let status = self.status(&mut stream).await?;
            let mut answer = Vec::new();
            let read = stream.take(LARGEST_ANSWER).read_to_end(&mut answer).await;
            read.map_err(|error| self.silent(error))?;
            Ok((status, answer))
        };
        let exchange: Result<(u16, Vec<u8>), Stop> =
            timeout(PATIENCE, exchange).await.unwrap_or_else(|_| Err(self.silent("no answer in 30 s")));
        let (status, answer) = exchange?;
        let answer: Value = serde_json::from_slice(&answer).map_err(|_| self.stranger())?;
        match (status, answer["error"].as_str()) {
            (200, _) => Ok(answer),
            (_, Some(why)) => Err(Stop::usage(format!("the simulator refuses: {why}"))),
            _ => Err(self.stranger()),
        }
    }

    /// Listens to what happens from now on.
    pub async fn events(&self) -> Result<Events, Stop> {
        let mut stream = self.send("GET", "/sim/events", &Value::Null).await?;
        let status = timeout(PATIENCE, self.status(&mut stream)).await;
        match status.unwrap_or_else(|_| Err(self.silent("no answer in 30 s")))? {
            200 => Ok(Events(stream)),
            _ => Err(self.stranger()),
        }
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Result<BufReader<TcpStream>, Stop> {
        let mut stream = TcpStream::connect(&self.authority).await.map_err(|error| self.silent(error))?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        // HTTP/1.0: the answer ends where the connection does, and has no chunks.
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.authority,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.map_err(|error| self.silent(error))?;
        Ok(BufReader::new(stream))
    }

    /// Reads the head of an answer; its status.
    async fn status(&self, stream: &mut BufReader<TcpStream>) -> Result<u16, Stop> {
        /// Longer than any head of the simulator's.
        const LARGEST_HEAD: u64 = 64 * 1024;
        let mut head = stream.take(LARGEST_HEAD);
        let (mut line, mut status) = (Vec::new(), None);
        loop {
            line.clear();
            let read = head.read_until(b'\n', &mut line).await.map_err(|error| self.silent(error))?;
            if read == 0 {
                return Err(self.stranger());
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            if text.is_empty() {
                return status.ok_or_else(|| self.stranger());
            }
            if status.is_none() {
                let code = text.strip_prefix("HTTP/1.").and_then(|rest| rest.split(' ').nth(1)?.parse().ok());
                status = Some(code.ok_or_else(|| self.stranger())?);
            }
        }
    }

    fn silent(&self, why: impl std::fmt::Display) -> Stop {
        Stop::usage(format!(
            "no simulator answers at http://{} ({why}): start one with `caas simulate`, or name its address with --at",
            self.authority
        ))
    }

    fn stranger(&self) -> Stop {
        Stop::usage(format!(
            "something answers at http://{}, and it is no caas simulator: name its address with --at",
            self.authority
        ))
    }
}

impl Events {
    /// The next one; none when the simulator ended. Dropped, it loses the part of a line that it had read.
    pub async fn next(&mut self) -> Option<Value> {
        let mut line = String::new();
        loop {
            line.clear();
            if self.0.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            if let Some(event) = line.strip_prefix("data: ").and_then(|text| serde_json::from_str(text).ok())
            {
                return Some(event);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_and_without_a_port_are_taken_and_others_refused() {
        let authority = |url| SimulatorApi::at(url).map(|api| api.authority).ok();
        assert_eq!(authority("http://127.0.0.1:7000").as_deref(), Some("127.0.0.1:7000"));
        assert_eq!(authority("http://localhost/").as_deref(), Some("localhost:80"));
        assert_eq!(authority("http://[::1]:7000").as_deref(), Some("[::1]:7000"));
        for wrong in [
            "",
            "127.0.0.1:7000",
            "https://127.0.0.1:7000",
            "http://",
            "http://a/b",
            "http://u:p@h",
            "http://a b",
        ] {
            assert!(SimulatorApi::at(wrong).is_err(), "{wrong}");
        }
    }
}
