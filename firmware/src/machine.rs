//! The vending machine: keys start sales, the driver charges, the motor releases.

use caas_core::charge::{Carrier, Order, ReleasePermit};
use caas_core::id::SaleId;
use caas_transport_embedded::EmbassyClock;
use caas_transport_embedded::driver::{Buffers, Counter, Happening, Machine, MachineSettings, News};
use caas_transport_embedded::journal::FlashJournal;
use embassy_futures::join::join5;
use embassy_net::{IpAddress, IpEndpoint, Stack};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use embassy_sync::channel::Channel;
use static_cell::StaticCell;

use crate::cut_journal::CutJournal;
use crate::keypad::Keypad;
use crate::keys::Keys;
use crate::nor_flash::{CAPACITY, RamFlash};
use crate::notifications::{self, Replies};
use crate::provisioning::Provisioned;
use crate::reset_point::{self, ResetPoint, reach};
use crate::semihosting::line;
use crate::socket::{Dialler, SocketBuffers};
use crate::{carrier, choices, dispenser, report};

/// Charges under way at once.
const PLACES: usize = 8;
/// Charges in the journal, with those that wait for a person, and the id generator's mark.
const JOURNAL_PLACES: usize = 24;
/// What the ids of this machine's charges begin with.
pub const PREFIX: &str = "VM1";
/// A new machine's epoch of ids. The installer counts it up when the flash is replaced.
const EPOCH: u32 = 1;

static SOCKET_BUFFERS: StaticCell<SocketBuffers> = StaticCell::new();

/// A release that the motor is to do.
type Releases = Channel<NoopRawMutex, (SaleId, ReleasePermit), PLACES>;
/// What each sale is of.
type Choices = core::cell::RefCell<choices::Choices<PLACES>>;
/// Where the tasks below command and are told.
pub type TheCounter<'m, 'c> = Counter<'m, 'c, PLACES, EmbassyClock>;

/// Sells, for ever.
pub async fn run(stack: Stack<'static>, provisioned: &Provisioned, keypad: Keypad) -> ! {
    let Some((profile, instrument)) = carrier::profile(&provisioned.carrier) else {
        panic!("provisioned for a carrier that this machine does not know");
    };
    let carrier =
        Carrier { profile: &profile, credentials: &provisioned.credentials, endpoint: &provisioned.endpoint };
    let settings = MachineSettings { epoch: Some(EPOCH), ..MachineSettings::new(PREFIX) };
    let Ok(mut machine) = Machine::<PLACES, _>::new(settings, carrier, EmbassyClock) else {
        panic!("the endpoint is no address");
    };
    let journal = match FlashJournal::<_, JOURNAL_PLACES>::new(RamFlash, 0..CAPACITY as u32) {
        Ok(journal) => CutJournal(journal),
        Err(unfit) => panic!("the flash does not fit the journal: {unfit}"),
    };
    let peer = IpEndpoint::new(IpAddress::v4(10, 0, 2, 2), provisioned.port);
    let dialler =
        Dialler::new(stack, SOCKET_BUFFERS.init(SocketBuffers::new()), peer, Some(ResetPoint::AfterSend));
    let mut buffers: Buffers = Buffers::new();
    let (mut driver, counter) = machine.open(dialler, journal, &mut buffers);
    let (releases, replies, choices) =
        (Releases::new(), Replies::new(), Choices::new(choices::Choices::new()));
    join5(
        driver.run(),
        listen(counter, &releases, &replies, &choices),
        notifications::pull(counter, &replies, stack, provisioned),
        take_keys(counter, keypad, instrument, &choices),
        release(counter, &releases, &choices),
    )
    .await;
    unreachable!("none of them ends")
}

/// Says what happens, and does what the charge asks for.
async fn listen(counter: TheCounter<'_, '_>, releases: &Releases, replies: &Replies, choices: &Choices) {
    loop {
        match counter.next().await {
            Happening::Ready => line(format_args!("ready")),
            Happening::Charge { sale, news } => {
                report::tell(&sale, &news);
                if !choices.borrow_mut().note(&sale, &news) {
                    let _ = counter.cancel(&sale);
                }
                act(counter, releases, sale, news).await;
            }
            Happening::Reply { ticket, reply } => {
                reach(ResetPoint::BeforeAcknowledge);
                // One that nobody waits for any more finds no place; its notification comes again.
                let _ = replies.try_send((ticket, reply));
            }
            Happening::Journal(trouble) => line(format_args!("journal trouble={trouble:?}")),
        }
    }
}

async fn act(counter: TheCounter<'_, '_>, releases: &Releases, sale: SaleId, news: News) {
    match news {
        News::PendingConsent => reach(ResetPoint::AfterAnswer),
        News::Confirmed => reach(ResetPoint::AfterConfirmed),
        News::Release(permit) => {
            reach(ResetPoint::BeforeRelease);
            releases.send((sale, permit)).await;
        }
        // Nobody waits at the machine for a second prompt.
        News::Lapsed => _ = counter.cancel(&sale),
        _ => {}
    }
}

/// Moves the motor, beside everything else.
async fn release(counter: TheCounter<'_, '_>, releases: &Releases, choices: &Choices) {
    loop {
        let (sale, permit) = releases.receive().await;
        let slot = choices.borrow().of(&sale);
        let turned = match slot {
            Some(slot) => dispenser::turn(&sale, slot.is_stuck).await.is_ok(),
            None => false,
        };
        let given = if turned { counter.released(permit) } else { counter.release_failed(permit) };
        reach(ResetPoint::AfterRelease);
        if given.is_err() {
            panic!("a permit of this run was not taken back");
        }
    }
}

async fn take_keys(
    counter: TheCounter<'_, '_>,
    mut keypad: Keypad,
    instrument: Option<&'static str>,
    choices: &Choices,
) {
    loop {
        let keys = keypad.line().await;
        match Keys::read(&keys) {
            Some(Keys::Sell { sale, subscriber, slot }) => {
                let order = Order { instrument, ..Order::new(&sale, &subscriber, slot.price) };
                match counter.start(&order) {
                    // The driver has not decided yet: it is another task.
                    Ok(()) => choices.borrow_mut().want(sale, slot),
                    Err(why) => {
                        line(format_args!("sale id={} is=not-started why={why:?}", sale.as_str()));
                    }
                }
            }
            Some(Keys::Resolve { sale, resolution }) => {
                if counter.resolve(&sale, resolution, "attendant").is_err() {
                    line(format_args!("sale id={} is=not-resolved why=Busy", sale.as_str()));
                }
            }
            Some(Keys::Cut(point)) => {
                reset_point::arm(point);
                line(format_args!("armed"));
            }
            Some(Keys::Turns) => dispenser::tell(),
            None => line(format_args!("keys that mean nothing")),
        }
    }
}
