//! A server that says nothing, or says it late: calls end in their time, the queue is bounded, and nothing has to be
//! restarted.

use std::time::{Duration, Instant};

use super::{
    Database, Over, Place, Proxy, Server, Settings, on_both, over_both,
    records::{NOW, key, schema, session, user},
};
use crate::{
    Error, ErrorKind,
    adapter::{Adapter, AttemptAdapter, SessionAdapter, Store, UserAdapter},
    adapters::AnyAdapter,
    id::SessionId,
};

over_both![
    a_frozen_server_fails_in_time_and_works_again,
    silent_connections_are_given_up,
    a_silent_server_fills_a_bounded_queue_and_no_memory,
    a_slow_server_is_waited_for,
];

on_both![silent_connections_of_sqlx_that_are_not_asked_before_are_given_up,];

const PATIENCE: Duration = Duration::from_millis(400);
/// What a call may take beyond its time-out on a busy machine.
const SLACK: Duration = Duration::from_millis(400);

async fn furnished(place: &Place) {
    let store = place.open(&Settings::default()).await;
    store.declare(&schema()).unwrap();
    store.migrate().await.unwrap();
    store.set_user(&user("ada"), Some(&key("ada"))).await.unwrap();
    store.set_session(&session("one", "ada")).await.unwrap();
}

async fn opened(place: &Place, settings: &Settings, over: Over) -> AnyAdapter {
    let store = place.open_over(over, settings).await;
    store.declare(&schema()).unwrap();
    store
}

/// A read, an act of one statement and one of two.
async fn calls(store: &AnyAdapter, name: &str) -> [(ErrorKind, Result<(), Error>, Duration); 4] {
    let (read, write) = (ErrorKind::DatabaseFetchFailed, ErrorKind::DatabaseUpdateFailed);
    let timed = async |call: &mut (dyn Future<Output = Result<(), Error>> + Send + Unpin)| {
        let began = Instant::now();
        let answer = call.await;
        (answer, began.elapsed())
    };
    let one = SessionId::from("one");
    let nobody = SessionId::from("nobody's");
    let (user, key) = (user(name), key(name));
    let reading = timed(&mut Box::pin(async {
        store.get_session_and_user(&one).await.map(drop)
    }))
    .await;
    let deleting = timed(&mut Box::pin(async { store.delete_session(&nobody).await.map(drop) })).await;
    let signing_up = timed(&mut Box::pin(async { store.set_user(&user, Some(&key)).await })).await;
    let counting = timed(&mut Box::pin(async {
        let subject = "somebody".into();
        store.count_attempt(&subject, "sign_in", PATIENCE, NOW).await.map(drop)
    }))
    .await;
    [
        (read, reading.0, reading.1),
        (write, deleting.0, deleting.1),
        (write, signing_up.0, signing_up.1),
        (write, counting.0, counting.1),
    ]
}

#[track_caller]
fn assert_all_failed_in_time(answers: [(ErrorKind, Result<(), Error>, Duration); 4]) {
    for (number, (kind, answer, took)) in answers.into_iter().enumerate() {
        assert_eq!(answer.unwrap_err().kind(), kind, "call {number}");
        assert!(took < PATIENCE + SLACK, "call {number} took {took:?}");
    }
}

#[track_caller]
fn assert_all_succeeded(answers: [(ErrorKind, Result<(), Error>, Duration); 4]) {
    for (number, (_, answer, _)) in answers.into_iter().enumerate() {
        answer.unwrap_or_else(|error| panic!("call {number}: {error:?}"));
    }
}

async fn a_frozen_server_fails_in_time_and_works_again(database: Database, over: Over) {
    let server = Server::start(database).await;
    let place = Place::of(&server);
    furnished(&place).await;
    let store = opened(&place, &Settings::default().timeout(PATIENCE), over).await;
    assert_all_succeeded(calls(&store, "before").await);
    for round in 0..2 {
        server.freeze();
        // More often than there are connections.
        for _ in 0..3 {
            assert_all_failed_in_time(calls(&store, &format!("frozen{round}")).await);
        }
        server.thaw();
        let began = Instant::now();
        while store.ping().await.is_err() || store.delete_session(&SessionId::from("nobody's")).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(5), "it does not work again");
        }
        // What was sent to it then, it may have done since.
        assert_all_succeeded(calls(&store, &format!("after{round}")).await);
    }
    place.witness().await.assert_consistent().await;
}

async fn silent_connections_are_given_up(database: Database, over: Over) {
    forgotten(database, over, true).await;
}

/// The statement itself gets no answer, and its connection must not come back: the pool would wait for that answer.
async fn silent_connections_of_sqlx_that_are_not_asked_before_are_given_up(database: Database) {
    forgotten(database, Over::Sqlx, false).await;
}

