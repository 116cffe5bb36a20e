//! One state of everything.

use caas_core::charge::Charge;
use caas_core::time::Instant;

use super::carrier::Carrier;
use super::disk::Disk;
use super::invariant::Broken;
use super::machine::Machine;
use super::network::Network;
use super::scenario::{Bounds, MINUTE};

/// The charge and all around it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The clock, in milliseconds.
    pub now: u64,
    /// When the charge wants to be asked again.
    pub wait: Option<Instant>,
    /// The charge. `None`: the power went before anything was durable, so nothing is known of it.
    pub charge: Option<Charge>,
    /// Storage.
    pub disk: Disk,
    /// What is under way.
    pub network: Network,
    /// The carrier and the payer.
    pub carrier: Carrier,
    /// The machine.
    pub machine: Machine,
    /// What may still go wrong.
    pub left: Bounds,
    /// What was found broken on the way here.
    pub broken: Broken,
}

impl World {
    /// The clock, as the charge wants it.
    pub fn time(&self) -> Instant {
        Instant::from_millis(self.now)
    }

    /// The first full minute at or after what the charge waits for.
    pub fn next_minute(&self) -> Option<u64> {
        self.wait.map(|wait| wait.as_millis().next_multiple_of(MINUTE.into()))
    }
}
