//! Notifications on their way: when each is due, what a fault does to it, and what came of each delivery.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::shelf::{Named, Shelf};
use crate::{DeliveryOutcome, DeliveryRecord, NotificationFault, notification, pairs};

/// A notification on its way.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parcel {
    pub(crate) due: u64,
    pub(crate) reference: String,
    external_id: String,
    pub(crate) body: String,
    attempt: u32,
    /// Somebody else sends it, and nobody repeats it.
    forged: bool,
    /// It waits for another one to go first.
    held: bool,
    /// The fault of this delivery was already taken.
    exempt: bool,
}

/// What the courier does with a parcel that is due.
pub(crate) enum Errand {
    Send { parcel: Parcel, body: String, lose_ack: bool },
    Dropped(Parcel),
}

/// Notifications on their way. Written down, a parcel that the courier carries is still to be sent: a receiver may
/// get it twice, never not at all.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Outbox {
    /// By the time they are due, then in the order they were put in.
    #[serde(with = "pairs")]
    parcels: BTreeMap<(u64, u64), Parcel>,
    put_in: u64,
    /// How many parcels wait for another one to go first.
    held: usize,
    last_sent: Shelf<Parcel, { Outbox::REPEATABLE }>,
    #[serde(skip)]
    records: VecDeque<DeliveryRecord>,
    made: usize,
    /// Handed out by this outbox and not come back.
    in_flight: Option<Parcel>,
}

impl Named for Parcel {
    fn names(&self) -> Vec<&str> {
        vec![&self.reference]
    }
}

impl Outbox {
    /// A carrier gives up too: a receiver that is gone must not be called for ever.
    const DELIVERIES: u32 = 6;
    /// Virtual; doubled with every further delivery: 5, 10, 20, 40, 80 s.
    const FIRST_BACK_OFF: u64 = 5_000;
    /// How long a held-back notification waits for another one to overtake it. Virtual.
    const HOLD: u64 = 30_000;
    /// More copies than any carrier sends, and few enough to keep in memory.
    const COPIES: u32 = 1_000;
    /// An older reference's notification cannot be sent again.
    const REPEATABLE: usize = 10_000;
    /// What waits for a receiver that is gone; 100 MB of bodies. One more is recorded as dropped.
    const WAITING: usize = 100_000;
    /// Bounded like every view.
    const RECORDS_KEPT: usize = 1_000;

    pub(crate) fn post(&mut self, reference: &str, external_id: &str, body: &Value, due: u64) {
        let (reference, external_id, body) = (reference.to_owned(), external_id.to_owned(), body.to_string());
        self.put_in(Parcel {
            due,
            reference,
            external_id,
            body,
            attempt: 1,
            forged: false,
            held: false,
            exempt: false,
        });
    }

    /// Sends the latest notification of a reference once more.
    pub(crate) fn repeat(&mut self, reference: &str, now: u64) -> bool {
        let last = self.last_sent.place(reference).and_then(|place| self.last_sent.get(place)).cloned();
        let Some(last) = last else {
            return false;
        };
        self.put_in(Parcel { due: now, attempt: 1, held: false, exempt: false, ..last });
        true
    }

    /// Sends the bytes of a delivery that was made once more; whether it is still in the log.
    pub(crate) fn resend(&mut self, serial: u64, now: u64) -> bool {
        let Some(record) = self.records.iter().find(|record| record.serial == serial).cloned() else {
            return false;
        };
        self.put_in(Parcel {
            due: now,
            reference: record.reference,
            external_id: record.external_id,
            body: record.body,
            attempt: 1,
            forged: record.forged,
            held: false,
            exempt: false,
        });
        true
    }

    /// Somebody else's notification: paid in full as [`NotificationFault::Forge`] makes it, whatever the
    /// request's own state is. Nobody repeats it.
    pub(crate) fn forge(&mut self, reference: &str, external_id: &str, body: &Value, now: u64) {
        let body = notification::forged(&body.to_string());
        let (reference, external_id) = (reference.to_owned(), external_id.to_owned());
        let (attempt, forged) = (1, true);
        self.put_in(Parcel {
            due: now,
            reference,
            external_id,
            body,
            attempt,
            forged,
            held: false,
            exempt: false,
        });
    }

    pub(crate) fn next_due(&self) -> Option<u64> {
        self.parcels.first_key_value().map(|((due, _), _)| *due)
    }

    /// What the courier carried when the outbox was written down is to be sent again.
    pub(crate) fn take_back(&mut self) {
        if let Some(parcel) = self.in_flight.take() {
            self.put_in(Parcel { exempt: false, ..parcel });
        }
    }

