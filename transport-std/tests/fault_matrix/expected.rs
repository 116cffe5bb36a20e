//! How each cell ends, as docs/recovery.md says. Two tables say it: what a fault amounts to for the host, and how a
//! notification's fault ends in each phase.

use caas_core::profile::CapturesAt;
use caas_simulator::{ConfirmMeaning, DuplicateAnswer};

use crate::carriers::Carrier;
use crate::cell::Often;
use crate::phases::Phase;

/// How a charge ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Paid once and released once.
    Paid,
    /// Not charged, and nothing of it can charge any more.
    NotCharged,
    /// Closed unpaid, and a payment that comes all the same is still taken.
    MayStillBePaid,
    /// In doubt, for a person to look at.
    InDoubt,
    /// Money came that is owed back.
    RefundDue,
    /// Paid as notifications say, above what they may release alone; for a person to look at (R41).
    Held,
    /// Nothing else than this is right.
    Other,
}

/// How a cell ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub end: End,
    /// Once the faults have stopped, and all that was late has come.
    pub afterwards: End,
    /// What the carrier's ledger holds then, in minor units.
    pub captured: u64,
    /// A forger who knows the secret address and the payment's reference is believed.
    pub forged: bool,
    pub why: &'static str,
}

impl Expected {
    pub fn of(name: &str, phase: Phase, carrier: &Carrier, often: Often) -> Expected {
        if phase.is_notification() {
            notified(name, phase, carrier, often)
        } else {
            asked(name, phase, carrier, often)
        }
    }
}

/// Whether the carrier executes the request that the fault strikes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Executed {
    Never,
    Now,
    /// Later than anything that this side does by itself.
    Late,
}

/// What the host can know from what came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The carrier's own answer, whole.
    Truth,
    /// Nothing that can be believed: it may have been executed.
    Nothing,
    /// Not executed, and it may be sent again by itself.
    Throttled,
    /// Refused for now, in words that do not allow to send it again by itself.
    ForNow,
    /// Failed, as far as the carrier says.
    Failed,
    /// Not executed: the configuration is to blame.
    Rejected,
    /// An earlier send of this id ran.
    RanBefore,
}

struct Facts {
    name: &'static str,
    executed: Executed,
    at_mobitel: Heard,
    at_family: Heard,
    why: &'static str,
}

const fn fact(
    name: &'static str,
    executed: Executed,
    at_mobitel: Heard,
    at_family: Heard,
    why: &'static str,
) -> Facts {
    Facts { name, executed, at_mobitel, at_family, why }
}

use Executed::{Late, Never, Now};
use Heard::{Failed, ForNow, Nothing, RanBefore, Rejected, Throttled, Truth};

/// What each fault of a request amounts to.
const FACTS: [Facts; 38] = [
    fact("answerLostBeforeExecuting", Never, Nothing, Nothing, "R03"),
    fact("answerLostAfterExecuting", Now, Nothing, Nothing, "R03"),
    fact("executedLate", Late, Nothing, Nothing, "R03 R09"),
    fact("resetConnection", Never, Nothing, Nothing, "R03"),
    fact("resetAfterExecuting", Now, Nothing, Nothing, "R03"),
    fact("emptyAnswer", Now, Nothing, Nothing, "R07"),
    fact("garbage", Now, Nothing, Nothing, "R07"),
    fact("truncate", Now, Nothing, Nothing, "R04"),
    fact("truncate at once", Now, Nothing, Nothing, "R04"),
    fact("lengthTooLong", Now, Nothing, Nothing, "R04"),
    fact("lengthTooShort", Now, Nothing, Nothing, "R04"),
    fact("status", Never, Nothing, Nothing, "R05"),
    fact("status 408", Never, Nothing, Nothing, "R05"),
    fact("status 500 S1000", Never, Nothing, Nothing, "R05"),
    // The gateways of both families say so: no application was reached.
    fact("status 404", Never, Rejected, Rejected, "R06 R13"),
    fact("htmlPage", Never, Nothing, Nothing, "R05"),
    fact("htmlPageAfterExecuting", Now, Nothing, Nothing, "R05"),
    fact("backsideAmbiguous", Now, Nothing, Nothing, "R05"),
    fact("backsideAmbiguous not executed", Never, Nothing, Nothing, "R05"),
    // IBM's 429 is Mobitel's; in front of the family nobody said what it means.
    fact("rateLimited", Never, Throttled, Nothing, "R15"),
    fact("latency", Now, Truth, Truth, "I8"),
    fact("latencyUniform", Now, Truth, Truth, "I8"),
    fact("latencyNormal", Now, Truth, Truth, "I8"),
    fact("slowBytes", Now, Truth, Truth, "I8"),
    fact("latencyLogNormal", Now, Truth, Truth, "I8"),
    fact("dribble", Now, Truth, Truth, "I8"),
    fact("slowClose", Now, Truth, Truth, "I8"),
    fact("malformedChunk", Now, Nothing, Nothing, "R04"),
    fact("randomData", Now, Nothing, Nothing, "R04"),
    fact("limitData", Now, Nothing, Nothing, "R04"),
    fact("timeout", Now, Nothing, Nothing, "R03"),
    fact("latency past the deadline", Now, Nothing, Nothing, "R03"),
    fact("slowBytes past the deadline", Now, Nothing, Nothing, "R04"),
    // Mobitel has no such codes: not listed is no evidence.
    fact("statusCode", Never, Nothing, Failed, "R06 R07"),
    fact("statusCode E1318", Never, Nothing, ForNow, "R15 R07"),
    fact("statusCode E1379", Never, Nothing, RanBefore, "R12 R07"),
    fact("statusCode E1601", Never, Nothing, Nothing, "R07"),
    fact("statusCode unlisted", Never, Nothing, Nothing, "R07"),
];

