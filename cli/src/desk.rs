//! The desk of a command: the journal, the carriers, the caps.

use std::collections::BTreeSet;

use caas_core::charge::AtBoot;
use caas_core::money::Amount;
use caas_transport_std::{
    Caps, CarrierAccess, ChargeRow, ClockRate, Desk, DeskError, DeskSettings, HttpSettings, Journal,
    Plaintext, Roots,
};

use crate::carrier::{Carrier, Use};
use crate::configuration::Configuration;
use crate::exit::{Exit, Stop};
use crate::journal;
use crate::place::Site;

/// How a desk of charges that are in the journal drives them.
pub struct Manner {
    /// Whether requests are sent.
    pub use_: Use,
    /// How many times as fast as real time the clock runs.
    pub clock: u32,
    /// What becomes of a charge that is found paid.
    pub at_boot: AtBoot,
}

/// A desk for a carrier: to charge at it, or to take the notifications of its charges. A charge that is in the journal
/// already goes on at its own carrier and endpoint.
pub fn for_carrier(
    site: &Site,
    carrier: Carrier,
    known: &[ChargeRow],
    use_: Use,
    journal: Journal,
) -> Result<Desk, Stop> {
    let mut carriers = vec![(carrier, site.simulated)];
    carriers.extend(carriers_of(known, &site.configuration, use_).0);
    open(journal, carriers, &site.configuration, site.clock, AtBoot::RefundDue)
}

/// A desk for what the journal holds: each charge with the profile and the endpoint of its record. Also what stands in the
/// way of those whose carrier cannot be had; with no carrier at all there is no desk.
pub fn for_journal(
    configuration: &Configuration,
    journal: Journal,
    rows: &[ChargeRow],
    manner: &Manner,
) -> Result<(Option<Desk>, Vec<Stop>), Stop> {
    let (carriers, missing) = carriers_of(rows, configuration, manner.use_);
    if carriers.is_empty() {
        return Ok((None, missing));
    }
    Ok((Some(open(journal, carriers, configuration, manner.clock, manner.at_boot)?), missing))
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

/// The carriers of these charges, each once, and why others cannot be had.
fn carriers_of(
    rows: &[ChargeRow],
    configuration: &Configuration,
    use_: Use,
) -> (Vec<(Carrier, bool)>, Vec<Stop>) {
    let named: BTreeSet<_> = rows.iter().map(|row| (&*row.profile, &*row.endpoint, row.simulated)).collect();
    let (mut carriers, mut missing) = (Vec::new(), Vec::new());
    for (profile, endpoint, simulated) in named {
        let found = if simulated {
            Carrier::simulated(profile, endpoint.to_owned())
        } else {
            Carrier::configured(configuration, profile, use_)
                .map(|carrier| Carrier { endpoint: endpoint.to_owned(), ..carrier })
        };
        match found {
            Ok(carrier) => carriers.push((carrier, simulated)),
            Err(stop) => missing.push(stop),
        }
    }
    (carriers, missing)
}

fn open(
    journal: Journal,
    carriers: Vec<(Carrier, bool)>,
    configuration: &Configuration,
    clock: u32,
    at_boot: AtBoot,
) -> Result<Desk, Stop> {
    let http = http_settings(carriers.iter().map(|(carrier, _)| carrier))?;
    let carriers: Result<Vec<_>, Stop> =
        carriers.into_iter().map(|(carrier, simulated)| access(carrier, simulated)).collect();
    let carriers = carriers?;
    let first = carriers.first().ok_or_else(|| stop_of(&DeskError::NoCarrier))?;
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

/// The charge of a sale, if the journal has one, as a list.
pub fn known(journal: &Journal, sale: &str) -> Result<Vec<ChargeRow>, Stop> {
    let row = journal.get(sale).map_err(|error| journal::stop_of(journal.path(), &error))?;
    Ok(row.into_iter().collect())
}
