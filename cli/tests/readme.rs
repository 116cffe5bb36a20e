//! What the documents tell a reader to type works as they say, and their links lead somewhere.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod shop;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use shop::Running;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A line of a `sh` block that runs this command: its arguments, and the exit code that it promises.
fn promises(document: &str) -> Vec<(Vec<String>, i32)> {
    let mut promised = Vec::new();
    let mut shell = false;
    for line in document.lines() {
        if let Some(fence) = line.trim().strip_prefix("```") {
            shell = fence == "sh";
            continue;
        }
        let ours = ["caas ", "cargo run --release -- "].iter().find_map(|start| line.strip_prefix(start));
        let Some(typed) = ours.filter(|_| shell) else { continue };
        let (command, comment) = typed.split_once(" #").unwrap_or((typed, ""));
        let code = comment.trim().strip_prefix("exits ").map_or(0, exit_code);
        promised.push((command.split_whitespace().map(str::to_owned).collect(), code));
    }
    promised
}

/// The number, with or without a reason after it.
fn exit_code(promise: &str) -> i32 {
    promise.split(':').next().unwrap().trim().parse().unwrap()
}

fn keeps_its_promises(document: &str, at_least: usize) {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let promised = promises(&text);
    assert!(promised.len() >= at_least, "{document} has {} commands", promised.len());
    for (arguments, code) in promised {
        let lasts = matches!(arguments[0].as_str(), "simulate" | "listen");
        let takes_clock = matches!(arguments[0].as_str(), "charge" | "resume");
        let simulated = arguments.iter().any(|argument| argument == "--simulate");
        let mut typed: Vec<_> = arguments.iter().map(String::as_str).collect();
        if takes_clock && simulated {
            typed.extend(["--clock", "100"]);
        }
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_caas"));
        command.args(&typed).current_dir(folder.path()).env_clear().stdin(std::process::Stdio::null());
        command.env("XDG_STATE_HOME", folder.path());
        let running = Running::start(command);
        if lasts {
            std::thread::sleep(Duration::from_millis(300));
            running.signal("INT");
        }
        let ended = running.wait();
        assert_eq!(ended.code, Some(code), "{document}: caas {}\n{ended:#?}", arguments.join(" "));
    }
}

#[test]
fn the_commands_of_the_readme_end_as_it_says() {
    keeps_its_promises("README.md", 6);
}

#[test]
fn the_commands_of_the_command_lines_readme_end_as_it_says() {
    keeps_its_promises("cli/README.md", 12);
}

/// The file that the README shows can be read: every key is known, and none is left out.
#[test]
fn the_configuration_of_the_readme_has_every_key() {
    let readme = fs::read_to_string(root().join("cli/README.md")).unwrap();
    let file = readme.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("caas.toml"), file).unwrap();
    let ended = shop::run(shop::command(folder.path(), &["list", "--json", "--journal", "none.db"]));
    ended.expect(0, "listed");
    let source = fs::read_to_string(root().join("cli/src/configuration.rs")).unwrap();
    let keys = source.lines().filter_map(|line| line.strip_prefix("    pub ")?.split(':').next());
    for key in keys.filter(|key| !key.contains('(')) {
        assert!(file.contains(key), "{key} is not in cli/README.md");
    }
}

#[test]
fn every_link_to_a_file_of_the_repository_resolves() {
    let mut documents: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "cli/README.md"]
            .map(|name| root().join(name))
            .to_vec();
    documents.extend(fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()));
    let mut links = 0;
    for document in documents.iter().filter(|path| path.extension().is_some_and(|it| it == "md")) {
        let text = fs::read_to_string(document).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            if link.contains("://") || file.is_empty() {
                continue;
            }
            links += 1;
            let target = document.parent().unwrap().join(file);
            assert!(target.exists(), "{} links to {link}", document.display());
        }
    }
    assert!(links > 20, "only {links} links were found");
}
