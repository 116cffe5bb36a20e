//! A whole sale, dropped or cut at every await, over a journal in memory and one in flash: never two captures, never two
//! releases, no goods unpaid, no money lost (I1 to I4).
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;
mod support;

use caas_core::charge::AtBoot;
use caas_transport_embedded::journal::{FlashJournal, Journal, RamJournal};
use driver_scene::{Cut, Fault, Scene};
use support::mock_flash::MockFlash;

type Flash = FlashJournal<MockFlash<4, 4096>, 8>;

fn ram() -> RamJournal<8> {
    RamJournal::new()
}

fn flash() -> Flash {
    let flash = MockFlash::new(6, 1);
    let range = flash.range();
    FlashJournal::new(flash, range).expect("it fits")
}

/// A restart: what is not in the flash is gone.
fn remount(journal: &mut Flash) {
    let kept = std::mem::replace(journal, flash()).into_flash();
    let range = kept.range();
    *journal = FlashJournal::new(kept, range).expect("it fits");
}

/// Cuts at every poll of a sale; says how many there were.
fn every_cut<J: Journal>(make: impl Fn() -> Scene<J>, cut: fn(usize) -> Cut) -> usize {
    let mut polls = 0;
    loop {
        let mut scene = make();
        let came = scene.live(cut(polls));
        scene.check(&format!("{:?}", cut(polls)));
        if !came {
            return polls;
        }
        polls += 1;
    }
}

const FAULTS: [Option<(usize, Fault)>; 6] = [
    None,
    Some((0, Fault::LoseAnswer)),
    Some((1, Fault::LoseAnswer)),
    Some((0, Fault::NoConnection)),
    Some((0, Fault::Close)),
    Some((0, Fault::CloseAfter)),
];

fn scene<J: Journal>(mobitel: bool, journal: J, fault: Option<(usize, Fault)>, at_boot: AtBoot) -> Scene<J> {
    let mut scene = Scene::new(mobitel, journal);
    scene.at_boot = at_boot;
    match fault {
        Some((request, fault)) => scene.with_fault(request, fault),
        None => scene,
    }
}

/// R38, R46, R47: the future of the driver is dropped at every await.
#[test]
fn a_future_dropped_at_any_await_charges_once_and_releases_once() {
    for mobitel in [true, false] {
        for fault in FAULTS {
            let make = || scene(mobitel, ram(), fault, AtBoot::RefundDue);
            let cuts = every_cut(make, Cut::Future);
            assert!(cuts > 20, "{mobitel} {fault:?}: {cuts} places only");
        }
    }
}

/// R01, R02, R38, R43, R46, R47: the power goes at every await.
#[test]
fn a_reset_at_any_await_charges_once_and_releases_once() {
    for mobitel in [true, false] {
        for fault in FAULTS {
            for at_boot in [AtBoot::RefundDue, AtBoot::Release] {
                let make = || scene(mobitel, ram(), fault, at_boot);
                let cuts = every_cut(make, Cut::Power);
                assert!(cuts > 20, "{mobitel} {fault:?}: {cuts} places only");
            }
        }
    }
}

#[test]
fn a_flash_journal_survives_a_reset_and_a_drop_at_any_await() {
    for mobitel in [true, false] {
        for cut in [Cut::Power, Cut::Future] {
            let make = || Scene { remount, ..scene(mobitel, flash(), None, AtBoot::RefundDue) };
            let cuts = every_cut(make, cut);
            assert!(cuts > 20, "{cuts} places only");
        }
    }
}

/// R45: the journal fails at each write in turn, once, three times in a row, and for ever.
#[test]
fn a_journal_that_fails_at_any_write_sends_nothing_that_it_does_not_hold() {
    for mobitel in [true, false] {
        for length in [1, 3, usize::MAX / 2] {
            let mut number = 0;
            loop {
                let mut scene = Scene::new(mobitel, ram());
                scene.plan.fail_from.set(number);
                scene.plan.fail_to.set(number + length);
                scene.live(Cut::Nothing);
                let writes = scene.plan.writes.get();
                let what = format!("writes {number} to {length} fail");
                assert!(scene.carrier.borrow().captures.len() <= 1 && scene.told.releases <= 1, "{what}");
                assert!(number > 1 || length == 1 || scene.carrier.borrow().requests.is_empty(), "{what}");
                if length < 4 {
                    scene.check(&what);
                }
                if number >= writes {
                    break;
                }
                number += 1;
            }
            assert!(number > 5, "{number} writes only");
        }
    }
}
