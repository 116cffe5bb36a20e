//! The clock of embassy-time: SysTick, a thousand times a second.

use core::cell::RefCell;
use core::task::Waker;

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;
use critical_section::Mutex;
use embassy_time_driver::{Driver, TICK_HZ};
use embassy_time_queue_utils::Queue;

use crate::board::CLOCK_HZ;

struct Ticks {
    clock: Mutex<RefCell<Clock>>,
}

struct Clock {
    now: u64,
    alarm: u64,
    queue: Queue,
}

embassy_time_driver::time_driver_impl!(static TICKS: Ticks = Ticks {
    clock: Mutex::new(RefCell::new(Clock { now: 0, alarm: u64::MAX, queue: Queue::new() })),
});

/// Starts the clock.
pub fn start(mut timer: SYST) {
    timer.set_clock_source(SystClkSource::Core);
    // 25 MHz / 1000 fits the timer's 24 bits.
    timer.set_reload((CLOCK_HZ / TICK_HZ) as u32 - 1);
    timer.clear_current();
    timer.enable_interrupt();
    timer.enable_counter();
}

impl Driver for Ticks {
    fn now(&self) -> u64 {
        critical_section::with(|cs| self.clock.borrow_ref(cs).now)
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        critical_section::with(|cs| {
            let clock = &mut *self.clock.borrow_ref_mut(cs);
            if clock.queue.schedule_wake(at, waker) {
                // If that is now, the next tick wakes.
                clock.alarm = clock.queue.next_expiration(clock.now);
            }
        });
    }
}

#[exception]
fn SysTick() {
    critical_section::with(|cs| {
        let clock = &mut *TICKS.clock.borrow_ref_mut(cs);
        clock.now += 1;
        if clock.now >= clock.alarm {
            clock.alarm = clock.queue.next_expiration(clock.now);
        }
    });
}
