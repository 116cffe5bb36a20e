//! What may happen in a state of the world.

use caas_core::charge::{Payment, Phase, Review, Sale, Sent};
use caas_core::profile::{Consent, Service};

use super::carrier::{Refused, Said};
use super::network::{Delivery, Way};
use super::scenario::{PRICE, Scenario};
use super::world::World;

/// Something that happens. Numbers are places in the lists of the [`World`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// The write is done.
    Written,
    /// The write fails; `kept` says whether the record is there all the same.
    WriteFails {
        /// The record has its commit mark.
        kept: bool,
    },
    /// The power goes and comes back; `kept` says whether the record that was being written has its commit mark.
    Crash {
        /// The record has its commit mark.
        kept: bool,
    },
    /// The carrier executes a request.
    Execute(usize),
    /// The network duplicated a request: the carrier executes it twice.
    ExecuteTwice(usize),
    /// The carrier refuses a request.
    Refuse(usize, Refused),
    /// The answer arrives.
    Return(usize),
    /// An answer arrives that nobody can read.
    Garble(usize),
    /// The token comes back without an answer.
    Lose(usize, Sent),
    /// The carrier executes a request that was given up.
    ExecuteLate(usize),
    /// The payer consents.
    Approve(usize),
    /// The payer refuses.
    Decline(usize),
    /// The payer pays this much, in minor units.
    Pay(usize, u64),
    /// A notification is delivered.
    Deliver(usize),
    /// The application starts the release.
    StartRelease,
    /// The application gives the permit back; `done` says whether the goods left.
    GiveBack {
        /// The goods left.
        done: bool,
    },
    /// The application ends the sale.
    Cancel,
    /// The application asks the payer again.
    Retry {
        /// And takes the risk.
        risk: bool,
    },
    /// A person says what the ledger says.
    Resolve,
    /// A person pays back what is due.
    Refund,
    /// Time goes on to the next deadline.
    Pass,
}

/// All that may happen now.
pub fn possible(scenario: &Scenario, world: &World, out: &mut Vec<Action>) {
    if world.broken.any() {
        return;
    }
    power_and_disk(world, out);
    requests(scenario, world, out);
    payer(scenario, world, out);
    notifications(world, out);
    application(scenario, world, out);
    if time_may_pass(scenario, world) {
        out.push(Action::Pass);
    }
}

fn power_and_disk(world: &World, out: &mut Vec<Action>) {
    if world.charge.is_none() {
        return;
    }
    let writing = world.disk.writing.is_some();
    if writing {
        out.push(Action::Written);
        if world.left.disk > 0 {
            out.extend([Action::WriteFails { kept: false }, Action::WriteFails { kept: true }]);
        }
    }
    if world.left.crashes > 0 {
        out.push(Action::Crash { kept: false });
        if writing {
            out.push(Action::Crash { kept: true });
        }
    }
}

fn requests(scenario: &Scenario, world: &World, out: &mut Vec<Action>) {
    let faults = world.left.network > 0;
    for (at, flying) in world.network.flying.iter().enumerate() {
        match flying.way {
            Way::There(0) => {}
            Way::There(_) => {
                out.push(Action::Execute(at));
                if world.left.refusals > 0 {
                    let ways = refusals(scenario, flying.asked.service).iter();
                    out.extend(ways.map(|how| Action::Refuse(at, *how)));
                    if scenario.profile.deduplicates && world.carrier.ran(flying.asked.attempt) {
                        out.push(Action::Refuse(at, Refused::Duplicate));
                    }
                }
                if world.left.duplicates > 0 && scenario.consent() == Consent::Dialled {
                    out.push(Action::ExecuteTwice(at));
                }
                if faults {
                    out.push(Action::Lose(at, Sent::NotSent));
                }
            }
            Way::Back(_) => {
                out.push(Action::Return(at));
                if faults {
                    out.push(Action::Garble(at));
                }
            }
        }
        if faults {
            out.push(Action::Lose(at, Sent::MaybeSent));
        }
    }
    out.extend((0..world.network.late.len()).map(Action::ExecuteLate));
}

