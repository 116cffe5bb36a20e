//! What may come together: a sale that ends while a connection is made, two sales at once, more records than places, records
//! and marks that are damaged, a charge that comes back while it is put away.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;
mod support;

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::pin::pin;
use std::rc::Rc;

use caas_core::charge::{Carrier, Order, RECORD_MAX, Reason, Record, RecoverError, Resolution};
use caas_core::id::{SaleId, Subscriber};
use caas_core::id_generator::Mark;
use caas_core::money::Amount;
use caas_core::profile::{self, Profile};
use caas_core::time::Instant;
use caas_transport_embedded::Clock;
use caas_transport_embedded::driver::{
    Buffers, Counter, Dial, Happening, Machine, MachineSettings, News, NoConnection, NotPossible, NotStarted,
    Reply, poll_once,
};
use caas_transport_embedded::journal::{Found, IdMark, Journal, JournalError, Newest, RamJournal};
use driver_scene::{CarrierSide, Network, Scene, Socket, World, WorldClock};

/// Turns of a shop's day at most: more would be a live-lock.
const TURNS_MAX: usize = 20_000;

/// A network that takes its time.
struct Slow {
    network: Network,
    takes: u64,
    dialling: Rc<Cell<bool>>,
}

impl Dial for Slow {
    type Stream<'s> = Socket;

    async fn dial(&mut self) -> Result<Socket, NoConnection> {
        let clock = WorldClock(self.network.world.clone());
        self.dialling.set(true);
        clock.wait_until(Instant::from_millis(self.network.world.now.get() + self.takes)).await;
        self.dialling.set(false);
        self.network.dial().await
    }
}

/// A journal in memory of which something is damaged, or that does not put away.
#[derive(Default)]
struct Odd {
    ram: RamJournal<8>,
    damaged: Vec<SaleId>,
    older_is_gone: bool,
    mark_is_damaged: bool,
    finish_fails: bool,
    finishes_failed: usize,
}

#[derive(Clone, Default)]
struct OddJournal(Rc<RefCell<Odd>>);

#[allow(clippy::await_holding_refcell_ref, reason = "one task, and memory does not wait")]
impl Journal for OddJournal {
    type Fault = Infallible;

    async fn read<'b>(
        &mut self,
        position: usize,
        buffer: &'b mut [u8; RECORD_MAX],
    ) -> Result<Option<Found<'b>>, JournalError<Infallible>> {
        let mut odd = self.0.borrow_mut();
        let (damaged, gone) = (odd.damaged.clone(), odd.older_is_gone);
        let Some(mut found) = odd.ram.read(position, buffer).await? else { return Ok(None) };
        if let (true, Newest::Whole(record)) = (damaged.contains(&found.sale), found.newest) {
            found.newest = Newest::Damaged { older: (!gone).then_some(record) };
        }
        Ok(Some(found))
    }

    async fn persist(&mut self, sale: &SaleId, record: &Record<'_>) -> Result<(), JournalError<Infallible>> {
        let mut odd = self.0.borrow_mut();
        odd.damaged.retain(|damaged| damaged != sale);
        odd.ram.persist(sale, record).await
    }

    async fn finish(&mut self, sale: &SaleId) -> Result<(), JournalError<Infallible>> {
        let mut odd = self.0.borrow_mut();
        if odd.finish_fails {
            odd.finishes_failed += 1;
            return Err(JournalError::ReadBack);
        }
        odd.ram.finish(sale).await
    }

    async fn id_mark(&mut self) -> Result<IdMark, JournalError<Infallible>> {
        let mut odd = self.0.borrow_mut();
        if odd.mark_is_damaged { Ok(IdMark::Damaged) } else { odd.ram.id_mark().await }
    }

    async fn persist_id_mark(&mut self, mark: Mark) -> Result<(), JournalError<Infallible>> {
        let mut odd = self.0.borrow_mut();
        odd.mark_is_damaged = false;
        odd.ram.persist_id_mark(mark).await
    }
}

/// A shop with one machine after the other over one journal.
struct Shop {
    world: Rc<World>,
    carrier: Rc<RefCell<CarrierSide>>,
    profile: Profile<'static>,
    journal: OddJournal,
    dialling: Rc<Cell<bool>>,
    dial_takes: u64,
    epoch: u32,
}

impl Shop {
    fn new(mobitel: bool) -> Self {
        let scene = Scene::new(mobitel, RamJournal::<8>::new());
        Shop {
            world: scene.world,
            carrier: scene.carrier,
            profile: scene.profile,
            journal: OddJournal::default(),
            dialling: Rc::default(),
            dial_takes: 0,
            epoch: 1,
        }
    }

