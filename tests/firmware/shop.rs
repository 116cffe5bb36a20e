//! A machine, a carrier with a ledger, and the sales that were made between them.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use caas_simulator::{Payer, Simulator, preset};

use crate::machine::{PATIENCE, VendingMachine};
use crate::relay_host::RelayHost;
use crate::report::{Book, Told};

/// The price of everything that the machine sells, in minor units.
pub const PRICE: u64 = 500;
/// The slot whose motor turns, and the one in which it is stuck.
pub const SLOT: &str = "A1";
/// See [`SLOT`].
pub const STUCK_SLOT: &str = "A9";

/// How long a payer looks at the prompt.
const THINKING: Duration = Duration::from_millis(150);
/// Prompts expire soon after the machine's shortened window.
const PROMPT_LIFETIME: Duration = Duration::from_millis(2_000);

/// How far the number of a payer who keys in another's sale is from the first payer's.
const AGAIN: u64 = 500;

/// A sale that was keyed in.
pub struct Sale {
    /// Its id.
    pub id: String,
    /// The payer's number, one for each sale: so the ledger says what was captured for it.
    pub payer: String,
    /// How often the payer pays.
    pub payments: usize,
}

/// The shop.
pub struct Shop {
    /// The carrier.
    pub carrier: Simulator,
    /// The machine.
    pub machine: VendingMachine,
    /// What the machine said.
    pub book: Book,
    /// What was sold.
    pub sales: Vec<Sale>,
    /// Between the carrier and the machine, where notifications are needed.
    pub relay: Option<RelayHost>,
    /// The number of the first payer, without its zero.
    first_number: u64,
}

impl Shop {
    /// A shop whose machine charges through Mobitel.
    pub fn mobitel() -> Self {
        let words = ["carrier=mobitel".to_owned(), format!("client={}", preset::CLIENT_ID)];
        Self::open(carrier(), None, &words, 712_755_101)
    }

    /// A shop whose machine charges through Dialog eZ Cash.
    pub fn ezcash() -> Self {
        let carrier = carrier();
        let relay = RelayHost::start(&carrier);
        let [relay_port, token] = relay.words();
        let words = [
            "carrier=dialog".to_owned(),
            format!("application={}", preset::APPLICATION_ID),
            format!("password={}", preset::PASSWORD),
            format!("pin={}", preset::EZCASH_AGENT_PIN),
            format!("alias={}", preset::EZCASH_AGENT_ALIAS),
            relay_port,
            token,
        ];
        Self::open(carrier, Some(relay), &words, 771_234_101)
    }

    fn open(carrier: Simulator, relay: Option<RelayHost>, words: &[String], first_number: u64) -> Self {
        let mut all = vec![format!("port={}", carrier.address().port())];
        all.extend_from_slice(words);
        let machine = VendingMachine::start(&image(), &all);
        let mut shop =
            Self { carrier, machine, book: Book::default(), sales: Vec::new(), relay, first_number };
        shop.wait_until_ready();
        shop
    }

    /// Somebody keys in a number and a slot. The sale's id.
    pub fn sell(&mut self, slot: &str, payer: Payer) -> String {
        self.carrier.set_payer(payer);
        let id = format!("S{}", self.sales.len() + 1);
        let number = format!("0{}", self.first_number + self.sales.len() as u64);
        self.machine.press(&format!("sell {id} {number} {slot}"));
        self.sales.push(Sale { id: id.clone(), payer: number, payments: 1 });
        id
    }

    /// Somebody else keys in a sale's id, as if it were new.
    pub fn press_again(&mut self, id: &str, slot: &str) {
        let number = format!("0{}", self.first_number + AGAIN);
        self.machine.press(&format!("sell {id} {number} {slot}"));
        if self.book.sale(id).is_finished() {
            self.book.sales.remove(id);
        }
        self.sales.iter_mut().find(|sale| sale.id == id).unwrap().payer = number;
    }

    /// Waits until the machine says this of a sale.
    pub fn wait_for_news(&mut self, id: &str, news: &str) {
        let book = &mut self.book;
        self.machine.read_until(&format!("{news} of {id}"), |line| {
            book.take(line);
            book.sale(id).news.last().is_some_and(|last| last == news)
        });
    }

