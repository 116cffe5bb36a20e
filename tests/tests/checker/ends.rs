//! The ways in which a charge can end. Each scenario names those that it must be able to reach: a model in which nothing
//! happens holds every invariant.

use caas_core::charge::{Closing, Payment, Reason, Release, Review, Sale, Verdict};
use caas_tests::model::World;
use caas_tests::model::scenario::PRICE;
use stateright::Property;

use super::Check;

/// A way to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Confirmed, released, fulfilled.
    Released,
    /// R26: paid after the sale was over; a refund is due.
    PaidLate,
    /// R17: refused, not charged.
    Failed,
    /// R16: nobody answered.
    Expired,
    /// R21: cancelled, not charged.
    Cancelled,
    /// R28: in doubt; a person must look.
    InDoubt,
    /// A person found it charged.
    ResolvedCharged,
    /// A person found it not charged.
    ResolvedNotCharged,
    /// A person paid back what was due.
    Refunded,
    /// R47: the power went during the release.
    ReleaseUncertain,
    /// R48: the goods did not leave; a refund is due.
    ReleaseFailed,
    /// R01: the power went before anything was durable.
    NeverWas,
    /// R46: the power went between paid and released; a refund is due.
    PaidAtBoot,
    /// R19: two captures, both heard of, one release: the second is a refund due.
    SecondIsRefund,
    /// R19: paid by one attempt while another is in doubt: a person must look.
    OtherInDoubt,
    /// R32: paid in part only; a refund is due.
    PaidInPart,
    /// R33: paid too much: the excess is a refund due.
    PaidTooMuch,
    /// Money under an id that the carrier did not name: a person must look.
    Unmatched,
}

impl End {
    /// The property that a state with this end is reachable.
    pub fn property(self) -> Property<Check> {
        macro_rules! reached {
            ($($end:ident: $name:literal),* $(,)?) => {
                match self {
                    $(End::$end => Property::sometimes($name, |_: &Check, world: &World| End::$end.is_at(world)),)*
                }
            };
        }
        reached!(
            Released: "confirmed and released",
            PaidLate: "paid late, refund due",
            Failed: "failed",
            Expired: "expired",
            Cancelled: "cancelled",
            InDoubt: "in doubt, a person must look",
            ResolvedCharged: "resolved as charged",
            ResolvedNotCharged: "resolved as not charged",
            Refunded: "refunded",
            ReleaseUncertain: "release uncertain",
            ReleaseFailed: "release failed, refund due",
            NeverWas: "nothing was durable",
            PaidAtBoot: "paid at boot, refund due",
            SecondIsRefund: "two captures, one release, refund due",
            OtherInDoubt: "paid, and another attempt in doubt",
            PaidInPart: "paid in part, refund due",
            PaidTooMuch: "paid too much, refund due",
            Unmatched: "unmatched money, a person must look",
        )
    }

    fn is_at(self, world: &World) -> bool {
        let Some(charge) = &world.charge else { return self == End::NeverWas };
        if !charge.is_durable() || !charge.is_settled() {
            return false;
        }
        let (payment, sale, release) = (charge.payment(), charge.sale(), charge.release());
        let (received, due) = (charge.received().minor(), charge.refund_due().minor());
        let ended = |closing| payment == Payment::Failed && sale == Sale::Closed(closing);
        let paid = payment == Payment::Confirmed;
        let review = charge.review();
        match self {
            End::Released => paid && release == Release::Done && sale == Sale::Closed(Closing::Fulfilled),
            End::PaidLate => {
                paid && release == Release::None && due > 0 && !world.machine.ever_confirmed_open
            }
            End::Failed => ended(Closing::Refused),
            End::Expired => ended(Closing::Expired),
            End::Cancelled => ended(Closing::Cancelled),
            End::InDoubt => review == Review::Needed(Reason::InDoubt),
            End::ResolvedCharged => review == Review::Resolved(Verdict::Charged),
            End::ResolvedNotCharged => review == Review::Resolved(Verdict::NotCharged),
            End::Refunded => review == Review::Resolved(Verdict::Refunded) && due == 0,
            End::ReleaseUncertain => release == Release::Uncertain,
            End::ReleaseFailed => release == Release::Failed && due > 0,
            End::NeverWas => false,
            End::PaidAtBoot => {
                paid && release == Release::None && due > 0 && world.machine.ever_confirmed_open
            }
            End::SecondIsRefund => world.carrier.captures() > 1 && release.counts() && due >= PRICE,
            End::OtherInDoubt => review == Review::Needed(Reason::OtherAttemptInDoubt),
            End::PaidInPart => !paid && received > 0 && due == received,
            End::PaidTooMuch => release.counts() && due > 0 && due < PRICE,
            End::Unmatched => review == Review::Needed(Reason::UnmatchedPayment),
        }
    }
}
