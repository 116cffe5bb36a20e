//! What a terminal may ask of the relay, and what it gets.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod relay_scene;

use std::time::{Duration, Instant};

use caas_transport_std::{LONGEST_WAIT, POLLS_MAX, PathToken, RelayError};
use relay_scene::{OTHER_TOKEN, Scene, TOKEN, ask, deliver, notification, pull, taken, terminal};

#[tokio::test]
async fn a_terminal_is_told_its_own_in_order_and_as_they_came() {
    let scene = Scene::new();
    let relay = scene.relay();
    let bodies: Vec<_> = (1..=3).map(|number| notification("K1", number)).collect();
    for body in &bodies {
        deliver(&relay, body).await;
    }
    deliver(&relay, &notification("K2", 1)).await;
    let mut after = 0;
    for (number, body) in (1..).zip(&bodies) {
        let told = pull(&relay, after).await.unwrap();
        assert_eq!((told.line.split('-').next().unwrap(), &told.body), (&*number.to_string(), body));
        assert_eq!(pull(&relay, after).await.as_ref(), Some(&told), "asking again changes nothing");
        after = number;
    }
    assert_eq!(pull(&relay, 3).await, None);
    assert_eq!(pull(&relay, u32::MAX).await, None, "far beyond the end");
}

/// A valid token of another terminal opens nothing of this one, neither to read nor to acknowledge.
#[tokio::test]
async fn nobody_else_is_told_or_may_acknowledge() {
    let scene = Scene::new();
    let relay = scene.relay();
    deliver(&relay, &notification("K1", 1)).await;
    let line = pull(&relay, 0).await.unwrap().line;
    let longer = format!("Bearer {TOKEN}0");
    let strangers = [
        None,
        Some("".to_owned()),
        Some("Bearer".to_owned()),
        Some("Bearer ".to_owned()),
        Some(TOKEN.to_owned()),
        Some(format!("Basic {TOKEN}")),
        Some(format!("Bearer  {TOKEN}")),
        Some(format!("Bearer {}", &TOKEN[1..])),
        Some(format!("Bearer {OTHER_TOKEN}")),
        Some(longer),
    ];
    let mut answers = Vec::new();
    for stranger in &strangers {
        for (method, target) in [
            ("GET", "/relay/K1?after=0".to_owned()),
            ("POST", format!("/relay/K1?taken={line}")),
            ("POST", format!("/relay/K1?set-aside={line}")),
            ("GET", "/relay/K9?after=0".to_owned()),
        ] {
            let answer = relay.answer(method, &target, stranger.as_deref()).await;
            assert_eq!(answer.status, 401, "{method} {target} {stranger:?}");
            answers.push(answer);
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "an unknown terminal and a wrong token look alike");

    // The other terminal has its own list, and the numbers of this one mean nothing there.
    let other = Some(format!("bearer {OTHER_TOKEN}"));
    let answer = |method, target: String| {
        let (relay, other) = (&relay, &other);
        async move { relay.answer(method, &target, other.as_deref()).await.status }
    };
    assert_eq!(answer("GET", "/relay/K2?after=0".into()).await, 204);
    assert_eq!(answer("POST", format!("/relay/K2?taken={line}")).await, 409);
    assert_eq!(pull(&relay, 0).await.unwrap().line, line);
}

#[tokio::test]
async fn two_tokens_live_during_a_rotation() {
    let scene = Scene::new();
    let relay = scene.relay();
    let asked = |token: &'static str| {
        let relay = relay.clone();
        async move { relay.answer("GET", "/relay/K1", Some(&format!("Bearer {token}"))).await.status }
    };
    let next = "the-next-token-of-k1-x";
    relay.rotate_token("K1", PathToken::new(next).unwrap()).unwrap();
    assert_eq!((asked(TOKEN).await, asked(next).await), (204, 204));
    relay.retire_previous("K1").unwrap();
    assert_eq!((asked(TOKEN).await, asked(next).await), (401, 204));
    let unknown = relay.rotate_token("K9", PathToken::new(next).unwrap());
    assert!(matches!(unknown, Err(RelayError::UnknownTerminal)));
    assert!(relay.remove("K1"));
    assert_eq!(asked(next).await, 401);
}

#[tokio::test]
async fn acknowledgements_may_come_out_of_order_and_twice() {
    let scene = Scene::new();
    let relay = scene.relay();
    for number in 1..=3 {
        deliver(&relay, &notification("K1", number)).await;
    }
    let first = pull(&relay, 0).await.unwrap();
    let second = pull(&relay, 1).await.unwrap();
    let third = pull(&relay, 2).await.unwrap();
    assert_eq!(taken(&relay, &second).await, 204);
    assert_eq!(pull(&relay, 0).await.as_ref(), Some(&first));
    assert_eq!(pull(&relay, 1).await.as_ref(), Some(&third), "the second is told no more");
    assert_eq!(taken(&relay, &third).await, 204);
    assert_eq!(taken(&relay, &second).await, 204);
    assert_eq!(pull(&relay, 0).await.as_ref(), Some(&first));
    assert_eq!(taken(&relay, &first).await, 204);
    assert_eq!(pull(&relay, 0).await, None);
    assert!(relay.waiting().unwrap().is_empty());
}

