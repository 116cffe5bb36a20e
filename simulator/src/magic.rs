//! Magic values: numbers and amounts that stand for an outcome, so that one can be had without setting a fault.
//!
//! A number ends with `0000` and the two digits of its row; an amount is 911 and the row's digits as cents. No
//! ordinary price and hardly an ordinary number is one of them, and a setting turns them off.

use serde::Serialize;

use crate::fields::Fields;
use crate::settings::{Payer, Settings};
use crate::{Fault, Service, money, preset, subscriber};

/// A magic value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Magic {
    /// The last two digits of the number, and the cents of the amount: 1 to 99.
    pub row: u8,
    /// What it stands for.
    pub what: &'static str,
    #[serde(skip)]
    act: Act,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Act {
    /// The payer does this where there is one; a synchronous debit, which has none, is answered with the code.
    Payer(Payer, &'static str),
    /// The account has no money.
    NoBalance,
    /// Refused with a code: Mobitel's, the family's.
    Refuse(&'static str, &'static str),
    Wire(Fault),
    /// The payer pays so many percent at eZ Cash; elsewhere it is an ordinary charge.
    Pays(u8),
}

/// Every magic value.
pub const MAGIC: [Magic; 25] = [
    row(1, "the payer declines", Act::Payer(Payer::Decline, "E1406")),
    row(2, "the payer ignores the prompt", Act::Payer(Payer::Ignore, "E1405")),
    row(3, "insufficient balance", Act::NoBalance),
    row(4, "the payer enters a wrong PIN", Act::Payer(Payer::WrongPin, "E1404")),
    row(5, "busy: the handset, the application", Act::Refuse(preset::MOBITEL_HANDSET_BUSY, "E1316")),
    row(6, "executed, the answer is lost", Act::Wire(Fault::AnswerLostAfterExecuting)),
    row(7, "not executed, the answer is lost", Act::Wire(Fault::AnswerLostBeforeExecuting)),
    row(8, "not executed, connection reset", Act::Wire(Fault::ResetConnection)),
    row(9, "executed, connection reset", Act::Wire(Fault::ResetAfterExecuting)),
    row(10, "executed, empty answer", Act::Wire(Fault::EmptyAnswer)),
    row(11, "executed, garbage", Act::Wire(Fault::Garbage)),
    row(12, "executed, truncated answer", Act::Wire(Fault::Truncate(20))),
    row(13, "not executed, a proxy's 503 in HTML", Act::Wire(Fault::HtmlPage(503))),
    row(14, "executed, a proxy's 504 in HTML", Act::Wire(Fault::HtmlPageAfterExecuting(504))),
    row(15, "executed, IBM's ambiguous 500", Act::Wire(Fault::BacksideAmbiguous { executes: true })),
    row(16, "not executed, IBM's ambiguous 500", Act::Wire(Fault::BacksideAmbiguous { executes: false })),
    row(17, "no answer, executed 30 s later", Act::Wire(Fault::ExecutedLate(30_000))),
    row(18, "executed, answered 1 s later", Act::Wire(Fault::Latency(1_000))),
    row(19, "not executed, rate limit (429)", Act::Wire(Fault::RateLimited)),
    row(20, "the account is blocked", Act::Refuse(preset::MOBITEL_DECLINED, "E1317")),
    row(21, "executed, Content-Length too long", Act::Wire(Fault::LengthTooLong(10))),
    row(22, "executed, Content-Length too short", Act::Wire(Fault::LengthTooShort(10))),
    row(23, "executed, slow bytes", Act::Wire(Fault::SlowBytes(5))),
    row(24, "eZ Cash: half is paid", Act::Pays(50)),
    row(25, "eZ Cash: half too much is paid", Act::Pays(150)),
];

const fn row(row: u8, what: &'static str, act: Act) -> Magic {
    Magic { row, what, act }
}

/// The whole Rupees of every magic amount.
const RUPEES: u64 = 911;

/// The fault that a request's own number or amount stands for.
pub(crate) fn fault(settings: &Settings, service: Service, fields: &Fields) -> Option<Fault> {
    let starts_a_charge = matches!(service, Service::MobitelChargeRequest | Service::DirectDebit);
    if !settings.magic_values || !starts_a_charge {
        return None;
    }
    let subscriber = fields.text(&["subscriberId", "customer", "receiver"])?;
    let amount = fields.text(&["amount"]).and_then(|text| money::parse(&text))?;
    let instrument = fields.text(&["paymentInstrument", "paymentInstrumentName"]).unwrap_or_default();
    let is_mobitel = service.is_mobitel();
    match find(&subscriber::canonical(&subscriber), amount)?.act.clone() {
        Act::Wire(fault) => Some(fault),
        Act::Refuse(mobitel, family) => {
            Some(Fault::StatusCode(if is_mobitel { mobitel } else { family }.to_owned()))
        }
        // The others act where the payer acts, or where the balance is looked at.
        Act::Payer(_, code) if !is_mobitel && !instrument.eq_ignore_ascii_case("Dialog-Ezcash") => {
            Some(Fault::StatusCode(code.to_owned()))
        }
        Act::Payer(..) | Act::NoBalance | Act::Pays(_) => None,
    }
}

/// What the payer of a prompt or of an eZ Cash request does: as the magic value says, else as set.
pub(crate) fn payer(settings: &Settings, subscriber: &str, amount: u64) -> Payer {
    match act(settings, subscriber, amount) {
        Some(Act::Payer(payer, _)) => *payer,
        // At eZ Cash the wallet is empty: a failed charge. Mobitel shows no prompt then.
        Some(Act::NoBalance) => Payer::WrongPin,
        Some(Act::Pays(_)) => Payer::Approve,
        _ => settings.payer,
    }
}

/// How much of the amount due the payer pays at eZ Cash.
pub(crate) fn payment(settings: &Settings, subscriber: &str, amount: u64, due: u64) -> u64 {
    match act(settings, subscriber, amount) {
        Some(Act::Pays(percent)) => due.saturating_mul(u64::from(*percent)) / 100,
        _ => due,
    }
}

/// Whether the account counts as empty for this charge.
pub(crate) fn has_no_balance(settings: &Settings, subscriber: &str, amount: u64) -> bool {
    matches!(act(settings, subscriber, amount), Some(Act::NoBalance))
}

fn act(settings: &Settings, subscriber: &str, amount: u64) -> Option<&'static Act> {
    if settings.magic_values { find(subscriber, amount).map(|magic| &magic.act) } else { None }
}

