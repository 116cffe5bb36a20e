//! What a user can set on a desk, and the defaults.

use caas_core::charge::AtBoot;

use super::carrier_access::CarrierAccess;
use super::clock::ClockRate;
use crate::http_client::HttpSettings;
use crate::journal::{Caps, Journal};

/// The settings of a [`Desk`](crate::Desk). Make them with [`DeskSettings::new`] and change fields; later versions may
/// add some.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeskSettings {
    /// Where charges are kept.
    pub journal: Journal,
    /// The carriers. The first one is charged through where the caller names none; a charge of the journal is resumed
    /// with the one that has its profile and endpoint.
    pub carriers: Vec<CarrierAccess>,
    /// What the ids of charges begin with, 1 to 10 ASCII letters and digits: each machine under one `applicationId` needs
    /// its own (R52). `None`: eight random characters that the journal chose when it was created.
    pub prefix: Option<String>,
    /// Who releases the goods. [`ReleasePolicy::Automatic`].
    pub release: ReleasePolicy,
    /// What becomes of a charge that was not approved in time. [`AtLapse::Cancel`].
    pub at_lapse: AtLapse,
    /// What becomes of a charge that is resumed and paid (R46). [`AtBoot::RefundDue`]: nobody may be standing at the
    /// machine any more, so nothing is released, whether it was paid before or is paid now.
    pub at_boot: AtBoot,
    /// How much may be charged. No caps.
    pub caps: Caps,
    /// Deadlines and limits of the HTTP client.
    pub http: HttpSettings,
    /// How fast the clock runs. Real time.
    pub clock_rate: ClockRate,
}

/// Who releases the goods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReleasePolicy {
    /// The desk, when paid: release started and done are recorded at once. For goods that cannot fail to be delivered,
    /// and for a caller that takes the outcome as the permission.
    #[default]
    Automatic,
    /// The caller: [`ChargeEvent::Release`](crate::ChargeEvent::Release) carries the permit.
    Ask,
}

/// What becomes of a charge whose last attempt was not approved in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AtLapse {
    /// The sale is cancelled at once.
    #[default]
    Cancel,
    /// The caller decides, after [`ChargeEvent::Lapsed`](crate::ChargeEvent::Lapsed): retry, or cancel. The sale's own
    /// window still ends it.
    Ask,
}

impl DeskSettings {
    /// The defaults with this journal and this carrier.
    pub fn new(journal: Journal, carrier: CarrierAccess) -> Self {
        DeskSettings {
            journal,
            carriers: vec![carrier],
            prefix: None,
            release: ReleasePolicy::default(),
            at_lapse: AtLapse::default(),
            at_boot: AtBoot::default(),
            caps: Caps::default(),
            http: HttpSettings::default(),
            clock_rate: ClockRate::default(),
        }
    }
}
