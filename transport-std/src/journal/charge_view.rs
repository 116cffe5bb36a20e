//! What is known of a charge, as plain data.

use std::fmt;

use caas_core::charge::{Charge, Conflict, Payment, Phase, Release, Review, Sale};
use caas_core::id_generator::ChargeId;
use caas_core::money::{Amount, Currency};

/// What is known of a charge at one moment. It holds no secret, and the payer only masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChargeView {
    /// The caller's name for the sale.
    pub sale_id: String,
    /// The charge's own id.
    pub charge_id: String,
    /// The payer, masked.
    pub subscriber: String,
    /// The sale's amount.
    pub amount: Amount,
    /// The sale's currency.
    pub currency: Currency,
    /// What is known of the payment.
    pub payment: Payment,
    /// Whether the sale still takes place.
    pub sale: Sale,
    /// Whether the goods left the machine.
    pub release: Release,
    /// Whether a person must look.
    pub review: Review,
    /// Who resolved the review; empty if nobody did.
    pub reviewer: String,
    /// All that was received.
    pub received: Amount,
    /// What is owed back to the payer.
    pub refund_due: Amount,
    /// Whether a capture is still possible by what is known.
    pub may_still_charge: bool,
    /// What the carrier named the latest attempt.
    pub reference: Option<String>,
    /// What the payer is to read, if the carrier said something.
    pub payer_text: Option<String>,
    /// Where each attempt stands, the first one first.
    pub attempts: Vec<AttemptView>,
    /// Evidence that contradicts other evidence.
    pub conflicts: Vec<Conflict>,
}

/// Where an attempt stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptView {
    /// Its `externalTrxId`, where the carrier takes one.
    pub external: String,
    /// Where it stands.
    pub phase: Phase,
    /// The latest code that the carrier gave.
    pub code: String,
}

impl ChargeView {
    /// What is known of `charge` now.
    pub fn of(charge: &Charge) -> Self {
        let id = ChargeId::new(charge.charge_id()).ok();
        let external =
            |number: u8| id.as_ref().map_or_else(String::new, |id| id.external(number).as_str().to_owned());
        ChargeView {
            sale_id: charge.sale_id().to_owned(),
            charge_id: charge.charge_id().to_owned(),
            subscriber: charge.subscriber().to_string(),
            amount: charge.amount(),
            currency: charge.currency(),
            payment: charge.payment(),
            sale: charge.sale(),
            release: charge.release(),
            review: charge.review(),
            reviewer: charge.reviewer().to_owned(),
            received: charge.received(),
            refund_due: charge.refund_due(),
            may_still_charge: charge.may_still_charge(),
            reference: charge.reference().map(str::to_owned),
            payer_text: charge.payer_text().map(str::to_owned),
            attempts: (0u8..)
                .zip(charge.attempts())
                .map(|(number, (phase, code))| AttemptView {
                    external: external(number),
                    phase,
                    code: code.to_owned(),
                })
                .collect(),
            conflicts: charge.conflicts().collect(),
        }
    }

    /// `requested`, `pending-consent`, `confirmed`, `failed` or `in-doubt`.
    pub fn payment_word(&self) -> String {
        word(&self.payment)
    }

    /// `open`, or how it was closed: `fulfilled`, `cancelled`, `expired`, `refused`.
    pub fn sale_word(&self) -> String {
        match self.sale {
            Sale::Open => "open".to_owned(),
            Sale::Closed(closing) => word(&closing),
        }
    }

    /// `none`, `started`, `done`, `failed` or `uncertain`.
    pub fn release_word(&self) -> String {
        word(&self.release)
    }

    /// `none`, `needed: ` and the reason, or `resolved: ` and the verdict.
    pub fn review_word(&self) -> String {
        match self.review {
            Review::None => "none".to_owned(),
            Review::Needed(reason) => format!("needed: {}", word(&reason)),
            Review::Resolved(verdict) => format!("resolved: {}", word(&verdict)),
        }
    }
}

impl AttemptView {
    /// The phase as a word, `pending-consent` for example.
    pub fn phase_word(&self) -> String {
        word(&self.phase)
    }
}

/// A state's name in small letters, with hyphens: the words of the journal's columns.
fn word(state: &impl fmt::Debug) -> String {
    let mut word = String::new();
    for letter in format!("{state:?}").chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}
