//! One charge under way.

use std::collections::{HashMap, VecDeque};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use caas_core::charge::{
    AtBoot, Charge, Command, Handled, Ignored, Input, Payment, PersistToken, Refusal, ReleasePermit, Sale,
    SendToken, Sent, Ticket,
};
use caas_core::profile::{CapturesAt, Service};
use caas_core::time::Instant;
use caas_core::wire::notification;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::Desk;
use super::carrier_access::CarrierAccess;
use super::charge_event::ChargeEvent;
use super::desk_error::DeskError;
use super::flight::{Flight, Leave};
use super::landing::land;
use super::outcome::{Ended, Outcome, Reaction};
use super::registry::{Asked, Line};
use super::settings::{AtLapse, ReleasePolicy};
use super::step::{Post, Step};
use crate::http_client::{Connected, Delivery};
use crate::journal::{ChargeView, JournalError, Lease, LeaseError};

/// How often the inbox is looked into for what another process put there.
const INBOX_PAUSE: Duration = Duration::from_millis(500);
/// The pause before a notification that came at the last moment is read.
const SETTLE_PAUSE: Duration = Duration::from_millis(10);
/// How long an interrupted charge waits for the answer to a request that is out.
const INTERRUPT_GRACE: Duration = Duration::from_secs(5);

/// One charge under way. It makes progress while [`OpenCharge::next`] (or [`OpenCharge::run`]) is awaited.
///
/// Dropping it stops driving and changes nothing: the charge stays in the journal as it is, a request that is out counts
/// as maybe sent, and a resume finishes it. [`OpenCharge::stop`] is gentler: it waits for the answer.
///
/// ```no_run
/// # use caas_core::charge::Order;
/// # use caas_transport_std::{ChargeEvent, Desk, DeskError, Outcome};
/// # async fn sell(desk: Desk, order: Order<'_>) -> Result<Outcome, DeskError> {
/// let mut charge = desk.begin(&order).await?;
/// while let Some(event) = charge.next().await? {
///     match event {
///         ChargeEvent::PayerMustAct { text, .. } => println!("{text}"),
///         ChargeEvent::Release(permit) => charge.released(permit)?, // after the goods fell
///         _ => {}
///     }
/// }
/// Ok(charge.outcome())
/// # }
/// ```
pub struct OpenCharge {
    desk: Desk,
    access: CarrierAccess,
    charge: Charge,
    origin: Origin,
    lease: Option<Arc<Lease>>,
    line: Line,
    interrupt: watch::Receiver<bool>,
    stopping_since: Option<tokio::time::Instant>,
    writing: Option<(PersistToken, JoinHandle<Result<(), LeaseError>>)>,
    flights: JoinSet<Flight>,
    /// Requests that have their connection; they go out when nothing else is to be done.
    connected: VecDeque<(Leave, Box<Connected>)>,
    told: VecDeque<ChargeEvent>,
    answers: Vec<(oneshot::Sender<Obeyed>, Obeyed)>,
    inbox: Inbox,
    ended: Option<Ended>,
    lease_lost: bool,
}

/// How the charge came here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Just opened, or asked for again: somebody waits for the goods.
    Wanted,
    /// Taken up after a restart.
    Resumed(AtBoot),
    /// Held for one input; nothing is sent.
    Visited,
}

/// The notifications of this charge.
struct Inbox {
    due: bool,
    looked: tokio::time::Instant,
    /// Notifications without `externalTrxId` up to this one were there before, or were looked at.
    loose_after: i64,
    /// What was handed to the charge, and, once that is known, whether it was applied.
    handed: HashMap<i64, Option<bool>>,
    tickets: HashMap<Ticket, i64>,
    next_ticket: u32,
}

/// What came of a command.
type Obeyed = Result<(), DeskError>;

impl OpenCharge {
    pub(super) fn start(
        desk: &Desk,
        access: CarrierAccess,
        charge: Charge,
        lease: Lease,
        origin: Origin,
    ) -> Self {
        OpenCharge::make(desk, access, charge, Some(Arc::new(lease)), origin, None)
    }

    /// A charge that is at its end already.
    pub(super) fn ended(desk: &Desk, access: CarrierAccess, charge: Charge) -> Self {
        OpenCharge::make(desk, access, charge, None, Origin::Visited, Some(Ended::Settled))
    }

