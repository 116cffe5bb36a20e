//! What is checked: the carrier's ledger and the motor's counter against each other after every reset, and against what
//! the machine says when a sale is over.

use std::time::Duration;

use caas_simulator::Payer;

use crate::expected::Expected;
use crate::report::Told;
use crate::shop::{PRICE, SLOT, Sale, Shop};

/// How long the machine has to begin a sale whose keys it gets after a reset.
const SETTLING: Duration = Duration::from_millis(500);

impl Shop {
    /// Sells something, and the power goes at this point. The sale's id, when the machine is up again and the witnesses
    /// agree.
    pub fn sell_and_cut(&mut self, point: &str) -> String {
        self.arm(point);
        let sale = self.sell(SLOT, Payer::Approve);
        self.wait_until_ready();
        self.check_witnesses();
        let captured = self.captured(self.sale(&sale)).1;
        self.say(&format!("{sale} cut {point}, captured {captured} by then"));
        sale
    }

    /// What must hold at any time, whatever the machine says: no motor turns twice, or before the whole price is paid. No
    /// payer is charged more often than they paid.
    pub fn check_witnesses(&mut self) {
        let turns = self.turns();
        for sale in &self.sales {
            let turned = turns.iter().filter(|turn| **turn == sale.id).count();
            let (captures, sum) = self.captured(sale);
            assert!(captures <= sale.payments, "{}: captured {captures} times", sale.id);
            assert!(turned <= 1, "{}: the motor turned {turned} times", sale.id);
            assert!(turned == 0 || sum >= PRICE, "{}: goods for {sum}", sale.id);
        }
        assert!(turns.iter().all(|turn| self.sales.iter().any(|sale| sale.id == *turn)), "{turns:?}");
    }

    /// Waits for the end of a sale, and checks that it is this one.
    pub fn check_end(&mut self, id: &str, expected: Expected) {
        if expected == Expected::Known {
            return self.check_any_end(id);
        }
        let told = self.wait_for_end(id);
        self.check_witnesses();
        let turned = self.turns().iter().filter(|turn| *turn == id).count();
        let (captures, sum) = self.captured(self.sale(id));
        assert_eq!(
            (captures, sum),
            (expected.captures(), expected.captured()),
            "{id}: {expected:?}, {told:?}"
        );
        assert_eq!(turned, expected.turns(), "{id}: {expected:?}, the machine says {told:?}");
        assert_eq!(told.refund_due, expected.refund(), "{id}: {expected:?}, the machine says {told:?}");
        assert!(is_as(&told, expected), "{id}: expected {expected:?}, the machine says {told:?}");
        self.say(&format!("{id} ended as {expected:?}: captured {sum} in {captures}, turned {turned}"));
    }

    /// Whatever happened to it: when it is over, the machine knows of every capture.
    pub fn check_any_end(&mut self, id: &str) {
        let told = self.wait_for_end(id);
        self.check_witnesses();
        let turned = self.turns().iter().any(|turn| turn == id);
        let captured = self.captured(self.sale(id)).0 > 0;
        let is_known = match (captured, turned) {
            (true, true) => told.refund_due == 0,
            (true, false) => told.refund_due == PRICE || told.review.is_some() || told.is_uncertain,
            (false, _) => told.refund_due == 0 && !told.is_uncertain,
        };
        assert!(is_known, "{id}: captured {captured}, turned {turned}, the machine says {told:?}");
        self.say(&format!("{id} ended: captured {captured}, turned {turned}, said {}", told.news.join(" ")));
    }

    /// A person ends what the machine keeps for them, with what the ledger says.
    pub fn settle(&mut self, id: &str) {
        let told = self.book.sale(id);
        if told.is_finished() {
            return;
        }
        let charged = self.captured(self.sale(id)).0 > 0;
        if told.review.is_some() {
            self.resolve(id, if charged { "charged 5.00" } else { "not-charged" });
        }
        if charged {
            let has_goods = told.is_uncertain && self.turns().iter().any(|turn| turn == id);
            self.resolve(id, if has_goods { "charged 5.00" } else { "refunded" });
        }
        assert!(self.book.sale(id).is_finished(), "{id}: {:?}", self.book.sale(id));
    }

    /// Sells, and the power goes from outside after this time. Then all must fit, whatever came of the sale.
    pub fn sell_and_pull_the_plug(&mut self, after: Duration) {
        let sale = self.sell(SLOT, Payer::Approve);
        self.watch(after);
        self.reset();
        self.check_witnesses();
        // Keys that the machine had not read wait in the keypad's line.
        self.watch(SETTLING);
        self.say(&format!("{sale} plug pulled after {after:?}"));
        if self.book.sales.contains_key(&sale) {
            self.check_any_end(&sale);
            self.settle(&sale);
        } else {
            assert_eq!(self.captured(self.sale(&sale)), (0, 0), "{sale} is forgotten");
            self.say(&format!("{sale} never began"));
        }
    }

    /// The power goes once more, with nothing under way: what is to be done by a person is still listed, all else is gone.
    /// Then the whole output is looked through.
    pub fn check_after_a_last_reset(&mut self) {
        let before = self.book.sales.clone();
        self.reset();
        self.check_witnesses();
        for (id, told) in before.iter().filter(|sale| !sale.1.is_finished()) {
            let again = self.wait_for_end(id);
            assert_eq!(again.refund_due, told.refund_due, "{id}");
            assert_eq!(again.review, told.review, "{id}");
        }
        self.check_output();
        if let Some(relay) = &self.relay {
            assert_eq!(relay.not_taken(), (0, 0), "notifications that wait, and that were set aside");
        }
    }

    fn sale(&self, id: &str) -> &Sale {
        self.sales.iter().find(|sale| sale.id == id).unwrap()
    }
}

/// Whether the machine says that a sale ended like this.
fn is_as(told: &Told, expected: Expected) -> bool {
    let (finished, review) = (told.is_finished(), told.review.is_some());
    match expected {
        Expected::Sold | Expected::SoldInParts | Expected::NotCharged => {
            finished && !review && !told.is_uncertain
        }
        Expected::Known => true,
        Expected::RefundDue | Expected::Overpaid => !finished,
        Expected::DoubtUncharged | Expected::DoubtCharged => review && !finished,
        Expected::UncertainUnturned | Expected::UncertainTurned => told.is_uncertain && !review && !finished,
    }
}
