//! The simulator's page in headless Chromium.

use crate::debian_package::install;
use crate::run::{cargo, run};

/// The program that drives the browser, and the packages that bring both.
const DRIVER: (&str, &[&str]) = ("chromedriver", &["chromium", "chromium-driver"]);

/// Runs the tests that need a browser. Two at a time: each has a browser of its own.
pub fn test() -> Result<(), String> {
    install(DRIVER.0, DRIVER.1)?;
    let browser = ["test", "-p", "caas", "--locked", "--test", "browser"];
    run(&cargo(), &[&browser[..], &["--", "--test-threads", "2"]].concat(), &[])
}
