//! What is known: the till, what was told, what is wanted, what is under way.

use caas_core::charge::record::Damage;
use caas_core::charge::{
    AtBoot, Carrier, Charge, Command, Handled, Input, Output, Payment, PersistToken, RecoverError, Release,
    Resolution, Review, Sale, SendToken, Sent, Ticket,
};
use caas_core::credentials::Credentials;
use caas_core::id::SaleId;
use caas_core::profile::{CapturesAt, Profile};
use caas_core::till::{Caps, TakeUpRefused, Till};
use caas_core::time::Instant;
use heapless::Vec;

use super::happening::Happening;
use super::wish::{Visit, Wanted};
use crate::journal::Newest;

/// Everything that the driver and the counter share. It is never held across an await.
pub struct State<'c, const N: usize> {
    pub credentials: &'c Credentials,
    pub till: Till<N>,
    /// What the application has not taken yet.
    pub told: Option<Happening>,
    pub start: Option<Wanted>,
    pub visit: Option<Visit>,
    /// An epoch that the application gave for the ids.
    pub epoch: Option<u32>,
    /// Charges that have left the till and are to be put away, or to be told of as kept.
    pub leaving: Vec<Leaving, N>,
    pub pass: Pass,
    /// The write that is under way.
    pub writing: Option<PersistToken>,
    /// The request that is under way.
    pub flight: Option<Flight>,
    /// Charges that were taken up after a restart: nobody may be standing at the machine for them.
    resumed: Vec<SaleId, N>,
    /// Charges of the till whose uncertain release a person has looked at.
    looked_at: Vec<SaleId, N>,
    next_ticket: u32,
}

/// A charge that has left the till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaving {
    pub sale: SaleId,
    pub fate: Fate,
}

/// What becomes of a charge that leaves the till.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Nothing is left to do: the journal puts it away.
    Finished,
    /// A person must look, or give money back: the journal keeps it.
    Kept,
    /// It made room for another while it was listened for: it comes back when there is a place.
    GaveWay,
}

/// How far the journal's records are taken up, in the order of their sales' names, which no write changes.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    pub over: Over,
    pub after: Option<SaleId>,
    /// A charge waits for a place.
    pub waits: bool,
    /// A record cannot be gone on with.
    pub unreadable: bool,
}

/// What a pass is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// All that a restart left.
    #[default]
    Everything,
    /// What gave way.
    GaveWay,
    /// Nothing: it is done.
    Nothing,
}

/// A request that was taken from the charge and is not decided.
pub struct Flight {
    pub token: SendToken,
    pub sale: Option<SaleId>,
    /// Whether a byte of it may have been handed to a stream.
    pub handed: bool,
    /// Whether its sale still wanted the money when it was taken.
    pub wanted: bool,
}

/// What became of a record that was to be taken up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placed {
    InTill,
    NoPlace,
    Unreadable(RecoverError),
    /// Damaged, and no older one is left.
    Lost,
}

impl<'c, const N: usize> State<'c, N> {
    pub fn new(credentials: &'c Credentials, caps: Caps) -> Self {
        State {
            credentials,
            till: Till::new(caps),
            told: None,
            start: None,
            visit: None,
            epoch: None,
            leaving: Vec::new(),
            pass: Pass::default(),
            writing: None,
            flight: None,
            resumed: Vec::new(),
            looked_at: Vec::new(),
            next_ticket: 0,
        }
    }

    /// A journal was opened: its records are looked through. Charges that the till has stay as they are.
    pub fn reopen(&mut self) {
        self.pass = Pass::default();
    }

    /// Decides on what a dropped future left: a write counts as failed, a request as what it may have been. What became of
    /// the request comes back.
    pub fn pick_up_dropped(&mut self, now: Instant, profile: &Profile<'_>) -> Option<(SaleId, Sent)> {
        if let Some(token) = self.writing.take() {
            let _ = self.till.handle_input(now, profile, Input::PersistFailed(token));
        }
        let flight = self.flight.take()?;
        let sent = if flight.handed { Sent::MaybeSent } else { Sent::NotSent };
        let _ = self.till.handle_input(now, profile, Input::Lost { token: flight.token, sent });
        flight.sale.map(|sale| (sale, sent))
    }

