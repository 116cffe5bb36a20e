//! What a status code means, by (profile, service, code).

use heapless::String;

use crate::profile::{Profile, Service};

/// What a status code means for a charge. See `docs/carriers.md` for where each row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Class {
    /// Executed. From an instrument with a further step: accepted, not paid.
    Ok,
    /// Accepted; the payer must act.
    Pending,
    /// Mobitel's confirm: the payer has not approved (yet). Asked after the window's end, it ends the attempt.
    NotApproved,
    /// The carrier is still working on it; ask again.
    StillProcessing,
    /// The carrier does not know the transaction (yet).
    NotFound,
    /// Not charged as far as the carrier says; the sale fails, a later success still counts.
    FailedListening,
    /// The payer may repeat the input (a one-time password).
    AskAgain,
    /// Not charged; only a new act of the payer can change that.
    DeclinedUser,
    /// Not charged; the handset is busy in another session: repeatable, with its own back-off.
    HandsetBusy,
    /// Not charged; somebody must change the provisioning or the configuration.
    RejectedConfig,
    /// Not charged; the request is wrong.
    RejectedRequest,
    /// Refused before charging: the same id again, later.
    RetryLater,
    /// An earlier send of this id ran: resolve that one. Neither paid nor failed by itself.
    DuplicateResolve,
    /// May have charged. Every unlisted code is here.
    Unknown,
}

/// One row of a code table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRow<'p> {
    /// The service that the row is for; `None`: all.
    pub service: Option<Service>,
    /// The code as it is on the wire; numbers and strings are the same.
    pub code: &'p str,
    /// What it means.
    pub class: Class,
}

/// What `code` means when it comes from `service` of the carrier: the profile's own rows first, those naming the
/// service before those that do not, then the family's table. What is listed nowhere is [`Class::Unknown`].
pub fn class_of(profile: &Profile<'_>, service: Service, code: &str) -> Class {
    let mut class = None;
    for row in profile.codes.iter().filter(|row| row.code == code) {
        match row.service {
            Some(of) if of == service => return row.class,
            Some(_) => {}
            None => class = class.or(Some(row.class)),
        }
    }
    match class {
        Some(class) => class,
        None if profile.has_family_codes() => family_class(code),
        None => Class::Unknown,
    }
}

impl Class {
    /// Every class, in the order of their declaration.
    pub const ALL: [Class; 14] = [
        Class::Ok,
        Class::Pending,
        Class::NotApproved,
        Class::StillProcessing,
        Class::NotFound,
        Class::FailedListening,
        Class::AskAgain,
        Class::DeclinedUser,
        Class::HandsetBusy,
        Class::RejectedConfig,
        Class::RejectedRequest,
        Class::RetryLater,
        Class::DuplicateResolve,
        Class::Unknown,
    ];

    /// The class in words, for messages to the machine's operator.
    pub const fn as_str(self) -> &'static str {
        match self {
            Class::Ok => "executed",
            Class::Pending => "accepted, the payer must act",
            Class::NotApproved => "not approved",
            Class::StillProcessing => "still processing",
            Class::NotFound => "not found",
            Class::FailedListening => "failed, as far as the carrier says",
            Class::AskAgain => "wrong input, the payer may try again",
            Class::DeclinedUser => "declined by or for the payer",
            Class::HandsetBusy => "the handset is busy",
            Class::RejectedConfig => "rejected: check the provisioning",
            Class::RejectedRequest => "rejected: the request is wrong",
            Class::RetryLater => "refused for now",
            Class::DuplicateResolve => "an earlier send ran",
            Class::Unknown => "unclear, may have charged",
        }
    }
}

/// A code of the hSenid family, in four bytes: the table has more than a hundred of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilyCode {
    letter: u8,
    class: Class,
    number: u16,
}

impl FamilyCode {
    /// What it means for a direct debit.
    pub const fn class(self) -> Class {
        self.class
    }

