//! Which notifications the relay keeps, for whom, and what happens at its limits.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod relay_scene;

use std::sync::{Arc, Mutex};

use caas_transport_std::{NotificationHandler, Relay, RelayError, TAKEN_KEPT, Taken, WAITING_MAX};
use relay_scene::{Scene, TOKEN, ask, deliver, notification, pull, taken, terminal};

/// R35: what is no terminal's goes to the handler behind, which answers.
#[tokio::test]
async fn what_is_no_terminals_goes_to_the_handler_behind() {
    let scene = Scene::new();
    let relay = scene.relay();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let behind = Arc::clone(&seen);
    let handler = relay.in_front_of(move |body: Vec<u8>| {
        behind.lock().unwrap().push(body);
        async { Taken::Refuse(b"behind".to_vec()) }
    });
    let others = [
        notification("K3", 1),
        // K1 and K2 begin this prefix, and are other machines.
        notification("K10", 1),
        notification("XK1", 1),
        br#"{"externalTrxId":"K1-4711a","statusCode":"S1000"}"#.to_vec(),
        br#"{"internalTrxId":"1","statusCode":"S1000"}"#.to_vec(),
        b"garbage".to_vec(),
        Vec::new(),
    ];
    for body in &others {
        assert_eq!(handler.take(body.clone()).await, Taken::Refuse(b"behind".to_vec()));
        assert_eq!(relay.deliver(body.clone()).await, None);
    }
    assert_eq!(*seen.lock().unwrap(), others);
    assert!(matches!(handler.take(notification("K1", 1)).await, Taken::Acknowledge(_)));
    assert!(
        matches!(handler.take(notification("k1", 2)).await, Taken::Acknowledge(_)),
        "in any case of letters"
    );
    assert_eq!(seen.lock().unwrap().len(), others.len());
    assert_eq!(relay.waiting().unwrap()[0].waiting, 2);
}

/// R30: the same notification many times, before it is told, after it, and after it is taken.
#[tokio::test]
async fn a_repeated_notification_is_told_once() {
    let scene = Scene::new();
    let relay = scene.relay();
    let body = notification("K1", 1);
    deliver(&relay, &body).await;
    deliver(&relay, &body).await;
    let told = pull(&relay, 0).await.unwrap();
    deliver(&relay, &body).await;
    assert_eq!(pull(&relay, 0).await.as_ref(), Some(&told));
    assert_eq!(pull(&relay, 1).await, None);
    assert_eq!(taken(&relay, &told).await, 204);
    deliver(&relay, &body).await;
    assert_eq!(pull(&relay, 0).await, None);
}

/// Only what was taken is forgotten; its repetition is then told again, which the core of the terminal takes once.
#[tokio::test]
async fn so_many_that_were_taken_are_remembered() {
    let scene = Scene::new();
    let relay = scene.relay();
    let mut first = None;
    for number in 0..=TAKEN_KEPT {
        deliver(&relay, &notification("K1", number)).await;
        let told = pull(&relay, 0).await.unwrap();
        assert_eq!(taken(&relay, &told).await, 204);
        first.get_or_insert(told);
    }
    deliver(&relay, &notification("K1", 1)).await;
    assert_eq!(pull(&relay, 0).await, None, "the second is remembered");
    assert_eq!(taken(&relay, &first.unwrap()).await, 204, "a late acknowledgement of what is forgotten");
    deliver(&relay, &notification("K1", 0)).await;
    assert_eq!(pull(&relay, 0).await.unwrap().body, notification("K1", 0), "the first is forgotten");
}

/// At the limit nothing is acknowledged that is not kept, and nothing that was is dropped.
#[tokio::test]
async fn a_full_list_refuses_and_drops_nothing() {
    let scene = Scene::new();
    let relay = scene.relay();
    deliver(&relay, &notification("K1", 0)).await;
    let file = rusqlite::Connection::open(scene.path()).unwrap();
    file.execute_batch(&format!(
        "WITH RECURSIVE filler (value) AS (SELECT 2 UNION ALL SELECT value + 1 FROM filler WHERE value < {})
         INSERT INTO notifications (terminal, number, proof, body, state, received)
         SELECT 'K1', value, 0, CAST('filler ' || value AS BLOB), iif(value % 2, 'waiting', 'set aside'), 0
         FROM filler;
         UPDATE terminals SET newest = {0} WHERE name = 'K1';",
        WAITING_MAX - 1
    ))
    .unwrap();
    deliver(&relay, &notification("K1", 1)).await;
    assert_eq!(relay.deliver(notification("K1", 2)).await, Some(Taken::TryLater));
    deliver(&relay, &notification("K1", 1)).await;
    deliver(&relay, &notification("K2", 1)).await;
    let waiting = &relay.waiting().unwrap()[0];
    assert_eq!(waiting.waiting + waiting.set_aside, WAITING_MAX);
    assert!(waiting.is_overdue(), "those of 1970 are");

    let first = pull(&relay, 0).await.unwrap();
    assert_eq!(first.body, notification("K1", 0));
    assert_eq!(taken(&relay, &first).await, 204);
    deliver(&relay, &notification("K1", 2)).await;
}

