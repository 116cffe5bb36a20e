//! All cells, run side by side and printed as tables.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::carriers::Carrier;
use crate::cell::{Cell, Often};
use crate::expected::End;
use crate::faults;
use crate::phases::Phase;
use crate::tls::Authority;
use crate::witness::Complaints;

/// Cells at the same time. They mostly wait; more of them would wait for the processor.
const AT_ONCE: usize = 32;

/// Runs all cells over TCP, or over TLS, prints them, and panics with what does not hold.
pub fn run(tls: Option<Authority>) {
    let cells = cells(&tls);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let start = std::time::Instant::now();
    let results = runtime.block_on(run_all(cells.clone()));
    let wire = if tls.is_some() { "TLS" } else { "TCP" };
    println!("{}", printed(&cells, &results, wire));
    let again: usize = results.values().map(|result| result.runs - 1).sum();
    let seconds = start.elapsed().as_secs_f64();
    println!("{} cells over {wire} in {seconds:.1} s, {again} run again more slowly", cells.len());
    let complaints: Vec<String> = results.into_values().flat_map(|result| result.complaints).collect();
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

fn cells(tls: &Option<Authority>) -> Vec<Cell> {
    let mut cells = Vec::new();
    for phase in Phase::ALL {
        for row in faults::of_the_table().into_iter().chain(faults::variants()) {
            for often in [Often::Once, Often::Always] {
                for carrier in Carrier::ALL {
                    if phase.is_of(&carrier) && phase.is_struck_by(&row.what) {
                        cells.push(Cell { row: row.clone(), often, phase, carrier, tls: tls.clone() });
                    }
                }
            }
        }
    }
    cells
}

struct Result {
    ends: Option<(End, End)>,
    complaints: Vec<String>,
    /// How often it was run.
    runs: usize,
}

async fn run_all(cells: Vec<Cell>) -> BTreeMap<usize, Result> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut running = JoinSet::new();
    for (number, cell) in cells.into_iter().enumerate() {
        let place = Arc::clone(&places).acquire_owned().await.unwrap();
        running.spawn(async move {
            let name = cell.name();
            let result = tokio::spawn(run_one(cell)).await;
            drop(place);
            let panicked =
                |error| Result { ends: None, complaints: vec![format!("{name}: {error}")], runs: 1 };
            (number, result.unwrap_or_else(panicked))
        });
    }
    running.join_all().await.into_iter().collect()
}

/// Windows are real time, only faster, and may pass where the machine stands still. So a cell that ends otherwise than
/// documented is run again, slower each time, and must end as documented then. What must never be counts at once, also
/// where a slower run would be right.
async fn run_one(cell: Cell) -> Result {
    let expected = cell.expected();
    let mut never = Vec::new();
    let (mut ends, mut otherwise, mut runs) = (None, Vec::new(), 0);
    for slower in SLOWER {
        let seen = cell.run(slower).await;
        let complaints = Complaints::of(&cell, &expected, &seen);
        let say = |what: &String| format!("{}: {what}\n    {:?}", cell.name(), seen.told);
        never.extend(complaints.never.iter().map(say));
        otherwise = complaints.end.iter().map(say).collect();
        (ends, runs) = (Some((seen.end, seen.afterwards)), runs + 1);
        // The simulator's thread is joined.
        tokio::task::spawn_blocking(move || drop(seen)).await.unwrap();
        if otherwise.is_empty() || !never.is_empty() {
            break;
        }
    }
    never.extend(otherwise);
    Result { ends, complaints: never, runs }
}

/// How many times slower a cell is run, time after time.
const SLOWER: [u32; 3] = [1, 4, 10];

fn printed(cells: &[Cell], results: &BTreeMap<usize, Result>, wire: &str) -> String {
    let mut text = String::new();
    for phase in Phase::ALL {
        let carriers: Vec<_> = Carrier::ALL.into_iter().filter(|carrier| phase.is_of(carrier)).collect();
        let _ = write!(text, "\n{:<39}", format!("{phase:?}, {wire}"));
        for carrier in carriers {
            let _ = write!(text, "{:<12}", carrier.name);
        }
        let mut row = String::new();
        for (number, cell) in cells.iter().enumerate().filter(|(_, cell)| cell.phase == phase) {
            let name = format!("{} {:?}", cell.row.name, cell.often).to_lowercase();
            if name != row {
                let _ = write!(text, "\n{name:<39}");
                row = name;
            }
            let _ = write!(text, "{:<12}", results.get(&number).map_or_else(String::new, word));
        }
        text.push('\n');
    }
    text
}

fn word(result: &Result) -> String {
    let word = |end| match end {
        End::Paid => "paid",
        End::NotCharged => "none",
        End::MayStillBePaid => "open",
        End::InDoubt => "doubt",
        End::RefundDue => "refund",
        End::Held => "held",
        End::Other => "?",
    };
    let mark = if result.complaints.is_empty() { "" } else { "!" };
    match result.ends {
        None => mark.to_owned(),
        Some((end, afterwards)) if end == afterwards => format!("{}{mark}", word(end)),
        Some((end, afterwards)) => format!("{}>{}{mark}", word(end), word(afterwards)),
    }
}
