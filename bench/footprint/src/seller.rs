//! The jobs of our images: a desk with its link and its storage. Their buffers are statics, as a firmware's are.

use caas_core::charge::{BUFFER_MAX, RECORD_MAX};
use caas_core::credentials::Credentials;
use caas_transport_embedded::journal::FlashJournal;

use crate::desk::Desk;
use crate::flash::{BYTES, RamFlash};
use crate::link::{
    Answers, Direct, Exchange, Flash, HTTP_BUFFER, Http, Keep, Link, Ram, framing_alone, over_connection,
};
use crate::machine::{Buffer, Place};
use crate::meter::Blind;

static REQUEST: Buffer<BUFFER_MAX> = Buffer::new();
static HTTP: Buffer<HTTP_BUFFER> = Buffer::new();
static RECORD: Buffer<RECORD_MAX> = Buffer::new();

static CREDENTIALS: Place<Credentials> = Place::new();

/// Sells without HTTP.
pub fn sell_directly(desk: &'static mut Desk) -> bool {
    let mut link = Direct(Answers::new(desk.script.answers));
    sell_over(desk, &mut link, &mut ram())
}

/// Sells over HTTP without futures.
pub fn sell_framed(desk: &'static mut Desk) -> bool {
    let mut link = http(desk, framing_alone);
    sell_over(desk, &mut link, &mut ram())
}

/// Sells over HTTP.
pub fn sell(desk: &'static mut Desk) -> bool {
    let mut link = http(desk, over_connection);
    sell_over(desk, &mut link, &mut ram())
}

/// Sells over HTTP, with the journal in flash.
pub struct JournalSeller {
    desk: Desk,
    keep: Flash,
}

impl JournalSeller {
    /// A seller at this desk.
    pub fn new(desk: Desk) -> Option<Self> {
        let journal = FlashJournal::new(RamFlash::new(), 0..BYTES).ok()?;
        Some(JournalSeller { desk, keep: Flash { journal, buffer: RECORD.take() } })
    }

    /// Sells once.
    pub fn sell(&'static mut self) -> bool {
        let mut link = http(&self.desk, over_connection);
        sell_over(&mut self.desk, &mut link, &mut self.keep)
    }
}

fn sell_over(desk: &mut Desk, link: &mut impl Link, keep: &mut impl Keep) -> bool {
    let Some(credentials) = CREDENTIALS.fill(|place| Some(place.write(Credentials::default()))) else {
        return false;
    };
    desk.sell(credentials, REQUEST.take(), link, keep, &mut Blind)
}

fn http(desk: &Desk, exchange: Exchange) -> Http {
    let script = &desk.script;
    Http { answers: Answers::new(script.answers), host: script.host, buffer: HTTP.take(), exchange }
}

fn ram() -> Ram<'static> {
    Ram { record: RECORD.take(), length: 0 }
}
