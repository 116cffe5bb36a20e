//! Every sample of the carriers' documents and every captured message, the broken ones too, is read for what it plainly
//! means or refused with a clear error. The files in `data/` are the samples as published.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

use caas_core::credentials::{Credentials, Secret};
use caas_core::money::{Amount, AmountFormat, Currency};
use caas_core::profile::{self, DIALOG_EZCASH, FieldNames, Instrument, Profile, Service};
use caas_core::status_code::{Class, CodeRow, FAMILY};
use caas_core::wire::answer::{self, Expected, Reading, WireFault};
use caas_core::wire::balance::{self, BalanceFields};
use caas_core::wire::instruments::{self, InstrumentFilter, InstrumentKind};
use caas_core::wire::notification::{self, Stated};
use caas_core::wire::request::{ChargeFields, REQUEST_MAX, write_charge, write_confirm};
use serde_json::Value;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("data/", $name))
    };
}

const STATUSES: &[CodeRow<'static>] = &[
    CodeRow { service: Some(Service::ChargeRequest), code: "1000", class: Class::Pending },
    CodeRow { service: Some(Service::Confirm), code: "1000", class: Class::Ok },
];

const LONG_ID: &str = "12345678901234567890123456789012";

fn expected(external: &str) -> Expected<'_> {
    Expected {
        external: Some(external.as_bytes()),
        reference: None,
        subscriber: b"94771234567",
        amount: Amount::parse("100").unwrap(),
        currency: Currency::LKR,
    }
}

fn debit_answer(profile: &Profile<'_>, external: &str, body: &str) -> Reading {
    let reading = answer::read(profile, Service::DirectDebit, &expected(external), 200, body.as_bytes());
    assert_eq!(reading.fault, None);
    assert_eq!(reading.mismatch, None);
    reading
}

fn amount(text: &str) -> Stated {
    Stated::Amount(Amount::parse(text).unwrap())
}

mod answers {
    use super::*;

    #[test]
    fn the_debit_answers_of_the_documents_say_that_it_was_executed() {
        for body in [
            sample!("seed_dialog_debit_resp.json"),
            sample!("seed_ideamart_debit_resp.json"),
            sample!("seed_ideamart_debit_resp_comprehensive.json"),
        ] {
            let reading = debit_answer(&profile::ideamart(), LONG_ID, body);
            assert_eq!((reading.class, reading.code.as_str()), (Class::Ok, "S1000"));
            assert_eq!(reading.internal.as_deref(), Some("321"));
            assert_eq!(reading.reference, None);
            assert!(reading.payer_text.unwrap().ends_with("Description"));
        }
        let reading =
            debit_answer(&profile::ideamart(), "25609", sample!("debit_resp_bdapps_guide_1.1.3.json"));
        assert_eq!((reading.class, reading.internal.as_deref()), (Class::Ok, Some("913080108430074")));
        assert_eq!(reading.payer_text, None);
    }

    #[test]
    fn the_ezcash_answer_tells_the_payer_what_to_do_without_the_quotes_around_it() {
        let reading =
            debit_answer(&profile::dialog(), "456123", sample!("seed_dialog_debit_resp_ezcash.json"));
        assert_eq!(reading.class, Class::Pending);
        assert_eq!(reading.internal.as_deref(), Some("914021114190001"));
        assert_eq!(reading.amount_due, Some(Amount::parse("8").unwrap()));
        assert_eq!(
            reading.payer_text.as_deref(),
            Some("Please dial #111# and authorize the transaction to complete the payment; Amount:Rs 8")
        );
    }

    #[test]
    fn the_captured_charging_error_reads_as_its_code() {
        let body = sample!("debit_resp_E1308_simulator_captured.json");
        let reading = debit_answer(&profile::ideamart(), LONG_ID, body);
        assert_eq!((reading.class, reading.code.as_str()), (Class::FailedListening, "E1308"));
        assert_eq!(reading.internal.as_deref(), Some("379"));
    }

