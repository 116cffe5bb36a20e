//! `docs/states.md` shows the tables of the code and no others.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use caas_core::charge::Phase;
use caas_core::charge::transition::{Known, PAYMENTS, PHASES_EXPLAINED, SIGNS, Signs, Standing, phase};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/states.md");

#[test]
fn the_documented_tables_and_the_diagram_are_those_of_the_code() {
    let document = std::fs::read_to_string(DOCUMENT).unwrap();
    let mut written = document.clone();
    for (name, text) in [("phases", phases()), ("diagram", diagram()), ("payments", payments())] {
        written = replace(&written, name, &text);
    }
    if std::env::var_os("CAAS_BLESS").is_some() {
        std::fs::write(DOCUMENT, &written).unwrap();
    }
    assert!(written == document, "docs/states.md is out of date: CAAS_BLESS=1 writes it anew");
}

fn replace(document: &str, name: &str, text: &str) -> String {
    let marker = format!("<!-- {name} -->\n");
    let (before, rest) = document.split_once(&marker).expect("the marker");
    let (_, after) = rest.split_once("<!-- end -->").expect("the end marker");
    format!("{before}{marker}{text}<!-- end -->{after}")
}

fn phases() -> String {
    let mut text = String::from("| signs | the attempt is | because |\n|---|---|---|\n");
    for (row, because) in PHASES_EXPLAINED {
        let signs = names(row.when);
        let signs = if signs.is_empty() { "(anything else)".to_owned() } else { signs.join(", ") };
        writeln!(text, "| {signs} | **{:?}** | {because} |", row.phase).unwrap();
    }
    text
}

fn payments() -> String {
    let mut text = String::from(
        "| paid in full | an attempt in doubt, or unmatched money | sale open | latest attempt | the payment is |\n\
         |---|---|---|---|---|\n",
    );
    for row in PAYMENTS {
        let word = |known: Known| if row.when.has_all(Standing::of(&[known])) { "yes" } else { "any" };
        let latest = Phase::ALL.into_iter().find(|phase| row.when.has_all(Standing::of(&[]).at(*phase)));
        let latest = latest.map_or_else(|| "any".to_owned(), |phase| format!("{phase:?}"));
        writeln!(
            text,
            "| {} | {} | {} | {latest} | **{:?}** |",
            word(Known::PaidInFull),
            word(Known::Doubt),
            word(Known::SaleOpen),
            row.payment
        )
        .unwrap();
    }
    text
}

fn diagram() -> String {
    let mut arrows: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    let place = |phase: Phase| Phase::ALL.iter().position(|other| *other == phase).unwrap();
    for (row, _) in PHASES_EXPLAINED {
        for sign in (0..SIGNS).map(|bit| Signs::from_bits(1 << bit)) {
            let next = phase(row.when.and(sign));
            if next != row.phase {
                let signs = arrows.entry((place(row.phase), place(next))).or_default();
                signs.extend(names(sign));
            }
        }
    }
    let mut text = String::from("```mermaid\nstateDiagram-v2\n    [*] --> Planned\n");
    for ((from, to), mut signs) in arrows {
        signs.sort();
        signs.dedup();
        writeln!(text, "    {:?} --> {:?}: {}", Phase::ALL[from], Phase::ALL[to], signs.join(", ")).unwrap();
    }
    text.push_str("```\n");
    text
}

fn names(signs: Signs) -> Vec<String> {
    use caas_core::charge::transition::Sign::*;
    [
        Executed,
        Reviewed,
        Unresolved,
        Shadowed,
        Declined,
        Lapsed,
        FailedListening,
        Accepted,
        WindowOver,
        Mute,
        Withdrawn,
        Refused,
        Repeatable,
        Opened,
        InFlight,
    ]
    .into_iter()
    .filter(|sign| signs.has(*sign))
    .map(|sign| format!("{sign:?}"))
    .collect()
}
