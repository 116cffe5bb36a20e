//! Ids of charges without a random generator (RECOVERY R52).
//!
//! An id is the machine's prefix, an epoch and a counter: `K042` + `00000003` + `0000001f`. Epoch and counter are eight
//! hexadecimal digits each, so two ids are equal only if all three parts are.
//!
//! - The prefix names the machine. Every machine under one `applicationId` needs its own, in any case of its letters.
//! - The counter is kept in the journal as part of a [`Mark`], which is durable before the id is used.
//! - The epoch is for the day the journal is gone (factory reset, new flash). The counter then starts again at nothing,
//!   so the caller must give an epoch that was never used with this prefix: the year and month of manufacture or
//!   service, a number that the installer counts up, a boot counter kept elsewhere. Without one there is no generator.
//!
//! ```
//! use caas_core::id_generator::{IdGenerator, IdGeneratorError};
//! // First start: the journal is empty, so an epoch must be given.
//! assert_eq!(IdGenerator::from_journal("K042", None, None).err(), Some(IdGeneratorError::NoEpoch));
//! let mut ids = IdGenerator::from_journal("K042", None, Some(3))?;
//! let (id, mark) = ids.next_id()?;
//! assert_eq!(id.as_str(), "K0420000000300000001");
//! assert_eq!(id.external(0).as_str(), "K0420000000300000001a");
//! // After a restart the journal's mark is enough.
//! let mut ids = IdGenerator::from_journal("K042", Some(mark), None)?;
//! assert_eq!(ids.next_id()?.0.as_str(), "K0420000000300000002");
//! # Ok::<(), IdGeneratorError>(())
//! ```

use core::fmt;

use heapless::{String, Vec};

use crate::id::{EXTERNAL_ID_MAX, IdError, Printable, keep, put};

/// Longest prefix, in characters.
pub const PREFIX_MAX: usize = 10;
/// Longest [`ChargeId`], in characters: one less than an external id, for the attempt's letter.
pub const CHARGE_ID_MAX: usize = EXTERNAL_ID_MAX - 1;

/// The id of a charge, from which the `externalTrxId` of each of its attempts is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChargeId(String<CHARGE_ID_MAX>);

/// What the journal keeps of a generator. It must be durable before the id that came with it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Mark {
    /// The epoch of the last id.
    pub epoch: u32,
    /// The counter of the last id.
    pub counter: u32,
}

/// Makes ids that are never repeated, as long as its [`Mark`]s are kept.
#[derive(Debug)]
pub struct IdGenerator {
    prefix: String<PREFIX_MAX>,
    last: Mark,
}

/// Why there is no generator, or no further id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum IdGeneratorError {
    /// The prefix is empty, longer than [`PREFIX_MAX`], or has other characters than ASCII letters and digits.
    Prefix(IdError),
    /// The journal is empty and no new epoch was given: ids of the time before could come again.
    NoEpoch,
    /// All ids of this epoch are used: a new epoch is needed.
    Exhausted,
}

impl ChargeId {
    /// Keeps `text`: 1 to [`CHARGE_ID_MAX`] ASCII letters, digits and hyphens.
    pub fn new(text: &str) -> Result<Self, IdError> {
        let mut id = ChargeId(String::new());
        id.fill(text).map(|()| id)
    }

    /// As [`ChargeId::new`], where the id is to stay, without a copy. Of a text that is refused, nothing is there.
    pub fn put(place: &mut Option<Self>, text: &str) -> Result<(), IdError> {
        put(place, ChargeId(String::new()), |id| id.fill(text))
    }

    fn fill(&mut self, text: &str) -> Result<(), IdError> {
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Err(IdError::BadCharacter);
        }
        keep(text, Printable::NoSpace, &mut self.0)
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `externalTrxId` of the attempt with this number, counted from 0: the id and a letter, `a` for the first.
    pub fn external(&self, attempt: u8) -> String<EXTERNAL_ID_MAX> {
        let mut external = String::new();
        // Both fit by the lengths of the types; nothing in this crate may panic to say so.
        let _ = external.push_str(&self.0);
        let _ = external.push(char::from(letter(attempt)));
        external
    }
}

/// [`ChargeId::external`] of a charge's id that is kept as a text.
pub(crate) fn join_external(id: &[u8], attempt: u8, external: &mut Vec<u8, EXTERNAL_ID_MAX>) {
    // Both fit, as above.
    let _ = external.extend_from_slice(id);
    let _ = external.push(letter(attempt));
}

/// The number of the attempt whose `externalTrxId` this is, of the charge with this id; of another charge's there is none,
/// and what stands in the letter's place may be any number.
#[cfg(feature = "notifications")]
pub(crate) fn attempt_of_external(id: &[u8], external: &[u8]) -> Option<u8> {
    let (letter, of) = external.split_last()?;
    crate::bytes::same(of, id).then_some(letter.wrapping_sub(FIRST_ATTEMPT))
}

