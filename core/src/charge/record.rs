//! The journal record: everything durable about one charge in one piece, versioned, with a CRC-32 and a commit mark.
//!
//! A record stands for the whole charge, so the newest good one is all that a restart needs. Storage writes the
//! [`body`](Record::body), reads it back, and writes the [`mark`](Record::mark) last: without the mark the record never
//! existed; with the mark and a wrong CRC it was damaged later, and the charge is in doubt.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `CAAS` |
//! | 1 | version, 1 |
//! | 2 | length of the body, from the first byte to the CRC, little-endian like all numbers here |
//! | 4 | sequence: the larger is the newer |
//! | … | profile, endpoint, instrument, amounts, states, attempts, credits, texts |
//! | 4 | CRC-32 (ISO-HDLC) of the body |
//! | 4 | the mark |
//!
//! A record may hold the payer's id. It never holds a password, a PIN or an OTP.

use core::fmt;

use heapless::String;

use super::attempt::Attempt;
use super::durable::Storage;
use super::kept::Kept;
use super::received::Credit;
use super::texts::{Slot, Texts, WRITTEN_MAX};
use super::{
    ATTEMPTS_MAX, CREDITS_MAX, Carrier, Charge, Closing, ENDPOINT_MAX, INSTRUMENT_NAME_MAX, Reason, Release,
    Review, Sale, ShortCode, Verdict,
};
use crate::checksum::checksum;
use crate::money::{Amount, Currency};
use crate::profile::PROFILE_NAME_MAX;

/// The longest record. Its parts are bounded, and a test builds the longest.
pub const RECORD_MAX: usize = 768;
/// The version that is written. Older ones are read as long as this line says so: none exist yet.
pub const RECORD_VERSION: u8 = 1;

const MAGIC: [u8; 4] = *b"CAAS";
const MARK: [u8; 4] = [0x43, 0x4D, 0xA5, 0x5A];
/// So many flipped bits in the mark are damage. Taken for "never existed", one flipped bit would bring an older record
/// back: one that does not know of a request that was sent, or of a release. A mark of which a whole byte is missing,
/// as after a cut, differs in more bits.
const MARK_FLIPS: u32 = 2;
const HEAD: usize = 11;
const TAIL: usize = 8;
/// Length of a currency.
const CURRENCY: usize = 3;

/// Longest name of a reviewer, in bytes.
pub(super) const REVIEWER_MAX: usize = 16;

/// A record to be made durable.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Record<'b>(&'b [u8]);

impl<'b> Record<'b> {
    /// The whole record, for storage whose own writes are all or nothing.
    pub fn bytes(&self) -> &'b [u8] {
        self.0
    }

    /// Everything but the mark: written first, and read back.
    pub fn body(&self) -> &'b [u8] {
        self.0.get(..self.0.len().saturating_sub(MARK.len())).unwrap_or(&[])
    }

    /// The mark: written last.
    pub fn mark(&self) -> &'b [u8] {
        self.0.get(self.0.len().saturating_sub(MARK.len())..).unwrap_or(&[])
    }

    pub(super) fn write(charge: &Charge, carrier: &Carrier<'_>, buffer: &'b mut [u8]) -> Record<'b> {
        let length = write(charge, carrier, buffer);
        let buffer: &'b [u8] = buffer;
        // The longest record fits RECORD_MAX, which poll_output has checked the buffer for; if that were wrong, the
        // empty record would be refused by recovery and by storage.
        Record(buffer.get(..length.unwrap_or(0)).unwrap_or(&[]))
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Record({} bytes)", self.0.len())
    }
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Damage {
    /// There is no mark: the record never existed.
    NoMark,
    /// The CRC is wrong, or the content does not fit together: the record was damaged after it was written.
    Damaged,
    /// Written by a release that this one does not know. Go back to it, or refuse new sales.
    UnknownVersion(u8),
}

impl fmt::Display for Damage {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::NoMark => out.write_str("the record has no commit mark: it never existed"),
            Damage::Damaged => {
                out.write_str("the record is damaged: the charge is in doubt and a person must look")
            }
            Damage::UnknownVersion(version) => {
                write!(out, "the record has version {version}, which this release does not know")
            }
        }
    }
}

impl core::error::Error for Damage {}

