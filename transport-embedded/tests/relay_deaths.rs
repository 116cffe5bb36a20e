//! From the carrier to a terminal that it cannot reach: an eZ Cash payment, told by the simulator to a host, pulled by the
//! terminal, with either side dying at each step. One payment, one acknowledgement, nothing left over.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod relay_scene;

use std::pin::pin;
use std::time::Duration;

use caas_core::charge::{Handled, Ticket};
use caas_core::money::Amount;
use caas_simulator::{DeliveryOutcome, Payer, Simulator};
use caas_transport_embedded::relay::{Acknowledged, Receipt, Relay, RelayFailure};
use caas_transport_embedded::{Connection, Settings};
use relay_scene::{Flash, Host, Socket, Terminal, until};
use tempfile::TempDir;

/// The steps of a notification to the terminal, after each of which somebody may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Kept,
    Told,
    Given,
    Written,
    Replied,
    /// The relay has made the acknowledgement durable, and the terminal has not heard of it.
    Acknowledged,
}

const STEPS: [Step; 6] =
    [Step::Kept, Step::Told, Step::Given, Step::Written, Step::Replied, Step::Acknowledged];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dies {
    Nobody,
    Terminal,
    Host,
    Both,
}

struct Scene {
    carrier: Simulator,
    folder: TempDir,
    host: Option<Host>,
    terminal: Terminal,
}

impl Scene {
    /// A sale of 10.00, asked for and paid; its notification is kept by the relay.
    async fn paid() -> Scene {
        let carrier = Simulator::builder().payer(Payer::Ask).start().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let host = Host::start(folder.path());
        carrier.set_notify_url(&host.notify);
        let mut terminal = Terminal::new();
        terminal.start();
        terminal.work(carrier.address(), Flash::Writes).await;
        let mut scene = Scene { carrier, folder, host: Some(host), terminal };
        let reference = scene.carrier.payments().first().unwrap().reference.clone();
        scene.carrier.pay(&reference, 10_00).unwrap();
        until("a notification at the relay", || scene.host().waiting() == 1).await;
        assert_eq!(scene.terminal.confirmed, 0);
        until("the carrier's acknowledgement", || !scene.carrier.deliveries().is_empty()).await;
        scene.terminal.work(scene.carrier.address(), Flash::Writes).await;
        scene
    }

    fn host(&self) -> &Host {
        self.host.as_ref().unwrap()
    }

    fn die(&mut self, dies: Dies) {
        if matches!(dies, Dies::Host | Dies::Both) {
            self.host = None;
            self.host = Some(Host::start(self.folder.path()));
        }
        if matches!(dies, Dies::Terminal | Dies::Both) {
            self.terminal.restart();
        }
    }

    /// Takes what the relay tells, once, with a death after a step. `false`: there was nothing.
    async fn take(&mut self, death: Option<(Step, Dies)>) -> bool {
        let after = |step| death.filter(|(at, _)| *at == step).map(|(_, dies)| dies);
        let dead = |dies| matches!(dies, Dies::Terminal | Dies::Both);
        let carrier = self.carrier.address();
        if let Some(dies) = after(Step::Kept) {
            self.die(dies);
        }
        let Some((told, bytes)) = self.terminal.pull(self.host().terminals).await else { return false };
        if let Some(dies) = after(Step::Told) {
            self.die(dies);
            if dead(dies) {
                return true;
            }
        }
        let ticket = Ticket(told.number());
        assert_eq!(self.terminal.give(&bytes, ticket), Handled::Done);
        let given = told.given_as(ticket);
        // What a terminal that dies has done of its write: nothing, or all of it without knowing.
        for (step, flash) in [(Step::Given, Flash::StopsBefore), (Step::Written, Flash::StopsAfter)] {
            if let Some(dies) = after(step) {
                if dead(dies) {
                    self.terminal.work(carrier, flash).await;
                    assert!(self.terminal.replies.is_empty(), "a reply before the evidence is durable");
                }
                self.die(dies);
                if dead(dies) {
                    return true;
                }
            }
        }
        self.terminal.work(carrier, Flash::Writes).await;
        let reply = self.terminal.replies.pop().expect("the evidence is durable");
        let receipt = given.replied(reply).unwrap();
        if let Some(dies) = after(Step::Replied) {
            self.die(dies);
            if dead(dies) {
                return true;
            }
        }
        if let Some(dies) = after(Step::Acknowledged) {
            self.acknowledge_unheard(&receipt).await;
            self.die(dies);
            if dead(dies) {
                return true;
            }
        }
        let acknowledged = self.terminal.acknowledge(self.host().terminals, &receipt).await;
        assert_eq!(acknowledged, Acknowledged::Done);
        true
    }

    /// The acknowledgement arrives and is durable, its answer does not: the future is dropped.
    async fn acknowledge_unheard(&self, receipt: &Receipt) {
        let mut wire = [0; 512];
        let mut socket = Socket::to(self.host().terminals).await;
        socket.deaf = true;
        let mut connection = Connection::new(socket, &mut wire, Settings::default());
        let relay = self.terminal.relay();
        let mut unheard = pin!(relay.acknowledge(&self.terminal.clock, &mut connection, receipt));
        while self.host().waiting() > 0 {
            tokio::select! {
                heard = unheard.as_mut() => panic!("{heard:?}"),
                () = tokio::time::sleep(Duration::from_millis(5)) => {}
            }
        }
    }

