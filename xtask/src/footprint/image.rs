//! An image as the linker made it: its sizes, its functions, and who calls whom.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use addr2line::Loader;
use object::elf::{self, FileHeader32};
use object::read::elf::ElfFile;
use object::{Endianness, Object, ObjectSection, ObjectSymbol, SectionFlags, SectionKind, SymbolKind};

use crate::run::root;

/// What is read of an image.
pub struct Image {
    path: PathBuf,
    /// Bytes that go into the flash.
    pub flash: u32,
    /// Bytes of RAM that are taken from the start on.
    pub ram: u32,
    /// The functions, by their address.
    functions: BTreeMap<u32, Function>,
    /// The names of all symbols, as the linker has them.
    names: BTreeSet<String>,
}

struct Function {
    name: String,
    size: u32,
    /// What is called, and where the call stands.
    calls: BTreeSet<(u32, u32)>,
}

/// A call, in the source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// File and line of the first place outside of Rust's own library, or the calling function's name where no line is
    /// known.
    pub source: String,
    /// The called function.
    pub callee: String,
}

impl Image {
    /// Reads an image.
    pub fn read(path: &Path) -> Result<Self, String> {
        let bytes = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        parse(&bytes, path).ok_or_else(|| format!("{}: not an image that can be read", path.display()))
    }

    /// The functions, the largest first.
    pub fn functions(&self) -> Vec<(&str, u32)> {
        let mut all: Vec<_> = self.functions.values().map(|it| (it.name.as_str(), it.size)).collect();
        all.sort_by_key(|function| std::cmp::Reverse(function.1));
        all
    }

    /// The names of all symbols that a test holds of.
    pub fn names_with(&self, test: impl Fn(&str) -> bool) -> Vec<&str> {
        self.names.iter().map(String::as_str).filter(|name| test(name)).collect()
    }

    /// Every call that leads into the functions that `end` holds of. The functions that `through` holds of and that lead
    /// there themselves are passed on to their callers.
    pub fn calls_into(
        &self,
        end: impl Fn(&str) -> bool,
        through: impl Fn(&str) -> bool,
    ) -> Result<BTreeSet<Call>, String> {
        let named = |test: &dyn Fn(&str) -> bool| -> BTreeSet<u32> {
            self.functions.iter().filter(|(_, function)| test(&function.name)).map(|(at, _)| *at).collect()
        };
        let (mut leads, between) = (named(&end), named(&through));
        loop {
            let further = between.iter().filter(|at| !leads.contains(at) && self.calls_any(**at, &leads));
            let further: BTreeSet<u32> = further.copied().collect();
            if further.is_empty() {
                break;
            }
            leads.extend(further);
        }
        let lines = Loader::new(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))?;
        let mut found = BTreeSet::new();
        for (_, function) in self.functions.iter().filter(|(at, _)| !leads.contains(at)) {
            for (target, site) in function.calls.iter().filter(|(target, _)| leads.contains(target)) {
                let callee = self.functions.get(target).map(|it| it.name.clone()).unwrap_or_default();
                let source = line(&lines, *site).unwrap_or_else(|| function.name.clone());
                found.insert(Call { source, callee });
            }
        }
        Ok(found)
    }

    fn calls_any(&self, caller: u32, callees: &BTreeSet<u32>) -> bool {
        self.functions.get(&caller).is_some_and(|it| it.calls.iter().any(|(to, _)| callees.contains(to)))
    }
}

/// Stands for the line of what the compiler made.
pub const NO_LINE: &str = "?";

/// File and line of an instruction: where it stands outside of Rust's own library, when what was inlined is unfolded.
fn line(lines: &Loader, at: u32) -> Option<String> {
    let mut frames = lines.find_frames(u64::from(at)).ok()?;
    while let Some(frame) = frames.next().ok()? {
        let Some(location) = frame.location else { continue };
        let Some(file) = location.file.filter(|file| !file.contains("/library/")) else { continue };
        let number = location.line.filter(|number| *number > 0);
        return Some(format!(
            "{}:{}",
            shortened(file),
            number.map_or(NO_LINE.to_owned(), |it| it.to_string())
        ));
    }
    None
}

/// A file as everybody has it: without the folder of the registry, or of this workspace.
fn shortened(file: &str) -> &str {
    let root = root();
    let inside =
        root.to_str().and_then(|root| file.strip_prefix(root)).map(|file| file.trim_start_matches('/'));
    let of_registry =
        || file.split_once("/registry/src/").and_then(|(_, file)| Some(file.split_once('/')?.1));
    inside.or_else(of_registry).unwrap_or(file)
}

