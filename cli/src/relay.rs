//! The relay of `caas listen`: terminals that no carrier can reach pull their notifications from it.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use caas_transport_std::{
    PathToken, Relay, RelayError, RelayServer, RelayServerSettings, RelayTerminal, Waiting,
};
use serde_json::json;

use crate::arguments::Listen;
use crate::configuration::{Configuration, Terminal};
use crate::exit::{Exit, Stop};
use crate::tell::Tell;
use crate::{listen, state_folder};

/// Where terminals pull if nothing else is said.
const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8091);

/// A relay that knows its terminals.
pub struct Relaying {
    /// What stands in front of the desk.
    pub relay: Relay,
    address: SocketAddr,
    file: PathBuf,
    terminals: Vec<Named>,
}

/// A terminal that is served.
struct Named {
    name: String,
    /// Its token, where it was made here and somebody must be told.
    made: Option<String>,
}

impl Relaying {
    /// The relay that the arguments and the configuration name, with its terminals registered; `None` where they name none.
    /// Whoever names a terminal has a relay: without it the notifications of that terminal would be acknowledged, and it
    /// would never be told.
    pub fn open(
        arguments: &Listen,
        configuration: &Configuration,
        simulated: bool,
    ) -> Result<Option<Self>, Stop> {
        let given = &configuration.relay;
        let terminals = named(configuration, &arguments.terminal)?;
        let address = arguments.relay.or(given.address);
        if terminals.is_empty() {
            return match address {
                None => Ok(None),
                Some(_) => Err(Stop::usage(
                    "the relay has no terminal: name each with --terminal, or in caas.toml as relay.terminals.NAME",
                )),
            };
        }
        let file = file(configuration, simulated);
        let relay = open(&file)?;
        let mut taken: BTreeSet<String> = listen::secrets(configuration).collect();
        let mut served = Vec::new();
        for (name, terminal) in terminals {
            let (terminal, made) = identified(&name, terminal, simulated)?;
            let tokens = [Some(&terminal.token), terminal.previous_token.as_ref()];
            if !tokens.into_iter().flatten().all(|token| taken.insert(token.reveal().to_owned())) {
                return Err(Stop::usage(format!(
                    "the token of terminal {name} is another's as well: whoever has it could pull, or report, what is not \
                     theirs. Give the listener and each terminal a token of its own"
                )));
            }
            relay.register(terminal).map_err(|error| refused(&name, &error))?;
            served.push(Named { name, made });
        }
        let address = address.unwrap_or(DEFAULT_ADDRESS);
        Ok(Some(Relaying { relay, address, file, terminals: served }))
    }

    /// Lets the terminals pull.
    pub async fn serve(&self) -> Result<RelayServer, Stop> {
        RelayServer::bind(self.address, RelayServerSettings::default(), self.relay.clone())
            .await
            .map_err(|error| stop_of(&self.file, &error))
    }

    /// Says where each terminal pulls and what waits for it, and names those that something waits for although nobody
    /// serves them. A token is told only where it was made here, for a simulated carrier.
    pub fn introduce(&self, tell: Tell, server: &RelayServer) -> Result<(), Stop> {
        let mut waiting = self.relay.waiting().map_err(|error| stop_of(&self.file, &error))?;
        for terminal in &self.terminals {
            let place = waiting.iter().position(|one| one.terminal.eq_ignore_ascii_case(&terminal.name));
            let found = place.map(|place| waiting.swap_remove(place));
            terminal.introduce(tell, server.local_addr(), found.as_ref());
        }
        for left in waiting {
            tell.note(&format!(
                "terminal {} is not served, and {} notifications are kept for it: name it again",
                left.terminal,
                left.waiting + left.set_aside
            ));
        }
        Ok(())
    }
}

impl Named {
    fn introduce(&self, tell: Tell, at: SocketAddr, waiting: Option<&Waiting>) {
        let Named { name, made } = self;
        let url = format!("http://{at}/relay/{name}");
        let (waits, aside) = waiting.map_or((0, 0), |one| (one.waiting, one.set_aside));
        let overdue = waiting.is_some_and(Waiting::is_overdue);
        if tell.json {
            let mut line = json!({
                "event": "relaying", "terminal": name, "url": url, "waiting": waits, "setAside": aside,
                "overdue": overdue,
            });
            if let Some(token) = made {
                line["token"] = json!(token);
            }
            tell.object(&line);
            return;
        }
        let token = made.as_ref().map_or_else(String::new, |token| format!(" with Bearer {token}"));
        let late = if overdue { ", some for more than a day" } else { "" };
        tell.line(&format!("terminal {name} pulls at {url}{token}: {waits} wait{late}, {aside} set aside"));
    }
}

