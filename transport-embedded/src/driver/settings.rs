//! What a machine is set up with.

use caas_core::charge::{AtBoot, BUFFER_MAX};
use caas_core::till::Caps;
use caas_core::time::{Millis, SECOND};

use crate::connection::Settings;

/// How long one call of the journal may take, in milliseconds; then its future is dropped, and it counts as failed. Below
/// the 10 s after which the core gives a write up.
pub const JOURNAL_DEADLINE: Millis = 8 * SECOND;

/// The settings of a [`Machine`](super::Machine). Make them with [`MachineSettings::new`] and change fields.
#[derive(Clone, Copy, Debug)]
pub struct MachineSettings<'c> {
    /// What the ids of this machine's charges begin with: 1 to 10 ASCII letters and digits. Each machine under one
    /// `applicationId` needs its own (R52).
    pub prefix: &'c str,
    /// A number that was never used with this prefix: a month of manufacture, a count of the installer. It is looked at
    /// where the journal is new, or where it is larger than the journal's. Without one, a new journal starts no sale
    /// until [`Counter::begin_epoch`](super::Counter::begin_epoch). Count it up when the flash is erased or replaced: the
    /// ids that were used are forgotten with it, and would come again.
    pub epoch: Option<u32>,
    /// What becomes of a charge that is found paid and not released at boot (R46), and of one that is paid after a boot.
    /// [`AtBoot::RefundDue`]: nobody may be standing at the machine any more, so nothing is released.
    pub at_boot: AtBoot,
    /// How much may be charged. No caps.
    pub caps: Caps,
    /// How long opening a connection may take, in milliseconds. 15 s.
    pub connect: Millis,
    /// How long a connection without a request is kept open, in milliseconds. 20 s: longer than the longest pause
    /// between two questions of the profiles. 0: each request has its own. Over TLS set it to 0: a
    /// kept connection is asked for stray bytes by a read that is dropped, and within a record that ends the stream.
    pub idle: Millis,
    /// Deadlines of a request, and what the stream promises. `whole` is at most the profile's `windows.answer`.
    pub connection: Settings,
}

impl<'c> MachineSettings<'c> {
    /// The defaults, for the machine with this prefix.
    pub fn new(prefix: &'c str) -> Self {
        MachineSettings {
            prefix,
            epoch: None,
            at_boot: AtBoot::default(),
            caps: Caps::NONE,
            connect: 15 * SECOND,
            idle: 20 * SECOND,
            connection: Settings::default(),
        }
    }
}

/// Room for the driver's work. `WIRE` is for a request as it goes out, and then for its answer: 1.5 KB are enough for what
/// `caas-core` writes and reads.
pub struct Buffers<const WIRE: usize = 1536> {
    pub(super) output: [u8; BUFFER_MAX],
    pub(super) wire: [u8; WIRE],
}

impl<const WIRE: usize> Buffers<WIRE> {
    /// Empty buffers; `const`, so that they may be a `static`.
    pub const fn new() -> Self {
        Buffers { output: [0; BUFFER_MAX], wire: [0; WIRE] }
    }
}

impl<const WIRE: usize> Default for Buffers<WIRE> {
    fn default() -> Self {
        Buffers::new()
    }
}
