use std::vec::Vec;

use super::*;
use crate::charge::attempt::Attempt;
use crate::charge::kept::{Kept, KeptOrNone};
use crate::charge::received::Credit;
use crate::charge::texts::{SLOTS, Slot, TEXTS_MAX};
use crate::charge::{ATTEMPTS_MAX, AtBoot, CREDITS_MAX, Order, RECOVERIES_MAX, RecoverError};
use crate::credentials::{Credentials, Secret};
use crate::id::{SaleId, Subscriber};
use crate::id_generator::ChargeId;
use crate::money::{AMOUNT_MAX_MINOR, Amount};
use crate::profile::{Instrument, Profile, dialog};
use crate::time::Instant;

const NAME: &str = "nnnnnnnnnnnnnnnnnnnnnnnn";
const PROFILE: &str = "pppppppppppppppp";
const NOW: Instant = Instant::from_millis(u64::MAX);

/// Tries something with a charge of which every part is at its longest, its carrier, and its record.
fn with_the_longest(try_it: impl Fn(&Charge, &Carrier<'_>, &[u8])) {
    let instruments = [Instrument { name: NAME, ..dialog().instruments[1] }];
    let profile = Profile { name: PROFILE, instruments: &instruments, ..dialog() };
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
    let mut charge = Charge::start(NOW, &carrier, &order, &ChargeId::new("c-1-1").unwrap()).unwrap();
    while charge.lasting.attempts.add().is_some() {}
    for attempt in charge.lasting.attempts.places_mut() {
        *attempt = Attempt { marks: [u8::MAX; 2], ..Attempt::default() };
        attempt.note_code(b"12345678");
    }
    let total = Kept::new(Amount::parse("1").unwrap());
    charge.lasting.received.credits = [Credit { attempt: 2, matched: 1, total }; CREDITS_MAX];
    charge.lasting.texts.set(Slot::reference(0), b"r").unwrap();
    charge.lasting.texts.set(Slot::credit(3), b"r").unwrap();
    charge.lasting.amount_due = KeptOrNone::new(Some(Amount::ZERO));
    charge.lasting.texts.set_reviewer(b"0123456789abcdef");
    (charge.lasting.conflicts, charge.lasting.recoveries) = (u8::MAX, RECOVERIES_MAX);
    charge.lasting.texts.set_cut(Slot::PAYER_TEXT, "t".repeat(TEXTS_MAX).as_bytes(), 0);
    let mut buffer = [0; RECORD_MAX];
    let record = Record::write(&mut charge, &carrier, &mut buffer);
    assert_eq!([record.body(), record.mark()].concat(), record.bytes());
    let record = record.bytes().to_vec();
    try_it(&charge, &carrier, &record);
}

/// Every part at its longest.
#[test]
fn the_longest_record_fits_and_is_read_back() {
    with_the_longest(|charge, carrier, record| {
        assert_eq!(record.len(), RECORD_MAX);
        let mut found = Charge::recover(NOW, carrier, record, AtBoot::Release).unwrap();
        assert!(found.attempts().eq(charge.attempts()));
        assert_eq!(found.lasting.received.credits, charge.lasting.received.credits);
        assert_eq!((found.reviewer(), found.payer_text()), (charge.reviewer(), charge.payer_text()));
        assert_eq!(found.lasting.texts.get(Slot::credit(3)), b"r");
        // All but the restart that it tells of is written again as it was read.
        found.lasting.recoveries -= 1;
        let mut again = [0; RECORD_MAX];
        assert_eq!(Record::write(&mut found, carrier, &mut again).bytes(), record);
    });
}

/// A record with this content, of which length, CRC and mark are right.
fn sealed(content: &[u8]) -> Vec<u8> {
    let mut record = [&[0; START], content, &[0; TAIL]].concat();
    assert_eq!(seal(&mut record, 1, START + content.len()), Some(record.len()));
    record
}

fn damage(carrier: &Carrier<'_>, content: &[u8]) -> Option<RecoverError> {
    Charge::recover(NOW, carrier, &sealed(content), AtBoot::Release).err()
}

const DAMAGED: Option<RecoverError> = Some(RecoverError::Record(Damage::Damaged));

/// R44: fields that end early, or after which something follows, under a good CRC.
#[test]
fn a_record_that_ends_within_its_fields_or_after_them_is_damage() {
    with_the_longest(|_, carrier, record| {
        let (_, content) = content(record).unwrap();
        assert_eq!(damage(carrier, content), None);
        for end in 0..content.len() {
            assert_eq!(damage(carrier, &content[..end]), DAMAGED, "{end}");
        }
        assert_eq!(damage(carrier, &[content, &[0]].concat()), DAMAGED);
    });
}

/// R44: a length that is not the record's own, under a good CRC.
#[test]
fn a_record_of_another_length_is_damage() {
    with_the_longest(|_, carrier, record| {
        let end = record.len() - TAIL;
        for other in [0, 7, START, end - 1, end + 1, usize::from(u16::MAX)] {
            let mut record = record.to_vec();
            record[5..7].copy_from_slice(&u16::try_from(other).unwrap().to_le_bytes());
            let sum = checksum(&record[..end]).to_le_bytes();
            record[end..end + 4].copy_from_slice(&sum);
            assert_eq!(Charge::recover(NOW, carrier, &record, AtBoot::Release).err(), DAMAGED, "{other}");
        }
    });
}

/// R41: after a restart too, notifications alone release nothing that is dearer than the profile allows.
#[test]
fn the_limit_of_notifications_is_known_after_a_restart() {
    with_the_longest(|charge, carrier, record| {
        let price = charge.amount().minor();
        for (limit, enough) in [(0, false), (price - 1, false), (price, true)] {
            let mut profile = *carrier.profile;
            profile.limits.notified_release = Amount::from_minor(limit).unwrap();
            let carrier = Carrier { profile: &profile, ..*carrier };
            let mut found = Charge::recover(NOW, &carrier, record, AtBoot::Release).unwrap();
            // No answer said "executed".
            found.lasting.attempts.places_mut().iter_mut().for_each(|attempt| attempt.marks = [0; 2]);
            assert_eq!(found.is_vouched_for(), enough, "{limit}");
        }
    });
}

/// Half a record is none: storage and recovery refuse what is empty.
#[test]
fn without_room_there_is_no_record() {
    with_the_longest(|_, carrier, record| {
        let mut charge = Charge::recover(NOW, carrier, record, AtBoot::Release).unwrap();
        for room in 0..record.len() {
            let mut buffer = std::vec![0; room];
            assert_eq!(Record::write(&mut charge, carrier, &mut buffer).bytes(), b"", "{room}");
        }
    });
}

/// Where the fields stand in the longest record's content.
const AMOUNT: usize = 1 + PROFILE_NAME_MAX + 1 + ENDPOINT_MAX + 1 + INSTRUMENT_NAME_MAX;
const REFUNDED: usize = AMOUNT + 4;
const JUDGED: usize = REFUNDED + 4;
const DUE: usize = JUDGED + 4;
const CREDITS: usize = DUE + 4 + 4;
const BEYOND: usize = CREDITS + CREDITS_MAX * 6;
const REVIEWED: usize = BEYOND + 4;
const LATEST: usize = REVIEWED + 4;
const ATTEMPTS: usize = LATEST + 1;
const CURRENCY: usize = ATTEMPTS + ATTEMPTS_MAX * 18;
const STATES: usize = CURRENCY + 3;
const LENGTHS: usize = STATES + 3 + 4;
const TEXTS: usize = LENGTHS + SLOTS;

/// R44: what no charge ever writes, under a good CRC: each count above its bound, each state that there is none of.
#[test]
fn a_field_that_cannot_be_is_damage() {
    let above = |bound: usize| u8::try_from(bound).unwrap()..=u8::MAX;
    with_the_longest(|_, carrier, record| {
        let (_, content) = content(record).unwrap();
        let put = |at: usize, bytes: &[u8]| {
            let mut changed = content.to_vec();
            changed[at..at + bytes.len()].copy_from_slice(bytes);
            damage(carrier, &changed)
        };
        let numbers = [
            (STATES, above(5)),
            (STATES + 1, above(5)),
            (STATES + 2, above(11)),
            (LATEST, above(ATTEMPTS_MAX)),
        ];
        for (at, values) in numbers {
            for value in values {
                assert_eq!(put(at, &[value]), DAMAGED, "number at {at}: {value}");
            }
        }
        // With fewer attempts, something is known of one that there is not.
        for earlier in 0..ATTEMPTS_MAX as u8 - 1 {
            assert_eq!(put(LATEST, &[earlier]), DAMAGED, "the latest is {earlier}");
        }
        let largest = u32::try_from(AMOUNT_MAX_MINOR).unwrap();
        let credits = (0..CREDITS_MAX).map(|credit| CREDITS + credit * 6 + 2);
        let amounts = [(AMOUNT, 0), (REFUNDED, 0), (JUDGED, 0), (BEYOND, 0), (REVIEWED, 0), (DUE, 1)];
        for (at, more) in amounts.into_iter().chain(credits.map(|at| (at, 0))) {
            assert_eq!(put(at, &(largest + more).to_le_bytes()), None, "amount at {at}");
            assert_eq!(put(at, &(largest + more + 1).to_le_bytes()), DAMAGED, "amount at {at}");
            assert_eq!(put(at, &[0xFF; 4]), DAMAGED, "amount at {at}");
        }
        for credit in 0..CREDITS_MAX {
            let at = CREDITS + credit * 6 + 1;
            assert_eq!(put(at, &[2]), DAMAGED, "credit {credit} is neither matched nor not");
        }
        for attempt in 0..ATTEMPTS_MAX {
            assert_eq!(put(ATTEMPTS + attempt * 18 + 17, &[0xC0]), DAMAGED, "code {attempt}");
        }
        for currency in [b"L1R", b"LK ", b"LK\xC0"] {
            assert_eq!(put(CURRENCY, currency), DAMAGED, "{currency:?}");
        }
        for name in [0, 1 + PROFILE_NAME_MAX, 1 + PROFILE_NAME_MAX + 1 + ENDPOINT_MAX] {
            assert_eq!(put(name, &[u8::MAX]), DAMAGED, "length of a name");
            assert_eq!(put(name + 1, &[0xC0]), DAMAGED, "a name that is no text");
        }
    });
}

/// R44
#[test]
fn texts_that_cannot_be_are_damage() {
    with_the_longest(|_, carrier, record| {
        let (_, content) = content(record).unwrap();
        let put = |at: usize, byte: u8| {
            let mut changed = content.to_vec();
            changed[at] = byte;
            damage(carrier, &changed)
        };
        for slot in 0..SLOTS {
            let length = content[LENGTHS + slot];
            for other in (0..=u8::MAX).filter(|other| *other != length) {
                // An id without a text of its own may be none, or the same as another that has one.
                let of = usize::from(other.saturating_sub(0xF0));
                let has_own = other >= 0xF0 && of < 14 && (1..0xF0).contains(&content[LENGTHS + of]);
                let has_none = length == 0 || length >= 0xF0;
                let can_be = has_none && slot < 14 && (other == 0 || has_own);
                let expected = if can_be { None } else { DAMAGED };
                assert_eq!(put(LENGTHS + slot, other), expected, "slot {slot}: {length} is now {other}");
            }
        }
        for at in TEXTS..content.len() {
            assert_eq!(put(at, 0xC0), DAMAGED, "text at {at}");
        }
    });
}

/// A reviewer's name is cut before it is kept.
#[test]
fn a_longer_reviewer_than_there_can_be_is_damage() {
    with_the_longest(|_, carrier, record| {
        let mut content = content(record).unwrap().1.to_vec();
        content[LENGTHS + SLOTS - 1] += 1;
        content[LENGTHS + SLOTS - 2] -= 1;
        assert_eq!(damage(carrier, &content), DAMAGED);
    });
}

/// A character whose bytes are in two texts.
#[test]
fn a_record_of_texts_that_are_cut_within_a_character_is_damage() {
    with_the_longest(|_, carrier, record| {
        let mut content = content(record).unwrap().1.to_vec();
        let end_of_sale = TEXTS + usize::from(content[LENGTHS]);
        content[end_of_sale - 1..=end_of_sale].copy_from_slice("é".as_bytes());
        assert_eq!(damage(carrier, &content), DAMAGED);
    });
}

/// R42: a mark of which the end was not written is no mark; one with flipped bits is a damaged one (R44).
#[test]
fn a_mark_that_was_begun_never_existed_and_a_flipped_one_is_damage() {
    let mut record = std::vec![0u8; 100];
    record.extend(MARK.to_le_bytes());
    for erased in [0x00, 0xFF] {
        for written in 0..MARK_LENGTH {
            let mut begun = record.clone();
            begun[100 + written..].fill(erased);
            assert_eq!(content(&begun).err(), Some(Damage::NoMark), "{written} of {erased:x}");
        }
    }
    record[101] ^= 0x10;
    assert_eq!(content(&record).err(), Some(Damage::Damaged));
}