    fn make(
        desk: &Desk,
        access: CarrierAccess,
        charge: Charge,
        lease: Option<Arc<Lease>>,
        origin: Origin,
        ended: Option<Ended>,
    ) -> Self {
        let line = desk.inner.registry.enter(charge.charge_id(), lease.is_some());
        OpenCharge {
            desk: desk.clone(),
            access,
            charge,
            origin,
            lease,
            line,
            interrupt: desk.inner.interrupt.watch(),
            stopping_since: None,
            writing: None,
            flights: JoinSet::new(),
            connected: VecDeque::new(),
            told: VecDeque::new(),
            answers: Vec::new(),
            inbox: Inbox {
                due: true,
                looked: tokio::time::Instant::now(),
                loose_after: i64::MAX,
                handed: HashMap::new(),
                tickets: HashMap::new(),
                next_ticket: 0,
            },
            ended,
            lease_lost: false,
        }
    }

    /// Drives the charge until something is to be told. `None`: it was put down, see [`OpenCharge::outcome`].
    ///
    /// # Errors
    /// [`DeskError::LeaseLost`] where another process took the charge over; it stays in the journal.
    ///
    /// # Dropping the future
    /// Nothing is lost, a request that is out included: call it again. It may be used in `select!`.
    pub async fn next(&mut self) -> Result<Option<ChargeEvent>, DeskError> {
        loop {
            if let Some(event) = self.told.pop_front() {
                return Ok(Some(event));
            }
            if self.lease_lost {
                return Err(DeskError::LeaseLost);
            }
            if self.ended.is_some() {
                return Ok(None);
            }
            if self.writing.is_some() {
                self.finish_write().await?;
                continue;
            }
            self.note_stop();
            self.obey_wishes();
            self.read_inbox().await?;
            let now = self.now();
            match Step::next(&mut self.charge, now, &self.access) {
                Step::Persist(token, record) => self.begin_write(token, record),
                Step::Transmit(token, post) => self.transmit(token, post, now),
                Step::Reply(ticket) => self.acknowledge(ticket).await?,
                Step::Tell(event) => self.tell(event),
                Step::Wait(until) => self.wait(until).await?,
            }
        }
    }

    /// Drives the charge until it is put down, telling `observer` of each event and doing what it says.
    ///
    /// # Errors
    /// As [`OpenCharge::next`].
    ///
    /// # Dropping the future
    /// The charge is dropped with it, and stays in the journal as it is.
    pub async fn run(
        mut self,
        mut observer: impl FnMut(&ChargeView, &ChargeEvent) -> Reaction,
    ) -> Result<Outcome, DeskError> {
        while let Some(event) = self.next().await? {
            let reaction = observer(&self.view(), &event);
            self.react(event, reaction);
        }
        Ok(self.outcome())
    }

    /// What is known of the charge now.
    pub fn view(&self) -> ChargeView {
        ChargeView::of(&self.charge)
    }

    /// The charge itself, to read: [`Charge::advice`] for example.
    pub fn charge(&self) -> &Charge {
        &self.charge
    }

    /// What is known of the charge, and why it was put down. Before [`OpenCharge::next`] says `None` it counts as
    /// interrupted.
    pub fn outcome(&self) -> Outcome {
        Outcome { charge: self.view(), ended: self.ended.unwrap_or(Ended::Interrupted) }
    }

    /// Ends the sale. Nothing that captures is sent any more; money that comes all the same is a refund due.
    ///
    /// # Errors
    /// [`DeskError::NotPossible`] where the sale is closed or its goods are being released.
    pub fn cancel(&mut self) -> Result<(), DeskError> {
        self.obey(Command::Cancel)
    }

    /// Asks the payer again.
    ///
    /// # Errors
    /// [`DeskError::TooEarly`] while the payer may still answer an earlier prompt (R18); else [`DeskError::NotPossible`].
    pub fn retry(&mut self, accept_risk: bool) -> Result<(), DeskError> {
        self.obey(Command::Retry { accept_risk })
    }

    /// The goods were released.
    ///
    /// # Errors
    /// [`DeskError::NotAccepted`] for the permit of another charge.
    pub fn released(&mut self, permit: ReleasePermit) -> Result<(), DeskError> {
        self.obey(Command::ReleaseDone(permit))
    }

    /// The goods could not be released: what was paid is a refund due (R48).
    ///
    /// # Errors
    /// As [`OpenCharge::released`].
    pub fn release_failed(&mut self, permit: ReleasePermit) -> Result<(), DeskError> {
        self.obey(Command::ReleaseFailed(permit))
    }

    /// Stops driving: [`OpenCharge::next`] waits for the answer to a request that is out, 5 s at most, keeps what it
    /// says, and then says `None`. The charge stays as it is; a resume finishes it.
    pub fn stop(&mut self) {
        self.stopping_since.get_or_insert_with(tokio::time::Instant::now);
    }

