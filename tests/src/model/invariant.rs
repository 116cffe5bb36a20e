//! What must hold in every state (`RECOVERY.md`, I1 to I12).

use caas_core::charge::{Charge, Payment, Phase, Review, Sale};
use caas_core::profile::{CapturesAt, Service};

use super::network::Asked;
use super::scenario::{PRICE, Scenario};
use super::world::World;

/// What may be found broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum Invariant {
    /// I1: goods were released without durable evidence of money that the carrier took.
    I1Unpaid = 1 << 0,
    /// I1, R26: goods were released after the sale was over.
    I1AfterClose = 1 << 1,
    /// I1: more was received, or is to be given back, than the ledger has.
    I1MoreThanTaken = 1 << 2,
    /// I2: goods were released twice.
    I2Twice = 1 << 3,
    /// I3: the ledger has money that this side neither received nor looks for.
    I3Lost = 1 << 4,
    /// I4: a request that captures or prompts was handed out while an earlier one could still take money.
    I4SecondCapture = 1 << 5,
    /// I4, R21: a request that captures, or may, was handed out after the sale was over.
    I4AfterClose = 1 << 6,
    /// I5: paid went back.
    I5PaidWentBack = 1 << 7,
    /// I6: the sum received shrank, across restarts too.
    I6Shrank = 1 << 8,
    /// I7: what is not understood made a charge fail, or paid.
    I7Understood = 1 << 9,
    /// I8: without faults the charge does not come to an end.
    I8Endless = 1 << 10,
    /// I11: a restart found something else than what was written.
    I11Recovered = 1 << 11,
}

impl Invariant {
    /// All of them, with the names that the checker shows.
    pub const ALL: [(Invariant, &'static str); 12] = [
        (Invariant::I1Unpaid, "I1 goods only for durable evidence of money that was taken"),
        (Invariant::I1AfterClose, "I1 R26 no goods after the sale is over"),
        (Invariant::I1MoreThanTaken, "I1 nothing received or given back that was not taken"),
        (Invariant::I2Twice, "I2 goods once"),
        (Invariant::I3Lost, "I3 no lost money"),
        (Invariant::I4SecondCapture, "I4 no second capture is caused"),
        (Invariant::I4AfterClose, "I4 R21 nothing that captures after the sale is over"),
        (Invariant::I5PaidWentBack, "I5 paid never goes back"),
        (Invariant::I6Shrank, "I6 received only grows"),
        (Invariant::I7Understood, "I7 what is not understood is in doubt"),
        (Invariant::I8Endless, "I8 without faults there is an end"),
        (Invariant::I11Recovered, "I11 a restart finds what was written"),
    ];
}

/// The invariants that were found broken on the way to a state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broken(u16);

impl Broken {
    /// Notes one if it does not hold.
    pub fn unless(&mut self, holds: bool, invariant: Invariant) {
        if !holds {
            self.0 |= invariant as u16;
        }
    }

    /// Whether this one is broken.
    pub fn has(self, invariant: Invariant) -> bool {
        self.0 & invariant as u16 != 0
    }

    /// Whether any is.
    pub fn any(self) -> bool {
        self.0 != 0
    }
}

/// Looks at a request that was handed out.
pub fn check_request(scenario: &Scenario, world: &mut World, charge: &Charge, asked: &Asked) {
    let confirm = asked.service == Service::Confirm;
    let captures = !confirm || scenario.captures_at() != CapturesAt::Consent;
    world.broken.unless(charge.sale() == Sale::Open || !captures, Invariant::I4AfterClose);
    let excused = world.machine.risk || world.machine.duplicated;
    if captures && !excused {
        let own = scenario.profile.deduplicates.then_some(asked.attempt);
        let may_execute = world.network.may_execute_send(own);
        let may_take = if confirm {
            world.carrier.may_take(asked.session)
        } else if scenario.profile.deduplicates {
            world.carrier.sessions.iter().any(|session| session.attempt != asked.attempt)
        } else {
            world.carrier.may_take(None)
        };
        world.broken.unless(!may_execute && !may_take, Invariant::I4SecondCapture);
    }
}

/// Looks at the goods when their release is told.
pub fn check_release(scenario: &Scenario, world: &mut World, charge: &Charge) {
    let found = world.disk.durable.as_ref().map(|written| scenario.reread(&written.bytes));
    let paid = found.is_some_and(|found| found.received().minor() >= PRICE);
    world.broken.unless(paid && world.carrier.taken() >= PRICE, Invariant::I1Unpaid);
    world.broken.unless(charge.sale() == Sale::Open, Invariant::I1AfterClose);
    world.broken.unless(world.machine.released <= 1, Invariant::I2Twice);
}

/// Looks at a state that came out of a step.
pub fn check_state(world: &mut World) {
    let taken = world.carrier.taken();
    let Some(charge) = &world.charge else {
        let nothing = taken == 0 && !world.network.may_execute() && world.machine.released == 0;
        world.broken.unless(nothing, Invariant::I3Lost);
        world.broken.unless(!world.machine.ever_confirmed, Invariant::I5PaidWentBack);
        return;
    };
    let received = charge.received().minor();
    let due = charge.refund_due().minor();
    let goods = if world.machine.goods_out() { PRICE } else { 0 };
    world.broken.unless(received <= taken && due + goods <= taken, Invariant::I1MoreThanTaken);
    world.broken.unless(received >= taken || is_looked_for(world, charge), Invariant::I3Lost);
    let paid = charge.payment() == Payment::Confirmed;
    world.broken.unless(!world.machine.ever_confirmed || paid, Invariant::I5PaidWentBack);
    world.broken.unless(received >= world.machine.heard, Invariant::I6Shrank);
    if charge.is_durable() {
        world.machine.heard = world.machine.heard.max(received);
    }
}

/// I3: whether money that is not received is looked for: by the charge, by a person, or by a notification to come.
fn is_looked_for(world: &World, charge: &Charge) -> bool {
    charge.payment() == Payment::InDoubt
        || matches!(charge.review(), Review::Needed(_))
        || charge.may_still_charge()
        || charge.attempts().any(|(phase, _)| phase == Phase::InDoubt)
        || world.network.will_tell_of_money()
}
