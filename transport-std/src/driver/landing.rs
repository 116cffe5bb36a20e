//! What came of a request, as the core hears it.

use caas_core::charge::{Charge, Input, SendToken, Sent};
use caas_core::profile::Profile;
use caas_core::time::Instant;

use super::charge_event::ChargeEvent;
use crate::http_client::Delivery;

/// Tells the charge what came of its request; what people should know of it comes back.
pub(super) fn land(
    charge: &mut Charge,
    now: Instant,
    profile: &Profile<'_>,
    token: SendToken,
    delivery: Delivery,
) -> Option<ChargeEvent> {
    let (input, told) = match &delivery {
        Delivery::Answered(answer) => {
            (Input::Response { token, status: answer.status, body: &answer.body }, None)
        }
        Delivery::NotSent(cause) => {
            (Input::Lost { token, sent: Sent::NotSent }, Some(ChargeEvent::NotSent(cause.clone())))
        }
        Delivery::MaybeSent(cause) => {
            (Input::Lost { token, sent: Sent::MaybeSent }, Some(ChargeEvent::NoAnswer(cause.clone())))
        }
    };
    // A token of this charge is always taken.
    let _ = charge.handle_input(now, profile, input);
    told
}