    /// The till's next output, and whose it is.
    pub fn poll<'b>(
        &mut self,
        now: Instant,
        carrier: &Carrier<'b>,
        buffer: &'b mut [u8],
    ) -> (Option<SaleId>, Output<'b>) {
        let (place, output) = self.watching(now, |till| till.poll_output(now, carrier, buffer));
        let sale = place.and_then(|place| self.till.at(place)).and_then(name);
        (sale, output)
    }

    /// Works on the till and notes which charges leave it meanwhile.
    pub fn watching<R>(&mut self, now: Instant, work: impl FnOnce(&mut Till<N>) -> R) -> R {
        let before: Vec<Leaving, N> =
            self.till.charges().filter_map(|charge| self.leaving_now(charge, now)).collect();
        let result = work(&mut self.till);
        for one in before {
            if self.till.charge(&one.sale).is_none() {
                self.leave(one);
            }
        }
        result
    }

    /// Puts the charge of a record into the till.
    pub fn place(
        &mut self,
        now: Instant,
        carrier: &Carrier<'_>,
        newest: &Newest<'_>,
        at_boot: AtBoot,
    ) -> Placed {
        let placed = match newest {
            Newest::Whole(record) => self.watching(now, |till| till.recover(now, carrier, record, at_boot)),
            Newest::Damaged { older: Some(record) } => {
                self.watching(now, |till| till.recover_damaged(now, carrier, record))
            }
            Newest::Damaged { older: None } => return Placed::Lost,
        };
        match placed {
            Ok(()) | Err(TakeUpRefused::Twice) => Placed::InTill,
            Err(TakeUpRefused::Full) => Placed::NoPlace,
            Err(TakeUpRefused::Recover(RecoverError::Record(Damage::NoMark | Damage::Damaged))) => {
                Placed::Lost
            }
            Err(TakeUpRefused::Recover(error)) => Placed::Unreadable(error),
        }
    }

    /// Notes that a charge was taken up after a restart, and ends the sale where only a further request of ours would
    /// charge: with nobody at the machine it could only take money that is owed back at once. Where nobody knows whether
    /// confirm captures, it is asked: the answer ends a doubt.
    pub fn note_resumed(&mut self, now: Instant, profile: &Profile<'_>, sale: &SaleId, at_boot: AtBoot) {
        if at_boot == AtBoot::Release {
            return;
        }
        // There are as many as the till has places, and those that left it were taken out.
        let _ = self.resumed.push(sale.clone());
        let waits_for_us = self.till.charge(sale).is_some_and(|charge| match charge.payment() {
            Payment::Requested => true,
            Payment::PendingConsent => charge.captures_at() == CapturesAt::Confirm,
            _ => false,
        });
        if waits_for_us {
            let _ = self.till.command(now, profile, sale, Command::Cancel);
        }
    }

    /// Paid: the goods may go, if the sale is open and somebody is there. Where they may not (a person must look first),
    /// the sale is over.
    pub fn start_release(&mut self, now: Instant, profile: &Profile<'_>, sale: &SaleId) {
        if self.till.charge(sale).is_none_or(|charge| charge.sale() != Sale::Open) {
            return;
        }
        let nobody_there = self.resumed.contains(sale);
        let started =
            (!nobody_there).then(|| self.till.command(now, profile, sale, Command::StartRelease)).flatten();
        if started != Some(Handled::Done) {
            let _ = self.till.command(now, profile, sale, Command::Cancel);
        }
    }

    /// Whether a sale takes place and is not paid.
    pub fn wants_money(&self, sale: Option<&SaleId>) -> bool {
        let charge = sale.and_then(|sale| self.till.charge(sale));
        charge.is_some_and(|charge| charge.sale() == Sale::Open && charge.payment() != Payment::Confirmed)
    }

    /// Whether the sale ended, or was paid, since its request was taken: what was planned for an open sale could take
    /// money that nobody wants any more, so it is not sent (R21). The charge plans anew what it still asks.
    pub fn is_overtaken(&mut self, now: Instant, profile: &Profile<'_>) -> bool {
        let _ = self.till.handle_input(now, profile, Input::Tick);
        self.flight.as_ref().is_some_and(|flight| flight.wanted && !self.wants_money(flight.sale.as_ref()))
    }

    /// A number for a notification.
    pub fn new_ticket(&mut self) -> Ticket {
        self.next_ticket = self.next_ticket.wrapping_add(1);
        Ticket(self.next_ticket)
    }

    /// A person looked at the machine and says what came of a charge of the till. `true`: that ends its uncertain release;
    /// the charge itself has nothing to decide, because its money and its goods count as exchanged.
    pub fn look_at(&mut self, sale: &SaleId, finding: Resolution) -> bool {
        let ends = self.till.charge(sale).is_some_and(|charge| ends_uncertainty(charge, finding));
        if ends && !self.looked_at.contains(sale) {
            // There are as many as the till has places, and those that left it were taken out.
            let _ = self.looked_at.push(sale.clone());
        }
        ends
    }

    /// What becomes of a charge if it leaves the till now.
    fn leaving_now(&self, charge: &Charge, now: Instant) -> Option<Leaving> {
        let sale = name(charge)?;
        let fate = if is_owed(charge) || (is_uncertain(charge) && !self.looked_at.contains(&sale)) {
            Fate::Kept
        } else if charge.is_finished(now) {
            Fate::Finished
        } else {
            Fate::GaveWay
        };
        Some(Leaving { sale, fate })
    }

    fn leave(&mut self, one: Leaving) {
        self.resumed.retain(|sale| *sale != one.sale);
        self.looked_at.retain(|sale| *sale != one.sale);
        // Where the list is full, because the journal fails, the next pass finds it again.
        if one.fate == Fate::GaveWay || self.leaving.push(one).is_err() {
            self.look_again();
        } else if self.pass.waits {
            self.pass.waits = false;
        }
    }

    /// There is a charge in the journal that is to come back.
    fn look_again(&mut self) {
        if self.pass.over != Over::Everything {
            self.pass.over = Over::GaveWay;
            self.pass.after = None;
        }
    }
}

