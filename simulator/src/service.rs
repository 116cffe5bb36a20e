//! The services on the wire and their paths.

use serde::{Deserialize, Serialize};

/// A service that a carrier offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Service {
    /// Mobitel's charge request.
    MobitelChargeRequest,
    /// Mobitel's confirm.
    MobitelConfirm,
    /// The family's balance query, at both of its paths.
    QueryBalance,
    /// The family's direct debit.
    DirectDebit,
    /// The family's list of payment instruments.
    ListInstruments,
}

impl Service {
    /// Every service, with the path it is served at.
    pub const PATHS: [(&'static str, Service); 6] = [
        ("/mobext/mapi/caas/chargRequest", Service::MobitelChargeRequest),
        ("/mobext/mapi/caas/confirm", Service::MobitelConfirm),
        ("/caas/balance/query", Service::QueryBalance),
        ("/caas/get/balance", Service::QueryBalance),
        ("/caas/direct/debit", Service::DirectDebit),
        ("/caas/list/pi", Service::ListInstruments),
    ];

    pub(crate) fn at(path: &str) -> Option<Self> {
        Self::PATHS.iter().find(|(served, _)| *served == path).map(|(_, service)| *service)
    }

    pub(crate) fn is_mobitel(self) -> bool {
        matches!(self, Service::MobitelChargeRequest | Service::MobitelConfirm)
    }
}
