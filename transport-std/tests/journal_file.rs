//! The journal's file: who may read it, which versions are read, what is in it, and many openers at once.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;

use std::collections::HashSet;
use std::fs;
use std::thread;

use caas_core::id_generator::IdGeneratorError;
use caas_core::profile;
use caas_simulator::preset;
use caas_transport_std::{CSV_HEADER, DeskError, Filter, Journal, JournalError, JournalSettings};
use driver_scene::{PAYER, Scene, Sold};
use rusqlite::Connection;

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_may_read_the_journal_and_the_files_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new(profile::ideamart());
    let desk = scene.desk();
    desk.charge(&Sold::new("sale-1", "10").order()).await.unwrap();
    let mut names = Vec::new();
    for file in fs::read_dir(scene.folder.path()).unwrap().flatten() {
        names.push(file.file_name().into_string().unwrap());
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{names:?}");
    }
    assert!(names.iter().any(|name| name.ends_with("-wal")), "{names:?}");
    assert!(names.iter().any(|name| name.contains("-owner-")), "{names:?}");
    drop(desk);
    let left: Vec<_> = fs::read_dir(scene.folder.path()).unwrap().flatten().collect();
    assert_eq!(left.len(), 1, "a journal that is closed leaves one file: {left:?}");
}

/// I12
#[tokio::test]
async fn the_journal_holds_the_payer_and_no_secret() {
    let scene = Scene::new(profile::dialog());
    let desk = scene.desk();
    let _listener = scene.listen(&desk).await;
    desk.charge(&Sold::new("sale-1", "10").ezcash()).await.unwrap();
    let files = fs::read_dir(scene.folder.path()).unwrap().flatten();
    let bytes: Vec<u8> = files.flat_map(|file| fs::read(file.path()).unwrap()).collect();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(PAYER));
    for secret in [preset::PASSWORD, preset::EZCASH_AGENT_ALIAS, preset::CLIENT_ID] {
        assert!(!holds(secret));
    }
    let shown = format!("{desk:?} {:?}", desk.journal().list(Filter::All).unwrap());
    assert!(!shown.contains(PAYER) && !shown.contains(preset::PASSWORD), "{shown}");
}

/// R49
#[test]
fn a_journal_of_a_newer_release_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("charges.db");
    drop(Journal::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 2).unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    let refused = Journal::open(&path).unwrap_err();
    assert_eq!(refused, JournalError::NewerVersion { found: 2, known: 1 });
    assert!(refused.to_string().contains("no sale is possible"));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn what_is_no_journal_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    fs::write(&text, "not a database, and long enough to look at its head".repeat(20)).unwrap();
    assert_eq!(Journal::open(&text).unwrap_err(), JournalError::NotAJournal);
    let other = folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE notes (text TEXT)").unwrap();
    assert_eq!(Journal::open(&other).unwrap_err(), JournalError::NotAJournal);
    let nowhere = folder.path().join("nowhere/charges.db");
    assert!(matches!(Journal::open(nowhere).unwrap_err(), JournalError::CannotOpen { .. }));
}

#[test]
fn many_may_open_a_new_journal_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("charges.db");
    let openers: Vec<_> = (0..8)
        .map(|_| {
            let path = path.clone();
            thread::spawn(move || Journal::open(path))
        })
        .collect();
    let opened: Vec<Journal> = openers.into_iter().map(|opener| opener.join().unwrap().unwrap()).collect();
    assert_eq!(opened.len(), 8);
    opened.first().unwrap().verify().unwrap();
}

/// R52: ids come from a counter that is durable before they are used; a new journal has a new epoch or prefix.
#[tokio::test]
async fn no_id_is_used_twice() {
    let mut ids = HashSet::new();
    let scene = Scene::new(profile::ideamart());
    for restart in 0..3 {
        let desk = scene.desk_with(|settings| settings.prefix = Some("K042".to_owned()));
        for sale in 0..3 {
            let outcome = desk.charge(&Sold::new(&format!("sale-{restart}-{sale}"), "1").order()).await;
            let charge_id = outcome.unwrap().charge.charge_id;
            assert!(charge_id.starts_with("K042") && charge_id.len() <= 31, "{charge_id}");
            assert!(ids.insert(charge_id));
        }
    }
    let reset = Scene::new(profile::ideamart());
    let settings = JournalSettings { epoch: Some(7), ..JournalSettings::default() };
    drop(Journal::open_with(reset.path(), &settings).unwrap());
    let desk = reset.desk_with(|settings| settings.prefix = Some("K042".to_owned()));
    let outcome = desk.charge(&Sold::new("sale-1", "1").order()).await.unwrap();
    assert_eq!(outcome.charge.charge_id, "K0420000000700000001");
    drop(desk);
    let unusable = reset.desk_with(|settings| settings.prefix = Some("too long a prefix".to_owned()));
    let refused = unusable.charge(&Sold::new("sale-2", "1").order()).await.unwrap_err();
    assert!(
        matches!(refused, DeskError::Journal(JournalError::Ids(IdGeneratorError::Prefix(_)))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn the_export_has_every_id_for_reconciliation() {
    let scene = Scene::new(profile::ideamart());
    let desk = scene.desk();
    desk.charge(&Sold::new("sale,1", "10").order()).await.unwrap();
    let rows = desk.journal().export().unwrap();
    let row = rows.first().unwrap();
    let captured = scene.carrier.ledger().captures().first().unwrap().clone();
    let attempt = row.attempts.first().unwrap();
    assert_eq!(Some(attempt.external.clone()), captured.external_id);
    assert_eq!((attempt.phase.as_str(), attempt.code.as_str()), ("paid", "S1000"));
    let line = row.to_csv();
    assert!(line.starts_with("\"sale,1\",") && line.contains(PAYER), "{line}");
    assert_eq!(line.split(',').count(), CSV_HEADER.split(',').count() + 1);
}