fn asked(name: &str, phase: Phase, carrier: &Carrier, often: Often) -> Expected {
    let facts = FACTS.iter().find(|facts| facts.name == name);
    let facts = facts.unwrap_or_else(|| panic!("say in FACTS what the fault {name} amounts to"));
    let heard = if carrier.is_mobitel() { facts.at_mobitel } else { facts.at_family };
    let end = match phase {
        Phase::Request => requested(carrier, heard, facts.executed, often),
        _ => confirmed(carrier, heard, often),
    };
    let may_be_taken = facts.executed != Never && end == End::InDoubt;
    let taken = match (phase, end) {
        (_, End::Paid | End::Held) => true,
        // Nobody asked to complete it.
        (Phase::Request, _) => may_be_taken && carrier.confirm == ConfirmMeaning::Reads,
        // The payer approved.
        _ => may_be_taken || carrier.confirm == ConfirmMeaning::Reads,
    };
    let captured = if taken { 10_00 } else { 0 };
    Expected { end, afterwards: end, captured, forged: false, why: facts.why }
}

/// How a charge ends whose charge request or debit was struck.
fn requested(carrier: &Carrier, heard: Heard, executed: Executed, often: Often) -> End {
    let paid = if carrier.is_limited() { End::Held } else { End::Paid };
    match (heard, often) {
        (Truth, _) => paid,
        // R02: the same id again, and only where the carrier executes an id once.
        (Nothing, Often::Once) if carrier.deduplicates() => match carrier.repeated {
            // R12: "already completed" does not say that this sale was.
            Some(DuplicateAnswer::AlreadyCompleted) if executed == Now => End::InDoubt,
            _ => End::Paid,
        },
        // R34: the payer dialled, and the notification speaks for the answer.
        (Nothing, _) if carrier.is_dialled() && executed != Never => paid,
        (Nothing, _) => End::InDoubt,
        (Throttled, Often::Once) => paid,
        (Throttled, Often::Always) => End::NotCharged,
        (Failed | ForNow, _) if carrier.is_dialled() => End::MayStillBePaid,
        (Failed | ForNow | Rejected, _) => End::NotCharged,
        (RanBefore, _) => End::InDoubt,
    }
}

/// How a charge ends whose confirm was struck (R22, R27, R28).
fn confirmed(carrier: &Carrier, heard: Heard, often: Often) -> End {
    match (heard, often) {
        (Truth, _) | (_, Often::Once) => End::Paid,
        // These confirms did nothing, and nothing else takes the money.
        (Throttled | Rejected, _) if carrier.captures_at() == CapturesAt::Confirm => End::NotCharged,
        _ => End::InDoubt,
    }
}

/// How each phase ends, for each fault of notifications: the end of the charge when it is put down.
///
/// P paid, N not charged, M may still be paid, D in doubt, R refund due, F paid, as a forger says.
///
/// The columns: payment, first of two parts, only a part, declined, before the answer, answer lost, acknowledgement,
/// after the end.
#[rustfmt::skip]
const NOTIFIED: [(&str, Often, &str, &str); 14] = [
    ("drop",      Often::Once,   "MPMMMDPM", "R40 R31"),
    ("drop",      Often::Always, "MMMMMDPM", "R40"),
    ("duplicate", Often::Once,   "PPRNPPPM", "R30"),
    ("duplicate", Often::Always, "PPRNPPPM", "R30"),
    ("delay",     Often::Once,   "PPRNPPPM", "R31 R32"),
    ("delay",     Often::Always, "PPRNPPPM", "R32"),
    ("reorder",   Often::Once,   "PPRNPPPM", "R31"),
    ("reorder",   Often::Always, "PPRNPPPM", "R31"),
    ("ackLost",   Often::Once,   "PPRNPPPM", "R38"),
    ("ackLost",   Often::Always, "PPRNPPPM", "R38"),
    ("corrupt",   Often::Once,   "PPRNPPPM", "R39"),
    ("corrupt",   Often::Always, "MMMMMDPM", "R39 R40"),
    ("forge",     Often::Once,   "PPFFPPPM", "R41"),
    ("forge",     Often::Always, "PPFFPPPM", "R41"),
];

fn notified(name: &str, phase: Phase, carrier: &Carrier, often: Often) -> Expected {
    let row = NOTIFIED.iter().find(|row| (row.0, row.1) == (name, often));
    let row = row.unwrap_or_else(|| panic!("say in NOTIFIED how the fault {name} ends"));
    let column =
        Phase::ALL.iter().filter(|phase| phase.is_notification()).position(|one| *one == phase).unwrap();
    let letter = row.2.as_bytes()[column];
    let end = match letter {
        b'P' | b'F' | b'R' if carrier.is_limited() => End::Held,
        b'P' | b'F' => End::Paid,
        b'N' => End::NotCharged,
        b'M' => End::MayStillBePaid,
        b'D' => End::InDoubt,
        b'R' => End::RefundDue,
        _ => panic!("{} is no end", char::from(letter)),
    };
    // The carrier tells it again.
    let afterwards = match end {
        End::MayStillBePaid if phase == Phase::Declined => End::NotCharged,
        End::MayStillBePaid if carrier.is_limited() => End::Held,
        End::MayStillBePaid => End::RefundDue,
        end => end,
    };
    Expected { end, afterwards, captured: phase.paid(), forged: letter == b'F', why: row.3 }
}
