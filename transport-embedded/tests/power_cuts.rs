//! The power is cut at every byte of every write and every erase of random work, again while the interrupted work is
//! repeated, and a third time (R42, R43): the journal holds what it held before the interrupted call or after it (I11),
//! and what was acknowledged is never lost.
//!
//! `cargo test -p caas-transport-embedded --release --test power_cuts -- --nocapture` goes on until it has made a million
//! cuts and prints how many; without `--release` it is a short run.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use caas_core::charge::RECORD_MAX;
use caas_core::id_generator::Mark;
use caas_transport_embedded::journal::{FlashJournal, IdMark, Journal, Newest};
use support::mock_flash::MockFlash;
use support::records::{Sale, sales};
use support::{Numbers, now};

const CUTS: u64 = if cfg!(debug_assertions) { 600 } else { 1_000_000 };
/// Each works on seeds of its own.
const WORKERS: u64 = 2;
/// Places of the journal: three charges and the id generator.
const PLACES: usize = 4;

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

    fn run<const WORD: usize>(self, journal: &mut Opened<WORD>, sales: &[Sale]) -> bool {
        match self {
            Work::Persist { sale, version } => {
                let Sale { id, records } = &sales[sale];
                now(journal.persist(id, &records[version])).is_ok()
            }
            Work::Finish { sale } => now(journal.finish(&sales[sale].id)).is_ok(),
            Work::Mark(counter) => now(journal.persist_id_mark(Mark { epoch: 7, counter })).is_ok(),
        }
    }
}

fn open<const WORD: usize>(flash: Flash<WORD>) -> Opened<WORD> {
    let range = flash.range();
    FlashJournal::new(flash, range).expect("a journal")
}

/// What the journal says that it holds; nothing of it may be damaged.
fn held<const WORD: usize>(journal: &mut Opened<WORD>, sales: &[Sale]) -> Held {
    let mut found = Held::default();
    let mut buffer = [0; RECORD_MAX];
    assert_eq!(now(journal.unnamed_damage()).expect("read"), 0, "damage");
    for position in 0.. {
        let Some(charge) = now(journal.read(position, &mut buffer)).expect("read") else { break };
        let sale = sales.iter().position(|sale| sale.id == charge.sale).expect("a sale of ours");
        let Newest::Whole(bytes) = charge.newest else { panic!("damaged: {charge:?}") };
        let version = sales[sale].records.iter().position(|record| record.bytes() == bytes);
        assert_eq!(found.records.insert(sale, version.expect("a record of ours")), None, "twice");
    }
    found.mark = match now(journal.id_mark()).expect("read") {
        IdMark::None => None,
        IdMark::Known(mark) => Some(mark.counter),
        IdMark::Damaged => panic!("damaged mark"),
    };
    found
}

/// Runs the work with so much fuel, cuts, and looks at what is there then. Gives back the flash and what it holds.
fn cut<const WORD: usize>(
    flash: &Flash<WORD>,
    fuel: u64,
    work: Work,
    (before, after): (&Held, &Held),
    sales: &[Sale],
) -> (Flash<WORD>, Held, bool) {
    let mut flash = flash.clone();
    flash.power_on(Some(fuel));
    let mut journal = open(flash);
    let acknowledged = work.run(&mut journal, sales);
    let mut flash = journal.into_flash();
    flash.power_on(None);
    let mut journal = open(flash);
    let found = held(&mut journal, sales);
    let expected = if acknowledged { &found == after } else { &found == before || &found == after };
    assert!(expected, "{work:?} with {fuel}: {found:?} is neither {before:?} nor {after:?}");
    (journal.into_flash(), found, acknowledged)
}

/// Cuts one piece of work at every byte, each cut followed by one and two more while it is repeated. Gives back where
/// one of these histories ended, and adds the cuts.
fn cut_everywhere<const WORD: usize>(
    flash: &Flash<WORD>,
    before: &Held,
    work: Work,
    sales: &[Sale],
    numbers: &mut Numbers,
    cuts: &mut u64,
) -> (Flash<WORD>, Held) {
    let after = work.apply(before);
    let mut kept = None;
    for fuel in 0.. {
        let (mut flash, mut found, done) = cut(flash, fuel, work, (before, &after), sales);
        if done {
            return kept.filter(|_| numbers.below(4) > 0).unwrap_or((flash, found));
        }
        *cuts += 1;
        for _ in 0..2 {
            let again = numbers.below(700);
            let (torn, now_found, done) = cut(&flash, again, work, (&found, &after), sales);
            (flash, found) = (torn, now_found);
            if done {
                break;
            }
            *cuts += 1;
        }
        if numbers.below(40) == 0 {
            kept = Some((flash, found));
        }
    }
    unreachable!("work without an end")
}

fn random_work<const WORD: usize>(seed: u64, wanted: u64, sales: &[Sale]) -> u64 {
    let mut numbers = Numbers::new(seed);
    let (mut flash, mut holds) = (MockFlash::new(9, seed), Held::default());
    let mut cuts = 0;
    for _ in 0..400 {
        // Some work that is not cut, so that the log goes round.
        for _ in 0..numbers.below(4) {
            let work = Work::random(&mut numbers, &holds, sales);
            let mut journal = open::<WORD>(flash);
            assert!(work.run(&mut journal, sales), "{work:?}");
            holds = work.apply(&holds);
            assert_eq!(held(&mut journal, sales), holds);
            flash = journal.into_flash();
        }
        let work = Work::random(&mut numbers, &holds, sales);
        (flash, holds) = cut_everywhere(&flash, &holds, work, sales, &mut numbers, &mut cuts);
        if cuts >= wanted {
            break;
        }
    }
    cuts
}

/// R42, R43, I11.
#[test]
fn a_cut_at_any_byte_leaves_the_state_before_or_after() {
    let sales = sales(5);
    let share = CUTS / WORKERS;
    let total: u64 = std::thread::scope(|scope| {
        let work = |worker: u64| {
            let sales = &sales;
            scope.spawn(move || {
                let mut cuts = 0;
                let mut seed = worker;
                while cuts < share {
                    let left = (share - cuts).min(share / 4 + 1);
                    cuts += match seed / WORKERS % 3 {
                        0 => random_work::<4>(seed, left, sales),
                        1 => random_work::<1>(seed, left, sales),
                        _ => random_work::<8>(seed, left, sales),
                    };
                    seed += WORKERS;
                }
                cuts
            })
        };
        let workers: Vec<_> = (0..WORKERS).map(work).collect();
        workers.into_iter().map(|worker| worker.join().expect("no violation")).sum()
    });
    println!("{total} distinct power cuts (one, two and three deep), every state the one before or after");
    assert!(total >= CUTS);
}
