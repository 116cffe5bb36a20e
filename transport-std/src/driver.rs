//! The driver: runs charges to their end over the HTTP client and the journal.
//!
//! A [`Desk`] opens charges and takes up again what a restart left; an [`OpenCharge`] is one charge under way. All
//! decisions are `caas-core`'s; here are the clock, the disk, the wire and the waiting.
//!
//! Whatever is dropped, killed or unplugged at any moment: the charge stays in the journal as it is, and
//! [`Desk::resume_all`] brings it to its end.

mod carrier_access;
mod charge_event;
mod clock;
mod desk_error;
mod flight;
mod interrupt;
mod landing;
mod notifications;
mod open_charge;
mod outcome;
mod registry;
mod resume;
mod settings;
mod step;
mod visit;

use std::sync::Arc;
use std::time::Duration;

use caas_core::charge::{Charge, Input, Order, Output};
use caas_core::credentials::Credentials;

pub use carrier_access::CarrierAccess;
pub use charge_event::ChargeEvent;
pub use clock::ClockRate;
pub use desk_error::DeskError;
pub use interrupt::Interrupter;
pub use open_charge::OpenCharge;
pub use outcome::{Ended, Ending, Outcome, Reaction};
pub use resume::Resumed;
pub use settings::{AtLapse, DeskSettings, ReleasePolicy};

use crate::http_client::HttpClient;
use crate::journal::{ChargeRow, ChargeView, Draft, Journal, JournalError, Lease, OpenRefused, Opening};
use clock::Clock;
use interrupt::InterruptFlag;
use open_charge::Origin;
use registry::Registry;

/// How often a charge that somebody else drives is looked at by who waits for its end.
const FOLLOW_PAUSE: Duration = Duration::from_millis(100);

/// Where charges are opened and brought to their end. Cheap to clone; all clones are one desk.
///
/// It needs a tokio runtime with time and network enabled. See `examples/ten_lines.rs` for a whole sale.
///
/// ```
/// use caas_core::charge::Order;
/// use caas_core::credentials::{Credentials, Secret};
/// use caas_core::id::{SaleId, Subscriber};
/// use caas_core::money::Amount;
/// use caas_core::profile;
/// use caas_simulator::{Simulator, preset};
/// use caas_transport_std::{CarrierAccess, Desk, DeskSettings, Ending, Journal};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("charges.db");
/// let carrier = Simulator::start();
/// let credentials = Credentials {
///     application: Secret::new(preset::APPLICATION_ID)?,
///     password: Secret::new(preset::PASSWORD)?,
///     ..Credentials::default()
/// };
/// let access = CarrierAccess::new(profile::ideamart(), credentials, &carrier.url())?;
/// let desk = Desk::open(DeskSettings::new(Journal::open(path)?, access))?;
/// desk.resume_all(|_, _| {}).await?;
///
/// let sale = SaleId::new("sale-1")?;
/// let payer = Subscriber::new("94771234567")?;
/// let amount = Amount::parse("10.00")?;
/// let outcome = desk.charge(&Order::new(&sale, &payer, amount)).await?;
/// assert_eq!(outcome.ending(), Ending::Paid);
/// assert_eq!(carrier.ledger().total("94771234567"), 10_00);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Desk {
    inner: Arc<Inner>,
}

struct Inner {
    settings: DeskSettings,
    client: HttpClient,
    clock: Clock,
    registry: Registry,
    interrupt: InterruptFlag,
}

impl Desk {
    /// Opens a desk. Nothing is sent, and nothing is resumed: call [`Desk::resume_all`] first.
    ///
    /// # Errors
    /// [`DeskError`] names the setting that cannot work.
    pub fn open(settings: DeskSettings) -> Result<Self, DeskError> {
        let client = HttpClient::new(settings.http.clone()).map_err(DeskError::Settings)?;
        for carrier in &settings.carriers {
            client.check_endpoint(carrier.endpoint()).map_err(DeskError::Endpoint)?;
        }
        if settings.carriers.is_empty() {
            return Err(DeskError::NoCarrier);
        }
        let clock = Clock::start(settings.clock_rate);
        let interrupt = InterruptFlag::default();
        Ok(Desk {
            inner: Arc::new(Inner { settings, client, clock, registry: Registry::default(), interrupt }),
        })
    }

    /// The desk's journal.
    pub fn journal(&self) -> &Journal {
        &self.inner.settings.journal
    }