    /// Ends the sale of a charge that was taken up and that only a further request of ours would charge: with nobody at the
    /// machine it could only take money that is owed back at once. That is one of which nothing was sent, and one whose
    /// confirm captures. Where nobody knows whether confirm captures, it is asked: the answer ends a doubt.
    pub(super) fn give_up_uncharged(&mut self) {
        let nobody_there = self.origin == Origin::Resumed(AtBoot::RefundDue);
        let payment = self.charge.payment();
        let waits_for_confirm =
            payment == Payment::PendingConsent && self.charge.captures_at() == CapturesAt::Confirm;
        if nobody_there && (payment == Payment::Requested || waits_for_confirm) {
            // It is closed already where this is refused.
            let _ = self.give(Input::Command(Command::Cancel));
        }
    }

    /// Gives the charge a command.
    pub(super) fn obey(&mut self, command: Command<'_>) -> Result<(), DeskError> {
        let handled = self.give(Input::Command(command));
        match handled {
            Handled::Done => Ok(()),
            Handled::Ignored(ignored) => Err(DeskError::NotAccepted(ignored)),
            Handled::Refused(Refusal::TooEarly) => {
                Err(DeskError::TooEarly { left: self.charge.until_retry() })
            }
            Handled::Refused(refusal) => Err(DeskError::NotPossible(refusal)),
        }
    }

    fn react(&mut self, event: ChargeEvent, reaction: Reaction) {
        if let ChargeEvent::Release(permit) = event {
            let command = match reaction {
                Reaction::Released => Command::ReleaseDone(permit),
                _ => Command::ReleaseFailed(permit),
            };
            let _ = self.give(Input::Command(command));
        }
        // What is not possible now changes nothing, and the observer sees that nothing follows.
        match reaction {
            Reaction::Continue | Reaction::Released => {}
            Reaction::Cancel => drop(self.cancel()),
            Reaction::Retry { accept_risk } => drop(self.retry(accept_risk)),
            Reaction::Stop => self.stop(),
        }
    }

    fn give(&mut self, input: Input<'_>) -> Handled {
        let now = self.now();
        self.charge.handle_input(now, self.access.profile(), input)
    }

    fn now(&self) -> Instant {
        self.desk.inner.clock.now()
    }

    fn begin_write(&mut self, token: PersistToken, record: Vec<u8>) {
        let view = self.view();
        let lease = self.lease.clone();
        let write = move || lease.map_or(Err(LeaseError::Lost), |lease| lease.persist(&record, &view));
        self.writing = Some((token, tokio::task::spawn_blocking(write)));
    }

    async fn finish_write(&mut self) -> Result<(), DeskError> {
        let Some((_, write)) = &mut self.writing else { return Ok(()) };
        let written = write.await;
        let Some((token, _)) = self.writing.take() else { return Ok(()) };
        let failure = match written {
            Ok(Ok(())) => {
                let _ = self.give(Input::Persisted(token));
                return Ok(());
            }
            Ok(Err(failure)) => failure,
            Err(_) => {
                let _ = self.give(Input::PersistFailed(token));
                return Err(DeskError::Stopped);
            }
        };
        // Without the write the charge is not durable, so it hands out no request (R45).
        let _ = self.give(Input::PersistFailed(token));
        match failure {
            LeaseError::Journal(error) => self.told.push_back(ChargeEvent::StorageFailing(error)),
            LeaseError::Lost | LeaseError::Held => self.lease_lost = true,
        }
        Ok(())
    }

    /// Makes the connection that a request needs; `now` is the moment from which the charge counts.
    fn transmit(&mut self, token: SendToken, post: Post, now: Instant) {
        if self.may_not_send() {
            let _ = self.give(Input::Lost { token, sent: Sent::NotSent });
            return;
        }
        let leave = Leave::new(token, &self.charge, now, self.access.profile().windows.answer);
        let client = self.desk.inner.client.clone();
        let endpoint = self.access.endpoint().clone();
        self.flights.spawn(async move {
            let header = post.header.as_ref().map(|(name, value)| (*name, value.as_str()));
            let headers: Vec<_> = header.into_iter().collect();
            match client.connect(&endpoint, &post.path, &headers, &post.body).await {
                Ok(connected) => Flight::Connected(leave, Box::new(connected)),
                Err(cause) => Flight::Landed(leave.token, Delivery::NotSent(cause)),
            }
        });
    }

    /// Sends a request over its connection, unless the charge changed its mind while that was made.
    fn send(&mut self, leave: Leave, connected: Box<Connected>) {
        let _ = self.give(Input::Tick);
        if self.may_not_send() || !leave.holds(&self.charge, self.now()) {
            let _ = self.give(Input::Lost { token: leave.token, sent: Sent::NotSent });
            return;
        }
        self.flights.spawn(async move { Flight::Landed(leave.token, connected.send().await) });
    }

