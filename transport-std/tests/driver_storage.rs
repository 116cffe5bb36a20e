//! Disks that are full, read-only or damaged.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod driver_scene;

use std::fs;
use std::path::Path;
use std::time::Duration;

use caas_core::charge::{Payment, Reason, RecoverError, Resolution, record::Damage};
use caas_core::profile;
use caas_simulator::{Payer, Simulator};
use caas_transport_std::{
    ChargeEvent, DeskError, Ending, Filter, Journal, JournalError, JournalSettings, Taken,
};
use driver_scene::{Scene, Sold, amount, mobitel};
use rusqlite::Connection;

/// A journal that may not grow.
fn narrow_journal(scene: &Scene) -> Journal {
    drop(scene.journal());
    let connection = Connection::open(scene.path()).unwrap();
    let used: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    drop(connection);
    let settings = JournalSettings { max_pages: Some(used), ..JournalSettings::default() };
    Journal::open_with(scene.path(), &settings).unwrap()
}

/// Takes all room that nobody has in reserve, to the last page.
fn fill(journal: &Path) {
    let connection = Connection::open(journal).unwrap();
    let pages: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
    connection.pragma_update(None, "foreign_keys", false).unwrap();
    for size in [40_000, 3_000] {
        let insert = "INSERT INTO reserves (charge_id, room) VALUES ('filler', zeroblob(?1))";
        while connection.execute(insert, [size]).is_ok() {}
    }
    // The pages of the records and the notifications themselves, too.
    for insert in [
        "INSERT INTO records (charge_id, sequence, record, written) VALUES ('filler', 0, zeroblob(90), '')",
        "INSERT INTO inbox (body, state, received) VALUES (randomblob(90), 'applied', '')",
    ] {
        while connection.execute(insert, []).is_ok() {}
    }
}

/// R45: no room for the intent, so nothing is sent; with room again the same sale goes through.
#[tokio::test]
async fn a_full_disk_refuses_the_sale_before_anything_is_sent() {
    let scene = Scene::new(profile::ideamart());
    let journal = narrow_journal(&scene);
    let desk = scene.desk_with(|settings| settings.journal = journal);
    fill(&scene.path());
    let sold = Sold::new("sale-1", "10");
    let refused = desk.charge(&sold.order()).await.unwrap_err();
    assert_eq!(refused, DeskError::Journal(JournalError::Full));
    assert!(refused.nothing_sent() && refused.to_string().starts_with("storage: the disk is full"));
    assert!(scene.carrier.requests().is_empty());
    assert!(desk.journal().list(Filter::All).unwrap().is_empty());
    drop(desk);
    assert_eq!(scene.desk().charge(&sold.order()).await.unwrap().ending(), Ending::Paid);
}

/// R45: an open charge has room for all its later records, whatever fills the disk meanwhile.
#[tokio::test]
async fn an_open_charge_is_brought_to_its_end_on_a_full_disk() {
    let scene = Scene::with(mobitel(), Simulator::builder().payer_delay(Duration::from_secs(60)));
    let journal = narrow_journal(&scene);
    let desk = scene.desk_with(|settings| settings.journal = journal);
    let mut charge = desk.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
    while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::PayerMustAct { .. })) {}
    fill(&scene.path());
    let other = Sold::to("sale-2", "0712755778", "10");
    assert_eq!(desk.charge(&other.order()).await.unwrap_err(), DeskError::Journal(JournalError::Full));
    while let Some(event) = charge.next().await.unwrap() {
        assert!(!matches!(event, ChargeEvent::StorageFailing(_)), "{event:?}");
    }
    assert_eq!(charge.outcome().ending(), Ending::Paid);
    let row = desk.journal().get("sale-1").unwrap().unwrap();
    assert!(row.settled && row.release == "done", "{row:?}");
}

/// R45: notifications of an open charge have room too.
#[tokio::test]
async fn a_payment_is_taken_on_a_full_disk() {
    let scene = Scene::with(profile::dialog(), Simulator::builder().payer(Payer::Ask));
    let journal = narrow_journal(&scene);
    let desk = scene.desk_with(|settings| settings.journal = journal);
    let mut charge = desk.begin(&Sold::new("sale-1", "10").ezcash()).await.unwrap();
    while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::PayerMustAct { .. })) {}
    fill(&scene.path());
    let _listener = scene.listen(&desk).await;
    scene.carrier.pay(&scene.carrier.payments().first().unwrap().reference, 10_00).unwrap();
    while charge.next().await.unwrap().is_some() {}
    assert_eq!(charge.outcome().ending(), Ending::Paid);
    // For what is about no charge there is no room, so it is not acknowledged.
    let long = format!(r#"{{"externalTrxId":"nobody","x":"{}"}}"#, "y".repeat(5000));
    fill(&scene.path());
    assert_eq!(desk.deliver(long.into_bytes()).await, Taken::TryLater);
}

/// R45: while storage fails in mid-charge nothing is sent, and nothing is told that is not durable.
#[tokio::test]
async fn a_disk_that_fails_in_mid_charge_stops_the_sending_until_it_works_again() {
    let scene = Scene::new(mobitel());
    let desk = scene.desk();
    let mut charge = desk.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
    let connection = Connection::open(scene.path()).unwrap();
    connection
        .execute_batch(
            "CREATE TRIGGER broken BEFORE INSERT ON records BEGIN SELECT RAISE(FAIL, 'broken'); END",
        )
        .unwrap();
    let mut failures = 0;
    while failures < 3 {
        match charge.next().await.unwrap() {
            Some(ChargeEvent::StorageFailing(_)) => failures += 1,
            event => panic!("told without being durable: {event:?}"),
        }
    }
    assert_eq!(scene.carrier.requests().len(), 1);
    connection.execute_batch("DROP TRIGGER broken").unwrap();
    while charge.next().await.unwrap().is_some() {}
    assert_eq!(charge.outcome().ending(), Ending::Paid);
    assert_eq!(scene.captured(), 10_00);
}

