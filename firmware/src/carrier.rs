//! The carriers that this machine can charge through, as the simulator plays them.

use caas_core::profile::{DIALOG_EZCASH, Polling, Profile, Service, Windows, dialog, mobitel};
use caas_core::status_code::{Class, CodeRow};

/// What the simulator's Mobitel answers. Mobitel's own values are documented nowhere: ask Mobitel for them.
const SIMULATED_STATUSES: &[CodeRow<'static>] = &[
    row(Service::ChargeRequest, "1000", Class::Pending),
    row(Service::ChargeRequest, "1003", Class::DeclinedUser),
    row(Service::ChargeRequest, "1004", Class::DeclinedUser),
    row(Service::ChargeRequest, "1008", Class::HandsetBusy),
    row(Service::Confirm, "1001", Class::Ok),
    row(Service::Confirm, "1002", Class::NotApproved),
    row(Service::Confirm, "1003", Class::DeclinedUser),
    row(Service::Confirm, "1004", Class::DeclinedUser),
    row(Service::Confirm, "1005", Class::NotFound),
    row(Service::Confirm, "1006", Class::Ok),
    row(Service::Confirm, "1007", Class::DeclinedUser),
];

/// A payer of the check acts within a fraction of a second, and nobody wants to wait for minutes: these windows stand in
/// place of the carriers'. They leave an emulator time that has to share its processor. A real machine takes the profile as
/// it is.
const TRIAL_WINDOWS: Windows =
    Windows { answer: 10_000, consent: 6_000, execution: 3_000, sale: 8_000, listen: 1_000 };
const TRIAL_POLLING: Polling = Polling { first: 100, most: 400 };

/// The profile of this name, and the name of the instrument that is charged (`None`: the profile's first).
pub fn profile(name: &str) -> Option<(Profile<'static>, Option<&'static str>)> {
    let (profile, instrument) = match name {
        "mobitel" => (mobitel(SIMULATED_STATUSES), None),
        "dialog" => (dialog(), Some(DIALOG_EZCASH)),
        _ => return None,
    };
    Some((Profile { windows: TRIAL_WINDOWS, polling: TRIAL_POLLING, ..profile }, instrument))
}

const fn row(service: Service, code: &'static str, class: Class) -> CodeRow<'static> {
    CodeRow { service: Some(service), code, class }
}
