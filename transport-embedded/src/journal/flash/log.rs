//! The log: entries are appended page by page, the oldest page gives its room back.
//!
//! A page is collected when only one is free: what is still needed of the oldest is copied to the newest, then a
//! `Released` says that it is not needed any more. It is erased when it is opened again, right before its first entry,
//! so an erase that was interrupted is always repeated. As long as the `Released` is not there, the copies are nothing
//! but copies: a cut loses nothing, and a page that holds only copies while none is free is begun anew.

use caas_core::charge::RECORD_MAX;
use embedded_storage_async::nor_flash::NorFlash;
use heapless::String;

use super::entry::{BODY_MAX, CRC, HEAD_MAX, Head, Kind, PIECE};
use super::index::{Index, Place};
use super::region::Region;
use super::walk::{Entry, Numbered, Walk};
use crate::copying::copy;
use crate::journal::{JournalError, RECORD_MARK};

pub struct Log<F, const N: usize> {
    pub region: Region<F>,
    pub index: Index<N>,
    /// The page that is written to; 0: none yet.
    newest: u32,
    /// Where the next entry goes in it.
    at: u32,
    /// Pages up to this number are free.
    released: u32,
    next_serial: u32,
    /// Entries of unknown charges that are damaged.
    pub damaged: u32,
    /// Whether all of this is what the flash holds. Not after a write that failed or was dropped.
    known: bool,
}

