//! `caas charge`: one sale, to its end.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use caas_core::charge::Order;
use caas_core::id::{SaleId, Subscriber};
use caas_core::money::Amount;
use caas_core::profile::{Consent, Instrument};
use caas_simulator::{Capture, Payer, Simulator};
use caas_transport_std::{ChargeEvent, Desk, Listener, Reaction};

use crate::arguments::Charge;
use crate::carrier::Carrier;
use crate::exit::{Exit, Stop};
use crate::place::{Place, Site, payer};
use crate::tell::Tell;
use crate::{countdown, desk, interrupt, phone};

/// Charges a payer, tells what happens, and ends as the charge does.
pub async fn charge(arguments: &Charge) -> Result<Exit, Stop> {
    let sale = sale_id(arguments.sale.as_deref())?;
    let subscriber = Subscriber::new(&arguments.subscriber).map_err(Stop::usage)?;
    let amount = Amount::parse(&arguments.amount).map_err(Stop::usage)?;
    let Place { carrier, site } = Place::find(&arguments.place, Some(&arguments.simulated))?;
    let instrument = instrument(&carrier, arguments.instrument.as_deref())?;
    let account = account(arguments, instrument)?;
    let tell = Tell { json: arguments.place.json, simulated: site.simulated };
    let window = carrier.profile.windows.consent;
    let clock = if site.simulated { arguments.simulated.clock } else { 1 };
    let desk = desk::for_charges(&site, carrier, clock)?;
    let listener = take_notifications(arguments, &site, &desk, instrument).await?;
    introduce(tell, &sale, &site);
    let phone = site.simulator.as_ref().map(|simulator| show_phone(arguments, simulator));

    let order = Order {
        instrument: Some(instrument.name),
        account: account.as_ref(),
        ..Order::new(&sale, &subscriber, amount)
    };
    interrupt::on_signal(desk.interrupter());
    let countdown = countdown::Countdown::new(tell.json, window, clock);
    let outcome = desk.charge_with(&order, |view, event| {
        tell.event(view, event);
        match event {
            ChargeEvent::PendingConsent => countdown.start(),
            _ => countdown.stop(),
        }
        Reaction::Continue
    });
    let outcome = outcome.await.map_err(|error| desk::stop_of(&error))?;
    countdown.stop();
    if let Some(listener) = listener {
        listener.shutdown().await;
    }
    if let Some(phone) = phone {
        // What the phone and the carrier still have to show comes before the end.
        tokio::time::sleep(Duration::from_millis(50)).await;
        phone.abort();
    }
    let captures = site.simulator.as_ref().map(|simulator| captures_of(simulator, &outcome.charge.charge_id));
    Ok(tell.end(&outcome, captures.as_deref()))
}

/// The sale's name; without one, a name that no other run of this program takes.
fn sale_id(named: Option<&str>) -> Result<SaleId, Stop> {
    let made = || {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        format!("cli-{seconds}-{}", std::process::id())
    };
    SaleId::new(&named.map_or_else(made, str::to_owned))
        .map_err(|error| Stop::usage(format!("--sale: {error}")))
}

fn instrument(carrier: &Carrier, typed: Option<&str>) -> Result<&'static Instrument<'static>, Stop> {
    let name = typed.map(|typed| carrier.instrument_name(typed)).transpose()?;
    let mut instruments = carrier.profile.instruments.iter();
    let found = instruments.find(|instrument| name.is_none_or(|name| instrument.name == name));
    found.ok_or_else(|| Stop::usage("this carrier has no payment instrument"))
}

/// eZ Cash wants the payer's number as the account (Dialog's sample sends both).
fn account(arguments: &Charge, instrument: &Instrument<'_>) -> Result<Option<Subscriber>, Stop> {
    let payer = instrument.agent_params.then_some(&arguments.subscriber);
    let given = arguments.account.as_ref().or(payer);
    given.map(|account| Subscriber::new(account).map_err(Stop::usage)).transpose()
}

/// Listens for notifications where the instrument is paid by them, or where an address is named.
async fn take_notifications(
    arguments: &Charge,
    site: &Site,
    desk: &Desk,
    instrument: &Instrument<'_>,
) -> Result<Option<Listener>, Stop> {
    let own = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let built_in = site.simulator.is_some() && instrument.consent == Consent::Dialled;
    let Some(address) = arguments.listen.or(built_in.then_some(own)) else { return Ok(None) };
    let listener = desk::listen(desk, address, &site.configuration, site.simulated).await?;
    if let Some(simulator) = &site.simulator {
        simulator.set_notify_url(&listener.url().reveal());
    }
    Ok(Some(listener))
}

fn introduce(tell: Tell, sale: &SaleId, site: &Site) {
    if tell.json {
        return;
    }
    let note = if site.simulated { ", carrier and payer are simulated" } else { "" };
    tell.line(&format!("sale {sale}{note}"));
    tell.line(&format!("journal {}", site.journal.display()));
}

/// Shows the simulated payer's phone beside the charge's own lines.
fn show_phone(arguments: &Charge, simulator: &Arc<Simulator>) -> tokio::task::JoinHandle<()> {
    let mut events = simulator.events();
    let (json, simulator) = (arguments.place.json, Arc::clone(simulator));
    let ask = payer(arguments.simulated.payer) == Payer::Ask && !json;
    tokio::spawn(async move {
        while let Ok(event) = events.recv().await {
            if !json {
                phone::show(&event);
            }
            if ask {
                phone::ask(&simulator, &event);
            }
        }
    })
}

/// The carrier's own record of this charge: by the ids of its attempts, or for a carrier without such ids all of it, for
/// the built-in simulator serves this one charge only.
fn captures_of(simulator: &Simulator, charge: &str) -> Vec<Capture> {
    let ours = |capture: &&Capture| capture.external_id.as_ref().is_none_or(|id| id.starts_with(charge));
    simulator.ledger().captures().iter().filter(ours).cloned().collect()
}