    /// The code as it is on the wire, "E1308".
    pub fn code(self) -> String<5> {
        let mut code = String::new();
        let thousands =
            [1000, 100, 10, 1].into_iter().map(|place| b'0'.saturating_add((self.number / place % 10) as u8));
        for byte in core::iter::once(self.letter).chain(thousands) {
            // Five characters always fit; nothing in this crate may panic to say so.
            let _ = code.push(char::from(byte));
        }
        code
    }

    const fn key(self) -> (u8, u16) {
        (self.letter, self.number)
    }
}

/// One after the other: a search by halves is larger, and a message has one code.
fn family_class(code: &str) -> Class {
    let found = family_key(code).and_then(|key| FAMILY.iter().find(|row| row.key() == key));
    found.map_or(Class::Unknown, |row| row.class)
}

/// The parts of a letter and four digits; the family has no other codes.
fn family_key(code: &str) -> Option<(u8, u16)> {
    match code.as_bytes() {
        [letter, digits @ ..] if digits.len() == 4 => Some((*letter, number(digits)?)),
        _ => None,
    }
}

/// The number that is written with these digits, four at most.
#[inline(never)]
pub(crate) fn number(digits: &[u8]) -> Option<u16> {
    let mut number = 0u16;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number.wrapping_mul(10).wrapping_add(u16::from(digit & 0xF));
    }
    Some(number)
}

const fn row(letter: u8, number: u16, class: Class) -> FamilyCode {
    FamilyCode { letter, class, number }
}

