//! The carrier that a command talks to: a profile, what proves us to it, and where it is.

use caas_core::credentials::{Credentials, Secret};
use caas_core::money::Amount;
use caas_core::profile::{
    self, CapturesAt, FieldNames, Instrument, InternalIdRule, Limits, PROFILE_NAME_MAX, Profile, Service,
};
use caas_core::status_code::{Class, CodeRow};
use caas_simulator::preset;
use caas_transport_std::{Endpoint, HttpClient, HttpSettings};

use crate::configuration::{self, Configuration, Meaning};
use crate::exit::Stop;

/// What eZ Cash is called at the terminal.
const EZCASH: &str = "ezcash";

/// What a carrier is taken for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// To send requests: it needs its credentials, and what its answers mean.
    Send,
    /// To read the journal and notifications: nothing is sent, so nothing is needed.
    Read,
}

/// A carrier to talk to.
pub struct Carrier {
    /// What it can do. Lives as long as the program, which holds few of them.
    pub profile: Profile<'static>,
    /// What proves us to it.
    pub credentials: Credentials,
    /// Base URL.
    pub endpoint: String,
    /// A host that may be talked to without TLS.
    pub plaintext_to: Option<String>,
    /// Trusted certificate authorities, a PEM file.
    pub root_certificates: Option<std::path::PathBuf>,
}

impl Carrier {
    /// The carrier of that name, as the configuration and the environment have it.
    pub fn configured(configuration: &Configuration, name: &str, use_: Use) -> Result<Self, Stop> {
        let nothing = configuration::Carrier::default();
        let given = configuration.carriers.get(name).unwrap_or(&nothing);
        let shipped = given.profile.as_deref().unwrap_or(name);
        // The journal's records name the carrier as the configuration does, so that a resume finds it again.
        let profile = Profile { name: carrier_name(name)?, ..configured_profile(given, shipped, use_)? };
        Ok(Carrier {
            credentials: match use_ {
                Use::Send => credentials(&given.credentials, &profile)?,
                Use::Read => unsent()?,
            },
            endpoint: given.endpoint.clone().unwrap_or_else(|| profile.endpoint.to_owned()),
            plaintext_to: given.plaintext_to.clone(),
            root_certificates: given.root_certificates.clone(),
            profile,
        })
    }

    /// The simulator's carrier of that name: its statuses and credentials are the simulator's own. It is on this machine.
    pub fn simulated(name: &str, endpoint: String) -> Result<Self, Stop> {
        if !is_loopback(&endpoint) {
            return Err(Stop::usage(format!(
                "--simulate goes to a simulator on this machine only, and {endpoint} is not: leave one of them out"
            )));
        }
        let profile = match name {
            "mobitel" => profile::mobitel(SIMULATED_STATUSES),
            _ => shipped(name, &[])?,
        };
        Ok(Carrier {
            profile,
            credentials: Credentials {
                client: secret("client id", preset::CLIENT_ID)?,
                application: secret("application id", preset::APPLICATION_ID)?,
                password: secret("password", preset::PASSWORD)?,
                agent_pin: secret("agent PIN", preset::EZCASH_AGENT_PIN)?,
                agent_alias: secret("agent alias", preset::EZCASH_AGENT_ALIAS)?,
            },
            endpoint,
            plaintext_to: None,
            root_certificates: None,
        })
    }

    /// The instrument's name on the wire for what was typed.
    pub fn instrument_name(&self, typed: &str) -> Result<&'static str, Stop> {
        let wire = if typed.eq_ignore_ascii_case(EZCASH) { profile::DIALOG_EZCASH } else { typed };
        let found =
            self.profile.instruments.iter().find(|instrument| instrument.name.eq_ignore_ascii_case(wire));
        found.map(|instrument| instrument.name).ok_or_else(|| {
            let names: Vec<_> = self.profile.instruments.iter().map(|instrument| instrument.name).collect();
            Stop::usage(format!(
                "{} has no instrument {typed}: it has {}",
                self.profile.name,
                names.join(", ")
            ))
        })
    }
}

