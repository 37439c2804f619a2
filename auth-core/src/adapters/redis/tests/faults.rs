//! A server that fails, and what is left of the sessions.

use std::time::{Duration, Instant};

use super::*;
use crate::{
    Auth, Error, Secret, SignUp, Tokens,
    adapter::{AttemptAdapter, SessionAdapter},
    model::SessionPatch,
    testing::ManualClock,
};

const MINUTE: Duration = Duration::from_secs(60);

/// What every method answers, with the kind it fails with.
async fn every_method(store: &RedisSessions) -> Vec<(ErrorKind, Result<(), Error>)> {
    let record = session("one");
    let (id, user_id) = (&record.id, &record.user_id);
    let (read, write) = (ErrorKind::DatabaseFetchFailed, ErrorKind::DatabaseUpdateFailed);
    let patch = SessionPatch {
        aal: Some(2),
        ..SessionPatch::default()
    };
    let renewed = rotation("second", NOW);
    let now = at(NOW);
    let subject = "someone".into();
    vec![
        (read, store.ping().await),
        (read, store.get_session(id).await.map(drop)),
        (read, store.get_sessions_by_user_id(user_id).await.map(drop)),
        (write, store.set_session(&record).await),
        (write, store.update_session(id, &patch).await),
        (
            write,
            store.rotate_session(id, &digest("first"), &renewed).await.map(drop),
        ),
        (write, store.delete_session(id).await.map(drop)),
        (write, store.delete_sessions_by_user_id(user_id, None).await),
        (write, store.delete_expired_sessions(Some(user_id), now).await.map(drop)),
        (write, store.delete_expired_sessions(None, now).await.map(drop)),
        (write, store.delete_session_if_dead(id, now).await),
        (write, store.count_attempt(&subject, "a", MINUTE, now).await.map(drop)),
        (write, store.clear_attempts(&subject, "a").await),
        (write, store.delete_expired_attempts(now).await.map(drop)),
    ]
}

