use super::{
    Authentication, CapturesAt, Consent, FieldNames, GatewayRule, Instrument, InternalIdRule, Limits, Paths,
    Polling, Profile, Service, TotalMeaning, Windows,
};
use crate::money::{Amount, AmountFormat, Currency};
use crate::status_code::{Class, CodeRow};
use crate::time::SECOND;

/// Ideamart at api.ideamart.io: query balance and direct debit for Dialog, Airtel and Hutch.
pub const fn ideamart() -> Profile<'static> {
    IDEAMART
}

/// A constant is copied as a whole, which is smaller than to write it field by field.
pub(super) const IDEAMART: Profile<'static> = Profile {
    name: "ideamart",
    endpoint: "https://api.ideamart.io",
    authentication: Authentication::InBody,
    charge_service: Service::DirectDebit,
    paths: Paths {
        charge: "/caas/direct/debit",
        confirm: None,
        balance: Some("/caas/balance/query"),
        instruments: None,
    },
    fields: FieldNames {
        subscriber: "subscriberId",
        instrument: "paymentInstrument",
        params: "additionalParams",
    },
    instruments: &[MOBILE_ACCOUNT],
    amount_format: AmountFormat::TwoDecimals,
    currencies: &[Currency::LKR, Currency::USD],
    send_currency: true,
    price_points: &[],
    client_makes_id: true,
    // Not proven: two captured notifications show one externalTrxId prompting twice.
    deduplicates: false,
    // The texts of E1318 and E1319 are those of E1316 and E1600 here, which do not say "not charged".
    resend_throttled: false,
    total_means: TotalMeaning::PaidSoFar,
    internal_id: InternalIdRule::MustMatch,
    codes: IDEAMART_CODES,
    family_codes: true,
    gateway: UNROUTED,
    windows: Windows {
        answer: 30 * SECOND,
        consent: 120 * SECOND,
        execution: 240 * SECOND,
        sale: 120 * SECOND,
        listen: 60 * SECOND,
    },
    polling: Polling { first: 5 * SECOND, most: 15 * SECOND },
    limits: Limits { attempts: 3, sends: 4, confirms: 0, amount: Amount::MAX, notified_release: Amount::MAX },
};

/// The synchronous instrument of the family.
pub(super) const MOBILE_ACCOUNT: Instrument<'static> = Instrument {
    name: "MobileAccount",
    consent: Consent::None,
    captures_at: CapturesAt::Request,
    agent_params: false,
};

/// Unrouted paths come as HTML 404: no application was reached.
pub(super) const UNROUTED: &[GatewayRule<'static>] =
    &[GatewayRule { status: 404, contains: "", class: Class::RejectedConfig }];

/// Codes whose meaning differs by brand, as Ideamart and Dialog have them.
pub(super) const IDEAMART_CODES: &[CodeRow<'static>] = &[
    CodeRow { service: None, code: "E1308", class: Class::FailedListening },
    CodeRow { service: None, code: "E1337", class: Class::DeclinedUser },
];