    #[test]
    fn the_otp_answer_keeps_its_correlator() {
        let body = sample!("debit_resp_mspace_doc_P1003_requestCorrelator.json");
        let reading = debit_answer(&profile::ideamart(), "256091232", body);
        assert_eq!(reading.class, Class::Pending);
        assert_eq!(reading.correlator.as_deref(), Some("8801442233146169943053700500040"));
        assert_eq!(reading.internal.as_deref(), Some("9110808020001876"));
    }

    #[test]
    fn the_otp_refusal_and_the_otp_verification_read_as_their_codes() {
        let reading = debit_answer(&profile::ideamart(), "1", sample!("otp_error_ideamart_E1850.json"));
        assert_eq!((reading.class, reading.code.as_str()), (Class::AskAgain, "E1850"));
        let sample: Value = serde_json::from_str(sample!("caas_otp_verify_mspace_doc.json")).unwrap();
        let reading = debit_answer(&profile::ideamart(), "1", &sample["response"].to_string());
        assert_eq!(reading.class, Class::Ok);
    }

    #[test]
    fn the_answer_to_an_asynchronous_query_has_members_that_are_known() {
        let sample: Value = serde_json::from_str(sample!("asynch_query_kenya_2013_models.json")).unwrap();
        let fields = sample["response_fields"].as_array().unwrap();
        let body: serde_json::Map<String, Value> =
            fields.iter().map(|name| (name.as_str().unwrap().into(), Value::from("S1000"))).collect();
        let reading = debit_answer(&profile::ideamart(), "1", &Value::from(body).to_string());
        assert_eq!((reading.class, reading.internal.as_deref()), (Class::Ok, Some("S1000")));
    }

    /// Mobitel documents the members only: `reference`, `message`, `status`.
    #[test]
    fn mobitels_answers_carry_reference_message_and_status_as_text_or_number() {
        let mobitel = profile::mobitel(STATUSES);
        for body in [
            r#"{"reference":"320438941208291","message":"Sent","status":"1000"}"#,
            r#"{"reference":320438941208291,"message":"Sent","status":1000}"#,
        ] {
            let asked = Expected { external: None, ..expected("") };
            let reading = answer::read(&mobitel, Service::ChargeRequest, &asked, 200, body.as_bytes());
            assert_eq!((reading.class, reading.code.as_str()), (Class::Pending, "1000"));
            assert_eq!(reading.reference.as_deref(), Some("320438941208291"));
            assert_eq!(reading.payer_text.as_deref(), Some("Sent"));
            let asked = Expected { reference: Some(b"320438941208291"), ..asked };
            let reading = answer::read(&mobitel, Service::Confirm, &asked, 200, body.as_bytes());
            assert_eq!((reading.class, reading.mismatch), (Class::Ok, None));
        }
    }

    /// R05, R13, R15: what IBM's gateway answers, under its own HTTP status and under 200.
    #[test]
    fn the_gateways_bodies_are_recognised_under_any_http_status() {
        let mobitel = profile::mobitel(STATUSES);
        let asked = Expected { external: None, ..expected("") };
        for (body, status, class) in [
            (sample!("apic_401_client_id_not_registered.json"), 401, Class::RejectedConfig),
            (sample!("apic_401_invalid_client_id_or_secret.json"), 401, Class::RejectedConfig),
            (sample!("apic_429_assembly.json"), 429, Class::RetryLater),
            (sample!("apic_429_rate_limit.json"), 429, Class::RetryLater),
            (sample!("apic_500_backside_url_invalid.json"), 500, Class::RejectedConfig),
            (sample!("apic_500_backside_AMBIGUOUS.json"), 500, Class::Unknown),
            (sample!("apic_500_internal.json"), 500, Class::Unknown),
        ] {
            for http in [status, 200] {
                for service in [Service::ChargeRequest, Service::Confirm] {
                    let reading = answer::read(&mobitel, service, &asked, http, body.as_bytes());
                    assert_eq!((reading.class, reading.fault), (class, None), "{body} under {http}");
                    assert_eq!(reading.code.as_str(), status.to_string());
                }
            }
        }
    }