    /// One life of a machine with `N` places: `live` gets what happens, `None` where nothing does before the time goes on.
    /// It ends where `live` says `false`, or nothing is to be done any more.
    fn open<const N: usize>(&self, mut live: impl FnMut(Option<Happening>, Till<'_, '_, N>) -> bool) {
        let credentials = driver_scene::credentials();
        let carrier = Carrier { profile: &self.profile, credentials, endpoint: self.profile.endpoint };
        let settings = MachineSettings { epoch: Some(self.epoch), ..MachineSettings::new("K042") };
        let clock = WorldClock(self.world.clone());
        let mut machine: Machine<'_, N, _> = Machine::new(settings, carrier, clock).expect("an endpoint");
        let mut buffers: Buffers = Buffers::new();
        let network = Network { world: self.world.clone(), carrier: self.carrier.clone() };
        let slow = Slow { network, takes: self.dial_takes, dialling: self.dialling.clone() };
        let (mut driver, counter) = machine.open(slow, self.journal.clone(), &mut buffers);
        let mut run = pin!(driver.run());
        let mut was_idle = false;
        for _ in 0..TURNS_MAX {
            self.world.begin_turn();
            let _ = poll_once(run.as_mut());
            let happening = counter.take();
            let idle = happening.is_none();
            if !live(happening, counter) {
                return;
            }
            // What was commanded in an idle turn is done before the time goes on.
            if idle && std::mem::replace(&mut was_idle, idle) {
                was_idle = false;
                if !self.world.advance() {
                    return;
                }
            }
        }
        panic!("live-lock");
    }

    fn kept(&self) -> Vec<SaleId> {
        let mut buffer = [0; RECORD_MAX];
        let mut kept = Vec::new();
        let mut odd = self.journal.0.borrow_mut();
        while let Some(found) = support::now(odd.ram.read(kept.len(), &mut buffer)).unwrap() {
            kept.push(found.sale);
        }
        kept
    }

    /// The ids that the carrier was asked to charge under.
    fn externals(&self) -> Vec<String> {
        let id = |request: &String| {
            Some(request.split(r#""externalTrxId":""#).nth(1)?.split('"').next()?.to_owned())
        };
        self.carrier.borrow().requests.iter().filter_map(id).collect()
    }
}

type Till<'m, 'c, const N: usize> = Counter<'m, 'c, N, WorldClock>;

fn sale(number: usize) -> SaleId {
    SaleId::new(&format!("sale-{number}")).unwrap()
}

/// Starts a sale to a payer of its own.
fn start<const N: usize>(number: usize, counter: Till<'_, '_, N>, mobitel: bool, window: Option<u32>) {
    let (sale, payer) = (sale(number), Subscriber::new(&format!("9477123450{number}")).unwrap());
    let mut order = Order::new(&sale, &payer, Amount::parse("5.00").unwrap());
    order.instrument = (!mobitel).then_some(profile::DIALOG_EZCASH);
    order.window = window;
    counter.start(&order).expect("nothing waits");
}

/// The carrier's word that a charge was paid under a reference.
fn paid(external: &str, reference: usize) -> String {
    format!(
        r#"{{"externalTrxId":"{external}","internalTrxId":"7001","referenceId":"{reference}","totalAmount":"5.00",
        "currency":"LKR","statusCode":"S1000"}}"#
    )
}

/// R21: nothing that captures is sent any more, also where the request was only waiting for its connection.
#[test]
fn a_sale_that_is_cancelled_while_the_connection_is_made_sends_nothing() {
    for mobitel in [true, false] {
        let mut shop = Shop::new(mobitel);
        shop.dial_takes = 5_000;
        let (mut cancelled, mut told) = (false, Vec::new());
        shop.open::<2>(|happening, counter| {
            if matches!(happening, Some(Happening::Ready)) {
                start(1, counter, mobitel, None);
            }
            if shop.dialling.get() && !std::mem::replace(&mut cancelled, true) {
                counter.cancel(&sale(1)).expect("it is open");
            }
            told.extend(happening.map(|happening| format!("{happening:?}")));
            true
        });
        assert!(cancelled, "{told:#?}");
        assert!(shop.carrier.borrow().requests.is_empty(), "{told:#?}");
        assert!(shop.kept().is_empty(), "nothing is in doubt; {told:#?}");
        assert!(told.iter().any(|one| one.contains("Finished")), "{told:#?}");
    }
}

