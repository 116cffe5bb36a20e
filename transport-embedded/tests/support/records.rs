//! Records as `caas-core` writes them.

use caas_core::charge::{
    AtBoot, BUFFER_MAX, Carrier, Charge, ENDPOINT_MAX, INSTRUMENT_NAME_MAX, Order, Output, Record,
};
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SALE_ID_MAX, SUBSCRIBER_MAX, SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
use caas_core::profile::{self, Instrument, PROFILE_NAME_MAX, Profile};
use caas_core::time::Instant;

/// A sale and its records, the oldest first.
pub struct Sale {
    pub id: SaleId,
    pub records: Vec<Record<'static>>,
}

/// Sales with ids and records of different lengths.
pub fn sales(count: usize) -> Vec<Sale> {
    let versions = |number: usize| {
        let id = SaleId::new(&format!("s{}", "0".repeat(number * 7 % 30))).expect("a sale id");
        let subscriber = "9".repeat(11 + number * 23 % 80);
        let records = records(&carrier(), &id, &subscriber);
        Sale { id, records }
    };
    (0..count).map(versions).collect()
}

/// A sale with everything as long as it may be that is known before an answer.
pub fn long_sale() -> Sale {
    let id = SaleId::new(&"l".repeat(SALE_ID_MAX)).expect("a sale id");
    let text = |letter: &str, length| -> &'static str { Box::leak(letter.repeat(length).into_boxed_str()) };
    let instrument = Instrument { name: text("n", INSTRUMENT_NAME_MAX), ..profile::dialog().instruments[0] };
    let instruments = Box::leak(Box::new([instrument]));
    let profile = Profile { name: text("p", PROFILE_NAME_MAX), instruments, ..profile::dialog() };
    let carrier =
        Carrier { profile: Box::leak(Box::new(profile)), endpoint: text("e", ENDPOINT_MAX), ..carrier() };
    let records = records(&carrier, &id, &"9".repeat(SUBSCRIBER_MAX));
    Sale { id, records }
}

/// Every restart of an open charge makes a new record.
fn records(carrier: &Carrier<'static>, sale: &SaleId, subscriber: &str) -> Vec<Record<'static>> {
    let payer = Subscriber::new(subscriber).expect("a subscriber");
    let order = Order::new(sale, &payer, Amount::parse("5.00").expect("an amount"));
    let (now, id) = (Instant::ZERO, ChargeId::new("M1-1-1").expect("an id"));
    let mut charge = Charge::start(now, carrier, &order, &id).expect("a charge");
    let mut records = Vec::new();
    while records.len() < 12 {
        let buffer: &'static mut [u8] = vec![0; BUFFER_MAX].leak();
        let Output::Persist { record, .. } = charge.poll_output(now, carrier, buffer) else {
            panic!("nothing to persist")
        };
        records.push(record);
        charge = Charge::recover(now, carrier, record.bytes(), AtBoot::Release).expect("a record");
    }
    records
}

fn carrier() -> Carrier<'static> {
    let secret = || Secret::new("x").expect("a secret");
    let credentials = Credentials { application: secret(), password: secret(), ..Credentials::default() };
    let profile = Box::leak(Box::new(profile::ideamart()));
    let credentials = Box::leak(Box::new(credentials));
    Carrier { profile, credentials, endpoint: profile.endpoint }
}
