//! What must not be in an image: an allocator, a float routine, a panic that nobody has looked at.

use std::collections::BTreeSet;
use std::fmt;

use super::builds::file;
use super::image::{Call, Image, NO_LINE};
use crate::run::root;

/// Each panic that is left in our images, in code of others.
const PANICS: &str = "panics.tsv";

/// Symbols of an allocator.
const HEAP: [&str; 6] = ["__rust_alloc", "__rdl_alloc", "__rg_alloc", "__rust_realloc", "malloc", "_sbrk"];
/// What the names of float routines begin with: those of the ARM run-time ABI, of the compiler's library, and of
/// formatting and reading floats.
const FLOAT: [&str; 22] = [
    "__aeabi_d",
    "__aeabi_f",
    "__aeabi_cd",
    "__aeabi_cf",
    "__aeabi_i2d",
    "__aeabi_i2f",
    "__aeabi_ui2d",
    "__aeabi_ui2f",
    "__aeabi_l2d",
    "__aeabi_l2f",
    "__aeabi_ul2d",
    "__aeabi_ul2f",
    "__add",
    "__sub",
    "__mul",
    "__div",
    "__fix",
    "__float",
    "__extend",
    "__trunc",
    "__lt",
    "__gt",
];
/// Those of the list above that end so are of floats; `__divsi3` is not.
const FLOAT_ENDS: [&str; 12] =
    ["sf3", "df3", "sf2", "df2", "sfsi", "dfsi", "sfdi", "dfdi", "sisf", "sidf", "disf", "didf"];
const FLOAT_PARTS: [&str; 4] = ["flt2dec", "dec2flt", "compiler_builtins::float", "ryu"];

/// A panic that somebody has looked at.
pub struct Named {
    source: String,
    call: String,
    /// The fuzz target or the test that tried to reach it.
    tried: String,
    /// Why it is not reached.
    why: String,
}

impl fmt::Display for Named {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Named { source, call, tried, why } = self;
        write!(out, "{source} leads to {call}: {why} (tried by {tried})")
    }
}

/// The names of allocators and float routines in an image.
pub fn forbidden(image: &Image) -> Vec<String> {
    image.names_with(|name| is_heap(name) || is_float(name)).into_iter().map(str::to_owned).collect()
}

fn is_heap(name: &str) -> bool {
    HEAP.iter().any(|heap| name.contains(heap))
}

fn is_float(name: &str) -> bool {
    let begins = FLOAT.iter().any(|start| name.starts_with(start));
    let ends = FLOAT_ENDS.iter().any(|end| name.ends_with(end));
    let of_the_abi = name.starts_with("__aeabi_") && !name.starts_with("__aeabi_idiv");
    (begins && (ends || of_the_abi)) || FLOAT_PARTS.iter().any(|part| name.contains(part))
}

/// Where panics are left in an image: the calls, from outside of `core`, into what there panics, or may.
pub fn panics(image: &Image) -> Result<BTreeSet<Call>, String> {
    image.calls_into(panics_always, is_of_core)
}

fn is_of_core(name: &str) -> bool {
    name.starts_with("core::") || name.starts_with("<core::") || name.starts_with("<[")
}

fn panics_always(name: &str) -> bool {
    name.starts_with("core::panicking::")
        || (name.starts_with("core::")
            && name.rsplit("::").next().is_some_and(|last| {
                last.ends_with("_fail") || last.ends_with("_fail_rt") || last.ends_with("_failed")
            }))
}

/// Whether it is the panic that every `async fn` has: of a future that is polled again after its end. The compiler makes
/// it, so it stands at no line, or at the function's head; and the linker may have merged it with another panic.
pub fn is_of_a_finished_future(panic: &Call) -> bool {
    if panic.callee.contains("async_fn_resumed") {
        return true;
    }
    let Some((name, line)) = panic.source.rsplit_once(':') else { return false };
    let head = || {
        let text = std::fs::read_to_string(root().join(name)).ok()?;
        Some(begins_a_future(&text, line.parse().ok()?))
    };
    line == NO_LINE || head() == Some(true)
}

/// Whether the body of an `async fn` or an async block begins in a line of a source, counted from 1.
fn begins_a_future(source: &str, number: usize) -> bool {
    let before: Vec<&str> = source.lines().take(number).collect();
    let mut upwards = before.iter().rev();
    let Some(line) = upwards.next().filter(|line| line.ends_with('{')) else { return false };
    let is_async = |line: &str| line.contains("async fn ") || line.contains("async move {");
    // The signature may stand in several lines.
    is_async(line)
        || (line.trim_start().starts_with(')')
            && upwards.find(|it| it.contains("fn ")).is_some_and(|it| is_async(it)))
}

