//! A build that leaves parts of the core out refuses what would need them, and charges through the others. `cargo xtask
//! test` runs this with each set of features that a firmware would choose.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use caas_core::charge::{
    AtBoot, BUFFER_MAX, Carrier, Charge, Input, Order, Output, Payment, RecoverError, StartRefused,
};
use caas_core::checksum::checksum;
use caas_core::credentials::{Credentials, Secret};
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
use caas_core::profile::{self, Profile};
use caas_core::time::Instant;

const DEBITS: bool = cfg!(feature = "debits");
const NOTIFICATIONS: bool = cfg!(feature = "notifications");
const PROMPTS: bool = cfg!(feature = "prompts");

/// Each kind of charge, and whether this build has what it needs.
fn kinds() -> [(Profile<'static>, &'static str, bool); 4] {
    [
        (profile::mobitel(&[]), "", PROMPTS),
        (profile::ideamart(), "MobileAccount", DEBITS),
        (profile::dialog(), "MobileAccount", DEBITS),
        (profile::dialog(), profile::DIALOG_EZCASH, DEBITS && NOTIFICATIONS),
    ]
}

fn credentials() -> Credentials {
    let secret = |text| Secret::new(text).unwrap();
    Credentials {
        client: secret("client"),
        application: secret("APP_1"),
        password: secret("password"),
        agent_pin: secret("4444"),
        agent_alias: secret("VC"),
    }
}

fn start(carrier: &Carrier<'_>, instrument: &str) -> Result<Charge, StartRefused> {
    let (sale, payer) = (SaleId::new("sale-1").unwrap(), Subscriber::new("94771234567").unwrap());
    let mut order = Order::new(&sale, &payer, Amount::parse("5").unwrap());
    order.instrument = Some(instrument);
    Charge::start(Instant::ZERO, carrier, &order, &ChargeId::new("c-1-1").unwrap())
}

#[test]
fn what_would_need_a_part_that_is_left_out_is_refused_before_anything_is_sent() {
    let credentials = credentials();
    for (profile, instrument, built_in) in kinds() {
        let carrier = Carrier { profile: &profile, credentials: &credentials, endpoint: profile.endpoint };
        let refused = start(&carrier, instrument).err();
        assert_eq!(refused, (!built_in).then_some(StartRefused::NotBuiltIn), "{} {instrument}", profile.name);
    }
}

/// A firmware that was built with less than the one before it does not go on with a charge that it cannot finish: the
/// record is one of eZ Cash.
#[test]
fn a_record_whose_charge_would_need_a_part_that_is_left_out_is_refused() {
    let record = include_bytes!("records/version-1.bin");
    let (profile, credentials) = (profile::dialog(), credentials());
    let carrier = Carrier { profile: &profile, credentials: &credentials, endpoint: "http://127.0.0.1:7000" };
    let refused = Charge::recover(Instant::ZERO, &carrier, record, AtBoot::RefundDue).err();
    assert_eq!(refused, (!(DEBITS && NOTIFICATIONS)).then_some(RecoverError::NotBuiltIn));
}

/// Money is never overlooked: whoever cannot account for what was reported by notification does not go on with the charge.
#[test]
fn a_record_with_money_that_only_notifications_report_is_refused_where_they_are_left_out() {
    for (profile, instrument, built_in) in kinds() {
        if !built_in {
            continue;
        }
        let credentials = credentials();
        let carrier = Carrier { profile: &profile, credentials: &credentials, endpoint: profile.endpoint };
        let (mut charge, mut buffer) = (start(&carrier, instrument).unwrap(), [0; BUFFER_MAX]);
        let Output::Persist { record, .. } = charge.poll_output(Instant::ZERO, &carrier, &mut buffer) else {
            panic!("a charge is kept before it is sent")
        };
        let record = record.bytes();
        // After magic, version, length and sequence, the three names, four amounts and the window: credits, and what is
        // beyond them.
        let credits = 11 + 3 + profile.name.len() + profile.endpoint.len() + instrument.len() + 5 * 4;
        for amount in [credits + 2, credits + 3 * 6 + 2, credits + 4 * 6] {
            let mut reported = record.to_vec();
            reported[amount] = 1;
            let body = reported.len() - 8;
            let sum = checksum(&reported[..body]).to_le_bytes();
            reported[body..body + 4].copy_from_slice(&sum);
            let received = Charge::recover(Instant::ZERO, &carrier, &reported, AtBoot::RefundDue)
                .map(|charge| charge.received());
            let cent = Amount::from_minor(1).unwrap();
            let expected = if NOTIFICATIONS { Ok(cent) } else { Err(RecoverError::NotBuiltIn) };
            assert_eq!(received, expected, "{} {instrument}", profile.name);
        }
    }
}

/// A charge whose status codes nobody here knows could neither be paid nor fail.
#[test]
fn a_profile_whose_status_codes_are_left_out_is_refused() {
    let credentials = credentials();
    let profile = Profile { family_codes: true, ..profile::mobitel(&[]) };
    let carrier = Carrier { profile: &profile, credentials: &credentials, endpoint: profile.endpoint };
    let built_in = PROMPTS && DEBITS;
    assert_eq!(start(&carrier, "").err(), (!built_in).then_some(StartRefused::NotBuiltIn));
}

/// I3, I7: "the payer must act" to an instrument that asks nobody. Without notifications nobody hears of what is paid
/// then: that is a doubt, and no failure.
#[test]
fn an_acceptance_of_which_nothing_more_is_heard_is_in_doubt() {
    if !DEBITS {
        return;
    }
    let (profile, credentials) = (profile::ideamart(), credentials());
    let carrier = Carrier { profile: &profile, credentials: &credentials, endpoint: profile.endpoint };
    let mut charge = start(&carrier, "MobileAccount").unwrap();
    let (mut now, mut buffer) = (Instant::ZERO, [0; BUFFER_MAX]);
    let answer =
        br#"{"statusCode":"P1003","statusDetail":"Dial *123#","referenceId":"1","internalTrxId":"2"}"#;
    loop {
        let input = match charge.poll_output(now, &carrier, &mut buffer) {
            Output::Persist { token, .. } => Input::Persisted(token),
            Output::Transmit { token, .. } => Input::Response { token, status: 200, body: answer },
            Output::Wait(Some(until)) => {
                now = until;
                Input::Tick
            }
            Output::Wait(None) => break,
            _ => continue,
        };
        let _ = charge.handle_input(now, &profile, input);
    }
    let expected = if NOTIFICATIONS { Payment::Failed } else { Payment::InDoubt };
    assert_eq!(charge.payment(), expected);
}