/// What a record says about whom to ask, without the charge itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// Name of the profile.
    pub profile: String<PROFILE_NAME_MAX>,
    /// Base URL.
    pub endpoint: String<ENDPOINT_MAX>,
    /// Name of the instrument.
    pub instrument: String<INSTRUMENT_NAME_MAX>,
    /// The larger is the newer.
    pub sequence: u32,
}

/// Reads who is to be asked about a record's charge, and checks the whole record.
pub fn heading(bytes: &[u8]) -> Result<Heading, Damage> {
    let head = head(bytes)?;
    let text = |_| Damage::Damaged;
    Ok(Heading {
        profile: String::try_from(head.profile).map_err(text)?,
        endpoint: String::try_from(head.endpoint).map_err(text)?,
        instrument: String::try_from(head.instrument).map_err(text)?,
        sequence: head.sequence,
    })
}

/// What a record says about whom to ask, still in its bytes; what follows is read by [`Head::fill`].
pub(super) struct Head<'r> {
    pub profile: &'r str,
    pub endpoint: &'r str,
    pub instrument: &'r str,
    pub amount: Amount,
    pub currency: Currency,
    sequence: u32,
    rest: Reader<'r>,
}

pub(super) fn head(bytes: &[u8]) -> Result<Head<'_>, Damage> {
    let mut rest = Reader::checked(bytes)?;
    let sequence = u32::from_le_bytes(rest.array());
    let (profile, endpoint, instrument) = (rest.text(), rest.text(), rest.text());
    let amount = rest.amount().amount();
    let currency = Currency::parse(rest.string(CURRENCY)).ok_or(Damage::Damaged)?;
    if !rest.whole {
        return Err(Damage::Damaged);
    }
    Ok(Head { profile, endpoint, instrument, amount, currency, sequence, rest })
}

impl Head<'_> {
    /// Puts everything else into the charge, in its place: a charge is too large to be carried around.
    #[inline(never)]
    pub fn fill(&mut self, charge: &mut Charge) -> Result<(), Damage> {
        charge.storage = Storage::holding(self.sequence);
        read_charge(&mut self.rest, charge).ok_or(Damage::Damaged)
    }
}

fn write(charge: &Charge, carrier: &Carrier<'_>, buffer: &mut [u8]) -> Option<usize> {
    let mut writer = Writer { buffer, length: 0, fits: true };
    let &Charge { auto_attempts, conflicts, recoveries, credential_refusals, .. } = charge;
    writer.bytes(&MAGIC);
    writer.bytes(&[RECORD_VERSION, 0, 0]);
    writer.bytes(&charge.storage.sequence.to_le_bytes());
    let instrument =
        carrier.profile.instruments.get(usize::from(charge.instrument)).map_or("", |found| found.name);
    for text in [carrier.profile.name, carrier.endpoint, instrument] {
        writer.text(text);
    }
    writer.kept(charge.amount);
    writer.bytes(&charge.currency.to_bytes());
    writer.bytes(&u64::from(charge.window).to_le_bytes());
    let sale = code_of(&SALES, charge.sale);
    let release = code_of(&RELEASES, charge.release);
    writer.bytes(&[auto_attempts, sale, release, code_of(&REVIEWS, charge.review)]);
    writer.text(charge.texts.get(Slot::Reviewer));
    writer.kept(charge.refunded);
    writer.kept(charge.amount_due);
    writer.bytes(&[conflicts, recoveries, credential_refusals, count(charge.attempts.len())]);
    for attempt in &charge.attempts {
        writer.attempt(attempt);
    }
    writer.kept(charge.received.beyond);
    writer.kept(charge.received.reviewed);
    writer.bytes(&[count(charge.received.credits.len())]);
    for credit in &charge.received.credits {
        writer.bytes(&[credit.attempt, u8::from(credit.matched)]);
        writer.kept(credit.total);
    }
    for length in charge.texts.lengths() {
        writer.bytes(&[count(length)]);
    }
    for text in charge.texts.parts() {
        writer.bytes(text.as_bytes());
    }
    writer.close()
}

/// What is counted here is bounded far below 255; more would make a record that recovery refuses.
fn count(length: usize) -> u8 {
    u8::try_from(length).unwrap_or(u8::MAX)
}

