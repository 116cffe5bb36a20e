//! The bare runtime: what every image has. It is subtracted from the others.
#![no_std]
#![no_main]

use caas_footprint::machine::{Place, run};

static PLACE: Place<u32> = Place::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    run(&PLACE, |place| Some(place.write(0)), |_| true)
}
