//! The transition: what the evidence of an attempt, and of a charge, amounts to.
//!
//! Evidence only accumulates (a *sign* is never taken back), so what is written here is one total function from a set
//! of signs to a phase: a table read from the top, in which the first row that fits decides. The last row fits
//! always. Merging evidence is a set union, hence idempotent, commutative and associative: repeated and reordered
//! messages cannot make a difference. `docs/states.md` draws these tables; the tests enumerate every set of signs.

/// Something that is known about an attempt. `Signs` is a set of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(u16)]
pub enum Sign {
    /// An answer said that the charge was executed.
    Executed = 1 << 0,
    /// A person looked at it and decided.
    Reviewed = 1 << 1,
    /// A request that may have moved money is without an answer that speaks for it.
    Unresolved = 1 << 2,
    /// An answer came to a later `confirm`, but an earlier one is lost and may still be executed.
    Shadowed = 1 << 3,
    /// Consent was refused, or can no longer be given.
    Declined = 1 << 4,
    /// "Not approved", asked for after the window's end.
    Lapsed = 1 << 5,
    /// Not charged as far as the carrier says; a later success still counts.
    FailedListening = 1 << 6,
    /// The carrier accepted; the payer must act.
    Accepted = 1 << 7,
    /// The payer's window is over and nothing was heard.
    WindowOver = 1 << 8,
    /// Nobody may be asked any more, though a consent may have charged.
    Mute = 1 << 9,
    /// The sale is over and nothing will be sent that captures: the consent is worth nothing.
    Withdrawn = 1 << 10,
    /// A send was refused by the carrier without charging.
    Refused = 1 << 11,
    /// All sends were refused or not sent, and one more is allowed.
    Repeatable = 1 << 12,
    /// At least one send was handed out or intended.
    Opened = 1 << 13,
    /// A send is under way and its answer is awaited.
    InFlight = 1 << 14,
}

/// How many signs there are.
pub const SIGNS: u32 = 15;

/// A set of signs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Signs(u16);

impl Signs {
    /// No sign.
    pub const NONE: Signs = Signs(0);

    /// The set of these signs.
    pub const fn of(signs: &[Sign]) -> Signs {
        let mut bits = 0;
        let mut index = 0;
        while index < signs.len() {
            bits |= signs[index] as u16;
            index += 1;
        }
        Signs(bits)
    }

    /// The set with this number, for enumerating all `1 << SIGNS` of them; other bits are dropped.
    pub const fn from_bits(bits: u16) -> Signs {
        Signs(bits & ((1 << SIGNS) - 1))
    }

    /// The set's number.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Signs) -> Signs {
        Signs(self.0 | other.0)
    }

    /// What is in both sets.
    #[must_use]
    pub const fn only(self, others: Signs) -> Signs {
        Signs(self.0 & others.0)
    }

    /// This set with `sign` if `holds`.
    #[must_use]
    pub const fn with(self, sign: Sign, holds: bool) -> Signs {
        if holds { Signs(self.0 | sign as u16) } else { self }
    }

    /// Whether the sign is in the set.
    pub const fn has(self, sign: Sign) -> bool {
        self.0 & sign as u16 != 0
    }

    /// Whether all of `others` are in the set.
    pub const fn has_all(self, others: Signs) -> bool {
        self.0 & others.0 == others.0
    }
}

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Phase {
    /// Nothing was handed out yet.
    Planned,
    /// A request is under way.
    Requested,
    /// The payer must act.
    PendingConsent,
    /// Paid, by an answer.
    Paid,
    /// Money may have moved and nobody here can tell.
    InDoubt,
    /// Not charged, and nothing of this attempt can charge any more.
    NotCharged,
    /// The window is over and the carrier said "not approved" after it: a new attempt is allowed.
    Lapsed,
    /// Not charged so far; a late payment is still possible and listened for.
    Listening,
}

impl Phase {
    /// All phases, for enumeration.
    pub const ALL: [Phase; 8] = [
        Phase::Planned,
        Phase::Requested,
        Phase::PendingConsent,
        Phase::Paid,
        Phase::InDoubt,
        Phase::NotCharged,
        Phase::Lapsed,
        Phase::Listening,
    ];
}

/// A row of the table: the signs that must be there, and the phase that they amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhaseRow {
    /// All of these must be there.
    pub when: Signs,
    /// Then the attempt stands here.
    pub phase: Phase,
}

