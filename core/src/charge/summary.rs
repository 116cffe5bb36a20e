//! What the back end of a machine's owner wants to know of a charge.

use super::{Charge, Payment, Release, Review, Sale};
use crate::money::{Amount, Currency};

/// A charge at one moment, to be told or logged: nothing secret and nothing of the payer is in it. With the feature `serde`
/// it can be written by any serializer; amounts become texts, "5.00".
///
/// ```
/// # #[cfg(feature = "serde")] {
/// # use caas_core::charge::{Carrier, Charge, Order};
/// # use caas_core::credentials::{Credentials, Secret};
/// # use caas_core::id::{SaleId, Subscriber};
/// # use caas_core::id_generator::ChargeId;
/// # use caas_core::{money::Amount, profile, time::Instant};
/// # let profile = profile::ideamart();
/// # let credentials = Credentials {
/// #     application: Secret::new("APP_000018").unwrap(), password: Secret::new("password").unwrap(),
/// #     ..Credentials::default()
/// # };
/// # let carrier = Carrier { profile: &profile, credentials: &credentials, endpoint: profile.endpoint };
/// # let (sale, payer) = (SaleId::new("sale-1").unwrap(), Subscriber::new("94771234567").unwrap());
/// # let order = Order::new(&sale, &payer, Amount::parse("5.00").unwrap());
/// # let charge = Charge::start(Instant::ZERO, &carrier, &order, &ChargeId::new("M1-1-1").unwrap()).unwrap();
/// let mut line = [0; caas_core::charge::Summary::JSON_MAX];
/// let length = serde_json_core::to_slice(&charge.summary(), &mut line).unwrap();
/// assert_eq!(
///     core::str::from_utf8(&line[..length]).unwrap(),
///     r#"{"sale":"sale-1","state":"open","payment":"requested","release":"none","review":"none","#.to_owned()
///         + r#""amount":"5.00","received":"0.00","refundDue":"0.00","currency":"LKR"}"#
/// );
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "camelCase"))]
pub struct Summary<'c> {
    /// The sale's id.
    pub sale: &'c str,
    /// Whether the sale still takes place.
    pub state: Sale,
    /// What is known of the payment.
    pub payment: Payment,
    /// Whether the goods left the machine.
    pub release: Release,
    /// Whether a person must look.
    pub review: Review,
    /// The sale's amount.
    pub amount: Amount,
    /// All that was received.
    pub received: Amount,
    /// What is owed back to the payer.
    pub refund_due: Amount,
    /// The currency of the three.
    pub currency: Currency,
}

impl Summary<'_> {
    /// Bytes that a summary takes as JSON, at most: names and the longest words, a sale id of 32 characters of which each
    /// is escaped, three amounts of 14.
    pub const JSON_MAX: usize = 384;
}

impl Charge {
    /// The charge as it is now.
    pub fn summary(&self) -> Summary<'_> {
        Summary {
            sale: self.sale_id(),
            state: self.sale(),
            payment: self.payment(),
            release: self.release(),
            review: self.review(),
            amount: self.amount(),
            received: self.received(),
            refund_due: self.refund_due(),
            currency: self.currency(),
        }
    }
}

#[cfg(all(test, feature = "serde"))]
mod tests {
    use super::*;
    use crate::charge::{Closing, Reason};

    #[test]
    fn the_longest_summary_fits_its_bound() {
        let longest = Summary {
            sale: "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"",
            state: Sale::Closed(Closing::Fulfilled),
            payment: Payment::PendingConsent,
            release: Release::Uncertain,
            review: Review::Needed(Reason::PaidByNotificationOnly),
            amount: Amount::MAX,
            received: Amount::MAX,
            refund_due: Amount::MAX,
            currency: Currency::LKR,
        };
        let mut line = [0; Summary::JSON_MAX];
        let length = serde_json_core::to_slice(&longest, &mut line).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&line[..length]).unwrap();
        assert_eq!(read["sale"].as_str(), Some(longest.sale));
        assert_eq!(read["state"]["closed"], "fulfilled");
        assert_eq!(read["review"]["needed"], "paid-by-notification-only");
        assert_eq!(read["received"], "40000000.00");
    }
}
