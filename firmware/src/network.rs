//! Ethernet, IP and TCP: embassy-net over our driver.

use embassy_executor::Spawner;
use embassy_net::{Config, DhcpConfig, Runner, Stack, StackResources};
use static_cell::StaticCell;

use crate::lan9118::{Fault, Lan9118};

/// Sockets of the stack: DHCP, the carrier, the relay, and one that is still being closed.
const SOCKETS: usize = 4;

static RESOURCES: StaticCell<StackResources<SOCKETS>> = StaticCell::new();

/// Starts the network. `boot` differs from boot to boot, so that ports and sequence numbers do: a peer that remembers
/// connections of the boot before does not take the new ones for them.
pub fn start(spawner: Spawner, boot: u32) -> Result<Stack<'static>, Fault> {
    let driver = Lan9118::start()?;
    let resources = RESOURCES.init(StackResources::new());
    let seed = u64::from(boot).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let (stack, runner) = embassy_net::new(driver, Config::dhcpv4(DhcpConfig::default()), resources, seed);
    match run(runner) {
        Ok(task) => spawner.spawn(task),
        Err(_) => panic!("the network is started once"),
    }
    Ok(stack)
}

#[embassy_executor::task]
async fn run(mut runner: Runner<'static, Lan9118>) -> ! {
    runner.run().await
}
