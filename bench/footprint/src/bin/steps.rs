//! Every call of the core in sales of all profiles, and with messages that want to cost as much as they can: the deepest
//! stack and the instructions of each. Its own size means nothing.
#![no_std]
#![no_main]

use caas_core::charge::{BUFFER_MAX, Carrier, Charge, Input, RECORD_MAX, Request, SendToken};
use caas_core::credentials::Credentials;
use caas_core::till::Till;
use caas_core::wire::notification;
use caas_footprint::desk::{ALL_LONGEST, Desk, Texts, USUAL};
use caas_footprint::hostile::{LONGEST, MADE, SAMPLES, SHORT};
use caas_footprint::link::{Answers, Direct, Link, Ram};
use caas_footprint::machine::{Place, exit, number, say, text};
use caas_footprint::meter::{Meter, cost_of};
use caas_footprint::scripts::{Answer, FULL, SALES, Script, TICK};

static PLACE: Place<World> = Place::new();

struct World {
    desk: Option<Desk>,
    credentials: Credentials,
    buffer: [u8; BUFFER_MAX],
    record: [u8; RECORD_MAX],
    message: [u8; LONGEST],
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let Some(world) = PLACE.fill(|place| {
        Some(place.write(World {
            desk: None,
            credentials: Credentials::default(),
            buffer: [0; BUFFER_MAX],
            record: [0; RECORD_MAX],
            message: [0; LONGEST],
        }))
    }) else {
        exit(false)
    };
    say("charge", size_of::<Charge>() as u32);
    say("place_in_a_till", (size_of::<Till<3>>() - size_of::<Till<2>>()) as u32);
    let done = sales(world) && longest(world);
    hostile(world);
    exit(done)
}

/// Sales that go well.
fn sales(world: &mut World) -> bool {
    for (name, script) in SALES {
        if !sell(world, name, script, USUAL) {
            return false;
        }
    }
    true
}

/// The longest texts, four payment references with the longest ids, notifications again and again.
fn longest(world: &mut World) -> bool {
    sell(world, "dialog, all at its longest", &FULL, ALL_LONGEST)
}

fn sell(world: &mut World, name: &'static str, script: &'static Script, texts: &'static Texts) -> bool {
    let desk = world.desk.insert(Desk::with(script, texts));
    let mut keep = Ram { record: &mut world.record, length: 0 };
    let mut link = Direct(Answers::new(script.answers));
    desk.sell(
        &mut world.credentials,
        &mut world.buffer,
        &mut link,
        &mut keep,
        &mut Loud { sale: name, message: "" },
    )
}

/// Each message as the first answer, as the second, and as a notification.
fn hostile(world: &mut World) {
    for (name, fill, length) in MADE {
        if let Some(message) = world.message.get_mut(..length) {
            fill(message);
        }
        answer_with(world, name, length);
    }
    for (name, sample) in SAMPLES {
        for (to, from) in world.message.iter_mut().zip(sample.bytes()) {
            *to = from;
        }
        answer_with(world, name, sample.len());
    }
}

fn answer_with(world: &mut World, name: &'static str, length: usize) {
    let message = world.message.get(..length).unwrap_or(&[]);
    for (sale, script) in SALES {
        for before in 0..2 {
            let desk = world.desk.insert(Desk::new(script));
            desk.happens = &[TICK, TICK];
            let mut keep = Ram { record: &mut world.record, length: 0 };
            let mut link = Spoilt { answers: script.answers.get(..before).unwrap_or(&[]), message };
            let mut meter = Loud { sale, message: name };
            let Some(carrier) = script.carrier(&mut world.credentials) else { continue };
            if desk.start(&carrier, &mut meter) {
                desk.serve(&carrier, &mut world.buffer, &mut link, &mut keep, &mut meter);
            }
            let _ = meter.step("notification", || notification::read(carrier.profile, message));
        }
    }
}

/// Good answers, and then the same message for ever.
struct Spoilt<'m> {
    answers: &'static [&'static Answer],
    message: &'m [u8],
}

impl Link for Spoilt<'_> {
    fn send(&mut self, _: &Carrier<'_>, token: SendToken, _: &Request<'_>) -> Input<'_> {
        let body = match self.answers.split_first() {
            Some((first, rest)) => {
                self.answers = rest;
                first.body()
            }
            None => self.message,
        };
        Input::Response { token, status: 200, body }
    }
}

/// Says what each step took.
struct Loud {
    sale: &'static str,
    message: &'static str,
}

impl Meter for Loud {
    fn step<R>(&mut self, what: &'static str, work: impl FnOnce() -> R) -> R {
        let (result, cost) = cost_of(work);
        text("step\t");
        text(what);
        text("\t");
        text(self.sale);
        text("\t");
        text(self.message);
        text("\t");
        number(cost.stack);
        text("\t");
        number(cost.instructions);
        text("\n");
        result
    }
}

const _: () = assert!(SHORT <= LONGEST);
