//! One request for the payer's consent, as the evidence about it. Every field only grows, so that merging is a union
//! and a maximum: order and repetition of what is heard make no difference.

use zerocopy::{FromBytes, Immutable, IntoBytes, Unaligned};

use super::guard::{Guard, Guards};
use super::short_code::ShortCode;
use super::transition::{Phase, Sign, Signs, phase};

/// What is known for good about an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub(super) enum Mark {
    Accepted = Sign::Accepted as u16,
    Executed = Sign::Executed as u16,
    /// The consent was refused. Only what speaks of the consent says so: a confirm's answer, or a notification.
    Declined = Sign::Declined as u16,
    /// A send was refused.
    Refused = Sign::Refused as u16,
    /// The consent failed, as far as the carrier says.
    FailedListening = Sign::FailedListening as u16,
    Lapsed = Sign::Lapsed as u16,
    WindowOver = Sign::WindowOver as u16,
    Reviewed = Sign::Reviewed as u16,
    /// The carrier said that an earlier send of this id ran.
    Duplicate = 1 << 2,
    /// `confirm` may not be asked any more: refused twice, or asked as often as the profile allows.
    AskedEnough = 1 << 3,
    /// "Not found" was heard after the window once; the second time it counts.
    NotFoundOnce = 1 << 9,
    /// A send failed, as far as the carrier says.
    SendFailed = 1 << 10,
    /// A send was refused for now, in words that do not allow to send it again without being asked.
    Throttled = 1 << 12,
    /// A notification told of money.
    Credited = 1 << 13,
}

/// Marks that are signs as well, by the same number.
const SIGNS: Signs = Signs::from_bits(any_of(&[
    Mark::Accepted,
    Mark::Executed,
    Mark::Declined,
    Mark::Refused,
    Mark::FailedListening,
    Mark::Lapsed,
    Mark::WindowOver,
    Mark::Reviewed,
]));

/// What ends the asking.
const ENDS_ASKING: u16 = any_of(&[
    Mark::Executed,
    Mark::Declined,
    Mark::FailedListening,
    Mark::Lapsed,
    Mark::Reviewed,
    Mark::AskedEnough,
]);
/// The carrier said how the consent ended.
const ENDED: u16 = any_of(&[Mark::Declined, Mark::FailedListening, Mark::Lapsed]);
/// The carrier said that a send failed.
const SEND_FAILED: u16 = any_of(&[Mark::SendFailed, Mark::Throttled]);
/// No send follows.
const NO_FURTHER_SEND: u16 =
    any_of(&[Mark::Refused, Mark::Declined, Mark::FailedListening, Mark::SendFailed, Mark::Throttled]);

const fn any_of(marks: &[Mark]) -> u16 {
    let mut bits = 0;
    let mut index = 0;
    while index < marks.len() {
        bits |= marks[index] as u16;
        index += 1;
    }
    bits
}

/// How far an attempt is, apart from the clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, Unaligned)]
#[cfg_attr(feature = "model", derive(Hash))]
#[repr(C)]
pub(super) struct Attempt {
    /// One bit for each charge request intended so far, the lowest for the first.
    pub opened: u8,
    /// One bit for each send that is known not to have charged.
    pub closed: u8,
    /// One bit for each send that was accepted or executed.
    pub answered: u8,
    /// Confirms intended so far; the first is number 1.
    pub confirms: u8,
    /// The latest confirm that is accounted for: its answer says where the consent stands, or that it did nothing.
    pub heard: u8,
    /// The latest confirm that the carrier was still working on when it answered.
    pub processing: u8,
    /// The latest confirm without such an answer.
    pub lost: u8,
    /// Confirms up to this one cannot capture any more.
    pub settled: u8,
    /// What is known for good, a bit for each [`Mark`]; two bytes, because a number would align the attempt.
    pub marks: [u8; 2],
    /// The latest code that the carrier gave, for people.
    pub code: ShortCode,
}