/// A row with the reason for it. The reasons are for people and stay out of a firmware image.
pub type ExplainedRow = (PhaseRow, &'static str);

const fn row(when: &[Sign], phase: Phase, because: &'static str) -> ExplainedRow {
    (PhaseRow { when: Signs::of(when), phase }, because)
}

/// The attempt's table. Read from the top; the first row whose signs are all there decides.
pub const PHASES_EXPLAINED: [ExplainedRow; 20] = [
    row(&[Sign::Executed], Phase::Paid, "a success is never taken back"),
    row(&[Sign::Reviewed], Phase::NotCharged, "a person looked and decided"),
    row(&[Sign::Unresolved], Phase::InDoubt, "a refusal closes its own send only, never an unresolved one"),
    row(&[Sign::Mute], Phase::InDoubt, "the prompt may have been approved and nobody may be asked"),
    row(
        &[Sign::Shadowed, Sign::Declined],
        Phase::InDoubt,
        "the lost confirm may be what the refusal is about",
    ),
    row(
        &[Sign::Shadowed, Sign::FailedListening],
        Phase::InDoubt,
        "the lost confirm may be what the failure is about",
    ),
    row(&[Sign::Shadowed, Sign::Withdrawn], Phase::InDoubt, "the lost confirm may still capture"),
    row(
        &[Sign::InFlight, Sign::Declined],
        Phase::Requested,
        "the refusal closes its own send only, and another is under way",
    ),
    row(
        &[Sign::InFlight, Sign::FailedListening],
        Phase::Requested,
        "the failure is that of another send than the one under way",
    ),
    row(&[Sign::Declined], Phase::NotCharged, "consent was refused"),
    row(&[Sign::Lapsed], Phase::Lapsed, "not approved, asked after the window's end"),
    row(
        &[Sign::Accepted, Sign::Withdrawn],
        Phase::NotCharged,
        "only confirm captures, and none is sent any more",
    ),
    row(&[Sign::FailedListening], Phase::Listening, "not charged as far as the carrier says"),
    row(
        &[Sign::Accepted, Sign::WindowOver],
        Phase::Listening,
        "the window is over; a late payment is listened for",
    ),
    row(&[Sign::Accepted], Phase::PendingConsent, "the payer must act"),
    row(&[Sign::InFlight], Phase::Requested, "the answer is awaited"),
    row(&[Sign::Repeatable], Phase::Requested, "not charged, and to be sent again"),
    row(&[Sign::Refused], Phase::NotCharged, "the carrier refused without charging"),
    row(&[Sign::Opened], Phase::NotCharged, "no byte of the request was sent"),
    row(&[], Phase::Planned, "nothing was handed out yet"),
];

/// [`PHASES_EXPLAINED`] without the reasons.
pub static PHASES: [PhaseRow; PHASES_EXPLAINED.len()] = {
    let mut rows = [PHASES_EXPLAINED[0].0; PHASES_EXPLAINED.len()];
    let mut index = 0;
    while index < rows.len() {
        rows[index] = PHASES_EXPLAINED[index].0;
        index += 1;
    }
    rows
};

/// Where an attempt with these signs stands. Total: the last row fits every set.
pub fn phase(signs: Signs) -> Phase {
    PHASES.iter().find(|row| signs.has_all(row.when)).map_or(Phase::Planned, |row| row.phase)
}

/// What the application sees of the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
pub enum Payment {
    /// Asked for; nothing is known.
    // From 1, as all that a charge keeps and may have none of: a charge begins with zeros.
    Requested = 1,
    /// The payer must act.
    PendingConsent,
    /// Received at least the sale's amount. Never goes back.
    Confirmed,
    /// Not paid, as far as anybody can know.
    Failed,
    /// Money may have moved and nobody here can tell. Do not release, do not charge again.
    InDoubt,
}

/// Something that is known about a charge as a whole. `Standing` is a set of these, with where the latest attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Known {
    /// What was received reaches the sale's amount.
    PaidInFull = 1 << 8,
    /// Some attempt is in doubt, or money came that does not clearly belong to this charge.
    Doubt = 1 << 9,
    /// The sale is still open.
    SaleOpen = 1 << 10,
}

/// What [`payment`] is decided by: one bit for each [`Known`], and one for each phase of the latest attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Standing(u16);

impl Standing {
    /// The set of these.
    pub const fn of(known: &[Known]) -> Standing {
        let mut bits = 0;
        let mut index = 0;
        while index < known.len() {
            bits |= known[index] as u16;
            index += 1;
        }
        Standing(bits)
    }

    /// The set whose latest attempt stands there.
    #[must_use]
    pub const fn at(self, latest: Phase) -> Standing {
        Standing(self.0 | 1 << latest as u16)
    }

    /// The set with this number; other bits are dropped.
    pub const fn from_bits(bits: u16) -> Standing {
        Standing(bits & 0x7FF)
    }

