//! The single-quoted dump that the Dialog document shows for a notification: `{ paidAmount='25.00', … }`.
//!
//! It is what `toString()` of the vendor's Java class gives, so nothing in it is escaped: a text may hold commas, quotes
//! and whole sentences. A value therefore ends at the quote after which the dump goes on as a dump: with a comma and the
//! next `name=`, or with the closing brace. Java writes a missing value as `null`.

use super::answer::WireFault;

/// Calls `each` with the name and the value of every member of the dump.
pub(super) fn find<'a>(
    text: &'a str,
    mut each: impl FnMut(&'a str, &'a str) -> Result<(), WireFault>,
) -> Result<(), WireFault> {
    let mut rest = text.trim().strip_prefix('{').ok_or(WireFault::NotJson)?.trim_start();
    while rest != "}" {
        let (name, value) = named(rest).ok_or(WireFault::NotJson)?;
        let (value, after) = quoted(value).or_else(|| bare(value)).ok_or(WireFault::NotJson)?;
        each(name, value)?;
        rest = next(after).ok_or(WireFault::NotJson)?;
    }
    Ok(())
}

/// The name before `=`, and what is after it.
fn named(rest: &str) -> Option<(&str, &str)> {
    let end = rest.find(|character: char| !character.is_ascii_alphanumeric() && character != '_')?;
    let (name, after) = rest.split_at_checked(end)?;
    let value = after.trim_start().strip_prefix('=')?;
    if name.is_empty() { None } else { Some((name, value.trim_start())) }
}

/// The text between the quotes, and what is after the closing one.
fn quoted(value: &str) -> Option<(&str, &str)> {
    let text = value.strip_prefix('\'')?;
    let mut quotes =
        text.match_indices('\'').filter_map(|(at, _)| Some((text.get(..at)?, text.get(at..)?.get(1..)?)));
    quotes.find(|(_, after)| next(after).is_some_and(|rest| rest == "}" || named(rest).is_some()))
}

/// A value without quotes, such as a number; it holds nothing that the dump itself uses.
fn bare(value: &str) -> Option<(&str, &str)> {
    let end = value.find([',', '}'])?;
    let text = value.get(..end)?.trim_end();
    let plain = !text.is_empty() && !text.contains(['\'', '{', '=']);
    if plain { Some((text, value.get(end..)?)) } else { None }
}

/// What comes after a value: the text after its comma, or the closing brace that ends the dump.
fn next(after: &str) -> Option<&str> {
    let after = after.trim_start();
    match after.strip_prefix(',') {
        Some(rest) => Some(rest.trim_start()),
        None if after == "}" => Some(after),
        None => None,
    }
}