/// Whether nothing is left to do for a charge that was read from the journal, and no money may come.
pub fn is_clear(charge: &Charge) -> bool {
    charge.sale() != Sale::Open
        && matches!(charge.payment(), Payment::Confirmed | Payment::Failed)
        && !charge.may_still_charge()
        && !is_kept(charge)
}

/// Whether a person must look, or give money back.
pub fn is_kept(charge: &Charge) -> bool {
    is_owed(charge) || is_uncertain(charge)
}

fn is_owed(charge: &Charge) -> bool {
    matches!(charge.review(), Review::Needed(_)) || !charge.refund_due().is_zero()
}

/// Whether the power went during its release (R47), and no person has decided since: the payer may have paid for nothing.
fn is_uncertain(charge: &Charge) -> bool {
    charge.release() == Release::Uncertain && !matches!(charge.review(), Review::Resolved(_))
}

/// Either the goods had fallen, and what was received is kept, or it was paid back. Another sum is no finding of this.
fn ends_uncertainty(charge: &Charge, finding: Resolution) -> bool {
    let is_possible = match finding {
        Resolution::Refunded => true,
        Resolution::Charged(amount) => amount == charge.received(),
        Resolution::NotCharged => false,
    };
    is_possible && is_uncertain(charge) && !is_owed(charge)
}

fn name(charge: &Charge) -> Option<SaleId> {
    SaleId::new(charge.sale_id()).ok()
}
