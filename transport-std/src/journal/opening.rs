//! A new charge: its id, its place and its first record, in one transaction.

use caas_core::charge::record;
use caas_core::id::Subscriber;
use caas_core::id_generator::{ChargeId, IdGenerator, Mark};
use caas_core::money::Amount;
use rusqlite::types::FromSql;
use rusqlite::{OptionalExtension, Transaction, params};

use super::caps::{CapReached, Caps};
use super::charge_view::ChargeView;
use super::failure::JournalError;
use super::lease::{self, Lease};
use super::{Journal, lease::minor};

/// Parts that an open charge has in reserve for its later records and notifications. One is given free whenever the disk
/// is full; it holds a notification at its longest, or all records that are kept.
const RESERVES: u32 = 4;
/// Bytes of one part.
const RESERVE_BYTES: u32 = 12 * 1024;

/// What a charge is opened for.
pub(crate) struct Opening<'a> {
    pub sale: &'a str,
    pub subscriber: &'a Subscriber,
    pub amount: Amount,
    /// What the charge's id begins with; `None`: the journal's own random prefix.
    pub prefix: Option<&'a str>,
    pub caps: &'a Caps,
}

/// A charge that was made and is not durable yet.
pub(crate) struct Draft {
    pub view: ChargeView,
    pub record: Vec<u8>,
    pub profile: String,
    pub endpoint: String,
    pub simulated: bool,
}

/// Why no charge is opened. Nothing was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OpenRefused {
    /// The sale has a charge already.
    SaleKnown,
    /// The payer has an open charge, for this sale (R11).
    SubscriberBusy { sale: String },
    /// A cap is reached.
    Cap(CapReached),
    /// The journal failed: nothing may be sent (R45).
    Journal(JournalError),
}

impl From<JournalError> for OpenRefused {
    fn from(error: JournalError) -> Self {
        OpenRefused::Journal(error)
    }
}

impl Journal {
    /// Opens a charge. `make` makes it from a new id; both are durable when this returns, or neither is. So the id is
    /// never used twice, two processes cannot both open the sale, and the payer never has two open charges (R10, R11,
    /// R52).
    pub(crate) fn open_charge<E: From<OpenRefused>>(
        &self,
        opening: &Opening<'_>,
        make: impl FnOnce(&ChargeId) -> Result<Draft, E>,
    ) -> Result<Lease, E> {
        let opened = self.write(|transaction| {
            check(transaction, opening).map_err(|refused| Failed(E::from(refused)))?;
            let id = next_id(transaction, opening.prefix).map_err(|error| Failed(from_journal(error)))?;
            let draft = make(&id).map_err(Failed)?;
            insert(transaction, opening, &id, &draft).map_err(|error| Failed(from_journal(error)))?;
            let granted =
                self.grant(transaction, id.as_str()).map_err(|error| Failed(from_journal(error.into())))?;
            Ok((id, granted))
        });
        let (id, granted) = opened.map_err(|Failed(error)| error)?;
        Ok(self.lease(id.as_str(), granted))
    }
}

/// The caller's error, so that the journal's own can be told through it.
struct Failed<E>(E);

impl<E: From<OpenRefused>> From<JournalError> for Failed<E> {
    fn from(error: JournalError) -> Self {
        Failed(from_journal(error))
    }
}

fn from_journal<E: From<OpenRefused>>(error: JournalError) -> E {
    E::from(OpenRefused::Journal(error))
}

fn check(transaction: &Transaction<'_>, opening: &Opening<'_>) -> Result<(), OpenRefused> {
    let known = transaction
        .query_row("SELECT 1 FROM charges WHERE sale = ?1", [opening.sale], |_| Ok(()))
        .optional()
        .map_err(JournalError::from)?;
    if known.is_some() {
        return Err(OpenRefused::SaleKnown);
    }
    let busy: Option<String> = transaction
        .query_row(
            "SELECT sale FROM charges WHERE payer = ?1 AND settled = 0",
            [opening.subscriber.payer()],
            |row| row.get(0),
        )
        .optional()
        .map_err(JournalError::from)?;
    if let Some(sale) = busy {
        return Err(OpenRefused::SubscriberBusy { sale });
    }
    match opening.caps.broken_by(transaction, opening.amount)? {
        Some(cap) => Err(OpenRefused::Cap(cap)),
        None => Ok(()),
    }
}

/// The next id of the prefix; its mark is in the same transaction.
fn next_id(transaction: &Transaction<'_>, prefix: Option<&str>) -> Result<ChargeId, JournalError> {
    let own: String;
    let prefix = match prefix {
        Some(prefix) => prefix,
        None => {
            own = kept(transaction, "prefix")?;
            own.as_str()
        }
    };
    let epoch = kept(transaction, "epoch")?;
    let stored = transaction
        .query_row("SELECT epoch, counter FROM id_marks WHERE prefix = ?1", [prefix], |row| {
            Ok(Mark { epoch: row.get(0)?, counter: row.get(1)? })
        })
        .optional()?;
    let mut ids = IdGenerator::from_journal(prefix, stored, Some(epoch)).map_err(JournalError::Ids)?;
    let (id, mark) = ids.next_id().map_err(JournalError::Ids)?;
    transaction.execute(
        "INSERT OR REPLACE INTO id_marks (prefix, epoch, counter) VALUES (?1, ?2, ?3)",
        params![prefix, mark.epoch, mark.counter],
    )?;
    Ok(id)
}

/// A value of the whole journal.
fn kept<T: FromSql>(transaction: &Transaction<'_>, name: &str) -> Result<T, rusqlite::Error> {
    transaction.query_row("SELECT value FROM journal WHERE name = ?1", [name], |row| row.get(0))
}

fn insert(
    transaction: &Transaction<'_>,
    opening: &Opening<'_>,
    id: &ChargeId,
    draft: &Draft,
) -> Result<(), JournalError> {
    let sequence = record::heading(&draft.record).map_err(|_| JournalError::BadRecord)?.sequence;
    transaction.execute(
        "INSERT INTO charges (charge_id, sale, subscriber, payer, profile, endpoint, simulated, amount,
             currency, opened_at, opened, changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, unixepoch(),
             strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))",
        params![
            id.as_str(),
            opening.sale,
            opening.subscriber.expose(),
            opening.subscriber.payer(),
            draft.profile,
            draft.endpoint,
            draft.simulated,
            minor(opening.amount),
            draft.view.currency.as_str(),
        ],
    )?;
    for _ in 0..RESERVES {
        transaction.execute(
            "INSERT INTO reserves (charge_id, room) VALUES (?1, zeroblob(?2))",
            params![id.as_str(), RESERVE_BYTES],
        )?;
    }
    lease::write_record(transaction, id.as_str(), sequence, &draft.record)?;
    lease::write_view(transaction, &draft.view)?;
    Ok(())
}
