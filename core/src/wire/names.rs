//! The names of the members that messages are asked for, packed: lists of texts take eight bytes more for each.

use heapless::Vec;

use super::scan::Place;
use super::text::Text;

/// Longer than the longest name that any message is asked for, also without the part of a character that did not fit.
const NAME_MAX: usize = 25;
/// Bytes of a character that does not fit for which there is room, at most.
const PART_MAX: usize = 3;

/// Most members that any message is asked for.
pub(super) const ASKED_MAX: usize = 19;

/// The members of answers and notifications, as numbers.
#[derive(Clone, Copy)]
pub(crate) enum Name {
    // The first three are read in every message.
    Code,
    HttpCode,
    MoreInformation,
    // The first of these that says something is for the payer to read.
    ShortDescription,
    LongDescription,
    Message,
    // The first of these that says something names the payer.
    SubscriberId,
    Customer,
    Receiver,
    External,
    Internal,
    Reference,
    Correlator,
    AmountDue,
    Amount,
    Currency,
    Total,
    Paid,
    BalanceDue,
}

/// What answers and notifications are asked for. Each asks for a part of the list, so that one list is enough. The two
/// families name the code and the reference differently, and each name of the other family could mean anything.
const TABLE: [(usize, &str); 21] = [
    (Name::Code as usize, "status"),
    (Name::Reference as usize, "reference"),
    (Name::Amount as usize, "amount"),
    (Name::Message as usize, "message"),
    (Name::Customer as usize, "customer"),
    (Name::Receiver as usize, "receiver"),
    (Name::HttpCode as usize, "httpCode"),
    (Name::AmountDue as usize, "amountDue"),
    (Name::SubscriberId as usize, "subscriberId"),
    (Name::MoreInformation as usize, "moreInformation"),
    (Name::LongDescription as usize, "longDescription"),
    (Name::ShortDescription as usize, "shortDescription"),
    (Name::Correlator as usize, "requestCorrelator"),
    (Name::Currency as usize, "currency"),
    (Name::External as usize, "externalTrxId"),
    (Name::Internal as usize, "internalTrxId"),
    (Name::Code as usize, "statusCode"),
    (Name::Reference as usize, "referenceId"),
    (Name::Total as usize, "totalAmount"),
    (Name::Paid as usize, "paidAmount"),
    (Name::BalanceDue as usize, "balanceDue"),
];

/// Where the names for answers to charge requests begin and end, those for answers to direct debits, and those for
/// notifications.
const CHARGES: (usize, usize) = (0, 16);
const DEBITS: (usize, usize) = (2, 18);
const NOTIFICATIONS: (usize, usize) = (13, 21);

/// What an answer of the Mobitel family is asked for: up to and with `internalTrxId`.
pub(super) static CHARGE_ANSWER: Names = Names::new(part(CHARGES));
/// What an answer of the hSenid family is asked for: from `amount` to `referenceId`.
pub(super) static DEBIT_ANSWER: Names = Names::new(part(DEBITS));
/// What a notification is asked for: all from `currency` on.
pub(super) static NOTIFICATION: Names = Names::new(part(NOTIFICATIONS));

/// What a charge of this build asks for; the linker leaves out the other.
static BUILT: [u8; length(rows(BUILT_ROWS))] = pack(rows(BUILT_ROWS));
static ALL: [u8; length(&TABLE)] = pack(&TABLE);

const BUILT_ROWS: (usize, usize) = {
    let first = if cfg!(feature = "prompts") { CHARGES.0 } else { DEBITS.0 };
    if cfg!(feature = "notifications") {
        (first, NOTIFICATIONS.1)
    } else if cfg!(feature = "debits") {
        (first, DEBITS.1)
    } else {
        (first, CHARGES.1)
    }
};

const fn rows((first, end): (usize, usize)) -> &'static [(usize, &'static str)] {
    TABLE.split_at(end).0.split_at(first).1
}

const fn part((first, end): (usize, usize)) -> &'static [u8] {
    let is_built = BUILT_ROWS.0 <= first && end <= BUILT_ROWS.1;
    let (packed, from): (&[u8], _) = if is_built { (&BUILT, BUILT_ROWS.0) } else { (&ALL, 0) };
    let (_, part) = packed.split_at(length(rows((from, first))));
    part.split_at(length(rows((first, end)))).0
}

/// Names that a message is asked for, packed: for each its number, its length, and its letters.
pub(super) struct Names {
    packed: &'static [u8],
    /// The lengths as a set. Nobody asks for most members: their length says so, which keeps the work small for hundreds.
    lengths: u32,
}

impl Names {
    pub(super) const fn new(packed: &'static [u8]) -> Self {
        let (mut at, mut lengths) = (0, 0);
        while at < packed.len() {
            lengths |= 1 << packed[at + 1];
            at += 2 + packed[at + 1] as usize;
        }
        Names { packed, lengths }
    }

    /// None: what an array is asked for.
    pub(super) const NONE: Names = Names::new(&[]);

    /// The number of the name that stands in `source`, if it is one of these in any case; [`ASKED_MAX`] if it is none.
    /// This is most of the work of a message that repeats what is asked for.
    #[inline(never)]
    pub(super) fn number(&self, name: Place, source: &[u8]) -> usize {
        let mut plain = Vec::<u8, NAME_MAX>::new();
        let mut letters = name.of(source);
        if name.has_escapes() {
            // Of what does not fit, more is kept than any name has.
            Text::new(letters).put(&mut plain);
            letters = &plain;
        }
        if letters.len() >= NAME_MAX || self.lengths & (1 << letters.len()) == 0 {
            return ASKED_MAX;
        }
        let mut rest = self.packed;
        while let [number, length, after @ ..] = rest {
            let Some((known, others)) = after.split_at_checked(usize::from(*length)) else { break };
            // Names are letters, and a letter differs from its other case in one bit.
            let same = |(known, byte): (&u8, &u8)| (known ^ byte) & !CASE == 0;
            if known.len() == letters.len() && known.iter().zip(letters).all(same) {
                return usize::from(*number);
            }
            rest = others;
        }
        ASKED_MAX
    }
}

/// The bit that makes a letter small.
const CASE: u8 = 0x20;

/// Bytes of a table when it is packed.
pub(super) const fn length(table: &[(usize, &str)]) -> usize {
    let (mut at, mut length) = (0, 0);
    while at < table.len() {
        length += 2 + table[at].1.len();
        at += 1;
    }
    length
}

/// Packs a table. What is no letter, or one name too many, does not compile.
pub(super) const fn pack<const N: usize>(table: &[(usize, &str)]) -> [u8; N] {
    let (mut packed, mut at, mut row) = ([0; N], 0, 0);
    while row < table.len() {
        let (number, name) = table[row];
        assert!(number < ASKED_MAX && name.len() < NAME_MAX - PART_MAX);
        packed[at] = number as u8;
        packed[at + 1] = name.len() as u8;
        at += 2;
        let mut letter = 0;
        while letter < name.len() {
            packed[at] = name.as_bytes()[letter];
            assert!(packed[at].is_ascii_alphabetic());
            at += 1;
            letter += 1;
        }
        row += 1;
    }
    assert!(at == N);
    packed
}
