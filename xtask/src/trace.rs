//! Which test proves which scenario: the ids of `docs/recovery.md` against the doc comments and names of all tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::run::root;

/// Folders that hold tests.
const FOLDERS: [&str; 7] =
    ["core", "transport-std", "transport-embedded", "simulator", "cli", "tests", "xtask"];

/// Prints every scenario and invariant with its tests. Fails when one that needs no one-time password has none, or a test
/// names an id that the document does not have.
pub fn print() -> Result<(), String> {
    let document = fs::read_to_string(root().join("docs/recovery.md")).map_err(|error| error.to_string())?;
    let scenarios = scenarios(&document);
    let mut proofs: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files() {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        for (id, test) in proofs_in(&text) {
            let place = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
            proofs.entry(id).or_default().push(format!("{place} {test}"));
        }
    }
    let mut without = Vec::new();
    for (id, later) in &scenarios {
        match (proofs.get(id), later) {
            (Some(tests), _) => println!("{id}  {} test(s): {}", tests.len(), tests.join("; ")),
            (None, Some(later)) => println!("{id}  no test yet: needs {later}"),
            (None, None) => {
                println!("{id}  NO TEST");
                without.push(id.as_str());
            }
        }
    }
    let known = |id: &str| scenarios.iter().any(|(known, _)| known == id);
    let unknown: Vec<_> = proofs.keys().filter(|id| !known(id)).cloned().collect();
    if !unknown.is_empty() {
        return Err(format!("tests name ids that docs/recovery.md does not have: {}", unknown.join(", ")));
    }
    if !without.is_empty() {
        return Err(format!("without a test: {}", without.join(", ")));
    }
    println!("every scenario that needs no one-time password has a test");
    Ok(())
}

/// The ids of the document's tables, each with what it needs that is not there yet (the last cell).
fn scenarios(document: &str) -> Vec<(String, Option<String>)> {
    document
        .lines()
        .filter(|line| line.starts_with("| R") || line.starts_with("| I"))
        .filter_map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
            let id = cells.first().filter(|id| is_id(id))?;
            let later = cells.last().and_then(|cell| cell.strip_prefix("later: ")).map(str::to_owned);
            Some(((*id).to_owned(), later))
        })
        .collect()
}

/// The ids that tests name in their doc comments or names, each with the test.
fn proofs_in(text: &str) -> Vec<(String, String)> {
    let mut proofs = Vec::new();
    let mut above: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = function_name(line) {
            let is_test = above.iter().any(|line| line.starts_with("#[") && line.contains("test"));
            if is_test {
                let described = above.iter().filter(|line| line.starts_with("///")).copied();
                for id in described.chain([name]).flat_map(ids) {
                    proofs.push((id, name.to_owned()));
                }
            }
            above.clear();
        } else if line.starts_with("///") || line.starts_with("#[") {
            above.push(line);
        } else if !line.is_empty() {
            above.clear();
        }
    }
    proofs
}

fn function_name(line: &str) -> Option<&str> {
    let line = line.strip_prefix("pub ").unwrap_or(line);
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split(['(', '<']).next()
}

/// The ids in a text, ranges such as `R01–R03` written out.
fn ids(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut range_from: Option<(char, u32)> = None;
    for word in text.split(|char: char| !char.is_ascii_alphanumeric() && char != '–') {
        for (index, part) in word.split('–').enumerate() {
            let id = part.to_ascii_uppercase();
            if !is_id(&id) {
                range_from = None;
                continue;
            }
            let letter = if id.starts_with('R') { 'R' } else { 'I' };
            let number: u32 = id[1..].parse().unwrap_or(0);
            let from = match (index, range_from) {
                (1.., Some((other, from))) if other == letter => from + 1,
                _ => number,
            };
            for number in from..=number {
                found.push(if letter == 'R' { format!("R{number:02}") } else { format!("I{number}") });
            }
            range_from = Some((letter, number));
        }
    }
    found.dedup();
    found
}

fn is_id(word: &str) -> bool {
    let digits =
        |rest: &str| !rest.is_empty() && rest.len() <= 2 && rest.bytes().all(|byte| byte.is_ascii_digit());
    match word.split_at_checked(1) {
        Some(("R", rest)) => rest.len() == 2 && digits(rest),
        Some(("I", rest)) => digits(rest),
        _ => false,
    }
}

fn files() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in FOLDERS {
        collect(&root().join(folder), &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_sentences_and_ranges() {
        assert_eq!(ids("/// R01–R03, I9: and R55."), ["R01", "R02", "R03", "I9", "R55"]);
        assert!(ids("/// RFC 8259, I1234, R1").is_empty());
    }

    #[test]
    fn only_functions_with_a_test_attribute_prove_something() {
        let text = "/// R01\n#[test]\nfn proves() {}\n/// R02\nfn helps() {}\n/// R03\n#[tokio::test]\nasync fn too() {}";
        let proofs = proofs_in(text);
        assert_eq!(proofs, [("R01".to_owned(), "proves".to_owned()), ("R03".to_owned(), "too".to_owned())]);
    }

    #[test]
    fn a_scenario_without_a_test_is_excused_only_by_its_last_cell() {
        let rows = scenarios("| id | x |\n| R42 | cut | later: flash |\n| R43 | cut | |\n| I1 | x | |");
        assert_eq!(rows, [("R42".into(), Some("flash".into())), ("R43".into(), None), ("I1".into(), None)]);
    }
}