    /// The other file of the gateway holds headers, which are no body.
    #[test]
    fn headers_in_a_bodys_place_are_not_json() {
        let body = sample!("apic_headers_ratelimit.txt").as_bytes();
        let reading = answer::read(&profile::ideamart(), Service::DirectDebit, &expected("1"), 200, body);
        assert_eq!((reading.class, reading.fault), (Class::Unknown, Some(WireFault::NotJson)));
    }
}

mod balances_and_instruments {
    use super::*;

    #[test]
    fn the_balance_answers_read_as_amounts() {
        for (body, chargeable, status, kind) in [
            (sample!("seed_dialog_balance_resp.json"), "300.00", "Active", "Pre Paid"),
            (sample!("seed_ideamart_balance_resp.json"), "300.00", "Active", "Pre Paid"),
            (sample!("seed_ideamart_balance_resp_comprehensive.json"), "300.00", "Active", "Pre Paid"),
            (sample!("balance_resp_S1000_simulator_captured.json"), "0", "Active", "Pre Paid"),
            (sample!("balance_resp_bdapps_guide_1.1.3.json"), "100", "0", "PREPAID"),
        ] {
            let reading = balance::read(&profile::ideamart(), 200, body.as_bytes());
            assert_eq!((reading.class, reading.fault), (Class::Ok, None), "{body}");
            assert_eq!(reading.chargeable, amount(chargeable));
            assert_eq!((reading.account_status.as_str(), reading.account_type.as_str()), (status, kind));
            assert!(reading.detail.to_lowercase().contains("success"));
        }
    }

    #[test]
    fn a_refused_balance_query_says_why() {
        let body = br#"{"statusCode":"E1313","statusDetail":"Authentication failure."}"#;
        let reading = balance::read(&profile::ideamart(), 200, body);
        assert_eq!((reading.class, reading.chargeable), (Class::RejectedConfig, Stated::Absent));
        assert_eq!(reading.detail.as_str(), "Authentication failure.");
        let reading = balance::read(&profile::ideamart(), 404, b"<html>Not Found</html>");
        assert_eq!((reading.class, reading.fault), (Class::RejectedConfig, Some(WireFault::NotJson)));
    }

    #[test]
    fn the_instrument_lists_are_read_in_either_case_and_order() {
        for (body, name, kind) in [
            (sample!("seed_dialog_list_pi_resp.json"), DIALOG_EZCASH, InstrumentKind::Async),
            (sample!("list_pi_resp_bdapps_guide_1.1.3.json"), "Mobile Account", InstrumentKind::Sync),
        ] {
            let list = instruments::read(&profile::dialog(), 200, body.as_bytes());
            assert_eq!((list.class, list.fault, list.left_out), (Class::Ok, None, 0));
            let [instrument] = list.instruments.as_slice() else { panic!("{list:?}") };
            assert_eq!((instrument.name.as_str(), instrument.kind), (name, kind));
        }
    }