/// Where a body comes from.
enum Body<'b> {
    Bytes(&'b [u8]),
    Place { page: u32, at: u32 },
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
            damaged: 0,
            known: false,
        }
    }

    /// Room of the longest entry.
    pub const fn longest() -> u32 {
        Region::<F>::padded(HEAD_MAX) + Region::<F>::padded(BODY_MAX) + Region::<F>::padded(RECORD_MARK.len())
    }

    /// Reads the flash, unless what it holds is known. Writes nothing.
    pub async fn ready(&mut self) -> Result<(), JournalError<F::Error>> {
        if self.known {
            return Ok(());
        }
        self.find_ends().await?;
        self.drop_unfinished_copies().await?;
        self.fill_index().await?;
        self.known = true;
        Ok(())
    }

    /// What the flash holds is to be read again.
    pub fn forget(&mut self) {
        self.known = false;
    }

    /// Appends the newest record of a sale.
    pub async fn append(&mut self, sale: &str, body: &[u8]) -> Result<(), JournalError<F::Error>> {
        let serial = self.next_serial;
        let number = match self.index.find(sale) {
            Some(slot) => slot.number,
            None if self.index.has_room_for(sale) => serial,
            None => return Err(JournalError::Full),
        };
        let head = Head {
            kind: Kind::Record,
            body_length: u16::try_from(body.len()).map_err(|_| JournalError::NotARecord)?,
            page: 0,
            number,
            serial,
            body_crc: CRC.checksum(body),
            sale: String::try_from(sale).map_err(|_| JournalError::NotARecord)?,
        };
        let (head, at) = self.commit(head, Body::Bytes(body)).await?;
        self.index.add(&head, at, true).map_err(|()| JournalError::Full)
    }

    /// Appends that a sale is put away.
    pub async fn finish(&mut self, sale: &str) -> Result<(), JournalError<F::Error>> {
        let Some(slot) = self.index.find(sale) else { return Ok(()) };
        let head = Head { serial: self.next_serial, ..short(Kind::Finished, slot.number) };
        let (head, _) = self.commit(head, Body::Bytes(&[])).await?;
        self.index.remove(head.number);
        Ok(())
    }

    /// Copies the body of an entry, and the mark behind it, to the buffer; `None` if it is damaged.
    pub async fn load<'b>(
        &mut self,
        place: Place,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Result<Option<&'b [u8]>, JournalError<F::Error>> {
        let Some(entry) = self.entry_at(place).await? else { return Ok(None) };
        let length = usize::from(entry.head.body_length);
        let mut at = entry.body_at::<F>();
        let Some(body) = buffer.get_mut(..length) else { return Ok(None) };
        for chunk in body.chunks_mut(PIECE) {
            let piece = self.region.piece(place.page, at).await?;
            for (to, from) in chunk.iter_mut().zip(&piece) {
                *to = *from;
            }
            at = at.saturating_add(PIECE as u32);
        }
        if CRC.checksum(body) != entry.head.body_crc {
            return Ok(None);
        }
        let end = length.saturating_add(RECORD_MARK.len());
        let mark = buffer.get_mut(length..).and_then(|mark| copy(&RECORD_MARK, mark));
        Ok(mark.and_then(|()| buffer.get(..end)))
    }

    fn free(&self) -> u32 {
        self.region.pages.saturating_sub(self.newest.saturating_sub(self.released))
    }

    fn oldest(&self) -> u32 {
        self.released.saturating_add(1)
    }

    fn is_open(&self) -> bool {
        self.newest > self.released
    }

    /// Finds the newest page, the newest `Released` and the largest serial.
    async fn find_ends(&mut self) -> Result<(), JournalError<F::Error>> {
        (self.newest, self.at, self.released, self.next_serial) = (0, 0, 0, 1);
        for place in 0..self.region.pages {
            let mut walk = Walk::new(place, Numbered::InPlace);
            while let Some(entry) = walk.next(&mut self.region).await? {
                let head = &entry.head;
                self.newest = self.newest.max(head.page);
                self.next_serial = self.next_serial.max(head.serial.saturating_add(1));
                if head.kind == Kind::Released && entry.committed {
                    self.released = self.released.max(head.number);
                }
            }
        }
        self.released = self.released.max(self.newest.saturating_sub(self.region.pages));
        Ok(())
    }

    /// Without a free page, a collection was interrupted. The newest page holds nothing but copies then, and is free.
    async fn drop_unfinished_copies(&mut self) -> Result<(), JournalError<F::Error>> {
        self.damaged = 0;
        if self.free() > 0 {
            return Ok(());
        }
        let mut walk = Walk::new(self.newest, Numbered::Exactly);
        let mut is_news = false;
        while let Some(entry) = walk.next(&mut self.region).await? {
            is_news |= matches!(entry.head.kind, Kind::Record | Kind::Finished);
        }
        if is_news {
            // It was finished, and its `Released` was damaged.
            self.released = self.newest.saturating_sub(self.region.pages).saturating_add(1);
            self.damaged = 1;
        } else {
            self.newest = self.newest.saturating_sub(1);
        }
        Ok(())
    }

    async fn fill_index(&mut self) -> Result<(), JournalError<F::Error>> {
        self.index.clear();
        for page in self.oldest()..=self.newest {
            let mut walk = Walk::new(page, Numbered::Exactly);
            while let Some(entry) = walk.next(&mut self.region).await? {
                match entry.head.kind {
                    _ if !entry.committed => {}
                    Kind::Record | Kind::Copy => {
                        let sound = entry.is_sound(&mut self.region).await?;
                        let added = self.index.add(&entry.head, entry.at, sound);
                        added.map_err(|()| JournalError::TooManyCharges)?;
                    }
                    Kind::Finished => self.index.remove(entry.head.number),
                    Kind::Released => {}
                }
            }
            self.damaged = self.damaged.saturating_add(walk.damaged);
            self.at = walk.at;
        }
        Ok(())
    }

    /// Writes something new, after making room for it. What is in memory counts again only when all of it is done.
    async fn commit(&mut self, head: Head, body: Body<'_>) -> Result<(Head, u32), JournalError<F::Error>> {
        self.known = false;
        self.make_room(size::<F>(&head)).await?;
        let serial = head.serial;
        let written = self.write(head, body).await?;
        self.next_serial = serial.saturating_add(1);
        self.known = true;
        Ok(written)
    }

    /// Each pass collects a page; when all were collected, what is needed stands as closely as it can.
    async fn make_room(&mut self, size: u32) -> Result<(), JournalError<F::Error>> {
        for _ in 0..self.region.pages.saturating_mul(2) {
            if self.is_open() && self.fits(size) {
                return Ok(());
            }
            if self.free() >= 2 {
                return self.open().await;
            }
            self.collect().await?;
        }
        Err(JournalError::Full)
    }

    /// The end of each page is kept for a `Released`, so that one can always be written.
    fn fits(&self, size: u32) -> bool {
        self.at.saturating_add(size).saturating_add(Region::<F>::SHORT) <= Region::<F>::PAGE
    }

    async fn open(&mut self) -> Result<(), JournalError<F::Error>> {
        if self.free() == 0 {
            return Err(JournalError::Full);
        }
        let page = self.newest.saturating_add(1);
        self.region.erase(page).await?;
        (self.newest, self.at) = (page, 0);
        Ok(())
    }

    async fn collect(&mut self) -> Result<(), JournalError<F::Error>> {
        let page = self.oldest();
        while let Some(place) = self.index.needed_in(page) {
            self.copy(place).await?;
        }
        if self.at.saturating_add(Region::<F>::SHORT) > Region::<F>::PAGE {
            self.open().await?;
        }
        self.write(short(Kind::Released, page), Body::Bytes(&[])).await?;
        self.released = page;
        Ok(())
    }

    /// Copies an entry as it is: a damaged one stays one.
    async fn copy(&mut self, place: Place) -> Result<(), JournalError<F::Error>> {
        // It was there when the index was filled.
        let entry = self.entry_at(place).await?.ok_or(JournalError::ReadBack)?;
        if !self.fits(entry.size::<F>()) {
            self.open().await?;
        }
        let body = Body::Place { page: place.page, at: entry.body_at::<F>() };
        let (head, at) = self.write(Head { kind: Kind::Copy, ..entry.head }, body).await?;
        self.index.moved(head.number, head.serial, head.page, at);
        Ok(())
    }

    async fn entry_at(&mut self, place: Place) -> Result<Option<Entry>, JournalError<F::Error>> {
        let mut walk = Walk::new(place.page, Numbered::Exactly);
        walk.at = place.at;
        let entry = walk.next(&mut self.region).await?;
        Ok(entry.filter(|entry| entry.at == place.at && entry.head.serial == place.serial))
    }

    /// Head, body, reading each back, and the mark last.
    async fn write(&mut self, head: Head, body: Body<'_>) -> Result<(Head, u32), JournalError<F::Error>> {
        let head = Head { page: self.newest, ..head };
        let entry = Entry { head, at: self.at, committed: false };
        let (page, sale) = (self.newest, entry.head.sale.len());
        let bytes = entry.head.write();
        let length = super::entry::FIXED.saturating_add(sale);
        self.region.write(page, entry.at, bytes.get(..length).unwrap_or(&[])).await?;
        self.write_body(entry.body_at::<F>(), entry.head.body_length.into(), body).await?;
        let mark_at = entry.end::<F>().saturating_sub(Region::<F>::padded(RECORD_MARK.len()));
        self.region.write(page, mark_at, &RECORD_MARK).await?;
        self.at = entry.end::<F>();
        Ok((entry.head, entry.at))
    }

    async fn write_body(
        &mut self,
        mut at: u32,
        length: usize,
        body: Body<'_>,
    ) -> Result<(), JournalError<F::Error>> {
        let mut done: usize = 0;
        while done < length {
            let count = length.saturating_sub(done).min(PIECE);
            let mut piece = [0xFF; PIECE];
            match body {
                Body::Bytes(bytes) => {
                    let end = done.saturating_add(count);
                    let from = bytes.get(done..end).ok_or(JournalError::NotARecord)?;
                    copy(from, &mut piece).ok_or(JournalError::NotARecord)?;
                }
                Body::Place { page, at } => {
                    let offset = u32::try_from(done).unwrap_or(u32::MAX);
                    piece = self.region.piece(page, at.saturating_add(offset)).await?;
                }
            }
            self.region.write(self.newest, at, piece.get(..count).unwrap_or(&[])).await?;
            at = at.saturating_add(PIECE as u32);
            done = done.saturating_add(count);
        }
        Ok(())
    }
}

fn short(kind: Kind, number: u32) -> Head {
    Head { kind, body_length: 0, page: 0, number, serial: 0, body_crc: 0, sale: String::new() }
}

fn size<F: NorFlash>(head: &Head) -> u32 {
    let head_length = super::entry::FIXED.saturating_add(head.sale.len());
    Region::<F>::padded(head_length)
        .saturating_add(Region::<F>::padded(head.body_length.into()))
        .saturating_add(Region::<F>::padded(RECORD_MARK.len()))
}
