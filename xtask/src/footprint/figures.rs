//! The figures, those that are recorded, and the budgets.

use std::collections::BTreeMap;

use super::builds::file;

const RECORDED: &str = "figures.tsv";
const BUDGETS: &str = "budgets.tsv";

/// Names a figure: what is measured, of what, in which build.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// What: a heading of the table.
    pub what: String,
    /// Of what: a row.
    pub of: String,
    /// The build: a column.
    pub build: String,
}

/// Figures by their names.
pub type Figures = BTreeMap<Key, u32>;

/// Budgets by what and of what.
pub type Budgets = BTreeMap<(String, String), Budget>;

/// What a figure may be at most.
pub struct Budget {
    /// Above this, the check fails.
    pub most: u32,
    /// What it should become.
    pub aim: u32,
}

/// Reads the recorded figures; none where nothing was recorded yet.
pub fn recorded() -> Result<Figures, String> {
    let mut figures = Figures::new();
    for [what, of, build, figure] in rows(RECORDED)? {
        let figure = number(&figure)?;
        figures.insert(Key { what, of, build }, figure);
    }
    Ok(figures)
}

/// Whether they were recorded with this compiler: another one makes figures that differ a little.
pub fn recorded_with(compiler: &str) -> Result<bool, String> {
    Ok(read(RECORDED)?.lines().next() == Some(&heading(compiler)))
}

/// Writes the figures.
pub fn record(figures: &Figures, compiler: &str) -> Result<(), String> {
    let mut text = heading(compiler) + "\n";
    for (Key { what, of, build }, figure) in figures {
        text += &format!("{what}\t{of}\t{build}\t{figure}\n");
    }
    std::fs::write(file(RECORDED), text).map_err(|error| format!("{RECORDED}: {error}"))
}

/// Reads the budgets.
pub fn budgets() -> Result<Budgets, String> {
    let mut budgets = BTreeMap::new();
    for [what, of, most, aim, _reason] in rows(BUDGETS)? {
        budgets.insert((what, of), Budget { most: number(&most)?, aim: number(&aim)? });
    }
    if budgets.is_empty() { Err(format!("{BUDGETS} has no budget")) } else { Ok(budgets) }
}

fn heading(compiler: &str) -> String {
    format!("what\tof\tbuild\tfigure, with {compiler}")
}

fn read(name: &str) -> Result<String, String> {
    std::fs::read_to_string(file(name)).map_err(|error| format!("{name}: {error}"))
}

fn rows<const N: usize>(name: &str) -> Result<Vec<[String; N]>, String> {
    read(name)?.lines().skip(1).filter(|line| !line.is_empty()).map(|line| columns(name, line)).collect()
}

fn columns<const N: usize>(name: &str, line: &str) -> Result<[String; N], String> {
    let words: Vec<String> = line.split('\t').map(str::to_owned).collect();
    words.try_into().map_err(|_| format!("{name}: not {N} columns: {line}"))
}

fn number(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("not a number: {text}"))
}