/// R16: the sale's time ends while the connection is made.
#[test]
fn a_sale_that_expires_while_the_connection_is_made_sends_nothing() {
    for mobitel in [true, false] {
        let mut shop = Shop::new(mobitel);
        shop.dial_takes = 5_000;
        let mut told = Vec::new();
        shop.open::<2>(|happening, counter| {
            if matches!(happening, Some(Happening::Ready)) {
                start(1, counter, mobitel, Some(3_000));
            }
            told.extend(happening.map(|happening| format!("{happening:?}")));
            true
        });
        assert!(told.iter().any(|one| one.contains("Closed(Expired)")), "{told:#?}");
        assert!(shop.carrier.borrow().requests.is_empty() && shop.kept().is_empty(), "{told:#?}");
    }
}

/// I4: the first attempt is paid after all, while the connection for the second one is made.
#[test]
fn a_sale_that_is_paid_while_the_connection_is_made_is_not_asked_for_again() {
    let mut shop = Shop::new(false);
    shop.dial_takes = 1_000;
    shop.carrier.borrow_mut().approves = false;
    let (mut released, mut notified, mut retried, mut told) = (0, false, false, Vec::new());
    let mut left_before = Vec::new();
    shop.open::<2>(|happening, counter| {
        told.extend(happening.iter().map(|happening| format!("{happening:?}")));
        match happening {
            Some(Happening::Ready) => start(1, counter, false, Some(3_600_000)),
            Some(Happening::Charge { news: News::Release(permit), .. }) => {
                released += 1;
                counter.released(permit).unwrap();
            }
            _ if !retried && !shop.externals().is_empty() => match counter.retry(&sale(1), true) {
                Err(NotPossible::TooEarly { left }) => left_before.push(left),
                answer => retried = answer.is_ok(),
            },
            _ => {}
        }
        if retried && shop.dialling.get() && !std::mem::replace(&mut notified, true) {
            counter.notification(paid(&shop.externals()[0], 8001).as_bytes()).expect("it is taken");
        }
        true
    });
    assert!(retried && notified, "{told:#?}");
    // Whoever asks is told how long it is yet (R18).
    assert!(left_before.is_sorted_by(|one, next| one >= next), "{left_before:?}");
    assert!(left_before.last() < left_before.first() && !left_before.contains(&0), "{left_before:?}");
    assert_eq!((released, shop.carrier.borrow().requests.len()), (1, 1), "{told:#?}");
}

#[test]
fn two_sales_at_once_are_each_charged_and_released_once() {
    let mut shop = Shop::new(false);
    shop.dial_takes = 1_000;
    let (mut released, mut finished, mut wanted, mut notified) = (Vec::new(), 0, 1, 0);
    let mut told = Vec::new();
    shop.open::<2>(|happening, counter| {
        told.extend(happening.iter().map(|happening| format!("{happening:?}")));
        match happening {
            Some(Happening::Ready) => start(1, counter, false, None),
            // The second one comes while the first is on its way.
            None if shop.dialling.get() && wanted == 1 => {
                wanted = 2;
                start(2, counter, false, None);
            }
            Some(Happening::Charge { sale, news: News::Release(permit) }) => {
                released.push(sale);
                counter.released(permit).unwrap();
            }
            Some(Happening::Charge { news: News::Finished, .. }) => finished += 1,
            _ => {}
        }
        let captures = shop.carrier.borrow().captures.clone();
        if let Some(external) = captures.get(notified).filter(|_| captures.len() == 2) {
            notified += usize::from(counter.notification(paid(external, 8001 + notified).as_bytes()).is_ok());
        }
        true
    });
    released.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    assert_eq!((released, finished, shop.kept().len()), (vec![sale(1), sale(2)], 2, 0), "{told:#?}");
    assert_eq!(shop.carrier.borrow().requests.len(), 2);
}

/// Charges that were asked for and not paid, as many, whose machine lost its power.
fn left_open<const N: usize>(shop: &Shop) {
    shop.carrier.borrow_mut().approves = false;
    let mut started = 0;
    shop.open::<N>(|happening, counter| {
        let next = matches!(
            happening,
            Some(Happening::Ready | Happening::Charge { news: News::PayerMustAct(_), .. })
        );
        if next && started < N {
            started += 1;
            start(started, counter, false, None);
            return true;
        }
        !next
    });
    assert_eq!((shop.kept().len(), shop.externals().len()), (N, N));
}

