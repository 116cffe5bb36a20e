//! The machine: what its application was told, and the goods.

use caas_core::charge::ReleasePermit;

/// The application of the machine, and the person who looks after it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Machine {
    /// `Confirmed` was told in this run of the program.
    pub told_confirmed: bool,
    /// `Confirmed` was told in any run.
    pub ever_confirmed: bool,
    /// `Confirmed` was told in any run while the sale was open.
    pub ever_confirmed_open: bool,
    /// Times that the goods were released.
    pub released: u8,
    /// The permit of a release under way.
    pub permit: Option<ReleasePermit>,
    /// The goods did not leave the machine after all.
    pub stayed: bool,
    /// An attempt was made although the earlier one might still charge.
    pub risk: bool,
    /// The network duplicated a request that moves money.
    pub duplicated: bool,
    /// The largest sum received that was durable, told or acknowledged.
    pub heard: u64,
}

impl Machine {
    /// Whether the payer has the goods.
    pub fn goods_out(&self) -> bool {
        self.released > 0 && !self.stayed
    }
}
