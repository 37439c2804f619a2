//! Events: kept whole, listed from the newest on, forgotten when they are old.

use std::{sync::Arc, time::Duration};

use super::{
    Case, cases,
    fixtures::{NOW, kind, user},
};
use crate::{
    adapter::Adapter,
    error::ErrorKind,
    id::UserId,
    model::{EventQuery, EventRecord},
};

type Store = Arc<dyn Adapter>;

pub(super) const CASES: &[Case<Store>] = cases![
    events_round_trip,
    events_come_newest_first_and_page_by_page,
    events_are_found_by_user_and_kind,
    events_are_found_by_who_did_it,
    events_stay_when_their_user_goes,
    old_events_are_forgotten,
    events_are_added_all_or_none,
];

const EVERYTHING: EventQuery = EventQuery {
    user_id: None,
    actor: None,
    kind: None,
    before: None,
    limit: 100,
};

/// The n-th event, to a user, of a kind.
fn event(number: u64, user: &str, kind: &str) -> EventRecord {
    EventRecord {
        id: format!("{number:04}"),
        kind: kind.to_owned(),
        at: NOW + Duration::from_secs(number),
        user_id: Some(UserId::from(user)),
        session_id: None,
        account: None,
        ip: None,
        user_agent: None,
        reason: None,
        actor: None,
    }
}

/// Four to each of two users, in turn; every third is a sign-in.
async fn add_eight(store: &Store) {
    let events: Vec<EventRecord> = (1..=8)
        .map(|number| {
            let kind = if number % 3 == 0 {
                "signed_in"
            } else {
                "session_renewed"
            };
            event(number, ["even", "odd"][usize::from(number % 2 == 1)], kind)
        })
        .collect();
    store.add_events(&events).await.unwrap();
}

async fn numbers(store: &Store, query: &EventQuery) -> Vec<u64> {
    let events = store.get_events(query).await.unwrap();
    events.into_iter().map(|event| event.id.parse().unwrap()).collect()
}

async fn events_round_trip(store: Store) {
    assert_eq!(store.get_events(&EVERYTHING).await.unwrap(), []);
    store.add_events(&[]).await.unwrap();
    let full = EventRecord {
        id: "2".repeat(64),
        session_id: Some("ses_one".into()),
        account: Some("a".repeat(64)),
        ip: Some("2001:db8::1".parse().unwrap()),
        user_agent: Some("Browser; DROP TABLE auth_event; -- \u{1f600}".to_owned()),
        reason: Some("wrong_password".to_owned()),
        actor: Some("a".repeat(512)),
        ..event(2, "one", "sign_in_failed")
    };
    let bare = EventRecord {
        user_id: None,
        ..event(1, "", "secret_rotated")
    };
    store.add_events(&[bare.clone(), full.clone()]).await.unwrap();
    assert_eq!(store.get_events(&EVERYTHING).await.unwrap(), [full, bare]);
}

async fn events_come_newest_first_and_page_by_page(store: Store) {
    add_eight(&store).await;
    assert_eq!(numbers(&store, &EVERYTHING).await, [8, 7, 6, 5, 4, 3, 2, 1]);
    let page = |before: Option<&str>, limit| EventQuery {
        before: before.map(str::to_owned),
        limit,
        ..EVERYTHING
    };
    assert_eq!(numbers(&store, &page(None, 3)).await, [8, 7, 6]);
    assert_eq!(numbers(&store, &page(Some("0006"), 3)).await, [5, 4, 3]);
    assert_eq!(numbers(&store, &page(Some("0003"), 3)).await, [2, 1]);
    assert_eq!(numbers(&store, &page(Some("0001"), 3)).await, [0; 0]);
    assert_eq!(numbers(&store, &page(None, 0)).await, [0; 0]);
}

async fn events_are_found_by_user_and_kind(store: Store) {
    add_eight(&store).await;
    let asked = |user: Option<&str>, kind: Option<&str>| EventQuery {
        user_id: user.map(UserId::from),
        kind: kind.map(str::to_owned),
        ..EVERYTHING
    };
    assert_eq!(numbers(&store, &asked(Some("odd"), None)).await, [7, 5, 3, 1]);
    assert_eq!(numbers(&store, &asked(None, Some("signed_in"))).await, [6, 3]);
    assert_eq!(numbers(&store, &asked(Some("even"), Some("signed_in"))).await, [6]);
    assert_eq!(numbers(&store, &asked(Some("nobody"), None)).await, [0; 0]);
    assert_eq!(numbers(&store, &asked(None, Some("signed"))).await, [0; 0]);
    let all = EventQuery {
        before: Some("0007".to_owned()),
        limit: 2,
        ..asked(Some("odd"), Some("session_renewed"))
    };
    assert_eq!(numbers(&store, &all).await, [5, 1]);
}

async fn events_are_found_by_who_did_it(store: Store) {
    let done_by = |number, actor: Option<&str>| EventRecord {
        actor: actor.map(str::to_owned),
        ..event(number, "one", "user_updated")
    };
    let events = [
        done_by(1, Some("root")),
        done_by(2, None),
        done_by(3, Some("one")),
        done_by(4, Some("root")),
    ];
    store.add_events(&events).await.unwrap();
    let by = |actor: &str| EventQuery {
        actor: Some(actor.to_owned()),
        ..EVERYTHING
    };
    assert_eq!(numbers(&store, &by("root")).await, [4, 1]);
    assert_eq!(numbers(&store, &by("one")).await, [3]);
    assert_eq!(numbers(&store, &by("nobody")).await, [0; 0]);
    let of_nobody = EventQuery {
        user_id: Some(UserId::from("two")),
        ..by("root")
    };
    assert_eq!(numbers(&store, &of_nobody).await, [0; 0]);
}

async fn events_stay_when_their_user_goes(store: Store) {
    let user = user("one");
    store.set_user(&user, None).await.unwrap();
    let event = event(1, user.id.as_str(), "signed_in");
    store.add_events(std::slice::from_ref(&event)).await.unwrap();
    store.delete_user(&user.id).await.unwrap();
    assert_eq!(store.get_events(&EVERYTHING).await.unwrap(), [event]);
}

async fn old_events_are_forgotten(store: Store) {
    add_eight(&store).await;
    let third = NOW + Duration::from_secs(3);
    assert_eq!(store.delete_events(third).await.unwrap(), 2);
    assert_eq!(numbers(&store, &EVERYTHING).await, [8, 7, 6, 5, 4, 3]);
    assert_eq!(store.delete_events(third).await.unwrap(), 0);
}

async fn events_are_added_all_or_none(store: Store) {
    let (one, two) = (event(1, "one", "signed_in"), event(2, "two", "signed_in"));
    store.add_events(std::slice::from_ref(&one)).await.unwrap();
    for batch in [[two.clone(), one.clone()], [two.clone(), two]] {
        let refused = store.add_events(&batch).await;
        assert_eq!(kind(refused), ErrorKind::DatabaseUpdateFailed);
    }
    assert_eq!(store.get_events(&EVERYTHING).await.unwrap(), [one]);
}
