//! `caas listen`: takes the carrier's notifications until it is ended.

use std::net::{Ipv4Addr, SocketAddr};

use caas_transport_std::{Desk, Filter, Listener, ListenerSettings, PathToken, Relay};
use serde_json::json;

use crate::arguments::{Listen, Simulated};
use crate::carrier::Use;
use crate::configuration::Configuration;
use crate::exit::{Exit, Stop};
use crate::interrupt::Signals;
use crate::place::Place;
use crate::relay::Relaying;
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
    let relaying = Relaying::open(arguments, &site.configuration, site.simulated)?;
    let mut signals = Signals::take()?;
    // The terminals first: nothing is taken for them that they cannot pull.
    let server = match &relaying {
        Some(relaying) => Some(relaying.serve().await?),
        None => None,
    };
    let relay = relaying.as_ref().map(|relaying| &relaying.relay);
    let listener = at(&desk, relay, address, &site.configuration, site.simulated).await?;
    introduce(tell, &listener);
    if let (Some(relaying), Some(server)) = (&relaying, &server) {
        relaying.introduce(tell, server)?;
    }
    if !tell.json {
        tell.line("Whoever makes this address public adds TLS in front of it. Ctrl-C ends it.");
    }
    signals.next().await;
    listener.shutdown().await;
    if let Some(server) = server {
        server.shutdown().await;
    }
    Ok(tell.done("stopped", Exit::Done))
}

/// Takes notifications for the desk at an address, and for a relay's terminals before it. The path's token is in the
/// configuration, or made anew for a simulated carrier.
pub async fn at(
    desk: &Desk,
    relay: Option<&Relay>,
    address: SocketAddr,
    configuration: &Configuration,
    simulated: bool,
) -> Result<Listener, Stop> {
    let mut settings = ListenerSettings::new(token(configuration, simulated)?);
    if let Some(old) = &configuration.listener.old_token {
        settings.route.previous_token = Some(PathToken::new(old.clone()).map_err(Stop::usage)?);
    }
    let bound = match relay {
        Some(relay) => Listener::bind(address, settings, relay.in_front_of(desk.clone())).await,
        None => Listener::bind(address, settings, desk.clone()).await,
    };
    bound.map_err(|error| Stop::usage(format!("{address} cannot be listened at: {error}")))
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

/// What may report payments here, as far as somebody set it.
pub fn secrets(configuration: &Configuration) -> impl Iterator<Item = String> {
    set_token(configuration).into_iter().chain(configuration.listener.old_token.clone())
}

fn set_token(configuration: &Configuration) -> Option<String> {
    let variable = || std::env::var("CAAS_LISTENER_TOKEN").ok().filter(|token| !token.is_empty());
    configuration.listener.token.clone().or_else(variable)
}

fn token(configuration: &Configuration, simulated: bool) -> Result<PathToken, Stop> {
    match (set_token(configuration), simulated) {
        (Some(token), _) => PathToken::new(token).map_err(Stop::usage),
        (None, true) => PathToken::generate().map_err(Stop::broken),
        (None, false) => Err(Stop::usage(
            "CAAS_LISTENER_TOKEN is not set: it is the secret part of the URL that the carrier notifies. Choose at \
             least 16 random characters, set it in the environment or in caas.toml, and give the carrier the URL",
        )),
    }
}
