//! The power is cut at every byte of every write and every erase of random work, again while the interrupted work is
//! repeated, and a third time (R42, R43): the journal holds what it held before the interrupted call or after it (I11),
//! what was acknowledged is never lost, and the next call has room for its record (R45). Of some of the states that are
//! left, one bit flips: no charge is gone or old without a word (R44).
//!
//! `cargo test -p caas-transport-embedded --release --test power_cuts -- --nocapture` goes on until it has made a million
//! cuts that differ, and prints them; without `--release` it is a short run.
//!
//! A cut is the one flash content, the one work and the one byte of it in which the power fails; it counts once. Up to
//! its cut, work that is cut does what it does without. So each work runs once, and what it wrote is done again, byte
//! by byte, with the power failing in each. That this is the same is checked at the first byte of every write and
//! erase, where the power really fails under the journal.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::{BTreeMap, HashSet};

use caas_core::charge::RECORD_MAX;
use caas_core::id_generator::Mark;
use caas_transport_embedded::journal::{FlashJournal, IdMark, Journal, Newest};
use support::mock_flash::{MockFlash, Step};
use support::records::{Sale, long_sale, sales};
use support::{Numbers, now};

const CUTS: usize = if cfg!(debug_assertions) { 20_000 } else { 1_000_000 };
/// Cuts of one flash, before the next one with other words.
const CUTS_OF_A_FLASH: usize = CUTS / 40;
/// Places of the journal: three charges and the id generator.
const PLACES: usize = 4;
/// One in so many states has a flipped bit.
const FLIPS: u64 = 8;

type Flash<const WORD: usize> = MockFlash<WORD, 1024>;
type Opened<const WORD: usize> = FlashJournal<Flash<WORD>, PLACES>;

/// What the journal holds: the newest record by sale, and the counter of the id generator's mark.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Held {
    records: BTreeMap<usize, usize>,
    mark: Option<u32>,
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Persist { sale: usize, version: usize },
    Finish { sale: usize },
    Mark(u32),
}

impl Work {
    fn random(numbers: &mut Numbers, held: &Held, sales: &[Sale]) -> Work {
        let sale = numbers.below(sales.len() as u64) as usize;
        let is_open = held.records.contains_key(&sale);
        let is_full = held.records.len() == PLACES - 1;
        match numbers.below(10) {
            0 => Work::Mark(held.mark.unwrap_or(0) + 1),
            1 | 2 if is_open => Work::Finish { sale },
            _ if is_full && !is_open => Work::Finish { sale: *held.records.keys().next().unwrap() },
            _ => {
                let version = held.records.get(&sale).map_or(0, |version| version + 1);
                Work::Persist { sale, version: version % sales[sale].records.len() }
            }
        }
    }

    fn apply(self, held: &Held) -> Held {
        let mut after = held.clone();
        match self {
            Work::Persist { sale, version } => drop(after.records.insert(sale, version)),
            Work::Finish { sale } => drop(after.records.remove(&sale)),
            Work::Mark(counter) => after.mark = Some(counter),
        }
        after
    }

    fn run<const WORD: usize>(self, journal: &mut Opened<WORD>, sales: &[Sale]) -> Result<(), String> {
        let told = match self {
            Work::Persist { sale, version } => {
                let Sale { id, records } = &sales[sale];
                now(journal.persist(id, &records[version]))
            }
            Work::Finish { sale } => now(journal.finish(&sales[sale].id)),
            Work::Mark(counter) => now(journal.persist_id_mark(Mark { epoch: 7, counter })),
        };
        told.map_err(|error| format!("{error:?}"))
    }

    fn fingerprint(self) -> u64 {
        match self {
            Work::Persist { sale, version } => (1 << 40) | ((sale as u64) << 8) | version as u64,
            Work::Finish { sale } => (2 << 40) | sale as u64,
            Work::Mark(counter) => (3 << 40) | u64::from(counter),
        }
    }
}

/// What became of the cuts.
#[derive(Default)]
struct Tally {
    /// One for each cut: of the flash's content, the work, and the byte.
    cuts: HashSet<u64>,
    /// By depth, and by whether a write or an erase was cut.
    writes: [usize; 3],
    erases: [usize; 3],
    flips: usize,
    really_cut: usize,
}

impl Tally {
    /// Counts a cut, unless it was made before.
    fn add(&mut self, depth: usize, step: &Step, fingerprint: u64) {
        if self.cuts.insert(fingerprint) {
            match step {
                Step::Write { .. } => self.writes[depth] += 1,
                Step::Erase { .. } => self.erases[depth] += 1,
            }
        }
    }
}

fn mix(sum: u64, word: u64) -> u64 {
    let mixed = (sum ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^ (mixed >> 29)
}

fn fingerprint(bytes: &[u8]) -> u64 {
    let words = bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().unwrap()));
    words.fold(bytes.len() as u64, mix)
}

fn open<const WORD: usize>(flash: Flash<WORD>) -> Opened<WORD> {
    let range = flash.range();
    FlashJournal::new(flash, range).expect("a journal")
}