    /// The set's number.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Whether all of `others` are in the set.
    pub const fn has_all(self, others: Standing) -> bool {
        self.0 & others.0 == others.0
    }
}

/// A row of the payment's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentRow {
    /// All of these must be there.
    pub when: Standing,
    /// Then the application sees this.
    pub payment: Payment,
}

const fn pays(known: &[Known], payment: Payment) -> PaymentRow {
    PaymentRow { when: Standing::of(known), payment }
}

const fn pays_at(latest: Phase, known: &[Known], payment: Payment) -> PaymentRow {
    PaymentRow { when: Standing::of(known).at(latest), payment }
}

/// The payment's table. Read from the top; the first row that fits decides.
pub static PAYMENTS: [PaymentRow; 8] = [
    pays(&[Known::PaidInFull], Payment::Confirmed),
    pays(&[Known::Doubt], Payment::InDoubt),
    pays_at(Phase::PendingConsent, &[], Payment::PendingConsent),
    // A new attempt may still be asked for while the sale is open.
    pays_at(Phase::Lapsed, &[Known::SaleOpen], Payment::PendingConsent),
    pays_at(Phase::Listening, &[Known::SaleOpen], Payment::PendingConsent),
    pays_at(Phase::Requested, &[], Payment::Requested),
    pays_at(Phase::Planned, &[Known::SaleOpen], Payment::Requested),
    pays(&[], Payment::Failed),
];

/// What the application sees of a charge that stands so. Total: the last row fits.
pub fn payment(standing: Standing) -> Payment {
    PAYMENTS.iter().find(|row| standing.has_all(row.when)).map_or(Payment::Failed, |row| row.payment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_set() -> impl Iterator<Item = Signs> {
        (0..1u16 << SIGNS).map(Signs::from_bits)
    }

    const EVERY_SIGN: [Sign; SIGNS as usize] = [
        Sign::Executed,
        Sign::Reviewed,
        Sign::Unresolved,
        Sign::Shadowed,
        Sign::Declined,
        Sign::Lapsed,
        Sign::FailedListening,
        Sign::Accepted,
        Sign::WindowOver,
        Sign::Mute,
        Sign::Withdrawn,
        Sign::Refused,
        Sign::Repeatable,
        Sign::Opened,
        Sign::InFlight,
    ];

    /// I9
    #[test]
    fn every_set_of_signs_has_a_phase_and_every_row_decides_some_set() {
        let mut decided = std::vec![false; PHASES.len()];
        for signs in every_set() {
            let row = PHASES.iter().position(|row| signs.has_all(row.when)).unwrap();
            assert_eq!(phase(signs), PHASES[row].phase);
            decided[row] = true;
        }
        assert!(decided.iter().all(|decided| *decided), "a row that never decides is dead: {decided:?}");
        for phase in Phase::ALL {
            assert!(PHASES.iter().any(|row| row.phase == phase), "{phase:?} is unreachable");
        }
    }

    /// I5: whatever else is learned, a paid attempt stays paid.
    #[test]
    fn paid_is_absorbing() {
        for signs in every_set().filter(|signs| phase(*signs) == Phase::Paid) {
            for sign in EVERY_SIGN {
                assert_eq!(phase(signs.with(sign, true)), Phase::Paid);
            }
        }
    }

    /// R55, I7: while a send is unresolved, only a success or a person ends the doubt.
    #[test]
    fn no_refusal_ends_a_doubt() {
        for signs in every_set().filter(|signs| signs.has(Sign::Unresolved)) {
            let expected = if signs.has(Sign::Executed) {
                Phase::Paid
            } else if signs.has(Sign::Reviewed) {
                Phase::NotCharged
            } else {
                Phase::InDoubt
            };
            assert_eq!(phase(signs), expected, "{signs:?}");
        }
    }

    #[test]
    fn every_standing_has_a_payment_and_money_in_full_is_always_confirmed() {
        let mut decided = [false; PAYMENTS.len()];
        for bits in 0..8u16 {
            for latest in Phase::ALL {
                let standing = Standing::from_bits(bits << 8).at(latest);
                let row = PAYMENTS.iter().position(|row| standing.has_all(row.when)).unwrap();
                decided[row] = true;
                let payment = payment(standing);
                assert_eq!(payment, PAYMENTS[row].payment);
                assert_eq!(
                    payment == Payment::Confirmed,
                    standing.has_all(Standing::of(&[Known::PaidInFull]))
                );
                if standing.has_all(Standing::of(&[Known::Doubt])) {
                    assert_ne!(payment, Payment::Failed, "{standing:?}");
                }
            }
        }
        assert!(decided.iter().all(|decided| *decided), "a row that never decides is dead: {decided:?}");
    }
}
