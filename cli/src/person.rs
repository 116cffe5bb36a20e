//! The person at the terminal, who is the payer: asked one thing after the other, and nothing that is settled.

use std::collections::VecDeque;
use std::io::{BufRead, IsTerminal};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};

use caas_core::money::Amount;
use caas_simulator::{Simulator, SimulatorEvent};

use crate::out;
use crate::tell::rupees;

/// The person at the terminal. What is typed answers the question on the screen; one that is answered in another way, on
/// the page say, is taken back.
pub struct Person(Arc<Asked>);

/// What is asked, the first one on the screen.
#[derive(Default)]
struct Asked {
    questions: Mutex<VecDeque<Question>>,
    came: Condvar,
}

/// What the payer is asked.
struct Question {
    /// The prompt's or the payment's reference.
    reference: String,
    about: About,
}

enum About {
    Consent,
    /// A payment at eZ Cash of which this much is left to pay.
    Payment(u64),
}

impl Person {
    /// Whoever sits at the terminal; `None` without one, because the end of a file or a pipe is nobody's answer.
    pub fn at_terminal(simulator: &Arc<Simulator>) -> Option<Person> {
        if !std::io::stdin().is_terminal() {
            return None;
        }
        let asked = Arc::new(Asked::default());
        let (typed, simulator) = (Arc::clone(&asked), Arc::downgrade(simulator));
        // It waits on a thread of its own, so that time and the charge go on, and does not keep the simulator from its end.
        std::thread::spawn(move || typed.take_answers(&simulator));
        Some(Person(asked))
    }

    /// Asks what an event asks of the payer, and takes back what it settles.
    pub fn hear(&self, event: &SimulatorEvent) {
        match event {
            SimulatorEvent::PromptShown(prompt) => self.0.ask(&prompt.reference, About::Consent),
            SimulatorEvent::EzCashRequested(request) => {
                self.0.ask(&request.reference, About::Payment(request.amount_due));
            }
            SimulatorEvent::PromptAnswered(prompt) if !prompt.is_open() => self.0.settle(&prompt.reference),
            SimulatorEvent::Captured(capture) => {
                if let Some(reference) = &capture.reference {
                    self.0.paid(reference, capture.amount);
                }
            }
            _ => {}
        }
    }
}

impl Asked {
    fn ask(&self, reference: &str, about: About) {
        let mut questions = self.questions();
        let question = Question { reference: reference.to_owned(), about };
        if questions.is_empty() {
            question.show();
        }
        questions.push_back(question);
        self.came.notify_all();
    }

    /// The question needs no answer any more.
    fn settle(&self, reference: &str) {
        let mut questions = self.questions();
        let shown = questions.front().is_some_and(|first| first.reference == reference);
        questions.retain(|question| question.reference != reference);
        if shown {
            out::line("that question is settled: type nothing");
            show_first(&questions);
        }
    }

    /// So much was paid elsewhere; less is left to be asked for.
    fn paid(&self, reference: &str, amount: u64) {
        let mut questions = self.questions();
        let Some(place) = questions.iter().position(|question| question.reference == reference) else {
            return;
        };
        let Some(Question { about: About::Payment(left), .. }) = questions.get_mut(place) else { return };
        *left = left.saturating_sub(amount);
        if *left == 0 {
            drop(questions);
            self.settle(reference);
        } else if place == 0 {
            show_first(&questions);
        }
    }

    /// Gives what is typed to the question on the screen, for as long as there is a simulator.
    fn take_answers(&self, simulator: &Weak<Simulator>) {
        loop {
            let mut line = String::new();
            let typed = match std::io::stdin().lock().read_line(&mut line) {
                Ok(0) | Err(_) => None,
                Ok(_) => Some(line.trim().to_ascii_lowercase()),
            };
            // Held until the next question is on the screen, so that it is shown once.
            let mut questions = match typed {
                // Also what is typed when nothing is asked is read: it is no answer to what is asked next.
                Some(_) => self.questions(),
                None => self
                    .came
                    .wait_while(self.questions(), |open| open.is_empty())
                    .unwrap_or_else(PoisonError::into_inner),
            };
            let Some(simulator) = simulator.upgrade() else { return };
            if let Some(question) = questions.pop_front() {
                // Without an answer the payer does nothing, as a payer who is not there.
                question.answer(&simulator, typed.as_deref().unwrap_or("ignore"));
                show_first(&questions);
            }
        }
    }

    fn questions(&self) -> MutexGuard<'_, VecDeque<Question>> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn show_first(questions: &VecDeque<Question>) {
    if let Some(first) = questions.front() {
        first.show();
    }
}

impl Question {
    fn show(&self) {
        match self.about {
            About::Consent => {
                out::line("you are the payer: type a to approve, d to decline, i to ignore, then Enter");
            }
            About::Payment(left) => out::line(&format!(
                "you are the payer: type how much to pay, 0 for nothing, then Enter; Enter alone pays {}",
                rupees(left)
            )),
        }
    }

    fn answer(&self, simulator: &Simulator, typed: &str) {
        let reference = &self.reference;
        let done = match self.about {
            About::Consent => match typed {
                "a" | "approve" | "" => simulator.approve(reference),
                "d" | "decline" => simulator.decline(reference),
                _ => simulator.ignore(reference),
            },
            About::Payment(left) => match amount(typed, left) {
                Ok(0) => Ok(()),
                Ok(amount) => simulator.pay(reference, amount),
                Err(error) => {
                    out::line(&format!("phone     {error}: nothing was paid"));
                    return;
                }
            },
        };
        if let Err(refused) = done {
            out::line(&format!("phone     {refused}"));
        }
    }
}

/// What was typed, in minor units; nothing typed is all that is left.
fn amount(typed: &str, left: u64) -> Result<u64, impl std::fmt::Display> {
    if typed.is_empty() { Ok(left) } else { Amount::parse(typed).map(|amount| amount.minor()) }
}
