//! What happens to a sale while the connection for its request is made: the TLS handshake hangs until the test lets it go on.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;
#[path = "fault_matrix/tls.rs"]
mod tls;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use caas_core::charge::Phase;
use caas_core::profile::{self, Profile, Windows};
use caas_core::time::SECOND;
use caas_simulator::{DeliveryOutcome, Payer, Simulator};
use caas_transport_std::{CarrierAccess, ChargeEvent, Desk, DeskError, Ended, Ending, OpenCharge, Roots};
use driver_scene::{PAYER, Scene, Sold, credentials, impatient, mobitel, until};
use tls::{Authority, Terminator};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A way to the carrier that takes connections and passes no byte on while it is shut.
struct Gate {
    url: String,
    authority: Authority,
    open: watch::Sender<bool>,
    dialled: Arc<AtomicUsize>,
    task: JoinHandle<()>,
    _terminator: Terminator,
}

impl Gate {
    async fn before(scene: &Scene, open: bool) -> Gate {
        let authority = Authority::new();
        let terminator = authority.in_front_of(scene.carrier.address()).await;
        let port = terminator.url.rsplit(':').next().unwrap().parse::<u16>().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
        let (open, opened) = watch::channel(open);
        let dialled = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&dialled);
        let task = tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let mut opened = opened.clone();
                tokio::spawn(async move {
                    let _ = opened.wait_for(|open| *open).await;
                    let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                    let _ = copy_bidirectional(&mut near, &mut far).await;
                });
            }
        });
        Gate { url, authority, open, dialled, task, _terminator: terminator }
    }

    fn desk(&self, scene: &Scene) -> Desk {
        scene.desk_with(|settings| {
            let access = CarrierAccess::new(scene.profile, credentials(), &self.url).unwrap();
            settings.carriers = vec![access];
            settings.http.roots = Roots::Only(self.authority.pem.clone());
        })
    }

    async fn dialled(&self, times: usize) {
        until("the connection", || self.dialled.load(Ordering::SeqCst) >= times).await;
    }

    fn set(&self, open: bool) {
        self.open.send_replace(open);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn families() -> [Profile<'static>; 2] {
    [mobitel(), profile::ideamart()]
}

/// Drives the charge until the payer's time is over and the charge has noted it.
async fn window_over(charge: &mut OpenCharge) {
    while !charge.charge().attempts().any(|(phase, _)| phase == Phase::Listening) {
        tokio::select! {
            event = charge.next() => assert!(event.unwrap().is_some(), "{:?}", charge.view()),
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
        }
    }
}

/// Drives the charge until `retry` is possible, and has asked again.
async fn retry(charge: &mut OpenCharge) {
    loop {
        match charge.retry(true) {
            Ok(()) => return,
            Err(DeskError::NotPossible(_) | DeskError::TooEarly { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::select! {
            event = charge.next() => assert!(event.unwrap().is_some(), "{:?}", charge.view()),
            () = tokio::time::sleep(Duration::from_millis(10)) => {}
        }
    }
}

/// R21: nothing that captures is sent any more, also where the request only waits for its connection.
#[tokio::test]
async fn a_sale_that_is_cancelled_while_the_connection_is_made_sends_nothing() {
    for family in families() {
        let scene = Scene::new(family);
        let gate = Gate::before(&scene, false).await;
        let desk = gate.desk(&scene);
        let driving = desk.clone();
        let driven =
            tokio::spawn(async move { driving.charge(&Sold::new("sale-1", "10").order()).await.unwrap() });
        gate.dialled(1).await;
        desk.cancel("sale-1").await.unwrap();
        gate.set(true);
        let outcome = driven.await.unwrap();
        assert_eq!((outcome.ending(), outcome.ended), (Ending::NotCharged, Ended::Settled), "{outcome:?}");
        assert!(scene.carrier.requests().is_empty(), "{:?}", scene.carrier.requests());
    }
}

/// R16: the sale's time ends while the connection is made.
#[tokio::test]
async fn a_sale_that_expires_while_the_connection_is_made_sends_nothing() {
    for family in families() {
        let scene = Scene::new(impatient(family));
        let gate = Gate::before(&scene, false).await;
        let desk = gate.desk(&scene);
        let driven =
            tokio::spawn(async move { desk.charge(&Sold::new("sale-1", "10").order()).await.unwrap() });
        gate.dialled(1).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        gate.set(true);
        let outcome = driven.await.unwrap();
        assert_eq!((outcome.ending(), outcome.ended), (Ending::NotCharged, Ended::Settled), "{outcome:?}");
        assert!(scene.carrier.requests().is_empty(), "{:?}", scene.carrier.requests());
    }
}

/// A desk that was told to stop sends nothing any more, and nothing is in doubt.
#[tokio::test]
async fn a_desk_that_is_interrupted_while_the_connection_is_made_sends_nothing() {
    let scene = Scene::new(profile::ideamart());
    let gate = Gate::before(&scene, false).await;
    let desk = gate.desk(&scene);
    let interrupter = desk.interrupter();
    let driven = tokio::spawn(async move { desk.charge(&Sold::new("sale-1", "10").order()).await.unwrap() });
    gate.dialled(1).await;
    interrupter.interrupt();
    gate.set(true);
    let outcome = driven.await.unwrap();
    assert_eq!(outcome.ended, Ended::Interrupted, "{outcome:?}");
    assert!(scene.carrier.requests().is_empty(), "{:?}", scene.carrier.requests());

    let desk = gate.desk(&scene);
    desk.resume_all(|_, _| {}).await.unwrap();
    let row = desk.journal().get("sale-1").unwrap().unwrap();
    assert_eq!((row.settled, row.review.as_str()), (true, "none"), "{row:?}");
}

/// I4: the first attempt is paid after all, as another process hears, while the connection for the second one is made.
#[tokio::test]
async fn a_sale_that_is_paid_while_the_connection_is_made_is_not_asked_for_again() {
    let family = profile::dialog();
    let windows = Windows { sale: 24 * 3600 * SECOND, execution: SECOND, ..family.windows };
    let scene = Scene::with(Profile { windows, ..family }, Simulator::builder().payer(Payer::Ask));
    let gate = Gate::before(&scene, true).await;
    let desk = gate.desk(&scene);
    let elsewhere = scene.desk();
    let _listener = scene.listen(&elsewhere).await;
    let mut charge = desk.begin(&Sold::new("sale-1", "10.00").ezcash()).await.unwrap();
    while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::PayerMustAct { .. })) {}
    let reference = scene.carrier.payments().first().unwrap().reference.clone();

    gate.set(false);
    window_over(&mut charge).await;
    retry(&mut charge).await;
    let driven = tokio::spawn(async move {
        while charge.next().await.unwrap().is_some() {}
        charge.outcome()
    });
    gate.dialled(2).await;
    scene.carrier.pay(&reference, 10_00).unwrap();
    let is_kept =
        || scene.carrier.deliveries().iter().any(|one| one.outcome == DeliveryOutcome::Acknowledged);
    until("the notification", is_kept).await;
    gate.set(true);
    let outcome = driven.await.unwrap();
    let requests = scene.carrier.requests().len();
    assert_eq!((requests, scene.carrier.ledger().total(PAYER)), (1, 10_00), "{outcome:?}");
    assert_eq!((outcome.ending(), outcome.ended), (Ending::Paid, Ended::Settled), "{outcome:?}");
}

/// I4: a request that the charge has given up while its connection was made is not sent beside the next one.
#[tokio::test]
async fn a_request_that_counts_as_lost_is_not_sent_when_its_connection_comes_after_all() {
    let family = profile::ideamart();
    let windows = Windows { sale: 24 * 3600 * SECOND, execution: SECOND, ..family.windows };
    let mut scene = Scene::new(Profile { windows, ..family });
    let gate = Gate::before(&scene, false).await;
    scene.profile.windows.answer = 50 * SECOND;
    let desk = gate.desk(&scene);
    let mut charge = desk.begin(&Sold::new("sale-1", "10.00").order()).await.unwrap();
    while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::InDoubt)) {}
    retry(&mut charge).await;
    let opening = async {
        gate.dialled(2).await;
        gate.set(true);
    };
    let driving = async { while charge.next().await.unwrap().is_some() {} };
    tokio::join!(opening, driving);
    let outcome = charge.outcome();
    assert_eq!(outcome.ending(), Ending::Paid, "nothing of the first one is in doubt; {outcome:?}");
    assert_eq!((scene.carrier.requests().len(), scene.captured()), (1, 10_00));
}
