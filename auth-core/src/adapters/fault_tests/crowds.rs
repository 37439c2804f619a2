//! Many at once: nothing dead-locks, nobody loses a session, and a pool may be as small as it likes.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::future::join_all;
use tokio::time::timeout;

use super::{
    Database, Over, Place, Settings, on_both, over_both,
    place::application,
    records::{HOUR, NOW, digest, key, key_id, message, rotation, schema, session, token, user},
};
use crate::{
    Auth, ErrorKind, NewSession, Secret, SessionConfig, Tokens,
    adapter::{Act, Adapter, AttemptAdapter, OutboxAdapter, SessionAdapter, Store, TokenAdapter, UserAdapter},
    adapters::AnyAdapter,
    id::{SessionId, UserId},
    model::{Attributes, OneTimeToken, Purpose, UserPatch},
    proof::Proof,
};

on_both![
    crowds_of_refreshes_finish_and_lose_no_session,
    crowds_of_renewals_lose_no_session,
    one_of_many_gets_a_name_it_changes_to,
];

over_both![a_pool_of_one_never_dead_locks, a_wide_pool_never_dead_locks,];

const LONG: Duration = Duration::from_secs(30);

async fn migrated(store: &AnyAdapter) {
    store.declare(&schema()).unwrap();
    store.migrate().await.unwrap();
}

/// Fifty tasks, each with every kind of act on rows that all of them want.
async fn mixed_acts(store: AnyAdapter) {
    migrated(&store).await;
    store.set_user(&user("all"), Some(&key("all"))).await.unwrap();
    store.set_user(&user("other"), None).await.unwrap();
    let recovery = token(Purpose::Recovery, "all");
    let tasks = (0..50).map(|number| {
        let (store, recovery) = (store.clone(), recovery.clone());
        tokio::spawn(async move {
            let name = format!("u{number}");
            let mine = SessionId::from(name.as_str());
            let (all, me) = (UserId::from("all"), UserId::from(name.as_str()));
            store.set_user(&user(&name), Some(&key(&name))).await.unwrap();
            let taken = store.set_user(&user(&format!("x{number}")), Some(&key("all"))).await;
            assert!(taken.is_err());
            store.set_session(&session(&name, "all")).await.unwrap();
            assert!(store.get_session_and_user(&mine).await.unwrap().is_some());
            let patch = UserPatch {
                role: Some(name.clone()),
                ..UserPatch::default()
            };
            store.update_user(&all, &patch).await.unwrap();
            store.count_attempt(&"all".into(), "a", LONG, NOW).await.unwrap();
            let rotated = store.rotate_session(&mine, &digest("first"), &rotation(&name)).await;
            assert!(rotated.unwrap());
            let renamed = key_id(&format!("new{number}"));
            store
                .rename_key(&me, &key_id(&name), &renamed, &patch, NOW)
                .await
                .unwrap();
            store.set_password(&all, None, NOW).await.unwrap();
            // As in life, every letter has a link of its own.
            let recovery = OneTimeToken {
                link_digest: digest(&name),
                ..recovery
            };
            let both = [Act::SetToken(recovery.clone()), Act::Send(message(&name))];
            store.commit(&both).await.unwrap();
            let tried = store.count_try(&recovery.id, None, 100, NOW).await.unwrap();
            assert!(tried.is_some());
            let leased = store.lease_messages(NOW, NOW + HOUR, 2).await.unwrap();
            if number % 10 < 2 {
                // Two users, in either order: those who hold one each wait for each other.
                let mut both = ["all", "other"].map(|id| Act::UpdateUser(id.into(), Box::new(patch.clone())));
                both.rotate_left(number % 2);
                store.commit(&both).await.unwrap();
            }
            store.delete_expired_sessions(None, NOW).await.unwrap();
            store.delete_session(&mine).await.unwrap();
            store.delete_user(&me).await.unwrap();
            assert!(store.get_keys_by_user_id(&me).await.unwrap().is_empty());
            leased
        })
    });
    let done = timeout(LONG, join_all(tasks.collect::<Vec<_>>())).await;
    let done = done.expect("they wait for each other").into_iter();
    let mut leased: Vec<_> = done.flat_map(|task| task.unwrap()).collect();
    leased.extend(store.lease_messages(NOW, NOW + HOUR, 100).await.unwrap());
    let ids: HashSet<&str> = leased.iter().map(|message| message.id.as_str()).collect();
    assert_eq!((leased.len(), ids.len()), (50, 50), "each message has one who sends it");
    let counted = store.count_attempt(&"all".into(), "a", LONG, NOW).await.unwrap();
    assert_eq!(counted.count, 51);
}

async fn never_dead_locks(database: Database, over: Over, settings: Settings) {
    let place = Place::shared(database);
    mixed_acts(place.open_over(over, &settings.timeout(LONG)).await).await;
    place.witness().await.assert_consistent().await;
}

async fn a_pool_of_one_never_dead_locks(database: Database, over: Over) {
    never_dead_locks(database, over, Settings::narrow()).await;
}

async fn a_wide_pool_never_dead_locks(database: Database, over: Over) {
    never_dead_locks(database, over, Settings::default()).await;
}

/// The library's own connections, as few as there can be and some, and another's.
async fn stores(database: Database) -> Vec<(usize, AnyAdapter)> {
    let (one, four, other) = (
        Place::shared(database),
        Place::shared(database),
        Place::shared(database),
    );
    vec![
        (1, one.open(&Settings::narrow().timeout(LONG)).await),
        (4, four.open(&Settings::default().timeout(LONG)).await),
        (1, other.open_sqlx(&Settings::narrow().timeout(LONG)).await),
    ]
}