fn read_charge(reader: &mut Reader<'_>, charge: &mut Charge) -> Option<()> {
    charge.open_for(u64::from_le_bytes(reader.array()));
    let [auto_attempts, sale, release, review] = reader.array();
    charge.auto_attempts = auto_attempts;
    charge.sale = *SALES.get(usize::from(sale))?;
    charge.release = *RELEASES.get(usize::from(release))?;
    charge.review = *REVIEWS.get(usize::from(review))?;
    let reviewer = Some(reader.text()).filter(|name| name.len() <= REVIEWER_MAX)?;
    charge.refunded = reader.amount();
    charge.amount_due = reader.optional();
    let [conflicts, recoveries, credential_refusals, attempts] = reader.array();
    (charge.conflicts, charge.recoveries) = (conflicts, recoveries);
    charge.credential_refusals = credential_refusals;
    for _ in 0..attempts {
        charge.attempts.push(reader.attempt()?).ok()?;
    }
    charge.received.beyond = reader.amount();
    charge.received.reviewed = reader.optional();
    let [credits] = reader.array();
    for _ in 0..credits {
        let [attempt, matched] = reader.array();
        let total = reader.amount();
        charge.received.credits.push(Credit { attempt, matched: matched != 0, total }).ok()?;
    }
    let lengths = reader.take(Texts::SLOTS);
    charge.texts.set_reviewer(reviewer);
    charge.texts.read(lengths, reader.take_rest())?;
    (reader.whole && !charge.attempts.is_empty()).then_some(())
}

/// The states as numbers: the place in the table. A number is never given to another state: old journals are read by new
/// releases.
const SALES: [Sale; 5] = [
    Sale::Open,
    Sale::Closed(Closing::Fulfilled),
    Sale::Closed(Closing::Cancelled),
    Sale::Closed(Closing::Expired),
    Sale::Closed(Closing::Refused),
];
const RELEASES: [Release; 5] =
    [Release::None, Release::Started, Release::Done, Release::Failed, Release::Uncertain];
const REVIEWS: [Review; 11] = [
    Review::None,
    Review::Needed(Reason::InDoubt),
    Review::Needed(Reason::UnmatchedPayment),
    Review::Needed(Reason::TooManyReferences),
    Review::Needed(Reason::PaidAfterReview),
    Review::Needed(Reason::DamagedRecord),
    Review::Needed(Reason::OtherAttemptInDoubt),
    Review::Resolved(Verdict::Charged),
    Review::Resolved(Verdict::NotCharged),
    Review::Resolved(Verdict::Refunded),
    Review::Needed(Reason::PaidByNotificationOnly),
];

/// The number of a state. Every state is in its table, as a test says; another would be refused by recovery.
fn code_of<T: Copy + PartialEq>(table: &[T], value: T) -> u8 {
    table.iter().zip(0u8..).find(|(state, _)| **state == value).map_or(u8::MAX, |(_, code)| code)
}

/// Writes what fits. What does not makes no record.
struct Writer<'b> {
    buffer: &'b mut [u8],
    length: usize,
    fits: bool,
}

impl Writer<'_> {
    #[inline(never)]
    fn bytes(&mut self, bytes: &[u8]) {
        let end = self.length.saturating_add(bytes.len());
        if let Some(place) = self.buffer.get_mut(self.length..end) {
            copy(place, bytes);
            self.length = end;
        } else {
            self.fits = false;
        }
    }

    #[inline(never)]
    fn text(&mut self, text: &str) {
        self.bytes(&[count(text.len())]);
        self.bytes(text.as_bytes());
    }

    /// An amount, or none, in eight bytes.
    #[inline(never)]
    fn kept(&mut self, amount: Kept) {
        self.bytes(&amount.get().map_or(u64::MAX, Amount::minor).to_le_bytes());
    }

    fn attempt(&mut self, attempt: &Attempt) {
        let Attempt { opened, closed, answered, confirms, heard, processing, lost, settled, marks, code } =
            attempt;
        self.bytes(&[*opened, *closed, *answered, *confirms, *heard, *processing, *lost, *settled]);
        self.bytes(marks);
        self.text(code);
    }

    /// Puts the length into the head, the CRC and the mark at the end.
    fn close(mut self) -> Option<usize> {
        let length = u16::try_from(self.length).ok()?;
        copy(self.buffer.get_mut(5..7)?, &length.to_le_bytes());
        let crc = checksum(self.buffer.get(..self.length)?);
        self.bytes(&crc.to_le_bytes());
        self.bytes(&MARK);
        self.fits.then_some(self.length)
    }
}