fn refusals(scenario: &Scenario, service: Service) -> &'static [Refused] {
    match (service, scenario.consent()) {
        (Service::Confirm, _) => &[Refused::Credentials, Refused::NotFound, Refused::Processing],
        (_, Consent::Prompt) => &[Refused::Declined, Refused::Busy, Refused::Throttled],
        _ => &[Refused::Declined, Refused::Failed, Refused::Throttled],
    }
}

fn payer(scenario: &Scenario, world: &World, out: &mut Vec<Action>) {
    for (at, session) in world.carrier.sessions.iter().enumerate() {
        if session.said != Said::Asked {
            continue;
        }
        match scenario.consent() {
            Consent::Prompt => out.extend([Action::Approve(at), Action::Decline(at)]),
            Consent::Dialled => {
                if world.left.payments > 0 {
                    out.extend([Action::Pay(at, PRICE / 2), Action::Pay(at, PRICE)]);
                }
                if session.taken < PRICE && world.left.declines > 0 {
                    out.push(Action::Decline(at));
                }
            }
            Consent::None => {}
        }
    }
}

fn notifications(world: &World, out: &mut Vec<Action>) {
    if world.charge.is_none() {
        return;
    }
    for (at, notice) in world.network.notices.iter().enumerate() {
        if notice.delivery == Delivery::Queued || world.left.duplicates > 0 {
            out.push(Action::Deliver(at));
        }
    }
}

fn application(scenario: &Scenario, world: &World, out: &mut Vec<Action>) {
    let Some(charge) = &world.charge else { return };
    if world.machine.told_confirmed && world.machine.released <= 1 {
        out.push(Action::StartRelease);
    }
    if world.machine.permit.is_some() {
        out.push(Action::GiveBack { done: true });
        if world.left.stuck > 0 {
            out.push(Action::GiveBack { done: false });
        }
    }
    if charge.sale() == Sale::Open {
        if world.left.cancels > 0 {
            out.push(Action::Cancel);
        }
        if world.left.retries > 0 {
            out.push(Action::Retry { risk: false });
            if world.left.risks > 0 && charge.attempts().last().is_some_and(|(phase, _)| is_risky(phase)) {
                out.push(Action::Retry { risk: true });
            }
        }
    }
    if world.left.people > 0 && charge.is_durable() && nothing_is_under_way(scenario, world) {
        if matches!(charge.review(), Review::Needed(_)) || charge.payment() == Payment::InDoubt {
            out.push(Action::Resolve);
        }
        if !charge.refund_due().is_zero() {
            out.push(Action::Refund);
        }
    }
}

/// Whether another attempt after one that stands so is a risk.
pub fn is_risky(phase: Phase) -> bool {
    matches!(phase, Phase::PendingConsent | Phase::InDoubt | Phase::Listening)
}

/// Whether a person who looks at the ledger now sees all that there will be.
fn nothing_is_under_way(scenario: &Scenario, world: &World) -> bool {
    let asked = world.carrier.sessions.iter().any(|session| session.said == Said::Asked);
    let told = world.network.notices.iter().all(|notice| notice.delivery == Delivery::Acknowledged);
    let confirming = scenario.consent() == Consent::Prompt && !world.network.flying.is_empty();
    world.disk.writing.is_none() && !asked && told && !confirming && !world.network.may_execute()
}

/// Time goes on while storage has answered. Past the deadline of an answer it goes only if a network fault is left.
fn time_may_pass(scenario: &Scenario, world: &World) -> bool {
    let Some(next) = world.next_minute() else { return false };
    let answered = world.disk.writing.is_none();
    let late =
        world.network.flying.iter().any(|flying| {
            !flying.overdue && next >= flying.since + u64::from(scenario.profile.windows.answer)
        });
    world.charge.is_some() && answered && (!late || world.left.network > 0)
}