async fn signed_in(store: &AnyAdapter, auth: &Auth) -> crate::IssuedSession {
    auth.migrate().await.unwrap();
    let mut somebody = user("all");
    somebody.attributes = Attributes::new();
    store.set_user(&somebody, None).await.unwrap();
    let proof = Proof::new(somebody, "password", auth_now());
    auth.create_session(&proof, NewSession::default()).await.unwrap()
}

fn auth_now() -> crate::Timestamp {
    use crate::Clock;
    crate::SystemClock.now()
}

async fn crowds_of_refreshes_finish_and_lose_no_session(database: Database) {
    for (connections, store) in stores(database).await {
        crowd_of_refreshes(connections, store).await;
    }
}

async fn crowds_of_renewals_lose_no_session(database: Database) {
    for (connections, store) in stores(database).await {
        crowd_of_renewals(connections, store).await;
    }
}

/// Over one connection, as every process has.
#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn crowds_with_sessions_in_redis_lose_none() {
    use crate::adapters::{MemoryAdapter, RedisOptions, RedisSessions};

    let store = async |prefix: &str| {
        let prefix = format!("crowds-{}-{prefix}:", std::process::id());
        let options = RedisOptions::new(std::env::var("AUTH_TEST_REDIS").unwrap()).key_prefix(prefix);
        AnyAdapter::new(MemoryAdapter::default()).with_sessions(RedisSessions::open(options).await.unwrap())
    };
    crowd_of_refreshes(10, store("refreshes").await).await;
    crowd_of_renewals(10, store("renewals").await).await;
}

/// Ten times as many as there are connections, all with one token; then each goes on with what it was given.
async fn crowd_of_refreshes(connections: usize, store: AnyAdapter) {
    let auth = application(store.clone(), Secret::random().unwrap())
        .sessions(Tokens::default().check_store(true))
        .build()
        .unwrap();
    let first = signed_in(&store, &auth)
        .await
        .tokens
        .unwrap()
        .refresh
        .expose()
        .to_owned();
    let mut presented = first;
    for round in 0..3 {
        let tasks = (0..10 * connections).map(|_| {
            let (auth, presented) = (auth.clone(), presented.clone());
            tokio::spawn(async move {
                let refreshed = auth.refresh_session(&presented).await.unwrap();
                let tokens = refreshed.tokens?;
                // Those made beside the one that is first are served and given nothing, or told to refresh again.
                match auth.validate_access_token(tokens.access.expose(), None).await {
                    Ok(opened) => opened.renewed.map(|_| tokens.refresh.expose().to_owned()),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::TryRefreshToken, "{error:?}");
                        None
                    }
                }
            })
        });
        let done = timeout(LONG, join_all(tasks.collect::<Vec<_>>())).await;
        let given: Vec<String> = done
            .expect("they wait for each other")
            .into_iter()
            .filter_map(|task| task.unwrap())
            .collect();
        assert!(!given.is_empty(), "round {round}: nobody got on");
        presented = given[0].clone();
    }
    assert!(auth.refresh_session(&presented).await.is_ok());
}

async fn crowd_of_renewals(connections: usize, store: AnyAdapter) {
    let auth = application(store.clone(), Secret::random().unwrap())
        .sessions(SessionConfig::default().active_period(Duration::from_millis(1)))
        .build()
        .unwrap();
    let mut token = signed_in(&store, &auth).await.token;
    for round in 0..5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let presented = Arc::new(token);
        let tasks = (0..10 * connections).map(|_| {
            let (auth, token) = (auth.clone(), Arc::clone(&presented));
            tokio::spawn(async move { auth.validate_session(&token).await.unwrap().renewed })
        });
        let done = timeout(LONG, join_all(tasks.collect::<Vec<_>>())).await;
        let done = done.expect("they wait for each other");
        let mut given: Vec<_> = done.into_iter().filter_map(|task| task.unwrap()).collect();
        assert_eq!(
            given.len(),
            1,
            "round {round}: one renews, the others are within the grace"
        );
        token = given.remove(0);
    }
    auth.validate_session(&token).await.unwrap();
}

/// The conformance suite has the race for a name at sign-up; this is the one for a change.
async fn one_of_many_gets_a_name_it_changes_to(database: Database) {
    let place = Place::shared(database);
    let store = place.open(&Settings::default().timeout(LONG)).await;
    migrated(&store).await;
    for number in 0..30 {
        let name = format!("u{number}");
        store.set_user(&user(&name), Some(&key(&name))).await.unwrap();
    }
    let tasks = (0..30).map(|number| {
        let store = store.clone();
        tokio::spawn(async move {
            let patch = UserPatch {
                attributes: Attributes::new().with("username", "same"),
                email: Some(Some("same@example.com".to_owned())),
                ..UserPatch::default()
            };
            if number % 2 == 0 {
                return store.update_user(&UserId::from(format!("u{number}")), &patch).await;
            }
            let name = format!("u{number}");
            let renamed = key_id(&format!("renamed{number}"));
            store
                .rename_key(&UserId::from(name.as_str()), &key_id(&name), &renamed, &patch, NOW)
                .await
        })
    });
    let done = timeout(LONG, join_all(tasks.collect::<Vec<_>>())).await;
    let done = done.expect("they wait for each other").into_iter().map(Result::unwrap);
    let (won, lost): (Vec<_>, Vec<_>) = done.partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for error in lost {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::DuplicateUserData);
    }
    // Who lost the name kept the key: the act is one.
    let witness = place.witness().await;
    let p = &place.prefix;
    let renamed = format!("SELECT count(*) FROM {p}key WHERE id LIKE 'email:renamed%'");
    let named = format!("SELECT count(*) FROM {p}user WHERE username = 'same'");
    assert_eq!(witness.number(&named).await, 1);
    assert!(witness.number(&renamed).await <= 1);
    witness.assert_consistent().await;
}
