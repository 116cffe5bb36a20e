//! What the flash journal does with damage, with too little room, and with flash that fails.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::future::{Future, pending};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use caas_core::charge::RECORD_MAX;
use caas_core::id::SaleId;
use caas_core::id_generator::Mark;
use caas_transport_embedded::journal::{
    FlashJournal, IdMark, Journal, JournalError, Newest, RamJournal, Unfit,
};
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use support::mock_flash::{MockFlash, PowerLost, Step};
use support::records::{Sale, sales};
use support::{Numbers, now};

type Flash = MockFlash<4, 1024>;
/// Without optimisation, every bit of the flash takes minutes: then every 307th is flipped.
const STEP: usize = if cfg!(debug_assertions) { 307 } else { 1 };

type Opened = FlashJournal<Flash, 4>;

fn open(flash: Flash) -> Opened {
    let range = flash.range();
    FlashJournal::new(flash, range).unwrap()
}

/// What a journal says of each sale.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    sale: String,
    damaged: bool,
    record: Option<Vec<u8>>,
}

fn see(journal: &mut impl Journal) -> Vec<Seen> {
    let mut buffer = [0; RECORD_MAX];
    let mut seen = Vec::new();
    while let Some(found) = now(journal.read(seen.len(), &mut buffer)).unwrap() {
        let (damaged, record) = match found.newest {
            Newest::Whole(record) => (false, Some(record.to_vec())),
            Newest::Damaged { older } => (true, older.map(<[u8]>::to_vec)),
        };
        seen.push(Seen { sale: found.sale.as_str().into(), damaged, record });
    }
    seen.sort_by(|one, other| one.sale.cmp(&other.sale));
    seen
}

fn whole(sale: &Sale, version: usize) -> Seen {
    let record = Some(sale.records[version].bytes().to_vec());
    Seen { sale: sale.id.as_str().into(), damaged: false, record }
}

/// Three open charges with two records each, one put away, and an id mark.
fn filled(sales: &[Sale]) -> Flash {
    let mut journal = open(MockFlash::new(9, 1));
    now(journal.persist(&sales[3].id, &sales[3].records[0])).unwrap();
    now(journal.finish(&sales[3].id)).unwrap();
    for version in 0..2 {
        for sale in &sales[..3] {
            now(journal.persist(&sale.id, &sale.records[version])).unwrap();
        }
        now(journal.persist_id_mark(Mark { epoch: 7, counter: version as u32 })).unwrap();
    }
    journal.into_flash()
}

/// Both journals do what the trait says.
#[test]
fn the_newest_record_of_each_open_sale_is_kept() {
    fn check(journal: &mut impl Journal, sales: &[Sale]) {
        assert_eq!(now(journal.id_mark()).unwrap(), IdMark::None);
        assert_eq!(see(journal), []);
        for version in 0..3 {
            for sale in &sales[..2] {
                now(journal.persist(&sale.id, &sale.records[version])).unwrap();
            }
        }
        assert_eq!(see(journal), [whole(&sales[0], 2), whole(&sales[1], 2)]);
        now(journal.finish(&sales[0].id)).unwrap();
        now(journal.finish(&sales[0].id)).unwrap();
        assert_eq!(see(journal), [whole(&sales[1], 2)]);
        now(journal.persist_id_mark(Mark { epoch: 1, counter: 2 })).unwrap();
        assert_eq!(now(journal.id_mark()).unwrap(), IdMark::Known(Mark { epoch: 1, counter: 2 }));
    }
    let sales = sales(2);
    check(&mut open(MockFlash::new(9, 3)), &sales);
    check(&mut RamJournal::<4>::new(), &sales);
}