/// What an attempt's signs depend on beside its own evidence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings {
    /// One bit for the send under way, if it is this attempt's.
    pub in_flight: u8,
    /// A confirm of this attempt is under way.
    pub confirm_in_flight: bool,
    /// The carrier executes a repeated id once.
    pub deduplicates: bool,
    /// A confirm may capture.
    pub confirm_captures: bool,
    /// A consent may capture, without any confirm.
    pub consent_captures: bool,
    /// The payer consents by a prompt, and confirm asks for it.
    pub prompted: bool,
    /// The sale is open.
    pub sale_open: bool,
    /// One bit for each charge request that an attempt may have.
    pub sends: u8,
}

impl Attempt {
    pub fn has(&self, mark: Mark) -> bool {
        self.has_any(mark as u16)
    }

    fn has_any(&self, marks: u16) -> bool {
        u16::from_le_bytes(self.marks) & marks != 0
    }

    /// Whether an answer or a notification told of money.
    pub fn has_money(&self) -> bool {
        self.has_any(any_of(&[Mark::Executed, Mark::Credited]))
    }

    pub fn mark(&mut self, mark: Mark) {
        self.marks = (u16::from_le_bytes(self.marks) | mark as u16).to_le_bytes();
    }

    /// The next charge request's bit, noted as intended. `None` when there were [`SENDS_MAX`](super::SENDS_MAX).
    pub fn intend_send(&mut self) -> Option<u8> {
        let next = !self.opened & self.opened.wrapping_add(FIRST_SEND);
        self.opened |= next;
        Some(next).filter(|next| *next != 0)
    }

    /// The next confirm's number, noted as intended.
    pub fn intend_confirm(&mut self) -> Option<u8> {
        self.confirms = self.confirms.checked_add(1)?;
        Some(self.confirms)
    }

    /// The confirm did nothing: not sent, or refused as a request. An earlier one that is lost stays lost.
    pub fn void_confirm(&mut self, number: u8) {
        if self.lost <= self.heard {
            self.heard = self.heard.max(number);
        }
    }

    /// Nothing will be heard of the latest confirm, if it was not heard of yet.
    pub fn lose_confirm(&mut self) {
        if self.confirms > self.heard.max(self.settled) {
            self.lost = self.lost.max(self.confirms);
        }
    }

    /// Whether nothing is known of a confirm that may have captured.
    pub fn has_lost_confirm(&self) -> bool {
        self.lost > self.heard
    }

    /// The send did not charge: not sent, or refused.
    pub fn close_send(&mut self, send: u8, guards: Guards) {
        self.closed |= if guards.hold(Guard::RefusalClosesOwnSend) { send } else { self.opened };
    }

    /// The send was accepted or executed.
    pub fn answer_send(&mut self, send: u8) {
        self.answered |= send;
    }

    pub fn note_code(&mut self, code: &[u8]) {
        self.code.set(code);
    }

    /// Whether some send may have charged and no answer speaks for it.
    #[inline(never)]
    pub fn has_open_send(&self, in_flight: u8, deduplicates: bool) -> bool {
        let open = self.opened & !(self.closed | self.answered | in_flight);
        // One id is executed once by a carrier that de-duplicates, so one positive answer speaks for all its sends.
        open != 0 && !(deduplicates && self.answered != 0)
    }

    /// Whether all sends are known not to have charged.
    pub fn all_closed(&self) -> bool {
        self.opened != 0 && self.opened & !self.closed == 0
    }

    /// Whether `confirm` may say something new about this attempt.
    pub fn is_askable(&self) -> bool {
        self.has(Mark::Accepted) && !self.has_any(ENDS_ASKING)
    }

