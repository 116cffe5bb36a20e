//! `caas list`: the charges of the journal.

use caas_transport_std::{ChargeRow, Filter};
use serde_json::json;

use crate::arguments::List;
use crate::configuration::Configuration;
use crate::desk;
use crate::exit::{Exit, Stop};
use crate::place::journal_file;

/// Lists charges, the payer masked.
pub fn list(arguments: &List) -> Result<Exit, Stop> {
    let configuration = Configuration::read(arguments.place.config.as_deref())?;
    let file = journal_file(&arguments.place, &configuration);
    if !file.exists() {
        eprintln!("there is no journal {}", file.display());
        return Ok(Exit::Done);
    }
    let rows = desk::open_journal(&file)?.list(Filter::All).map_err(Stop::broken)?;
    let rows = rows.into_iter().filter(|row| !arguments.open || needs_attention(row));
    for (index, row) in rows.enumerate() {
        if arguments.place.json {
            println!("{}", json(&row));
            continue;
        }
        if index == 0 {
            println!(
                "{:<24} {:<16} {:>10} {:>10} {:>10} {:<10} review",
                "sale", "payment", "amount", "received", "refund due", "sale is"
            );
        }
        let note = if row.simulated { " (simulated)" } else { "" };
        println!(
            "{:<24} {:<16} {:>10} {:>10} {:>10} {:<10} {}{note}",
            row.sale_id,
            row.payment,
            row.amount.to_string(),
            row.received.to_string(),
            row.refund_due.to_string(),
            row.sale,
            row.review
        );
    }
    Ok(Exit::Done)
}

fn needs_attention(row: &ChargeRow) -> bool {
    !row.settled || !row.refund_due.is_zero() || row.review.starts_with("needed")
}

fn json(row: &ChargeRow) -> serde_json::Value {
    json!({
        "sale": row.sale_id, "charge": row.charge_id, "subscriber": row.subscriber.to_string(),
        "profile": row.profile, "endpoint": row.endpoint, "amount": row.amount.to_string(),
        "currency": row.currency.as_str(), "payment": row.payment, "saleState": row.sale, "release": row.release,
        "review": row.review, "reviewer": row.reviewer, "received": row.received.to_string(),
        "refundDue": row.refund_due.to_string(), "reference": row.reference, "settled": row.settled,
        "opened": row.opened, "changed": row.changed, "simulated": row.simulated,
    })
}