/// R44: one flipped bit anywhere, and each charge is found whole and at its newest, or is reported as damaged with the
/// record before it. None is gone, none is old, none comes back.
#[test]
fn every_single_flipped_bit_is_harmless_or_reported() {
    let sales = sales(4);
    let flash = filled(&sales);
    let (mut harmless, mut reported) = (0, 0);
    for bit in (0..flash.bytes.len() * 8).step_by(STEP) {
        let mut flipped = flash.clone();
        flipped.bytes[bit / 8] ^= 1 << (bit % 8);
        let mut journal = open(flipped);
        let seen = see(&mut journal);
        assert_eq!(seen.len(), 3, "bit {bit}: {seen:?}");
        for (seen, sale) in seen.iter().zip(&sales[..3]) {
            let expected = if seen.damaged { whole(sale, 0) } else { whole(sale, 1) };
            assert_eq!((&seen.sale, &seen.record), (&expected.sale, &expected.record), "bit {bit}");
        }
        let mark = now(journal.id_mark()).unwrap();
        assert!(matches!(mark, IdMark::Damaged | IdMark::Known(Mark { epoch: 7, counter: 1 })), "bit {bit}");
        let damaged = seen.iter().filter(|seen| seen.damaged).count() + usize::from(mark == IdMark::Damaged);
        match damaged {
            0 => harmless += 1,
            1 => reported += 1,
            _ => panic!("bit {bit} damages {damaged}"),
        }
    }
    assert!(harmless > 5_000 / STEP && reported > 2_000 / STEP, "{harmless} harmless, {reported} reported");
}

/// R44: a damaged record and the one before it are carried along until a new record takes their place.
#[test]
fn damage_stays_reported_while_the_log_goes_round() {
    let sales = sales(4);
    let mut flash = filled(&sales);
    let needle = sales[0].records[1].body();
    let at = flash.bytes.windows(needle.len()).position(|bytes| bytes == needle).unwrap();
    flash.bytes[at + 50] ^= 0x11;
    let mut journal = open(flash);
    for round in 0..60 {
        let seen = see(&mut journal);
        assert!(seen[0].damaged && seen[0].record == whole(&sales[0], 0).record, "round {round}");
        now(journal.persist(&sales[1].id, &sales[1].records[round % 12])).unwrap();
        journal = open(journal.into_flash());
    }
    now(journal.persist(&sales[0].id, &sales[0].records[5])).unwrap();
    assert_eq!(see(&mut open(journal.into_flash()))[0], whole(&sales[0], 5));
}

/// R44: several flipped bits in one head leave no name. It is counted, not passed over.
#[test]
fn damage_without_a_name_is_counted() {
    let sales = sales(4);
    let mut flash = filled(&sales);
    let needle = sales[1].records[1].body();
    let at = flash.bytes.windows(needle.len()).position(|bytes| bytes == needle).unwrap();
    let id = sales[1].id.as_str().len().next_multiple_of(4);
    flash.bytes[at - id - 20] ^= 0x3C;
    let mut journal = open(flash);
    assert_eq!(now(journal.unnamed_damage()), Ok(1));
    assert_eq!(see(&mut journal)[0], whole(&sales[0], 1));
}

/// R44: so is it where nothing comes behind: it is no head that was begun when the power went.
#[test]
fn damage_without_a_name_at_the_end_is_counted() {
    let sales = sales(4);
    let mut journal = open(filled(&sales));
    now(journal.persist(&sales[1].id, &sales[1].records[2])).unwrap();
    let mut flash = journal.into_flash();
    let needle = sales[1].records[2].body();
    let at = flash.bytes.windows(needle.len()).position(|bytes| bytes == needle).unwrap();
    let id = sales[1].id.as_str().len().next_multiple_of(4);
    flash.bytes[at - id - 20] ^= 0x3C;
    let mut journal = open(flash);
    assert_eq!(now(journal.unnamed_damage()), Ok(1));
    assert_eq!(see(&mut journal)[1], whole(&sales[1], 1));
}

