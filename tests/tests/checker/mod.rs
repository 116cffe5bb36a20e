//! The world as the checker wants it.

#![allow(dead_code, reason = "each test binary takes what it needs")]

mod ends;

use std::collections::HashSet;
use std::sync::Mutex;

use caas_tests::model::{Action, Invariant, Scenario, World, action, completion, scenario, step};
use stateright::{Model, Property};

pub use ends::End;

/// One scenario with the ends that it must reach.
pub struct Check {
    scenario: Scenario,
    ends: Vec<End>,
    /// States that are known to come to an end (I8).
    ending: Mutex<HashSet<u64>>,
}

impl Check {
    pub fn new(scenario: Scenario, ends: &[End]) -> Self {
        Check { scenario, ends: ends.to_vec(), ending: Mutex::default() }
    }

    /// I8: whether the world comes to an end once faults stop. Each state's way is walked once.
    fn comes_to_an_end(&self, world: &World) -> bool {
        let known = |hash| self.ending.lock().unwrap().contains(&hash);
        let way = completion::way_to_end(&self.scenario, world, known);
        let ends = way.is_some();
        self.ending.lock().unwrap().extend(way.unwrap_or_default());
        ends
    }
}

/// The scenario of that name.
pub fn scenario(name: &str) -> Scenario {
    scenario::all().into_iter().find(|scenario| scenario.name == name).expect("a scenario of that name")
}

impl Model for Check {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![self.scenario.start()]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        action::possible(&self.scenario, world, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        Some(step::step(&self.scenario, world, action)).filter(|next| next != world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let invariants = Invariant::ALL.into_iter().map(|(invariant, name)| holds(invariant, name));
        invariants.chain(self.ends.iter().map(|end| end.property())).collect()
    }
}

/// The property that an invariant holds in every state. The checker takes plain functions only: hence one for each.
fn holds(invariant: Invariant, name: &'static str) -> Property<Check> {
    macro_rules! holds {
        ($($which:ident),*) => {
            match invariant {
                Invariant::I8Endless => Property::always(name, |check: &Check, world: &World| {
                    !world.broken.has(Invariant::I8Endless)
                        && (world.broken.any() || check.comes_to_an_end(world))
                }),
                $(Invariant::$which => Property::always(name, |_: &Check, world: &World| {
                    !world.broken.has(Invariant::$which)
                }),)*
            }
        };
    }
    holds!(
        I1Unpaid,
        I1AfterClose,
        I1MoreThanTaken,
        I2Twice,
        I3Lost,
        I4SecondCapture,
        I4AfterClose,
        I5PaidWentBack,
        I6Shrank,
        I7Understood,
        I11Recovered
    )
}
