//! List payment instruments: what a payer can pay with.

use heapless::Vec;

use super::answer::WireFault;
use super::balance::DETAIL_MAX;
use super::members::{Members, objects};
use super::names::{Name, Names, length, pack};
use super::object::Object;
use super::request::{RequestFault, has_credentials};
use super::text::Text;
use super::verdict::verdict;
use crate::credentials::Credentials;
use crate::id::{CarrierText, RawCode};
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
    pub name: CarrierText<INSTRUMENT_NAME_MAX>,
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
    pub detail: CarrierText<DETAIL_MAX>,
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
    if !has_credentials(profile, credentials, false) {
        return Err(RequestFault::MissingCredential);
    }
    let mut object = Object::open(buffer);
    object.secret("applicationId", &credentials.application);
    object.secret("password", &credentials.password);
    object.member(profile.fields.subscriber, subscriber.as_bytes());
    object.member("type", filter.as_str().as_bytes());
    object.close()
}

/// Reads the answer to a list request under the HTTP status `status`. Whatever comes has a reading.
pub fn read(profile: &Profile<'_>, status: u16, body: &[u8]) -> InstrumentList {
    let mut list = InstrumentList {
        class: Class::Unknown,
        code: RawCode::new(),
        detail: CarrierText::new(),
        instruments: Vec::new(),
        left_out: 0,
        fault: None,
    };
    list.fill(profile, status, body);
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
    fn fill(&mut self, profile: &Profile<'_>, status: u16, body: &[u8]) {
        let mut found = Members::new();
        let array = found.find(body, &NAMES).and_then(|()| match found.nested(INSTRUMENTS) {
            Some(array) => objects(array, |object| self.add(object)),
            None => Ok(()),
        });
        if let Err(fault) = array {
            self.fault = Some(fault.of(body));
            found = Members::new();
        }
        self.class = verdict(profile, Service::InstrumentList, status, &found, &mut self.code);
        if let Some(detail) = found.text(DETAIL).or(found.text(Name::MoreInformation as usize)) {
            detail.put(self.detail.bytes_mut());
        }
    }

    fn add(&mut self, object: &[u8]) {
        if listed(object).and_then(|instrument| self.instruments.push(instrument).ok()).is_none() {
            self.left_out = self.left_out.saturating_add(1);
        }
    }
}

/// The members of the answer; the first three as in every message.
const TABLE: [(usize, &str); 5] = [
    (Name::Code as usize, "statusCode"),
    (Name::HttpCode as usize, "httpCode"),
    (Name::MoreInformation as usize, "moreInformation"),
    (DETAIL, "statusDetail"),
    (INSTRUMENTS, "paymentInstrumentList"),
];
const DETAIL: usize = 3;
const INSTRUMENTS: usize = 4;

static PACKED: [u8; length(&TABLE)] = pack(&TABLE);
static NAMES: Names = Names::new(&PACKED);

/// The members of an instrument.
const LISTED_TABLE: [(usize, &str); 2] = [(0, "name"), (1, "type")];

static LISTED_PACKED: [u8; length(&LISTED_TABLE)] = pack(&LISTED_TABLE);
static LISTED: Names = Names::new(&LISTED_PACKED);

/// Longest type of an instrument that is looked at.
const KIND_MAX: usize = 8;

/// The instrument that `object` describes, if its name can be used. Its frame is not needed beside the head's.
#[inline(never)]
fn listed(object: &[u8]) -> Option<ListedInstrument> {
    let mut members = Members::new();
    members.find(object, &LISTED).ok()?;
    let [name, kind] = [0, 1];
    let mut kept = CarrierText::new();
    let whole = members.text(name)?.put(kept.bytes_mut());
    if !whole || kept.trim().is_empty() || kept.contains(['"', '\\']) {
        return None;
    }
    let kind = members.text(kind).map_or_else(CarrierText::<KIND_MAX>::new, Text::cut);
    Some(ListedInstrument { name: kept, kind: InstrumentKind::parse(&kind) })
}
