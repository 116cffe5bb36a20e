//! The disk: the newest record that is durable, and the one that is being written.

use std::sync::Arc;

use caas_core::charge::{Charge, PersistToken, Release, Review, Sale};

/// A record, and what the charge knew when it was made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Written {
    /// The record.
    pub bytes: Vec<u8>,
    /// What was received.
    pub received: u64,
    /// Whether the sale was open.
    pub sale: Sale,
    /// Whether the goods were released.
    pub release: Release,
    /// Whether a person had to look.
    pub review: Review,
}

impl Written {
    /// The record of a charge.
    pub fn new(charge: &Charge, bytes: &[u8]) -> Self {
        Written {
            bytes: bytes.to_vec(),
            received: charge.received().minor(),
            sale: charge.sale(),
            release: charge.release(),
            review: charge.review(),
        }
    }

    /// I11: whether a recovered charge knows what the charge knew that wrote the record. A restart may close the sale,
    /// and turns a release that was under way into an uncertain one.
    pub fn is_what_was_recovered(&self, charge: &Charge) -> bool {
        let release = if self.release == Release::Started { Release::Uncertain } else { self.release };
        self.received == charge.received().minor()
            && (self.sale == charge.sale() || self.sale == Sale::Open)
            && release == charge.release()
            && self.review == charge.review()
    }
}

/// What survives the power, and what is on its way there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Disk {
    /// The newest record with its commit mark.
    pub durable: Option<Arc<Written>>,
    /// The write under way.
    pub writing: Option<(PersistToken, Arc<Written>)>,
}