    pub fn signs(&self, around: &Surroundings) -> Signs {
        let mut signs = Signs::from_bits(u16::from_le_bytes(self.marks)).only(SIGNS);
        let accepted = self.has(Mark::Accepted);
        let may_ask = self.is_askable() && (around.sale_open || !around.confirm_captures);
        // A prompt of which the carrier did not say how it ended, and that is not asked about any more.
        if around.prompted && accepted && !may_ask && !self.has_any(ENDED) {
            // A confirm that is on its way, or that the carrier still works on, may capture after the sale's end.
            let at_work = around.confirm_in_flight || (self.processing > 0 && self.processing >= self.heard);
            let charged = around.consent_captures || at_work;
            signs = signs.with(if charged { Sign::Mute } else { Sign::Withdrawn }, true);
        }
        if around.confirm_captures {
            let lost = self.has_lost_confirm() && !self.has(Mark::Lapsed);
            signs = signs.with(Sign::Unresolved, lost).with(Sign::Shadowed, self.lost > self.settled);
        }
        let open_send = self.has_open_send(around.in_flight, around.deduplicates);
        let repeatable = self.all_closed()
            && self.opened < around.sends
            && around.sale_open
            && !self.has_any(NO_FURTHER_SEND);
        signs
            .with(Sign::Unresolved, open_send || (self.has(Mark::Duplicate) && !accepted))
            // What is said of one send says nothing of a consent that another send has asked for.
            .with(Sign::FailedListening, self.has_any(SEND_FAILED) && !accepted)
            .with(Sign::Repeatable, repeatable)
            .with(Sign::Opened, self.opened != 0)
            .with(Sign::InFlight, around.in_flight != 0)
    }

    pub fn phase(&self, around: &Surroundings) -> Phase {
        phase(self.signs(around))
    }
}