/// Copies without the check of the lengths that can panic.
fn copy(target: &mut [u8], bytes: &[u8]) {
    target.iter_mut().zip(bytes).for_each(|(to, byte)| *to = *byte);
}

/// Bits in which the end of a record differs from the mark.
fn mark_distance(bytes: &[u8]) -> u32 {
    bytes.iter().rev().zip(MARK.iter().rev()).map(|(is, wanted)| (is ^ wanted).count_ones()).sum()
}

/// Reads zeros once a record is at its end, and notes it: then it was not whole.
pub(super) struct Reader<'r> {
    rest: &'r [u8],
    whole: bool,
}

impl<'r> Reader<'r> {
    /// A reader of what stands between the length and the CRC, which is right.
    fn checked(bytes: &'r [u8]) -> Result<Self, Damage> {
        if bytes.len() < HEAD + TAIL {
            return Err(Damage::NoMark);
        }
        match mark_distance(bytes) {
            0 => {}
            1..=MARK_FLIPS => return Err(Damage::Damaged),
            _ => return Err(Damage::NoMark),
        }
        let (body, tail) = bytes.split_at_checked(bytes.len() - TAIL).ok_or(Damage::NoMark)?;
        let crc = tail.first_chunk().map(|crc| u32::from_le_bytes(*crc));
        let body_is_whole = crc == Some(checksum(body));
        let mut reader = Reader { rest: body, whole: true };
        if reader.array() != MAGIC || !body_is_whole {
            return Err(Damage::Damaged);
        }
        let [version, low, high] = reader.array();
        if version != RECORD_VERSION {
            return Err(Damage::UnknownVersion(version));
        }
        if usize::from(u16::from_le_bytes([low, high])) != body.len() {
            return Err(Damage::Damaged);
        }
        Ok(reader)
    }

    #[inline(never)]
    fn take(&mut self, length: usize) -> &'r [u8] {
        let Some((taken, rest)) = self.rest.split_at_checked(length) else {
            self.whole = false;
            return &[];
        };
        self.rest = rest;
        taken
    }

    fn take_rest(&mut self) -> &'r [u8] {
        core::mem::take(&mut self.rest)
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        self.take(N).try_into().unwrap_or([0; N])
    }

    #[inline(never)]
    fn text(&mut self) -> &'r str {
        let [length] = self.array();
        self.string(usize::from(length))
    }

    fn string(&mut self, length: usize) -> &'r str {
        let text = core::str::from_utf8(self.take(length));
        self.whole &= text.is_ok();
        text.unwrap_or("")
    }

    fn amount(&mut self) -> Kept {
        let amount = self.optional();
        self.whole &= amount != Kept::NONE;
        amount
    }

    #[inline(never)]
    fn optional(&mut self) -> Kept {
        let minor = u64::from_le_bytes(self.array());
        let amount = Amount::from_minor(minor).ok();
        self.whole &= amount.is_some() || minor == u64::MAX;
        Kept::optional(amount)
    }

    fn attempt(&mut self) -> Option<Attempt> {
        let [opened, closed, answered, confirms, heard, processing, lost, settled] = self.array();
        let marks = self.array();
        let code: ShortCode = String::try_from(self.text()).ok()?;
        Some(Attempt { opened, closed, answered, confirms, heard, processing, lost, settled, marks, code })
    }
}

// The longest record: head and tail, the heading's texts, the numbers, and every text of the charge.
const _: () = assert!(
    HEAD + TAIL
        + (1 + PROFILE_NAME_MAX)
        + (1 + ENDPOINT_MAX)
        + (1 + INSTRUMENT_NAME_MAX)
        + 8
        + 3
        + 8
        + 1
        + 3
        + (1 + REVIEWER_MAX)
        + 8
        + 8
        + 3
        + 1
        + ATTEMPTS_MAX * 19
        + 8
        + 8
        + 1
        + CREDITS_MAX * 10
        + Texts::SLOTS
        + WRITTEN_MAX
        <= RECORD_MAX
);