/// R38, R46, R49: a firmware with fewer places takes up all that the one before left, one after the other.
#[test]
fn more_records_than_places_are_all_taken_up() {
    let shop = Shop::new(false);
    left_open::<4>(&shop);
    let external = shop.externals()[3].clone();
    let (mut taken_up, mut refused, mut replies, mut due) = (Vec::new(), 0, Vec::new(), 0);
    let (mut ready, mut outstanding, mut told) = (false, false, Vec::new());
    shop.open::<2>(|happening, counter| {
        told.extend(happening.iter().map(|happening| format!("{happening:?}")));
        match happening {
            // One that gave way to another comes back, and is told of again.
            Some(Happening::Charge { sale, news: News::TakenUp }) if !taken_up.contains(&sale) => {
                taken_up.push(sale);
                if taken_up.len() == 2 {
                    start(5, counter, false, None);
                }
            }
            Some(Happening::Charge { news: News::NotStarted(NotStarted::StillTakingUp), .. }) => refused += 1,
            Some(Happening::Charge { news: News::Started { .. }, .. }) => {
                panic!("started before all were taken up")
            }
            Some(Happening::Charge { sale: of, news: News::RefundDue(amount) }) => {
                assert_eq!((of, amount), (sale(4), Amount::parse("5.00").unwrap()));
                due += 1;
            }
            Some(Happening::Charge { news: News::Release(_), .. }) => panic!("nobody is there"),
            Some(Happening::Reply { reply, .. }) => {
                outstanding = false;
                replies.push(reply);
            }
            Some(Happening::Ready) => ready = true,
            // The payer of the last one dials now: it has no place yet.
            None if refused == 1 && !outstanding && replies.last() != Some(&Reply::Acknowledge) => {
                outstanding = counter.notification(paid(&external, 8001).as_bytes()).is_ok();
            }
            _ => {}
        }
        true
    });
    assert_eq!((taken_up.len(), refused, ready, due), (4, 1, true, 1), "{told:#?}");
    assert_eq!(
        (replies.first(), replies.last()),
        (Some(&Reply::TryLater), Some(&Reply::Acknowledge)),
        "{told:#?}"
    );
    assert_eq!(shop.kept(), [sale(4)], "what is owed back is kept, the others are over");
}

/// R44: never idle and never paid; a person ends it.
#[test]
fn a_damaged_record_with_an_older_one_needs_a_person() {
    let shop = Shop::new(false);
    left_open::<2>(&shop);
    shop.journal.0.borrow_mut().damaged.push(sale(1));
    let (mut reviewed, mut resolved, mut finished, mut told) = (0, 0, Vec::new(), Vec::new());
    shop.open::<2>(|happening, counter| {
        told.extend(happening.iter().map(|happening| format!("{happening:?}")));
        match happening {
            Some(Happening::Charge { sale: of, news: News::NeedsReview(Reason::DamagedRecord) }) => {
                assert_eq!(of, sale(1));
                reviewed += 1;
            }
            Some(Happening::Charge { sale: of, news: News::KeptForPerson }) => {
                counter.resolve(&of, Resolution::NotCharged, "Nimal").unwrap();
            }
            Some(Happening::Charge { news: News::Resolved, .. }) => resolved += 1,
            Some(Happening::Charge { sale, news: News::Finished }) => finished.push(sale),
            _ => {}
        }
        true
    });
    assert_eq!((reviewed, resolved), (1, 1), "{told:#?}");
    assert!(finished.contains(&sale(1)) && shop.kept().is_empty(), "{told:#?}");
}

/// R44: nothing is left of it but its name. The machine sells on; the name is kept until a person has looked.
#[test]
fn a_record_that_is_lost_is_told_of_at_each_boot_until_a_person_has_looked() {
    let shop = Shop::new(false);
    left_open::<2>(&shop);
    shop.journal.0.borrow_mut().damaged.push(sale(1));
    shop.journal.0.borrow_mut().older_is_gone = true;
    for person_looks in [false, true] {
        let (mut lost, mut resolved, mut started, mut told) = (0, 0, 0, Vec::new());
        shop.open::<2>(|happening, counter| {
            told.extend(happening.iter().map(|happening| format!("{happening:?}")));
            match happening {
                Some(Happening::Charge { sale: of, news: News::RecordLost }) => {
                    assert_eq!(of, sale(1));
                    lost += 1;
                }
                Some(Happening::Ready) => start(if person_looks { 4 } else { 3 }, counter, false, None),
                Some(Happening::Charge { news: News::Started { .. }, .. }) => {
                    started += 1;
                    if person_looks {
                        counter.resolve(&sale(1), Resolution::NotCharged, "Nimal").unwrap();
                    }
                }
                Some(Happening::Charge { sale: of, news: News::Resolved }) => {
                    assert_eq!(of, sale(1));
                    resolved += 1;
                }
                _ => {}
            }
            true
        });
        assert_eq!((lost, started, resolved), (1, 1, usize::from(person_looks)), "{told:#?}");
        assert_eq!(shop.kept().contains(&sale(1)), !person_looks, "{told:#?}");
    }
}

