//! `caas charge`: one sale, to its end.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use caas_core::charge::Order;
use caas_core::id::{SaleId, Subscriber};
use caas_core::money::Amount;
use caas_core::profile::{Consent, Instrument};
use caas_simulator::{Capture, Simulator};
use caas_transport_std::{ChargeEvent, Desk, DeskError, Listener, Outcome, Reaction};
use serde_json::json;

use crate::arguments::Charge;
use crate::carrier::{Carrier, Use};
use crate::countdown::Countdown;
use crate::exit::{Exit, Stop};
use crate::interrupt::Interrupted;
use crate::patience::Patience;
use crate::place::{Place, Site};
use crate::simulator_api::SimulatorApi;
use crate::tell::Tell;
use crate::{desk, interrupt, journal, listen, phone, place, relay, resume};

/// How long the simulated phone and carrier have to show what they still show before the end.
const LAST_LINES: Duration = Duration::from_millis(50);

/// Charges a payer, tells what happens, and ends as the charge does.
pub async fn charge(tell: Tell, arguments: &Charge) -> Result<Exit, Stop> {
    let sale = sale_id(arguments.sale.as_deref())?;
    let subscriber = subscriber(&arguments.subscriber)?;
    let amount = Amount::parse(&arguments.amount)
        .map_err(|error| Stop::usage(format!("amount {}: {error}", arguments.amount)))?;
    let Place { carrier, site } = Place::find(&arguments.place, &arguments.simulated, Use::Send)?;
    let instrument = instrument(&carrier, arguments.instrument.as_deref())?;
    let account = account(arguments, instrument)?;
    let countdown = Countdown::new(tell.json, carrier.profile.windows.consent, site.clock);

    let journal = journal::open(&site.journal, site.simulated)?;
    let known = desk::known(&journal, sale.as_str())?;
    let desk = desk::for_carrier(&site, carrier, &known, Use::Send, journal)?;
    let interrupted = interrupt::on_signal(tell, desk.interrupter())?;
    let listener = take_notifications(arguments, &site, &desk, instrument).await?;
    introduce(tell, &sale, &site);
    if let Some(listener) = listener.as_ref().filter(|_| arguments.listen.is_some()) {
        listen::introduce(tell, listener);
    }
    for row in &known {
        resume::say_if_simulator_is_gone(tell, row);
    }
    if instrument.consent == Consent::Dialled && listener.is_none() {
        tell.note("paid by notifications: `caas listen` must run beside this, or add --listen ADDR");
    }
    let phone = site
        .simulator
        .as_ref()
        .map(|simulator| phone::follow(tell, simulator, place::payer(arguments.simulated.payer)));

    let order = Order {
        instrument: Some(instrument.name),
        account: account.as_ref(),
        ..Order::new(&sale, &subscriber, amount)
    };
    let ended = drive(tell, &desk, &order, &countdown).await;
    countdown.stop();
    let outcome = ended.map_err(|error| stop_of(&error, &interrupted))?;
    if let Some(listener) = listener {
        listener.shutdown().await;
    }
    if let Some(phone) = phone {
        tokio::time::sleep(LAST_LINES).await;
        phone.abort();
    }
    // A charge that was there before went to another simulator, and so is in another ledger.
    let ledger = site.simulator.as_ref().filter(|_| known.is_empty());
    let captures = ledger.map(|simulator| captures_of(simulator, &outcome.charge.charge_id));
    Ok(tell.end(&outcome, captures.as_deref()))
}

/// Drives the charge to its end. Where another process drives it already, that one's end is waited for.
async fn drive(
    tell: Tell,
    desk: &Desk,
    order: &Order<'_>,
    countdown: &Countdown,
) -> Result<Outcome, DeskError> {
    let mut patience = Patience::default();
    let observer = |view: &_, event: &ChargeEvent| {
        tell.event(view, event);
        match event {
            ChargeEvent::PendingConsent => countdown.start(),
            _ => countdown.stop(),
        }
        if patience.is_over(event) { Reaction::Stop } else { Reaction::Continue }
    };
    match desk.begin(order).await {
        Err(DeskError::DrivenElsewhere) => {
            tell.note("another process drives this charge: waiting for its end");
            desk.charge_with(order, observer).await
        }
        begun => begun?.run(observer).await,
    }
}

/// Whoever is interrupted while another process drives the charge leaves it open.
fn stop_of(error: &DeskError, interrupted: &Interrupted) -> Stop {
    match error {
        DeskError::DrivenElsewhere if interrupted.is_set() => Stop {
            exit: Exit::Interrupted,
            message: "interrupted while another process drives the charge: that one goes on".to_owned(),
        },
        error => desk::stop_of(error),
    }
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

/// It is sent as it is typed, and no carrier takes blanks.
fn subscriber(typed: &str) -> Result<Subscriber, Stop> {
    if typed.contains(char::is_whitespace) {
        return Err(Stop::usage("the payer's number: write it without blanks"));
    }
    Subscriber::new(typed).map_err(|error| Stop::usage(format!("the payer's number: {error}")))
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
    given
        .map(|account| Subscriber::new(account).map_err(|error| Stop::usage(format!("--account: {error}"))))
        .transpose()
}

/// Listens for notifications where an address is named, and where the built-in simulator sends them. A simulator is told
/// the address.
async fn take_notifications(
    arguments: &Charge,
    site: &Site,
    desk: &Desk,
    instrument: &Instrument<'_>,
) -> Result<Option<Listener>, Stop> {
    let own = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let built_in = site.simulator.is_some() && instrument.consent == Consent::Dialled;
    let Some(address) = arguments.listen.or(built_in.then_some(own)) else { return Ok(None) };
    // The built-in simulator notifies of this charge only; whoever else comes may bring what is a terminal's.
    let relay = match site.simulator {
        Some(_) => None,
        None => relay::keeper(&site.configuration, site.simulated)?,
    };
    let listener = listen::at(desk, relay.as_ref(), address, &site.configuration, site.simulated).await?;
    let url = listener.url().reveal();
    if let Some(simulator) = &site.simulator {
        simulator.set_notify_url(&url);
    } else if let Some(running) = arguments.place.endpoint.as_deref().filter(|_| site.simulated) {
        // A simulator of its own process is told where to notify, as an operator tells a carrier.
        SimulatorApi::at(running)?.call("PUT", "/sim/settings", &json!({"notifyUrl": url})).await?;
    }
    Ok(Some(listener))
}

/// The sale's name comes first, so that whoever is cut off later knows what to ask for.
fn introduce(tell: Tell, sale: &SaleId, site: &Site) {
    if tell.json {
        let journal = site.journal.display().to_string();
        tell.object(&json!({"event": "sale", "sale": sale.as_str(), "journal": journal}));
        return;
    }
    let note = if site.simulated { ", carrier and payer are simulated" } else { "" };
    tell.line(&format!("sale {sale}{note}"));
    tell.line(&format!("journal {}", site.journal.display()));
}

/// The carrier's own record of this charge: by the ids of its attempts, or for a carrier without such ids all of it, for
/// the built-in simulator serves this one charge only.
fn captures_of(simulator: &Simulator, charge: &str) -> Vec<Capture> {
    let ours = |capture: &&Capture| capture.external_id.as_ref().is_none_or(|id| id.starts_with(charge));
    simulator.ledger().captures().iter().filter(ours).cloned().collect()
}
