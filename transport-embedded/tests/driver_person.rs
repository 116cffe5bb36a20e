//! What the journal keeps for a person, and what comes for a charge that has left the till.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;
mod support;

use std::pin::pin;

use caas_core::charge::{Carrier, Order, Refusal, Resolution};
use caas_core::id::{SaleId, Subscriber};
use caas_core::money::Amount;
use caas_transport_embedded::driver::{
    Buffers, Counter, Happening, JournalTrouble, Machine, MachineSettings, News, NotPossible, NotStarted,
    NotTaken, Reply, poll_once,
};
use caas_transport_embedded::journal::{Journal, RamJournal};
use driver_scene::{Cut, Network, PAYER, Scene, Store, WorldClock};

type Till<'m, 'c> = Counter<'m, 'c, 2, WorldClock>;

/// A sale that was paid, and cut before its release: the money is owed back, and the journal keeps it.
fn owed(mobitel: bool) -> Scene<RamJournal<8>> {
    (0..200)
        .map(|polls| {
            let mut scene = Scene::new(mobitel, RamJournal::new());
            scene.live(Cut::Power(polls));
            scene
        })
        .find(|scene| scene.kept() == 1 && !scene.carrier.borrow().captures.is_empty())
        .expect("a cut that leaves a refund due")
}

/// A sale that was paid, and cut during its release.
fn uncertain<J: Journal>(mobitel: bool, journal: fn() -> J) -> Scene<J> {
    (0..200)
        .map(|polls| {
            let mut scene = Scene::new(mobitel, journal());
            scene.live(Cut::Power(polls));
            scene
        })
        .find(|scene| scene.told.uncertain > 0)
        .expect("a cut during the release")
}

/// Boots once more and lets `react` answer what happens, until nothing is to be done.
fn boot<J: Journal>(scene: &Scene<J>, mut react: impl FnMut(Happening, &Till<'_, '_>)) {
    let profile = scene.profile;
    let carrier = Carrier { profile: &profile, credentials: scene.credentials, endpoint: profile.endpoint };
    let settings = MachineSettings { epoch: Some(1), ..MachineSettings::new("K042") };
    let mut machine: Machine<'_, 2, _> =
        Machine::new(settings, carrier, WorldClock(scene.world.clone())).expect("an endpoint");
    let mut buffers: Buffers = Buffers::new();
    let network = Network { world: scene.world.clone(), carrier: scene.carrier.clone() };
    let store =
        Store { world: scene.world.clone(), journal: scene.journal.clone(), plan: scene.plan.clone() };
    let (mut driver, counter) = machine.open(network, store, &mut buffers);
    let mut run = pin!(driver.run());
    for _ in 0..2_000 {
        scene.world.begin_turn();
        let _ = poll_once(run.as_mut());
        match counter.take() {
            Some(happening) => react(happening, &counter),
            None if !scene.world.advance() => return,
            None => {}
        }
    }
    panic!("live-lock");
}

fn start(sale: &SaleId, counter: &Till<'_, '_>, mobitel: bool) {
    let payer = Subscriber::new(PAYER).expect("a payer");
    let mut order = Order::new(sale, &payer, Amount::parse("5.00").expect("an amount"));
    order.instrument = (!mobitel).then_some(caas_core::profile::DIALOG_EZCASH);
    counter.start(&order).expect("nothing waits");
}

/// R10, R46: across a restart.
#[test]
fn a_sale_that_the_journal_keeps_is_not_charged_again() {
    for mobitel in [true, false] {
        let scene = owed(mobitel);
        let requests = scene.carrier.borrow().requests.len();
        let mut refused = 0;
        boot(&scene, |happening, counter| match happening {
            Happening::Charge { news: News::KeptForPerson, .. } => start(&scene.sale, counter, mobitel),
            Happening::Charge { news: News::NotStarted(NotStarted::SaleKnown), .. } => refused += 1,
            Happening::Charge { news: News::Started { .. }, .. } => panic!("it is charged again"),
            _ => {}
        });
        assert_eq!((refused, scene.carrier.borrow().requests.len()), (1, requests));
    }
}

/// R28, R46: the person paid it back.
#[test]
fn what_a_person_has_paid_back_is_put_away() {
    let scene = owed(true);
    let (mut due, mut resolved, mut finished) = (0, 0, 0);
    boot(&scene, |happening, counter| match happening {
        Happening::Charge { sale, news: News::KeptForPerson } => {
            counter.resolve(&sale, Resolution::Refunded, "Nimal").expect("nothing waits");
        }
        Happening::Charge { news: News::RefundDue(amount), .. } => {
            due += 1;
            assert_eq!(amount, Amount::parse("5.00").unwrap());
        }
        Happening::Charge { news: News::Resolved, .. } => resolved += 1,
        Happening::Charge { news: News::Finished, .. } => finished += 1,
        _ => {}
    });
    assert!(due >= 1, "it is told again at each boot");
    assert_eq!((resolved, finished, scene.kept()), (1, 1, 0));
}