    fn may_not_send(&self) -> bool {
        self.is_stopping() || self.origin == Origin::Visited
    }

    async fn acknowledge(&mut self, ticket: Ticket) -> Result<(), DeskError> {
        match self.inbox.tickets.remove(&ticket) {
            Some(number) => self.mark(number, true).await,
            None => Ok(()),
        }
    }

    /// Where the mark is lost, it is made again, or the notification is applied again, which changes nothing.
    async fn mark(&mut self, number: i64, applied: bool) -> Result<(), DeskError> {
        self.inbox.handed.insert(number, Some(applied));
        let Some(lease) = self.lease.clone() else { return Ok(()) };
        let marked = self.desk.on_disk(move |_| lease.mark_notification(number, applied)).await?;
        drop(marked);
        Ok(())
    }

    fn tell(&mut self, event: ChargeEvent) {
        match event {
            ChargeEvent::Confirmed => {
                self.told.push_back(event);
                self.start_release();
            }
            ChargeEvent::Release(permit) if self.releases_itself() => {
                let _ = self.give(Input::Command(Command::ReleaseDone(permit)));
                self.told.push_back(ChargeEvent::Released);
            }
            ChargeEvent::Lapsed => {
                self.told.push_back(event);
                if self.desk.inner.settings.at_lapse == AtLapse::Cancel {
                    // It is closed already where this is refused.
                    let _ = self.give(Input::Command(Command::Cancel));
                }
            }
            event => self.told.push_back(event),
        }
    }

    fn releases_itself(&self) -> bool {
        self.desk.inner.settings.release == ReleasePolicy::Automatic
    }

    /// Paid: the goods may go, if the sale is open and somebody is there.
    fn start_release(&mut self) {
        if self.charge.sale() != Sale::Open || self.origin == Origin::Visited {
            return;
        }
        if self.origin == Origin::Resumed(AtBoot::RefundDue) {
            let _ = self.give(Input::Command(Command::Cancel));
            return;
        }
        if let Handled::Refused(_) = self.give(Input::Command(Command::StartRelease)) {
            self.told.push_back(ChargeEvent::ReleaseHeld);
            let _ = self.give(Input::Command(Command::Cancel));
        }
    }

    async fn wait(&mut self, until: Option<Instant>) -> Result<(), DeskError> {
        if self.charge.is_durable() {
            for (answer, obeyed) in self.answers.drain(..) {
                // Who asked may have gone.
                let _ = answer.send(obeyed);
            }
        }
        if let Some((leave, connected)) = self.connected.pop_front() {
            self.send(leave, connected);
            return Ok(());
        }
        if self.is_settled() {
            return self.settle().await;
        }
        let put_down = self.origin == Origin::Visited || self.is_stopping();
        if put_down && !self.inbox.due && (self.flights.is_empty() || self.grace_is_over()) {
            self.put_down(Ended::Interrupted);
            return Ok(());
        }
        self.rest(until).await;
        Ok(())
    }

    /// Whether nothing is left to be driven. That is so as well for a sale that was cancelled while the payer could still
    /// dial, because nobody can be asked about it: a payment comes as a notification, whenever it comes.
    fn is_settled(&self) -> bool {
        let charge = &self.charge;
        let nobody_to_ask = charge.payment() == Payment::PendingConsent
            && charge.sale() != Sale::Open
            && charge.is_durable()
            && self.access.profile().path(Service::Confirm).is_none();
        self.flights.is_empty() && (charge.is_settled() || nobody_to_ask)
    }

    /// Puts the charge down as settled, unless a notification came at the last moment.
    async fn settle(&mut self) -> Result<(), DeskError> {
        let Some(lease) = self.lease.clone() else { return Ok(()) };
        match self.desk.on_disk(move |_| lease.settle()).await? {
            Ok(false) => {
                self.inbox.due = true;
                tokio::time::sleep(SETTLE_PAUSE).await;
            }
            // Where it failed: all that matters is durable, and a resume finds a charge that is at its end.
            Ok(true) | Err(_) => self.put_down(Ended::Settled),
        }
        Ok(())
    }

    fn put_down(&mut self, ended: Ended) {
        self.ended = Some(ended);
        self.flights.abort_all();
        self.desk.inner.registry.leave(self.charge.charge_id(), &self.line);
        self.lease = None;
    }

