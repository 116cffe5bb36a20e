use super::{
    Authentication, CapturesAt, Consent, FieldNames, GatewayRule, Instrument, InternalIdRule, Limits, Paths,
    Polling, Profile, Service, TotalMeaning, Windows,
};
use crate::money::{Amount, AmountFormat, Currency};
use crate::status_code::{Class, CodeRow};
use crate::time::SECOND;

/// Mobitel CaaS, behind IBM API Connect.
///
/// Mobitel's `status` values are documented nowhere, so there is no default: whoever has the contract with the carrier
/// asks for them and gives them here, a row for each service and value. A charge request that raised the prompt is
/// [`Class::Pending`], a confirm that succeeds [`Class::Ok`], "not approved (yet)" [`Class::NotApproved`]. A value that
/// is not listed is no evidence of anything.
pub const fn mobitel<'p>(statuses: &'p [CodeRow<'p>]) -> Profile<'p> {
    Profile { codes: statuses, ..MOBITEL }
}

/// Without the statuses.
const MOBITEL: Profile<'static> = Profile {
    name: "mobitel",
    endpoint: "https://apphub.mobitel.lk",
    authentication: Authentication::ClientIdHeader("x-ibm-client-id"),
    charge_service: Service::ChargeRequest,
    paths: Paths {
        charge: "/mobext/mapi/caas/chargRequest",
        confirm: Some("/mobext/mapi/caas/confirm"),
        balance: None,
        instruments: None,
    },
    // The document's table says `customer`, its example sends `receiver`.
    fields: FieldNames { subscriber: "customer", instrument: "", params: "" },
    instruments: &[Instrument {
        name: "",
        consent: Consent::Prompt,
        // The confirm is documented as "to complete the transaction" and as succeeding "if the user has given the
        // consent": whether it reads or captures is not stated.
        captures_at: CapturesAt::Unknown,
        agent_params: false,
    }],
    amount_format: AmountFormat::WholeUnits,
    currencies: &[Currency::LKR],
    send_currency: false,
    price_points: &[],
    client_makes_id: false,
    deduplicates: false,
    resend_throttled: true,
    total_means: TotalMeaning::PaidSoFar,
    internal_id: InternalIdRule::MustMatch,
    codes: &[],
    family_codes: false,
    gateway: IBM_GATEWAY,
    windows: Windows {
        answer: 30 * SECOND,
        consent: 120 * SECOND,
        execution: 240 * SECOND,
        sale: 180 * SECOND,
        listen: 0,
    },
    polling: Polling { first: 5 * SECOND, most: 15 * SECOND },
    limits: Limits {
        attempts: 3,
        sends: 4,
        confirms: 60,
        amount: Amount::MAX,
        notified_release: Amount::MAX,
    },
};

/// IBM API Connect: these did not reach the carrier's application. "Failed to establish a backside connection" is not
/// here: the application may finish after the gateway gave up.
const IBM_GATEWAY: &[GatewayRule<'static>] = &[
    GatewayRule { status: 401, contains: "", class: Class::RejectedConfig },
    GatewayRule { status: 403, contains: "", class: Class::RejectedConfig },
    GatewayRule { status: 404, contains: "", class: Class::RejectedConfig },
    GatewayRule { status: 405, contains: "", class: Class::RejectedConfig },
    GatewayRule { status: 429, contains: "", class: Class::RetryLater },
    GatewayRule { status: 500, contains: "Backside URL invalid", class: Class::RejectedConfig },
];
