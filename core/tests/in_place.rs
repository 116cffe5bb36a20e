//! What is made where it stays is what the copy would be, and what is refused leaves nothing there.

#![allow(clippy::unwrap_used)]

mod scene;

use caas_core::charge::{AtBoot, BUFFER_MAX, Carrier, Charge, Order, Output, RecoverError, StartRefused};
use caas_core::id::{IdError, SaleId, Subscriber};
use caas_core::id_generator::ChargeId;
use caas_core::money::Amount;
use caas_core::profile;
use caas_core::time::Instant;
use caas_core::wire::notification::{self, Notification};
use scene::{CHARGE, ENDPOINT, Kind, PAYER, SALE, credentials, paid};

const NOW: Instant = Instant::from_millis(1_000_000);

/// What a charge keeps first.
fn record(charge: &mut Charge, carrier: &Carrier<'_>) -> Vec<u8> {
    match charge.poll_output(NOW, carrier, &mut [0; BUFFER_MAX]) {
        Output::Persist { record, .. } => record.bytes().to_vec(),
        other => panic!("{other:?} instead of a record"),
    }
}

#[test]
fn a_charge_that_is_started_in_its_place_is_the_copy_and_moves_no_other_out() {
    let credentials = credentials();
    let (sale, payer) = (SaleId::new(SALE).unwrap(), Subscriber::new(PAYER).unwrap());
    let id = ChargeId::new(CHARGE).unwrap();
    for kind in Kind::all() {
        let carrier = Carrier { profile: &kind.profile, credentials: &credentials, endpoint: ENDPOINT };
        let mut order = Order::new(&sale, &payer, Amount::parse("5").unwrap());
        order.instrument = kind.instrument;
        let mut copy = Charge::start(NOW, &carrier, &order, &id).unwrap();
        let mut place = Some(kind.paid().charge);
        let before = format!("{place:?}");
        let refused = Charge::start_in(&mut place, NOW, &carrier, &order, &id);
        assert_eq!((refused, format!("{place:?}")), (Err(StartRefused::PlaceTaken), before));
        place = None;
        assert_eq!(Charge::start_in(&mut place, NOW, &carrier, &order, &id), Ok(()));
        let mut charge = place.take().unwrap();
        assert_eq!(format!("{charge:?}"), format!("{copy:?}"));
        assert_eq!(record(&mut charge, &carrier), record(&mut copy, &carrier));
        order.amount = Amount::ZERO;
        let refused = Charge::start_in(&mut place, NOW, &carrier, &order, &id);
        assert_eq!(refused, Err(StartRefused::NothingToCharge));
        assert!(place.is_none());
    }
}

#[test]
fn a_charge_that_is_recovered_in_its_place_is_the_record_and_nothing_else() {
    let credentials = credentials();
    for kind in Kind::all() {
        let carrier = Carrier { profile: &kind.profile, credentials: &credentials, endpoint: ENDPOINT };
        let records = [kind.start().durable, kind.accepted().durable, kind.paid().durable];
        for (at_boot, durable) in [AtBoot::RefundDue, AtBoot::Release]
            .into_iter()
            .flat_map(|it| records.iter().map(move |d| (it, d)))
        {
            let mut place = Some(kind.start().charge);
            let before = format!("{place:?}");
            let refused = Charge::recover_in(&mut place, NOW, &carrier, durable, at_boot);
            assert_eq!((refused, format!("{place:?}")), (Err(RecoverError::PlaceTaken), before));
            place = None;
            assert_eq!(Charge::recover_in(&mut place, NOW, &carrier, durable, at_boot), Ok(()));
            let copy = Charge::recover(NOW, &carrier, durable, at_boot).unwrap();
            assert_eq!(format!("{:?}", place.as_ref().unwrap()), format!("{copy:?}"));

            place = None;
            assert_eq!(Charge::recover_damaged_in(&mut place, NOW, &carrier, durable), Ok(()));
            let copy = Charge::recover_damaged(NOW, &carrier, durable).unwrap();
            assert_eq!(format!("{:?}", place.as_ref().unwrap()), format!("{copy:?}"));

            let cut = &durable[..durable.len() - 1];
            place = None;
            let refused = Charge::recover_in(&mut place, NOW, &carrier, cut, at_boot);
            assert!(matches!(refused, Err(RecoverError::Record(_))));
            assert!(place.is_none());
            assert!(Charge::recover_damaged_in(&mut place, NOW, &carrier, cut).is_err());
            assert!(place.is_none());
        }
    }
}

#[test]
fn ids_are_made_in_their_place_as_elsewhere() {
    for text in ["", "a", "a b", "94771234567", "\u{e9}", &"x".repeat(31), &"x".repeat(32), &"x".repeat(93)] {
        let mut sale = Some(SaleId::new("before").unwrap());
        assert_eq!(SaleId::put(&mut sale, text).map(|()| sale.clone().unwrap()), SaleId::new(text));
        assert_eq!(sale, SaleId::new(text).ok());
        let mut payer = Some(Subscriber::new("before").unwrap());
        assert_eq!(Subscriber::put(&mut payer, text).map(|()| payer.clone().unwrap()), Subscriber::new(text));
        assert_eq!(payer, Subscriber::new(text).ok());
        let mut id = Some(ChargeId::new("before").unwrap());
        assert_eq!(ChargeId::put(&mut id, text).map(|()| id.clone().unwrap()), ChargeId::new(text));
        assert_eq!(id, ChargeId::new(text).ok());
    }
    assert_eq!(SaleId::put(&mut None, ""), Err(IdError::Empty));
}

#[test]
fn a_notification_is_read_into_its_place_or_leaves_none() {
    let profile = profile::dialog();
    let body = paid("321", "R1", "5", "5");
    let mut place: Option<Notification> = None;
    assert_eq!(notification::read_in(&mut place, &profile, body.as_bytes()), Ok(()));
    assert_eq!(place, notification::read(&profile, body.as_bytes()).ok());
    assert!(notification::read_in(&mut place, &profile, b"{").is_err());
    assert_eq!(place, None);
}
