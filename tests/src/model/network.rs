//! The network: requests under way, answers under way, requests that were given up and may still arrive, and
//! notifications.

use caas_core::charge::SendToken;
use caas_core::profile::Service;

use super::carrier::Answer;

/// What a request asks the carrier for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// The service.
    pub service: Service,
    /// The attempt that it belongs to.
    pub attempt: u8,
    /// The session that a confirm names.
    pub session: Option<u8>,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// On the way to the carrier; executed within this many milliseconds, or never.
    There(u64),
    /// Executed or refused; the answer is on the way back.
    Back(Answer),
}

/// A request whose token is not back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flying {
    /// To be given back once.
    pub token: SendToken,
    /// What it asks for.
    pub asked: Asked,
    /// How far it is.
    pub way: Way,
    /// When it was handed out.
    pub since: u64,
    /// Its deadline has passed: the charge counts it as lost.
    pub overdue: bool,
}

/// A request that was given up here and may still reach the carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Late {
    /// What it asks for.
    pub asked: Asked,
    /// Executed within this many milliseconds, or never.
    pub left: u64,
}

/// How far a notification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// To be delivered (again).
    Queued,
    /// Delivered; not acknowledged yet.
    Delivered,
    /// Acknowledged: the carrier forgets it.
    Acknowledged,
}

/// A charging notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Notice {
    /// The session that it is about.
    pub session: u8,
    /// The total that it names; `None`: a failure.
    pub total: Option<u64>,
    /// How far it is.
    pub delivery: Delivery,
}

/// Everything under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Network {
    /// Requests whose token is not back.
    pub flying: Vec<Flying>,
    /// Requests that were given up and may still arrive.
    pub late: Vec<Late>,
    /// Notifications, in the order in which the carrier made them. Delivered in any order.
    pub notices: Vec<Notice>,
}

impl Network {
    /// Whether a request for consent or a debit may still be executed, other than for the attempt `own`.
    pub fn may_execute_send(&self, own: Option<u8>) -> bool {
        let counts = |asked: &Asked| asked.service != Service::Confirm && Some(asked.attempt) != own;
        self.flying.iter().any(|flying| matches!(flying.way, Way::There(_)) && counts(&flying.asked))
            || self.late.iter().any(|late| counts(&late.asked))
    }

    /// Whether anything may still reach the carrier.
    pub fn may_execute(&self) -> bool {
        !self.late.is_empty() || self.flying.iter().any(|flying| matches!(flying.way, Way::There(_)))
    }

    /// Whether the carrier will deliver a notification about money.
    pub fn will_tell_of_money(&self) -> bool {
        self.notices.iter().any(|notice| notice.total.is_some() && notice.delivery != Delivery::Acknowledged)
    }

    /// The power goes: nobody waits for answers any more, and unacknowledged notifications come again.
    pub fn cut(&mut self) {
        for flying in self.flying.drain(..) {
            if let Way::There(left) = flying.way {
                self.late.push(Late { asked: flying.asked, left });
            }
        }
        for notice in &mut self.notices {
            if notice.delivery == Delivery::Delivered {
                notice.delivery = Delivery::Queued;
            }
        }
    }

    /// Lets time pass. A request that the charge has given up on and that cannot arrive any more is forgotten.
    pub fn pass(&mut self, now: u64, millis: u64, deadline: u64) {
        for flying in &mut self.flying {
            if let Way::There(left) = &mut flying.way {
                *left = left.saturating_sub(millis);
            }
            flying.overdue |= now >= flying.since + deadline;
        }
        self.flying.retain(|flying| !(flying.overdue && flying.way == Way::There(0)));
        for late in &mut self.late {
            late.left = late.left.saturating_sub(millis);
        }
        self.late.retain(|late| late.left > 0);
    }
}
