//! The log: entries are appended page by page, the oldest page gives its room back.
//!
//! A page is collected when only one is free: what is still needed of the oldest is copied to the newest, then a
//! `Released` says that it is not needed any more. It is erased when it is opened again, right before its first entry,
//! so an erase that was interrupted is always repeated. As long as the `Released` is not there, the copies are nothing
//! but copies: a cut loses nothing, and a page that holds only copies while none is free is begun anew.
//!
//! It does nothing to the flash itself: [`Log::go_on`] says what is to be done next, and is called again when that was
//! done and the piece that stands there then was read.

mod appending;
mod job;
mod reading;

use embedded_storage_async::nor_flash::NorFlash;

use super::entry::{BODY_MAX, HEAD_MAX, PIECE, is_blank};
use super::index::{Index, Place, Slot};
use super::region::Region;
use super::walk::{For, Seen, Walk};
use crate::journal::RECORD_MARK;

pub use job::{Job, Loaded, Next, Stopped, Work};

/// In this order what is used most has the shortest instructions.
#[repr(C)]
pub struct Log<F, const N: usize> {
    doing: Doing,
    /// Whether the ends and the index are what the flash holds. Not after a write that failed or was dropped.
    known: bool,
    /// Whether the last entry counts: the next one says so.
    last_counts: bool,
    /// While something is appended: whether the oldest page is being collected.
    collecting: bool,
    /// Of the entry that is copied: whether it is sound.
    source_is_sound: bool,
    /// What is next: a piece of the flash is read here, after this was written there or the page was erased.
    pub address: u32,
    pub length: usize,
    /// The page that is written to; 0: none yet.
    newest: u32,
    /// Where the next entry goes in it.
    at: u32,
    /// Pages up to this number are free.
    released: u32,
    next_serial: u32,
    /// While the ends are looked for: the last page with something that is no copy.
    news: u32,
    /// While something is appended: the number of its charge, and how often a page was collected.
    number: u32,
    collected: u32,
    /// Of the entry that is loaded or copied: its serial.
    serial: u32,
    /// Of the entry that is copied: its body's address in the flash.
    source: u32,
    pub walk: Walk,
    pub piece: [u8; PIECE],
    pub writes: [u8; PIECE],
    pub index: Index<N>,
    pub region: Region<F>,
}

/// What a piece that was read belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    Nothing,
    /// Looking for the newest page, the newest `Released` and the largest serial.
    FindingEnds,
    FillingIndex,
    Loading,
    Erasing,
    /// Reading the head of an entry that is to be copied.
    CopyingHead,
    /// Reading a piece of its body.
    CopyingBody,
    Writing,
}

impl<F: NorFlash, const N: usize> Log<F, N> {
    pub fn new(region: Region<F>) -> Self {
        Log {
            region,
            index: Index::new(),
            newest: 0,
            at: 0,
            released: 0,
            next_serial: 1,
            known: false,
            last_counts: true,
            doing: Doing::Nothing,
            walk: Walk::new(),
            address: 0,
            length: 0,
            piece: [0; PIECE],
            writes: [0; PIECE],
            news: 0,
            number: 0,
            collecting: false,
            collected: 0,
            serial: 0,
            source: 0,
            source_is_sound: false,
        }
    }

    /// Room of the longest entry.
    pub const fn longest() -> u32 {
        Region::<F>::padded(HEAD_MAX) + Region::<F>::padded(BODY_MAX) + Region::<F>::padded(RECORD_MARK.len())
    }

    /// Forgets what it was doing for a job that is not gone on with.
    pub fn start(&mut self) {
        self.doing = Doing::Nothing;
    }

    /// What is to be done next for a job.
    pub fn go_on(&mut self, job: &mut Job<'_>) -> Next {
        match self.doing {
            Doing::Nothing => self.begin(job),
            Doing::FindingEnds | Doing::FillingIndex | Doing::Loading | Doing::CopyingHead => {
                match self.walk.take(&self.region, &self.piece, job.room) {
                    Seen::Part if self.walk.look >= Region::<F>::PAGE => {
                        self.read(self.walk.page.saturating_add(1), 0)
                    }
                    Seen::Part => self.read(self.walk.page, self.walk.look),
                    Seen::Entry => self.entry(job),
                    Seen::End => self.end_of_page(job),
                }
            }
            Doing::Erasing => {
                if !is_blank(&self.piece) {
                    return Next::Stopped(Stopped::ReadBack);
                }
                let look = self.walk.look.wrapping_add(PIECE as u32);
                if look < Region::<F>::PAGE {
                    self.walk.look = look;
                    return self.read(self.walk.page, look);
                }
                (self.newest, self.at) = (self.walk.page, 0);
                self.make_room(job)
            }
            Doing::CopyingBody => self.write_part(job),
            Doing::Writing => {
                if self.piece.get(..self.length) != self.writes.get(..self.length) {
                    return Next::Stopped(Stopped::ReadBack);
                }
                self.walk.look = self.walk.look.wrapping_add(self.length as u32);
                self.write_part(job)
            }
        }
    }

    fn begin(&mut self, job: &mut Job<'_>) -> Next {
        if !self.known {
            self.doing = Doing::FindingEnds;
            (self.newest, self.at, self.released, self.next_serial, self.news) = (0, 0, 0, 1, 0);
            return self.look_through(For::Ends, 0);
        }
        match job.work {
            Work::Ready => Next::Done,
            Work::Load(position) => self.load(self.index.charge(position).map(Slot::sound), job),
            Work::LoadMark => self.load(self.index.find("").map(Slot::sound), job),
            Work::Append | Work::Finish => self.append(job),
        }
    }

    fn read(&mut self, page: u32, at: u32) -> Next {
        self.address = self.region.address(page, at);
        self.length = (Region::<F>::PAGE.wrapping_sub(at) as usize).min(PIECE);
        Next::Read
    }

    fn look_through(&mut self, what: For, page: u32) -> Next {
        self.walk.start(what, page, 0);
        self.read(page, 0)
    }

    fn look_at(&mut self, what: For, place: Place) -> Next {
        self.serial = place.serial;
        self.walk.start(what, place.page, place.at);
        self.read(place.page, place.at)
    }

    fn free(&self) -> u32 {
        self.region.pages.saturating_sub(self.newest.saturating_sub(self.released))
    }
}