#[tokio::test]
async fn what_a_terminal_cannot_take_waits_for_a_person() {
    let scene = Scene::new();
    let relay = scene.relay();
    let (fits, long) = (notification("K1", 1), notification("K1", 0x1234));
    let mut small = terminal("K1", TOKEN);
    small.largest_bytes = fits.len();
    relay.register(small).unwrap();
    let long = [&long[..], b" "].concat();
    deliver(&relay, &long).await;
    deliver(&relay, &fits).await;
    let told = pull(&relay, 0).await.unwrap();
    assert_eq!(told.body, fits, "one byte more is not told");
    assert_eq!(ask(&relay, "POST", &format!("/relay/K1?set-aside={}", told.line)).await.status, 204);
    assert_eq!(pull(&relay, 0).await, None);
    let aside = relay.set_aside(10).unwrap();
    assert_eq!(aside.iter().map(|one| &one.body[..]).collect::<Vec<_>>(), [&long[..], &fits[..]]);
    assert_eq!(relay.set_aside(1).unwrap().len(), 1);

    assert!(relay.tell_again("K1", aside[1].number).unwrap());
    assert!(!relay.tell_again("K1", aside[1].number).unwrap());
    assert_eq!(pull(&relay, 0).await.unwrap().body, fits);
    assert!(relay.settle("K1", aside[0].number).unwrap());
    assert!(!relay.settle("K1", aside[0].number).unwrap());
    assert!(relay.set_aside(10).unwrap().is_empty());
}

/// Two workers of one terminal disagree: one made it durable, so it is taken.
#[tokio::test]
async fn taken_outweighs_set_aside() {
    let scene = Scene::new();
    let relay = scene.relay();
    for (number, order) in [(1, ["taken", "set-aside"]), (2, ["set-aside", "taken"])] {
        deliver(&relay, &notification("K1", number)).await;
        let line = pull(&relay, 0).await.unwrap().line;
        for said in order {
            assert_eq!(ask(&relay, "POST", &format!("/relay/K1?{said}={line}")).await.status, 204);
        }
        assert!(relay.set_aside(10).unwrap().is_empty(), "{order:?}");
        assert_eq!(pull(&relay, 0).await, None, "{order:?}");
    }
}

/// A file that cannot be written keeps nothing and acknowledges nothing.
#[tokio::test]
async fn what_cannot_be_written_is_not_acknowledged() {
    let scene = Scene::new();
    let relay = scene.relay();
    deliver(&relay, &notification("K1", 1)).await;
    let told = pull(&relay, 0).await.unwrap();
    let file = rusqlite::Connection::open(scene.path()).unwrap();
    file.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (kept, acknowledged) =
        tokio::join!(relay.deliver(notification("K1", 2)), async { taken(&relay, &told).await });
    assert_eq!((kept, acknowledged), (Some(Taken::TryLater), 503));
    file.execute_batch("ROLLBACK").unwrap();
    assert_eq!(pull(&relay, 0).await.as_ref(), Some(&told));
    assert_eq!(pull(&relay, 1).await, None);
}

#[test]
fn a_file_of_something_else_is_not_touched() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("charges.db");
    drop(caas_transport_std::Journal::open(&journal).unwrap());
    assert!(matches!(Relay::open(&journal), Err(RelayError::NotARelay)));
    let text = folder.path().join("text");
    std::fs::write(&text, "this is no database, and long enough to be sure of that".repeat(20)).unwrap();
    assert!(matches!(Relay::open(&text), Err(RelayError::NotARelay)));
    let relay = folder.path().join("relay.db");
    drop(Relay::open(&relay).unwrap());
    let file = rusqlite::Connection::open(&relay).unwrap();
    file.execute_batch("PRAGMA user_version = 2").unwrap();
    assert!(matches!(Relay::open(&relay), Err(RelayError::NewerVersion { found: 2, known: 1 })));
}

/// I12
#[tokio::test]
async fn nothing_secret_and_no_body_is_in_debug_output() {
    let scene = Scene::new();
    let relay = scene.relay();
    let mut small = terminal("K1", TOKEN);
    small.largest_bytes = 1;
    let shown = format!("{small:?}");
    assert!(!shown.contains(TOKEN), "{shown}");
    relay.register(small).unwrap();
    deliver(&relay, &notification("K1", 1)).await;
    let shown = format!(
        "{relay:?} {:?} {:?} {:?} {:?}",
        relay.in_front_of(|_| async { Taken::TryLater }),
        relay.set_aside(9).unwrap(),
        relay.waiting().unwrap(),
        relay.register(terminal("not a name", TOKEN)).unwrap_err(),
    );
    assert!(!shown.contains(TOKEN) && !shown.contains("paidAmount"), "{shown}");
}
