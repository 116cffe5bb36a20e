//! Query balance: what a payer's account can be charged with.

use serde::Deserialize;

use super::answer::WireFault;
use super::canonical::{AMOUNT_KEPT, Canonical, cut, room, stated};
use super::notification::Stated;
use super::object::write_object;
use super::request::{RequestFault, check_credentials};
use super::scan::members;
use super::verdict::{Codes, verdict};
use crate::credentials::Credentials;
use crate::id::{RAW_CODE_MAX, RawCode};
use crate::money::Currency;
use crate::profile::{Profile, Service};
use crate::status_code::Class;
use heapless::String;

/// Longest account type or status that is kept; a longer one is cut.
pub const ACCOUNT_WORD_MAX: usize = 32;
/// Longest `statusDetail` that is kept; a longer one is cut.
pub const DETAIL_MAX: usize = 96;

/// What a balance query says.
#[derive(Clone, Copy)]
pub struct BalanceFields<'a> {
    /// The payer, verbatim.
    pub subscriber: &'a str,
    /// Name of the payment instrument; empty: not sent. Mandatory at Dialog, unknown to api.ideamart.io.
    pub instrument: &'a str,
    /// `accountId`, if any.
    pub account: Option<&'a str>,
    /// The currency of the answer, if it is to be named.
    pub currency: Option<Currency>,
}

/// What the answer to a balance query says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Whether the query succeeded ([`Class::Ok`]), or why not.
    pub class: Class,
    /// The code as the carrier wrote it; empty if there is none.
    pub code: RawCode,
    /// `statusDetail`, or the explanation of a gateway.
    pub detail: String<DETAIL_MAX>,
    /// `chargeableBalance`. Meaningful only where the query succeeded.
    pub chargeable: Stated,
    /// `accountType` as written: "Pre Paid", "PREPAID".
    pub account_type: String<ACCOUNT_WORD_MAX>,
    /// `accountStatus` as written: "Active", "0".
    pub account_status: String<ACCOUNT_WORD_MAX>,
    /// Why the body could not be read, if so.
    pub fault: Option<WireFault>,
}

/// Writes a balance query; the number of bytes written, or why not.
pub fn write(
    profile: &Profile<'_>,
    credentials: &Credentials,
    fields: &BalanceFields<'_>,
    buffer: &mut [u8],
) -> Result<usize, RequestFault> {
    check_credentials(profile, credentials)?;
    let members = [
        ("applicationId", credentials.application.expose()),
        ("password", credentials.password.expose()),
        (profile.fields.subscriber, fields.subscriber),
        (profile.fields.instrument, fields.instrument),
        ("accountId", fields.account.unwrap_or("")),
        ("currency", fields.currency.as_ref().map_or("", Currency::as_str)),
    ];
    write_object(&members, None, buffer)
}

/// Reads the answer to a balance query under the HTTP status `status`. Whatever comes has a reading.
pub fn read(profile: &Profile<'_>, status: u16, body: &[u8]) -> Balance {
    let service = Service::BalanceQuery;
    let mut canonical = Canonical::new();
    match collect(body, &mut canonical).and_then(|()| canonical.read::<Said<'_>>()) {
        Ok(said) => said.balance(verdict(profile, service, status, &said.codes())),
        Err(fault) => {
            let nothing = Said::default().balance(verdict(profile, service, status, &Codes::NONE));
            Balance { fault: Some(fault), ..nothing }
        }
    }
}

/// Room that all known members need together, each at its longest.
const CANONICAL_MAX: usize = 2
    + 2 * room("gateway", RAW_CODE_MAX + 1)
    + room("detail", DETAIL_MAX)
    + room("more", DETAIL_MAX)
    + room("chargeable", AMOUNT_KEPT)
    + 2 * room("account_status", ACCOUNT_WORD_MAX);

/// Writes the known members of `body`. Not inlined, so that its own frame is gone when the members are read.
#[inline(never)]
fn collect(body: &[u8], canonical: &mut Canonical<CANONICAL_MAX>) -> Result<(), WireFault> {
    let names = [
        "statusCode",
        "httpCode",
        "statusDetail",
        "moreInformation",
        "chargeableBalance",
        "accountType",
        "accountStatus",
    ];
    let [code, gateway, detail, more, chargeable, account_type, account_status] = members(body, &names)?;
    canonical.add("code", code, RAW_CODE_MAX + 1)?;
    canonical.add("gateway", gateway, RAW_CODE_MAX + 1)?;
    canonical.add("detail", detail, DETAIL_MAX)?;
    canonical.add("more", more, DETAIL_MAX)?;
    canonical.add("chargeable", chargeable, AMOUNT_KEPT)?;
    canonical.add("account_type", account_type, ACCOUNT_WORD_MAX)?;
    canonical.add("account_status", account_status, ACCOUNT_WORD_MAX)?;
    canonical.close()
}

/// The known members, still as canonical text.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Said<'a> {
    #[serde(borrow)]
    code: Option<&'a str>,
    gateway: Option<&'a str>,
    detail: Option<&'a str>,
    more: Option<&'a str>,
    chargeable: Option<&'a str>,
    account_type: Option<&'a str>,
    account_status: Option<&'a str>,
}

impl<'a> Said<'a> {
    fn codes(&self) -> Codes<'a> {
        Codes { application: self.code, gateway: self.gateway, more: self.more.unwrap_or("") }
    }

    fn balance(&self, class: Class) -> Balance {
        Balance {
            class,
            code: cut(self.codes().raw().trim()),
            detail: cut(self.detail.or(self.more).unwrap_or("")),
            chargeable: stated(self.chargeable),
            account_type: cut(self.account_type.unwrap_or("")),
            account_status: cut(self.account_status.unwrap_or("")),
            fault: None,
        }
    }
}
