//! What an HTTP status and the codes in a body mean together.

use heapless::String;

use super::text::Text;
use crate::id::{RAW_CODE_MAX, RawCode};
use crate::profile::{Profile, Service};
use crate::status_code::{Class, class_of, number};

/// A code as it was written: one character more than is kept of it, so that a longer one is never taken for what its
/// beginning says.
type WrittenCode = String<{ RAW_CODE_MAX + 1 }>;

/// Characters that are looked at of a gateway's explanation.
const MORE_KEPT: usize = 64;

/// The codes of a body.
#[derive(Clone, Copy)]
pub(super) struct Codes<'a> {
    /// `statusCode` or `status`: the carrier's application speaks.
    pub(super) application: Option<Text<'a>>,
    /// `httpCode`: a gateway in front of it speaks (IBM API Connect), maybe under HTTP 200.
    pub(super) gateway: Option<Text<'a>>,
    /// `moreInformation` of the gateway.
    pub(super) more: Option<Text<'a>>,
}

impl Codes<'_> {
    /// A body without codes.
    pub(super) const NONE: Codes<'static> = Codes { application: None, gateway: None, more: None };

    /// The code to keep for a report.
    #[inline(never)]
    pub(super) fn raw(&self) -> RawCode {
        let mut code = WrittenCode::new();
        if let Some(text) = self.application.or(self.gateway) {
            text.put(&mut code);
        }
        Text::new(code.trim_ascii(), false).cut()
    }
}

/// What a notification's code means.
pub(super) fn notified(profile: &Profile<'_>, codes: &Codes<'_>) -> Class {
    let mut code = WrittenCode::new();
    if let Some(text) = codes.application {
        text.put(&mut code);
    }
    class_of(profile, Service::Notification, &code)
}

/// What the answer to `service` means. Where status and body contradict each other, neither is believed.
#[inline(never)]
pub(super) fn verdict(profile: &Profile<'_>, service: Service, status: u16, codes: &Codes<'_>) -> Class {
    let mut code = WrittenCode::new();
    let status = match (codes.application, codes.gateway) {
        (Some(_), Some(_)) => return Class::Unknown,
        (Some(text), None) => {
            text.put(&mut code);
            return application_verdict(status, class_of(profile, service, &code));
        }
        (None, Some(text)) => {
            text.put(&mut code);
            match code.as_bytes() {
                digits @ [_, _, _] => number(digits),
                _ => None,
            }
        }
        (None, None) => Some(status),
    };
    status.map_or(Class::Unknown, |status| gateway_verdict(profile, status, codes.more))
}

/// Application-level failures come as HTTP 200 in every document. Under another status a code is believed only where
/// both say "refused": 4xx with a code that is listed as not charged. 408 and 5xx say that something gave up waiting or
/// broke, after which nothing is known (R05).
fn application_verdict(status: u16, class: Class) -> Class {
    let refused = match class {
        Class::RejectedConfig | Class::RejectedRequest | Class::RetryLater | Class::DeclinedUser => true,
        Class::FailedListening | Class::AskAgain | Class::HandsetBusy => true,
        Class::Ok | Class::Pending | Class::NotApproved | Class::StillProcessing | Class::NotFound => false,
        Class::DuplicateResolve | Class::Unknown => false,
    };
    match status {
        200..=299 => class,
        400..=407 | 409..=499 if refused => class,
        _ => Class::Unknown,
    }
}

/// The profile's rules for answers that the application had no part in. No rule: it may have executed (R05).
fn gateway_verdict(profile: &Profile<'_>, status: u16, more: Option<Text<'_>>) -> Class {
    let says = |part: &str| part.is_empty() || more.is_some_and(|more| more.contains(part, MORE_KEPT));
    profile
        .gateway
        .iter()
        .find(|rule| rule.status == status && says(rule.contains))
        .map_or(Class::Unknown, |rule| rule.class)
}