/// R49: the record of another carrier's charge stays as it is, and no sale is started beside it.
#[test]
fn a_record_that_cannot_be_gone_on_with_stays_and_no_sale_is_started() {
    let mut shop = Shop::new(false);
    left_open::<1>(&shop);
    shop.profile = Shop::new(true).profile;
    let (mut refused, mut not_resolved, mut told) = (0, 0, Vec::new());
    shop.open::<2>(|happening, counter| {
        told.extend(happening.iter().map(|happening| format!("{happening:?}")));
        match happening {
            Some(Happening::Ready) => start(2, counter, true, None),
            Some(Happening::Charge { news: News::NotStarted(NotStarted::UnreadableRecord), .. }) => {
                refused += 1;
                counter.resolve(&sale(1), Resolution::NotCharged, "Nimal").unwrap();
            }
            Some(Happening::Charge { news: News::NotResolved(_), .. }) => not_resolved += 1,
            _ => {}
        }
        true
    });
    let reason = format!("{:?}", RecoverError::OtherProfile);
    assert!(told.iter().any(|one| one.contains("NotTakenUp") && one.contains(&reason)), "{told:#?}");
    assert_eq!((refused, not_resolved, shop.kept()), (1, 1, vec![sale(1)]), "{told:#?}");
    assert_eq!(shop.carrier.borrow().requests.len(), 1, "nothing was sent");
}

/// R52: after a damaged mark no id comes again, in this life of the machine and in later ones, whose settings still name
/// the epoch of before.
#[test]
fn no_id_comes_again_after_the_mark_was_damaged() {
    let mut shop = Shop::new(false);
    shop.epoch = 5;
    shop.carrier.borrow_mut().approves = false;
    let sell = |number: usize, epochs: &[u32]| {
        let (mut refused, mut epochs, mut told) = (0, epochs.iter(), Vec::new());
        shop.open::<2>(|happening, counter| {
            told.extend(happening.iter().map(|happening| format!("{happening:?}")));
            match happening {
                Some(Happening::Ready) => start(number, counter, false, None),
                Some(Happening::Charge { news: News::NotStarted(why), .. }) => {
                    assert_eq!(why, NotStarted::IdMarkDamaged);
                    refused += 1;
                    counter.begin_epoch(*epochs.next().expect("one more is given"));
                    start(number, counter, false, None);
                }
                _ => {}
            }
            true
        });
        assert!(told.iter().any(|one| one.contains("Started")), "{told:#?}");
        refused
    };
    assert_eq!(sell(1, &[]), 0);
    shop.journal.0.borrow_mut().mark_is_damaged = true;
    // Below the settings' epoch and the same as it are not new: the next boot would begin the settings' again.
    assert_eq!(sell(2, &[3, 5, 6]), 3);
    assert_eq!(sell(3, &[]), 0);
    let externals = shop.externals();
    assert_eq!(
        externals,
        ["K0420000000500000001a", "K0420000000600000001a", "K0420000000600000002a"],
        "each once"
    );
}

/// R56: a second payment comes while the journal fails to put the charge away: what is owed back is not put away with it.
#[test]
fn a_charge_that_comes_back_while_it_is_put_away_is_kept() {
    let shop = Shop::new(false);
    shop.journal.0.borrow_mut().finish_fails = true;
    let (mut notified, mut due, mut told) = (0, 0, Vec::new());
    shop.open::<2>(|happening, counter| {
        told.extend(happening.iter().map(|happening| format!("{happening:?}")));
        match happening {
            Some(Happening::Ready) => start(1, counter, false, None),
            Some(Happening::Charge { news: News::Release(permit), .. }) => counter.released(permit).unwrap(),
            Some(Happening::Charge { news: News::RefundDue(_), .. }) => due += 1,
            Some(Happening::Reply { .. }) if notified == 2 => {
                shop.journal.0.borrow_mut().finish_fails = false
            }
            _ => {}
        }
        let captures = shop.carrier.borrow().captures.clone();
        let failed = shop.journal.0.borrow().finishes_failed > 0;
        if let Some(external) = captures.first().filter(|_| notified == 0 || (failed && notified == 1)) {
            notified += usize::from(counter.notification(paid(external, 8001 + notified).as_bytes()).is_ok());
        }
        true
    });
    assert_eq!((notified, due), (2, 1), "{told:#?}");
    assert_eq!(shop.kept(), [sale(1)], "{told:#?}");
}
