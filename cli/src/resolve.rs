//! `caas resolve`: a person ends a review, or records that a refund was paid.

use caas_core::charge::{AtBoot, Resolution};
use caas_core::money::Amount;
use caas_transport_std::{DeskError, Filter};
use serde_json::json;

use crate::arguments::{Finding, Person, Resolve};
use crate::configuration::Configuration;
use crate::desk;
use crate::exit::{Exit, Stop};
use crate::place::journal_file;

/// Records what a person found out.
pub async fn resolve(arguments: &Resolve) -> Result<Exit, Stop> {
    let (resolution, person) = finding(&arguments.finding)?;
    let configuration = Configuration::read(person.place.config.as_deref())?;
    let file = journal_file(&person.place, &configuration);
    if !file.exists() {
        return Err(Stop::usage(format!("there is no journal {}", file.display())));
    }
    let journal = desk::open_journal(&file)?;
    let known = journal.get(&arguments.sale).map_err(Stop::broken)?;
    if known.is_none() {
        return Err(Stop::usage(DeskError::UnknownSale));
    }
    let desk = desk::for_journal(&person.place, journal, Filter::All, 1, AtBoot::RefundDue)?;
    let row =
        desk.resolve(&arguments.sale, resolution, &person.by).await.map_err(|error| desk::stop_of(&error))?;
    if person.place.json {
        println!(
            "{}",
            json!({
                "sale": row.sale_id, "payment": row.payment, "review": row.review, "reviewer": row.reviewer,
                "received": row.received.to_string(), "refundDue": row.refund_due.to_string(),
            })
        );
    } else {
        println!(
            "{}: {}, review {}, received {}, refund due {}",
            row.sale_id, row.payment, row.review, row.received, row.refund_due
        );
    }
    Ok(Exit::Done)
}

fn finding(finding: &Finding) -> Result<(Resolution, &Person), Stop> {
    Ok(match finding {
        Finding::Charged { amount, by } => {
            (Resolution::Charged(Amount::parse(amount).map_err(Stop::usage)?), by)
        }
        Finding::NotCharged { by } => (Resolution::NotCharged, by),
        Finding::Refunded { by } => (Resolution::Refunded, by),
    })
}