    /// Charges at the first carrier and waits for the end: paid and released, not charged, or for a person to look. A
    /// sale that has a charge already gets that one: its end, if it has one, or it is driven on. Where another process
    /// drives it, this waits for that one's end, and takes the charge over if that one dies.
    ///
    /// With [`ReleasePolicy::Ask`] use [`Desk::charge_with`] or [`Desk::begin`]: here nobody answers, and what was paid
    /// becomes a refund due.
    ///
    /// # Errors
    /// [`DeskError`]. Where nothing was sent, it says so: [`DeskError::nothing_sent`].
    ///
    /// # Dropping the future
    /// The charge stays in the journal as it is; [`Desk::resume_all`] or the same call again finishes it.
    pub async fn charge(&self, order: &Order<'_>) -> Result<Outcome, DeskError> {
        self.charge_with(order, |_, _| Reaction::Continue).await
    }

    /// [`Desk::charge`], telling `observer` of each event with what is known then. What it returns is done.
    ///
    /// # Errors
    /// As [`Desk::charge`].
    ///
    /// # Dropping the future
    /// As with [`Desk::charge`].
    pub async fn charge_with(
        &self,
        order: &Order<'_>,
        observer: impl FnMut(&ChargeView, &ChargeEvent) -> Reaction,
    ) -> Result<Outcome, DeskError> {
        loop {
            match self.begin(order).await {
                Err(DeskError::DrivenElsewhere) if !self.inner.interrupt.is_set() => {
                    tokio::time::sleep(FOLLOW_PAUSE).await;
                }
                begun => return begun?.run(observer).await,
            }
        }
    }

    /// Opens a charge at the first carrier and hands it out to be driven step by step. When this returns, the charge is
    /// durable and nothing was sent.
    ///
    /// A sale that has a charge already gets that one, if the order is the same (R10), and goes on with it: asking again
    /// says that somebody waits for the goods, so one that was paid and not released may be released now, once.
    ///
    /// # Errors
    /// [`DeskError`]; nothing was sent.
    ///
    /// # Dropping the future
    /// The charge may or may not be in the journal; the same call again finds out.
    pub async fn begin(&self, order: &Order<'_>) -> Result<OpenCharge, DeskError> {
        self.begin_at(0, order).await
    }

    /// [`Desk::begin`] at the carrier whose profile has this name.
    ///
    /// # Errors
    /// As [`Desk::begin`], and [`DeskError::UnknownCarrier`].
    ///
    /// # Dropping the future
    /// As with [`Desk::begin`].
    pub async fn begin_with_profile(
        &self,
        profile: &str,
        order: &Order<'_>,
    ) -> Result<OpenCharge, DeskError> {
        let found = self.inner.settings.carriers.iter().position(|carrier| carrier.profile().name == profile);
        let index = found.ok_or_else(|| DeskError::UnknownCarrier {
            profile: profile.to_owned(),
            endpoint: String::new(),
        })?;
        self.begin_at(index, order).await
    }

    /// Replaces the credentials of a carrier, and lets charges repeat the step that was refused (R13).
    ///
    /// # Errors
    /// [`DeskError::UnknownCarrier`] where no carrier has a profile of that name.
    pub fn replace_credentials(&self, profile: &str, credentials: Credentials) -> Result<(), DeskError> {
        let credentials = Arc::new(credentials);
        let mut found = false;
        for carrier in self.inner.settings.carriers.iter().filter(|one| one.profile().name == profile) {
            carrier.replace_credentials(Arc::clone(&credentials));
            found = true;
        }
        if !found {
            return Err(DeskError::UnknownCarrier { profile: profile.to_owned(), endpoint: String::new() });
        }
        self.inner.registry.credentials_replaced();
        Ok(())
    }

    /// Stops driving, for a program that is about to end. The charges stay as they are.
    pub fn interrupter(&self) -> Interrupter {
        self.inner.interrupt.interrupter()
    }

    async fn begin_at(&self, carrier: usize, order: &Order<'_>) -> Result<OpenCharge, DeskError> {
        let row = self.find(order.sale.as_str()).await?;
        if let Some(row) = row {
            return self.go_on(&row, order).await;
        }
        let access = self.inner.settings.carriers.get(carrier).ok_or(DeskError::NoCarrier)?;
        match self.open_new(access, order).await {
            // Another process opened the sale meanwhile.
            Err(DeskError::SaleTaken) => match self.find(order.sale.as_str()).await? {
                Some(row) => self.go_on(&row, order).await,
                None => Err(DeskError::SaleTaken),
            },
            result => result,
        }
    }