/// R45: a charge that would take the room of the open ones is refused, and nothing is written for it; the open ones can
/// always be written, and a place that is free again can be taken.
#[test]
fn a_full_journal_refuses_new_charges_and_takes_all_records_of_open_ones() {
    let sales = sales(5);
    let mut journal = open(filled(&sales));
    let mut numbers = Numbers::new(5);
    for round in 0..500 {
        assert_eq!(now(journal.persist(&sales[4].id, &sales[4].records[0])), Err(JournalError::Full));
        let (sale, version) = (numbers.below(3) as usize, numbers.below(12) as usize);
        now(journal.persist(&sales[sale].id, &sales[sale].records[version])).unwrap();
        now(journal.persist_id_mark(Mark { epoch: 7, counter: round })).unwrap();
    }
    now(journal.finish(&sales[0].id)).unwrap();
    now(journal.persist(&sales[4].id, &sales[4].records[0])).unwrap();
    let flash = journal.into_flash();
    let (least, most) = (flash.erases.iter().min().unwrap(), flash.erases.iter().max().unwrap());
    assert!(*least > 10 && most - least <= 1, "uneven wear: {:?}", flash.erases);
}

/// R45: a byte that cannot be written is noticed by reading back: the record is refused, and the next one stands
/// behind it; a page that takes no head refuses all.
#[test]
fn worn_flash_is_noticed() {
    let sales = sales(4);
    for worn in 0..1024 {
        let mut flash: Flash = MockFlash::new(9, 1);
        flash.worn = Some(1024 + worn);
        let mut journal = open(flash);
        let mut newest = None;
        for version in 0..6 {
            let told = now(journal.persist(&sales[0].id, &sales[0].records[version]));
            // What was acknowledged is there, each time. What was refused may be there.
            journal = open(journal.into_flash());
            let seen = see(&mut journal);
            if told.is_ok() || seen == [whole(&sales[0], version)] {
                newest = Some(version);
            }
            let expected: Vec<_> = newest.iter().map(|version| whole(&sales[0], *version)).collect();
            assert_eq!(seen, expected, "byte {worn}");
        }
        let seen = see(&mut open(journal.into_flash()));
        match newest {
            Some(version) => {
                assert!(version >= 4, "the journal does not go on behind byte {worn}");
                assert_eq!(seen, [whole(&sales[0], version)], "byte {worn}");
            }
            // A page that does not even take a head stops the journal.
            None => assert!(worn < 32 && seen.is_empty(), "byte {worn}"),
        }
    }
}

/// R45: an erase that leaves something behind is noticed before anything is written: the remains would be taken for
/// damage, or for an entry.
#[test]
fn a_page_that_cannot_be_erased_is_refused() {
    let sales = sales(1);
    for at in [0, 500, 1023] {
        let mut flash = MockFlash::new(9, 1);
        flash.stuck = Some((1024 + at, 0x7F));
        let mut journal = open(flash);
        assert_eq!(now(journal.persist(&sales[0].id, &sales[0].records[0])), Err(JournalError::ReadBack));
        assert_eq!(see(&mut journal), []);
    }
}

/// R44: a record that is damaged while the journal is open is reported as well.
#[test]
fn damage_that_comes_later_is_reported() {
    let sales = sales(4);
    let mut flash = filled(&sales);
    let range = flash.range();
    let needle = sales[0].records[1].body();
    let at = flash.bytes.windows(needle.len()).position(|bytes| bytes == needle).unwrap();
    let flips = std::rc::Rc::new(std::cell::Cell::new(None));
    let mut journal =
        FlashJournal::<_, 4>::new(Decaying { flash: &mut flash, flips: flips.clone() }, range).unwrap();
    assert_eq!(see(&mut journal)[0], whole(&sales[0], 1));
    flips.set(Some((at + 50, 0x11)));
    assert_eq!(see(&mut journal)[0], Seen { damaged: true, ..whole(&sales[0], 0) });
}

/// A flash of which some bits flip when told.
struct Decaying<'f> {
    flash: &'f mut Flash,
    flips: std::rc::Rc<std::cell::Cell<Option<(usize, u8)>>>,
}

impl ErrorType for Decaying<'_> {
    type Error = PowerLost;
}

impl ReadNorFlash for Decaying<'_> {
    const READ_SIZE: usize = 4;
    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerLost> {
        if let Some((at, mask)) = self.flips.take() {
            self.flash.bytes[at] ^= mask;
        }
        self.flash.read(offset, bytes).await
    }
    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl NorFlash for Decaying<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;
    async fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerLost> {
        self.flash.erase(from, to).await
    }
    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerLost> {
        self.flash.write(offset, bytes).await
    }
}

