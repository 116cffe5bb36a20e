//! A sale in ten lines of your own code: the payer is charged once, the charge is durable, and the goods may go.
//!
//! `cargo run -p caas-transport-std --example ten_lines` sells to a simulated carrier and checks its ledger.

use caas_core::charge::Order;
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SaleId, Subscriber};
use caas_core::money::Amount;
use caas_core::profile;
use caas_simulator::{Simulator, preset};
use caas_transport_std::{CarrierAccess, Desk, DeskSettings, Ending, Journal};

type Failure = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let carrier = Simulator::start();
    let folder = tempfile::tempdir()?;
    let ending = sell(&carrier.url(), &folder.path().join("charges.db")).await?;
    println!("{ending:?}; the carrier took {} cents", carrier.ledger().total("94771234567"));
    assert_eq!((ending, carrier.ledger().total("94771234567")), (Ending::Paid, 10_00));
    Ok(())
}

/// The ten lines.
async fn sell(url: &str, journal: &std::path::Path) -> Result<Ending, Failure> {
    let access = CarrierAccess::new(profile::ideamart(), credentials()?, url)?;
    let desk = Desk::open(DeskSettings::new(Journal::open(journal)?, access))?;
    desk.resume_all(|_, _| {}).await?; // what an earlier run left
    let (sale, payer) = (SaleId::new("sale-1")?, Subscriber::new("94771234567")?);
    let order = Order::new(&sale, &payer, Amount::parse("10.00")?);
    let outcome = desk.charge(&order).await?;
    Ok(outcome.ending())
}

fn credentials() -> Result<Credentials, Failure> {
    Ok(Credentials {
        application: Secret::new(preset::APPLICATION_ID)?,
        password: Secret::new(preset::PASSWORD)?,
        ..Credentials::default()
    })
}