/// R30, R38: told again, to a charge that has left the till: the same answer, no second effect. R35: nobody's.
#[test]
fn a_notification_finds_its_charge_in_the_journal_or_is_nobodys() {
    let scene = owed(false);
    let charge = scene.carrier.borrow().captures[0].clone();
    let body = |external: &str| {
        format!(
            r#"{{"externalTrxId":"{external}","internalTrxId":"7001","referenceId":"8001","totalAmount":"5.00",
            "currency":"LKR","statusCode":"S1000"}}"#
        )
    };
    let mut replies = Vec::new();
    let mut refunds = Vec::new();
    boot(&scene, |happening, counter| match happening {
        Happening::Charge { news: News::KeptForPerson, .. } if replies.is_empty() => {
            assert_eq!(counter.notification(b"no notification"), Err(NotTaken::NotUnderstood));
            counter.notification(body(&charge).as_bytes()).expect("it waits");
            let second = counter.notification(body("K0420000000900000009a").as_bytes());
            assert_eq!(second, Err(NotTaken::TryLater), "one waits at a time");
        }
        Happening::Reply { reply, .. } => {
            replies.push(reply);
            if replies.len() == 1 {
                counter.notification(body("K0420000000900000009a").as_bytes()).expect("it waits");
            }
        }
        Happening::Charge { news: News::RefundDue(amount), .. } => refunds.push(amount),
        _ => {}
    });
    assert_eq!(replies, [Reply::Acknowledge, Reply::NotOurs]);
    assert!(refunds.iter().all(|amount| *amount == Amount::parse("5.00").unwrap()), "{refunds:?}");
    assert_eq!(scene.kept(), 1);
}

/// R47: the payer has paid, and nobody knows whether the goods fell.
#[test]
fn an_uncertain_release_is_told_at_each_boot_until_a_person_has_looked() {
    let paid = Amount::parse("5.00").unwrap();
    for mobitel in [true, false] {
        for finding in [Resolution::Refunded, Resolution::Charged(paid)] {
            let scene = uncertain(mobitel, RamJournal::<8>::new);
            for _ in 0..2 {
                let (mut told, mut kept) = (0, 0);
                boot(&scene, |happening, _| match happening {
                    Happening::Charge { news: News::ReleaseUncertain, .. } => told += 1,
                    Happening::Charge { news: News::KeptForPerson, .. } => kept += 1,
                    Happening::Charge { news: News::Finished | News::Release(_), .. } => panic!("not over"),
                    _ => {}
                });
                assert_eq!((told, kept, scene.kept()), (1, 1, 1), "{mobitel}");
            }
            let mut resolved = 0;
            boot(&scene, |happening, counter| match happening {
                Happening::Charge { sale, news: News::KeptForPerson } => {
                    counter.resolve(&sale, finding, "Nimal").expect("nothing waits");
                }
                Happening::Charge { news: News::Resolved, .. } => resolved += 1,
                _ => {}
            });
            assert_eq!((resolved, scene.kept()), (1, 0), "{mobitel} {finding:?}");
            boot(&scene, |happening, _| assert!(matches!(happening, Happening::Ready), "{happening:?}"));
        }
    }
}

/// R47: what contradicts what is known of the money ends nothing.
#[test]
fn an_uncertain_release_is_not_ended_by_a_finding_that_cannot_be() {
    for finding in [Resolution::NotCharged, Resolution::Charged(Amount::parse("7.00").unwrap())] {
        let scene = uncertain(true, RamJournal::<8>::new);
        let mut refusals = Vec::new();
        boot(&scene, |happening, counter| match happening {
            Happening::Charge { sale, news: News::KeptForPerson } if refusals.is_empty() => {
                counter.resolve(&sale, finding, "Nimal").expect("nothing waits");
            }
            Happening::Charge { news: News::NotResolved(why), .. } => refusals.push(why),
            _ => {}
        });
        assert_eq!(refusals, [NotPossible::Refused(Refusal::NothingToResolve)], "{finding:?}");
        assert_eq!(scene.kept(), 1);
    }
}

/// R45, R47: a journal full of them sells nothing more, and says why.
#[test]
fn a_journal_that_uncertain_releases_have_filled_says_so_and_sends_nothing() {
    let scene = uncertain(true, RamJournal::<1>::new);
    let requests = scene.carrier.borrow().requests.len();
    let second = SaleId::new("sale-2").unwrap();
    let mut full = 0;
    boot(&scene, |happening, counter| match happening {
        Happening::Ready => start(&second, counter, true),
        Happening::Journal(JournalTrouble::Full) => full += 1,
        Happening::Charge { sale, news: News::Requested | News::Confirmed | News::Release(_) } => {
            assert_ne!(sale, second, "it is sold");
        }
        _ => {}
    });
    assert!(full > 0);
    assert_eq!((scene.carrier.borrow().requests.len(), scene.kept()), (requests, 1));
}