/// What a journal says that it holds, damaged or not.
#[derive(Debug, Default)]
struct Told {
    whole: Held,
    damaged: BTreeMap<usize, Option<usize>>,
    mark_is_damaged: bool,
    unnamed: u32,
}

fn told<const WORD: usize>(journal: &mut Opened<WORD>, sales: &[Sale]) -> Told {
    let mut told = Told::default();
    let mut buffer = [0; RECORD_MAX];
    told.unnamed = now(journal.unnamed_damage()).expect("read");
    for position in 0.. {
        let Some(charge) = now(journal.read(position, &mut buffer)).expect("read") else { break };
        let sale = sales.iter().position(|sale| sale.id == charge.sale).expect("a sale of ours");
        let version = |bytes: &[u8]| {
            let version = sales[sale].records.iter().position(|record| record.bytes() == bytes);
            version.expect("a record of ours")
        };
        let twice = match charge.newest {
            Newest::Whole(bytes) => told.whole.records.insert(sale, version(bytes)).is_some(),
            Newest::Damaged { older } => told.damaged.insert(sale, older.map(version)).is_some(),
        };
        assert!(!twice, "a sale is there twice");
    }
    match now(journal.id_mark()).expect("read") {
        IdMark::None => {}
        IdMark::Known(mark) => told.whole.mark = Some(mark.counter),
        IdMark::Damaged => told.mark_is_damaged = true,
    }
    told
}

/// What the journal says that it holds; nothing of it may be damaged.
fn held<const WORD: usize>(journal: &mut Opened<WORD>, sales: &[Sale]) -> Held {
    let told = told(journal, sales);
    assert!(told.unnamed == 0 && told.damaged.is_empty() && !told.mark_is_damaged, "damage: {told:?}");
    told.whole
}

/// Work that is done without a cut: what it did to the flash, and how many bytes that took.
struct Done {
    before: Held,
    after: Held,
    steps: Vec<Step>,
    length: usize,
}

/// The flashes of one size of words, and what is done to them.
struct Cutter<'s, const WORD: usize> {
    sales: &'s [Sale],
    numbers: Numbers,
    tally: &'s mut Tally,
}

