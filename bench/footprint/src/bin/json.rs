//! JSON alone: a direct debit is written, its answer is read.
#![no_std]
#![no_main]

use core::hint::black_box;

use caas_core::credentials::Credentials;
use caas_core::money::{Amount, Currency};
use caas_core::profile::{Profile, Service};
use caas_core::wire::answer;
use caas_core::wire::request::{ChargeFields, REQUEST_MAX, write_charge};
use caas_footprint::machine::{Place, run};
use caas_footprint::scripts::IDEAMART;

static PLACE: Place<World> = Place::new();

struct World {
    profile: &'static Profile<'static>,
    credentials: Credentials,
    buffer: [u8; REQUEST_MAX],
}

#[cortex_m_rt::entry]
fn main() -> ! {
    run(&PLACE, |place| Some(place.write(setup())), talk)
}

fn setup() -> World {
    let profile = black_box(IDEAMART.profile);
    World { profile, credentials: Credentials::default(), buffer: [0; REQUEST_MAX] }
}

fn talk(world: &'static mut World) -> bool {
    if black_box(IDEAMART.prove)(&mut world.credentials).is_err() {
        return false;
    }
    let Some((_, instrument)) = world.profile.instrument(black_box(None)) else { return false };
    let Ok(amount) = Amount::parse(black_box("5")) else { return false };
    let fields = ChargeFields {
        external: black_box(b"T1-1-1a"),
        subscriber: black_box(b"94771234567"),
        account: black_box(b""),
        instrument,
        amount,
        currency: Currency::LKR,
    };
    let charge = write_charge(world.profile, &world.credentials, &fields, &mut world.buffer);
    black_box(&world.buffer);
    let expected = answer::Expected {
        external: Some(fields.external),
        reference: black_box(None),
        subscriber: fields.subscriber,
        amount,
        currency: fields.currency,
    };
    let service = black_box(Service::DirectDebit);
    let body = black_box(IDEAMART.answers).first().map_or(&[][..], |answer| answer.body());
    let reading = answer::read(world.profile, service, &expected, black_box(200), body);
    black_box(&reading);
    charge.is_ok() && reading.fault.is_none()
}