/// The codes of the hSenid family, sorted, with what each means for a direct debit. The judgement is this project's:
/// the carriers' texts are in `core/tests/data/status-codes.tsv`, which a test compares with this table.
pub const FAMILY: &[FamilyCode] = &[
    row(b'E', 1000, Class::Unknown),
    row(b'E', 1100, Class::Unknown),
    row(b'E', 1102, Class::RejectedConfig),
    row(b'E', 1103, Class::RejectedRequest),
    row(b'E', 1104, Class::RejectedConfig),
    row(b'E', 1105, Class::RetryLater),
    row(b'E', 1106, Class::RejectedRequest),
    row(b'E', 1107, Class::RejectedRequest),
    row(b'E', 1300, Class::Unknown),
    row(b'E', 1301, Class::RejectedConfig),
    row(b'E', 1302, Class::RejectedConfig),
    row(b'E', 1303, Class::RejectedConfig),
    row(b'E', 1304, Class::RejectedConfig),
    row(b'E', 1305, Class::RejectedConfig),
    row(b'E', 1306, Class::RejectedConfig),
    row(b'E', 1307, Class::RejectedConfig),
    row(b'E', 1308, Class::FailedListening),
    row(b'E', 1309, Class::RejectedConfig),
    row(b'E', 1310, Class::RejectedConfig),
    row(b'E', 1311, Class::RejectedConfig),
    row(b'E', 1312, Class::RejectedRequest),
    row(b'E', 1313, Class::RejectedConfig),
    row(b'E', 1315, Class::RejectedConfig),
    row(b'E', 1316, Class::Unknown),
    row(b'E', 1317, Class::DeclinedUser),
    row(b'E', 1318, Class::RetryLater),
    row(b'E', 1319, Class::RetryLater),
    row(b'E', 1322, Class::RejectedConfig),
    row(b'E', 1323, Class::RejectedConfig),
    row(b'E', 1324, Class::RejectedConfig),
    row(b'E', 1325, Class::RejectedRequest),
    row(b'E', 1326, Class::DeclinedUser),
    row(b'E', 1327, Class::RejectedConfig),
    row(b'E', 1328, Class::RejectedConfig),
    row(b'E', 1329, Class::RejectedConfig),
    row(b'E', 1330, Class::RejectedConfig),
    row(b'E', 1331, Class::RejectedConfig),
    row(b'E', 1332, Class::Unknown),
    row(b'E', 1333, Class::RejectedRequest),
    row(b'E', 1334, Class::RejectedRequest),
    row(b'E', 1335, Class::RejectedRequest),
    row(b'E', 1336, Class::RejectedConfig),
    row(b'E', 1337, Class::DuplicateResolve),
    row(b'E', 1340, Class::RejectedRequest),
    row(b'E', 1341, Class::Unknown),
    row(b'E', 1342, Class::DeclinedUser),
    row(b'E', 1343, Class::DeclinedUser),
    row(b'E', 1344, Class::Unknown),
    row(b'E', 1351, Class::DeclinedUser),
    row(b'E', 1356, Class::DeclinedUser),
    row(b'E', 1357, Class::DeclinedUser),
    row(b'E', 1360, Class::Unknown),
    row(b'E', 1361, Class::RejectedRequest),
    row(b'E', 1362, Class::RejectedRequest),
    row(b'E', 1363, Class::Unknown),
    row(b'E', 1364, Class::Unknown),
    row(b'E', 1365, Class::DeclinedUser),
    row(b'E', 1366, Class::Unknown),
    row(b'E', 1367, Class::RejectedRequest),
    row(b'E', 1368, Class::RejectedRequest),
    row(b'E', 1370, Class::RejectedRequest),
    row(b'E', 1371, Class::RejectedConfig),
    row(b'E', 1372, Class::DeclinedUser),
    row(b'E', 1373, Class::RejectedRequest),
    row(b'E', 1374, Class::RejectedRequest),
    row(b'E', 1375, Class::RejectedRequest),
    row(b'E', 1376, Class::Unknown),
    row(b'E', 1377, Class::RejectedConfig),
    row(b'E', 1378, Class::DeclinedUser),
    row(b'E', 1379, Class::DuplicateResolve),
    row(b'E', 1380, Class::RejectedRequest),
    row(b'E', 1381, Class::RejectedConfig),
    row(b'E', 1382, Class::DeclinedUser),
    row(b'E', 1383, Class::RejectedConfig),
    row(b'E', 1384, Class::RejectedConfig),
    row(b'E', 1387, Class::RejectedConfig),
    row(b'E', 1400, Class::Unknown),
    row(b'E', 1401, Class::RejectedRequest),
    row(b'E', 1402, Class::RejectedRequest),
    row(b'E', 1404, Class::FailedListening),
    row(b'E', 1405, Class::FailedListening),
    row(b'E', 1406, Class::DeclinedUser),
    row(b'E', 1600, Class::Unknown),
    row(b'E', 1601, Class::Unknown),
    row(b'E', 1602, Class::Unknown),
    row(b'E', 1603, Class::Unknown),
    row(b'E', 1604, Class::RejectedConfig),
    row(b'E', 1605, Class::RejectedRequest),
    row(b'E', 1606, Class::RejectedRequest),
    row(b'E', 1607, Class::Unknown),
    row(b'E', 1608, Class::RejectedConfig),
    row(b'E', 1825, Class::RejectedRequest),
    row(b'E', 1830, Class::DeclinedUser),
    row(b'E', 1850, Class::AskAgain),
    row(b'E', 1851, Class::DeclinedUser),
    row(b'E', 1852, Class::DeclinedUser),
    row(b'E', 1853, Class::DeclinedUser),
    row(b'E', 1854, Class::DeclinedUser),
    row(b'E', 1855, Class::RejectedRequest),
    row(b'E', 1856, Class::DeclinedUser),
    row(b'E', 1857, Class::Unknown),
    row(b'E', 1951, Class::RejectedRequest),
    row(b'E', 9999, Class::Unknown),
    row(b'P', 1001, Class::Unknown),
    row(b'P', 1002, Class::Unknown),
    row(b'P', 1003, Class::Pending),
    row(b'S', 1000, Class::Ok),
    row(b'S', 1001, Class::Unknown),
];
