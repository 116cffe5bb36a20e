//! Requests at their longest, and requests that cannot be written.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use caas_core::credentials::{Credentials, SECRET_MAX, Secret};
use caas_core::id::{ACCOUNT_ID_MAX, EXTERNAL_ID_MAX, SUBSCRIBER_MAX, Subscriber};
use caas_core::money::{AMOUNT_MAX_MINOR, Amount, AmountError, Currency};
use caas_core::profile::{self, Instrument, Profile};
use caas_core::wire::balance::{self, BalanceFields};
use caas_core::wire::instruments::{self, INSTRUMENT_NAME_MAX, InstrumentFilter};
use caas_core::wire::request::{ChargeFields, REQUEST_MAX, RequestFault, write_charge, write_confirm};

/// Printable ASCII of which JSON escapes every character.
fn escaped(length: usize) -> String {
    "\"\\".chars().cycle().take(length).collect()
}

fn longest_credentials() -> Credentials {
    let secret = || Secret::new(&escaped(SECRET_MAX)).unwrap();
    Credentials {
        client: secret(),
        application: secret(),
        password: secret(),
        agent_pin: secret(),
        agent_alias: secret(),
    }
}

/// The longest request is as long as [`REQUEST_MAX`] says: neither too little room nor much too much.
#[test]
fn the_longest_request_fits_exactly() {
    let name = escaped(INSTRUMENT_NAME_MAX);
    let dialog = profile::dialog();
    let instrument = Instrument { name: &name, agent_params: true, ..*dialog.instruments.first().unwrap() };
    let (external, subscriber, account) = (
        escaped(EXTERNAL_ID_MAX),
        Subscriber::new(&escaped(SUBSCRIBER_MAX)).unwrap(),
        escaped(ACCOUNT_ID_MAX),
    );
    let fields = ChargeFields {
        external: external.as_bytes(),
        subscriber: subscriber.expose().as_bytes(),
        account: account.as_bytes(),
        instrument: &instrument,
        amount: Amount::from_minor(AMOUNT_MAX_MINOR).unwrap(),
        currency: Currency::LKR,
    };
    let mut buffer = [0; REQUEST_MAX + 1];
    let length = write_charge(&dialog, &longest_credentials(), &fields, &mut buffer).unwrap();
    assert_eq!(length, REQUEST_MAX);
    let too_small = write_charge(&dialog, &longest_credentials(), &fields, &mut buffer[..length - 1]);
    assert_eq!(too_small, Err(RequestFault::BufferTooSmall));
    assert!(write_charge(&dialog, &longest_credentials(), &fields, &mut buffer[..length]).is_ok());
    assert!(serde_json::from_slice::<serde_json::Value>(&buffer[..length]).is_ok());

    let query = BalanceFields {
        subscriber: subscriber.expose(),
        instrument: &name,
        account: Some(&account),
        currency: Some(Currency::LKR),
    };
    assert!(balance::write(&dialog, &longest_credentials(), &query, &mut buffer).unwrap() <= REQUEST_MAX);
    let filter = InstrumentFilter::Async;
    let list = instruments::write(&dialog, &longest_credentials(), subscriber.expose(), filter, &mut buffer);
    assert!(list.unwrap() <= REQUEST_MAX);
    assert!(write_confirm(external.as_bytes(), &mut buffer).unwrap() <= REQUEST_MAX);
}

#[test]
fn a_buffer_of_any_length_is_filled_or_refused() {
    let credentials = Credentials { client: Secret::new("id").unwrap(), ..Credentials::default() };
    let mobitel = profile::mobitel(&[]);
    let wanted = br#"{"amount":"5","customer":"0712755777"}"#;
    for length in 0..=wanted.len() {
        let mut buffer = vec![0; length];
        let written = write_charge(&mobitel, &credentials, &fields(&mobitel), &mut buffer);
        let fits = length == wanted.len();
        assert_eq!(written, if fits { Ok(length) } else { Err(RequestFault::BufferTooSmall) });
    }
}

/// Refused here, before anything is durable or sent.
#[test]
fn a_request_without_a_needed_credential_is_not_written() {
    let mut buffer = [0; REQUEST_MAX];
    let mobitel = profile::mobitel(&[]);
    let missing = Err(RequestFault::MissingCredential);
    assert_eq!(write_charge(&mobitel, &Credentials::default(), &fields(&mobitel), &mut buffer), missing);

    let dialog = profile::dialog();
    let mut credentials = longest_credentials();
    credentials.client = Secret::default();
    assert!(write_charge(&dialog, &credentials, &fields(&dialog), &mut buffer).is_ok());
    for part in ["application", "password", "agent_pin", "agent_alias"] {
        let mut credentials = longest_credentials();
        match part {
            "application" => credentials.application = Secret::default(),
            "password" => credentials.password = Secret::default(),
            "agent_pin" => credentials.agent_pin = Secret::default(),
            _ => credentials.agent_alias = Secret::default(),
        }
        let (_, ezcash) = dialog.instrument(Some(profile::DIALOG_EZCASH)).unwrap();
        let fields = ChargeFields { instrument: ezcash, ..fields(&dialog) };
        assert_eq!(write_charge(&dialog, &credentials, &fields, &mut buffer), missing, "{part}");
    }
}

#[test]
fn cents_are_refused_where_the_carrier_takes_whole_units() {
    let mobitel = profile::mobitel(&[]);
    let fields = ChargeFields { amount: Amount::parse("5.50").unwrap(), ..fields(&mobitel) };
    let refused = write_charge(&mobitel, &longest_credentials(), &fields, &mut [0; REQUEST_MAX]);
    assert_eq!(refused, Err(RequestFault::Amount(AmountError::HasCents)));
}

fn fields<'a>(profile: &Profile<'a>) -> ChargeFields<'a> {
    ChargeFields {
        external: b"",
        subscriber: b"0712755777",
        account: b"",
        instrument: profile.instruments.first().unwrap(),
        amount: Amount::parse("5").unwrap(),
        currency: Currency::LKR,
    }
}