/// R45: one place is kept for the id generator's mark, and what is refused writes nothing.
#[test]
fn a_full_journal_still_takes_the_mark() {
    let sales = sales(5);
    let mut journal = open(MockFlash::new(9, 1));
    for sale in &sales[..3] {
        now(journal.persist(&sale.id, &sale.records[0])).unwrap();
    }
    let flash = journal.into_flash();
    let before = flash.bytes.clone();
    let mut journal = open(flash);
    for sale in &sales[3..] {
        assert_eq!(now(journal.persist(&sale.id, &sale.records[0])), Err(JournalError::Full));
    }
    let flash = journal.into_flash();
    assert!(flash.bytes == before, "a refused record was written");
    let mut journal = open(flash);
    now(journal.persist_id_mark(Mark { epoch: 1, counter: 9 })).unwrap();
    let flash = journal.into_flash();
    let before = flash.bytes.clone();
    let mut journal = open(flash);
    assert_eq!(now(journal.persist(&sales[3].id, &sales[3].records[0])), Err(JournalError::Full));
    assert_eq!(see(&mut journal).len(), 3);
    assert!(journal.into_flash().bytes == before, "a refused record was written");
}

/// R49: what the first release wrote is read, byte for byte: a page with two records of 5 bytes of the sale `s1`,
/// and the id generator's mark between.
#[test]
fn the_first_releases_journal_is_read() {
    let written: [&[u8]; 3] = [
        // Kind, length of the id, length of the body, page, number, serial, sums, id, body, mark.
        b"\x35\x02\x05\x00\x01\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00",
        b"\x35\x00\x08\x00\x01\x00\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00",
        b"\x35\x02\x05\x00\x01\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00",
    ];
    let crc = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    let mut page = Vec::new();
    let mark: &[u8] = b"\x07\x00\x00\x00\x2A\x00\x00\x00";
    let said: [(&[u8], &[u8]); 3] = [(b"s1", b"first"), (b"", mark), (b"s1", b"later")];
    for (start, (id, body)) in written.iter().zip(said) {
        let start = [start, &crc.checksum(body).to_le_bytes()[..]].concat();
        let sum = crc.checksum(&[&start, id].concat()).to_le_bytes();
        for part in [&[&start, &sum[..], id].concat(), body, b"CM\xA5\x5A"] {
            page.extend_from_slice(part);
            page.resize(page.len().next_multiple_of(4), 0xFF);
        }
    }
    let mut flash: Flash = MockFlash::new(9, 1);
    flash.bytes[1024..][..page.len()].copy_from_slice(&page);
    let mut journal = open(flash);
    let record = Some(b"laterCM\xA5\x5A".to_vec());
    assert_eq!(see(&mut journal), [Seen { sale: "s1".into(), damaged: false, record }]);
    assert_eq!(now(journal.id_mark()), Ok(IdMark::Known(Mark { epoch: 7, counter: 42 })));
    assert_eq!(now(journal.unnamed_damage()), Ok(0));
}

/// R46: whoever reads all positions in turn meets each charge once, also where the flash is read again on the way: the
/// order does not depend on where the records stand.
#[test]
fn charges_keep_their_order_when_the_flash_is_read_again() {
    fn order(journal: &mut Opened) -> Vec<String> {
        let mut buffer = [0; RECORD_MAX];
        let mut sales = Vec::new();
        while let Some(found) = now(journal.read(sales.len(), &mut buffer)).unwrap() {
            sales.push(found.sale.as_str().to_owned());
        }
        sales
    }
    let sales = sales(4);
    let mut journal = open(MockFlash::new(9, 1));
    let mut numbers = Numbers::new(3);
    for sale in &sales[..3] {
        now(journal.persist(&sale.id, &sale.records[0])).unwrap();
    }
    for round in 0..200 {
        let sale = &sales[numbers.below(3) as usize];
        if round % 40 == 39 {
            now(journal.finish(&sale.id)).unwrap();
        }
        now(journal.persist(&sale.id, &sale.records[round % 12])).unwrap();
        let before = order(&mut journal);
        journal = open(journal.into_flash());
        assert_eq!(order(&mut journal), before, "round {round}");
    }
}

