//! The server stops and starts while people come and go: they hear "not now", and are signed in again by themselves.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use super::{Database, Over, Place, Server, Settings, over_both, place::application, records::user};
use crate::{
    Auth, Error, ErrorKind, Limit, Limits, NewSession, Secret, SessionConfig, SessionToken, SignUp, Tokens,
    adapter::{Store, UserAdapter},
    adapters::AnyAdapter,
    proof::Proof,
    testing::ManualClock,
};

over_both![a_restart_under_load_signs_nobody_out,];

const PATIENCE: Duration = Duration::from_millis(500);
/// How many calls of the store a request makes at most, and what a busy machine adds.
const LONGEST: Duration = Duration::from_millis(500 * 8 + 1_000);
const PEOPLE: usize = 6;
/// For this long there is no server; a pool of sqlx's waits for one, as long as a call may take.
const DOWN: Duration = Duration::from_millis(800);

#[derive(Default)]
struct Load {
    is_over: AtomicBool,
    done: AtomicUsize,
    failed: AtomicUsize,
    longest_ms: AtomicUsize,
    /// People whose renewal was made and not answered.
    behind: AtomicUsize,
}

impl Load {
    /// Notes what a request came to; an error is the store's, or there should have been none.
    fn note<T>(&self, began: Instant, answer: Result<T, Error>, what: &str) -> Option<T> {
        let took = began.elapsed();
        assert!(took < LONGEST, "{what} took {took:?}");
        self.longest_ms.fetch_max(took.as_millis() as usize, Ordering::SeqCst);
        match answer {
            Ok(answer) => {
                self.done.fetch_add(1, Ordering::SeqCst);
                Some(answer)
            }
            Err(error) => {
                assert!(error.is_store_failure(), "{what}: {error:?}");
                self.failed.fetch_add(1, Ordering::SeqCst);
                None
            }
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }
}

/// Somebody with a cookie, who validates and renews. When the server ends between the commit of a renewal and its
/// answer, the secret they hold is the one before: it opens the session for as long as the grace lasts.
///
/// Answers the newest token they were given, and whether it may be the one before.
async fn opaque(auth: Auth, load: Arc<Load>, mut token: SessionToken) -> (SessionToken, bool) {
    let (mut failed_last, mut is_behind) = (false, false);
    while !load.is_over() {
        let began = Instant::now();
        let valid = load.note(began, auth.validate_session_user(&token).await, "a validation");
        if let Some(renewed) = valid.and_then(|(valid, _)| valid.renewed) {
            token = renewed;
        }
        let began = Instant::now();
        let renewed = match is_behind {
            true => continue,
            false => auth.renew_session(&token).await,
        };
        if failed_last
            && renewed
                .as_ref()
                .is_err_and(|error| error.kind() == ErrorKind::InvalidSessionId)
        {
            is_behind = true;
            load.behind.fetch_add(1, Ordering::SeqCst);
            continue;
        }
        failed_last = renewed.is_err();
        if let Some(issued) = load.note(began, renewed, "a renewal") {
            token = issued.token;
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    (token, is_behind || failed_last)
}

/// Somebody with tokens: refreshes and uses what comes of it.
async fn tokens(auth: Auth, load: Arc<Load>, mut refresh: String) -> String {
    while !load.is_over() {
        let began = Instant::now();
        let refreshed = load.note(began, auth.refresh_session(&refresh).await, "a refresh");
        if let Some(given) = refreshed.and_then(|refreshed| refreshed.tokens) {
            refresh = given.refresh.expose().to_owned();
            let began = Instant::now();
            let opened = auth.validate_access_token(given.access.expose(), None).await;
            load.note(began, opened, "the first use");
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    refresh
}

/// Somebody new.
async fn newcomer(auth: Auth, load: Arc<Load>, name: String) -> Vec<String> {
    let mut signed_up = Vec::new();
    for number in 0.. {
        if load.is_over() {
            break;
        }
        let address = format!("{name}{number}@example.com");
        let began = Instant::now();
        let sign_up = auth.sign_up_with_email(SignUp::new(address.as_str(), "correct horse battery"));
        if load.note(began, sign_up.await, "a sign-up").is_some() {
            signed_up.push(address);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    signed_up
}

async fn a_restart_under_load_signs_nobody_out(database: Database, over: Over) {
    let mut server = Server::start(database).await;
    let place = Place::of(&server);
    let store = place.open_over(over, &Settings::default().timeout(PATIENCE)).await;
    eprintln!("{database:?}, {over:?}");
    people_come_and_go(store, async |kill| {
        match kill {
            true => server.kill(),
            false => server.stop(),
        }
        tokio::time::sleep(DOWN).await;
        server.start_again().await;
    })
    .await;
    let witness = place.witness().await;
    witness.assert_consistent().await;
    witness
        .execute(&format!("DELETE FROM {}user WHERE id = 'all'", place.prefix))
        .await;
    witness.assert_no_user_without_key().await;
}

/// Users in a file, sessions in a Redis that writes before it answers.
#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_restart_of_redis_under_load_signs_nobody_out() {
    use crate::adapters::{RedisOptions, RedisSessions, redis::tests::server::Server};

    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("users.db");
    let users = AnyAdapter::connect(&format!("sqlite://{}", file.display()))
        .await
        .unwrap();
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]).await;
    let options = RedisOptions::new(server.url())
        .connect_timeout(PATIENCE)
        .response_timeout(PATIENCE);
    let sessions = RedisSessions::open(options).await.unwrap();
    // With SIGKILL every time.
    people_come_and_go(users.with_sessions(sessions), async |_| {
        server.stop();
        tokio::time::sleep(DOWN).await;
        server.start_again().await;
    })
    .await;
}

/// People come and go while somebody ends the server and starts it again, by `kill -9` or gently.
async fn people_come_and_go(store: AnyAdapter, mut restart: impl AsyncFnMut(bool)) {
    let clock = ManualClock::default();
    let limits = Limits::default().sign_up_per_account(Limit::new(1_000, Duration::from_secs(60)));
    let secret = || Secret::new([7; 32]);
    let build = |tokens: bool| {
        let builder = application(store.clone(), secret())
            .clock(clock.clone())
            .limits(limits.clone());
        match tokens {
            true => builder.sessions(Tokens::default().check_store(true)),
            false => builder.sessions(SessionConfig::default()),
        }
        .build()
        .unwrap()
    };
    let (cookies, bearers) = (build(false), build(true));
    store.migrate().await.unwrap();
    store.set_user(&user_of_all(), None).await.unwrap();
    let load = Arc::new(Load::default());
    let (mut with_cookies, mut with_tokens, mut newcomers) = (Vec::new(), Vec::new(), Vec::new());
    for person in 0..PEOPLE {
        let proof = || Proof::new(user_of_all(), "password", clock_now(&clock));
        let issued = cookies.create_session(&proof(), NewSession::default()).await.unwrap();
        with_cookies.push(tokio::spawn(opaque(cookies.clone(), Arc::clone(&load), issued.token)));
        let issued = bearers.create_session(&proof(), NewSession::default()).await.unwrap();
        let refresh = issued.tokens.unwrap().refresh.expose().to_owned();
        with_tokens.push(tokio::spawn(tokens(bearers.clone(), Arc::clone(&load), refresh)));
        if person < 2 {
            let name = format!("p{person}-");
            newcomers.push(tokio::spawn(newcomer(cookies.clone(), Arc::clone(&load), name)));
        }
    }
    for kill in [false, true, true] {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let failed = load.failed.load(Ordering::SeqCst);
        restart(kill).await;
        assert!(load.failed.load(Ordering::SeqCst) > failed, "nobody noticed");
        // And it works again, with the same connections' owner.
        let (began, done) = (Instant::now(), load.done.load(Ordering::SeqCst));
        while load.done.load(Ordering::SeqCst) < done + 50 {
            assert!(began.elapsed() < Duration::from_secs(5), "it does not work again");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    load.is_over.store(true, Ordering::SeqCst);
    let number = |count: &AtomicUsize| count.load(Ordering::SeqCst);
    let mut held = Vec::new();
    for person in with_cookies {
        let (token, may_be_behind) = person.await.unwrap();
        cookies.validate_session(&token).await.expect("nobody is signed out");
        held.push((token, may_be_behind));
    }
    // Nor later, but for who waits for an answer that was lost until the grace is over.
    clock.advance(Duration::from_secs(31));
    for (token, may_be_behind) in held {
        let valid = cookies.validate_session(&token).await;
        assert!(valid.is_ok() || may_be_behind, "{valid:?}");
    }
    for person in with_tokens {
        let refresh = person.await.unwrap();
        bearers.refresh_session(&refresh).await.expect("nobody is signed out");
    }
    let mut signed_up = 0;
    for person in newcomers {
        for address in person.await.unwrap() {
            signed_up += 1;
            let found = cookies.get_user_by_provider_id("email", &address).await;
            assert!(found.is_ok(), "{address} was told that there is an account");
        }
    }
    eprintln!(
        "{} requests done, {} failed, the longest {} ms, {signed_up} accounts, {} a renewal behind",
        number(&load.done),
        number(&load.failed),
        number(&load.longest_ms),
        number(&load.behind)
    );
}

fn user_of_all() -> crate::User {
    let mut user = user("all");
    user.attributes = crate::Attributes::new();
    user
}

fn clock_now(clock: &ManualClock) -> crate::Timestamp {
    crate::Clock::now(clock)
}