impl<const WORD: usize> Cutter<'_, WORD> {
    /// Runs the work to its end. There must be room for it, whatever was cut before (R45).
    fn run(&mut self, flash: &mut Flash<WORD>, before: &Held, work: Work) -> Done {
        flash.power_on(None);
        flash.steps = Some(Vec::new());
        let mut journal = open(flash.clone());
        work.run(&mut journal, self.sales).unwrap_or_else(|told| panic!("{work:?}: {told}"));
        let after = work.apply(before);
        assert_eq!(held(&mut journal, self.sales), after, "{work:?}, acknowledged");
        *flash = journal.into_flash();
        assert_eq!(held(&mut open(flash.clone()), self.sales), after, "{work:?}, read again");
        let steps = flash.steps.take().unwrap();
        let length = steps.iter().map(Flash::<WORD>::length).sum();
        Done { before: before.clone(), after, steps, length }
    }

    /// What is there after a cut.
    fn check(&mut self, flash: &Flash<WORD>, done: &Done) -> Held {
        let found = held(&mut open(flash.clone()), self.sales);
        let expected = found == done.before || found == done.after;
        assert!(expected, "{found:?} is neither {:?} nor {:?}", done.before, done.after);
        if self.numbers.below(FLIPS) == 0 {
            self.flip_a_bit(flash, done);
        }
        found
    }

    /// R44: with one flipped bit more, each charge is as it was before or after the cut, or reported as damaged; with
    /// damage that has no name, nothing else is promised.
    fn flip_a_bit(&mut self, flash: &Flash<WORD>, done: &Done) {
        let mut flash = flash.clone();
        let bit = self.numbers.below(flash.bytes.len() as u64 * 8) as usize;
        flash.bytes[bit / 8] ^= 1 << (bit % 8);
        let told = told(&mut open(flash), self.sales);
        self.tally.flips += 1;
        if told.unnamed > 0 {
            return;
        }
        for sale in 0..self.sales.len() {
            let may_be = [done.before.records.get(&sale), done.after.records.get(&sale)];
            let is_right =
                told.damaged.contains_key(&sale) || may_be.contains(&told.whole.records.get(&sale));
            assert!(is_right, "sale {sale}, bit {bit}: {told:?} for {:?} to {:?}", done.before, done.after);
        }
        let mark = told.whole.mark;
        let is_right = told.mark_is_damaged || mark == done.before.mark || mark == done.after.mark;
        assert!(is_right, "bit {bit}: {told:?} for {:?} to {:?}", done.before, done.after);
    }

    /// The flash as it is when the power fails in this byte of the work.
    fn torn(&mut self, flash: &Flash<WORD>, step: &Step, index: usize) -> Flash<WORD> {
        let mut torn = flash.clone();
        torn.shake(self.numbers.next());
        torn.tear(step, index);
        torn
    }

    /// Cuts one piece of work at every byte, each cut followed by one and two more while it is repeated. Gives back where
    /// one of these histories ended.
    fn cut_everywhere(&mut self, flash: &Flash<WORD>, before: &Held, work: Work) -> (Flash<WORD>, Held) {
        let mut end = flash.clone();
        let done = self.run(&mut end, before, work);
        let start = mix(fingerprint(&flash.bytes), work.fingerprint());
        let (mut so_far, mut fuel) = (flash.clone(), 0);
        let mut kept = (end.clone(), done.after.clone());
        for step in &done.steps {
            self.really_cut(flash, &so_far, step, fuel, work);
            for index in 0..Flash::<WORD>::length(step) {
                let torn = self.torn(&so_far, step, index);
                let found = self.check(&torn, &done);
                self.tally.add(0, step, mix(start, fuel));
                let (torn, found) = self.cut_again(torn, found, work);
                if self.numbers.below(40) == 0 {
                    kept = (torn, found);
                }
                so_far.advance(step, index);
                fuel += 1;
            }
        }
        assert_eq!(so_far.bytes, end.bytes, "what was written down is not what was done");
        if self.numbers.below(4) == 0 { (end, done.after) } else { kept }
    }

    /// The interrupted work is repeated, and cut at one of its bytes; and that once more.
    fn cut_again(&mut self, mut flash: Flash<WORD>, mut held: Held, work: Work) -> (Flash<WORD>, Held) {
        for depth in 1..3 {
            let done = self.run(&mut flash.clone(), &held, work);
            if done.length == 0 {
                break;
            }
            let start = mix(fingerprint(&flash.bytes), work.fingerprint());
            let fuel = self.numbers.below(done.length as u64) as usize;
            let mut left = fuel;
            for step in &done.steps {
                let length = Flash::<WORD>::length(step);
                (0..length.min(left)).for_each(|index| flash.advance(step, index));
                if left < length {
                    flash = self.torn(&flash, step, left);
                    self.tally.add(depth, step, mix(start, fuel as u64));
                    break;
                }
                left -= length;
            }
            held = self.check(&flash, &done);
        }
        (flash, held)
    }

    /// The power fails under the journal, at the first byte of a step: it is told, nothing is acknowledged, and all that
    /// is before the step is as it was done without a cut.
    fn really_cut(&mut self, flash: &Flash<WORD>, so_far: &Flash<WORD>, step: &Step, fuel: u64, work: Work) {
        let (mut flash, mut expected) = (flash.clone(), so_far.clone());
        let seed = self.numbers.next();
        flash.shake(seed);
        expected.shake(seed);
        flash.power_on(Some(fuel));
        let mut journal = open(flash);
        let told = work.run(&mut journal, self.sales);
        assert_eq!(told, Err("Storage(PowerLost)".to_owned()), "{work:?} at byte {fuel}");
        expected.tear(step, 0);
        assert!(journal.into_flash().bytes == expected.bytes, "{work:?} does something else at byte {fuel}");
        self.tally.really_cut += 1;
    }

    fn random_work(&mut self, seed: u64) {
        let wanted = (self.tally.cuts.len() + CUTS_OF_A_FLASH).min(CUTS);
        let (mut flash, mut holds) = (MockFlash::new(9, seed), Held::default());
        while self.tally.cuts.len() < wanted {
            // Some work that is not cut, so that the log goes round.
            for _ in 0..self.numbers.below(4) {
                let work = Work::random(&mut self.numbers, &holds, self.sales);
                holds = self.run(&mut flash, &holds, work).after;
            }
            let work = Work::random(&mut self.numbers, &holds, self.sales);
            (flash, holds) = self.cut_everywhere(&flash, &holds, work);
        }
    }
}

/// R42, R43, R44, R45, I11.
#[test]
fn a_cut_at_any_byte_leaves_the_state_before_or_after() {
    fn flash<const WORD: usize>(seed: u64, sales: &[Sale], tally: &mut Tally) {
        Cutter::<WORD> { sales, numbers: Numbers::new(seed), tally }.random_work(seed);
    }
    let mut sales = sales(4);
    sales.push(long_sale());
    let mut tally = Tally::default();
    for seed in 0.. {
        // Every fourth flash holds garbage: each size of words has one.
        match (seed + seed / 4) % 4 {
            0 => flash::<4>(seed, &sales, &mut tally),
            1 => flash::<1>(seed, &sales, &mut tally),
            2 => flash::<8>(seed, &sales, &mut tally),
            _ => flash::<32>(seed, &sales, &mut tally),
        }
        if tally.cuts.len() >= CUTS {
            break;
        }
    }
    let Tally { cuts, writes, erases, flips, really_cut } = tally;
    println!("{} distinct power cuts, every state the one before or after", cuts.len());
    println!("of writes, one, two and three deep: {writes:?}; of erases: {erases:?}");
    println!("{really_cut} of them under the journal; {flips} states with one flipped bit more");
    assert!(cuts.len() >= CUTS && writes.iter().chain(&erases).sum::<usize>() == cuts.len());
    assert!(writes.iter().chain(&erases).all(|count| *count > CUTS / 100), "{writes:?} {erases:?}");
}
