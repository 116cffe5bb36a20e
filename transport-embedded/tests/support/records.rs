//! Records as `caas-core` writes them.

use caas_core::charge::{AtBoot, BUFFER_MAX, Carrier, Charge, Order, Output, Record};
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
use caas_core::{profile, time::Instant};

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
        let records = records(&id, &subscriber);
        Sale { id, records }
    };
    (0..count).map(versions).collect()
}

/// Every restart of an open charge makes a new record.
fn records(sale: &SaleId, subscriber: &str) -> Vec<Record<'static>> {
    let carrier = carrier();
    let payer = Subscriber::new(subscriber).expect("a subscriber");
    let order = Order::new(sale, &payer, Amount::parse("5.00").expect("an amount"));
    let (now, id) = (Instant::ZERO, ChargeId::new("M1-1-1").expect("an id"));
    let mut charge = Charge::start(now, &carrier, &order, &id).expect("a charge");
    let mut records = Vec::new();
    while records.len() < 12 {
        let buffer: &'static mut [u8] = vec![0; BUFFER_MAX].leak();
        let Output::Persist { record, .. } = charge.poll_output(now, &carrier, buffer) else {
            panic!("nothing to persist")
        };
        records.push(record);
        charge = Charge::recover(now, &carrier, record.bytes(), AtBoot::Release).expect("a record");
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
