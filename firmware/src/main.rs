//! A vending machine that charges mobile accounts: an example of `caas-core` and `caas-transport-embedded` on a
//! Cortex-M4, as QEMU plays it.

#![no_std]
#![no_main]

mod board;
mod lan9118;
mod network;
mod semihosting;
mod surviving_memory;
mod time_driver;

use core::panic::PanicInfo;

use board::{ETHERNET_IRQ, Irq, TASKS_IRQ};
use cortex_m::peripheral::NVIC;
use cortex_m_rt::{ExceptionFrame, entry, exception};
use embassy_executor::{InterruptExecutor, Spawner};

/// Runs the tasks, in an interrupt below all others; in between the processor sleeps. (The thread executor of embassy
/// sleeps by `wfe`, which QEMU does not do for this processor.)
static TASKS: InterruptExecutor = InterruptExecutor::new();

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
    if let Ok(task) = run(boot) {
        spawner.spawn(task);
    }
    loop {
        cortex_m::asm::wfi();
    }
}

#[embassy_executor::task]
async fn run(boot: u32) {
    // SAFETY: this runs in the executor.
    let spawner = unsafe { Spawner::for_current_executor() }.await;
    let stack = match network::start(spawner, boot) {
        Ok(stack) => stack,
        Err(fault) => panic!("no network: {fault:?}"),
    };
    enable(ETHERNET_IRQ);
    stack.wait_config_up().await;
    semihosting::line(format_args!("network {:?}", stack.config_v4()));
    let words = semihosting::command_line();
    semihosting::line(format_args!("words {words}"));
    let port = words
        .split(' ')
        .find_map(|word| word.strip_prefix("port="))
        .and_then(|port| port.parse().ok())
        .unwrap_or(7000u16);
    let mut rx = [0; 1536];
    let mut tx = [0; 1536];
    let mut socket = embassy_net::tcp::TcpSocket::new(stack, &mut rx, &mut tx);
    let at = (embassy_net::Ipv4Address::new(10, 0, 2, 2), port);
    semihosting::line(format_args!("connect {:?}", socket.connect(at).await));
    let mut buffer = [0; 1536];
    let mut connection = caas_transport_embedded::Connection::new(socket, &mut buffer, Default::default());
    let post = caas_transport_embedded::framing::Post::new("10.0.2.2", "/caas/direct/debit", b"{}");
    let delivery = connection.post(&caas_transport_embedded::EmbassyClock, &post).await;
    semihosting::line(format_args!("{delivery:?}"));
    if let caas_transport_embedded::Delivery::Answered { body, .. } = delivery {
        semihosting::line(format_args!("{:?}", core::str::from_utf8(body)));
    }
    if boot < 3 {
        cortex_m::peripheral::SCB::sys_reset();
    }
    semihosting::exit(false);
}

fn enable(irq: u16) {
    // SAFETY: `DefaultHandler` handles the interrupt; no critical section is built on masking single interrupts.
    unsafe { NVIC::unmask(Irq(irq)) };
}

/// All interrupts of devices.
#[exception]
unsafe fn DefaultHandler(irq: i16) {
    match u16::try_from(irq) {
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
