//! A charge through the profile `ideamart` without HTTP: core, JSON and records.
#![no_std]
#![no_main]

use caas_footprint::machine::{Place, run};
use caas_footprint::scripts::IDEAMART;
use caas_footprint::seller::DirectSeller;

static PLACE: Place<DirectSeller> = Place::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    run(&PLACE, || DirectSeller::new(IDEAMART), DirectSeller::sell)
}
