//! Appends an entry: makes room, which may be to copy others, and writes it.

use embedded_storage_async::nor_flash::NorFlash;

use super::{Doing, Job, Log, Next, Stopped, Work};
use crate::journal::RECORD_MARK;
use crate::journal::flash::entry::{Kind, PIECE, fill};
use crate::journal::flash::region::Region;
use crate::journal::flash::walk::{For, has_room};

impl<F: NorFlash, const N: usize> Log<F, N> {
    pub(super) fn append(&mut self, job: &mut Job<'_>) -> Next {
        self.number = match self.index.find(job.sale) {
            Some(slot) => slot.number,
            None if job.work == Work::Finish => return Next::Done,
            None if self.index.has_room_for(job.sale) => self.next_serial,
            None => return Next::Stopped(Stopped::Full),
        };
        if job.work == Work::Finish {
            // The number says it.
            job.sale = "";
        }
        (self.known, self.collecting, self.collected) = (false, false, 0);
        self.make_room(job)
    }

    /// Makes room, and then writes what is new. Each time something of this is done, this says what is next.
    pub(super) fn make_room(&mut self, job: &mut Job<'_>) -> Next {
        if !self.collecting {
            let kind = if job.work == Work::Finish { Kind::Finished } else { Kind::Record };
            self.walk.head.write(kind, self.number, self.next_serial, job.sale.as_bytes(), job.body);
            if self.fits() && self.newest > self.released {
                return self.write(job);
            }
            if self.free() >= 2 {
                return self.open();
            }
            // When all pages were collected, what is needed stands as closely as it can.
            self.collected = self.collected.saturating_add(1);
            if self.collected > self.region.pages.saturating_mul(2) {
                return Next::Stopped(Stopped::Full);
            }
            self.collecting = true;
        }
        let page = self.released.saturating_add(1);
        if let Some((place, sound)) = self.index.needed_in(page) {
            (self.doing, self.source_is_sound) = (Doing::CopyingHead, sound);
            return self.look_at(For::Head, place);
        }
        if !has_room::<F>(self.at) {
            return self.open();
        }
        self.walk.head.write(Kind::Released, page, 0, &[], &[]);
        self.walk.lay_out::<F>(self.at);
        self.write(job)
    }

    /// Whether the entry fits into the newest page. The end of each page is kept for a `Released`, so that one can always
    /// be written.
    fn fits(&mut self) -> bool {
        self.walk.lay_out::<F>(self.at);
        has_room::<F>(self.walk.end)
    }

    fn open(&mut self) -> Next {
        if self.free() == 0 {
            return Next::Stopped(Stopped::Full);
        }
        self.doing = Doing::Erasing;
        self.look_through(For::Head, self.newest.saturating_add(1));
        Next::Erase
    }

    /// Copies an entry as it is: a damaged one stays one.
    pub(super) fn copy(&mut self, job: &mut Job<'_>) -> Next {
        if self.walk.head.serial() != self.serial {
            return Next::Stopped(Stopped::ReadBack);
        }
        self.source = self.region.address(self.walk.page, self.walk.body_at);
        if !self.fits() {
            return self.open();
        }
        self.walk.head.set_copy();
        self.write(job)
    }

    /// Writes an entry to the newest page: head, body, reading each back, and the mark last.
    fn write(&mut self, job: &mut Job<'_>) -> Next {
        self.walk.head.seal(self.newest, self.last_counts);
        self.walk.look = self.at;
        self.write_part(job)
    }

    pub(super) fn write_part(&mut self, job: &mut Job<'_>) -> Next {
        let walk = &self.walk;
        let done = walk.look.wrapping_sub(walk.body_at) as usize;
        let part = if walk.look == walk.at {
            walk.head.bytes()
        } else if walk.look < walk.mark_at {
            let rest = walk.head.body_length().saturating_sub(done).min(PIECE);
            if !walk.head.is(Kind::Copy) {
                job.body.get(done..).and_then(|body| body.get(..rest)).unwrap_or(&[])
            } else if self.doing == Doing::CopyingBody {
                self.piece.get(..rest).unwrap_or(&[])
            } else {
                self.doing = Doing::CopyingBody;
                self.address = self.source.wrapping_add(done as u32);
                self.length = Region::<F>::padded(rest) as usize;
                return Next::Read;
            }
        } else if walk.look == walk.mark_at {
            &RECORD_MARK
        } else {
            return self.written(job);
        };
        fill(&mut self.writes, part);
        self.doing = Doing::Writing;
        let length = Region::<F>::padded(part.len()) as usize;
        self.read(self.newest, self.walk.look);
        self.length = length;
        Next::Write
    }

    fn written(&mut self, job: &mut Job<'_>) -> Next {
        let head = &self.walk.head;
        (self.at, self.last_counts) = (self.walk.look, true);
        if head.is(Kind::Released) {
            (self.released, self.collecting) = (head.number(), false);
        } else if head.is(Kind::Finished) {
            self.index.remove(head.number());
        } else {
            let sound = head.is(Kind::Record) || self.source_is_sound;
            if !self.index.add(head, self.walk.at, sound) {
                return Next::Stopped(Stopped::Full);
            }
        }
        if !head.is_news() {
            return self.make_room(job);
        }
        self.next_serial = self.next_serial.saturating_add(1);
        self.known = true;
        Next::Done
    }
}