fn parse(bytes: &[u8], path: &Path) -> Option<Image> {
    let file = ElfFile::<FileHeader32<Endianness>>::parse(bytes).ok()?;
    let (mut flash, mut ram) = (0, 0);
    for section in file.sections() {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else { continue };
        let size = u32::try_from(section.size()).ok()?;
        if !sh_flags.contains(elf::SHF_ALLOC) {
            continue;
        }
        let zeroed = section.kind() == SectionKind::UninitializedData;
        flash += if zeroed { 0 } else { size };
        ram += if sh_flags.contains(elf::SHF_WRITE) { size } else { 0 };
    }
    let mut names = BTreeSet::new();
    let mut functions = BTreeMap::new();
    let mut marks = BTreeMap::new();
    for symbol in file.symbols() {
        let name = symbol.name().unwrap_or("");
        // The lowest bit of a function's address says "Thumb".
        let at = u32::try_from(symbol.address()).ok()?;
        match name {
            "$t" | "$d" => {
                marks.insert(at, name == "$t");
            }
            _ if symbol.kind() == SymbolKind::Text && symbol.size() > 0 => {
                let size = u32::try_from(symbol.size()).ok()?;
                let name = format!("{:#}", rustc_demangle::demangle(name));
                functions.insert(at & !1, Function { name, size, calls: BTreeSet::new() });
            }
            _ => {}
        }
        names.insert(name.to_owned());
    }
    let text = file.section_by_name(".text")?;
    let (base, code) = (u32::try_from(text.address()).ok()?, text.data().ok()?);
    let starts: Vec<u32> = functions.keys().copied().collect();
    for at in starts {
        let size = functions.get(&at)?.size;
        let begin = usize::try_from(at.checked_sub(base)?).ok()?;
        let end = begin + usize::try_from(size).ok()?;
        let Some(body) = code.get(begin..end) else { continue };
        let calls = targets(at, body, &marks);
        let calls = calls.into_iter().filter(|(to, _)| *to != at && functions.contains_key(to)).collect();
        functions.get_mut(&at)?.calls = calls;
    }
    Some(Image { path: path.to_owned(), flash, ram, functions, names })
}

/// Where the branches and the addresses in a function's body lead, and where each stands. `marks` says where code (true) and data begin.
fn targets(start: u32, body: &[u8], marks: &BTreeMap<u32, bool>) -> Vec<(u32, u32)> {
    let half = |at: usize| Some(u16::from_le_bytes(body.get(at..at + 2)?.try_into().ok()?));
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = half(at) {
        let here = start.wrapping_add(at as u32);
        let is_code = marks.range(..=here).next_back().is_none_or(|mark| *mark.1);
        if !is_code {
            if let Some(second) = half(at + 2) {
                found.push(((u32::from(first) | u32::from(second) << 16) & !1, here));
            }
            at += 2;
            continue;
        }
        if first >> 11 < 0b11101 {
            found.extend(short_branch(here, first).map(|to| (to, here)));
            at += 2;
        } else {
            let target = half(at + 2).and_then(|second| long_branch(here, first, second));
            found.extend(target.map(|to| (to, here)));
            at += 4;
        }
    }
    found
}

/// The target of a 16-bit branch (Armv7-M manual, A7.7.12: T1 and T2).
fn short_branch(here: u32, code: u16) -> Option<u32> {
    let offset = match code >> 12 {
        0b1101 if code >> 8 & 0xF < 0xE => i32::from(code as u8 as i8) << 1,
        0b1110 => (i32::from(code << 5) << 16 >> 16) >> 4,
        _ => return None,
    };
    Some(here.wrapping_add(4).wrapping_add_signed(offset))
}

/// The target of BL and of the 32-bit branches (A7.7.18, and A7.7.12: T3 and T4).
fn long_branch(here: u32, first: u16, second: u16) -> Option<u32> {
    if first & 0xF800 != 0xF000 {
        return None;
    }
    let (first, second) = (u32::from(first), u32::from(second));
    let sign = first >> 10 & 1;
    let (j1, j2) = (second >> 13 & 1, second >> 11 & 1);
    let low = (second & 0x7FF) << 1;
    let (value, bits) = match second & 0xD000 {
        0xD000 | 0x9000 => {
            let (i1, i2) = (1 ^ j1 ^ sign, 1 ^ j2 ^ sign);
            (sign << 24 | i1 << 23 | i2 << 22 | (first & 0x3FF) << 12 | low, 25)
        }
        0x8000 if first >> 7 & 7 != 7 => (sign << 20 | j2 << 19 | j1 << 18 | (first & 0x3F) << 12 | low, 21),
        _ => return None,
    };
    let offset = (value << (32 - bits)).cast_signed() >> (32 - bits);
    Some(here.wrapping_add(4).wrapping_add_signed(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `objdump` shows them.
    #[test]
    fn branches_lead_where_the_disassembler_says() {
        assert_eq!(long_branch(0x1000, 0xF000, 0xF802), Some(0x1008), "bl forwards");
        assert_eq!(long_branch(0x1000, 0xF7FF, 0xFFFE), Some(0x1000), "bl to itself");
        assert_eq!(long_branch(0x1000, 0xF7FF, 0xBFFE), Some(0x1000), "b.w to itself");
        assert_eq!(short_branch(0x1000, 0xE7FE), Some(0x1000), "b to itself");
        assert_eq!(short_branch(0x1000, 0xD0FE), Some(0x1000), "beq to itself");
        assert_eq!(short_branch(0x1000, 0xE002), Some(0x1008), "b forwards");
        assert_eq!(short_branch(0x1000, 0xDF00), None, "svc");
        assert_eq!(long_branch(0x1000, 0xF3AF, 0x8000), None, "nop.w");
    }
}
