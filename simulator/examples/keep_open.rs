//! The simulator with its page, until Ctrl-C: `cargo run -p caas-simulator --example keep_open`.

use caas_simulator::{Payer, Simulator, preset};

fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(preset::PORT);
    let sim = Simulator::builder().port(port).payer(Payer::Ask).start()?;
    println!("open {}/", sim.url());
    loop {
        std::thread::park();
    }
}
