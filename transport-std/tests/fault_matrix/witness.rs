//! What must hold of every cell, by the carrier's ledger and the host's journal (I1–I4, I7, I8).

use caas_core::charge::{Payment, Review};
use caas_simulator::{RequestRecord, Service};

use crate::cell::{Cell, Seen};
use crate::driver_scene::PAYER;
use crate::expected::{End, Expected};
use crate::phases::Phase;

/// What does not hold, in words.
#[derive(Default)]
pub struct Complaints {
    /// What must never be, however slow the machine is.
    pub never: Vec<String>,
    /// The end is another one than documented. Where the machine stood still, a window may have passed.
    pub end: Vec<String>,
}

impl Complaints {
    pub fn of(cell: &Cell, expected: &Expected, seen: &Seen) -> Complaints {
        let mut complaints = Complaints::default();
        complaints.about_the_end(cell, expected, seen);
        complaints.about_the_release(expected, seen);
        complaints.about_the_money(expected, seen);
        complaints.about_a_doubt(seen);
        complaints.about_repetitions(cell, seen);
        complaints.about_the_journal(seen);
        complaints
    }

    fn about_the_end(&mut self, cell: &Cell, expected: &Expected, seen: &Seen) {
        let why = expected.why;
        let captured = captured(seen);
        let confirms = sent(seen).iter().filter(|record| record.service == Service::MobitelConfirm).count();
        let asked = matches!(cell.phase, Phase::Consent | Phase::Confirm);
        self.end(seen.end == expected.end, format!("ends {:?}, not {:?} ({why})", seen.end, expected.end));
        self.end(
            seen.afterwards == expected.afterwards,
            format!("is {:?} afterwards, not {:?} ({why})", seen.afterwards, expected.afterwards),
        );
        self.end(captured == expected.captured, format!("captured {captured}, not {}", expected.captured));
        self.end(!asked || seen.end != End::InDoubt || confirms > 1, "asked only once (R22)".to_owned());
        self.end(seen.struck, "the fault did not strike".to_owned());
    }

    /// I1, I2
    fn about_the_release(&mut self, expected: &Expected, seen: &Seen) {
        let view = &seen.view;
        let released = view.release.counts();
        let before = seen.captured_at_release;
        self.never(seen.releases <= 1, format!("released {} times (I2)", seen.releases));
        self.never(released == (seen.releases == 1), "the journal and the releases differ (I2)".to_owned());
        self.never(
            !released || view.payment == Payment::Confirmed,
            "released and not confirmed (I1)".to_owned(),
        );
        self.never(
            expected.forged || before.is_none_or(|captured| captured >= 10_00),
            format!("released when {before:?} was captured (I1)"),
        );
    }

    /// I3, I4, I6, I7
    fn about_the_money(&mut self, expected: &Expected, seen: &Seen) {
        let (view, captured, received) = (&seen.view, captured(seen), seen.view.received.minor());
        let confirmed = view.payment == Payment::Confirmed;
        let known = confirmed
            || matches!(view.review, Review::Needed(_))
            || view.may_still_charge
            || !view.refund_due.is_zero();
        self.never(captured == 0 || known, "captured, and nobody will know (I3)".to_owned());
        self.never(
            !confirmed || captured >= 10_00 || expected.forged,
            "confirmed and not captured (I7)".to_owned(),
        );
        self.never(
            received <= captured || expected.forged,
            format!("received {received} of {captured} (I6)"),
        );
        let owed = if view.release.counts() { received.saturating_sub(10_00) } else { received };
        self.never(view.refund_due.minor() == owed, format!("owes {}, not {owed} (I4)", view.refund_due));
        self.never(captured <= 10_00, format!("captured {captured} (I4)"));
    }

    /// I7: who sent something and does not know what came of it does not say that it failed.
    fn about_a_doubt(&mut self, seen: &Seen) {
        let doubted = seen.end == End::InDoubt && !sent(seen).is_empty();
        let failed = seen.view.payment == Payment::Failed;
        self.never(!doubted || !failed, "a doubt became a failure (I7)".to_owned());
    }

    /// R02, I4: a charge request is sent again where the carrier executes an id once, or said that it did not execute it.
    /// R28: confirm is not asked for ever.
    fn about_repetitions(&mut self, cell: &Cell, seen: &Seen) {
        let sent = sent(seen);
        let (confirms, charges): (Vec<_>, Vec<_>) =
            sent.iter().partition(|record| record.service == Service::MobitelConfirm);
        let throttled = cell.carrier.is_mobitel() && cell.row.name == "rateLimited";
        let most = if cell.carrier.deduplicates() || throttled { 4 } else { 1 };
        let one_id = charges.iter().all(|record| record.charge == charges[0].charge);
        let executed = executions(cell, seen);
        self.never(charges.len() <= most, format!("{} charge requests, not {most} (R02)", charges.len()));
        self.never(throttled || one_id, "sent again under another id (R02)".to_owned());
        self.never(executed <= 1, format!("{executed} executions were caused (I4)"));
        self.never(confirms.len() <= 6, format!("{} confirms (R28)", confirms.len()));
    }

    /// I8, and the row says what the record says.
    fn about_the_journal(&mut self, seen: &Seen) {
        let (view, row) = (&seen.view, &seen.row);
        self.never(seen.unsettled == 0, format!("{} charges were left to be driven (I8)", seen.unsettled));
        self.never(row.settled, "the journal has it unsettled (I8)".to_owned());
        self.never(row.payment == view.payment_word(), format!("the journal says {}", row.payment));
        self.never(
            (row.received, row.refund_due) == (view.received, view.refund_due),
            "sums differ".to_owned(),
        );
    }

    fn never(&mut self, holds: bool, what: String) {
        if !holds {
            self.never.push(what);
        }
    }

    fn end(&mut self, holds: bool, what: String) {
        if !holds {
            self.end.push(what);
        }
    }
}

/// What the carrier's ledger holds, in minor units.
fn captured(seen: &Seen) -> u64 {
    seen.simulator.ledger().total(PAYER)
}

/// How often the carrier executed a request that moves money or asks the payer for it.
fn executions(cell: &Cell, seen: &Seen) -> usize {
    let simulator = &seen.simulator;
    match (cell.carrier.is_mobitel(), cell.carrier.is_dialled()) {
        (true, _) => simulator.prompts().len(),
        (_, true) => simulator.payments().len(),
        _ => simulator.ledger().count(),
    }
}

/// What this side sent; one that is executed late is in the log twice.
fn sent(seen: &Seen) -> Vec<RequestRecord> {
    let late = |record: &RequestRecord| {
        record.fault.as_ref().is_some_and(|fault| fault.starts_with("executed late"))
    };
    seen.simulator.requests().into_iter().filter(|record| !late(record)).collect()
}
