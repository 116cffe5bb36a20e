//! The core's next output, with everything owned.

use caas_core::charge::{BUFFER_MAX, Charge, Output, PersistToken, SendToken, Ticket};
use caas_core::time::Instant;

use super::carrier_access::CarrierAccess;
use super::charge_event::ChargeEvent;

pub(super) enum Step {
    Persist(PersistToken, Vec<u8>),
    Transmit(SendToken, Post),
    Reply(Ticket),
    Tell(ChargeEvent),
    Wait(Option<Instant>),
}

/// A request to be sent once.
pub(super) struct Post {
    pub path: String,
    pub header: Option<(&'static str, String)>,
    pub body: Vec<u8>,
}

impl Step {
    pub fn next(charge: &mut Charge, now: Instant, access: &CarrierAccess) -> Step {
        let credentials = access.credentials();
        let mut buffer = [0; BUFFER_MAX];
        match charge.poll_output(now, &access.carrier(&credentials), &mut buffer) {
            Output::Persist { token, record } => Step::Persist(token, record.bytes().to_vec()),
            Output::Transmit { token, request } => {
                let header = access.header(&credentials);
                let post = Post { path: request.path.to_owned(), header, body: request.body.to_vec() };
                Step::Transmit(token, post)
            }
            Output::Reply { ticket, .. } => Step::Reply(ticket),
            Output::Event(event) => Step::Tell(ChargeEvent::of(charge, event)),
            Output::Wait(until) => Step::Wait(until),
            // The buffer has BUFFER_MAX bytes, so this does not come; waiting would be right if it did.
            Output::BufferTooSmall => Step::Wait(None),
        }
    }
}
