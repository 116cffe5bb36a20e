//! Goes through the entries of one page, piece by piece: it says where the next piece stands, and is given it.

use embedded_storage_async::nor_flash::NorFlash;

use super::entry::{FIXED, HEAD_MAX, Head, Kind, PIECE, first_word, is_begun, is_blank, is_on_edge};
use super::region::Region;
use super::sum::Checksum;
use crate::copying::copy;
use crate::journal::RECORD_MARK;

/// What is looked for in a page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Heads and marks, of any page that belongs into this place.
    Ends,
    /// Whole entries.
    Entries,
    /// The one entry that stands here.
    One,
    /// The head of the one entry that stands here.
    Head,
}

/// What a piece has brought.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// Nothing yet: the piece at [`Walk::look`] is wanted.
    Part,
    /// An entry.
    Entry,
    /// The end: nothing more can be written behind [`Walk::at`].
    End,
}

#[repr(C)]
pub struct Walk {
    what: For,
    /// Whether the head was read: body and mark are next.
    in_body: bool,
    /// Whether the entry's mark was begun: it was committed.
    pub committed: bool,
    /// Whether the mark is torn, and the next entry is looked for, which says what it means.
    is_torn: bool,
    /// Whether more than a begun head stands where a head is lost.
    lost_more: bool,
    /// The page, or, for [`For::Ends`], its place.
    pub page: u32,
    /// The entry, or where one is looked for; the page's end if nothing more can be written to it.
    pub at: u32,
    /// Its body, its mark, and what is behind it.
    pub body_at: u32,
    pub mark_at: u32,
    pub end: u32,
    /// The piece that is wanted.
    pub look: u32,
    sum: Checksum,
    /// Where a head cannot be read any more; a good one is looked for behind it.
    lost: Option<u32>,
    /// Entries whose heads cannot be read any more.
    pub damaged: u32,
    /// The entry's head.
    pub head: Head,
}

impl Walk {
    pub const fn new() -> Self {
        Walk {
            what: For::Ends,
            page: 0,
            at: 0,
            body_at: 0,
            mark_at: 0,
            end: 0,
            look: 0,
            head: Head::NONE,
            in_body: false,
            sum: Checksum::new(),
            committed: false,
            is_torn: false,
            lost: None,
            lost_more: false,
            damaged: 0,
        }
    }

    /// Begins at a place of a page.
    pub fn start(&mut self, what: For, page: u32, at: u32) {
        (self.what, self.page, self.lost) = (what, page, None);
        self.look_for_head(at);
    }

    /// Goes on behind an entry, if there is room for another.
    pub fn goes_on<F: NorFlash>(&mut self) -> bool {
        let at = self.end;
        self.look_for_head(at);
        has_room::<F>(at)
    }

    /// Takes the piece at [`look`](Walk::look). A body is copied to `room` as far as that goes.
    pub fn take<F: NorFlash>(&mut self, region: &Region<F>, piece: &[u8; PIECE], room: &mut [u8]) -> Seen {
        if !self.in_body {
            return self.take_head(region, piece);
        }
        let left = self.mark_at.wrapping_sub(self.look) as usize;
        if self.is_torn {
            return self.take_next_head::<F>(piece);
        }
        if left == 0 {
            let mark = first_word(piece);
            self.committed = is_begun(mark);
            if self.what != For::Entries || !is_on_edge(mark) {
                return Seen::Entry;
            }
            (self.is_torn, self.look) = (true, self.end);
            return self.look_for_next::<F>();
        }
        let done = self.look.wrapping_sub(self.body_at) as usize;
        let rest = self.head.body_length().saturating_sub(done);
        let body = piece.get(..rest).unwrap_or(piece);
        self.sum.add(body);
        let _ = room.get_mut(done..).and_then(|room| copy(body, room));
        self.look = self.look.wrapping_add(left.min(PIECE) as u32);
        Seen::Part
    }

    /// Whether the body is what it was when the head was written.
    pub fn is_sound(&self) -> bool {
        self.sum.value() == self.head.body_crc()
    }

