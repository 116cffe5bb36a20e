//! What an answer is worth: HTTP status, code, and the members that repeat the request.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use caas_core::money::{Amount, Currency};
use caas_core::profile::{self, Profile, Service};
use caas_core::status_code::{Class, CodeRow, class_of};
use caas_core::wire::answer::{self, Expected, Member, Reading, WireFault};
use caas_core::wire::notification;

const EXPECTED: Expected<'static> = Expected {
    external: Some(b"K1-7a"),
    reference: None,
    subscriber: b"94771234567",
    amount: Amount::ZERO,
    currency: Currency::LKR,
};

fn debit(status: u16, body: &str) -> Reading {
    answer::read(&profile::ideamart(), Service::DirectDebit, &EXPECTED, status, body.as_bytes())
}

mod http_status {
    use super::*;

    /// R05
    #[test]
    fn a_server_error_or_timeout_stays_unknown_whatever_the_body_says() {
        for status in [100, 302, 408, 500, 502, 503, 504, 599, 600, 0] {
            for body in [
                r#"{"statusCode":"S1000"}"#,
                r#"{"statusCode":"E1378"}"#,
                r#"{"statusCode":"E1313"}"#,
                "<html>Bad Gateway</html>",
                "",
            ] {
                assert_eq!(debit(status, body).class, Class::Unknown, "{status} {body}");
            }
        }
    }