    /// The next thing to do at `now`, to be given back to [`delivered`](Self::delivered) before the next is
    /// asked for. `fault` is asked once for each delivery.
    pub(crate) fn next_errand(
        &mut self,
        now: u64,
        mut fault: impl FnMut() -> Option<NotificationFault>,
    ) -> Option<Errand> {
        loop {
            let mut parcel = self.take_due(now)?;
            let struck = if parcel.exempt { None } else { fault() };
            parcel.exempt = true;
            match struck {
                Some(NotificationFault::Drop) => {
                    self.in_flight = Some(parcel.clone());
                    return Some(Errand::Dropped(parcel));
                }
                Some(NotificationFault::Delay(milliseconds)) => self.put_off(parcel, milliseconds, false),
                Some(NotificationFault::Reorder) => self.put_off(parcel, Self::HOLD, true),
                Some(NotificationFault::Duplicate(copies)) => {
                    (0..copies.min(Self::COPIES)).for_each(|_| self.put_in(parcel.clone()));
                    return Some(self.send(parcel, false));
                }
                Some(NotificationFault::AckLost) => return Some(self.send(parcel, true)),
                Some(NotificationFault::Forge) => {
                    let forgery =
                        Parcel { body: notification::forged(&parcel.body), forged: true, ..parcel.clone() };
                    self.put_in(parcel);
                    return Some(self.send(forgery, false));
                }
                Some(NotificationFault::Corrupt) => return Some(self.send_half(parcel)),
                None => return Some(self.send(parcel, false)),
            }
        }
    }

    /// Keeps what came of a delivery and plans the next one where it is owed. A parcel of an outbox that was
    /// reset meanwhile is nobody's any more.
    pub(crate) fn delivered(
        &mut self,
        parcel: Parcel,
        sent: String,
        outcome: DeliveryOutcome,
        now: u64,
    ) -> Option<DeliveryRecord> {
        self.in_flight.take()?;
        let settled = matches!(outcome, DeliveryOutcome::Acknowledged | DeliveryOutcome::Dropped);
        let again = !settled && !parcel.forged && parcel.attempt < Self::DELIVERIES;
        let record = DeliveryRecord {
            serial: self.made as u64 + 1,
            at: now,
            reference: parcel.reference.clone(),
            external_id: parcel.external_id.clone(),
            attempt: parcel.attempt,
            body: sent,
            forged: parcel.forged,
            outcome,
            again,
        };
        self.keep(record.clone());
        self.let_held_go(now);
        if !parcel.forged {
            self.last_sent.push(parcel.clone());
        }
        if again {
            let back_off = Self::FIRST_BACK_OFF << (parcel.attempt - 1);
            self.put_in(Parcel {
                due: now.saturating_add(back_off),
                attempt: parcel.attempt + 1,
                exempt: false,
                held: false,
                ..parcel
            });
        }
        Some(record)
    }

    pub(crate) fn records(&self) -> Vec<DeliveryRecord> {
        self.records.iter().cloned().collect()
    }

    /// What the carrier sent as first deliveries, in their order.
    pub(crate) fn first_deliveries(&self) -> Vec<&str> {
        let first = |record: &&DeliveryRecord| record.attempt == 1 && !record.forged;
        self.records.iter().filter(first).map(|record| record.body.as_str()).collect()
    }

    /// How many deliveries were made in all.
    pub(crate) fn made(&self) -> usize {
        self.made
    }

    /// The parcel due first, the one put in first among equals.
    fn take_due(&mut self, now: u64) -> Option<Parcel> {
        let entry = self.parcels.first_entry().filter(|entry| entry.key().0 <= now)?;
        let parcel = entry.remove();
        self.held -= usize::from(parcel.held);
        Some(parcel)
    }

    fn put_in(&mut self, parcel: Parcel) {
        if self.parcels.len() >= Self::WAITING {
            return self.drop_at_once(parcel);
        }
        self.put_in += 1;
        self.held += usize::from(parcel.held);
        self.parcels.insert((parcel.due, self.put_in), parcel);
    }

    fn drop_at_once(&mut self, parcel: Parcel) {
        self.keep(DeliveryRecord {
            serial: self.made as u64 + 1,
            at: parcel.due,
            reference: parcel.reference,
            external_id: parcel.external_id,
            attempt: parcel.attempt,
            body: parcel.body,
            forged: parcel.forged,
            outcome: DeliveryOutcome::Dropped,
            again: false,
        });
    }

    /// Counted from when it was due, not from when somebody looked.
    fn put_off(&mut self, parcel: Parcel, milliseconds: u64, held: bool) {
        self.put_in(Parcel { due: parcel.due.saturating_add(milliseconds), held, ..parcel });
    }

    fn let_held_go(&mut self, now: u64) {
        if self.held == 0 {
            return;
        }
        let held: Vec<(u64, u64)> =
            self.parcels.iter().filter(|(_, parcel)| parcel.held).map(|(key, _)| *key).collect();
        for key in held {
            if let Some(parcel) = self.parcels.remove(&key) {
                self.held -= 1;
                self.put_in(Parcel { due: now, held: false, ..parcel });
            }
        }
    }

    fn send(&mut self, parcel: Parcel, lose_ack: bool) -> Errand {
        self.in_flight = Some(parcel.clone());
        Errand::Send { body: parcel.body.clone(), parcel, lose_ack }
    }

    fn send_half(&mut self, parcel: Parcel) -> Errand {
        self.in_flight = Some(parcel.clone());
        let half: String = parcel.body.chars().take(parcel.body.chars().count() / 2).collect();
        Errand::Send { body: half, parcel, lose_ack: false }
    }

    fn keep(&mut self, record: DeliveryRecord) {
        self.made += 1;
        if self.records.len() == Self::RECORDS_KEPT {
            self.records.pop_front();
        }
        self.records.push_back(record);
    }
}
