//! The carrier's words.

use caas_core::profile::{Consent, Profile, Service};
use caas_core::wire::notification::{self, Notification};

use super::carrier::{Answer, Refused};
use super::network::{Asked, Notice};
use super::scenario::{CHARGE, Scenario};

/// HTTP status and body of an answer.
pub fn answer(scenario: &Scenario, asked: &Asked, answer: Answer) -> (u16, String) {
    if scenario.consent() == Consent::Prompt { mobitel(asked, answer) } else { family(asked, answer) }
}

fn mobitel(asked: &Asked, answer: Answer) -> (u16, String) {
    let reference = |number: u8| format!(r#""reference":"R{number}","#);
    let about = asked.session.map(reference).unwrap_or_default();
    let says = |reference: String, status: &str| (200, format!(r#"{{{reference}"status":"{status}"}}"#));
    match answer {
        Answer::Accepted(number) => says(reference(number), "1000"),
        Answer::Executed(number) => says(reference(number), "1001"),
        Answer::NotApproved(number) => says(reference(number), "1002"),
        Answer::Refused(Refused::Declined) if asked.service == Service::Confirm => says(about, "1003"),
        Answer::Refused(Refused::Declined | Refused::Failed) => says(about, "1004"),
        Answer::Refused(Refused::Busy) => says(about, "1008"),
        Answer::Refused(Refused::NotFound) => says(about, "1005"),
        Answer::Refused(Refused::Processing) => says(about, "1009"),
        Answer::Refused(Refused::Throttled) => (429, gateway(429)),
        Answer::Refused(Refused::Credentials) => (401, gateway(401)),
        Answer::Refused(Refused::Duplicate) | Answer::Garbage => (500, "<html>".into()),
    }
}

fn gateway(status: u16) -> String {
    format!(r#"{{"httpCode":"{status}","httpMessage":"no","moreInformation":"no"}}"#)
}

fn family(asked: &Asked, answer: Answer) -> (u16, String) {
    let external = external(asked.attempt);
    let says = |code: &str, more: String| {
        (200, format!(r#"{{"statusCode":"{code}","externalTrxId":"{external}"{more}}}"#))
    };
    let ids = |number: u8| format!(r#","internalTrxId":"90000{number}","referenceId":"R{number}""#);
    match answer {
        Answer::Accepted(number) => says("P1003", ids(number)),
        Answer::Executed(number) => says("S1000", format!(r#","internalTrxId":"90000{number}""#)),
        Answer::Refused(Refused::Duplicate) => says("E1379", String::new()),
        Answer::Refused(Refused::Declined) => says("E1337", String::new()),
        Answer::Refused(Refused::Throttled) => says("E1318", String::new()),
        Answer::Refused(_) => says("E1308", String::new()),
        Answer::NotApproved(_) | Answer::Garbage => (500, "<html>".into()),
    }
}

/// A notification as it is read.
pub fn notice(profile: &Profile<'_>, attempt: u8, notice: &Notice) -> Notification {
    let (external, session) = (external(attempt), notice.session);
    let money = match notice.total {
        Some(total) => format!(r#""totalAmount":"{}.00","statusCode":"S1000""#, total / 100),
        // The documents show a failure that names an amount.
        None => r#""paidAmount":"10.00","statusCode":"E1404""#.into(),
    };
    let body = format!(
        r#"{{"externalTrxId":"{external}","internalTrxId":"90000{session}","referenceId":"R{session}","currency":"LKR",{money}}}"#
    );
    notification::read(profile, body.as_bytes()).expect("a readable notification")
}

/// The session whose reference stands in a confirm's body.
pub fn session_of(body: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(body).ok()?;
    (0..9).find(|number| text.contains(&format!("\"R{number}\"")))
}

fn external(attempt: u8) -> String {
    format!("{CHARGE}{}", char::from(b'a' + attempt))
}
