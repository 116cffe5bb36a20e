//! Where the application commands and is told.

use core::fmt;
use core::future::poll_fn;
use core::task::Poll;

use caas_core::charge::{
    Charge, Command, Handled, Ignored, Input, Order, Refusal, ReleasePermit, Resolution, Ticket,
};
use caas_core::credentials::Credentials;
use caas_core::id::SaleId;
use caas_core::till::TillRefused;
use caas_core::wire::notification;

use super::happening::{Happening, NotPossible, NotTaken};
use super::machine::Machine;
use super::trace::{Step, trace};
use super::wish::{Visit, Wanted};
use crate::clock::Clock;

/// The application's half of a [`Machine`]: commands, notifications and what happens. Cheap to copy; commands never wait,
/// and may be given while the driver is in the middle of a request.
pub struct Counter<'m, 'c, const N: usize, C> {
    pub(super) machine: &'m Machine<'c, N, C>,
}

impl<const N: usize, C> Clone for Counter<'_, '_, N, C> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<const N: usize, C> Copy for Counter<'_, '_, N, C> {}

impl<'c, const N: usize, C: Clock> Counter<'_, 'c, N, C> {
    /// What happens next. The driver does nothing further until it is taken, so that nothing is told that is not so any
    /// more: take soon, and do what takes long (moving a motor) beside it.
    ///
    /// One task calls it, and gives to others what is theirs: two that wait wake each other without end.
    ///
    /// The future may be dropped at any await; nothing is lost.
    pub async fn next(&self) -> Happening {
        poll_fn(|context| match self.take() {
            Some(happening) => Poll::Ready(happening),
            None => {
                self.machine.news.register(context.waker());
                Poll::Pending
            }
        })
        .await
    }

    /// What happened, if something did. Never waits.
    pub fn take(&self) -> Option<Happening> {
        let taken = self.machine.with(None, |state| state.told.take());
        if taken.is_some() {
            self.machine.work.set();
        }
        taken
    }

    /// Wants a sale to be started. [`News::Started`](super::News::Started) or
    /// [`News::NotStarted`](super::News::NotStarted) follows; one start can wait at a time.
    ///
    /// The journal is asked first: a sale that it knows is not started again, after a restart neither (R10). It forgets a
    /// sale that it has put away ([`News::Finished`](super::News::Finished)), so sale ids must be used once: a counter
    /// that the application keeps does.
    pub fn start(&self, order: &Order<'_>) -> Result<(), NotAccepted> {
        let wanted = Wanted::new(order).map_err(NotAccepted::Refused)?;
        self.machine.with(Err(NotAccepted::Busy), |state| {
            if state.start.is_some() {
                return Err(NotAccepted::Busy);
            }
            state.start = Some(wanted);
            Ok(())
        })?;
        self.machine.work.set();
        Ok(())
    }

    /// Ends a sale. Nothing that captures is sent any more; money that comes all the same is a refund due. A start that
    /// waits is [`NotStarted::Cancelled`](super::NotStarted::Cancelled).
    pub fn cancel(&self, sale: &SaleId) -> Result<(), NotPossible> {
        let waiting = self.machine.with(false, |state| match &mut state.start {
            Some(wanted) if wanted.sale == *sale && state.till.charge(sale).is_none() => {
                wanted.cancelled = true;
                true
            }
            _ => false,
        });
        if waiting {
            self.machine.work.set();
            return Ok(());
        }
        self.command(sale, Command::Cancel)
    }

    /// Asks the payer again. With `accept_risk`, the caller accepts that the earlier attempt may still charge.
    pub fn retry(&self, sale: &SaleId, accept_risk: bool) -> Result<(), NotPossible> {
        self.command(sale, Command::Retry { accept_risk })
    }

    /// The goods were released.
    pub fn released(&self, permit: ReleasePermit) -> Result<(), NotPossible> {
        self.give_back(Command::ReleaseDone(permit))
    }

    /// The goods could not be released: what was paid is a refund due (R48).
    pub fn release_failed(&self, permit: ReleasePermit) -> Result<(), NotPossible> {
        self.give_back(Command::ReleaseFailed(permit))
    }

    /// A person looked and decided; also, that what was due was paid back. `by` says who, 16 characters are kept. The sale
    /// may be one that the journal keeps for this.
    ///
    /// An uncertain release ([`News::ReleaseUncertain`](super::News::ReleaseUncertain)) is ended by
    /// [`Resolution::Charged`] with what was received, where the goods had fallen, and by [`Resolution::Refunded`] where
    /// the payer got the money back. The finding is not kept: the journal puts the charge away.
    ///
    /// [`News::Resolved`](super::News::Resolved) or
    /// [`News::NotResolved`](super::News::NotResolved) follows.
    pub fn resolve(&self, sale: &SaleId, resolution: Resolution, by: &str) -> Result<(), NotPossible> {
        let visit = Visit::resolve(sale, resolution, by);
        self.machine.with(Err(NotPossible::Busy), |state| {
            if state.visit.is_some() {
                return Err(NotPossible::Busy);
            }
            state.visit = Some(visit);
            Ok(())
        })?;
        self.machine.work.set();
        Ok(())
    }

    /// Takes a charging notification. Its answer goes back only when
    /// [`Happening::Reply`](super::Happening::Reply) names the ticket: then what it says is durable (R38). If that does
    /// not come, the notification is to come again, which changes nothing.
    pub fn notification(&self, body: &[u8]) -> Result<Ticket, NotTaken> {
        let profile = self.machine.profile();
        let notification = notification::read(profile, body).map_err(|_| NotTaken::NotUnderstood)?;
        let now = self.machine.now();
        let taken = self.machine.with(Err(NotTaken::TryLater), |state| {
            let ticket = state.new_ticket();
            let input = Input::Notification { ticket, notification: &notification };
            match state.till.handle_input(now, profile, input) {
                Handled::Done => Ok(ticket),
                Handled::Ignored(Ignored::Busy) => Err(NotTaken::TryLater),
                // Its charge may be in the journal.
                _ if state.visit.is_none() => {
                    state.visit = Some(Visit::Notification { ticket, notification });
                    Ok(ticket)
                }
                _ => Err(NotTaken::TryLater),
            }
        });
        trace(Step::Notified(taken.is_ok()));
        self.machine.work.set();
        taken
    }

    /// Replaces the credentials, and lets charges repeat the step that was refused (R13).
    pub fn replace_credentials(&self, credentials: &'c Credentials) {
        let (now, profile) = (self.machine.now(), self.machine.profile());
        self.machine.with((), |state| {
            state.credentials = credentials;
            let sales: heapless::Vec<SaleId, N> =
                state.till.charges().filter_map(|charge| SaleId::new(charge.sale_id()).ok()).collect();
            for sale in &sales {
                let _ = state.till.command(now, profile, sale, Command::CredentialsReplaced);
            }
        });
        self.machine.work.set();
    }

    /// Begins an epoch of ids that was never used with this machine's prefix: for a journal whose mark is damaged, or that
    /// is new and was given none. It is to be above [`MachineSettings::epoch`](super::MachineSettings::epoch), which would
    /// come back at the next boot: after damage, another one begins nothing.
    pub fn begin_epoch(&self, epoch: u32) {
        self.machine.with((), |state| state.epoch = Some(epoch));
        self.machine.work.set();
    }

    /// Looks at a charge that the till has: [`Charge::advice`] for example. `None` where it has none. `look` must not use
    /// the counter.
    pub fn charge<R>(&self, sale: &SaleId, look: impl FnOnce(&Charge) -> R) -> Option<R> {
        self.machine.look(|state| state.till.charge(sale).map(look))
    }

    fn command(&self, sale: &SaleId, command: Command<'_>) -> Result<(), NotPossible> {
        let (now, profile) = (self.machine.now(), self.machine.profile());
        let (handled, left) = self.machine.with((None, 0), |state| {
            let handled = state.till.command(now, profile, sale, command);
            (handled, state.till.charge(sale).map_or(0, Charge::until_retry))
        });
        self.machine.work.set();
        match handled {
            Some(Handled::Refused(Refusal::TooEarly)) => Err(NotPossible::TooEarly { left }),
            Some(Handled::Refused(refusal)) => Err(NotPossible::Refused(refusal)),
            Some(Handled::Done | Handled::Ignored(_)) => Ok(()),
            None => Err(NotPossible::UnknownSale),
        }
    }

    fn give_back(&self, command: Command<'_>) -> Result<(), NotPossible> {
        let (now, profile) = (self.machine.now(), self.machine.profile());
        let busy = Handled::Ignored(Ignored::Busy);
        let input = Input::Command(command);
        let handled = self.machine.with(busy, |state| state.till.handle_input(now, profile, input));
        self.machine.work.set();
        if handled == Handled::Done { Ok(()) } else { Err(NotPossible::NoSuchRelease) }
    }
}

impl<const N: usize, C> fmt::Debug for Counter<'_, '_, N, C> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Counter").field(&self.machine).finish()
    }
}

/// Why a start is not even waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum NotAccepted {
    /// An earlier start has not been decided: take its happening first.
    Busy,
    /// The order cannot be kept.
    Refused(TillRefused),
}