    #[test]
    fn a_client_error_counts_only_where_the_code_refuses_too() {
        assert_eq!(debit(400, r#"{"statusCode":"E1312"}"#).class, Class::RejectedRequest);
        assert_eq!(debit(403, r#"{"statusCode":"E1303"}"#).class, Class::RejectedConfig);
        for body in
            [r#"{"statusCode":"S1000"}"#, r#"{"statusCode":"P1003"}"#, r#"{"statusCode":"E1379"}"#, "{}", ""]
        {
            assert_eq!(debit(400, body).class, Class::Unknown, "{body}");
        }
    }

    #[test]
    fn an_unrouted_path_is_a_matter_of_configuration_unless_an_application_answered() {
        let reading = debit(404, "<html>Not Found</html>");
        assert_eq!((reading.class, reading.fault), (Class::RejectedConfig, Some(WireFault::NotJson)));
        assert_eq!(debit(404, r#"{"statusCode":"S1000"}"#).class, Class::Unknown);
    }

    #[test]
    fn a_body_of_both_gateway_and_application_is_believed_in_nothing() {
        let both = r#"{"statusCode":"E1313","httpCode":"404"}"#;
        assert_eq!(debit(200, both).class, Class::Unknown);
        assert_eq!(debit(200, r#"{"httpCode":404}"#).class, Class::RejectedConfig);
        for code in ["many", " 404", "404 ", "0404", "4", "404000000000000000000"] {
            assert_eq!(debit(404, &format!(r#"{{"httpCode":"{code}"}}"#)).class, Class::Unknown, "{code}");
        }
    }

    /// R07
    #[test]
    fn a_success_status_with_an_unlisted_code_or_none_is_unknown_and_keeps_the_code() {
        for (body, code) in [
            (r#"{"statusCode":"S1999"}"#, "S1999"),
            (r#"{"statusCode":"s1000"}"#, "s1000"),
            (r#"{"statusCode":" S1000"}"#, "S1000"),
            (r#"{"statusCode":1000}"#, "1000"),
            (r#"{"statusCode":"S10000000000000000000"}"#, "S100000000000000"),
            (r#"{"statusCode":["S1000"]}"#, ""),
            (r#"{"statusCode":null}"#, ""),
            (r#"{"status":"S1000"}"#, ""),
            ("{}", ""),
        ] {
            let reading = debit(200, body);
            assert_eq!(
                (reading.class, reading.code.as_str(), reading.fault),
                (Class::Unknown, code, None),
                "{body}"
            );
        }
        for (body, fault) in [
            ("", WireFault::Empty),
            (" \r\n", WireFault::Empty),
            ("<html>", WireFault::NotJson),
            ("[]", WireFault::NotJson),
            ("\"S1000\"", WireFault::NotJson),
            (r#"{"statusCode":"S1000"} x"#, WireFault::NotJson),
            (r#"{"statusCode":"S1000","statusCode":"E1313"}"#, WireFault::DuplicateMember),
        ] {
            let reading = debit(200, body);
            assert_eq!((reading.class, reading.fault), (Class::Unknown, Some(fault)), "{body}");
        }
    }
}

mod mismatch {
    use super::*;

    fn with(member: &str) -> Reading {
        let expected = Expected { amount: Amount::parse("10").unwrap(), ..EXPECTED };
        let body = format!(r#"{{"statusCode":"S1000",{member}}}"#);
        answer::read(&profile::ideamart(), Service::DirectDebit, &expected, 200, body.as_bytes())
    }

    /// R08
    #[test]
    fn a_success_that_repeats_another_request_is_marked() {
        let long = format!(r#""externalTrxId":"{}""#, "K".repeat(33));
        for (member, what) in [
            (r#""externalTrxId":"K1-8a""#, Member::External),
            (r#""externalTrxId":"k1-7a""#, Member::External),
            (r#""externalTrxId":{"id":"K1-7a"}"#, Member::External),
            (long.as_str(), Member::External),
            (r#""subscriberId":"94771234568""#, Member::Subscriber),
            (r#""subscriberId":"tel: 94771234568""#, Member::Subscriber),
            (r#""customer":771234567890"#, Member::Subscriber),
            (r#""amount":"10.01""#, Member::Amount),
            (r#""amount":1e1"#, Member::Amount),
            (r#""Amount":"ten""#, Member::Amount),
            (r#""currency":"USD""#, Member::Currency),
            (r#""Currency":"""#, Member::Currency),
        ] {
            assert_eq!(with(member).mismatch, Some(what), "{member}");
        }
    }

    #[test]
    fn what_repeats_the_request_in_other_words_matches() {
        for member in [
            r#""externalTrxId":"K1-7a""#,
            r#""externalTrxId":"""#,
            r#""externalTrxId":null"#,
            r#""externalTrxId":"\u004b1-7a""#,
            r#""subscriberId":"tel:94771234567""#,
            r#""subscriberId":"tell: 94771234567""#,
            r#""subscriberId":"0771234567""#,
            r#""subscriberId":"+94771234567""#,
            r#""subscriberId":94771234567"#,
            r#""subscriberId":"AZ110e5a9xLTQk7pY0b2""#,
            r#""amount":"10.00""#,
            r#""amount":10"#,
            r#""currency":"lkr""#,
            r#""amountDue":"8""#,
        ] {
            assert_eq!(with(member).mismatch, None, "{member}");
        }
    }

    /// Only a whole Sri Lankan number loses its country code: 94 can also be how another number begins.
    #[test]
    fn a_number_that_only_begins_like_a_country_code_is_another_number() {
        let expected = Expected { subscriber: b"0123456", ..EXPECTED };
        let body = br#"{"statusCode":"S1000","subscriberId":"94123456"}"#;
        let reading = answer::read(&profile::ideamart(), Service::DirectDebit, &expected, 200, body);
        assert_eq!(reading.mismatch, Some(Member::Subscriber));
    }

    /// R08: a confirm's answer names the transaction it is about.
    #[test]
    fn a_confirm_for_another_reference_is_marked() {
        let statuses = [CodeRow { service: None, code: "1000", class: Class::Ok }];
        let mobitel = profile::mobitel(&statuses);
        let expected = Expected { external: None, reference: Some(b"320438941208291"), ..EXPECTED };
        let confirm = |reference: &str| {
            let body = format!(r#"{{"status":"1000","reference":{reference}}}"#);
            answer::read(&mobitel, Service::Confirm, &expected, 200, body.as_bytes()).mismatch
        };
        assert_eq!(confirm("\"320438941208291\""), None);
        assert_eq!(confirm("320438941208291"), None);
        assert_eq!(confirm("\"320438941208292\""), Some(Member::Reference));
        assert_eq!(confirm("\"320438941208291320438941208291320438941208291\""), Some(Member::Reference));
    }
}

mod codes {
    use super::*;

    #[test]
    fn a_profiles_rows_come_before_the_familys_and_those_of_a_service_before_those_of_all() {
        let rows = [
            CodeRow { service: None, code: "E1308", class: Class::DeclinedUser },
            CodeRow { service: Some(Service::Notification), code: "E1308", class: Class::FailedListening },
        ];
        let own = Profile { codes: &rows, ..profile::ideamart() };
        assert_eq!(class_of(&own, Service::Notification, "E1308"), Class::FailedListening);
        assert_eq!(class_of(&own, Service::DirectDebit, "E1308"), Class::DeclinedUser);
        let notification = notification::read(&own, br#"{"statusCode":"E1308"}"#).unwrap();
        assert_eq!(notification.class, Class::FailedListening);
        assert_eq!(class_of(&own, Service::DirectDebit, "E1337"), Class::DuplicateResolve);
        assert_eq!(class_of(&profile::ideamart(), Service::DirectDebit, "E1337"), Class::DeclinedUser);
    }

    #[test]
    fn a_carrier_without_the_familys_codes_has_only_its_own() {
        assert_eq!(class_of(&profile::mobitel(&[]), Service::Confirm, "S1000"), Class::Unknown);
    }

    #[test]
    fn only_the_exact_code_is_the_code() {
        for code in ["", "S", "S100", "S10000", "S 1000", "S+100", "s1000", "X1000", "1000", "S١٠٠٠"] {
            assert_eq!(class_of(&profile::ideamart(), Service::DirectDebit, code), Class::Unknown, "{code}");
        }
    }

    #[test]
    fn every_class_has_words_of_its_own() {
        let words: std::collections::BTreeSet<&str> = Class::ALL.iter().map(|class| class.as_str()).collect();
        assert_eq!(words.len(), Class::ALL.len());
    }
}

#[test]
fn a_text_that_is_too_long_is_cut_between_characters() {
    let sinhala = "අනුමත කරන්න ".repeat(30);
    let body = format!(r#"{{"statusCode":"P1003","shortDescription":"{sinhala}"}}"#);
    let text = debit(200, &body).payer_text.unwrap();
    assert!(sinhala.starts_with(text.as_str()));
    assert!((126..=128).contains(&text.len()), "{}", text.len());
}

#[test]
fn a_text_of_quotes_and_backslashes_is_cut_like_any_other() {
    let quotes = r#"\"\\"#.repeat(200);
    let body = format!(r#"{{"statusCode":"P1003","shortDescription":"{quotes}"}}"#);
    assert_eq!(debit(200, &body).payer_text.unwrap().as_str(), r#""\"#.repeat(64));
}

#[test]
fn an_empty_short_description_gives_way_to_the_long_one() {
    let body = r#"{"statusCode":"P1003","shortDescription":"","longDescription":"Dial #111#","message":"m"}"#;
    assert_eq!(debit(200, body).payer_text.as_deref(), Some("Dial #111#"));
    let body = r#"{"statusCode":"P1003","shortDescription":{"a":1},"longDescription":["x"],"message":"m"}"#;
    assert_eq!(debit(200, body).payer_text.as_deref(), Some("m"));
    let body = r#"{"statusCode":"P1003","shortDescription":"\"\"","message":"a\tb\u001b[0m"}"#;
    assert_eq!(debit(200, body).payer_text, None);
    let body = r#"{"statusCode":"P1003","message":"a\tb\u001b[0m"}"#;
    assert_eq!(debit(200, body).payer_text.as_deref(), Some("a b [0m"));
}

/// The scratch for canonical text holds every known member at its longest.
#[test]
fn an_answer_of_long_members_only_is_read() {
    let long = "\\\\".repeat(150);
    let names = [
        "statusCode",
        "httpCode",
        "moreInformation",
        "externalTrxId",
        "internalTrxId",
        "referenceId",
        "requestCorrelator",
        "shortDescription",
        "subscriberId",
        "amountDue",
        "amount",
        "currency",
    ];
    for value in [long.as_str(), &"9".repeat(300), &"ශ".repeat(120)] {
        let members: Vec<String> = names.iter().map(|name| format!(r#""{name}":"{value}""#)).collect();
        let reading = debit(200, &format!("{{{}}}", members.join(",")));
        assert_eq!((reading.class, reading.fault), (Class::Unknown, None));
        assert_eq!((reading.internal, reading.reference, reading.amount_due), (None, None, None));
    }
}
