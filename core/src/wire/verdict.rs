//! What an HTTP status and the codes in a body mean together.

use heapless::Vec;

use super::members::Members;
use super::names::Name;
use super::text::Text;
use crate::bytes::after;
use crate::id::RawCode;
use crate::profile::{Profile, Service};
use crate::status_code::{Class, NO_NUMBER, class_of_bytes, number};

/// Bytes that are looked at of a gateway's explanation.
const MORE_KEPT: usize = 64;

/// Puts the code that is kept for a report; whether it is what was written, so that a longer one, or one with spaces
/// around it, is never taken for what is kept of it.
#[inline(never)]
fn put(code: Text<'_>, kept: &mut RawCode) -> bool {
    let text = code.trimmed();
    text.put(kept.bytes_mut()) && text.len() == code.len()
}

/// What the answer to `service` means; its code is kept. `statusCode` or `status` is where the carrier's application
/// speaks, `httpCode` where a gateway in front of it does (IBM API Connect), maybe under HTTP 200. Where status and body
/// contradict each other, neither is believed.
#[inline(never)]
pub(super) fn verdict(
    profile: &Profile<'_>,
    service: Service,
    status: u16,
    found: &Members<'_>,
    kept: &mut RawCode,
) -> Class {
    let gateway = found.text(Name::HttpCode as usize);
    if let Some(code) = found.text(Name::Code as usize) {
        let whole = put(code, kept);
        let class = class_of_bytes(profile, service, kept.as_bytes());
        let believed = whole && gateway.is_none() && may_say(status, class);
        return if believed { class } else { Class::Unknown };
    }
    // No gateway stands before what the carrier sends by itself.
    if service == Service::Notification {
        return Class::Unknown;
    }
    let mut status = u32::from(status);
    if let Some(code) = gateway {
        let whole = put(code, kept) && kept.as_bytes().len() == 3;
        status = if whole { number(kept.as_bytes()) } else { NO_NUMBER };
    }
    gateway_verdict(profile, status, found.text(Name::MoreInformation as usize))
}

/// Application-level failures come as HTTP 200 in every document. Under another status a code is believed only where
/// both say "refused": 4xx with a code that is listed as not charged. 408 and 5xx say that something gave up waiting or
/// broke, after which nothing is known (R05).
fn may_say(status: u16, class: Class) -> bool {
    let refused = match class {
        Class::RejectedConfig | Class::RejectedRequest | Class::RetryLater | Class::DeclinedUser => true,
        Class::FailedListening | Class::AskAgain | Class::HandsetBusy => true,
        Class::Ok | Class::Pending | Class::NotApproved | Class::StillProcessing | Class::NotFound => false,
        Class::DuplicateResolve | Class::Unknown => false,
    };
    match status {
        200..=299 => true,
        400..=499 => refused && status != 408,
        _ => false,
    }
}

/// The profile's rules for answers that the application had no part in. No rule: it may have executed (R05).
fn gateway_verdict(profile: &Profile<'_>, status: u32, more: Option<Text<'_>>) -> Class {
    let mut said = Vec::<u8, MORE_KEPT>::new();
    if let Some(more) = more {
        more.put(&mut said);
    }
    profile
        .gateway
        .iter()
        .find(|rule| u32::from(rule.status) == status && contains(&said, rule.contains.as_bytes()))
        .map_or(Class::Unknown, |rule| rule.class)
}

/// Whether `part` is somewhere in `text`.
fn contains(text: &[u8], part: &[u8]) -> bool {
    let mut rest = text;
    while after(rest, part).is_none() {
        let Some((_, after)) = rest.split_first() else { return false };
        rest = after;
    }
    true
}