fn letter(attempt: u8) -> u8 {
    FIRST_ATTEMPT.saturating_add(attempt.min(ATTEMPT_LETTERS - 1))
}

/// The charge's id and the attempt's number of an `externalTrxId` that [`ChargeId::external`] made.
pub fn split_external(external: &str) -> Option<(&str, u8)> {
    let (last, id) = external.as_bytes().split_last()?;
    let attempt = last.checked_sub(FIRST_ATTEMPT).filter(|attempt| *attempt < ATTEMPT_LETTERS)?;
    if id.is_empty() { None } else { Some((external.get(..id.len())?, attempt)) }
}

/// The prefix of the machine whose generator made this `externalTrxId`; `None` if no generator did. What stands before the
/// sixteen digits and the letter is the prefix, so no machine's prefix can be taken for the start of another's.
///
/// ```
/// use caas_core::id_generator::prefix_of;
/// assert_eq!(prefix_of("K0420000000300000001a"), Some("K042"));
/// assert_eq!(prefix_of("0000000300000001a"), None);
/// assert_eq!(prefix_of("K042-1-1a"), None);
/// ```
pub fn prefix_of(external: &str) -> Option<&str> {
    let (id, _) = split_external(external)?;
    let (prefix, digits) = id.split_at_checked(id.len().checked_sub(ID_DIGITS)?)?;
    let made = digits.bytes().all(|digit| digit.is_ascii_hexdigit()) && checked_prefix(prefix).is_ok();
    made.then_some(prefix)
}

/// Digits of an id: epoch and counter.
const ID_DIGITS: usize = 16;
const FIRST_ATTEMPT: u8 = b'a';
const ATTEMPT_LETTERS: u8 = 26;

impl IdGenerator {
    /// A generator in an epoch that was never used with this prefix.
    pub fn new(prefix: &str, epoch: u32) -> Result<Self, IdGeneratorError> {
        Self::resume(prefix, Mark { epoch, counter: 0 })
    }

    /// A generator that goes on after `last`.
    pub fn resume(prefix: &str, last: Mark) -> Result<Self, IdGeneratorError> {
        let prefix = checked_prefix(prefix).map_err(IdGeneratorError::Prefix)?;
        Ok(IdGenerator { prefix, last })
    }

    /// The generator after a start: goes on after the journal's mark, or begins `fresh_epoch` where that is later. Where
    /// the journal holds no mark, it begins `fresh_epoch` or refuses.
    pub fn from_journal(
        prefix: &str,
        stored: Option<Mark>,
        fresh_epoch: Option<u32>,
    ) -> Result<Self, IdGeneratorError> {
        let fresh = fresh_epoch.map(|epoch| Mark { epoch, counter: 0 });
        // Marks are ordered by epoch, then counter: an epoch that is not new never sets the counter back.
        let last = stored.max(fresh).ok_or(IdGeneratorError::NoEpoch)?;
        Self::resume(prefix, last)
    }

    /// The next id, and the mark that must be durable before the id is used.
    pub fn next_id(&mut self) -> Result<(ChargeId, Mark), IdGeneratorError> {
        let counter = self.last.counter.checked_add(1).ok_or(IdGeneratorError::Exhausted)?;
        self.last.counter = counter;
        let mut text = String::new();
        // 10 + 8 + 8 characters fit into 31; nothing in this crate may panic to say so.
        let _ = text.push_str(&self.prefix);
        for digit in hex_digits(self.last.epoch).into_iter().chain(hex_digits(counter)) {
            let _ = text.push(char::from(digit));
        }
        Ok((ChargeId(text), self.last))
    }
}

impl fmt::Display for ChargeId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for IdGeneratorError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IdGeneratorError::Prefix(error) => write!(out, "the machine's prefix cannot be used: {error}"),
            IdGeneratorError::NoEpoch => out.write_str(
                "the journal is empty: give an epoch that was never used with this prefix, so that no id comes again",
            ),
            IdGeneratorError::Exhausted => out.write_str("all ids of this epoch are used: begin a new epoch"),
        }
    }
}

impl core::error::Error for IdGeneratorError {}

fn checked_prefix(prefix: &str) -> Result<String<PREFIX_MAX>, IdError> {
    if prefix.is_empty() {
        return Err(IdError::Empty);
    }
    if !prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(IdError::BadCharacter);
    }
    String::try_from(prefix).map_err(|_| IdError::TooLong { max: PREFIX_MAX })
}

/// Eight digits; the formatting machinery would cost flash.
fn hex_digits(number: u32) -> [u8; 8] {
    let mut digits = *b"00000000";
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = char::from_digit(rest & 0xF, 16).map_or(b'0', |digit| digit as u8);
        rest >>= 4;
    }
    digits
}
