//! Query balance: what a payer's account can be charged with.

use heapless::VecView;

use super::answer::WireFault;
use super::members::Members;
use super::names::{Name, Names, length, pack};
use super::notification::Stated;
use super::object::Object;
use super::request::{RequestFault, has_credentials};
use super::text::Text;
use super::verdict::verdict;
use crate::credentials::Credentials;
use crate::id::{CarrierText, RawCode};
use crate::money::Currency;
use crate::profile::{Profile, Service};
use crate::status_code::Class;

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
    pub detail: CarrierText<DETAIL_MAX>,
    /// `chargeableBalance`. Meaningful only where the query succeeded.
    pub chargeable: Stated,
    /// `accountType` as written: "Pre Paid", "PREPAID".
    pub account_type: CarrierText<ACCOUNT_WORD_MAX>,
    /// `accountStatus` as written: "Active", "0".
    pub account_status: CarrierText<ACCOUNT_WORD_MAX>,
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
    if !has_credentials(profile, credentials, false) {
        return Err(RequestFault::MissingCredential);
    }
    let mut object = Object::open(buffer);
    object.secret("applicationId", &credentials.application);
    object.secret("password", &credentials.password);
    object.member(profile.fields.subscriber, fields.subscriber.as_bytes());
    object.member(profile.fields.instrument, fields.instrument.as_bytes());
    object.member("accountId", fields.account.unwrap_or("").as_bytes());
    object.member("currency", fields.currency.as_ref().map_or(&[], Currency::as_bytes));
    object.close()
}

/// Reads the answer to a balance query under the HTTP status `status`. Whatever comes has a reading.
pub fn read(profile: &Profile<'_>, status: u16, body: &[u8]) -> Balance {
    let mut balance = Balance {
        class: Class::Unknown,
        code: RawCode::new(),
        detail: CarrierText::new(),
        chargeable: Stated::Absent,
        account_type: CarrierText::new(),
        account_status: CarrierText::new(),
        fault: None,
    };
    balance.fill(profile, status, body);
    balance
}

/// The members of the answer; the first three as in every message.
const TABLE: [(usize, &str); 7] = [
    (Name::Code as usize, "statusCode"),
    (Name::HttpCode as usize, "httpCode"),
    (Name::MoreInformation as usize, "moreInformation"),
    (DETAIL, "statusDetail"),
    (CHARGEABLE, "chargeableBalance"),
    (ACCOUNT_TYPE, "accountType"),
    (ACCOUNT_STATUS, "accountStatus"),
];
const DETAIL: usize = 3;
const CHARGEABLE: usize = 4;
const ACCOUNT_TYPE: usize = 5;
const ACCOUNT_STATUS: usize = 6;

static PACKED: [u8; length(&TABLE)] = pack(&TABLE);
static NAMES: Names = Names::new(&PACKED);

impl Balance {
    fn fill(&mut self, profile: &Profile<'_>, status: u16, body: &[u8]) {
        let mut found = Members::new();
        self.fault = found.find(body, &NAMES).err().map(|fault| fault.of(body));
        self.class = verdict(profile, Service::BalanceQuery, status, &found, &mut self.code);
        let put = |text: Option<Text<'_>>, kept: &mut VecView<u8>| text.is_some_and(|text| text.put(kept));
        put(found.text(DETAIL).or(found.text(Name::MoreInformation as usize)), self.detail.bytes_mut());
        put(found.text(ACCOUNT_TYPE), self.account_type.bytes_mut());
        put(found.text(ACCOUNT_STATUS), self.account_status.bytes_mut());
        self.chargeable = found.stated(CHARGEABLE);
    }
}
