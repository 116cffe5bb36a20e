//! RECOVERY section F: time.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod scene;

use caas_core::charge::{AtBoot, Command, Input, Payment, Phase, Sale};
use caas_core::profile::CapturesAt;
use caas_core::time::{Instant, TickWidener};
use scene::{APPROVED, Kind, Scene};

const MINUTE: u32 = 60_000;
const NOT_YET: &str = r#"{"status":"1002"}"#;
const RETRY: Command<'static> = Command::Retry { accept_risk: false };

/// R50: after a reboot the full window starts again, wherever the clock starts.
#[test]
fn after_a_restart_the_full_window_starts_again() {
    for kind in Kind::mobitels() {
        for boot in [0, 7, 1_000_000, u64::from(u32::MAX)] {
            let mut scene = kind.start_for(30 * MINUTE);
            scene.answer(&kind.good('a'));
            scene.pass_answering(119_000, NOT_YET);
            scene.now = Instant::from_millis(boot);
            scene.recover(AtBoot::RefundDue);
            scene.pass_answering(119_999, NOT_YET);
            assert_eq!(scene.too_early(RETRY), 1, "{} boot at {boot}", kind.name);
            scene.pass_answering(1, NOT_YET);
            assert_eq!(scene.phases(), [Phase::Lapsed], "{} boot at {boot}", kind.name);
        }
    }
}

/// R50: a lost request has the carrier's full time again.
#[test]
fn after_a_restart_a_lost_request_is_held_as_long_again() {
    for kind in Kind::all().into_iter().filter(|kind| !kind.profile.deduplicates) {
        let mut scene = kind.start_for(30 * MINUTE);
        scene.pass(239_000);
        scene.cut(AtBoot::RefundDue);
        scene.pass(239_999);
        assert_eq!(scene.too_early(Command::Retry { accept_risk: true }), 1, "{}", kind.name);
    }
}

/// R51: nobody called for a long time; what comes now is judged by its time.
#[test]
fn timers_that_fire_late_fire_all_and_in_the_right_order() {
    for kind in Kind::all() {
        let mut scene = kind.accepted();
        if kind.is_synchronous() {
            continue;
        }
        scene.flying.clear();
        scene.now = scene.now.after(60 * MINUTE);
        scene.run();
        assert!(matches!(scene.charge.sale(), Sale::Closed(_)), "{}", kind.name);
        let captures = kind.is_mobitel() && kind.captures_at() != CapturesAt::Consent;
        assert!(!captures || scene.confirms() == 0, "{}: asked after the sale's end", kind.name);
    }
}

/// R51, R26: a payment that is heard of after the sale's end, before any late timer, is late.
#[test]
fn a_success_after_the_sales_end_is_late_even_if_no_timer_fired_in_between() {
    for kind in Kind::all() {
        let mut scene = kind.accepted();
        if kind.is_ezcash() {
            scene.now = scene.now.after(331_000);
            kind.pay(&mut scene, 'a');
        } else if kind.is_mobitel() {
            scene.pass(5_000);
            scene.now = scene.now.after(331_000);
            let (token, ..) = scene.flying.remove(0);
            scene.give(Input::Response { token, status: 200, body: br#"{"status":"1001"}"# });
        } else {
            scene = kind.start();
            scene.now = scene.now.after(331_000);
            let (token, ..) = scene.flying.remove(0);
            scene.give(Input::Response { token, status: 200, body: kind.good('a').as_bytes() });
        }
        assert_eq!(scene.payment(), Payment::Confirmed, "{}", kind.name);
        assert_eq!(scene.refund_due(), "5.00", "{}", kind.name);
    }
}

/// R51: "not approved" is judged by when it was asked for, not by when a timer fires.
#[test]
fn a_confirm_asked_for_after_the_window_counts_even_if_the_timer_was_late() {
    for kind in Kind::mobitels() {
        let mut scene = kind.start_for(30 * MINUTE);
        scene.answer(&kind.good('a'));
        scene.now = scene.now.after(7 * MINUTE);
        scene.answer(NOT_YET);
        assert_eq!(scene.phases(), [Phase::Lapsed], "{}", kind.name);
    }
}

/// R51: the deadlines hold over the wrap of a 32-bit counter.
#[test]
fn a_charge_over_the_wrap_of_a_tick_counter_keeps_its_deadlines() {
    for kind in Kind::mobitels() {
        let mut clock = TickWidener::new();
        let start: u32 = u32::MAX - 60_000;
        let mut scene = kind.start_for(30 * MINUTE);
        scene.now = clock.widen(start);
        scene.recover(AtBoot::RefundDue);
        // Sent before the restart, accepted late: the record does not know, so this charge is started on this clock.
        let mut scene = restarted_at(&kind, clock.widen(start));
        scene.answer(&kind.good('a'));
        let mut tick = start;
        for _ in 0..119 {
            tick = tick.wrapping_add(1_000);
            scene.now = clock.widen(tick);
            scene.run();
            if !scene.flying.is_empty() {
                scene.answer(NOT_YET);
            }
            assert_eq!(scene.phases(), [Phase::PendingConsent], "{} at {tick}", kind.name);
        }
        scene.now = clock.widen(tick.wrapping_add(999));
        assert_eq!(scene.too_early(RETRY), 1, "{}", kind.name);
        scene.now = clock.widen(tick.wrapping_add(1_000));
        scene.answer(NOT_YET);
        assert_eq!(scene.phases(), [Phase::Lapsed], "{}", kind.name);
    }
}

/// A charge whose accepted request is on its way at `now`.
fn restarted_at(kind: &Kind, now: Instant) -> Scene {
    let mut scene = kind.start_for(30 * MINUTE);
    scene.lose(caas_core::charge::Sent::NotSent);
    scene.now = now;
    scene.recover(AtBoot::RefundDue);
    scene.run();
    scene
}

/// R50: the end of time is no earlier than any deadline.
#[test]
fn a_clock_at_the_end_of_time_panics_nowhere() {
    for kind in Kind::all() {
        let mut scene = kind.start_for(u32::MAX);
        scene.now = Instant::from_millis(u64::MAX - 1);
        scene.recover(AtBoot::Release);
        scene.run();
        scene.now = Instant::from_millis(u64::MAX);
        scene.run();
        let _ = scene.command(Command::Cancel);
    }
}

/// The time of a `Wait` is the time at which something happens: nothing is done earlier, and then something is.
#[test]
fn the_wait_is_as_long_as_it_may_be() {
    for kind in Kind::mobitels() {
        let mut scene = kind.accepted();
        let until = scene.wait.unwrap();
        scene.now = Instant::from_millis(until.as_millis() - 1);
        scene.run();
        assert_eq!((scene.confirms(), scene.wait), (0, Some(until)), "{}", kind.name);
        scene.now = until;
        scene.run();
        assert_eq!(scene.confirms(), 1, "{}", kind.name);
        scene.answer(&APPROVED.replace("8291", "8290"));
        assert_eq!(scene.wait, None, "{}: the application's turn", kind.name);
    }
}
