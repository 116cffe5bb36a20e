//! The jobs of our images: a desk with its link and its storage.

use caas_core::charge::RECORD_MAX;
use caas_transport_embedded::journal::FlashJournal;

use crate::desk::Desk;
use crate::flash::{BYTES, RamFlash};
use crate::link::{Answers, Direct, Flash, HTTP_BUFFER, Http, Ram, framing_alone, over_connection};
use crate::meter::Blind;
use crate::scripts::Script;

/// Sells without HTTP.
pub struct DirectSeller {
    desk: Desk,
    script: Script,
    record: [u8; RECORD_MAX],
}

impl DirectSeller {
    /// A seller for a script.
    pub fn new(script: Script) -> Option<Self> {
        Some(DirectSeller { desk: Desk::new(script)?, script, record: [0; RECORD_MAX] })
    }

    /// Sells once.
    pub fn sell(&'static mut self) -> bool {
        let mut link = Direct(Answers::new(self.script.answers));
        let mut keep = Ram { record: &mut self.record, length: 0 };
        self.desk.sell(&mut link, &mut keep, &mut Blind)
    }
}

/// Sells over HTTP without futures.
pub struct FramedSeller(HttpSeller);

impl FramedSeller {
    /// A seller for a script.
    pub fn new(script: Script) -> Option<Self> {
        HttpSeller::new(script).map(FramedSeller)
    }

    /// Sells once.
    pub fn sell(&'static mut self) -> bool {
        let seller = &mut self.0;
        let answers = Answers::new(seller.script.answers);
        let (host, buffer) = (seller.script.host, &mut seller.http);
        let mut link = Http { answers, host, buffer, exchange: framing_alone };
        let mut keep = Ram { record: &mut seller.record, length: 0 };
        seller.desk.sell(&mut link, &mut keep, &mut Blind)
    }
}

/// Sells over HTTP.
pub struct HttpSeller {
    desk: Desk,
    script: Script,
    http: [u8; HTTP_BUFFER],
    record: [u8; RECORD_MAX],
}

impl HttpSeller {
    /// A seller for a script.
    pub fn new(script: Script) -> Option<Self> {
        let desk = Desk::new(script)?;
        Some(HttpSeller { desk, script, http: [0; HTTP_BUFFER], record: [0; RECORD_MAX] })
    }

    /// Sells once.
    pub fn sell(&'static mut self) -> bool {
        let answers = Answers::new(self.script.answers);
        let (host, buffer) = (self.script.host, &mut self.http);
        let mut link = Http { answers, host, buffer, exchange: over_connection };
        let mut keep = Ram { record: &mut self.record, length: 0 };
        self.desk.sell(&mut link, &mut keep, &mut Blind)
    }
}

/// Sells over HTTP, with the journal in flash.
pub struct JournalSeller {
    desk: Desk,
    script: Script,
    http: [u8; HTTP_BUFFER],
    keep: Flash,
}

impl JournalSeller {
    /// A seller for a script.
    pub fn new(script: Script) -> Option<Self> {
        let desk = Desk::new(script)?;
        let journal = FlashJournal::new(RamFlash::new(), 0..BYTES).ok()?;
        let keep = Flash { journal, buffer: [0; RECORD_MAX] };
        Some(JournalSeller { desk, script, http: [0; HTTP_BUFFER], keep })
    }

    /// Sells once.
    pub fn sell(&'static mut self) -> bool {
        let answers = Answers::new(self.script.answers);
        let (host, buffer) = (self.script.host, &mut self.http);
        let mut link = Http { answers, host, buffer, exchange: over_connection };
        self.desk.sell(&mut link, &mut self.keep, &mut Blind)
    }
}