/// The relay of a command that takes notifications and serves no terminal: what is a terminal's is kept for `caas listen`
/// to tell. `None` where the configuration has no terminals.
pub fn keeper(configuration: &Configuration, simulated: bool) -> Result<Option<Relay>, Stop> {
    let terminals = named(configuration, &[])?;
    if terminals.is_empty() {
        return Ok(None);
    }
    let relay = open(&file(configuration, simulated))?;
    for (name, terminal) in terminals {
        // Nobody pulls here, so a token that nobody knows will do.
        let own = limited(&name, terminal, PathToken::generate().map_err(Stop::broken)?);
        relay.register(own).map_err(|error| refused(&name, &error))?;
    }
    Ok(Some(relay))
}

/// The terminals of the configuration and of the arguments, each once.
fn named<'c>(
    configuration: &'c Configuration,
    typed: &[String],
) -> Result<Vec<(String, Option<&'c Terminal>)>, Stop> {
    let mut terminals: Vec<(String, Option<&Terminal>)> = Vec::new();
    let configured = configuration.relay.terminals.iter().map(|(name, terminal)| (name, Some(terminal)));
    for (name, terminal) in configured.chain(typed.iter().map(|name| (name, None))) {
        if configuration.id_prefix.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(name)) {
            return Err(Stop::usage(format!(
                "terminal {name} has this machine's own id_prefix: the notifications of this machine's charges would go to \
                 that terminal. Give one of them another prefix"
            )));
        }
        let before = terminals.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        if before && terminal.is_some() {
            return Err(Stop::usage(format!("relay.terminals has {name} twice: case makes no difference")));
        }
        if !before {
            terminals.push((name.clone(), terminal));
        }
    }
    Ok(terminals)
}

/// A terminal with its token: the file's, the environment's, or for a simulated carrier one that is made anew, which is
/// returned beside it.
fn identified(
    name: &str,
    given: Option<&Terminal>,
    simulated: bool,
) -> Result<(RelayTerminal, Option<String>), Stop> {
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(refused(name, &RelayError::Name));
    }
    let variable = format!("CAAS_RELAY_TOKEN_{}", name.to_ascii_uppercase());
    let set = || std::env::var(&variable).ok().filter(|token| !token.is_empty());
    let token = match given.and_then(|given| given.token.clone()).or_else(set) {
        Some(token) => checked(name, token)?,
        None if simulated => {
            let token = PathToken::generate().map_err(Stop::broken)?;
            let made = token.reveal().to_owned();
            return Ok((limited(name, given, token), Some(made)));
        }
        None => {
            return Err(Stop::usage(format!(
                "{variable} is not set: it is the token that terminal {name} pulls with. Choose at least 16 random \
                 characters, set it in the environment or in caas.toml as relay.terminals.{name}.token, and give it to the \
                 terminal"
            )));
        }
    };
    let mut terminal = limited(name, given, token);
    if let Some(old) = given.and_then(|given| given.old_token.clone()) {
        terminal.previous_token = Some(checked(name, old)?);
    }
    Ok((terminal, None))
}

fn limited(name: &str, given: Option<&Terminal>, token: PathToken) -> RelayTerminal {
    let mut terminal = RelayTerminal::new(name, token);
    if let Some(largest) = given.and_then(|given| given.largest_bytes) {
        terminal.largest_bytes = largest.into();
    }
    terminal
}

fn checked(name: &str, token: String) -> Result<PathToken, Stop> {
    PathToken::new(token).map_err(|error| Stop::usage(format!("terminal {name}: {error}")))
}

fn refused(name: &str, error: &RelayError) -> Stop {
    Stop::usage(format!("terminal {name}: {error}"))
}

/// Simulated notifications have a file of their own, as simulated charges have a journal.
fn file(configuration: &Configuration, simulated: bool) -> PathBuf {
    if simulated {
        return state_folder::file("simulated-relay.sqlite");
    }
    configuration.relay.file.clone().unwrap_or_else(|| state_folder::file("relay.sqlite"))
}

fn open(file: &Path) -> Result<Relay, Stop> {
    state_folder::make_for(file, "Name another file as relay.file in caas.toml")?;
    Relay::open(file).map_err(|error| stop_of(file, &error))
}

fn stop_of(file: &Path, error: &RelayError) -> Stop {
    match error {
        RelayError::Bind { .. } => Stop::usage(error),
        RelayError::NotARelay | RelayError::NewerVersion { .. } => {
            Stop::usage(format!("{}: {error}", file.display()))
        }
        _ => Stop { exit: Exit::Broken, message: format!("{}: {error}", file.display()) },
    }
}
