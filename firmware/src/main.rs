//! A vending machine that charges mobile accounts: an example of `caas-core` and `caas-transport-embedded` on a
//! Cortex-M4, as QEMU plays it.

#![no_std]
#![no_main]

mod board;
mod carrier;
mod choices;
mod cut_journal;
mod dispenser;
mod keypad;
mod keys;
mod lan9118;
mod machine;
mod network;
mod nor_flash;
mod notifications;
mod provisioning;
mod report;
mod reset_point;
mod semihosting;
mod socket;
mod surviving_memory;
mod time_driver;

use core::panic::PanicInfo;

use board::{ETHERNET_IRQ, Irq, KEYPAD_IRQ, TASKS_IRQ};
use cortex_m::peripheral::NVIC;
use cortex_m_rt::{ExceptionFrame, entry, exception};
use embassy_executor::{InterruptExecutor, Spawner};
use keypad::Keypad;
use provisioning::{Provisioned, Wrong};
use static_cell::StaticCell;

/// Runs the tasks, in an interrupt below all others; in between the processor sleeps. (The thread executor of embassy
/// sleeps by `wfe`, which QEMU does not do for this processor.)
static TASKS: InterruptExecutor = InterruptExecutor::new();

static PROVISIONED: StaticCell<Provisioned> = StaticCell::new();

/// The lowest priority: the upper bits count.
const LOWEST: u8 = 0xE0;

#[entry]
fn main() -> ! {
    let boot = surviving_memory::count_boot();
    semihosting::line(format_args!("boot number={boot}"));
    // `entry` is called once, so the peripherals are there.
    let Some(mut core) = cortex_m::Peripherals::take() else { semihosting::exit(true) };
    time_driver::start(core.SYST);
    // SAFETY: no critical section is built on priorities, only on switching interrupts off.
    unsafe { core.NVIC.set_priority(Irq(TASKS_IRQ), LOWEST) };
    let spawner = TASKS.start(Irq(TASKS_IRQ));
    match run(boot) {
        Ok(task) => spawner.spawn(task),
        Err(_) => panic!("the machine is started once"),
    }
    loop {
        cortex_m::asm::wfi();
    }
}

#[embassy_executor::task]
async fn run(boot: u32) {
    // SAFETY: this runs in the executor.
    let spawner = unsafe { Spawner::for_current_executor() }.await;
    let provisioned = match Provisioned::read() {
        Ok(provisioned) => PROVISIONED.init(provisioned),
        Err(Wrong(name)) => panic!("provisioned wrongly: {name}"),
    };
    let stack = match network::start(spawner, boot) {
        Ok(stack) => stack,
        Err(fault) => panic!("no network: {fault:?}"),
    };
    let keypad = Keypad::start();
    enable(ETHERNET_IRQ);
    enable(KEYPAD_IRQ);
    stack.wait_config_up().await;
    if let Some(address) = stack.config_v4() {
        semihosting::line(format_args!("network address={}", address.address));
    }
    machine::run(stack, provisioned, keypad).await
}

fn enable(irq: u16) {
    // SAFETY: `DefaultHandler` handles the interrupt; no critical section is built on masking single interrupts.
    unsafe { NVIC::unmask(Irq(irq)) };
}

/// All interrupts of devices.
#[exception]
unsafe fn DefaultHandler(irq: i16) {
    match u16::try_from(irq) {
        Ok(KEYPAD_IRQ) => keypad::on_interrupt(),
        Ok(ETHERNET_IRQ) => lan9118::on_interrupt(),
        // SAFETY: this is its interrupt, which is on since `start`.
        Ok(TASKS_IRQ) => unsafe { TASKS.on_interrupt() },
        _ => panic!("interrupt {irq} is nobody's"),
    }
}

#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    semihosting::line(format_args!("broken by a fault at {:#x}", frame.pc()));
    semihosting::exit(true)
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    semihosting::line(format_args!("broken by a panic: {info}"));
    semihosting::exit(true)
}
