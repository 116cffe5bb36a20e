//! The desk of a command: the journal, the carriers, the caps.

use std::collections::BTreeSet;
use std::path::Path;

use caas_core::charge::AtBoot;
use caas_core::money::Amount;
use caas_transport_std::{
    Caps, CarrierAccess, ClockRate, Desk, DeskError, DeskSettings, Filter, HttpSettings, Journal,
    JournalError, Listener, ListenerSettings, PathToken, Plaintext, Roots,
};

use crate::arguments::Where;
use crate::carrier::Carrier;
use crate::configuration::Configuration;
use crate::exit::{Exit, Stop};
use crate::place::Site;

/// Opens the journal, and makes its folder where that is missing.
pub fn open_journal(file: &Path) -> Result<Journal, Stop> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|error| {
            Stop::broken(format!("{}: {error}. Name another file with --journal", folder.display()))
        })?;
    }
    Journal::open(file).map_err(|error| stop_of_journal(file, &error))
}

/// A desk for new charges at a carrier.
pub fn for_charges(site: &Site, carrier: Carrier, clock: u32) -> Result<Desk, Stop> {
    let http = http_settings([&carrier])?;
    let carriers = vec![access(carrier, site.simulated)?];
    open(open_journal(&site.journal)?, carriers, http, &site.configuration, clock, AtBoot::RefundDue)
}

/// A desk for what the journal holds: each charge with the profile and the endpoint of its record.
pub fn for_journal(
    place: &Where,
    journal: Journal,
    filter: Filter,
    clock: u32,
    at_boot: AtBoot,
) -> Result<Desk, Stop> {
    let configuration = Configuration::read(place.config.as_deref())?;
    let rows = journal.list(filter).map_err(|error| stop_of_journal(journal.path(), &error))?;
    let named: BTreeSet<_> = rows.iter().map(|row| (&*row.profile, &*row.endpoint, row.simulated)).collect();
    let mut carriers = Vec::new();
    for (profile, endpoint, simulated) in named {
        let carrier = match simulated {
            true => Carrier::simulated(profile, endpoint.to_owned())?,
            false => {
                Carrier { endpoint: endpoint.to_owned(), ..Carrier::configured(&configuration, profile)? }
            }
        };
        carriers.push((carrier, simulated));
    }
    let http = http_settings(carriers.iter().map(|(carrier, _)| carrier))?;
    let carriers: Result<Vec<_>, Stop> =
        carriers.into_iter().map(|(carrier, simulated)| access(carrier, simulated)).collect();
    open(journal, carriers?, http, &configuration, clock, at_boot)
}

/// Takes notifications for the desk at an address. The path's token is in the configuration, or made anew for a
/// simulated carrier.
pub async fn listen(
    desk: &Desk,
    address: std::net::SocketAddr,
    configuration: &Configuration,
    simulated: bool,
) -> Result<Listener, Stop> {
    let given = configuration.listener.token.clone().or_else(|| std::env::var("CAAS_LISTENER_TOKEN").ok());
    let token = match (given, simulated) {
        (Some(token), _) => PathToken::new(token).map_err(Stop::usage)?,
        (None, true) => PathToken::generate().map_err(Stop::broken)?,
        (None, false) => {
            return Err(Stop::usage(
                "CAAS_LISTENER_TOKEN is not set: it is the secret part of the URL that the carrier notifies. Choose at \
                 least 16 random characters, set it in the environment or in caas.toml, and give the carrier the URL",
            ));
        }
    };
    let mut settings = ListenerSettings::new(token);
    if let Some(old) = &configuration.listener.old_token {
        settings.route.previous_token = Some(PathToken::new(old.clone()).map_err(Stop::usage)?);
    }
    Listener::bind(address, settings, desk.clone())
        .await
        .map_err(|error| Stop::usage(format!("{address} cannot be listened at: {error}")))
}

/// How a desk's refusal ends a command.
pub fn stop_of(error: &DeskError) -> Stop {
    let exit = match error {
        DeskError::Journal(_) | DeskError::Record(_) | DeskError::OpenRefused | DeskError::Stopped => {
            Exit::Broken
        }
        // The charge has another owner, or lost this one: only the journal knows how it ends.
        DeskError::DrivenElsewhere | DeskError::LeaseLost => Exit::InDoubt,
        _ => Exit::Usage,
    };
    Stop { exit, message: error.to_string() }
}

fn open(
    journal: Journal,
    carriers: Vec<CarrierAccess>,
    http: HttpSettings,
    configuration: &Configuration,
    clock: u32,
    at_boot: AtBoot,
) -> Result<Desk, Stop> {
    let Some(first) = carriers.first() else { return Err(Stop { exit: Exit::Done, message: String::new() }) };
    let mut settings = DeskSettings::new(journal, first.clone());
    settings.carriers = carriers;
    settings.http = http;
    settings.at_boot = at_boot;
    settings.prefix.clone_from(&configuration.id_prefix);
    settings.caps = caps(configuration)?;
    settings.clock_rate = ClockRate::times(clock);
    Desk::open(settings).map_err(|error| stop_of(&error))
}

fn access(carrier: Carrier, simulated: bool) -> Result<CarrierAccess, Stop> {
    let access =
        CarrierAccess::new(carrier.profile, carrier.credentials, &carrier.endpoint).map_err(Stop::usage)?;
    Ok(access.mark_simulated(simulated))
}

fn caps(configuration: &Configuration) -> Result<Caps, Stop> {
    let amount = |name: &str, text: &Option<String>| {
        let read = text.as_deref().map(Amount::parse).transpose();
        read.map_err(|error| Stop::usage(format!("caps.{name}: {error}")))
    };
    let given = &configuration.caps;
    Ok(Caps {
        amount: amount("amount", &given.amount)?,
        charges_per_hour: given.charges_per_hour.map(u32::from),
        sum_per_hour: amount("sum_per_hour", &given.sum_per_hour)?,
    })
}

/// One client serves all carriers of a desk, so the certificate authorities and the plaintext hosts of all are allowed.
pub fn http_settings<'a>(carriers: impl IntoIterator<Item = &'a Carrier>) -> Result<HttpSettings, Stop> {
    let (mut pem, mut plaintext) = (Vec::new(), Vec::new());
    for carrier in carriers {
        if let Some(file) = &carrier.root_certificates {
            let text =
                std::fs::read(file).map_err(|error| Stop::usage(format!("{}: {error}", file.display())))?;
            pem.extend_from_slice(&text);
            pem.push(b'\n');
        }
        plaintext.extend(carrier.plaintext_to.clone());
    }
    Ok(HttpSettings {
        roots: if pem.is_empty() { Roots::WebPki } else { Roots::Only(pem) },
        plaintext: if plaintext.is_empty() {
            Plaintext::LoopbackOnly
        } else {
            Plaintext::AllowedTo(plaintext)
        },
        ..HttpSettings::default()
    })
}

fn stop_of_journal(file: &Path, error: &JournalError) -> Stop {
    Stop::broken(format!("{}: {error}", file.display()))
}
