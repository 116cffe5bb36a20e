//! What the application wants and the journal must be asked for: kept until it is decided, so that nothing is lost where a
//! future is dropped.

use caas_core::charge::{INSTRUMENT_NAME_MAX, Order, Resolution, StartRefused, Ticket};
use caas_core::id::{SaleId, Subscriber};
use caas_core::money::{Amount, Currency};
use caas_core::till::TillRefused;
use caas_core::time::Millis;
use caas_core::wire::notification::Notification;
use heapless::String;

/// Characters of a person's name that are kept.
const BY_MAX: usize = 16;

/// A sale that is to be started.
pub struct Wanted {
    pub sale: SaleId,
    subscriber: Subscriber,
    amount: Amount,
    currency: Option<Currency>,
    instrument: Option<String<INSTRUMENT_NAME_MAX>>,
    account: Option<Subscriber>,
    window: Option<Millis>,
    attempts: u8,
    pub cancelled: bool,
}

/// Something for a charge that may not have a place in the till.
pub enum Visit {
    Notification { ticket: Ticket, notification: Notification },
    Resolve { sale: SaleId, resolution: Resolution, by: String<BY_MAX> },
}

impl Wanted {
    pub fn new(order: &Order<'_>) -> Result<Self, TillRefused> {
        let named = |name: &str| String::try_from(name);
        let instrument = order.instrument.map(named).transpose();
        Ok(Wanted {
            sale: order.sale.clone(),
            subscriber: order.subscriber.clone(),
            amount: order.amount,
            currency: order.currency,
            instrument: instrument.map_err(|_| TillRefused::Start(StartRefused::Instrument))?,
            account: order.account.cloned(),
            window: order.window,
            attempts: order.attempts,
            cancelled: false,
        })
    }

    pub fn order(&self) -> Order<'_> {
        Order {
            sale: &self.sale,
            subscriber: &self.subscriber,
            amount: self.amount,
            currency: self.currency,
            instrument: self.instrument.as_deref(),
            account: self.account.as_ref(),
            window: self.window,
            attempts: self.attempts,
        }
    }
}

impl Visit {
    pub fn resolve(sale: &SaleId, resolution: Resolution, by: &str) -> Self {
        let mut kept = String::new();
        for letter in by.chars() {
            if kept.push(letter).is_err() {
                break;
            }
        }
        Visit::Resolve { sale: sale.clone(), resolution, by: kept }
    }
}