    #[test]
    fn a_list_keeps_eight_instruments_and_counts_the_others() {
        let item = |n: usize| format!(r#"{{"name":"Wallet {n}","type":"Sync","limits":[{{"name":"no"}}]}}"#);
        let mut items: Vec<String> = (0..9).map(item).collect();
        items.insert(0, r#"{"type":"sync"}"#.into());
        items.insert(0, format!(r#"{{"name":"{}","type":"sync"}}"#, "w".repeat(33)));
        let body = format!(r#"{{"statusCode":"S1000","paymentInstrumentList":[{},]}}"#, items.join(","));
        let list = instruments::read(&profile::dialog(), 200, body.as_bytes());
        let names: Vec<&str> = list.instruments.iter().map(|instrument| instrument.name.as_str()).collect();
        assert_eq!(names.first(), Some(&"Wallet 0"));
        assert_eq!((names.len(), list.left_out), (8, 3));
    }

    #[test]
    fn a_name_that_goes_on_behind_that_of_the_list_is_another() {
        for more in ["s", r"\u0073", r"\u0d85", r"\ud83d\ude00"] {
            let body =
                format!(r#"{{"statusCode":"S1000","paymentInstrumentList{more}":[{{"name":"Wallet"}}]}}"#);
            let list = instruments::read(&profile::dialog(), 200, body.as_bytes());
            assert!(list.instruments.is_empty(), "{more}");
        }
    }

    #[test]
    fn the_list_of_the_documents_table_has_broken_quotes_and_is_refused() {
        let array = sample!("seed_dialog_list_pi_table_INVALID_JSON_quotes.txt");
        let body = format!(r#"{{"statusCode":"S1000","paymentInstrumentList":{array}}}"#);
        let list = instruments::read(&profile::dialog(), 200, body.as_bytes());
        assert_eq!((list.class, list.fault), (Class::Unknown, Some(WireFault::NotJson)));
        assert!(list.instruments.is_empty());
    }
}

mod notifications {
    use super::*;

    /// The members of the document's successful notification as live traffic has them.
    const SUCCESS_JSON: &str = r#"{"paidAmount":"25.00","externalTrxId":"456123","internalTrxId":"913100816320004",
        "referenceId":"17839448","totalAmount":"25","balanceDue":"0.00","currency":"LKR","statusCode":"S1000",
        "statusDetail":"Request was Successfully processed, Due amount fully paid.","timeStamp":"08-Oct-2013 16:32"}"#;

    #[track_caller]
    fn assert_is_the_documents_success(body: &str) {
        let read = notification::read(&profile::dialog(), body.as_bytes()).unwrap();
        assert_eq!(read.external.as_str(), "456123");
        assert_eq!(read.internal.as_str(), "913100816320004");
        assert_eq!(read.reference.as_str(), "17839448");
        assert_eq!((read.class, read.code.as_str()), (Class::Ok, "S1000"));
        assert_eq!((read.total, read.paid, read.balance_due), (amount("25"), amount("25"), amount("0")));
        assert_eq!(read.currency, Some(Ok(Currency::LKR)));
    }

    /// R39
    #[test]
    fn the_json_dialects_read_alike() {
        assert_is_the_documents_success(SUCCESS_JSON);
        let dialects: [&dyn Fn(&str) -> String; 7] = [
            &|json| json.replace("timeStamp", "timestamp"),
            &|json| json.replace("08-Oct-2013 16:32", "2014-02-11T14:19:44.656+05:30"),
            &|json| json.replace("totalAmount", "TotalAmount").replace("currency", "Currency"),
            &|json| json.replace('}', ",}"),
            &|json| json.replace("\"25\"", "25").replace("\"0.00\"", "0").replace("\"456123\"", "456123"),
            &|json| format!("\u{feff}{json}"),
            &|json| json.replace("LKR", "lkr"),
        ];
        for dialect in dialects {
            assert_is_the_documents_success(&dialect(SUCCESS_JSON));
        }
    }

    /// R39
    #[cfg(feature = "dump-notification")]
    #[test]
    fn the_single_quoted_dumps_of_the_document_read_as_they_plainly_mean() {
        assert_is_the_documents_success(sample!("seed_dialog_notification_success.txt"));
        let dump = sample!("notif_dialog_doc_java_toString_NOT_JSON_success.txt");
        assert_is_the_documents_success(dump);
        assert_is_the_documents_success(&dump.replace("timeStamp='08", "timestamp='08"));
        assert_is_the_documents_success(&dump.replace(" }", ", }"));
        assert_is_the_documents_success(
            &dump.replace("Due amount", "the payer's 'due', or so, isn't 'yes', so"),
        );
        let failed = sample!("seed_dialog_notification_failed.txt");
        let read = notification::read(&profile::dialog(), failed.as_bytes()).unwrap();
        assert_eq!((read.class, read.code.as_str()), (Class::FailedListening, "E1404"));
        assert_eq!((read.total, read.paid, read.balance_due), (amount("0"), amount("25"), amount("25")));
        assert_eq!(read.internal.as_str(), "913100816290003");
    }

    #[cfg(feature = "dump-notification")]
    #[test]
    fn a_dumps_null_is_missing_and_its_bare_numbers_count() {
        let dump =
            "{externalTrxId='1', totalAmount='null', paidAmount=25.00, balanceDue=0, statusCode='S1000'}";
        let read = notification::read(&profile::dialog(), dump.as_bytes()).unwrap();
        assert_eq!((read.total, read.paid, read.balance_due), (Stated::Absent, amount("25"), amount("0")));
    }

    #[cfg(feature = "dump-notification")]
    #[test]
    fn a_dump_that_names_two_totals_is_refused() {
        let dump = "{ totalAmount='25', statusDetail='x', totalAmount='99', statusCode='S1000' }";
        assert_eq!(notification::read(&profile::dialog(), dump.as_bytes()), Err(WireFault::DuplicateMember));
    }

    #[cfg(not(feature = "dump-notification"))]
    #[test]
    fn without_the_feature_a_dump_is_not_json() {
        for dump in [
            sample!("seed_dialog_notification_success.txt"),
            sample!("seed_dialog_notification_failed.txt"),
            sample!("notif_dialog_doc_java_toString_NOT_JSON_success.txt"),
        ] {
            assert_eq!(notification::read(&profile::dialog(), dump.as_bytes()), Err(WireFault::NotJson));
        }
    }

    /// R57: what a notification does not say is absent; nothing else takes its place.
    #[test]
    fn a_notification_without_total_or_ids_says_so() {
        let body = br#"{"statusCode":"S1000","paidAmount":"25.00","totalAmount":null}"#;
        let read = notification::read(&profile::dialog(), body).unwrap();
        assert_eq!((read.total, read.paid, read.balance_due), (Stated::Absent, amount("25"), Stated::Absent));
        assert_eq!(
            (read.external.len(), read.internal.len(), read.reference.len(), read.currency),
            (0, 0, 0, None)
        );
    }

    /// R36
    #[test]
    fn an_amount_or_currency_that_is_none_is_marked_not_dropped() {
        use caas_core::money::AmountError;
        for (total, error) in [
            ("-1", AmountError::Negative),
            ("\"25.001\"", AmountError::TooManyDecimals),
            ("1e3", AmountError::NotANumber),
            ("99999999999999999999999999999999", AmountError::TooLarge),
            // The first 24 characters alone would be an amount.
            ("\"0000000000000000000000251\"", AmountError::TooLarge),
            ("true", AmountError::NotANumber),
            ("\"\"", AmountError::NotANumber),
            ("{\"value\":25}", AmountError::NotANumber),
            ("[25]", AmountError::NotANumber),
        ] {
            let body = format!(r#"{{"statusCode":"S1000","totalAmount":{total},"currency":["LKR"]}}"#);
            let read = notification::read(&profile::dialog(), body.as_bytes()).unwrap();
            assert_eq!(read.total, Stated::Bad(error), "{total}");
            assert_eq!(read.currency, Some(Err(notification::NotACurrency)));
        }
    }

    #[test]
    fn an_id_that_is_too_long_or_no_text_is_no_evidence() {
        let long = "1".repeat(33);
        for id in [format!("\"{long}\""), "[1]".into(), "{}".into(), "\"1 2\"".into(), "\"\\u0001\"".into()] {
            let body = format!(r#"{{"statusCode":"S1000","externalTrxId":{id},"internalTrxId":"7"}}"#);
            let read = notification::read(&profile::dialog(), body.as_bytes()).unwrap();
            assert_eq!((read.external.as_str(), read.internal.as_str()), ("", "7"), "{id}");
        }
    }

    #[test]
    fn the_documents_acknowledgement_with_its_trailing_comma_is_json_here() {
        let read =
            notification::read(&profile::dialog(), sample!("seed_dialog_acknowledgement.txt").as_bytes())
                .unwrap();
        assert_eq!(read.class, Class::Ok);
        assert!(serde_json::from_str::<Value>(sample!("seed_dialog_acknowledgement.txt")).is_err());
        for ours in [notification::RECEIVED, notification::NOT_UNDERSTOOD] {
            assert!(serde_json::from_slice::<Value>(ours).is_ok());
        }
    }
}

mod requests {
    use super::*;

    /// The two samples that lack a comma, and a table's example in typographic quotes, are refused.
    #[test]
    fn the_documents_broken_requests_are_not_json() {
        for body in [
            sample!("seed_ideamart_debit_req_comprehensive_INVALID_JSON_missing_comma.txt"),
            sample!("balance_req_bdapps_guide_INVALID_JSON_missing_comma.txt"),
            sample!("seed_dialog_agent_params_table_INVALID_JSON_curly_quotes.txt"),
        ] {
            assert_eq!(
                notification::read(&profile::dialog(), body.as_bytes()),
                Err(WireFault::NotJson),
                "{body}"
            );
        }
    }

    #[test]
    fn mobitels_charge_request_and_confirm_are_written_byte_for_byte() {
        let credentials = Credentials { client: Secret::new("id").unwrap(), ..Credentials::default() };
        let by_example = profile::mobitel(STATUSES);
        let by_example =
            Profile { fields: FieldNames { subscriber: "receiver", ..by_example.fields }, ..by_example };
        let fields = ChargeFields {
            external: b"",
            subscriber: b"0712755777",
            account: b"",
            instrument: by_example.instruments.first().unwrap(),
            amount: Amount::parse("5").unwrap(),
            currency: Currency::LKR,
        };
        let mut buffer = [0; REQUEST_MAX];
        let length = write_charge(&by_example, &credentials, &fields, &mut buffer).unwrap();
        assert_eq!(&buffer[..length], sample!("seed_mobitel_charge_req.json").trim().as_bytes());
        let length = write_charge(&profile::mobitel(STATUSES), &credentials, &fields, &mut buffer).unwrap();
        assert_eq!(&buffer[..length], br#"{"amount":"5","customer":"0712755777"}"#);
        let length = write_confirm(b"320438941208291", &mut buffer).unwrap();
        assert_eq!(&buffer[..length], sample!("seed_mobitel_confirm_req.json").trim().as_bytes());
    }

    /// Each sample's own values go in; the same members come out. Where a sample lacks the instrument, which the tables
    /// call mandatory, an instrument without a name gives the sample.
    #[test]
    fn the_debit_requests_of_the_documents_are_written_member_for_member() {
        let ideamart = Profile { amount_format: AmountFormat::WholeUnits, ..profile::ideamart() };
        let whole = Profile { amount_format: AmountFormat::WholeUnits, ..profile::dialog() };
        let silent = Profile { send_currency: false, ..whole };
        for (profile, body) in [
            (ideamart, sample!("seed_ideamart_debit_req.json").to_string()),
            (
                ideamart,
                mended(sample!("seed_ideamart_debit_req_comprehensive_INVALID_JSON_missing_comma.txt")),
            ),
            (silent, sample!("seed_dialog_debit_req.json").to_string()),
            (whole, sample!("seed_dialog_debit_req_comprehensive.json").to_string()),
            (profile::dialog(), sample!("seed_dialog_debit_req_ezcash.json").to_string()),
            (whole, sample!("debit_req_php_sdk_captured.json").to_string()),
            (profile::dialog(), sample!("debit_req_mspace_doc_2026.json").replace('…', "secret")),
        ] {
            let sample: Value = serde_json::from_str(&body).unwrap();
            let text = |name: &str| sample[name].as_str().unwrap_or("");
            let instrument = Instrument {
                name: text(profile.fields.instrument),
                agent_params: sample["additionalParams"].is_object(),
                ..*profile.instruments.first().unwrap()
            };
            let fields = ChargeFields {
                external: text("externalTrxId").as_bytes(),
                subscriber: text("subscriberId").as_bytes(),
                account: text("accountId").as_bytes(),
                instrument: &instrument,
                amount: Amount::parse(text("amount")).unwrap(),
                currency: Currency::parse(text("currency")).unwrap_or(Currency::LKR),
            };
            let mut buffer = [0; REQUEST_MAX];
            let length = write_charge(&profile, &credentials_of(&sample), &fields, &mut buffer).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&buffer[..length]).unwrap(), sample);
        }
    }

    #[test]
    fn the_balance_requests_of_the_documents_are_written_member_for_member() {
        for (profile, body) in [
            (profile::ideamart(), sample!("seed_ideamart_balance_req.json").to_string()),
            (profile::ideamart(), sample!("seed_ideamart_balance_req_comprehensive.json").to_string()),
            (profile::dialog(), sample!("seed_dialog_balance_req.json").to_string()),
            (profile::dialog(), sample!("seed_dialog_balance_req_comprehensive.json").to_string()),
            (profile::dialog(), sample!("balance_req_php_sdk_captured.json").to_string()),
            (profile::dialog(), mended(sample!("balance_req_bdapps_guide_INVALID_JSON_missing_comma.txt"))),
        ] {
            let sample: Value = serde_json::from_str(&body).unwrap();
            let fields = BalanceFields {
                subscriber: sample["subscriberId"].as_str().unwrap(),
                instrument: sample[profile.fields.instrument].as_str().unwrap_or(""),
                account: sample["accountId"].as_str(),
                currency: sample["currency"].as_str().and_then(Currency::parse),
            };
            let mut buffer = [0; REQUEST_MAX];
            let length = balance::write(&profile, &credentials_of(&sample), &fields, &mut buffer).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&buffer[..length]).unwrap(), sample);
        }
    }

    #[test]
    fn the_list_request_of_the_document_is_written_member_for_member() {
        let sample: Value = serde_json::from_str(sample!("seed_dialog_list_pi_req.json")).unwrap();
        let subscriber = sample["subscriberId"].as_str().unwrap();
        let (profile, credentials) = (profile::dialog(), credentials_of(&sample));
        let mut buffer = [0; REQUEST_MAX];
        let length =
            instruments::write(&profile, &credentials, subscriber, InstrumentFilter::All, &mut buffer)
                .unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&buffer[..length]).unwrap(), sample);
    }

    /// The sample with the comma that it lacks.
    fn mended(sample: &str) -> String {
        let missing = sample.lines().find(|line| line.ends_with('"')).unwrap();
        sample.replacen(missing, &format!("{missing},"), 1)
    }

    fn credentials_of(sample: &Value) -> Credentials {
        let secret =
            |value: &Value| value.as_str().map(|text| Secret::new(text).unwrap()).unwrap_or_default();
        Credentials {
            client: Secret::default(),
            application: secret(&sample["applicationId"]),
            password: secret(&sample["password"]),
            agent_pin: secret(&sample["additionalParams"]["ezcashAgentPin"]),
            agent_alias: secret(&sample["additionalParams"]["ezcashAgentAlias"]),
        }
    }
}

mod codes {
    use super::*;

    /// Both ways: a row missing on either side fails.
    #[test]
    fn the_family_table_is_the_published_list() {
        let mut listed: Vec<(String, Class)> = sample!("status-codes.tsv")
            .lines()
            .skip(1)
            .map(|line| {
                let columns: Vec<&str> = line.split('\t').collect();
                (columns[0].to_string(), class_named(columns[5]))
            })
            .collect();
        listed.sort_by(|(first, _), (second, _)| first.cmp(second));
        let table: Vec<(String, Class)> =
            FAMILY.iter().map(|row| (row.code().as_str().to_string(), row.class())).collect();
        assert_eq!(table, listed);
    }

    fn class_named(name: &str) -> Class {
        match name {
            "OK" => Class::Ok,
            "PENDING" => Class::Pending,
            "FAILED_LISTENING" => Class::FailedListening,
            "ASK_AGAIN" => Class::AskAgain,
            "DECLINED_USER" => Class::DeclinedUser,
            "REJECTED_CONFIG" => Class::RejectedConfig,
            "REJECTED_REQUEST" => Class::RejectedRequest,
            "RETRY_LATER_NOT_CHARGED" => Class::RetryLater,
            "DUPLICATE_RESOLVE" => Class::DuplicateResolve,
            "UNKNOWN" => Class::Unknown,
            other => panic!("class {other}"),
        }
    }
}

/// A sample that no test names would be no vector.
#[test]
fn every_sample_is_a_vector() {
    let source = include_str!("samples.rs");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(source.contains(&format!("sample!(\"{name}\")")), "{name} is in no test");
    }
}
