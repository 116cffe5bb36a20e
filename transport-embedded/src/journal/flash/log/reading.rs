//! Reads the flash: which pages hold the log, what they hold, and a record of it.

use embedded_storage_async::nor_flash::NorFlash;

use super::{Doing, Job, Loaded, Log, Next, Stopped};
use crate::copying::copy;
use crate::journal::RECORD_MARK;
use crate::journal::flash::entry::Kind;
use crate::journal::flash::index::Place;
use crate::journal::flash::walk::For;

impl<F: NorFlash, const N: usize> Log<F, N> {
    pub(super) fn entry(&mut self, job: &mut Job<'_>) -> Next {
        let head = &self.walk.head;
        if self.doing == Doing::FillingIndex {
            self.last_counts = self.walk.committed;
        }
        match self.doing {
            Doing::Loading => return self.loaded(job, true),
            Doing::CopyingHead => return self.copy(job),
            Doing::FindingEnds => {
                self.newest = self.newest.max(head.page());
                self.next_serial = self.next_serial.max(head.serial().saturating_add(1));
                if head.is_news() {
                    self.news = self.news.max(head.page());
                }
                if head.is(Kind::Released) && self.walk.committed {
                    self.released = self.released.max(head.number());
                }
            }
            _ if !self.walk.committed || head.is(Kind::Released) => {}
            _ if head.is(Kind::Finished) => self.index.remove(head.number()),
            _ => {
                if !self.index.add(head, self.walk.at, self.walk.is_sound()) {
                    return Next::Stopped(Stopped::TooManyCharges);
                }
            }
        }
        if self.walk.goes_on::<F>() {
            return self.read(self.walk.page, self.walk.look);
        }
        self.end_of_page(job)
    }

    pub(super) fn end_of_page(&mut self, job: &mut Job<'_>) -> Next {
        let next = self.walk.page.saturating_add(1);
        match self.doing {
            Doing::Loading => return self.loaded(job, false),
            // It was there when the index was filled.
            Doing::CopyingHead => return Next::Stopped(Stopped::ReadBack),
            Doing::FindingEnds if next < self.region.pages => return self.look_through(For::Ends, next),
            Doing::FindingEnds => {
                self.find_ends();
                self.index.clear();
                self.last_counts = true;
                self.doing = Doing::FillingIndex;
                if self.newest > self.released {
                    return self.look_through(For::Entries, self.released.saturating_add(1));
                }
            }
            _ if next <= self.newest => return self.look_through(For::Entries, next),
            _ => self.at = self.walk.at,
        }
        self.known = true;
        self.begin(job)
    }

    /// Without a free page, a collection was interrupted. The newest page holds nothing but copies then, and is free.
    fn find_ends(&mut self) {
        let before = self.newest.saturating_sub(self.region.pages);
        self.released = self.released.max(before);
        self.walk.damaged = 0;
        if self.free() > 0 {
            return;
        }
        if self.news == self.newest {
            // It was finished, and its `Released` was damaged.
            self.released = before.saturating_add(1);
            self.walk.damaged = 1;
        } else {
            self.newest = self.newest.saturating_sub(1);
        }
    }

    /// Loads the newest record that is not damaged, if there is such a charge.
    pub(super) fn load(&mut self, sound: Option<(Place, bool)>, job: &mut Job<'_>) -> Next {
        let Some((sound, is_newest)) = sound else { return Next::Done };
        job.loaded = if is_newest { Loaded::Whole(0) } else { Loaded::Damaged(0) };
        if sound.serial == 0 {
            return Next::Done;
        }
        self.doing = Doing::Loading;
        self.look_at(For::One, sound)
    }

    /// What was loaded is the record, or the flash is read again, once: the record was damaged meanwhile.
    fn loaded(&mut self, job: &mut Job<'_>, found: bool) -> Next {
        let length = self.walk.head.body_length();
        let sound = found && self.walk.is_sound() && self.walk.head.serial() == self.serial;
        let mark = job.room.get_mut(length..).filter(|_| sound).and_then(|room| copy(&RECORD_MARK, room));
        if mark.is_some() {
            let length = length.wrapping_add(RECORD_MARK.len());
            job.loaded = match job.loaded {
                Loaded::Damaged(_) => Loaded::Damaged(length),
                _ => Loaded::Whole(length),
            };
            return Next::Done;
        }
        if job.again {
            job.loaded = Loaded::Damaged(0);
            return Next::Done;
        }
        (job.again, job.loaded, self.known) = (true, Loaded::Nothing, false);
        self.begin(job)
    }
}
