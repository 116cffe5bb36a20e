//! Where a command works: its carrier, its journal, and whether all of it is simulated.

use std::path::PathBuf;
use std::sync::Arc;

use caas_simulator::{Payer, Simulator};
use caas_transport_std::{Endpoint, HttpClient};

use crate::arguments::{self, Simulated, Where};
use crate::carrier::{Carrier, Use};
use crate::configuration::Configuration;
use crate::desk::http_settings;
use crate::exit::Stop;
use crate::journal;

/// How long the built-in simulator's payer looks at the prompt, by the simulated clock.
const PAYER_DELAY: std::time::Duration = std::time::Duration::from_secs(2);

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
    /// How many times as fast as real time the charge's clock runs.
    pub clock: u32,
}

impl Place {
    /// The place that the arguments, the environment and the configuration name.
    pub fn find(place: &Where, simulated: &Simulated, use_: Use) -> Result<Self, Stop> {
        check(place, simulated)?;
        let configuration = Configuration::read(place.config.as_deref())?;
        let name = place.carrier.clone().or_else(|| configuration.carrier.clone());
        let journal = journal::file(place, &configuration)?;
        let site = Site { configuration, journal, simulator: None, simulated: place.simulate, clock: 1 };
        if place.simulate {
            let name = name.unwrap_or_else(|| "mobitel".to_owned());
            // A carrier of the configuration is simulated by the shipped profile that it is made from.
            let made_from =
                site.configuration.carriers.get(&name).and_then(|carrier| carrier.profile.clone());
            return site.with_simulator(&made_from.unwrap_or(name), place, simulated);
        }
        let name = name.ok_or_else(|| {
            Stop::usage(
                "no carrier is configured: name one with --carrier mobitel, ideamart or dialog and set its credentials \
                 in the environment, write them into caas.toml, or try `--simulate`, which needs nothing",
            )
        })?;
        let mut carrier = Carrier::configured(&site.configuration, &name, use_)?;
        if let Some(endpoint) = &place.endpoint {
            carrier.endpoint.clone_from(endpoint);
        }
        Ok(Place { carrier, site })
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

impl Site {
    fn with_simulator(self, name: &str, place: &Where, simulated: &Simulated) -> Result<Place, Stop> {
        let clock = simulated.clock.unwrap_or(1);
        if let Some(endpoint) = &place.endpoint {
            let carrier = Carrier::simulated(name, endpoint.clone())?;
            return Ok(Place { carrier, site: Site { clock, ..self } });
        }
        let simulator = Arc::new(start_simulator(clock, payer(simulated.payer))?);
        let carrier = Carrier::simulated(name, simulator.url())?;
        Ok(Place { carrier, site: Site { clock, simulator: Some(simulator), ..self } })
    }
}

/// Whether the arguments for the simulated payer and clock have a payer and a clock to act on. A real charge whose caller
/// believes it simulated takes real money.
pub fn check(place: &Where, simulated: &Simulated) -> Result<(), Stop> {
    let given = match (simulated.payer, simulated.clock) {
        (Some(_), _) => "--payer",
        (None, Some(_)) => "--clock",
        (None, None) => return Ok(()),
    };
    if !place.simulate {
        return Err(Stop::usage(format!(
            "{given} is for simulated charges only: add --simulate, or leave it out"
        )));
    }
    if place.endpoint.is_some() && simulated.payer.is_some() {
        return Err(Stop::usage(
            "--payer is the built-in simulator's: with --endpoint, give it to the `caas simulate` that runs there",
        ));
    }
    Ok(())
}

/// What the simulator's payer does: a person at a terminal is asked, a script's payer approves.
pub fn payer(wanted: Option<arguments::Payer>) -> Payer {
    use std::io::IsTerminal;
    match wanted {
        Some(arguments::Payer::Ask) => Payer::Ask,
        Some(arguments::Payer::Approve) => Payer::Approve,
        Some(arguments::Payer::Decline) => Payer::Decline,
        Some(arguments::Payer::Ignore) => Payer::Ignore,
        None if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() => Payer::Ask,
        None => Payer::Approve,
    }
}

fn start_simulator(clock: u32, payer: Payer) -> Result<Simulator, Stop> {
    Simulator::builder()
        .clock_rate(clock)
        .payer(payer)
        .payer_delay(PAYER_DELAY)
        .start()
        .map_err(|error| Stop::broken(format!("the simulator cannot start: {error}")))
}
