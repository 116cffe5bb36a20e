//! `caas resolve`: a person ends a review, or records that a refund was paid.

use caas_core::charge::{AtBoot, Refusal, Resolution};
use caas_core::money::Amount;
use caas_transport_std::DeskError;
use serde_json::json;

use crate::arguments::{Finding, Resolve};
use crate::carrier::Use;
use crate::configuration::Configuration;
use crate::desk::Manner;
use crate::exit::{Exit, Stop};
use crate::tell::Tell;
use crate::{desk, journal};

/// Records what a person found out. Nothing is sent to the carrier, so no credentials are needed.
pub async fn resolve(tell: Tell, arguments: &Resolve) -> Result<Exit, Stop> {
    let resolution = resolution(&arguments.finding)?;
    let person = arguments.finding.person();
    let configuration = Configuration::read(person.place.config.as_deref())?;
    let file = journal::file(&person.place, &configuration)?;
    let journal = journal::open_existing(&file, tell.simulated)?
        .ok_or_else(|| Stop::usage(format!("there is no journal {}", file.display())))?;
    let known = desk::known(&journal, &arguments.sale)?;
    if known.is_empty() {
        return Err(Stop::usage(DeskError::UnknownSale));
    }
    let manner = Manner { use_: Use::Read, clock: 1, at_boot: AtBoot::RefundDue };
    let (desk, missing) = desk::for_journal(&configuration, journal, &known, &manner)?;
    let Some(desk) = desk else {
        return Err(missing.into_iter().next().unwrap_or_else(|| desk::stop_of(&DeskError::NoCarrier)));
    };
    let row = desk
        .resolve(&arguments.sale, resolution, &person.by)
        .await
        .map_err(|error| stop_of(&error, &arguments.sale))?;
    if tell.json {
        tell.object(&json!({
            "event": "end", "state": "resolved", "exit": Exit::Done as u8, "sale": row.sale_id,
            "payment": row.payment, "review": row.review, "reviewer": row.reviewer,
            "received": row.received.to_string(), "refundDue": row.refund_due.to_string(),
        }));
    } else {
        tell.line(&format!(
            "{}: {}, review {}, received {}, refund due {}",
            row.sale_id, row.payment, row.review, row.received, row.refund_due
        ));
    }
    Ok(Exit::Done)
}

fn resolution(finding: &Finding) -> Result<Resolution, Stop> {
    Ok(match finding {
        Finding::Charged { amount, .. } => Resolution::Charged(
            Amount::parse(amount).map_err(|error| Stop::usage(format!("amount {amount}: {error}")))?,
        ),
        Finding::NotCharged { .. } => Resolution::NotCharged,
        Finding::Refunded { .. } => Resolution::Refunded,
    })
}

/// What is not possible is said in the words of who resolves, not of who programs.
fn stop_of(error: &DeskError, sale: &str) -> Stop {
    let words = match error {
        DeskError::NotPossible(Refusal::NothingToResolve) => {
            "nothing is to be resolved: it needs no review and no refund is due. If it is open, `caas resume` finishes it"
        }
        DeskError::NotPossible(Refusal::MoneyReceived) => {
            "money was received for it: resolve it as charged, with the amount, or as refunded"
        }
        DeskError::NotPossible(Refusal::LessThanReceived) => {
            "more than that was received for it: `caas list` shows how much"
        }
        DeskError::DrivenElsewhere => "another process drives it now: wait for its end",
        error => return desk::stop_of(error),
    };
    Stop::usage(format!("sale {sale}: {words}"))
}
