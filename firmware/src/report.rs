//! What the machine says about its sales: a line for each thing that happens, `sale id=S1 is=confirmed`. No payer, no
//! text of the carrier and no secret stands in it (I12).

use caas_core::id::SaleId;
use caas_core::money::Amount;
use caas_transport_embedded::driver::News;
use core::fmt;

use crate::semihosting::line;

/// Tells what happened to a charge.
pub fn tell(sale: &SaleId, news: &News) {
    let (id, word) = (sale.as_str(), word(news));
    match news {
        News::RefundDue(amount) | News::PartlyPaid(amount) => say(id, word, "amount", amount),
        News::PayerMustAct(instructions) => {
            say(id, word, "amount", &instructions.due.unwrap_or(Amount::ZERO));
        }
        News::NeedsReview(reason) => say(id, word, "why", &Shown(reason)),
        News::Conflict(conflict) => say(id, word, "what", &Shown(conflict)),
        News::Closed(closing) => say(id, word, "how", &Shown(closing)),
        News::NotStarted(why) => say(id, word, "why", &Shown(why)),
        News::NotTakenUp(why) => say(id, word, "why", &Shown(why)),
        News::NotSent(why) => say(id, word, "why", &Shown(why)),
        News::NoAnswer(why) => say(id, word, "why", &Shown(why)),
        News::NotResolved(why) => say(id, word, "why", &Shown(why)),
        News::Misconfigured(why) => say(id, word, "why", &Shown(why)),
        _ => line(format_args!("sale id={id} is={word}")),
    }
}

/// Each kind of news, as a word.
fn word(news: &News) -> &'static str {
    match news {
        News::Started { again: false } => "started",
        News::Started { again: true } => "started-before",
        News::NotStarted(_) => "not-started",
        News::TakenUp => "taken-up",
        News::NotTakenUp(_) => "not-taken-up",
        News::RecordLost => "record-lost",
        News::PayerMustAct(_) => "payer-must-act",
        News::Requested => "requested",
        News::PendingConsent => "pending-consent",
        News::PartlyPaid(_) => "partly-paid",
        News::Confirmed => "confirmed",
        News::Failed => "failed",
        News::InDoubt => "in-doubt",
        News::Lapsed => "lapsed",
        News::Release(_) => "release",
        News::ReleaseUncertain => "release-uncertain",
        News::Closed(_) => "closed",
        News::RefundDue(_) => "refund-due",
        News::NeedsReview(_) => "needs-review",
        News::Conflict(_) => "conflict",
        News::CredentialsRefused => "credentials-refused",
        News::Misconfigured(_) => "misconfigured",
        News::NotSent(_) => "not-sent",
        News::NoAnswer(_) => "no-answer",
        News::Resolved => "resolved",
        News::NotResolved(_) => "not-resolved",
        News::Finished => "finished",
        News::KeptForPerson => "kept-for-person",
        _ => "something-new",
    }
}

fn say(id: &str, word: &str, name: &str, value: &dyn fmt::Display) {
    line(format_args!("sale id={id} is={word} {name}={value}"));
}

/// A value's `Debug` without spaces, so that it stays one value of the line.
struct Shown<'v>(&'v dyn fmt::Debug);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct NoSpaces<'o, 'f>(&'o mut fmt::Formatter<'f>);
        impl fmt::Write for NoSpaces<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                text.split(' ').try_for_each(|piece| self.0.write_str(piece))
            }
        }
        fmt::write(&mut NoSpaces(out), format_args!("{:?}", self.0))
    }
}
