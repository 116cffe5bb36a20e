//! What a terminal is answered, with any HTTP server.

use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::Relay;
use super::question::{Question, acknowledgement, pull, split_target};
use super::store::{Said, Telling};
use super::terminal::Registered;
use crate::listener::RouteAnswer;

/// The longest that a pull may wait for a notification: half of the 60 s that a client waits for a first byte, and less
/// than what proxies in between allow an idle connection.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// How often a waiting pull looks for what another process has kept.
const RECHECK: Duration = Duration::from_secs(2);

impl Relay {
    /// Answers one request. `target` is the path with its query, `authorization` the value of that header, if there is
    /// exactly one. All failures are answers.
    ///
    /// | status | when |
    /// |---|---|
    /// | 200 | a notification: a line with number and proof, then its bytes |
    /// | 204 | none waits; or what was acknowledged is durable |
    /// | 400 | the query is not one of those above |
    /// | 401 | unknown terminal, missing or wrong token; nothing tells them apart |
    /// | 404 | another path |
    /// | 405 | neither GET nor POST |
    /// | 409 | what is acknowledged was never told to this terminal |
    /// | 429 | too many of this terminal's requests per second |
    /// | 503 | the file cannot be read or written now; nothing changed |
    ///
    /// # Dropping the future
    /// A pull changes nothing. An acknowledgement may become durable or not; the terminal repeats it.
    pub async fn answer(&self, method: &str, target: &str, authorization: Option<&str>) -> RouteAnswer {
        let Some((terminal, query)) = split_target(target) else {
            return text(404, "not found");
        };
        let token = authorization.and_then(bearer).unwrap_or_default();
        let Some(terminal) = self.inner.terminals.authenticated(terminal, token.as_bytes()) else {
            return with(text(401, "who are you"), "www-authenticate", "Bearer");
        };
        if !terminal.rate.admits(Instant::now()) {
            return with(text(429, "too many requests"), "retry-after", "1");
        }
        let question = match method {
            "GET" => pull(query),
            "POST" => acknowledgement(query),
            _ => return with(text(405, "use GET or POST"), "allow", "GET, POST"),
        };
        match question {
            None => text(400, "the query is not understood"),
            Some(Question::Next { after, wait }) => self.tell(&terminal, after, wait).await,
            Some(Question::Acknowledge { number, proof, said }) => {
                self.acknowledge(&terminal, number, proof, said).await
            }
        }
    }

    async fn tell(&self, terminal: &Registered, after: u32, wait: Duration) -> RouteAnswer {
        let until = tokio::time::Instant::now() + wait;
        let mut ends = if wait.is_zero() { None } else { Some(terminal.poll_ends()) };
        loop {
            let mut arrived = pin!(terminal.arrived.notified());
            // What becomes durable after this line is not missed.
            arrived.as_mut().enable();
            let name = terminal.name.clone();
            match self.on_disk(move |store| store.next(&name, after)).await {
                Ok(Some(telling)) => return told(&telling),
                Ok(None) => {}
                Err(_) => return later(),
            }
            let left = until.saturating_duration_since(tokio::time::Instant::now());
            let Some(ends) = ends.as_mut().filter(|_| !left.is_zero()) else {
                return nothing();
            };
            tokio::select! {
                () = arrived => {}
                () = sleep(left.min(RECHECK)) => {}
                _ = ends => return nothing(),
            }
        }
    }

    async fn acknowledge(&self, terminal: &Registered, number: u32, proof: u32, said: Said) -> RouteAnswer {
        let name = terminal.name.clone();
        match self.on_disk(move |store| store.acknowledge(&name, number, proof, said)).await {
            Ok(true) => nothing(),
            Ok(false) => text(409, "this was never told"),
            Err(_) => later(),
        }
    }
}

/// The token of `Bearer …`.
fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

fn told(telling: &Telling) -> RouteAnswer {
    let mut body = format!("{}-{:08x}\n", telling.number, telling.proof).into_bytes();
    body.extend_from_slice(&telling.body);
    let headers = vec![("content-type", "application/octet-stream".to_owned())];
    with(RouteAnswer { status: 200, headers, body }, "cache-control", "no-store")
}

fn nothing() -> RouteAnswer {
    RouteAnswer { status: 204, headers: Vec::new(), body: Vec::new() }
}

fn later() -> RouteAnswer {
    with(text(503, "not now, ask again"), "retry-after", "5")
}

fn text(status: u16, text: &str) -> RouteAnswer {
    let headers = vec![("content-type", "text/plain".to_owned())];
    RouteAnswer { status, headers, body: text.as_bytes().to_vec() }
}

fn with(mut answer: RouteAnswer, name: &'static str, value: &str) -> RouteAnswer {
    answer.headers.push((name, value.to_owned()));
    answer
}