#[track_caller]
fn assert_all_failed(answers: Vec<(ErrorKind, Result<(), Error>)>) {
    for (number, (kind, answer)) in answers.into_iter().enumerate() {
        let error = answer.unwrap_err();
        assert_eq!(error.kind(), kind, "method {number}");
        assert!(
            std::error::Error::source(&error).is_some(),
            "method {number} does not say why"
        );
    }
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_server_that_is_gone_fails_at_once_and_is_found_again() {
    let mut server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    let store = place.store().await;
    server.stop();
    let started = Instant::now();
    assert_all_failed(every_method(&store).await);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    server.start_again().await;
    // The first question is answered, not the second.
    assert_eq!(store.get_session(&SessionId::from("one")).await.unwrap(), None);
    store.set_session(&session("one")).await.unwrap();
    server.stop();
    server.start_again().await;
    let counted = store.count_attempt(&"someone".into(), "a", MINUTE, at(NOW)).await;
    let counted = match counted {
        // The end of the old connection may be noticed by the command that uses it.
        Err(_) => store.count_attempt(&"someone".into(), "a", MINUTE, at(NOW)).await,
        counted => counted,
    };
    assert_eq!(counted.unwrap().count, 1);
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_killed_connection_is_made_anew() {
    let server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    let store = place.store().await;
    store.set_session(&session("one")).await.unwrap();
    for _ in 0..20 {
        let killed: u64 = place.ask("CLIENT KILL TYPE normal SKIPME yes").await;
        assert_eq!(killed, 1);
        assert!(store.get_session(&SessionId::from("one")).await.unwrap().is_some());
        let _: u64 = place.ask("CLIENT KILL TYPE normal SKIPME yes").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        // Noticed meanwhile, although nobody asked.
        let patch = SessionPatch {
            aal: Some(2),
            ..SessionPatch::default()
        };
        store.update_session(&SessionId::from("one"), &patch).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_server_that_pauses_fails_in_time_and_the_queue_is_bounded() {
    let server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    let patience = Duration::from_millis(200);
    let options = place
        .options()
        .connect_timeout(patience)
        .response_timeout(patience)
        .queue(10);
    let store = RedisSessions::open(options).await.unwrap();
    let _: String = place.ask("CLIENT PAUSE 1500 ALL").await;
    let started = Instant::now();
    let tasks: Vec<_> = (0..50)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let error = store.get_session(&SessionId::from("one")).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::DatabaseFetchFailed);
                Instant::now()
            })
        })
        .collect();
    let mut at_once = 0;
    for task in tasks {
        let took = task.await.unwrap() - started;
        assert!(took < Duration::from_secs(1), "{took:?}");
        at_once += usize::from(took < patience / 2);
    }
    assert_eq!(at_once, 40);
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    store.ping().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_restart_under_load_signs_nobody_in_and_leaves_no_error_behind() {
    restart_under_load(&[], false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_restart_under_load_signs_nobody_out_where_redis_writes_before_it_answers() {
    restart_under_load(&["--appendonly", "yes", "--appendfsync", "always"], true).await;
}

async fn restart_under_load(arguments: &[&str], keeps: bool) {
    let mut server = Server::start(arguments).await;
    let place = Place::at(server.url()).await;
    let store = place.store().await;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let tasks: Vec<_> = (0..8)
        .map(|number: i64| {
            let (store, stop) = (store.clone(), std::sync::Arc::clone(&stop));
            tokio::spawn(async move {
                let mut record = session(&number.to_string());
                let mut is_stored = store.set_session(&record).await.is_ok();
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    match store.get_session(&record.id).await {
                        Ok(Some(found)) => assert!(is_stored && found == record),
                        Ok(None) => is_stored = false,
                        Err(error) => assert_eq!(error.kind(), ErrorKind::DatabaseFetchFailed),
                    }
                    assert!(is_stored || !keeps, "{number} is signed out");
                    let secret = generate_random_string(8).unwrap();
                    let renewed = rotation(&secret, NOW);
                    match store.rotate_session(&record.id, &record.secret_digest, &renewed).await {
                        Ok(true) => renewed.apply(&mut record),
                        Ok(false) => is_stored = false,
                        // Nobody knows whether it was made, until somebody looks.
                        Err(_) => loop {
                            match store.get_session(&record.id).await {
                                Ok(Some(found)) => record = found,
                                Ok(None) => is_stored = false,
                                Err(_) => {
                                    tokio::time::sleep(Duration::from_millis(5)).await;
                                    continue;
                                }
                            }
                            break;
                        },
                    }
                }
            })
        })
        .collect();
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.stop();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.start_again().await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    for (_, answer) in every_method(&store).await {
        if let Err(error) = answer {
            assert!(!error.is_store_failure(), "{error:?}");
        }
    }
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn an_append_only_server_that_is_killed_keeps_what_it_answered_for() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]).await;
    let place = Place::at(server.url()).await;
    let store = place.store().await;
    let (mut renewed, ended) = (session("renewed"), session("ended"));
    for round in 0..5 {
        store.set_session(&session(&format!("kept {round}"))).await.unwrap();
        store.set_session(&ended).await.unwrap();
        if round == 0 {
            store.set_session(&renewed).await.unwrap();
        }
        let rotation = rotation(&format!("secret {round}"), NOW + round);
        let rotated = store.rotate_session(&renewed.id, &renewed.secret_digest, &rotation);
        assert!(rotated.await.unwrap());
        rotation.apply(&mut renewed);
        assert!(store.delete_session(&ended.id).await.unwrap());
        let counted = store
            .count_attempt(&"someone".into(), "a", MINUTE, at(NOW))
            .await
            .unwrap();
        assert_eq!(counted.count, u32::try_from(round).unwrap() + 1);

        // With SIGKILL.
        server.stop();
        server.start_again().await;
        // It answers that it is loading until it has read its file.
        while store.ping().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(store.get_session(&renewed.id).await.unwrap().as_ref(), Some(&renewed));
        assert_eq!(store.get_session(&ended.id).await.unwrap(), None);
        let listed = store.get_sessions_by_user_id(&renewed.user_id).await.unwrap();
        assert_eq!(listed.len(), usize::try_from(round).unwrap() + 2);
    }
    store.delete_sessions_by_user_id(&renewed.user_id, None).await.unwrap();
    server.stop();
    server.start_again().await;
    while store.ping().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(store.get_sessions_by_user_id(&renewed.user_id).await.unwrap(), []);
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn losing_everything_signs_everybody_out_and_nobody_in() {
    let server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    // An hour of no year: the server's clock plays no part.
    let clock = ManualClock::default();
    let users = SqliteAdapter::connect("sqlite::memory:").await.unwrap();
    let auth = Auth::builder(SplitAdapter::new(users, place.another().await))
        .secret(Secret::random().unwrap())
        .base_url("https://example.com")
        .clock(clock.clone())
        .build()
        .unwrap();
    auth.migrate().await.unwrap();
    let sign_up = SignUp::new("ada@example.com", "correct horse battery");
    let (user, issued) = auth.sign_up_with_email(sign_up).await.unwrap();
    let issued = issued.unwrap();
    assert_eq!(
        auth.validate_session(&issued.token).await.unwrap().session.user_id,
        user.id
    );
    let _: String = place.ask("FLUSHALL").await;
    let error = auth.validate_session(&issued.token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSessionId);
    assert!(auth.get_all_user_sessions(&user.id).await.unwrap().is_empty());
    assert!(
        auth.authenticate_user("email", "ada@example.com", "correct horse battery")
            .await
            .is_ok()
    );
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn losing_everything_ends_token_sessions_wherever_the_store_is_asked() {
    let server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    let clock = ManualClock::default();
    for checks_store in [false, true] {
        let users = SqliteAdapter::connect("sqlite::memory:").await.unwrap();
        let auth = Auth::builder(SplitAdapter::new(users, place.another().await))
            .secret(Secret::random().unwrap())
            .base_url("https://example.com")
            .clock(clock.clone())
            .sessions(Tokens::default().check_store(checks_store))
            .build()
            .unwrap();
        auth.migrate().await.unwrap();
        let sign_up = SignUp::new("ada@example.com", "correct horse battery");
        let tokens = auth
            .sign_up_with_email(sign_up)
            .await
            .unwrap()
            .1
            .unwrap()
            .tokens
            .unwrap();
        let access = tokens.access.expose();
        auth.validate_access_token(access, None).await.unwrap();
        let _: String = place.ask("FLUSHALL").await;

        // Signed as it is, it opens to its end where nobody asks the store.
        let opened = auth.validate_access_token(access, None).await;
        assert_eq!(opened.is_ok(), !checks_store, "{opened:?}");
        let refused = auth.refresh_session(tokens.refresh.expose()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unauthorised);
        clock.advance(Duration::from_secs(2 * 3_600));
        assert!(auth.validate_access_token(access, None).await.is_err());
    }
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_server_that_cannot_be_written_says_so() {
    let server = Server::start(&["--maxmemory-policy", "noeviction"]).await;
    let place = Place::at(server.url()).await;
    let store = place.store().await;
    let there = session("one");
    store.set_session(&there).await.unwrap();
    let _: String = place.ask("CONFIG SET maxmemory 1").await;

    let refused = store.set_session(&session("two")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::DatabaseUpdateFailed);
    assert_eq!(store.get_session(&SessionId::from("two")).await.unwrap(), None);
    let renewed = rotation("second", NOW);
    let refused = store.rotate_session(&there.id, &digest("first"), &renewed).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::DatabaseUpdateFailed);
    assert_eq!(store.get_session(&there.id).await.unwrap().as_ref(), Some(&there));
    // Signing out works while nothing else can be written.
    store.delete_sessions_by_user_id(&there.user_id, None).await.unwrap();
    assert_eq!(store.get_session(&there.id).await.unwrap(), None);
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_wrong_password_fails_and_is_not_told() {
    let server = Server::start(&["--requirepass", "correct-horse"]).await;
    let url = |password: &str| format!("redis://:{password}@127.0.0.1:{}", server.port);
    let error = RedisSessions::connect(&url("hunter2")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::DatabaseFetchFailed);
    assert!(!format!("{error:?}").contains("hunter2"));
    RedisSessions::connect(&url("correct-horse")).await.unwrap();
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_small_queue_is_enough_for_a_user_with_many_sessions() {
    let server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    let store = RedisSessions::open(place.options().queue(1)).await.unwrap();
    for number in 0..100 {
        store.set_session(&session(&number.to_string())).await.unwrap();
    }
    let user_id = UserId::from("ada");
    assert_eq!(store.get_sessions_by_user_id(&user_id).await.unwrap().len(), 100);
    assert_eq!(store.delete_expired_sessions(None, at(NOW)).await.unwrap(), 0);
    store.delete_sessions_by_user_id(&user_id, None).await.unwrap();
    assert_eq!(store.get_sessions_by_user_id(&user_id).await.unwrap(), []);
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn the_connection_ends_with_the_last_clone() {
    let server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    let clients = async || place.ask::<String>("CLIENT LIST TYPE normal").await.lines().count();
    let store = place.store().await;
    let clone = store.clone();
    assert_eq!(clients().await, 2);
    drop(store);
    clone.ping().await.unwrap();
    drop(clone);
    for _ in 0..100 {
        if clients().await == 1 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the connection is still there");
}

#[tokio::test]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn an_account_of_redis_needs_no_more_than_is_written_down() {
    let server = Server::start(&[]).await;
    let place = Place::at(server.url()).await;
    let rights = "+del +eval +evalsha +get +hget +hincrby +hset +pexpire +ping \
                  +pttl +scan +set +time +zadd +zrange +zrem +zremrangebyscore";
    let _: String = place.ask(&format!("ACL SETUSER app on >secret ~auth:* {rights}")).await;
    let url = format!("redis://app:secret@127.0.0.1:{}", server.port);
    let store = RedisSessions::connect(&url).await.unwrap();
    for (_, answer) in every_method(&store).await {
        answer.unwrap();
    }
    let elsewhere = RedisOptions::new(&url).key_prefix("other:");
    let store = RedisSessions::open(elsewhere).await.unwrap();
    assert!(store.get_session(&SessionId::from("one")).await.is_err());

    let database = format!("{url}/1");
    assert!(RedisSessions::connect(&database).await.is_err());
    let _: String = place.ask("ACL SETUSER app +select").await;
    RedisSessions::connect(&database).await.unwrap();
}