    async fn open_new(&self, access: &CarrierAccess, order: &Order<'_>) -> Result<OpenCharge, DeskError> {
        let job = self.opening_job(access, order);
        let (charge, lease) = self.on_disk(job).await??;
        Ok(OpenCharge::start(self, access.clone(), charge, lease, Origin::Wanted))
    }

    /// The work of opening a charge, with everything owned, for the thread that waits for the disk.
    fn opening_job(
        &self,
        access: &CarrierAccess,
        order: &Order<'_>,
    ) -> impl FnOnce(&Journal) -> Result<(Charge, Lease), DeskError> + Send + 'static {
        let (inner, access) = (Arc::clone(&self.inner), access.clone());
        let (sale, subscriber) = (order.sale.clone(), order.subscriber.clone());
        let instrument = order.instrument.map(str::to_owned);
        let account = order.account.cloned();
        let (amount, currency, window, attempts) =
            (order.amount, order.currency, order.window, order.attempts);
        move |journal| {
            let order = Order {
                sale: &sale,
                subscriber: &subscriber,
                amount,
                currency,
                instrument: instrument.as_deref(),
                account: account.as_ref(),
                window,
                attempts,
            };
            let opening = Opening {
                sale: sale.as_str(),
                subscriber: &subscriber,
                amount,
                prefix: inner.settings.prefix.as_deref(),
                caps: &inner.settings.caps,
            };
            let mut opened = None;
            let lease = journal.open_charge(&opening, |id| {
                let (charge, token, draft) = first_record(&inner.clock, &access, &order, id)?;
                opened = Some((charge, token));
                Ok::<_, DeskError>(draft)
            })?;
            // open_charge succeeds only after it called the closure, which kept both.
            let (mut charge, token) = opened.ok_or(DeskError::OpenRefused)?;
            let _ = charge.handle_input(inner.clock.now(), access.profile(), Input::Persisted(token));
            Ok((charge, lease))
        }
    }

    async fn find(&self, sale: &str) -> Result<Option<ChargeRow>, DeskError> {
        let sale = sale.to_owned();
        Ok(self.on_disk(move |journal| journal.get(&sale)).await??)
    }

    /// Runs `work` on a thread that may wait for the disk.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Journal) -> T + Send + 'static,
    ) -> Result<T, DeskError> {
        let journal = self.journal().clone();
        tokio::task::spawn_blocking(move || work(&journal)).await.map_err(|_| DeskError::Stopped)
    }

    fn access(&self, row: &ChargeRow) -> Result<CarrierAccess, DeskError> {
        let fits = |carrier: &&CarrierAccess| {
            carrier.profile().name == row.profile && carrier.base_url() == row.endpoint
        };
        self.inner.settings.carriers.iter().find(fits).cloned().ok_or_else(|| DeskError::UnknownCarrier {
            profile: row.profile.clone(),
            endpoint: row.endpoint.clone(),
        })
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

/// A new charge up to its first record, which says what is about to be sent.
fn first_record(
    clock: &Clock,
    access: &CarrierAccess,
    order: &Order<'_>,
    id: &caas_core::id_generator::ChargeId,
) -> Result<(Charge, caas_core::charge::PersistToken, Draft), DeskError> {
    let credentials = access.credentials();
    let carrier = access.carrier(&credentials);
    let mut charge = Charge::start(clock.now(), &carrier, order, id).map_err(DeskError::Refused)?;
    let mut buffer = vec![0; caas_core::charge::BUFFER_MAX];
    match charge.poll_output(clock.now(), &carrier, &mut buffer) {
        Output::Persist { token, record } => {
            let draft = Draft {
                view: ChargeView::of(&charge),
                record: record.bytes().to_vec(),
                profile: access.profile().name.to_owned(),
                endpoint: access.base_url().to_owned(),
                simulated: access.is_simulated(),
            };
            Ok((charge, token, draft))
        }
        // A charge that was just started always wants its first record.
        _ => Err(DeskError::OpenRefused),
    }
}

impl From<OpenRefused> for DeskError {
    fn from(refused: OpenRefused) -> Self {
        match refused {
            OpenRefused::SaleKnown => DeskError::SaleTaken,
            OpenRefused::SubscriberBusy { sale } => DeskError::SubscriberBusy { sale },
            OpenRefused::Cap(cap) => DeskError::Cap(cap),
            OpenRefused::Journal(error) => DeskError::Journal(error),
        }
    }
}

impl From<JournalError> for DeskError {
    fn from(error: JournalError) -> Self {
        DeskError::Journal(error)
    }
}