/// The bit of an attempt's first charge request.
pub(super) const FIRST_SEND: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charge::SENDS_MAX;

    /// An open sale of a prompt whose confirm captures, which de-duplicates nothing.
    const AROUND: Surroundings = Surroundings {
        in_flight: 0,
        confirm_in_flight: false,
        deduplicates: false,
        confirm_captures: true,
        consent_captures: false,
        prompted: true,
        sale_open: true,
        sends: 0b1111,
    };
    const CLOSED: Surroundings = Surroundings { sale_open: false, ..AROUND };
    const CONSENT_CAPTURES: Surroundings =
        Surroundings { confirm_captures: false, consent_captures: true, ..AROUND };

    fn opened(sends: u8) -> Attempt {
        let mut attempt = Attempt::default();
        for _ in 0..sends {
            attempt.intend_send().unwrap();
        }
        attempt
    }

    fn accepted() -> Attempt {
        let mut attempt = opened(1);
        attempt.answer_send(FIRST_SEND);
        attempt.mark(Mark::Accepted);
        attempt
    }

    #[test]
    fn an_intent_is_unresolved_unless_it_is_under_way() {
        let attempt = opened(1);
        assert_eq!(attempt.phase(&AROUND), Phase::InDoubt);
        assert_eq!(attempt.phase(&Surroundings { in_flight: 0b01, ..AROUND }), Phase::Requested);
        assert_eq!(opened(2).phase(&Surroundings { in_flight: 0b10, ..AROUND }), Phase::InDoubt);
    }

    /// R55
    #[test]
    fn a_refusal_closes_its_own_send_only() {
        for refused in [0b001, 0b010, 0b100] {
            let mut attempt = opened(3);
            attempt.close_send(refused, Guards::default());
            attempt.mark(Mark::Refused);
            assert_eq!(attempt.phase(&AROUND), Phase::InDoubt);
            assert!(!attempt.all_closed());
        }
        let mut attempt = opened(3);
        [0b001, 0b010, 0b100].iter().for_each(|send| attempt.close_send(*send, Guards::default()));
        assert_eq!(attempt.phase(&AROUND), Phase::Requested, "and may be sent again");
        attempt.mark(Mark::Refused);
        assert_eq!(attempt.phase(&AROUND), Phase::NotCharged);
    }

    #[test]
    fn one_positive_answer_speaks_for_all_sends_of_one_id_only_where_the_carrier_deduplicates() {
        let mut attempt = opened(2);
        attempt.answer_send(0b10);
        attempt.mark(Mark::Accepted);
        assert_eq!(attempt.phase(&AROUND), Phase::InDoubt);
        assert_eq!(attempt.phase(&Surroundings { deduplicates: true, ..AROUND }), Phase::PendingConsent);
    }

    #[test]
    fn there_are_as_many_sends_as_the_evidence_has_bits() {
        let mut attempt = opened(SENDS_MAX);
        assert_eq!(attempt.intend_send(), None);
        assert!(attempt.has_open_send(AROUND.in_flight, AROUND.deduplicates));
        (0..SENDS_MAX).for_each(|send| attempt.close_send(1 << send, Guards::default()));
        assert!(attempt.all_closed());
    }

    /// R21
    #[test]
    fn a_live_prompt_after_the_sales_end_is_worth_nothing_where_only_confirm_captures() {
        assert_eq!(accepted().phase(&AROUND), Phase::PendingConsent);
        assert_eq!(accepted().phase(&CLOSED), Phase::NotCharged);
        let unknown = Surroundings { consent_captures: true, ..CLOSED };
        assert_eq!(accepted().phase(&unknown), Phase::InDoubt);
        let asked = Surroundings { sale_open: false, ..CONSENT_CAPTURES };
        assert_eq!(accepted().phase(&asked), Phase::PendingConsent, "asking is harmless");
    }

    /// R21
    #[test]
    fn a_confirm_at_work_after_the_sales_end_is_in_doubt() {
        assert_eq!(accepted().phase(&Surroundings { confirm_in_flight: true, ..CLOSED }), Phase::InDoubt);
        let mut working = accepted();
        (working.confirms, working.heard, working.processing) = (1, 1, 1);
        assert_eq!(working.phase(&AROUND), Phase::PendingConsent);
        assert_eq!(working.phase(&CLOSED), Phase::InDoubt);
        (working.confirms, working.heard) = (2, 2);
        assert_eq!(working.phase(&CLOSED), Phase::NotCharged, "a later answer says that it is not at work");
    }

    /// R22, R55
    #[test]
    fn a_lost_confirm_shadows_what_is_said_later_until_the_window_has_settled_it() {
        for mark in [Mark::Declined, Mark::FailedListening] {
            let mut attempt = accepted();
            (attempt.confirms, attempt.lost, attempt.heard) = (2, 1, 2);
            assert_eq!(attempt.phase(&AROUND), Phase::PendingConsent);
            attempt.mark(mark);
            assert_eq!(attempt.phase(&AROUND), Phase::InDoubt, "{mark:?}");
            assert_ne!(attempt.phase(&CONSENT_CAPTURES), Phase::InDoubt, "{mark:?}: it only read");
            attempt.settled = 2;
            assert_ne!(attempt.phase(&AROUND), Phase::InDoubt, "{mark:?}");
        }
    }

    #[test]
    fn a_confirm_that_did_nothing_is_accounted_for_unless_an_earlier_one_is_lost() {
        let mut attempt = accepted();
        attempt.void_confirm(1);
        assert_eq!(attempt.heard, 1);
        attempt.lost = 2;
        attempt.void_confirm(3);
        assert_eq!((attempt.heard, attempt.has_lost_confirm()), (1, true));
    }

    #[test]
    fn what_is_said_of_a_send_does_not_end_the_consent_of_another() {
        for mark in [Mark::Refused, Mark::SendFailed, Mark::Throttled] {
            let mut attempt = opened(2);
            attempt.close_send(0b10, Guards::default());
            attempt.mark(mark);
            attempt.answer_send(FIRST_SEND);
            attempt.mark(Mark::Accepted);
            assert_eq!(attempt.phase(&AROUND), Phase::PendingConsent, "{mark:?}");
            assert!(attempt.is_askable());
        }
    }

    #[test]
    fn a_code_is_cut_at_a_character() {
        let mut attempt = Attempt::default();
        for (code, kept) in [("E1308", "E1308"), ("123456789", "12345678"), ("", ""), ("ගෙවන්න", "ගෙ")]
        {
            attempt.note_code(code.as_bytes());
            assert_eq!(attempt.code.as_str(), kept);
        }
    }
}
