//! Any bytes as any message of any carrier: a reading, never a panic; and what is no JSON is never a success.

#![no_main]

use caas_core::money::{Amount, Currency};
use caas_core::profile::{self, Profile, Service};
use caas_core::status_code::{Class, CodeRow};
use caas_core::wire::{answer, balance, instruments, notification};
use libfuzzer_sys::fuzz_target;

const STATUSES: &[CodeRow<'static>] = &[
    CodeRow { service: Some(Service::ChargeRequest), code: "1000", class: Class::Pending },
    CodeRow { service: Some(Service::Confirm), code: "1001", class: Class::Ok },
];

fuzz_target!(|input: (u16, &[u8])| {
    let (status, body) = input;
    let expected = answer::Expected {
        external: Some(b"T1-1-1a"),
        reference: None,
        subscriber: b"94771234567",
        amount: Amount::ZERO,
        currency: Currency::LKR,
    };
    for (profile, service) in [
        (profile::mobitel(STATUSES), Service::ChargeRequest),
        (profile::mobitel(STATUSES), Service::Confirm),
        (profile::ideamart(), Service::DirectDebit),
        (profile::dialog(), Service::DirectDebit),
    ] {
        let reading = answer::read(&profile, service, &expected, status, body);
        if reading.class == Class::Ok {
            assert!(reading.fault.is_none());
            assert!((200..300).contains(&status), "a success under HTTP {status}");
        }
    }
    others(&profile::dialog(), status, body);
});

fn others(profile: &Profile<'_>, status: u16, body: &[u8]) {
    let _ = balance::read(profile, status, body);
    let _ = instruments::read(profile, status, body);
    let _ = notification::read(profile, body);
}
