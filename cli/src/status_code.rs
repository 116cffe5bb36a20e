//! `caas status-code`: what a code means.

use caas_core::profile::{self, Service};
use caas_core::status_code::class_of;
use serde_json::json;

use crate::arguments::StatusCode;
use crate::exit::{Exit, Stop};
use crate::tell::Tell;

/// The codes with the carriers' texts; the classes in it are those of the core (a test compares them).
const CODES: &str = include_str!("../data/status-codes.tsv");

/// Says what the carriers call the code, and what it means for a charge at each of them.
pub fn explain(tell: Tell, arguments: &StatusCode) -> Result<Exit, Stop> {
    let code = arguments.code.trim().to_ascii_uppercase();
    let row = CODES.lines().skip(1).map(columns).find(|row| row[0] == code);
    let Some(row) = row else {
        return Err(Stop::usage(format!(
            "{code} is in no list that this program has. For a charge it means: may have charged. Mobitel's statuses are \
             documented nowhere: the configuration gives them"
        )));
    };
    let meanings: Vec<_> = [profile::ideamart(), profile::dialog()]
        .iter()
        .map(|profile| (profile.name.to_owned(), class_of(profile, Service::DirectDebit, &code).as_str()))
        .collect();
    if tell.json {
        let meanings: serde_json::Map<_, _> =
            meanings.into_iter().map(|(name, meaning)| (name, json!(meaning))).collect();
        tell.object(
            &json!({"event": "status-code", "code": code, "text": row[1], "notes": row[2], "means": meanings}),
        );
        return Ok(tell.done("explained", Exit::Done));
    }
    tell.line(&code);
    for (what, text) in [("Ideamart", row[1]), ("elsewhere", row[2])] {
        if !text.is_empty() {
            tell.line(&format!("  {what:<10} {text}"));
        }
    }
    for (name, meaning) in meanings {
        tell.line(&format!("  {name:<10} for a debit: {meaning}"));
    }
    Ok(Exit::Done)
}

fn columns(line: &str) -> [&str; 3] {
    let mut columns = line.split('\t');
    std::array::from_fn(|_| columns.next().unwrap_or(""))
}