/// A machine in between has forgotten the connections: nobody hears that they are over.
async fn forgotten(database: Database, over: Over, asks_before: bool) {
    let shared = Place::shared(database);
    furnished(&shared).await;
    let proxy = Proxy::before(database, shared.port()).await;
    let settings = Settings {
        pool_size: 2,
        readers: 2,
        asks_before,
        ..Settings::default().timeout(PATIENCE)
    };
    let store = opened(&shared.through(&proxy), &settings, over).await;
    // All connections there may be.
    for round in 0..4 {
        let all = (0..4).map(|number| {
            let (store, name) = (store.clone(), format!("u{round}_{number}"));
            tokio::spawn(async move { assert_all_succeeded(calls(&store, &name).await) })
        });
        for one in all.collect::<Vec<_>>() {
            one.await.unwrap();
        }
    }
    if over == Over::Sqlx {
        // sqlx asks a connection that comes back whether it lives, and waits for that as long as the system does.
        tokio::time::sleep(PATIENCE).await;
    }
    proxy.silence_those_there_are();
    let began = Instant::now();
    let mut failures = 0;
    let mut in_a_row = 0;
    while in_a_row < 4 {
        let done = match in_a_row % 2 {
            0 => store.ping().await,
            _ => store.delete_session(&SessionId::from("nobody's")).await.map(drop),
        };
        match done {
            Ok(()) => in_a_row += 1,
            Err(error) => {
                assert!(error.is_store_failure(), "{error:?}");
                in_a_row = 0;
                failures += 1;
            }
        }
        assert!(
            failures <= 6,
            "after {failures} failures and {:?} it still asks them",
            began.elapsed()
        );
    }
    for number in 0..6 {
        assert_all_succeeded(calls(&store, &format!("after{number}")).await);
    }
}

/// In this program started again: the memory of this one is that of all tests which run just now.
async fn a_silent_server_fills_a_bounded_queue_and_no_memory(database: Database, over: Over) {
    if std::env::var_os("AUTH_TEST_ALONE").is_some() {
        return silent(database, over).await;
    }
    let module = module_path!().split_once("::").unwrap().1;
    let given = format!("{database:?}_{over:?}").to_lowercase();
    let story = format!("{module}::{given}::a_silent_server_fills_a_bounded_queue_and_no_memory");
    let told = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &story, "--ignored"])
        .env("AUTH_TEST_ALONE", "")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&told.stdout);
    assert!(told.status.success() && said.contains("1 passed"), "{said}");
}

async fn silent(database: Database, over: Over) {
    let shared = Place::shared(database);
    furnished(&shared).await;
    let proxy = Proxy::before(database, shared.port()).await;
    let settings = Settings {
        queue: 10,
        ..Settings::default().timeout(Duration::from_secs(1))
    };
    let store = opened(&shared.through(&proxy), &settings, over).await;
    assert_all_succeeded(calls(&store, "before").await);
    proxy.silence();
    let began = Instant::now();
    let spawn = |number: usize| {
        let store = store.clone();
        tokio::spawn(async move {
            let error = if number.is_multiple_of(2) {
                store.get_session(&SessionId::from("one")).await.unwrap_err()
            } else {
                store.delete_session(&SessionId::from("nobody's")).await.unwrap_err()
            };
            assert!(error.is_store_failure());
            began.elapsed()
        })
    };
    let mut at_once = 0;
    for task in (0..50).map(spawn).collect::<Vec<_>>() {
        let took = task.await.unwrap();
        assert!(took < Duration::from_millis(1_600), "{took:?}");
        at_once += usize::from(took < Duration::from_millis(500));
    }
    assert_eq!(at_once, 40);
    // A minute of a busy site, in a moment.
    let memory = memory_kib();
    for _ in 0..10 {
        for task in (0..2_000).map(spawn).collect::<Vec<_>>() {
            task.await.unwrap();
        }
        if began.elapsed() > Duration::from_secs(8) {
            break;
        }
    }
    let grown = memory_kib().saturating_sub(memory);
    assert!(grown < 40_000, "{grown} KiB more");
    proxy.pass();
    let again = Instant::now();
    while store.ping().await.is_err() || store.delete_session(&SessionId::from("nobody's")).await.is_err() {
        assert!(again.elapsed() < Duration::from_secs(5), "it does not work again");
    }
    assert_all_succeeded(calls(&store, "after").await);
}

async fn a_slow_server_is_waited_for(database: Database, over: Over) {
    let shared = Place::shared(database);
    furnished(&shared).await;
    let proxy = Proxy::before(database, shared.port()).await;
    let store = opened(&shared.through(&proxy), &Settings::default(), over).await;
    proxy.slow(Duration::from_millis(20));
    assert_all_succeeded(calls(&store, "slow").await);
}

/// Resident memory of this process.
fn memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
