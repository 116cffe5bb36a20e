//! What an action does.

use std::sync::Arc;

use caas_core::charge::{
    BUFFER_MAX, Charge, Command, Event, Handled, Input, Output, Payment, Resolution, Sale, Sent, Ticket,
};
use caas_core::money::Amount;
use caas_core::profile::{Consent, Service};
use caas_core::time::Instant;

use super::action::Action;
use super::carrier::{Answer, Said};
use super::disk::Written;
use super::invariant::{Invariant, check_release, check_request, check_state};
use super::network::{Asked, Delivery, Flying, Late, Notice, Way};
use super::scenario::{EXECUTION, PRICE, Real, Scenario};
use super::world::World;
use super::{machine::Machine, wire};

/// Outputs between two inputs, at most.
const OUTPUTS_MAX: usize = 64;

/// The world after an action.
pub fn step(scenario: &Scenario, world: &World, action: Action) -> World {
    let mut world = world.clone();
    act(scenario, &mut world, action);
    run(scenario, &mut world);
    if let Some(charge) = &mut world.charge {
        charge.renumber_records();
    }
    check_state(&mut world);
    world
}

/// Does what the charge says until it waits.
pub fn run(scenario: &Scenario, world: &mut World) {
    let Some(mut charge) = world.charge.take() else { return };
    let mut waits = false;
    for _ in 0..OUTPUTS_MAX {
        if obey(scenario, world, &mut charge) {
            waits = true;
            break;
        }
    }
    world.broken.unless(waits, Invariant::I8Endless);
    world.charge = Some(charge);
}

/// One output; `true` when it is to wait.
fn obey(scenario: &Scenario, world: &mut World, charge: &mut Charge) -> bool {
    let mut buffer = [0u8; BUFFER_MAX];
    match charge.poll_output(world.time(), &scenario.carrier(), &mut buffer) {
        Output::Persist { token, record } => {
            let bytes = record.bytes().to_vec();
            world.disk.writing = Some((token, Arc::new(Written::new(charge, &bytes))));
        }
        Output::Transmit { token, request } => {
            let attempt = u8::try_from(charge.attempts().count() - 1).expect("at least one attempt");
            let session = wire::session_of(request.body).filter(|_| request.service == Service::Confirm);
            let asked = Asked { service: request.service, attempt, session };
            check_request(scenario, world, charge, &asked);
            let (since, way) = (world.now, Way::There(EXECUTION.into()));
            world.network.flying.push(Flying { token, asked, way, since, overdue: false });
        }
        Output::Reply { ticket, .. } => {
            let at = usize::try_from(ticket.0).expect("a small number");
            world.network.notices[at].delivery = Delivery::Acknowledged;
            world.machine.heard = world.machine.heard.max(charge.received().minor());
        }
        Output::Event(Event::Confirmed) => {
            world.machine.told_confirmed = true;
            world.machine.ever_confirmed = true;
            world.machine.ever_confirmed_open |= charge.sale() == Sale::Open;
            world.machine.heard = world.machine.heard.max(charge.received().minor());
        }
        Output::Event(Event::Release(permit)) => {
            world.machine.released += 1;
            world.machine.permit = Some(permit);
            check_release(scenario, world, charge);
        }
        Output::Event(_) => {}
        Output::Wait(until) => {
            world.wait = until;
            return true;
        }
        Output::BufferTooSmall => panic!("BUFFER_MAX is enough"),
    }
    false
}

fn act(scenario: &Scenario, world: &mut World, action: Action) {
    match action {
        Action::Written => end_write(scenario, world, true, true),
        Action::WriteFails { kept } => {
            world.left.disk = world.left.disk.saturating_sub(1);
            end_write(scenario, world, kept, false);
        }
        Action::Crash { kept } => crash(scenario, world, kept),
        Action::Execute(at) => {
            let asked = world.network.flying[at].asked;
            world.network.flying[at].way = Way::Back(execute(scenario, world, &asked));
        }
        Action::ExecuteTwice(at) => {
            world.left.duplicates -= 1;
            world.machine.duplicated = true;
            let asked = world.network.flying[at].asked;
            let answer = execute(scenario, world, &asked);
            execute(scenario, world, &asked);
            world.network.flying[at].way = Way::Back(answer);
        }
        Action::Refuse(at, how) => {
            world.left.refusals -= 1;
            world.network.flying[at].way = Way::Back(Answer::Refused(how));
        }
        Action::Return(at) => bring(scenario, world, at),
        Action::Garble(at) => {
            world.left.network -= 1;
            garble(scenario, world, at);
        }
        Action::Lose(at, sent) => {
            world.left.network -= 1;
            lose(scenario, world, at, sent);
        }
        Action::ExecuteLate(at) => {
            let late = world.network.late.remove(at);
            execute(scenario, world, &late.asked);
        }
        Action::Approve(at) => {
            let session = &mut world.carrier.sessions[at];
            session.said = Said::Yes;
            session.left = 0;
            if scenario.real == Real::ConsentCaptures {
                session.taken = PRICE;
            }
        }
        Action::Decline(at) => decline(scenario, world, at),
        Action::Pay(at, amount) => {
            world.left.payments -= 1;
            world.carrier.sessions[at].taken += amount;
            let total = Some(world.carrier.sessions[at].taken);
            tell(world, at, total);
        }
        Action::Deliver(at) => deliver(scenario, world, at),
        Action::StartRelease => {
            command(scenario, world, Command::StartRelease);
        }
        Action::GiveBack { done } => give_back(scenario, world, done),
        Action::Cancel => {
            if command(scenario, world, Command::Cancel) {
                world.left.cancels -= 1;
            }
        }
        Action::Retry { risk } => {
            if command(scenario, world, Command::Retry { accept_risk: risk }) {
                world.left.retries -= 1;
                if risk {
                    world.left.risks -= 1;
                    world.machine.risk = true;
                }
            }
        }
        Action::Resolve => resolve(scenario, world),
        Action::Refund => {
            world.left.people -= 1;
            command(scenario, world, Command::Resolve { resolution: Resolution::Refunded, by: "ann" });
        }
        Action::Pass => pass(scenario, world),
    }
}