/// The number's row comes before the amount's.
fn find(subscriber: &str, amount: u64) -> Option<&'static Magic> {
    static ROWS: [Magic; 25] = MAGIC;
    let is_number =
        subscriber.len() >= SHORTEST_NUMBER && subscriber.bytes().all(|byte| byte.is_ascii_digit());
    let by_number = subscriber.get(subscriber.len().saturating_sub(6)..).filter(|_| is_number);
    let by_number = by_number.and_then(|end| end.strip_prefix("0000")).and_then(|row| row.parse().ok());
    let by_amount =
        (amount / 100 == RUPEES).then_some(amount % 100).and_then(|cents| u8::try_from(cents).ok());
    let named = |row: Option<u8>| ROWS.iter().find(|magic| Some(magic.row) == row);
    named(by_number).or_else(|| named(by_amount))
}

/// `947…`: eleven digits. A shorter number is no subscriber's.
const SHORTEST_NUMBER: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_found_by_number_and_by_amount_and_by_nothing_near_them() {
        let row = |subscriber, amount| find(subscriber, amount).map(|magic| magic.row);
        assert_eq!(row("94771000006", 500), Some(6));
        assert_eq!(row("94771234567", 91_106), Some(6));
        assert_eq!(row("94771000001", 91_106), Some(1));
        for ordinary in ["94771234567", "94770000000", "94771000099", "94771010006", "user000006", "000006"] {
            assert_eq!(row(ordinary, 500), None, "{ordinary}");
        }
        for amount in [91_100, 91_199, 911, 9_110_600, 91_006] {
            assert_eq!(row("94771234567", amount), None, "{amount}");
        }
    }

    #[test]
    fn rows_count_from_one_without_a_gap() {
        let rows: Vec<u8> = MAGIC.iter().map(|magic| magic.row).collect();
        assert_eq!(rows, (1..=25).collect::<Vec<u8>>());
    }
}
