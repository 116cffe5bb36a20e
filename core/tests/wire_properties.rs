//! What holds for every message: reading never panics, a cut message is never a success, and the same members read alike
//! however they are written.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use caas_core::money::{Amount, Currency};
use caas_core::profile::{self, Profile, Service};
use caas_core::status_code::{Class, CodeRow};
use caas_core::wire::answer::{self, Expected, Reading, WireFault};
use caas_core::wire::{MESSAGE_MAX, balance, instruments, notification};
use proptest::collection::vec;
use proptest::prelude::*;

const STATUSES: &[CodeRow<'static>] = &[CodeRow { service: None, code: "1000", class: Class::Ok }];

const EXPECTED: Expected<'static> = Expected {
    external: Some(b"K1-7a"),
    reference: Some(b"320438941208291"),
    subscriber: b"94771234567",
    amount: Amount::ZERO,
    currency: Currency::LKR,
};

fn profiles() -> [Profile<'static>; 3] {
    [profile::mobitel(STATUSES), profile::ideamart(), profile::dialog()]
}

/// Everything that reads, for every profile and service.
fn read_all(status: u16, body: &[u8]) -> Vec<Reading> {
    let mut readings = Vec::new();
    for profile in profiles() {
        for service in [Service::ChargeRequest, Service::Confirm, Service::DirectDebit] {
            readings.push(answer::read(&profile, service, &EXPECTED, status, body));
        }
        let _ = notification::read(&profile, body);
        let _ = balance::read(&profile, status, body);
        let _ = instruments::read(&profile, status, body);
    }
    readings
}

/// Pieces of which hostile messages are made.
fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("{".into()),
        Just("}".into()),
        Just("[".into()),
        Just("]".into()),
        Just(",".into()),
        Just(":".into()),
        Just("'".into()),
        Just("=".into()),
        Just("\"".into()),
        Just("\\".into()),
        Just("\\ud83d".into()),
        Just("\\u12".into()),
        Just("null".into()),
        Just("-".into()),
        Just("1e".into()),
        Just("\"statusCode\":".into()),
        Just("\"S1000\"".into()),
        Just("totalAmount='".into()),
        Just("\"paymentInstrumentList\":[".into()),
        Just(" ".into()),
        Just("\u{feff}".into()),
        "[a-z]{1,4}",
        any::<char>().prop_map(String::from),
    ]
}

fn text_value() -> impl Strategy<Value = String> {
    any::<String>()
}

fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        text_value().prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            vec((text_value(), inner), 0..4)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

/// The characters of `text`, those that `escaped` picks as `\u` escapes.
fn string_literal(text: &str, escaped: &[bool]) -> String {
    let mut literal = String::from("\"");
    for (place, character) in text.chars().enumerate() {
        if escaped.get(place % escaped.len().max(1)).copied().unwrap_or(false) {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                literal += &format!("\\u{unit:04X}");
            }
        } else {
            literal.push(character);
        }
    }
    literal + "\""
}

fn random_case(name: &str, upper: &[bool]) -> String {
    let flip = |(place, letter): (usize, char)| {
        if upper.get(place % upper.len().max(1)).copied().unwrap_or(false) {
            letter.to_ascii_uppercase()
        } else {
            letter
        }
    };
    name.chars().enumerate().map(flip).collect()
}

const DEBIT: [(&str, &str); 7] = [
    ("statusCode", "P1003"),
    ("externalTrxId", "7001"),
    ("internalTrxId", "914021114190001"),
    ("referenceId", "17839448"),
    ("amountDue", "8.50"),
    ("shortDescription", "ඩයල් #111# 🙂"),
    ("currency", "LKR"),
];

/// What surrounds a known member in a message: case, escapes, white space, a stranger before it.
type Dress = (Vec<bool>, Vec<bool>, String, Option<(String, serde_json::Value)>, bool);

fn dress() -> impl Strategy<Value = Dress> {
    let stranger = ("x[a-z]{0,6}", json_value());
    (
        vec(any::<bool>(), 1..5),
        vec(any::<bool>(), 1..5),
        "[ \t\r\n]{0,3}",
        proptest::option::of(stranger),
        any::<bool>(),
    )
}

