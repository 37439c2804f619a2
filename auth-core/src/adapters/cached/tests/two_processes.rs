//! Two processes of the operating system: this one remembers a session, the other one (this binary again) revokes it.

use std::{
    process::{Command, Stdio},
    time::Instant,
};

use super::*;
use crate::{IssuedSession, NewUser, adapters::AnyAdapter};

const STORE: &str = "AUTH_TEST_SECOND_STORE";
const BUS: &str = "AUTH_TEST_SECOND_BUS";
const SESSION: &str = "AUTH_TEST_SECOND_SESSION";
const ITS_NAME: &str = "adapters::cached::tests::two_processes::the_second_process";

async fn auth(store: &str, options: CacheOptions, bus: &str) -> (Auth, FaultyAdapter<AnyAdapter>) {
    let options = match bus.split(':').next().unwrap() {
        "" => options,
        #[cfg(feature = "postgres")]
        "postgres" => options.invalidations(crate::adapters::PostgresInvalidations::connect(bus).await.unwrap()),
        #[cfg(feature = "redis")]
        "redis" => {
            let redis = crate::adapters::RedisOptions::new(bus).key_prefix("two-processes:");
            options.invalidations(crate::adapters::RedisInvalidations::open(redis).await.unwrap())
        }
        _ => panic!("no bus at {bus}"),
    };
    let store = FaultyAdapter::new(AnyAdapter::connect(store).await.unwrap());
    let builder = Auth::builder(CachedAdapter::new(store.clone(), options)).base_url("https://example.com");
    let auth = builder.secret(Secret::random().unwrap()).build().unwrap();
    auth.migrate().await.unwrap();
    (auth, store)
}

#[tokio::test]
#[ignore = "run by the others as a second process"]
async fn the_second_process() {
    let Ok(session) = std::env::var(SESSION) else { return };
    let store = std::env::var(STORE).unwrap();
    let (auth, _) = auth(&store, CacheOptions::default(), &std::env::var(BUS).unwrap()).await;
    let session = SessionId::from(session.as_str());
    assert!(!auth.get_session_data(&session).await.unwrap().contains_key("revoked"));
    auth.invalidate_session(&session).await.unwrap();
}

async fn ada_signs_in(auth: &Auth) -> IssuedSession {
    let new = NewUser::with_password("username", "ada", "correct horse battery");
    auth.create_user(new).await.unwrap();
    let proof = auth
        .authenticate_user("username", "ada", "correct horse battery")
        .await
        .unwrap();
    auth.create_session(&proof, Default::default()).await.unwrap()
}

/// Signs in, lets the other process revoke, and says how long after that process's end the session was still served.
async fn revoked_elsewhere(store: &str, time_to_live: Duration, bus: &str) -> Duration {
    let (auth, inner) = auth(store, CacheOptions::default().time_to_live(time_to_live), bus).await;
    let issued = ada_signs_in(&auth).await;
    auth.validate_session_user(&issued.token).await.unwrap();
    let second = Command::new(std::env::current_exe().unwrap())
        .args([ITS_NAME, "--exact", "--include-ignored"])
        .env(STORE, store)
        .env(BUS, bus)
        .env(SESSION, issued.session.id.as_str())
        .stdout(Stdio::null())
        .spawn();
    // It is remembered until the moment the other writes.
    inner.forget_calls();
    let mut second = second.unwrap();
    let mut served = 0;
    while second.try_wait().unwrap().is_none() {
        if auth.validate_session_user(&issued.token).await.is_ok() {
            served += 1;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let ended = Instant::now();
    assert!(second.wait().unwrap().success());
    assert!(served > 0 && inner.calls().len() <= served / 2 + 20, "{served}");
    while auth.validate_session_user(&issued.token).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(1)).await;
        assert!(ended.elapsed() < Duration::from_secs(5));
    }
    ended.elapsed()
}

#[tokio::test]
async fn without_a_bus_within_the_time_to_live() {
    let directory = TempDir::new().unwrap();
    let store = format!("sqlite://{}", directory.path().join("auth.db").display());
    let time_to_live = Duration::from_millis(200);
    let late = revoked_elsewhere(&store, time_to_live, "").await;
    println!("without a bus: {late:?} after the other process had ended");
    // Of the machine's own haste.
    assert!(late < time_to_live + Duration::from_millis(200), "{late:?}");
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn with_postgres_invalidations_at_once() {
    let directory = TempDir::new().unwrap();
    let store = format!("sqlite://{}", directory.path().join("auth.db").display());
    let bus = std::env::var("AUTH_TEST_POSTGRES").unwrap();
    let late = revoked_elsewhere(&store, Duration::from_secs(60), &bus).await;
    println!("PostgreSQL as the bus: {late:?} after the other process had ended");
    assert!(late < Duration::from_millis(500), "{late:?}");
}

#[cfg(feature = "redis")]
#[tokio::test]
#[ignore = "needs a Redis server: AUTH_TEST_REDIS"]
async fn with_redis_invalidations_at_once() {
    let directory = TempDir::new().unwrap();
    let store = format!("sqlite://{}", directory.path().join("auth.db").display());
    let bus = std::env::var("AUTH_TEST_REDIS").unwrap();
    let late = revoked_elsewhere(&store, Duration::from_secs(60), &bus).await;
    println!("Redis as the bus: {late:?} after the other process had ended");
    assert!(late < Duration::from_millis(500), "{late:?}");
}