/// Credentials that stand where none are needed: they are never sent.
fn unsent() -> Result<Credentials, Stop> {
    let one = || secret("placeholder", "unsent");
    Ok(Credentials {
        client: one()?,
        application: one()?,
        password: one()?,
        agent_pin: one()?,
        agent_alias: one()?,
    })
}

fn carrier_name(name: &str) -> Result<&'static str, Stop> {
    if name.is_empty() || name.len() > PROFILE_NAME_MAX {
        return Err(Stop::usage(format!(
            "carrier {name}: a carrier's name has 1 to {PROFILE_NAME_MAX} characters"
        )));
    }
    Ok(String::leak(name.to_owned()))
}

/// What the simulator's Mobitel answers. The real values are documented nowhere, so there is no other preset.
const SIMULATED_STATUSES: &[CodeRow<'static>] = &[
    row(Service::ChargeRequest, preset::MOBITEL_ACCEPTED, Class::Pending),
    row(Service::ChargeRequest, preset::MOBITEL_INSUFFICIENT_BALANCE, Class::DeclinedUser),
    row(Service::ChargeRequest, preset::MOBITEL_HANDSET_BUSY, Class::HandsetBusy),
    row(Service::ChargeRequest, preset::MOBITEL_DECLINED, Class::DeclinedUser),
    row(Service::Confirm, preset::MOBITEL_APPROVED, Class::Ok),
    row(Service::Confirm, preset::MOBITEL_ALREADY_CONFIRMED, Class::Ok),
    row(Service::Confirm, preset::MOBITEL_NOT_APPROVED, Class::NotApproved),
    row(Service::Confirm, preset::MOBITEL_DECLINED, Class::DeclinedUser),
    row(Service::Confirm, preset::MOBITEL_WRONG_PIN, Class::DeclinedUser),
    row(Service::Confirm, preset::MOBITEL_INSUFFICIENT_BALANCE, Class::DeclinedUser),
    row(Service::Confirm, preset::MOBITEL_UNKNOWN_REFERENCE, Class::NotFound),
];

const fn row(service: Service, code: &'static str, class: Class) -> CodeRow<'static> {
    CodeRow { service: Some(service), code, class }
}

fn shipped(name: &str, statuses: &'static [CodeRow<'static>]) -> Result<Profile<'static>, Stop> {
    match name {
        "ideamart" => Ok(profile::ideamart()),
        "dialog" => Ok(profile::dialog()),
        "mobitel" if statuses.is_empty() => Err(Stop::usage(
            "Mobitel documents no status values: ask Mobitel for them, and give them in caas.toml under \
             [carriers.mobitel.statuses.charge] and [carriers.mobitel.statuses.confirm]",
        )),
        "mobitel" => Ok(profile::mobitel(statuses)),
        _ => Err(Stop::usage(format!(
            "there is no profile {name}: take mobitel, ideamart or dialog, or name one of them in caas.toml as \
             carriers.{name}.profile"
        ))),
    }
}

fn configured_profile(
    given: &configuration::Carrier,
    name: &str,
    use_: Use,
) -> Result<Profile<'static>, Stop> {
    let statuses = kept(statuses(&given.statuses, name)?);
    let shipped = match (name, use_) {
        ("mobitel", Use::Read) => profile::mobitel(statuses),
        _ => shipped(name, statuses)?,
    };
    let mut price_points = Vec::new();
    for text in &given.price_points {
        price_points.push(amount("price_points", text)?);
    }
    let largest = given.largest_amount.as_deref().map(|text| amount("largest_amount", text)).transpose()?;
    let fields = match &given.subscriber_field {
        Some(field) => FieldNames { subscriber: String::leak(field.clone()), ..shipped.fields },
        None => shipped.fields,
    };
    Ok(Profile {
        fields,
        instruments: given.captures_at.map_or(shipped.instruments, |at| captured_at(shipped.instruments, at)),
        deduplicates: given.deduplicates.unwrap_or(shipped.deduplicates),
        internal_id: if given.any_internal_id == Some(true) {
            InternalIdRule::Any
        } else {
            shipped.internal_id
        },
        price_points: kept(price_points),
        limits: Limits { amount: largest.unwrap_or(shipped.limits.amount), ..shipped.limits },
        codes: if statuses.is_empty() { shipped.codes } else { statuses },
        ..shipped
    })
}