fn dressed(name: &str, value: &str, (upper, escaped, space, stranger, bare): &Dress) -> String {
    let numeric = serde_json::from_str::<serde_json::Number>(value).is_ok();
    let literal = if *bare && numeric { value.to_string() } else { string_literal(value, escaped) };
    let member =
        format!("{}{space}:{space}{literal}{space}", string_literal(&random_case(name, upper), escaped));
    match stranger {
        Some((name, value)) => format!("{}:{value},{space}{member}", string_literal(name, &[])),
        None => member,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// I9
    #[test]
    fn any_bytes_have_a_reading(status: u16, body in vec(any::<u8>(), 0..600)) {
        read_all(status, &body);
    }

    /// I9
    #[test]
    fn any_pieces_of_messages_have_a_reading(status: u16, pieces in vec(fragment(), 0..60)) {
        read_all(status, pieces.concat().as_bytes());
    }

    /// I7: only what is JSON can say that money moved.
    #[test]
    fn what_serde_json_cannot_read_is_never_a_success(pieces in vec(fragment(), 0..20)) {
        let body = format!("{{\"statusCode\":\"S1000\",\"status\":\"1000\"{}", pieces.concat());
        // One comma before a bracket is the one thing that is read here and not there.
        if serde_json::from_str::<serde_json::Value>(&body).is_err() && !body.contains(',') {
            for reading in read_all(200, body.as_bytes()) {
                prop_assert_ne!(reading.class, Class::Ok);
            }
        }
    }

    #[test]
    fn the_same_members_read_alike_in_any_dress(
        dresses in vec(dress(), 7),
        order in Just((0..7usize).collect::<Vec<_>>()).prop_shuffle(),
        trailing: bool,
    ) {
        let members: Vec<String> = order
            .iter()
            .map(|place| dressed(DEBIT[*place].0, DEBIT[*place].1, &dresses[*place]))
            .collect();
        let body = format!("{{{}{}}}", members.join(","), if trailing { "," } else { "" });
        prop_assume!(body.len() <= MESSAGE_MAX);
        let expected = Expected { external: Some(b"7001"), reference: None, ..EXPECTED };
        let reading = answer::read(&profile::dialog(), Service::DirectDebit, &expected, 200, body.as_bytes());
        prop_assert_eq!((reading.class, reading.code.as_str()), (Class::Pending, "P1003"), "{}", body);
        prop_assert_eq!((reading.fault, reading.mismatch), (None, None));
        prop_assert_eq!(reading.internal.as_deref(), Some("914021114190001"));
        prop_assert_eq!(reading.reference.as_deref(), Some("17839448"));
        prop_assert_eq!(reading.amount_due, Some(Amount::from_minor(850).unwrap()));
        prop_assert_eq!(reading.payer_text.as_deref(), Some("ඩයල් #111# 🙂"));
    }

    #[test]
    fn a_member_twice_is_fine_with_one_value_and_a_fault_with_two(
        first in "[A-Z0-9]{1,8}",
        second in "[A-Z0-9]{1,8}",
        upper in vec(any::<bool>(), 1..5),
        escaped in vec(any::<bool>(), 1..5),
    ) {
        let again = random_case("internalTrxId", &upper);
        let body = |second: &str| {
            let second = string_literal(second, &escaped);
            format!(r#"{{"internalTrxId":"{first}","statusCode":"S1000","{again}":{second}}}"#)
        };
        let read = |body: String| answer::read(&profile::dialog(), Service::DirectDebit, &EXPECTED, 200, body.as_bytes());
        let same = read(body(&first));
        prop_assert_eq!((same.class, same.fault), (Class::Ok, None));
        if first != second {
            let other = read(body(&second));
            prop_assert_eq!((other.class, other.fault), (Class::Unknown, Some(WireFault::DuplicateMember)));
        }
    }
}

/// R04, I7: every prefix of every sample, as an answer under HTTP 200 and as a notification.
#[test]
fn a_cut_message_is_never_a_success() {
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).unwrap() {
        let path = entry.unwrap().path();
        let body = std::fs::read(&path).unwrap();
        let whole = body.trim_ascii_end();
        for length in 0..whole.len().min(MESSAGE_MAX) {
            let cut = &whole[..length];
            for reading in read_all(200, cut) {
                assert_ne!(reading.class, Class::Ok, "{path:?} cut at {length}");
                assert!(reading.fault.is_some(), "{path:?} cut at {length}");
            }
            assert!(notification::read(&profile::dialog(), cut).is_err(), "{path:?} cut at {length}");
            assert_ne!(balance::read(&profile::dialog(), 200, cut).class, Class::Ok);
            assert_ne!(instruments::read(&profile::dialog(), 200, cut).class, Class::Ok);
        }
    }
}

/// Ten thousand brackets, alone, in members that are known and in those that are not. Reading needs no stack for them.
#[test]
fn ten_thousand_brackets_are_a_fault() {
    for bracket in ["[", "{\"a\":", "[[{\"statusCode\":"] {
        for before in [
            "",
            "{\"statusCode\":",
            "{\"x\":",
            "{\"paymentInstrumentList\":",
            "{\"paymentInstrumentList\":[{\"name\":",
        ] {
            for count in [10, 1000, 10_000] {
                let body = format!("{before}{}", bracket.repeat(count));
                for reading in read_all(200, body.as_bytes()) {
                    assert_eq!(reading.class, Class::Unknown);
                    assert!(reading.fault.is_some());
                }
            }
        }
    }
    let deep = format!("{{\"statusCode\":\"S1000\",\"x\":{}1{}}}", "[".repeat(8), "]".repeat(8));
    let reading = answer::read(&profile::dialog(), Service::DirectDebit, &EXPECTED, 200, deep.as_bytes());
    assert_eq!((reading.class, reading.fault), (Class::Unknown, Some(WireFault::TooDeep)));
    let shallow = deep.replace("[[", "[").replace("]]", "]");
    let reading = answer::read(&profile::dialog(), Service::DirectDebit, &EXPECTED, 200, shallow.as_bytes());
    assert_eq!((reading.class, reading.fault), (Class::Ok, None));
}

#[test]
fn a_message_beyond_the_limit_or_not_utf8_is_a_fault() {
    let padded = |length: usize| {
        let body = r#"{"statusCode":"S1000"}"#;
        format!("{body}{}", " ".repeat(length - body.len()))
    };
    let read = |body: &[u8]| answer::read(&profile::dialog(), Service::DirectDebit, &EXPECTED, 200, body);
    assert_eq!(read(padded(MESSAGE_MAX).as_bytes()).class, Class::Ok);
    let reading = read(padded(MESSAGE_MAX + 1).as_bytes());
    assert_eq!((reading.class, reading.fault), (Class::Unknown, Some(WireFault::TooLong)));
    let reading = read(b"{\"statusCode\":\"S1000\",\"statusDetail\":\"\xff\"}");
    assert_eq!((reading.class, reading.fault), (Class::Unknown, Some(WireFault::NotUtf8)));
}
