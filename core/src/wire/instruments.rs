//! List payment instruments: what a payer can pay with.

use heapless::{String, Vec};
use serde::Deserialize;

use super::answer::WireFault;
use super::balance::DETAIL_MAX;
use super::canonical::{Canonical, cut, room};
use super::object::write_object;
use super::request::{RequestFault, check_credentials};
use super::scan::{Found, members, objects};
use super::verdict::{Codes, verdict};
use crate::credentials::Credentials;
use crate::id::{RAW_CODE_MAX, RawCode};
use crate::profile::{Profile, Service};
use crate::status_code::Class;

/// Most instruments of one list that are kept.
pub const INSTRUMENTS_MAX: usize = 8;
/// Longest name of an instrument; one with a longer name is left out, for it could not be asked for.
pub const INSTRUMENT_NAME_MAX: usize = 32;

/// Which instruments to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InstrumentFilter {
    /// All of them, the carrier's default.
    #[default]
    All,
    /// Those that charge at once.
    Sync,
    /// Those that the payer acts for.
    Async,
}

/// How an instrument charges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum InstrumentKind {
    /// `sync`: the answer to the debit says what happened.
    Sync,
    /// `async`: the payer acts, then notifications tell.
    Async,
    /// Something else, or not said.
    Other,
}

/// An instrument of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedInstrument {
    /// The name as a request has to give it.
    pub name: String<INSTRUMENT_NAME_MAX>,
    /// How it charges.
    pub kind: InstrumentKind,
}

/// What the answer to a list request says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstrumentList {
    /// Whether the request succeeded ([`Class::Ok`]), or why not.
    pub class: Class,
    /// The code as the carrier wrote it; empty if there is none.
    pub code: RawCode,
    /// `statusDetail`, or the explanation of a gateway.
    pub detail: String<DETAIL_MAX>,
    /// The instruments in the carrier's order.
    pub instruments: Vec<ListedInstrument, INSTRUMENTS_MAX>,
    /// How many instruments were left out: beyond the eighth, or without a usable name.
    pub left_out: usize,
    /// Why the body could not be read, if so.
    pub fault: Option<WireFault>,
}

/// Writes a list request for `subscriber`; the number of bytes written, or why not.
pub fn write(
    profile: &Profile<'_>,
    credentials: &Credentials,
    subscriber: &str,
    filter: InstrumentFilter,
    buffer: &mut [u8],
) -> Result<usize, RequestFault> {
    check_credentials(profile, credentials)?;
    let members = [
        ("applicationId", credentials.application.expose()),
        ("password", credentials.password.expose()),
        (profile.fields.subscriber, subscriber),
        ("type", filter.as_str()),
    ];
    write_object(&members, None, buffer)
}

/// Reads the answer to a list request under the HTTP status `status`. Whatever comes has a reading.
pub fn read(profile: &Profile<'_>, status: u16, body: &[u8]) -> InstrumentList {
    let mut list = InstrumentList {
        class: verdict(profile, Service::InstrumentList, status, &Codes::NONE),
        code: RawCode::new(),
        detail: String::new(),
        instruments: Vec::new(),
        left_out: 0,
        fault: None,
    };
    if let Err(fault) = list.fill(profile, status, body) {
        list.fault = Some(fault);
    }
    list
}

impl InstrumentFilter {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            InstrumentFilter::All => "all",
            InstrumentFilter::Sync => "sync",
            InstrumentFilter::Async => "async",
        }
    }
}

impl InstrumentKind {
    /// Case differs by brand: `ASYNC`, `sync`.
    fn parse(word: &str) -> Self {
        if word.eq_ignore_ascii_case("sync") {
            InstrumentKind::Sync
        } else if word.eq_ignore_ascii_case("async") {
            InstrumentKind::Async
        } else {
            InstrumentKind::Other
        }
    }
}

impl InstrumentList {
    fn fill(&mut self, profile: &Profile<'_>, status: u16, body: &[u8]) -> Result<(), WireFault> {
        let names = ["statusCode", "httpCode", "statusDetail", "moreInformation", "paymentInstrumentList"];
        let [code, gateway, detail, more, instruments] = members(body, &names)?;
        let mut canonical = Canonical::<HEAD_MAX>::new();
        canonical.add("code", code, RAW_CODE_MAX + 1)?;
        canonical.add("gateway", gateway, RAW_CODE_MAX + 1)?;
        canonical.add("detail", detail, DETAIL_MAX)?;
        canonical.add("more", more, DETAIL_MAX)?;
        canonical.close()?;
        let head: Head<'_> = canonical.read()?;
        let more = head.more.unwrap_or("");
        let codes = Codes { application: head.code, gateway: head.gateway, more };
        if let Found::Nested(array) = instruments {
            objects(array, |object| self.add(object))?;
        }
        self.class = verdict(profile, Service::InstrumentList, status, &codes);
        self.code = cut(codes.raw().trim());
        self.detail = cut(head.detail.unwrap_or(more));
        Ok(())
    }

    fn add(&mut self, object: &str) {
        if listed(object).and_then(|instrument| self.instruments.push(instrument).ok()).is_none() {
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}

/// Room that the known members of the answer need together, each at its longest.
const HEAD_MAX: usize =
    2 + 2 * room("gateway", RAW_CODE_MAX + 1) + room("detail", DETAIL_MAX) + room("more", DETAIL_MAX);

/// The answer without its list, still as canonical text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Head<'a> {
    #[serde(borrow)]
    code: Option<&'a str>,
    gateway: Option<&'a str>,
    detail: Option<&'a str>,
    more: Option<&'a str>,
}

/// Bytes that are kept of an instrument's name: one more than fit, so that a longer one is seen to be longer.
const NAME_KEPT: usize = INSTRUMENT_NAME_MAX + 1;
/// Bytes that are kept of an instrument's type.
const KIND_KEPT: usize = 8;
/// Room that an instrument needs, its members at their longest.
const ITEM_MAX: usize = 2 + room("name", NAME_KEPT) + room("kind", KIND_KEPT);

/// One instrument of the list, still as canonical text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item<'a> {
    #[serde(borrow)]
    name: Option<&'a str>,
    kind: Option<&'a str>,
}

/// The instrument that `object` describes, if its name can be used. Its frame is not needed beside the head's.
#[inline(never)]
fn listed(object: &str) -> Option<ListedInstrument> {
    let [name, kind] = members(object.as_bytes(), &["name", "type"]).ok()?;
    let mut canonical = Canonical::<ITEM_MAX>::new();
    canonical.add("name", name, NAME_KEPT).ok()?;
    canonical.add("kind", kind, KIND_KEPT).ok()?;
    canonical.close().ok()?;
    let item: Item<'_> = canonical.read().ok()?;
    let name = item.name.filter(|name| !name.trim().is_empty() && !name.contains('\\'))?;
    let kind = InstrumentKind::parse(item.kind.unwrap_or(""));
    Some(ListedInstrument { name: String::try_from(name).ok()?, kind })
}
