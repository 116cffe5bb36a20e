//! A charge through the profile `ideamart` with the HTTP framing but without futures: core, JSON, framing and records.
#![no_std]
#![no_main]

use caas_footprint::desk::Desk;
use caas_footprint::machine::{Place, run};
use caas_footprint::scripts::IDEAMART;
use caas_footprint::seller::sell_framed;

static PLACE: Place<Desk> = Place::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    run(&PLACE, |place| Some(place.write(Desk::new(&IDEAMART))), sell_framed)
}
