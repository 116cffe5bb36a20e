//! A charge through the profile `ideamart`, with the journal in flash.
#![no_std]
#![no_main]

use caas_footprint::desk::Desk;
use caas_footprint::machine::{Place, run};
use caas_footprint::scripts::IDEAMART;
use caas_footprint::seller::JournalSeller;

static PLACE: Place<JournalSeller> = Place::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    run(&PLACE, |place| Some(place.write(JournalSeller::new(Desk::new(&IDEAMART))?)), JournalSeller::sell)
}