/// An acknowledgement of what was never told, from a terminal that is wrong or a file that was replaced, takes nothing
/// off the list.
#[tokio::test]
async fn what_was_never_told_is_not_acknowledged() {
    let scene = Scene::new();
    let relay = scene.relay();
    deliver(&relay, &notification("K1", 1)).await;
    let line = pull(&relay, 0).await.unwrap().line;
    let (number, proof) = line.split_once('-').unwrap();
    let wrong = format!("{:08x}", u32::from_str_radix(proof, 16).unwrap() ^ 1);
    for never in [format!("{number}-{wrong}"), format!("2-{proof}"), format!("0-{proof}")] {
        for said in ["taken", "set-aside"] {
            assert_eq!(
                ask(&relay, "POST", &format!("/relay/K1?{said}={never}")).await.status,
                409,
                "{never}"
            );
        }
    }
    assert_eq!(pull(&relay, 0).await.unwrap().line, line);

    // Another file under the same name: its number 1 is another notification.
    let elsewhere = Scene::new();
    let other = elsewhere.relay();
    deliver(&other, &notification("K1", 7)).await;
    assert_eq!(ask(&other, "POST", &format!("/relay/K1?taken={line}")).await.status, 409);
    assert!(pull(&other, 0).await.is_some());
}

#[tokio::test]
async fn garbage_is_refused_and_changes_nothing() {
    let scene = Scene::new();
    let relay = scene.relay();
    deliver(&relay, &notification("K1", 1)).await;
    let line = pull(&relay, 0).await.unwrap().line;
    let long = format!("/relay/K1?after={}", "9".repeat(8000));
    for (method, target, status) in [
        ("GET", "/relay/K1?after=x", 400),
        ("GET", "/relay/K1?after=1&after=2", 400),
        ("GET", "/relay/K1?after=-1", 400),
        ("GET", "/relay/K1?wait=31", 400),
        ("GET", "/relay/K1?\0", 400),
        ("GET", &long, 400),
        ("GET", &format!("/relay/K1?taken={line}"), 400),
        ("POST", "/relay/K1?after=0", 400),
        ("POST", "/relay/K1?taken=", 400),
        ("POST", "/relay/K1?taken=1", 400),
        ("POST", "/relay/K1", 400),
        ("PUT", "/relay/K1?after=0", 405),
        ("DELETE", &format!("/relay/K1?taken={line}"), 405),
        ("GET", "/relay/", 404),
        ("GET", "/relay/K1/1", 404),
        ("GET", "/notifications/K1", 404),
        ("GET", "", 404),
    ] {
        assert_eq!(ask(&relay, method, target).await.status, status, "{method} {target}");
    }
    assert_eq!(pull(&relay, 0).await.unwrap().line, line);
}

#[tokio::test]
async fn a_terminal_has_so_many_requests_a_second_and_strangers_do_not_use_them() {
    let scene = Scene::new();
    let relay = scene.relay();
    let mut limited = terminal("K1", TOKEN);
    limited.max_per_second = 3;
    relay.register(limited).unwrap();
    for _ in 0..10 {
        assert_eq!(relay.answer("GET", "/relay/K1", Some("Bearer wrong")).await.status, 401);
    }
    let mut statuses = Vec::new();
    for _ in 0..10 {
        statuses.push(ask(&relay, "GET", "/relay/K1").await.status);
    }
    assert_eq!(statuses[..3], [204; 3]);
    assert!(statuses.contains(&429), "{statuses:?}");
    let other = relay.answer("GET", "/relay/K2", Some(&format!("Bearer {OTHER_TOKEN}"))).await;
    assert_eq!(other.status, 204, "another terminal has its own");
}

#[tokio::test]
async fn a_pull_that_waits_is_told_at_once_when_one_comes() {
    let scene = Scene::new();
    let relay = scene.relay();
    // Through another handle too, as another process would: that is seen a little later.
    for (keeper, soon) in [(relay.clone(), 1), (scene.relay(), 10)] {
        let waiting = {
            let relay = relay.clone();
            tokio::spawn(async move { ask(&relay, "GET", "/relay/K1?wait=30").await })
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!waiting.is_finished());
        let since = Instant::now();
        deliver(&keeper, &notification("K1", soon)).await;
        let answer = waiting.await.unwrap();
        assert_eq!(answer.status, 200);
        assert!(since.elapsed() < Duration::from_secs(soon.into()), "{:?}", since.elapsed());
        assert_eq!(taken(&relay, &relay_scene::told(&answer.body)).await, 204);
    }
}

#[tokio::test]
async fn a_pull_waits_no_longer_than_it_asked_for() {
    let relay = Scene::new().relay();
    let since = Instant::now();
    assert_eq!(ask(&relay, "GET", "/relay/K1?wait=1").await.status, 204);
    assert!(since.elapsed() >= Duration::from_secs(1));
    assert_eq!(LONGEST_WAIT, Duration::from_secs(30));
}

#[tokio::test]
async fn one_pull_too_many_ends_the_oldest() {
    let relay = Scene::new().relay();
    let mut waiting = Vec::new();
    for _ in 0..=POLLS_MAX {
        let relay = relay.clone();
        waiting.push(tokio::spawn(async move { ask(&relay, "GET", "/relay/K1?wait=30").await.status }));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(waiting.remove(0).await.unwrap(), 204);
    assert!(waiting.iter().all(|pull| !pull.is_finished()));
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}
