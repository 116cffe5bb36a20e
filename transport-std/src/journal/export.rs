//! The journal as a list for reconciliation: what this side knows of each charge, with every id that the carrier's own
//! list may name.

use rusqlite::Connection;

use super::charge_row::{self, ChargeRow, Filter};
use super::failure::JournalError;

/// The first line of a CSV file of [`ExportRow::to_csv`].
pub const CSV_HEADER: &str = "sale,charge,subscriber,profile,endpoint,simulated,amount,currency,received,refund_due,\
                              payment,sale_state,release,review,reviewer,reference,settled,opened,changed,attempts";

/// One charge, for reconciliation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRow {
    /// The charge.
    pub charge: ChargeRow,
    /// Its attempts, the first one first.
    pub attempts: Vec<ExportAttempt>,
}

/// One attempt, for reconciliation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportAttempt {
    /// `externalTrxId`, where the carrier takes one.
    pub external: String,
    /// Where the attempt stands.
    pub phase: String,
    /// The latest code that the carrier gave.
    pub code: String,
}

impl ExportRow {
    /// The row as a line of CSV (RFC 4180) without its line end. The payer is shown whole: the file is as private as the
    /// journal.
    pub fn to_csv(&self) -> String {
        let charge = &self.charge;
        let attempts: Vec<String> = self
            .attempts
            .iter()
            .map(|attempt| format!("{} {} {}", attempt.external, attempt.phase, attempt.code))
            .collect();
        let fields = [
            charge.sale_id.clone(),
            charge.charge_id.clone(),
            charge.subscriber.expose().to_owned(),
            charge.profile.clone(),
            charge.endpoint.clone(),
            charge.simulated.to_string(),
            charge.amount.to_string(),
            charge.currency.as_str().to_owned(),
            charge.received.to_string(),
            charge.refund_due.to_string(),
            charge.payment.clone(),
            charge.sale.clone(),
            charge.release.clone(),
            charge.review.clone(),
            charge.reviewer.clone(),
            charge.reference.clone(),
            charge.settled.to_string(),
            charge.opened.clone(),
            charge.changed.clone(),
            attempts.join("; "),
        ];
        fields.map(quoted).join(",")
    }
}

pub(super) fn export(connection: &Connection) -> Result<Vec<ExportRow>, JournalError> {
    let charges = charge_row::list(connection, Filter::All)?;
    charges
        .into_iter()
        .map(|charge| Ok(ExportRow { attempts: attempts(connection, &charge.charge_id)?, charge }))
        .collect()
}

fn attempts(connection: &Connection, charge_id: &str) -> Result<Vec<ExportAttempt>, JournalError> {
    let mut query = connection
        .prepare_cached("SELECT external, phase, code FROM attempts WHERE charge_id = ?1 ORDER BY number")?;
    let rows = query
        .query_map([charge_id], |row| {
            Ok(ExportAttempt { external: row.get(0)?, phase: row.get(1)?, code: row.get(2)? })
        })?
        .collect::<Result<_, _>>()?;
    Ok(rows)
}

fn quoted(field: String) -> String {
    if field.contains([',', '"', '\n', '\r']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
}