#[cfg(test)]
mod tests {
    use super::super::{AtBoot, Order, RECOVERIES_MAX};
    use super::*;
    use crate::charge::texts::Slot;
    use crate::credentials::{Credentials, Secret};
    use crate::id::{SaleId, Subscriber};
    use crate::id_generator::ChargeId;
    use crate::profile::{Instrument, Profile, dialog};
    use crate::time::Instant;

    fn written(charge: &Charge) -> usize {
        charge.texts.parts().map(str::len).sum()
    }

    /// Every part at its longest.
    #[test]
    fn the_longest_record_fits_and_is_read_back() {
        let name = "n".repeat(INSTRUMENT_NAME_MAX);
        let instruments = [Instrument { name: &name, ..dialog().instruments[1] }];
        let profile_name = "p".repeat(PROFILE_NAME_MAX);
        let profile = Profile { name: &profile_name, instruments: &instruments, ..dialog() };
        let secret = || Secret::new("1").unwrap();
        let credentials = Credentials {
            application: secret(),
            password: secret(),
            agent_pin: secret(),
            agent_alias: secret(),
            ..Credentials::default()
        };
        let endpoint = "e".repeat(ENDPOINT_MAX);
        let carrier = Carrier { profile: &profile, credentials: &credentials, endpoint: &endpoint };
        let (sale, payer) = (SaleId::new("s").unwrap(), Subscriber::new("9").unwrap());
        let order = Order::new(&sale, &payer, Amount::parse("5").unwrap());
        let now = Instant::from_millis(u64::MAX);
        let mut charge = Charge::start(now, &carrier, &order, &ChargeId::new("c-1-1").unwrap()).unwrap();
        charge.attempts.clear();
        for _ in 0..ATTEMPTS_MAX {
            let mut attempt = Attempt { marks: [u8::MAX; 2], ..Attempt::default() };
            attempt.note_code("12345678");
            charge.attempts.push(attempt).unwrap();
        }
        for _ in 0..CREDITS_MAX {
            let total = Kept::new(Amount::parse("1").unwrap());
            let credit = Credit { attempt: 2, matched: true, total };
            charge.received.credits.push(credit).unwrap();
        }
        charge.received.reviewed = Kept::ZERO;
        charge.amount_due = Kept::ZERO;
        charge.texts.set_reviewer("0123456789abcdef");
        (charge.conflicts, charge.recoveries) = (u8::MAX, RECOVERIES_MAX);
        charge.texts.set(Slot::Account, &"a".repeat(180)).unwrap();
        charge.texts.set(Slot::Reference(0), &"a".repeat(180)).unwrap();
        charge.texts.set_cut(Slot::PayerText, &"t".repeat(128), 0);
        assert_eq!(written(&charge), WRITTEN_MAX);
        let mut buffer = [0; RECORD_MAX];
        let record = Record::write(&charge, &carrier, &mut buffer);
        assert!(record.bytes().len() > RECORD_MAX - 64, "{} of {RECORD_MAX}", record.bytes().len());
        assert_eq!([record.body(), record.mark()].concat(), record.bytes());
        let found = Charge::recover(now, &carrier, record.bytes(), AtBoot::Release).unwrap();
        assert_eq!((found.attempts.len(), found.received.credits.len()), (ATTEMPTS_MAX, CREDITS_MAX));
        assert!(found.texts.parts().eq(charge.texts.parts()));
        assert_eq!(found.reviewer(), "0123456789abcdef");
    }

    #[test]
    fn every_state_has_one_number() {
        fn distinct<T: Copy + PartialEq>(table: &[T]) -> bool {
            (0u8..).zip(table).all(|(number, state)| code_of(table, *state) == number)
        }
        assert!(distinct(&SALES) && distinct(&RELEASES) && distinct(&REVIEWS));
    }

    /// R42: a mark of which the end was not written is no mark; one with flipped bits is a damaged one (R44).
    #[test]
    fn a_mark_that_was_begun_never_existed_and_a_flipped_one_is_damage() {
        let mut record = std::vec![0u8; 100];
        record.extend(MARK);
        for erased in [0x00, 0xFF] {
            for written in 0..MARK.len() {
                let mut begun = record.clone();
                begun[100 + written..].fill(erased);
                assert_eq!(Reader::checked(&begun).err(), Some(Damage::NoMark), "{written} of {erased:x}");
            }
        }
        record[101] ^= 0x10;
        assert_eq!(Reader::checked(&record).err(), Some(Damage::Damaged));
    }
}