/// Whether it is in a crate of others: those stand in the registry's folders, whose names end with a version.
fn is_of_others(panic: &Call) -> bool {
    panic
        .source
        .split('/')
        .next()
        .is_some_and(|folder| folder.contains('-') && folder.ends_with(|end: char| end.is_ascii_digit()))
}

impl Named {
    fn names(&self, panic: &Call) -> bool {
        panic.source == self.source && panic.callee.contains(&self.call)
    }
}

/// The panics that somebody has looked at.
pub fn named() -> Result<Vec<Named>, String> {
    let path = file(PANICS);
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut all = Vec::new();
    for line in text.lines().skip(1).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split('\t').collect();
        let [source, call, tried, why] = words.as_slice() else {
            return Err(format!("{PANICS}: not four columns: {line}"));
        };
        let [source, call, tried, why] = [source, call, tried, why].map(|word| (*word).to_owned());
        all.push(Named { source, call, tried, why });
    }
    Ok(all)
}

/// What is wrong with the panics of the images: those of ours, those that nobody has looked at, and names of none.
pub fn judge(panics: &BTreeSet<Call>, named: &[Named]) -> Vec<String> {
    let mut wrong = Vec::new();
    for panic in panics.iter().filter(|panic| !is_of_a_finished_future(panic)) {
        let Call { source, callee } = panic;
        if !is_of_others(panic) {
            wrong.push(format!("a panic of our own: {source} leads to {callee}"));
        } else if !named.iter().any(|known| known.names(panic)) {
            wrong.push(format!("a panic that {PANICS} does not name: {source} leads to {callee}"));
        }
    }
    for known in named {
        if !panics.iter().any(|panic| known.names(panic)) {
            wrong.push(format!(
                "{PANICS} names a panic that is gone: {} leads to {}",
                known.source, known.call
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn float_routines_are_told_from_integer_ones() {
        for name in [
            "__aeabi_dadd",
            "__aeabi_fmul",
            "__aeabi_ui2f",
            "__adddf3",
            "__divsf3",
            "__floatsidf",
            "ryu::d2s",
        ] {
            assert!(is_float(name), "{name}");
        }
        for name in
            ["__aeabi_idiv", "__aeabi_uldivmod", "__aeabi_memcpy", "__divsi3", "__muldi3", "__aeabi_lmul"]
        {
            assert!(!is_float(name), "{name}");
        }
    }

    #[test]
    fn a_panic_of_ours_and_one_that_nobody_named_are_wrong() {
        let call =
            |source: &str| Call { source: source.to_owned(), callee: "core::panicking::panic".to_owned() };
        let named = |source: &str| Named {
            source: source.to_owned(),
            call: "panic".to_owned(),
            tried: String::new(),
            why: String::new(),
        };
        let panics = BTreeSet::from([
            call("core/src/money.rs:77"),
            call("a-b-1.2.3/src/x.rs:4"),
            call("c-0.1.0/src/y.rs:5"),
        ]);
        let wrong = judge(&panics, &[named("c-0.1.0/src/y.rs:5"), named("c-0.1.0/src/gone.rs:1")]);
        assert!(wrong.len() == 3, "{wrong:?}");
        assert!(wrong[1].contains("of our own: core/src/money.rs:77"), "{wrong:?}");
    }

    #[test]
    fn the_head_of_a_future_is_told_from_its_lines() {
        let source = "async fn a() {\n  b()[0];\n}\nasync fn c(\n  d: u8,\n) -> u8 {\nfn e(\n) {\n";
        let begins: Vec<usize> = (1..9).filter(|number| begins_a_future(source, *number)).collect();
        assert_eq!(begins, [1, 6]);
    }

    #[test]
    fn what_only_panics_is_told_from_what_may_fail() {
        assert!(panics_always("core::panicking::panic_bounds_check"));
        assert!(panics_always("core::slice::index::slice_index_fail"));
        assert!(panics_always("core::option::unwrap_failed"));
        assert!(!panics_always("caas_core::charge::durable::Storage::failed"));
        assert!(!panics_always("core::str::pattern::TwoWaySearcher::next"));
    }
}
