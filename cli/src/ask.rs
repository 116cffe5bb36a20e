//! `caas balance` and `caas instruments`: questions that move no money.

use caas_core::profile::{Authentication, Profile, Service};
use caas_core::status_code::Class;
use caas_core::wire::notification::Stated;
use caas_core::wire::request::REQUEST_MAX;
use caas_core::wire::{balance, instruments};
use caas_transport_std::{Answered, Delivery};
use serde_json::json;

use crate::arguments::{Ask, Simulated};
use crate::carrier::Use;
use crate::exit::{Exit, Stop};
use crate::place::Place;
use crate::tell::Tell;

/// A question has no payer who acts, and no time that passes.
const NO_PAYER: Simulated = Simulated { payer: None, clock: None };

/// Asks for a payer's balance.
pub async fn balance(tell: Tell, arguments: &Ask) -> Result<Exit, Stop> {
    let place = Place::find(&arguments.place, &NO_PAYER, Use::Send)?;
    let profile = place.carrier.profile;
    let fields = balance::BalanceFields {
        subscriber: &arguments.subscriber,
        // api.ideamart.io's query has no such member; Dialog's wants it.
        instrument: if profile.paths.instruments.is_some() { profile.instruments[0].name } else { "" },
        account: None,
        currency: None,
    };
    let mut buffer = [0; REQUEST_MAX];
    let length =
        balance::write(&profile, &place.carrier.credentials, &fields, &mut buffer).map_err(Stop::usage)?;
    let answer = ask(&place, Service::BalanceQuery, &buffer[..length]).await?;
    let balance = balance::read(&profile, answer.status, &answer.body);
    if balance.class != Class::Ok {
        return Err(refused(&balance.code, &balance.detail, balance.class));
    }
    let chargeable = match balance.chargeable {
        Stated::Amount(amount) => amount.to_string(),
        Stated::Absent | Stated::Bad(_) => "not said".to_owned(),
    };
    if tell.json {
        tell.object(&json!({
            "event": "balance", "chargeableBalance": chargeable, "accountType": balance.account_type.as_str(),
            "accountStatus": balance.account_status.as_str(),
        }));
    } else {
        let note = if tell.simulated { " (simulated)" } else { "" };
        tell.line(&format!(
            "chargeable {chargeable}, {}, {}{note}",
            balance.account_type, balance.account_status
        ));
    }
    Ok(tell.done("answered", Exit::Done))
}

/// Lists a payer's instruments.
pub async fn instruments(tell: Tell, arguments: &Ask) -> Result<Exit, Stop> {
    let place = Place::find(&arguments.place, &NO_PAYER, Use::Send)?;
    let profile = place.carrier.profile;
    let filter = instruments::InstrumentFilter::All;
    let mut buffer = [0; REQUEST_MAX];
    let length =
        instruments::write(&profile, &place.carrier.credentials, &arguments.subscriber, filter, &mut buffer)
            .map_err(Stop::usage)?;
    let answer = ask(&place, Service::InstrumentList, &buffer[..length]).await?;
    let list = instruments::read(&profile, answer.status, &answer.body);
    if list.class != Class::Ok {
        return Err(refused(&list.code, &list.detail, list.class));
    }
    for instrument in &list.instruments {
        let kind = format!("{:?}", instrument.kind).to_lowercase();
        if tell.json {
            tell.object(&json!({"event": "instrument", "name": instrument.name.as_str(), "type": kind}));
        } else {
            let note = if tell.simulated { "  (simulated)" } else { "" };
            tell.line(&format!("{}  {kind}{note}", instrument.name));
        }
    }
    Ok(tell.done("answered", Exit::Done))
}

/// Sends one question and waits for its answer.
pub async fn ask(place: &Place, service: Service, body: &[u8]) -> Result<Answered, Stop> {
    let profile = &place.carrier.profile;
    let path = profile
        .path(service)
        .ok_or_else(|| Stop::usage(format!("{} does not offer this service", profile.name)))?;
    let header = header(profile, place.carrier.credentials.client.expose());
    let client = place.http_client()?;
    match client.post(&place.endpoint()?, path, header.as_slice(), body).await {
        Delivery::Answered(answer) => Ok(answer),
        Delivery::NotSent(cause) => Err(Stop::broken(format!("nothing was sent: {cause}"))),
        Delivery::MaybeSent(cause) => Err(Stop::broken(cause)),
    }
}

/// The header that proves who asks, where the carrier wants one.
pub fn header<'a>(profile: &Profile<'a>, client: &'a str) -> Vec<(&'a str, &'a str)> {
    match profile.authentication {
        Authentication::ClientIdHeader(name) => vec![(name, client)],
        Authentication::InBody => Vec::new(),
    }
}

fn refused(code: &str, detail: &str, class: Class) -> Stop {
    let blame = match class {
        Class::RejectedConfig => Exit::Usage,
        _ => Exit::Broken,
    };
    let code = if code.is_empty() { "no code" } else { code };
    Stop { exit: blame, message: format!("the carrier answered {code} ({}): {detail}", class.as_str()) }
}