/// R45: a flash that fails refuses, and the same journal goes on when it works again.
#[test]
fn a_failure_is_told_and_the_next_call_finds_out_what_is_there() {
    let sales = sales(4);
    let flash = filled(&sales);
    for fuel in 0..400 {
        let mut flaky = flash.clone();
        flaky.power_on(Some(fuel));
        let mut journal = FlashJournal::<_, 4>::new(Shared(&mut flaky), flash.range()).unwrap();
        let told = now(journal.persist(&sales[0].id, &sales[0].records[2]));
        if fuel < 100 {
            assert_eq!(told, Err(JournalError::Storage(PowerLost)));
        }
        journal = {
            let Shared(flaky) = journal.into_flash();
            flaky.power_on(None);
            FlashJournal::new(Shared(flaky), flash.range()).unwrap()
        };
        let version = if told.is_ok() { vec![2] } else { vec![1, 2] };
        let seen = see(&mut journal);
        assert!(version.iter().any(|version| seen[0] == whole(&sales[0], *version)), "{fuel}");
    }
}

struct Shared<'f>(&'f mut Flash);

impl ErrorType for Shared<'_> {
    type Error = PowerLost;
}

impl ReadNorFlash for Shared<'_> {
    const READ_SIZE: usize = 4;
    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerLost> {
        self.0.read(offset, bytes).await
    }
    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Shared<'_> {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;
    async fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerLost> {
        self.0.erase(from, to).await
    }
    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerLost> {
        self.0.write(offset, bytes).await
    }
}

/// A flash that waits for ever at its nth write or erase.
struct Stuck {
    flash: Flash,
    left: std::rc::Rc<std::cell::Cell<u32>>,
}

impl Stuck {
    async fn step(&mut self) {
        match self.left.get() {
            0 => {
                self.left.set(u32::MAX);
                pending::<()>().await;
            }
            left => self.left.set(left - 1),
        }
    }
}

impl ErrorType for Stuck {
    type Error = PowerLost;
}

impl ReadNorFlash for Stuck {
    const READ_SIZE: usize = 4;
    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), PowerLost> {
        self.flash.read(offset, bytes).await
    }
    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl NorFlash for Stuck {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;
    async fn erase(&mut self, from: u32, to: u32) -> Result<(), PowerLost> {
        self.step().await;
        self.flash.erase(from, to).await
    }
    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), PowerLost> {
        self.step().await;
        self.flash.write(offset, bytes).await
    }
}

/// I11 for a future that is dropped at any of its writes: the same journal goes on.
#[test]
fn a_dropped_call_leaves_the_state_before_or_after() {
    let sales = sales(4);
    let left = std::rc::Rc::new(std::cell::Cell::new(u32::MAX));
    let flash = filled(&sales);
    let range = flash.range();
    let mut journal = FlashJournal::<_, 4>::new(Stuck { flash, left: left.clone() }, range).unwrap();
    let mut version = 1;
    for step in (0..12).cycle().take(400) {
        left.set(step);
        let next = (version + 1) % 12;
        {
            let call = pin!(journal.persist(&sales[0].id, &sales[0].records[next]));
            let polled: Poll<_> = call.poll(&mut Context::from_waker(Waker::noop()));
            if let Poll::Ready(told) = polled {
                told.unwrap();
                version = next;
            }
        }
        left.set(u32::MAX);
        let seen = see(&mut journal);
        if seen[0] == whole(&sales[0], next) {
            version = next;
        }
        assert_eq!(seen[0], whole(&sales[0], version), "step {step}");
        assert_eq!(seen[1..], [whole(&sales[1], 1), whole(&sales[2], 1)]);
    }
}

/// R49: a firmware with fewer places than there are open charges says so, and loses none.
#[test]
fn fewer_places_than_open_charges_are_refused() {
    let sales = sales(4);
    let flash = filled(&sales);
    let range = flash.range();
    let mut journal = FlashJournal::<_, 2>::new(flash, range).unwrap();
    let told = now(journal.persist(&sales[0].id, &sales[0].records[2]));
    assert_eq!(told, Err(JournalError::TooManyCharges));
    assert_eq!(see(&mut open(journal.into_flash())).len(), 3);
}

