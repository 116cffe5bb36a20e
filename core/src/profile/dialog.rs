use super::ideamart::{IDEAMART, MOBILE_ACCOUNT};
use super::{CapturesAt, Consent, FieldNames, Instrument, Paths, Profile, Windows};
use crate::money::Currency;
use crate::time::SECOND;

/// The name of eZ Cash on the wire.
pub const DIALOG_EZCASH: &str = "Dialog-Ezcash";

/// Dialog at api.dialog.lk: the mobile account and eZ Cash, the instrument list, charging notifications.
pub const fn dialog() -> Profile<'static> {
    DIALOG
}

const DIALOG: Profile<'static> = Profile {
    name: "dialog",
    endpoint: "https://api.dialog.lk",
    paths: Paths { instruments: Some("/caas/list/pi"), ..IDEAMART.paths },
    fields: FieldNames { instrument: "paymentInstrumentName", ..IDEAMART.fields },
    instruments: &[
        MOBILE_ACCOUNT,
        Instrument {
            name: DIALOG_EZCASH,
            consent: Consent::Dialled,
            captures_at: CapturesAt::Consent,
            agent_params: true,
        },
    ],
    currencies: &[Currency::LKR],
    // Dialling a menu and typing a reference takes longer than answering a prompt; the document names no window.
    windows: Windows { consent: 300 * SECOND, sale: 330 * SECOND, listen: 600 * SECOND, ..IDEAMART.windows },
    ..IDEAMART
};
