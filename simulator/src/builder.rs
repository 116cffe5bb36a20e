//! What can be set before the simulator starts.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::milliseconds;
use crate::settings::Settings;
use crate::state::State;
use crate::state_file::StateFile;
use crate::{
    ConfirmMeaning, Credentials, DuplicateAnswer, Payer, SettingsChange, Simulator, Sum, keeper, state_text,
};

/// Settings of a simulator to be.
///
/// ```
/// use caas_simulator::{ConfirmMeaning, Payer, Simulator};
///
/// let sim = Simulator::builder().confirm(ConfirmMeaning::Captures).payer(Payer::Ignore).start()?;
/// assert_eq!(sim.ledger().count(), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Builder {
    port: u16,
    credentials: Credentials,
    /// What was set here; it goes before what a state file has.
    settings: SettingsChange,
    state_file: Option<PathBuf>,
}

impl Builder {
    /// The port on 127.0.0.1; 0, the default, takes a free one.
    pub fn port(self, port: u16) -> Self {
        Self { port, ..self }
    }

    /// How many virtual milliseconds pass in a real one: 1 by default; 0 moves by
    /// [`fast_forward`](Simulator::fast_forward) only.
    pub fn clock_rate(mut self, clock_rate: u32) -> Self {
        self.settings.clock_rate = Some(clock_rate);
        self
    }

    /// Who may call; the preset's by default.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// What Mobitel's confirm does; [`ConfirmMeaning::Reads`] by default.
    pub fn confirm(mut self, meaning: ConfirmMeaning) -> Self {
        self.settings.confirm = Some(meaning);
        self
    }

    /// What the payer does; [`Payer::Approve`] by default.
    pub fn payer(mut self, payer: Payer) -> Self {
        self.settings.payer = Some(payer);
        self
    }

    /// How long the payer thinks first, in virtual time; not at all by default.
    pub fn payer_delay(mut self, delay: Duration) -> Self {
        self.settings.payer_delay_ms = Some(milliseconds(delay));
        self
    }

    /// How long a prompt can be answered, in virtual time; 120 s by default.
    pub fn prompt_lifetime(mut self, lifetime: Duration) -> Self {
        self.settings.prompt_lifetime_ms = Some(milliseconds(lifetime));
        self
    }

    /// Whether a second charge request is refused while the subscriber has an open prompt. By default it
    /// raises a second prompt, which makes double prompting visible.
    pub fn handset_busy_while_prompted(mut self, busy: bool) -> Self {
        self.settings.handset_busy_while_prompted = Some(busy);
        self
    }

    /// Whether a repeated `externalTrxId` is recognised; it is by default. Where it is not, a second debit
    /// takes the money again.
    pub fn deduplicates(mut self, deduplicates: bool) -> Self {
        self.settings.deduplicates = Some(deduplicates);
        self
    }

    /// What a recognised duplicate is answered; the first answer once more by default. One that asks for
    /// another amount or subscriber is always answered E1379.
    pub fn duplicate_answer(mut self, answer: DuplicateAnswer) -> Self {
        self.settings.duplicate_answer = Some(answer);
        self
    }

    /// What eZ Cash asks the payer for (`amountDue`, in minor units) whatever the debit's amount is.
    pub fn amount_due(mut self, minor_units: u64) -> Self {
        self.settings.amount_due = Some(Sum(Some(minor_units)));
        self
    }

    /// The balance of a subscriber seen for the first time, in minor units; 1000.00 by default.
    pub fn opening_balance(mut self, minor_units: u64) -> Self {
        self.settings.opening_balance = Some(Sum(Some(minor_units)));
        self
    }

    /// Where charging notifications go: `http://…`.
    pub fn notify_url(mut self, url: &str) -> Self {
        self.settings.notify_url = Some(url.to_owned());
        self
    }

    /// What chance starts from: faults by probability and latencies; 1 by default, so that runs repeat.
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = Some(seed);
        self
    }

    /// Whether magic numbers and amounts have their meaning ([`MAGIC`](crate::MAGIC)); they have by default.
    pub fn magic_values(mut self, magic: bool) -> Self {
        self.settings.magic_values = Some(magic);
        self
    }

    /// How many requests a caller may send in a second (virtual): more are answered as the gateways answer them,
    /// Mobitel's by IBM's 429 and the family's by E1318. Any number by default.
    pub fn rate_limit(mut self, per_second: u32) -> Self {
        self.settings.rate_limit = Some(per_second);
        self
    }

    /// Keeps the state in this file, and goes on with what is in it: ledger, subscribers, prompts, payments, executed
    /// debits, notifications still to be sent, faults, settings and virtual time. What is set on this builder goes
    /// before what the file has; [`credentials`](Self::credentials) are never in it, and the log is not. It has the
    /// numbers of subscribers in full, and is made readable by its owner only.
    ///
    /// An HTTP answer or a notification goes out when what it says is on the disk: after `kill -9` or a power cut
    /// the ledger has every capture that anybody was told of, once. While the disk refuses, requests are answered 503
    /// and executed no more. While no simulator runs, its time stands still; a cut may put the time back by 5 s.
    /// Calls on [`Simulator`] itself do not wait.
    pub fn state_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.state_file = Some(path.into());
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// Where the port is taken, or the machine has no thread or descriptor left. Where the state file is no state, is
    /// damaged, was written by another version, is in use, or cannot be written; it stays as it is then.
    pub fn start(self) -> io::Result<Simulator> {
        let named = |path: &Path, why: String| io::Error::other(format!("{}: {why}", path.display()));
        let Some(path) = self.state_file else {
            return Simulator::launch(self.port, fresh(self.credentials, self.settings), None);
        };
        let file = StateFile::take(&path).map_err(|error| named(&path, error.to_string()))?;
        let text = file.read().map_err(|error| named(&path, error.to_string()))?;
        let state = match text {
            Some(text) => {
                let mut state = state_text::read(&text, self.credentials).map_err(|why| named(&path, why))?;
                self.settings.apply(&mut state);
                state
            }
            None => fresh(self.credentials, self.settings),
        };
        keeper::write_first(&file, &state).map_err(|error| named(&path, error.to_string()))?;
        Simulator::launch(self.port, state, Some(file))
    }
}

fn fresh(credentials: Credentials, settings: SettingsChange) -> State {
    let mut state = State::new(Settings { credentials, ..Settings::default() }, 1);
    settings.apply(&mut state);
    state
}
