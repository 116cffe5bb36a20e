//! Where a command works: its carrier, its journal, and whether all of it is simulated.

use std::path::PathBuf;
use std::sync::Arc;

use caas_simulator::{Payer, Simulator};
use caas_transport_std::{Endpoint, HttpClient, HttpSettings};

use crate::arguments::{self, Simulated, Where};
use crate::carrier::Carrier;
use crate::configuration::Configuration;
use crate::desk::http_settings;
use crate::exit::Stop;

/// Where a command works.
pub struct Place {
    /// The carrier.
    pub carrier: Carrier,
    /// Everything else.
    pub site: Site,
}

/// What surrounds the carrier.
pub struct Site {
    /// What the configuration file says.
    pub configuration: Configuration,
    /// The journal's file.
    pub journal: PathBuf,
    /// The built-in simulator, if this is simulated and no other one is named.
    pub simulator: Option<Arc<Simulator>>,
    /// Whether payer and carrier are simulated.
    pub simulated: bool,
}

impl Place {
    /// The place that the arguments, the environment and the configuration name.
    pub fn find(place: &Where, simulated: Option<&Simulated>) -> Result<Self, Stop> {
        let configuration = Configuration::read(place.config.as_deref())?;
        let name = place.carrier.clone().or_else(|| configuration.carrier.clone());
        let journal = journal_file(place, &configuration);
        if place.simulate {
            return Place::simulated(
                configuration,
                name.as_deref().unwrap_or("mobitel"),
                place,
                journal,
                simulated,
            );
        }
        let name = name.ok_or_else(|| {
            Stop::usage(
                "no carrier is configured: name one with --carrier mobitel, ideamart or dialog and set its credentials \
                 in the environment, write them into caas.toml, or try `--simulate`, which needs nothing",
            )
        })?;
        let mut carrier = Carrier::configured(&configuration, &name)?;
        if let Some(endpoint) = &place.endpoint {
            carrier.endpoint.clone_from(endpoint);
        }
        Ok(Place { carrier, site: Site { configuration, journal, simulator: None, simulated: false } })
    }

    fn simulated(
        configuration: Configuration,
        name: &str,
        place: &Where,
        journal: PathBuf,
        simulated: Option<&Simulated>,
    ) -> Result<Self, Stop> {
        let simulator = match &place.endpoint {
            Some(_) => None,
            None => Some(Arc::new(start_simulator(simulated)?)),
        };
        let running = simulator.as_ref().map(|simulator| simulator.url());
        let endpoint = place.endpoint.clone().or(running).unwrap_or_default();
        if !is_loopback(&endpoint) {
            return Err(Stop::usage(format!(
                "--simulate goes to a simulator on this machine only, and {endpoint} is not: leave one of them out"
            )));
        }
        let carrier = Carrier::simulated(name, endpoint)?;
        Ok(Place { carrier, site: Site { configuration, journal, simulator, simulated: true } })
    }

    /// An HTTP client for this place.
    pub fn http_client(&self) -> Result<HttpClient, Stop> {
        HttpClient::new(http_settings([&self.carrier])?).map_err(Stop::usage)
    }

    /// The carrier's base URL, checked.
    pub fn endpoint(&self) -> Result<Endpoint, Stop> {
        self.carrier.endpoint.parse().map_err(Stop::usage)
    }
}

/// The simulated charges have a journal of their own: nothing simulated ever stands beside real money.
pub fn journal_file(place: &Where, configuration: &Configuration) -> PathBuf {
    let name = if place.simulate { "simulated.sqlite" } else { "journal.sqlite" };
    if let Some(file) = &place.journal {
        return file.clone();
    }
    match (&configuration.journal, place.simulate) {
        (Some(file), false) => file.clone(),
        _ => state_folder().join(name),
    }
}

fn state_folder() -> PathBuf {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/state"));
    let base = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).or_else(home);
    base.unwrap_or_else(|| PathBuf::from(".")).join("caas")
}

fn start_simulator(simulated: Option<&Simulated>) -> Result<Simulator, Stop> {
    let clock = simulated.map_or(1, |simulated| simulated.clock);
    Simulator::builder()
        .clock_rate(clock)
        .payer(payer(simulated.and_then(|simulated| simulated.payer)))
        .payer_delay(std::time::Duration::from_secs(2))
        .start()
        .map_err(|error| Stop::broken(format!("the simulator cannot start: {error}")))
}

/// What the simulator's payer does: a person at a terminal is asked, a script's payer approves.
pub fn payer(wanted: Option<arguments::Payer>) -> Payer {
    use std::io::IsTerminal;
    match wanted {
        Some(arguments::Payer::Approve) => Payer::Approve,
        Some(arguments::Payer::Decline) => Payer::Decline,
        Some(arguments::Payer::Ignore) => Payer::Ignore,
        None if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() => Payer::Ask,
        None => Payer::Approve,
    }
}

/// Without TLS, an endpoint is only allowed on this machine, where the simulator is.
fn is_loopback(endpoint: &str) -> bool {
    let Ok(client) = HttpClient::new(HttpSettings::default()) else { return false };
    endpoint.parse().is_ok_and(|parsed: Endpoint| {
        endpoint.starts_with("http://") && client.check_endpoint(&parsed).is_ok()
    })
}
