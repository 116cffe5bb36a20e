//! The charge as a user of another library would write it: the same request, and of the answer the two fields that count.

use core::hint::black_box;

use caas_core::credentials::Credentials;
use serde::{Deserialize, Serialize};

use crate::link::HTTP_BUFFER;
use crate::scripts::IDEAMART;

/// The carrier's host, path and whole address.
pub const HOST: &str = IDEAMART.host;
/// The path of a direct debit.
pub const PATH: &str = "/caas/direct/debit";
/// Both.
pub const URL: &str = "http://api.ideamart.io/caas/direct/debit";

/// The buffers of a user.
pub struct User {
    /// For the request's body.
    pub body: [u8; 512],
    /// For what the library wants.
    pub buffer: [u8; HTTP_BUFFER],
    /// For the answer's body, where the library does not leave it in its buffer.
    pub answer: [u8; 512],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Debit<'a> {
    application_id: &'a str,
    password: &'a str,
    external_trx_id: &'a str,
    subscriber_id: &'a str,
    payment_instrument: &'a str,
    amount: &'a str,
    currency: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    status_code: &'a str,
    internal_trx_id: Option<&'a str>,
}

impl User {
    /// A user with empty buffers.
    pub fn new() -> Option<Self> {
        Some(User { body: [0; 512], buffer: [0; HTTP_BUFFER], answer: [0; 512] })
    }
}

/// What the peer answers, as HTTP.
pub fn answer() -> &'static [u8] {
    IDEAMART.answers.first().map_or(&[], |answer| answer.http)
}

/// The request's body.
pub fn debit(buffer: &mut [u8]) -> Option<&[u8]> {
    let mut credentials = Credentials::default();
    (IDEAMART.prove)(&mut credentials).ok()?;
    let debit = Debit {
        application_id: credentials.application.expose(),
        password: credentials.password.expose(),
        external_trx_id: black_box("T1-1-1a"),
        subscriber_id: black_box("94771234567"),
        payment_instrument: "MobileAccount",
        amount: black_box("5.00"),
        currency: "LKR",
    };
    let length = serde_json_core::to_slice(&debit, buffer).ok()?;
    buffer.get(..length)
}

/// Whether the answer says that the payer was charged.
pub fn is_charged(status: u16, body: &[u8]) -> bool {
    match serde_json_core::from_slice::<Answer<'_>>(body) {
        Ok((answer, _)) => {
            black_box(answer.internal_trx_id);
            status == 200 && answer.status_code == "S1000"
        }
        Err(_) => false,
    }
}
