//! I8: once faults stop, a charge comes to an end.

use std::hash::{DefaultHasher, Hash, Hasher};

use caas_core::charge::{Release, Sale};

use super::action::Action;
use super::network::{Delivery, Way};
use super::scenario::Scenario;
use super::world::World;

/// Steps that a charge may take to its end. The longest that is seen is a fraction of it.
pub const STEPS_MAX: usize = 300;

/// How a world without faults goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// By this.
    Do(Action),
    /// Not at all: the charge is finished, and so is everything around it.
    Finished,
    /// Not at all, and the charge is not finished.
    Stuck,
}

/// What happens next where nothing goes wrong any more: storage works, requests are answered, notifications are
/// delivered, the machine releases what is paid, and the payer does nothing.
pub fn next(world: &World) -> Next {
    let Some(charge) = &world.charge else { return Next::Finished };
    if world.disk.writing.is_some() {
        return Next::Do(Action::Written);
    }
    for (at, flying) in world.network.flying.iter().enumerate() {
        match flying.way {
            Way::There(0) => {}
            Way::There(_) => return Next::Do(Action::Execute(at)),
            Way::Back(_) => return Next::Do(Action::Return(at)),
        }
    }
    if let Some(at) = world.network.notices.iter().position(|notice| notice.delivery == Delivery::Queued) {
        return Next::Do(Action::Deliver(at));
    }
    if world.machine.permit.is_some() {
        return Next::Do(Action::GiveBack { done: true });
    }
    let open = charge.sale() == Sale::Open && charge.release() == Release::None;
    if world.machine.told_confirmed && open {
        return Next::Do(Action::StartRelease);
    }
    if charge.is_finished(world.time()) {
        return Next::Finished;
    }
    if world.next_minute().is_some() { Next::Do(Action::Pass) } else { Next::Stuck }
}

/// The states on the world's way to its end, by their hash, from the first to one that is `known` to come to an end;
/// `None` if there is no end.
pub fn way_to_end(scenario: &Scenario, world: &World, known: impl Fn(u64) -> bool) -> Option<Vec<u64>> {
    let mut world = world.clone();
    let mut way = Vec::new();
    for _ in 0..STEPS_MAX {
        let hash = hash_of(&world);
        if known(hash) {
            return Some(way);
        }
        way.push(hash);
        match next(&world) {
            Next::Do(action) => world = super::step::step(scenario, &world, action),
            Next::Finished => return Some(way),
            Next::Stuck => return None,
        }
    }
    None
}

fn hash_of(world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    world.hash(&mut hasher);
    hasher.finish()
}
