//! A charge through the profile `ideamart`: core, JSON, HTTP and records.
#![no_std]
#![no_main]

use caas_footprint::desk::Desk;
use caas_footprint::machine::{Place, run};
use caas_footprint::scripts::IDEAMART;
use caas_footprint::seller::sell;

static PLACE: Place<Desk> = Place::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    run(&PLACE, |place| Some(place.write(Desk::new(&IDEAMART))), sell)
}
