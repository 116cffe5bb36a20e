//! What can be set before the simulator starts.

use std::io;
use std::time::Duration;

use crate::settings::Settings;
use crate::state::State;
use crate::{ConfirmMeaning, Credentials, DuplicateAnswer, Payer, Simulator};

/// Settings of a simulator to be.
///
/// ```
/// use caas_simulator::{ConfirmMeaning, Payer, Simulator};
///
/// let sim = Simulator::builder().confirm(ConfirmMeaning::Captures).payer(Payer::Ignore).start()?;
/// assert_eq!(sim.ledger().count(), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Builder {
    port: u16,
    clock_rate: u32,
    settings: Settings,
}

impl Default for Builder {
    fn default() -> Self {
        Self { port: 0, clock_rate: 1, settings: Settings::default() }
    }
}

impl Builder {
    /// The port on 127.0.0.1; 0, the default, takes a free one.
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// How many virtual milliseconds pass in a real one: 1 by default; 0 moves by
    /// [`fast_forward`](Simulator::fast_forward) only.
    pub fn clock_rate(self, clock_rate: u32) -> Self {
        Self { clock_rate, ..self }
    }

    /// Who may call; the preset's by default.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.settings.credentials = credentials;
        self
    }

    /// What Mobitel's confirm does; [`ConfirmMeaning::Reads`] by default.
    pub fn confirm(mut self, meaning: ConfirmMeaning) -> Self {
        self.settings.confirm = meaning;
        self
    }

    /// What the payer does; [`Payer::Approve`] by default.
    pub fn payer(mut self, payer: Payer) -> Self {
        self.settings.payer = payer;
        self
    }

    /// How long the payer thinks first, in virtual time; not at all by default.
    pub fn payer_delay(mut self, delay: Duration) -> Self {
        self.settings.payer_delay = delay;
        self
    }

    /// How long a prompt can be answered, in virtual time; 120 s by default.
    pub fn prompt_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.prompt_lifetime = lifetime;
        self
    }

    /// Whether a second charge request is refused while the subscriber has an open prompt. By default it
    /// raises a second prompt, which makes double prompting visible.
    pub fn handset_busy_while_prompted(mut self, busy: bool) -> Self {
        self.settings.handset_busy_while_prompted = busy;
        self
    }

    /// Whether a repeated `externalTrxId` is recognised; it is by default. Where it is not, a second debit
    /// takes the money again.
    pub fn deduplicates(mut self, deduplicates: bool) -> Self {
        self.settings.deduplicates = deduplicates;
        self
    }

    /// What a recognised duplicate is answered; the first answer once more by default. One that asks for
    /// another amount or subscriber is always answered E1379.
    pub fn duplicate_answer(mut self, answer: DuplicateAnswer) -> Self {
        self.settings.duplicate_answer = answer;
        self
    }

    /// What eZ Cash asks the payer for (`amountDue`, in minor units) whatever the debit's amount is.
    pub fn amount_due(mut self, minor_units: u64) -> Self {
        self.settings.amount_due = Some(minor_units);
        self
    }

    /// The balance of a subscriber seen for the first time, in minor units; 1000.00 by default.
    pub fn opening_balance(mut self, minor_units: u64) -> Self {
        self.settings.opening_balance = minor_units;
        self
    }

    /// Where charging notifications go: `http://…`.
    pub fn notify_url(mut self, url: &str) -> Self {
        self.settings.notify_url = Some(url.to_owned());
        self
    }

    /// What chance starts from: faults by probability and latencies; 1 by default, so that runs repeat.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// Whether magic numbers and amounts have their meaning ([`MAGIC`](crate::MAGIC)); they have by default.
    pub fn magic_values(mut self, magic: bool) -> Self {
        self.settings.magic_values = magic;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// Where the port is taken, or the machine has no thread or descriptor left.
    pub fn start(self) -> io::Result<Simulator> {
        Simulator::launch(self.port, State::new(self.settings, self.clock_rate))
    }
}
