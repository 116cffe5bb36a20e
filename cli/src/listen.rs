//! `caas listen`: takes the carrier's notifications until it is ended.

use std::net::{Ipv4Addr, SocketAddr};

use caas_transport_std::{Desk, Filter, Listener, ListenerSettings, PathToken};
use serde_json::json;

use crate::arguments::{Listen, Simulated};
use crate::carrier::Use;
use crate::configuration::Configuration;
use crate::exit::{Exit, Stop};
use crate::interrupt::Signals;
use crate::place::Place;
use crate::tell::Tell;
use crate::{desk, journal};

/// Where notifications are taken if nothing else is said.
const DEFAULT_ADDRESS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 8090);

/// Takes notifications. A charge that another process drives learns of them through the journal; one that is settled is
/// changed here. Nothing is sent to the carrier, so no credentials are needed.
pub async fn listen(tell: Tell, arguments: &Listen) -> Result<Exit, Stop> {
    let payer = Simulated { payer: None, clock: None };
    let Place { carrier, site } = Place::find(&arguments.place, &payer, Use::Read)?;
    let address = arguments.listen.or(site.configuration.listener.address).unwrap_or(DEFAULT_ADDRESS);
    let journal = journal::open(&site.journal, site.simulated)?;
    let known = journal.list(Filter::All).map_err(|error| journal::stop_of(&site.journal, &error))?;
    let desk = desk::for_carrier(&site, carrier, &known, Use::Read, journal)?;
    let mut signals = Signals::take()?;
    let listener = at(&desk, address, &site.configuration, site.simulated).await?;
    introduce(tell, &listener);
    if !tell.json {
        tell.line("Whoever makes this address public adds TLS in front of it. Ctrl-C ends it.");
    }
    signals.next().await;
    listener.shutdown().await;
    Ok(tell.done("stopped", Exit::Done))
}

/// Takes notifications for the desk at an address. The path's token is in the configuration, or made anew for a
/// simulated carrier.
pub async fn at(
    desk: &Desk,
    address: SocketAddr,
    configuration: &Configuration,
    simulated: bool,
) -> Result<Listener, Stop> {
    let mut settings = ListenerSettings::new(token(configuration, simulated)?);
    if let Some(old) = &configuration.listener.old_token {
        settings.route.previous_token = Some(PathToken::new(old.clone()).map_err(Stop::usage)?);
    }
    Listener::bind(address, settings, desk.clone())
        .await
        .map_err(|error| Stop::usage(format!("{address} cannot be listened at: {error}")))
}

/// Says where notifications are taken. The token stays out of the terminal's history, except for a simulator's, which protects nothing.
pub fn introduce(tell: Tell, listener: &Listener) {
    let url = if tell.simulated { listener.url().reveal() } else { format!("{:?}", listener.url()) };
    if tell.json {
        tell.object(&json!({"event": "listening", "url": url}));
        return;
    }
    tell.line(&format!("taking notifications at {url}"));
}

fn token(configuration: &Configuration, simulated: bool) -> Result<PathToken, Stop> {
    let set = || std::env::var("CAAS_LISTENER_TOKEN").ok().filter(|token| !token.is_empty());
    match (configuration.listener.token.clone().or_else(set), simulated) {
        (Some(token), _) => PathToken::new(token).map_err(Stop::usage),
        (None, true) => PathToken::generate().map_err(Stop::broken),
        (None, false) => Err(Stop::usage(
            "CAAS_LISTENER_TOKEN is not set: it is the secret part of the URL that the carrier notifies. Choose at \
             least 16 random characters, set it in the environment or in caas.toml, and give the carrier the URL",
        )),
    }
}