#[test]
fn a_layout_that_has_no_room_is_refused() {
    let flash = || -> Flash { MockFlash::new(9, 1) };
    let unfit = |flash, range| FlashJournal::<Flash, 4>::new(flash, range).err();
    assert_eq!(unfit(flash(), 0..9 * 1024), None);
    assert_eq!(unfit(flash(), 0..8 * 1024), Some(Unfit::TooFewPages { needed: 9 }));
    assert_eq!(unfit(flash(), 0..10 * 1024), Some(Unfit::Range));
    assert_eq!(unfit(flash(), 4..9 * 1024), Some(Unfit::Range));
    assert_eq!(unfit(flash(), 0..0), Some(Unfit::Range));
    assert_eq!(FlashJournal::<Flash, 1>::new(flash(), 0..9 * 1024).err(), Some(Unfit::TooFewPlaces));
    let short = MockFlash::<4, 512>::new(20, 1);
    assert_eq!(FlashJournal::<_, 4>::new(short, 0..20 * 512).err(), Some(Unfit::PageTooShort));
    let wide = MockFlash::<64, 4096>::new(20, 1);
    assert_eq!(FlashJournal::<_, 4>::new(wide, 0..20 * 4096).err(), Some(Unfit::Word));
    let words = MockFlash::<32, 1024>::new(9, 1);
    assert_eq!(FlashJournal::<_, 4>::new(words, 0..9 * 1024).err(), None);
}

#[test]
fn every_record_ends_with_the_mark_that_the_journal_knows() {
    let sales = sales(1);
    let mut journal = open(MockFlash::new(9, 2));
    for record in &sales[0].records {
        assert_eq!(record.mark(), [0x43, 0x4D, 0xA5, 0x5A]);
        assert_eq!(now(journal.persist(&SaleId::new("x").unwrap(), record)), Ok(()));
    }
}

/// R43, R44: a mark in which the power failed is taken for one thing or the other. What was written since says which, so
/// that a flipped bit does not change it.
#[test]
fn a_torn_mark_means_what_it_meant_when_the_next_entry_was_written() {
    let sales = sales(2);
    let [sale, other] = &sales[..] else { panic!("two sales") };
    for cleared in 0..=32 {
        let mut journal = open(MockFlash::new(9, 1));
        now(journal.persist(&sale.id, &sale.records[0])).unwrap();
        let mut flash = journal.into_flash();
        let mut after = flash.clone();
        after.steps = Some(Vec::new());
        let mut journal = open(after);
        now(journal.persist(&sale.id, &sale.records[1])).unwrap();
        let steps = journal.into_flash().steps.unwrap();
        let Some((Step::Write { at, bytes }, before)) = steps.split_last() else {
            panic!("no mark is written")
        };
        for step in before {
            (0..Flash::length(step)).for_each(|index| flash.advance(step, index));
        }
        // The bits that a whole mark clears, the first so many of them.
        let bits =
            || (at * 8..(at + bytes.len()) * 8).filter(|bit| bytes[bit / 8 - at] >> (bit % 8) & 1 == 0);
        let flip = |flash: &mut Flash, bit: usize| flash.bytes[bit / 8] ^= 1 << (bit % 8);
        bits().take(cleared).for_each(|bit| flip(&mut flash, bit));
        let meant = see(&mut open(flash.clone()));
        assert_eq!(meant, [whole(sale, usize::from(cleared > 2))], "{cleared} cleared bits");
        let mut journal = open(flash);
        now(journal.persist(&other.id, &other.records[0])).unwrap();
        let flash = journal.into_flash();
        for bit in at * 8..(at + bytes.len()) * 8 {
            let mut flipped = flash.clone();
            flip(&mut flipped, bit);
            let seen = see(&mut open(flipped));
            assert_eq!(seen[..1], meant, "{cleared} cleared bits, and bit {bit} flipped");
        }
    }
}