fn captured_at(
    instruments: &[Instrument<'static>],
    at: configuration::CapturesAt,
) -> &'static [Instrument<'static>] {
    let captures_at = match at {
        configuration::CapturesAt::Consent => CapturesAt::Consent,
        configuration::CapturesAt::Confirm => CapturesAt::Confirm,
        configuration::CapturesAt::Unknown => CapturesAt::Unknown,
    };
    kept(instruments.iter().map(|instrument| Instrument { captures_at, ..*instrument }).collect())
}

/// The configured rows, in front of those that the shipped profile has.
fn statuses(given: &configuration::Statuses, name: &str) -> Result<Vec<CodeRow<'static>>, Stop> {
    let charge_service = if name == "mobitel" { Service::ChargeRequest } else { Service::DirectDebit };
    let mut rows = Vec::new();
    for (service, meanings) in [(charge_service, &given.charge), (Service::Confirm, &given.confirm)] {
        for (code, meaning) in meanings {
            let code: &'static str = String::leak(code.clone());
            rows.push(CodeRow { service: Some(service), code, class: class(*meaning) });
        }
    }
    if !rows.is_empty() && name != "mobitel" {
        rows.extend(shipped(name, &[])?.codes);
    }
    Ok(rows)
}

fn class(meaning: Meaning) -> Class {
    match meaning {
        Meaning::Ok => Class::Ok,
        Meaning::Pending => Class::Pending,
        Meaning::NotApproved => Class::NotApproved,
        Meaning::StillProcessing => Class::StillProcessing,
        Meaning::NotFound => Class::NotFound,
        Meaning::Declined => Class::DeclinedUser,
        Meaning::Busy => Class::HandsetBusy,
        Meaning::RejectedConfig => Class::RejectedConfig,
        Meaning::RejectedRequest => Class::RejectedRequest,
        Meaning::RetryLater => Class::RetryLater,
        Meaning::Failed => Class::FailedListening,
    }
}

/// The credentials that the profile needs, from the file or the environment.
fn credentials(given: &configuration::Credentials, profile: &Profile<'_>) -> Result<Credentials, Stop> {
    let in_body = profile.authentication == profile::Authentication::InBody;
    let one = |file: &Option<String>, variable: &str, needed: bool| -> Result<Secret, Stop> {
        let text = file.clone().or_else(|| std::env::var(variable).ok()).unwrap_or_default();
        match (text.is_empty(), needed) {
            (false, _) => secret(variable, &text),
            (true, false) => Ok(Secret::default()),
            (true, true) => Err(Stop::usage(format!(
                "{variable} is not set: the carrier gave it when the application was provisioned. Set it in the \
                 environment or in caas.toml, or try `--simulate`, which needs nothing"
            ))),
        }
    };
    Ok(Credentials {
        client: one(&given.client_id, "CAAS_CLIENT_ID", !in_body)?,
        application: one(&given.application_id, "CAAS_APPLICATION_ID", in_body)?,
        password: one(&given.password, "CAAS_PASSWORD", in_body)?,
        agent_pin: one(&given.ezcash_pin, "CAAS_EZCASH_PIN", false)?,
        agent_alias: one(&given.ezcash_alias, "CAAS_EZCASH_ALIAS", false)?,
    })
}

/// Without TLS, an endpoint is only allowed on this machine, where the simulator is.
fn is_loopback(endpoint: &str) -> bool {
    let Ok(client) = HttpClient::new(HttpSettings::default()) else { return false };
    endpoint.parse().is_ok_and(|parsed: Endpoint| {
        endpoint.starts_with("http://") && client.check_endpoint(&parsed).is_ok()
    })
}

fn secret(what: &str, text: &str) -> Result<Secret, Stop> {
    Secret::new(text).map_err(|error| Stop::usage(format!("{what}: {error}")))
}

fn amount(what: &str, text: &str) -> Result<Amount, Stop> {
    Amount::parse(text).map_err(|error| Stop::usage(format!("{what} {text}: {error}")))
}

/// Data of a profile lives as long as the program; a program holds a few carriers, made once.
fn kept<T>(rows: Vec<T>) -> &'static [T] {
    Vec::leak(rows)
}
