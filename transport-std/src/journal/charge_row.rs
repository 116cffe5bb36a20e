//! Charges as the journal lists them.

use caas_core::id::Subscriber;
use caas_core::money::{Amount, Currency};
use rusqlite::{Connection, OptionalExtension, Row};

use super::failure::JournalError;

/// A charge as the journal lists it. States are words, as [`ChargeView`](crate::ChargeView) names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeRow {
    /// The caller's name for the sale.
    pub sale_id: String,
    /// The charge's own id.
    pub charge_id: String,
    /// The payer; shown masked.
    pub subscriber: Subscriber,
    /// Name of the profile.
    pub profile: String,
    /// Base URL of the carrier.
    pub endpoint: String,
    /// Whether the carrier was a simulator.
    pub simulated: bool,
    /// The sale's amount.
    pub amount: Amount,
    /// The sale's currency.
    pub currency: Currency,
    /// All that was received.
    pub received: Amount,
    /// What is owed back to the payer.
    pub refund_due: Amount,
    /// What is known of the payment.
    pub payment: String,
    /// `open`, or how the sale was closed.
    pub sale: String,
    /// Whether the goods left the machine.
    pub release: String,
    /// Whether a person must look, and why.
    pub review: String,
    /// Who resolved the review; empty if nobody did.
    pub reviewer: String,
    /// What the carrier named the latest attempt; empty if it did not.
    pub reference: String,
    /// Whether nothing is left to be driven. Late money still counts.
    pub settled: bool,
    /// When the charge was opened, UTC, by the wall clock. For people: nothing depends on it.
    pub opened: String,
    /// When it changed last, likewise.
    pub changed: String,
}

/// Which charges to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Filter {
    /// All of them.
    #[default]
    All,
    /// Those that are to be driven on, by their owner or by a resume.
    Unsettled,
    /// Those that a person must look at.
    NeedsReview,
    /// Those that owe money to a payer.
    RefundDue,
}

impl Filter {
    fn condition(self) -> &'static str {
        match self {
            Filter::All => "TRUE",
            Filter::Unsettled => "settled = 0",
            Filter::NeedsReview => "review LIKE 'needed%'",
            Filter::RefundDue => "refund_due > 0",
        }
    }
}

const COLUMNS: &str = "sale, charge_id, subscriber, profile, endpoint, simulated, amount, currency, received,
    refund_due, payment, sale_state, release, review, reviewer, reference, settled, opened, changed";

pub(super) fn by_sale(connection: &Connection, sale: &str) -> Result<Option<ChargeRow>, JournalError> {
    one(connection, "sale = ?1", sale)
}

pub(super) fn by_charge(connection: &Connection, charge_id: &str) -> Result<Option<ChargeRow>, JournalError> {
    one(connection, "charge_id = ?1", charge_id)
}

pub(super) fn list(connection: &Connection, filter: Filter) -> Result<Vec<ChargeRow>, JournalError> {
    let condition = filter.condition();
    let mut query =
        connection.prepare(&format!("SELECT {COLUMNS} FROM charges WHERE {condition} ORDER BY number"))?;
    let rows = query.query_map([], read)?.collect::<Result<_, _>>()?;
    Ok(rows)
}

fn one(connection: &Connection, condition: &str, value: &str) -> Result<Option<ChargeRow>, JournalError> {
    let query = format!("SELECT {COLUMNS} FROM charges WHERE {condition}");
    Ok(connection.query_row(&query, [value], read).optional()?)
}

fn read(row: &Row<'_>) -> Result<ChargeRow, rusqlite::Error> {
    Ok(ChargeRow {
        sale_id: row.get(0)?,
        charge_id: row.get(1)?,
        subscriber: subscriber(row, 2)?,
        profile: row.get(3)?,
        endpoint: row.get(4)?,
        simulated: row.get(5)?,
        amount: amount(row, 6)?,
        currency: currency(row, 7)?,
        received: amount(row, 8)?,
        refund_due: amount(row, 9)?,
        payment: row.get(10)?,
        sale: row.get(11)?,
        release: row.get(12)?,
        review: row.get(13)?,
        reviewer: row.get(14)?,
        reference: row.get(15)?,
        settled: row.get(16)?,
        opened: row.get(17)?,
        changed: row.get(18)?,
    })
}

fn subscriber(row: &Row<'_>, column: usize) -> Result<Subscriber, rusqlite::Error> {
    Subscriber::new(&row.get::<_, String>(column)?).map_err(|_| damaged(column))
}

fn amount(row: &Row<'_>, column: usize) -> Result<Amount, rusqlite::Error> {
    let minor = u64::try_from(row.get::<_, i64>(column)?).map_err(|_| damaged(column))?;
    Amount::from_minor(minor).map_err(|_| damaged(column))
}

fn currency(row: &Row<'_>, column: usize) -> Result<Currency, rusqlite::Error> {
    Currency::parse(&row.get::<_, String>(column)?).ok_or_else(|| damaged(column))
}

/// A column that holds what was never written into it.
fn damaged(column: usize) -> rusqlite::Error {
    rusqlite::Error::IntegralValueOutOfRange(column, -1)
}