fn end_write(scenario: &Scenario, world: &mut World, kept: bool, said_done: bool) {
    let Some((token, written)) = world.disk.writing.take() else { return };
    if kept {
        world.disk.durable = Some(written);
    }
    input(scenario, world, if said_done { Input::Persisted(token) } else { Input::PersistFailed(token) });
}

/// Only what is durable is left, and what the carrier knows.
fn crash(scenario: &Scenario, world: &mut World, kept: bool) {
    world.left.crashes -= 1;
    if let Some((_, written)) = world.disk.writing.take().filter(|_| kept) {
        world.disk.durable = Some(written);
    }
    world.now = 0;
    world.wait = None;
    world.network.cut();
    world.machine = Machine { told_confirmed: false, permit: None, ..world.machine.clone() };
    world.charge = world.disk.durable.clone().map(|written| {
        let charge = scenario.recover(Instant::ZERO, &written.bytes);
        world.broken.unless(
            scenario.removed.is_some() || written.is_what_was_recovered(&charge),
            Invariant::I11Recovered,
        );
        charge
    });
}

fn execute(scenario: &Scenario, world: &mut World, asked: &Asked) -> Answer {
    world.carrier.execute(scenario, asked)
}

fn bring(scenario: &Scenario, world: &mut World, at: usize) {
    let flying = world.network.flying.remove(at);
    let Way::Back(answer) = flying.way else { return };
    let (status, body) = wire::answer(scenario, &flying.asked, answer);
    input(scenario, world, Input::Response { token: flying.token, status, body: body.as_bytes() });
}

/// I7: what is not understood ends nothing.
fn garble(scenario: &Scenario, world: &mut World, at: usize) {
    let before = payment(world);
    world.network.flying[at].way = Way::Back(Answer::Garbage);
    bring(scenario, world, at);
    let after = payment(world);
    // After a notification it may be the notification that ended it, once nothing is under way any more.
    let ended =
        world.network.notices.is_empty() && matches!(after, Some(Payment::Failed | Payment::Confirmed));
    world.broken.unless(before == after || !ended, Invariant::I7Understood);
}

fn lose(scenario: &Scenario, world: &mut World, at: usize, sent: Sent) {
    let flying = world.network.flying.remove(at);
    if let (Way::There(left @ 1..), Sent::MaybeSent) = (flying.way, sent) {
        world.network.late.push(Late { asked: flying.asked, left });
    }
    input(scenario, world, Input::Lost { token: flying.token, sent });
}

fn decline(scenario: &Scenario, world: &mut World, at: usize) {
    let session = &mut world.carrier.sessions[at];
    session.said = Said::No;
    session.left = 0;
    if scenario.consent() == Consent::Dialled {
        world.left.declines -= 1;
        tell(world, at, None);
    }
}

fn tell(world: &mut World, session: usize, total: Option<u64>) {
    let session = u8::try_from(session).expect("a small number");
    world.network.notices.push(Notice { session, total, delivery: Delivery::Queued });
}

fn deliver(scenario: &Scenario, world: &mut World, at: usize) {
    let notice = world.network.notices[at];
    if notice.delivery != Delivery::Queued {
        world.left.duplicates -= 1;
    }
    let attempt = world.carrier.sessions[usize::from(notice.session)].attempt;
    let notification = wire::notice(&scenario.profile, attempt, &notice);
    world.network.notices[at].delivery = Delivery::Delivered;
    let ticket = Ticket(u32::try_from(at).expect("a small number"));
    input(scenario, world, Input::Notification { ticket, notification: &notification });
}

fn give_back(scenario: &Scenario, world: &mut World, done: bool) {
    let Some(permit) = world.machine.permit.take() else { return };
    if !done {
        world.left.stuck -= 1;
        world.machine.stayed = true;
    }
    let command = if done { Command::ReleaseDone(permit) } else { Command::ReleaseFailed(permit) };
    input(scenario, world, Input::Command(command));
}

/// A person says what the ledger says.
fn resolve(scenario: &Scenario, world: &mut World) {
    world.left.people -= 1;
    let resolution = match world.carrier.taken() {
        0 => Resolution::NotCharged,
        taken => Resolution::Charged(Amount::from_minor(taken).expect("a small amount")),
    };
    command(scenario, world, Command::Resolve { resolution, by: "ann" });
}

fn pass(scenario: &Scenario, world: &mut World) {
    let Some(next) = world.next_minute() else { return };
    let deadline = u64::from(scenario.profile.windows.answer);
    let newly_late =
        world.network.flying.iter().any(|flying| !flying.overdue && next >= flying.since + deadline);
    if newly_late {
        world.left.network = world.left.network.saturating_sub(1);
    }
    let millis = next - world.now;
    world.now = next;
    world.carrier.pass(millis);
    world.network.pass(next, millis, deadline);
    input(scenario, world, Input::Tick);
}

fn command(scenario: &Scenario, world: &mut World, command: Command<'_>) -> bool {
    input(scenario, world, Input::Command(command)) == Some(Handled::Done)
}

fn input(scenario: &Scenario, world: &mut World, input: Input<'_>) -> Option<Handled> {
    let now = world.time();
    world.charge.as_mut().map(|charge| charge.handle_input(now, &scenario.profile, input))
}

fn payment(world: &World) -> Option<Payment> {
    world.charge.as_ref().map(Charge::payment)
}