    fn assert_paid_once(&self, what: &str) {
        let (payment, received, refund_due) = self.terminal.standing();
        assert_eq!(payment, "Confirmed", "{what}");
        assert_eq!((received, refund_due), (Amount::parse("10.00").unwrap(), Amount::ZERO), "{what}");
        assert_eq!(self.host().waiting(), 0, "{what}");
        assert_eq!(self.carrier.ledger().total("0712755777"), 10_00, "{what}");
        let deliveries = self.carrier.deliveries();
        assert_eq!(deliveries.len(), 1, "{what}");
        assert_eq!(deliveries[0].outcome, DeliveryOutcome::Acknowledged, "{what}");
    }
}

#[tokio::test]
async fn a_payment_is_confirmed_once_and_acknowledged_once() {
    let mut scene = Scene::paid().await;
    assert!(scene.take(None).await);
    scene.assert_paid_once("nobody dies");
    assert_eq!(scene.terminal.confirmed, 1);
    assert!(!scene.take(None).await, "it is told no more");
    assert!(scene.host().relay.set_aside(9).unwrap().is_empty());
}

/// R54, R38: the host, the terminal or both die at each step between the carrier's acknowledgement and the terminal's.
#[tokio::test]
async fn whoever_dies_at_any_step_the_terminal_takes_it_once() {
    for step in STEPS {
        for dies in [Dies::Nobody, Dies::Terminal, Dies::Host, Dies::Both] {
            let what = format!("{dies:?} after {step:?}");
            let mut scene = Scene::paid().await;
            assert!(scene.take(Some((step, dies))).await, "{what}");
            let mut rounds = 0;
            while scene.take(None).await {
                rounds += 1;
                assert!(rounds <= 2, "{what}: told for ever");
            }
            scene.terminal.work(scene.carrier.address(), Flash::Writes).await;
            scene.assert_paid_once(&what);
        }
    }
}

/// R53: two connections of one terminal are told the same notification, and both acknowledge it.
#[tokio::test]
async fn two_workers_with_the_same_notification_have_one_effect() {
    let mut scene = Scene::paid().await;
    let at = scene.host().terminals;
    let (one, other) = tokio::join!(scene.terminal.pull(at), scene.terminal.pull(at));
    let ((one, bytes), (other, again)) = (one.unwrap(), other.unwrap());
    assert_eq!((one.number(), &bytes), (other.number(), &again));
    assert_eq!(scene.terminal.give(&bytes, Ticket(1)), Handled::Done);
    assert_eq!(scene.terminal.give(&again, Ticket(2)), Handled::Done);
    scene.terminal.work(scene.carrier.address(), Flash::Writes).await;
    scene.terminal.replies.sort();
    assert_eq!(scene.terminal.replies, [Ticket(1), Ticket(2)]);
    for (told, ticket) in [(one, Ticket(1)), (other, Ticket(2))] {
        let receipt = told.given_as(ticket).replied(ticket).unwrap();
        assert_eq!(scene.terminal.acknowledge(at, &receipt).await, Acknowledged::Done);
    }
    scene.assert_paid_once("two workers");
    assert_eq!(scene.terminal.confirmed, 1);
}

/// R35: what the terminal does not know is kept for a person, and does not stand in the way.
#[tokio::test]
async fn what_is_not_the_terminals_is_set_aside() {
    let mut scene = Scene::paid().await;
    let (told, _) = scene.terminal.pull(scene.host().terminals).await.unwrap();
    let acknowledged = scene.terminal.acknowledge(scene.host().terminals, &told.not_ours()).await;
    assert_eq!(acknowledged, Acknowledged::Done);
    assert!(!scene.take(None).await);
    let aside = scene.host().relay.set_aside(9).unwrap();
    assert_eq!(aside.len(), 1);
    assert!(scene.host().relay.tell_again("K042", aside[0].number).unwrap());
    assert!(scene.take(None).await);
    scene.assert_paid_once("told again");
}

#[tokio::test]
async fn a_relay_that_is_not_ours_says_so() {
    let scene = Scene::paid().await;
    let at = scene.host().terminals;
    let ask = |relay: Relay<'static>| {
        let clock = &scene.terminal.clock;
        async move {
            let mut wire = [0; 1536];
            let mut connection = Connection::new(Socket::to(at).await, &mut wire, Settings::default());
            format!("{:?}", relay.pull(clock, &mut connection, 0).await)
        }
    };
    let relay = scene.terminal.relay();
    let unauthorized = format!("Failed({:?})", RelayFailure::Unauthorized);
    assert_eq!(ask(Relay { authorization: "Bearer no", ..relay }).await, unauthorized);
    assert_eq!(ask(Relay { terminal: "K043", ..relay }).await, unauthorized);
    let unwritable = ask(Relay { terminal: "K/43", ..relay }).await;
    assert!(unwritable.contains("NotSent(Request(BadPath))"), "{unwritable}");
    let too_long = ask(Relay { wait: 31, ..relay }).await;
    assert!(too_long.contains("NotARelay { status: 400 }"), "{too_long}");
    let told = ask(relay).await;
    assert!(told.starts_with("Told") && !told.contains("10.00"), "{told}");
    assert!(!format!("{relay:?}").contains("token"));
}