    /// Says where the parts of the entry stand.
    #[inline(never)]
    pub fn lay_out<F: NorFlash>(&mut self, at: u32) {
        self.at = at;
        self.body_at = at.wrapping_add(Region::<F>::padded(self.head.length()));
        self.mark_at = self.body_at.wrapping_add(Region::<F>::padded(self.head.body_length()));
        self.end = self.mark_at.wrapping_add(Region::<F>::padded(RECORD_MARK.len()));
    }

    fn look_for_head(&mut self, at: u32) {
        (self.at, self.look, self.in_body, self.is_torn) = (at, at, false, false);
    }

    /// Looks for the next entry's head in this page, and then at the start of the next one.
    fn look_for_next<F: NorFlash>(&mut self) -> Seen {
        if !has_room::<F>(self.look) {
            self.look = Region::<F>::PAGE;
        }
        Seen::Part
    }

    /// What the next entry says of a torn mark. A head that was begun only says nothing.
    fn take_next_head<F: NorFlash>(&mut self, piece: &[u8; PIECE]) -> Seen {
        let is_behind = self.look >= Region::<F>::PAGE;
        let mut next = Head::NONE;
        let page = self.page.saturating_add(is_behind.into());
        let is_first = is_behind || self.look == self.end;
        if (next.read(piece) || (is_first && next.mend(piece))) && next.page() == page {
            self.committed = next.before_counts();
            return Seen::Entry;
        }
        if is_behind {
            return Seen::Entry;
        }
        let is_end = piece.get(..FIXED).is_none_or(is_blank);
        self.look = if is_end { Region::<F>::PAGE } else { self.look.wrapping_add(Region::<F>::padded(1)) };
        self.look_for_next::<F>()
    }

    fn take_head<F: NorFlash>(&mut self, region: &Region<F>, piece: &[u8; PIECE]) -> Seen {
        let is_lost = self.lost.is_some();
        if !is_lost && piece.get(..FIXED).is_none_or(is_blank) {
            return Seen::End;
        }
        if (self.head.read(piece) || (!is_lost && self.head.mend(piece))) && self.fits(region) {
            self.damaged = self.damaged.saturating_add(is_lost.into());
            (self.lost, self.in_body, self.sum) = (None, true, Checksum::new());
            self.look = match self.what {
                For::Head => return Seen::Entry,
                For::Ends => self.mark_at,
                For::Entries | For::One => self.body_at,
            };
            return Seen::Part;
        }
        match self.what {
            For::Head | For::One => Seen::End,
            For::Ends | For::Entries => self.look_behind::<F>(piece),
        }
    }

    /// A head that does not fit into this page is none.
    fn fits<F: NorFlash>(&mut self, region: &Region<F>) -> bool {
        self.lay_out::<F>(self.at);
        let page = match self.what {
            For::Ends => region.place(self.head.page()),
            _ => self.head.page(),
        };
        let short = self.head.is(Kind::Finished) || self.head.is(Kind::Released);
        page == self.page && self.end <= Region::<F>::PAGE && (!short || self.head.body_length() == 0)
    }

    /// Goes on at the next word. If no head comes, it was a head that was begun when the power went, or, if more stands
    /// behind it than a head, an entry that was damaged.
    fn look_behind<F: NorFlash>(&mut self, piece: &[u8; PIECE]) -> Seen {
        if self.lost.is_none() {
            self.lost_more = false;
        }
        let begun = *self.lost.get_or_insert(self.at);
        let behind = begun.wrapping_add(Region::<F>::padded(HEAD_MAX)).saturating_sub(self.at) as usize;
        self.lost_more |= piece.get(behind..).is_some_and(|piece| !is_blank(piece));
        let at = self.at.wrapping_add(Region::<F>::padded(1));
        self.look_for_head(at);
        if has_room::<F>(at) {
            return Seen::Part;
        }
        self.damaged = self.damaged.saturating_add(self.lost_more.into());
        self.at = Region::<F>::PAGE;
        Seen::End
    }
}

/// Whether a page has room for an entry there, at least a short one.
pub fn has_room<F: NorFlash>(at: u32) -> bool {
    at.wrapping_add(Region::<F>::SHORT) <= Region::<F>::PAGE
}