    /// Sleeps until something happens.
    async fn rest(&mut self, until: Option<Instant>) {
        let clock = self.desk.inner.clock;
        let inbox_pause = INBOX_PAUSE.saturating_sub(self.inbox.looked.elapsed());
        let pause = until.map_or(inbox_pause, |until| clock.real_time_until(until).min(inbox_pause));
        let stopping = self.is_stopping();
        let OpenCharge { flights, line, interrupt, .. } = self;
        let flight = async {
            match flights.join_next().await {
                Some(landed) => landed,
                None => pending().await,
            }
        };
        let interrupted = async {
            if stopping || interrupt.wait_for(|stop| *stop).await.is_err() {
                pending::<()>().await;
            }
        };
        tokio::select! {
            // Where the task failed, its token is lost with it: the core counts it as maybe sent at its deadline.
            landed = flight => match landed {
                Ok(Flight::Landed(token, delivery)) => self.land(token, delivery),
                Ok(Flight::Connected(leave, connected)) => {
                    // What another process was notified of meanwhile is read before it is sent.
                    self.inbox.due = true;
                    self.connected.push_back((leave, connected));
                }
                Err(_) => {}
            },
            () = line.wake.notified() => self.inbox.due = true,
            Some(asked) = line.wishes.recv() => self.hear(asked),
            () = interrupted => {}
            () = tokio::time::sleep(pause) => {}
        }
        if self.inbox.looked.elapsed() >= INBOX_PAUSE {
            self.inbox.due = true;
        }
    }

    fn land(&mut self, token: SendToken, delivery: Delivery) {
        let now = self.now();
        self.told.extend(land(&mut self.charge, now, self.access.profile(), token, delivery));
    }

    fn obey_wishes(&mut self) {
        while let Ok(asked) = self.line.wishes.try_recv() {
            self.hear(asked);
        }
    }

    fn hear(&mut self, asked: Asked) {
        let obeyed = self.obey(asked.wish.command());
        self.answers.push((asked.answer, obeyed));
    }

    fn note_stop(&mut self) {
        if self.desk.inner.interrupt.is_set() {
            self.stop();
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping_since.is_some()
    }

    fn grace_is_over(&self) -> bool {
        self.stopping_since.is_none_or(|since| since.elapsed() >= INTERRUPT_GRACE)
    }

    /// Hands the notifications to the charge that it has not seen.
    async fn read_inbox(&mut self) -> Result<(), DeskError> {
        if !self.inbox.due || self.lease.is_none() {
            return Ok(());
        }
        let (charge_id, after) = (self.charge.charge_id().to_owned(), self.inbox.loose_after);
        let read = self.desk.on_disk(move |journal| {
            let after = if after == i64::MAX { journal.newest_notification()? } else { after };
            Ok((after, journal.waiting(&charge_id, after)?))
        });
        self.inbox.due = false;
        self.inbox.looked = tokio::time::Instant::now();
        // Where it cannot be read, it is read again after the pause; a write tells that storage fails.
        let Ok::<(i64, Vec<_>), JournalError>((after, rows)) = read.await? else { return Ok(()) };
        self.inbox.loose_after = after;
        for (number, body) in rows {
            self.take_notification(number, &body).await?;
        }
        Ok(())
    }

    async fn take_notification(&mut self, number: i64, body: &[u8]) -> Result<(), DeskError> {
        match self.inbox.handed.get(&number) {
            None => {}
            Some(None) => return Ok(()),
            Some(Some(applied)) => return self.mark(number, *applied).await,
        }
        let Ok(notification) = notification::read(self.access.profile(), body) else {
            return self.mark(number, false).await;
        };
        let ticket = Ticket(self.inbox.next_ticket);
        match self.give(Input::Notification { ticket, notification: &notification }) {
            Handled::Done => {
                self.inbox.next_ticket = self.inbox.next_ticket.wrapping_add(1);
                self.inbox.tickets.insert(ticket, number);
                self.inbox.handed.insert(number, None);
                Ok(())
            }
            // It is handed over when it is read again.
            Handled::Ignored(Ignored::Busy) => Ok(()),
            Handled::Ignored(_) | Handled::Refused(_) if !notification.external.is_empty() => {
                self.mark(number, false).await
            }
            // It may be another charge's.
            Handled::Ignored(_) | Handled::Refused(_) => {
                self.inbox.handed.insert(number, None);
                Ok(())
            }
        }
    }
}

impl std::fmt::Debug for OpenCharge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenCharge")
            .field("charge", &self.charge)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl Drop for OpenCharge {
    fn drop(&mut self) {
        self.desk.inner.registry.leave(self.charge.charge_id(), &self.line);
    }
}
