//! A vending machine in QEMU sells through the simulator, and the power goes in the middle. After every reset the
//! carrier's ledger and the motor's counter are the witnesses; at the end the machine must know of every payment.
//!
//! `cargo xtask firmware` builds the image, names it in `CAAS_FIRMWARE` and runs this. With `CAAS_FIRMWARE_SHOW` set, what
//! the machine says is shown.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod expected;
mod machine;
mod relay_host;
mod report;
mod shop;
mod witness;

use std::time::Duration;

use caas_simulator::Payer;
use expected::{EXCESS, EZCASH_RESETS, Expected, MOBITEL_RESETS};
use shop::{PRICE, SLOT, STUCK_SLOT, Shop};

/// What chance starts from, so that a failure repeats as far as an emulator's time does.
const SEEDS: [u64; 2] = [4, 5];
/// How often the plug is pulled at any moment, for each carrier.
const PULLS: u64 = 6;
/// Each in its own stretch of the sale, so long in milliseconds. Most sales are over after all of them.
const STRETCH: u64 = 80;

#[test]
fn mobitel_sells_goods_for_money_and_none_without() {
    let mut shop = Shop::mobitel();
    let sold = shop.sell(SLOT, Payer::Approve);
    shop.check_end(&sold, Expected::Sold);
    let declined = shop.sell(SLOT, Payer::Decline);
    shop.check_end(&declined, Expected::NotCharged);
    let ignored = shop.sell(SLOT, Payer::Ignore);
    shop.check_end(&ignored, Expected::NotCharged);
    let stuck = shop.sell(STUCK_SLOT, Payer::Approve);
    shop.check_end(&stuck, Expected::RefundDue);
    shop.check_after_a_last_reset();
}

/// What was chosen for a start that is over, or was refused, is nobody's.
#[test]
fn a_sale_gets_what_was_chosen_when_it_was_started() {
    let mut shop = Shop::mobitel();
    let sale = shop.sell(STUCK_SLOT, Payer::Approve);
    shop.check_end(&sale, Expected::RefundDue);
    shop.press_again(&sale, STUCK_SLOT);
    shop.wait_for_news(&sale, "not-started");
    shop.resolve(&sale, "refunded");
    shop.press_again(&sale, SLOT);
    shop.check_end(&sale, Expected::Sold);
}

/// R32, R33: the relay brings what no carrier could.
#[test]
fn ezcash_sells_for_one_payment_or_several_and_lists_the_excess() {
    let mut shop = Shop::ezcash();
    let sold = shop.sell(SLOT, Payer::Approve);
    shop.check_end(&sold, Expected::Sold);
    let in_parts = shop.sell_in_parts(&[PRICE - 100, 100]);
    shop.check_end(&in_parts, Expected::SoldInParts);
    let overpaid = shop.sell_in_parts(&[PRICE - 100, 100 + EXCESS]);
    shop.check_end(&overpaid, Expected::Overpaid);
    let stuck = shop.sell(STUCK_SLOT, Payer::Approve);
    shop.check_end(&stuck, Expected::RefundDue);
    shop.check_after_a_last_reset();
}

/// R02, R03, R09, R46, R47.
#[test]
fn mobitel_sales_end_rightly_wherever_the_power_goes() {
    cut_everywhere(Shop::mobitel(), &MOBITEL_RESETS);
}

/// R02, R03, R38, R46, R47, R54.
#[test]
fn ezcash_sales_end_rightly_wherever_the_power_goes() {
    cut_everywhere(Shop::ezcash(), &EZCASH_RESETS);
}

#[test]
fn mobitel_sales_survive_a_plug_that_is_pulled_at_any_moment() {
    pull_the_plug(Shop::mobitel(), SEEDS[0]);
}

#[test]
fn ezcash_sales_survive_a_plug_that_is_pulled_at_any_moment() {
    pull_the_plug(Shop::ezcash(), SEEDS[1]);
}

fn cut_everywhere(mut shop: Shop, points: &[(&str, Expected)]) {
    for (point, expected) in points {
        let sale = shop.sell_and_cut(point);
        shop.check_end(&sale, *expected);
        shop.settle(&sale);
    }
    shop.check_after_a_last_reset();
}

fn pull_the_plug(mut shop: Shop, seed: u64) {
    let mut chance = seed;
    for pull in 0..PULLS {
        // Knuth's generator; its upper bits are good.
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        shop.sell_and_pull_the_plug(Duration::from_millis(pull * STRETCH + (chance >> 33) % STRETCH));
    }
    shop.check_after_a_last_reset();
}
