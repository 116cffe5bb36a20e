//! R45 at its edge: with as few pages as are accepted, and every record, id and count at its longest, an open charge always
//! has room for its later records, and a further one is refused.

use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use embedded_storage_async::nor_flash::{ErrorType, NorFlash, NorFlashErrorKind, ReadNorFlash};

use super::entry::BODY_MAX;
use super::log::{Job, Work};
use super::{FlashJournal, JournalError, Unfit};
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

struct Memory<const WORD: usize, const PAGE: usize>(Vec<u8>);

impl<const WORD: usize, const PAGE: usize> ErrorType for Memory<WORD, PAGE> {
    type Error = NorFlashErrorKind;
}

impl<const WORD: usize, const PAGE: usize> ReadNorFlash for Memory<WORD, PAGE> {
    const READ_SIZE: usize = WORD;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), NorFlashErrorKind> {
        bytes.copy_from_slice(&self.0[offset as usize..][..bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl<const WORD: usize, const PAGE: usize> NorFlash for Memory<WORD, PAGE> {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = PAGE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), NorFlashErrorKind> {
        self.0[from as usize..to as usize].fill(0xFF);
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), NorFlashErrorKind> {
        self.0[offset as usize..][..bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future waits"),
    }
}

fn append<F: NorFlash, const N: usize>(
    journal: &mut FlashJournal<F, N>,
    sale: &str,
    body: &[u8],
) -> Result<(), JournalError<F::Error>> {
    now(journal.run(&mut Job::new(Work::Append, sale, body, &mut [])))
}

const PLACES: usize = 4;
const CHARGES: usize = PLACES - 1;

fn sale(charge: usize) -> String {
    format!("{charge:032}")
}

fn check<const WORD: usize, const PAGE: usize>() {
    type Opened<const WORD: usize, const PAGE: usize> = FlashJournal<Memory<WORD, PAGE>, PLACES>;
    let open = |bytes: Vec<u8>| {
        let end = bytes.len() as u32;
        Opened::<WORD, PAGE>::new(Memory(bytes), 0..end)
    };
    let per_page = Opened::<WORD, PAGE>::longest_per_page().unwrap();
    let needed = Opened::<WORD, PAGE>::pages_needed(per_page);
    let pages = |count: u32| vec![0; count as usize * PAGE];
    assert_eq!(open(pages(needed - 1)).err(), Some(Unfit::TooFewPages { needed }));

    let mut journal = open(pages(needed)).ok().unwrap();
    let write = |journal: &mut Opened<WORD, PAGE>, charge: usize, round: usize| {
        append(journal, &sale(charge), &[round as u8; BODY_MAX])
    };
    for charge in 0..CHARGES {
        assert_eq!(write(&mut journal, charge, 0), Ok(()), "{WORD} {PAGE}");
    }
    for round in 0..300 {
        assert_eq!(
            write(&mut journal, round * 7 % 5 % CHARGES, round),
            Ok(()),
            "{WORD} {PAGE}: round {round}"
        );
        assert_eq!(append(&mut journal, "", &[round as u8; 8]), Ok(()), "the mark, round {round}");
        assert_eq!(write(&mut journal, CHARGES, round), Err(JournalError::Full));
        journal = open(journal.into_flash().0).ok().unwrap();
    }

    // Two newest records are damaged, so that they and those before them are carried along.
    assert_eq!(write(&mut journal, 0, 1), Ok(()));
    assert_eq!(write(&mut journal, 1, 1), Ok(()));
    assert_eq!(write(&mut journal, 0, 2), Ok(()));
    assert_eq!(write(&mut journal, 1, 2), Ok(()));
    let places = [0, 1].map(|charge| journal.log.index.find(&sale(charge)).unwrap().newest);
    let mut bytes = journal.into_flash().0;
    for place in places {
        bytes[(place.page % needed * PAGE as u32 + place.at) as usize + 100] ^= 0x55;
    }
    journal = open(bytes).ok().unwrap();
    for round in 0..300 {
        assert_eq!(write(&mut journal, 2, round), Ok(()), "{WORD} {PAGE}: round {round} beside damage");
        assert_eq!(append(&mut journal, "", &[round as u8; 8]), Ok(()), "the mark, round {round}");
        for charge in 0..2 {
            assert!(
                journal.log.index.find(&sale(charge)).is_some_and(|slot| slot.is_damaged()),
                "round {round}"
            );
        }
        journal = open(journal.into_flash().0).ok().unwrap();
    }
    assert_eq!(write(&mut journal, 0, 3), Ok(()));
}

#[test]
fn an_open_charge_has_room_for_its_longest_records_at_the_edge() {
    check::<4, 1024>();
    check::<1, 1024>();
    check::<8, 2048>();
    check::<32, 1024>();
    check::<4, 4096>();
    check::<32, 4096>();
}
