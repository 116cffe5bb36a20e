//! `caas doctor`: everything that can be checked without charging anybody.

use caas_core::profile::Service;
use caas_core::status_code::Class;
use caas_core::wire::request::{REQUEST_MAX, write_confirm};
use caas_core::wire::{answer, balance};
use caas_core::{money, profile};
use caas_transport_std::Delivery;
use serde_json::json;

use crate::arguments::{Doctor, Simulated};
use crate::ask::header;
use crate::carrier::Use;
use crate::exit::{Exit, Stop};
use crate::place::Place;
use crate::tell::Tell;

/// A reference that no carrier made: asking for it charges nobody, and shows what the carrier says to these credentials.
const NO_REFERENCE: &[u8] = b"000000000000000";

/// What one check found.
struct Finding {
    what: &'static str,
    good: bool,
    says: String,
}

/// Checks one thing after the other, and says what to do about the first that is wrong.
pub async fn examine(tell: Tell, arguments: &Doctor) -> Result<Exit, Stop> {
    let payer = Simulated { payer: None, clock: None };
    let place = Place::find(&arguments.place, &payer, Use::Send)?;
    let mut findings = vec![Finding {
        what: "configuration",
        good: true,
        says: format!("carrier {} at {}", place.carrier.profile.name, place.carrier.endpoint),
    }];
    findings.push(journal(&place));
    findings.push(carrier(&place, arguments.subscriber.as_deref()).await?);
    let all_good = findings.iter().all(|finding| finding.good);
    for finding in &findings {
        if tell.json {
            let line =
                json!({"event": "check", "check": finding.what, "ok": finding.good, "says": finding.says});
            tell.object(&line);
        } else {
            let verdict = if finding.good { "ok" } else { "BAD" };
            tell.line(&format!("{verdict:<4} {:<14} {}", finding.what, finding.says));
        }
    }
    Ok(match all_good {
        true => tell.done("well", Exit::Done),
        false => tell.done("unwell", Exit::Usage),
    })
}

/// Whether the journal's folder can be written to; the file itself is not made.
fn journal(place: &Place) -> Finding {
    let file = &place.site.journal;
    let folder = file.ancestors().skip(1).find(|folder| folder.is_dir());
    let writable = folder.is_some_and(|folder| {
        let probe = folder.join(format!(".caas-doctor-{}", std::process::id()));
        std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).is_ok()
    });
    let says = if writable {
        file.display().to_string()
    } else {
        format!("{} cannot be written: choose another place with --journal", file.display())
    };
    Finding { what: "journal", good: writable, says }
}

/// Name, TLS, and what the carrier says to these credentials.
async fn carrier(place: &Place, subscriber: Option<&str>) -> Result<Finding, Stop> {
    let profile = &place.carrier.profile;
    let mut buffer = [0; REQUEST_MAX];
    let (service, length) = match (profile.paths.confirm, subscriber) {
        (Some(_), _) => (Service::Confirm, write_confirm(NO_REFERENCE, &mut buffer)),
        (None, Some(subscriber)) => {
            let fields = balance::BalanceFields { subscriber, instrument: "", account: None, currency: None };
            (Service::BalanceQuery, balance::write(profile, &place.carrier.credentials, &fields, &mut buffer))
        }
        (None, None) => return Ok(connection(place).await),
    };
    let length = length.map_err(Stop::usage)?;
    let path = profile.path(service).unwrap_or("/");
    let header = header(profile, place.carrier.credentials.client.expose());
    let client = place.http_client()?;
    Ok(match client.post(&place.endpoint()?, path, header.as_slice(), &buffer[..length]).await {
        Delivery::NotSent(cause) => Finding { what: "connection", good: false, says: cause.to_string() },
        Delivery::MaybeSent(cause) => Finding { what: "answer", good: false, says: cause.to_string() },
        Delivery::Answered(answered) => {
            let class = match service {
                Service::BalanceQuery => balance::read(profile, answered.status, &answered.body).class,
                _ => {
                    answer::read(profile, service, &nothing_expected(), answered.status, &answered.body).class
                }
            };
            let good = class != Class::RejectedConfig;
            let says = format!("HTTP {}: {}", answered.status, class.as_str());
            Finding { what: "credentials", good, says }
        }
    })
}

/// Name and TLS only: this carrier has no question that charges nobody, unless a payer is named.
async fn connection(place: &Place) -> Finding {
    let good = |says: &str| Finding { what: "connection", good: true, says: says.to_owned() };
    let bad = |says: String| Finding { what: "connection", good: false, says };
    let (Ok(client), Ok(endpoint)) = (place.http_client(), place.endpoint()) else {
        return bad("the endpoint or the trusted certificates cannot be used".to_owned());
    };
    match client.post(&endpoint, "/", &[], b"{}").await {
        Delivery::NotSent(cause) => bad(cause.to_string()),
        Delivery::MaybeSent(cause) => bad(cause.to_string()),
        Delivery::Answered(_) => {
            good("name, TLS and HTTP work; with --subscriber the credentials are tried too")
        }
    }
}

fn nothing_expected() -> answer::Expected<'static> {
    answer::Expected {
        external: None,
        reference: None,
        subscriber: b"",
        amount: money::Amount::ZERO,
        currency: profile::ideamart().currencies[0],
    }
}