/// R01: the write of the first record is cut before its commit. Nothing is there, and nothing was sent.
#[tokio::test]
async fn a_first_write_that_is_cut_leaves_nothing() {
    let scene = Scene::new(profile::ideamart());
    let desk = scene.desk();
    let connection = Connection::open(scene.path()).unwrap();
    connection
        .execute_batch("CREATE TRIGGER cut BEFORE INSERT ON leases BEGIN SELECT RAISE(ABORT, 'cut'); END")
        .unwrap();
    let refused = desk.charge(&Sold::new("sale-1", "10").order()).await.unwrap_err();
    assert!(matches!(refused, DeskError::Journal(_)), "{refused:?}");
    assert!(scene.carrier.requests().is_empty());
    let rows: u32 = connection
        .query_row("SELECT (SELECT count(*) FROM charges) + (SELECT count(*) FROM records)", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(rows, 0);
}

/// A charge that was paid and put down, or was left open, and the number of its newest record.
async fn left_open(scene: &Scene) -> i64 {
    let desk = scene.desk();
    let mut charge = desk.begin(&Sold::new("sale-1", "10").order()).await.unwrap();
    while !matches!(charge.next().await.unwrap(), Some(ChargeEvent::PayerMustAct { .. })) {}
    drop((charge, desk));
    let connection = Connection::open(scene.path()).unwrap();
    connection.query_row("SELECT max(number) FROM records", [], |row| row.get(0)).unwrap()
}

fn flip(scene: &Scene, number: i64, byte: usize) {
    let connection = Connection::open(scene.path()).unwrap();
    let mut record: Vec<u8> = connection
        .query_row("SELECT record FROM records WHERE number = ?1", [number], |row| row.get(0))
        .unwrap();
    record[byte] ^= 0x10;
    connection.execute("UPDATE records SET record = ?2 WHERE number = ?1", (number, record)).unwrap();
}

/// R44: the newest record is damaged. An older one stands in: in doubt, for a person, never idle and never paid.
#[tokio::test]
async fn a_damaged_record_is_a_doubt_that_needs_review() {
    for byte in [0, 4, 9, 30, 90] {
        let scene = Scene::with(mobitel(), Simulator::builder().payer(Payer::Ignore));
        let newest = left_open(&scene).await;
        flip(&scene, newest, byte);
        let desk = scene.desk();
        let mut resumed = desk.resume_all(|_, _| {}).await.unwrap();
        let outcome = resumed.remove(0).result.unwrap();
        assert_eq!(outcome.ending(), Ending::NeedsReview(Reason::DamagedRecord), "byte {byte}: {outcome:?}");
        assert_ne!(outcome.charge.payment, Payment::Confirmed);
        assert_eq!(scene.carrier.prompts().len(), 1);
        let row = desk.resolve("sale-1", Resolution::NotCharged, "nimal").await.unwrap();
        assert_eq!(row.review, "resolved: not-charged");
    }
}

/// R44: all records are damaged. The charge is listed for a person, and the payer may buy again.
#[tokio::test]
async fn a_charge_without_a_whole_record_is_listed_for_review() {
    let scene = Scene::with(mobitel(), Simulator::builder().payer(Payer::Ignore));
    let newest = left_open(&scene).await;
    for number in 1..=newest {
        flip(&scene, number, 40);
    }
    let desk = scene.desk();
    let resumed = desk.resume_all(|_, _| {}).await.unwrap();
    let damaged = Err(DeskError::Record(RecoverError::Record(Damage::Damaged)));
    assert_eq!(resumed.first().unwrap().result, damaged);
    let listed = desk.journal().list(Filter::NeedsReview).unwrap();
    assert_eq!(listed.first().unwrap().review, "needed: damaged-record");
    assert!(desk.resume_all(|_, _| {}).await.unwrap().is_empty());
    assert!(desk.begin(&Sold::new("sale-2", "10").order()).await.is_ok());
}

#[cfg(unix)]
#[tokio::test]
async fn a_journal_that_is_read_only_says_so() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new(profile::ideamart());
    drop(scene.journal());
    fs::set_permissions(scene.path(), fs::Permissions::from_mode(0o400)).unwrap();
    match Journal::open(scene.path()) {
        Err(JournalError::CannotOpen { .. } | JournalError::ReadOnly) => {}
        // Root may write everything.
        Ok(_) => {}
        Err(other) => panic!("{other:?}"),
    }
}

/// Bytes of the file that are damaged are never taken for a charge.
#[tokio::test]
async fn a_file_that_is_damaged_is_refused_or_reported() {
    let scene = Scene::new(profile::ideamart());
    let outcome = scene.desk().charge(&Sold::new("sale-1", "10").order()).await.unwrap();
    assert_eq!(outcome.charge.received, amount("10"));
    let whole = fs::read(scene.path()).unwrap();
    let path = scene.folder.path().join("damaged.db");
    for (from, fill) in [(0, 0), (0, 0xFF), (4096, 0xA5)] {
        let mut bytes = whole.clone();
        bytes[from..from + 100].fill(fill);
        fs::write(&path, bytes).unwrap();
        let found = Journal::open(&path).and_then(|journal| {
            journal.verify()?;
            journal.list(Filter::All)
        });
        assert!(found.is_err(), "{from}: {found:?}");
    }
}