    /// A sale whose payer pays these sums at eZ Cash, one after the other. Its id.
    pub fn sell_in_parts(&mut self, sums: &[u64]) -> String {
        let asked = self.carrier.payments().len();
        let sale = self.sell(SLOT, Payer::Ask);
        self.sales.last_mut().unwrap().payments = sums.len();
        let end = Instant::now() + PATIENCE;
        while self.carrier.payments().len() == asked {
            assert!(Instant::now() < end, "nobody was asked to pay");
            self.watch(Duration::from_millis(20));
        }
        let reference = self.carrier.payments().last().unwrap().reference.clone();
        for sum in sums {
            self.carrier.pay(&reference, *sum).unwrap();
        }
        sale
    }

    /// Waits until the machine has booted once more and has taken up what was open.
    pub fn wait_until_ready(&mut self) {
        let boot = self.book.boot;
        let book = &mut self.book;
        self.machine.read_until("the next boot", |line| {
            book.take(line);
            book.boot > boot && book.is_ready
        });
    }

    /// Waits until the machine has nothing left to do for this sale.
    pub fn wait_for_end(&mut self, sale: &str) -> Told {
        let book = &mut self.book;
        if !book.sale(sale).has_ended {
            self.machine.read_until(&format!("the end of {sale}"), |line| {
                book.take(line);
                book.sale(sale).has_ended
            });
        }
        self.book.sale(sale)
    }

    /// Reads what the machine says for a while.
    pub fn watch(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if let Some(line) = self.machine.next_line(left) {
                self.book.take(&line);
            }
        }
    }

    /// The machine's power goes, from outside; it comes up again.
    pub fn reset(&mut self) {
        self.machine.reset();
        self.wait_until_ready();
    }

    /// Arms a point at which the machine resets itself.
    pub fn arm(&mut self, point: &str) {
        self.machine.press(&format!("cut {point}"));
        let book = &mut self.book;
        self.machine.read_until("the point to be armed", |line| {
            book.take(line);
            line.word == "armed"
        });
    }

    /// A person decides about a sale at the machine.
    pub fn resolve(&mut self, id: &str, how: &str) {
        self.machine.press(&format!("resolve {id} {how}"));
        let book = &mut self.book;
        let seen = book.sale(id).news.len();
        self.machine.read_until(&format!("{id} to be resolved"), |line| {
            book.take(line);
            let news = &book.sale(id).news[seen..];
            news.iter().any(|one| one == "finished" || one == "kept-for-person" || one == "not-resolved")
        });
    }

    /// For which sales the motor has turned, an entry for each time, as its own counter says.
    pub fn turns(&mut self) -> Vec<String> {
        self.machine.press("turns");
        let (mut turns, mut total) = (Vec::new(), 0);
        let book = &mut self.book;
        self.machine.read_until("the motor's counter", |line| {
            book.take(line);
            match line.word.as_str() {
                "turned" => turns.push(line.get("sale").to_owned()),
                "turns" => total = line.get("total").parse().unwrap(),
                _ => {}
            }
            line.word == "turns"
        });
        assert_eq!(turns.len(), total);
        turns
    }

    /// What the carrier took for a sale: how often, and how much in all.
    pub fn captured(&self, sale: &Sale) -> (usize, u64) {
        let ledger = self.carrier.ledger();
        let number = format!("94{}", &sale.payer[1..]);
        let of_payer = ledger.captures().iter().filter(|capture| capture.subscriber == number);
        (of_payer.count(), ledger.total(&sale.payer))
    }

    /// Shows a line of this check; several run at once.
    pub fn say(&self, text: &str) {
        println!("{}: {text}", if self.relay.is_some() { "ezcash" } else { "mobitel" });
    }

    /// I12: nothing that the machine said holds a payer's number or a secret.
    pub fn check_output(&self) {
        let output = self.machine.output();
        let numbers = self.sales.iter().map(|sale| &sale.payer[1..]);
        let secrets =
            [preset::PASSWORD, preset::CLIENT_ID, preset::APPLICATION_ID, preset::EZCASH_AGENT_ALIAS];
        let token = self.relay.as_ref().map(RelayHost::token);
        for secret in numbers.chain(secrets).chain(token) {
            let tail = &secret[secret.len() - 2..];
            assert!(!output.contains(secret), "the machine said a secret or a number that ends in {tail}");
        }
        assert!(output.len() > 500, "the machine said nearly nothing, so this proves nothing");
    }
}

fn carrier() -> Simulator {
    let builder = Simulator::builder().payer_delay(THINKING).prompt_lifetime(PROMPT_LIFETIME);
    builder.start().unwrap()
}

/// The image, as `cargo xtask firmware` built it.
fn image() -> PathBuf {
    std::env::var_os("CAAS_FIRMWARE").map(PathBuf::from).expect("run this by: cargo xtask firmware")
}
