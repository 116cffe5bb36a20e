//! What the machine says, a line at a time: a word, then `name=value` pairs.

use std::collections::BTreeMap;

/// A line of the machine.
#[derive(Debug)]
pub struct Line {
    /// Its first word.
    pub word: String,
    fields: BTreeMap<String, String>,
}

impl Line {
    /// Reads a line. A word without `=` after the first one is left out.
    pub fn parse(text: &str) -> Self {
        let mut words = text.split_whitespace();
        let word = words.next().unwrap_or_default().to_owned();
        let pairs = words.filter_map(|word| word.split_once('='));
        Line { word, fields: pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect() }
    }

    /// The value of a pair; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// What the machine said about one sale.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// All that it said, in order; a boot starts it anew, because everything that is still true is told again.
    pub news: Vec<String>,
    /// What is owed back to the payer, in minor units.
    pub refund_due: u64,
    /// Why a person must look.
    pub review: Option<String>,
    /// Whether the release is uncertain.
    pub is_uncertain: bool,
    /// Whether the machine has nothing left to do for it.
    pub has_ended: bool,
}

/// What the machine said about its sales since it booted, and which sales it has put away for good.
#[derive(Debug, Default)]
pub struct Book {
    /// The number of the boot.
    pub boot: u32,
    /// Whether all that the restart left is taken up.
    pub is_ready: bool,
    /// The sales by their ids.
    pub sales: BTreeMap<String, Told>,
}

impl Book {
    /// Takes a line.
    pub fn take(&mut self, line: &Line) {
        match line.word.as_str() {
            "boot" => self.start_anew(line.get("number").parse().unwrap()),
            "ready" => self.is_ready = true,
            "sale" => self.sales.entry(line.get("id").to_owned()).or_default().take(line),
            _ => {}
        }
    }

    /// What was said about a sale.
    pub fn sale(&self, id: &str) -> Told {
        self.sales.get(id).cloned().unwrap_or_default()
    }

    /// A sale that has ended and left nothing for a person is not told of again.
    fn start_anew(&mut self, boot: u32) {
        assert_eq!(boot, self.boot + 1, "boots are counted in memory that a reset leaves alone");
        self.boot = boot;
        self.is_ready = false;
        self.sales.retain(|_, told| told.is_finished());
    }
}

impl Told {
    /// Whether it ended with nothing for a person to do.
    pub fn is_finished(&self) -> bool {
        self.news.last().is_some_and(|news| news == "finished")
    }

    fn take(&mut self, line: &Line) {
        let news = line.get("is");
        match news {
            "refund-due" => self.refund_due = cents(line.get("amount")),
            "needs-review" => self.review = Some(line.get("why").to_owned()),
            "release-uncertain" => self.is_uncertain = true,
            "finished" | "kept-for-person" | "not-started" => self.has_ended = true,
            _ => {}
        }
        self.news.push(news.to_owned());
    }
}

/// `5.00` in minor units.
fn cents(amount: &str) -> u64 {
    let (whole, cents) = amount.split_once('.').expect("an amount has two decimals");
    whole.parse::<u64>().unwrap() * 100 + cents.parse::<u64>().unwrap()
}
