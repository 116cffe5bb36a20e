//! `caas list`: the charges of the journal.

use caas_transport_std::{ChargeRow, Filter};
use serde_json::{Value, json};

use crate::arguments::List;
use crate::configuration::Configuration;
use crate::exit::{Exit, Stop};
use crate::journal;
use crate::tell::Tell;

/// Lists charges, the payer masked.
pub fn list(tell: Tell, arguments: &List) -> Result<Exit, Stop> {
    let configuration = Configuration::read(arguments.place.config.as_deref())?;
    let file = journal::file(&arguments.place, &configuration)?;
    let Some(journal) = journal::open_existing(&file, tell.simulated)? else {
        tell.note(&format!("there is no journal {}: nothing was ever charged here", file.display()));
        return Ok(tell.done("listed", Exit::Done));
    };
    let rows = journal.list(Filter::All).map_err(|error| journal::stop_of(&file, &error))?;
    let rows: Vec<_> = rows.into_iter().filter(|row| !arguments.open || needs_attention(row)).collect();
    if !tell.json && !rows.is_empty() {
        tell.line(&columns(["sale", "payment", "amount", "received", "refund due", "sale is", "review"]));
    }
    for row in &rows {
        if tell.json { tell.object(&object(row)) } else { tell.line(&line(row)) }
    }
    Ok(tell.done("listed", Exit::Done))
}

fn needs_attention(row: &ChargeRow) -> bool {
    !row.settled || !row.refund_due.is_zero() || row.review.starts_with("needed")
}

fn line(row: &ChargeRow) -> String {
    let amount = |amount: caas_core::money::Amount| amount.to_string();
    let review = format!("{}{}", row.review, if row.simulated { " (simulated)" } else { "" });
    columns([
        &row.sale_id,
        &row.payment,
        &amount(row.amount),
        &amount(row.received),
        &amount(row.refund_due),
        &row.sale,
        &review,
    ])
}

fn columns([sale, payment, amount, received, refund, closed, review]: [&str; 7]) -> String {
    format!("{sale:<24} {payment:<16} {amount:>10} {received:>10} {refund:>10} {closed:<10} {review}")
}

fn object(row: &ChargeRow) -> Value {
    json!({
        "event": "charge", "sale": row.sale_id, "charge": row.charge_id,
        "subscriber": row.subscriber.to_string(), "profile": row.profile, "endpoint": row.endpoint,
        "amount": row.amount.to_string(), "currency": row.currency.as_str(), "payment": row.payment,
        "saleState": row.sale, "release": row.release, "review": row.review, "reviewer": row.reviewer,
        "received": row.received.to_string(), "refundDue": row.refund_due.to_string(),
        "reference": row.reference, "settled": row.settled, "opened": row.opened, "changed": row.changed,
    })
}
