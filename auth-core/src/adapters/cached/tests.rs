//! The suite through the cache; what it saves; and every order in which a reading and a write can meet.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use tempfile::TempDir;

mod memory;
mod processes;
mod races;
mod two_processes;

use super::*;
use crate::{
    Auth, Secret, Timestamp,
    adapter::{
        Act, Adapter, AttemptAdapter, EventAdapter, Invalidation, OutboxAdapter, Recent, Schema, SessionAdapter,
        SigningKeyAdapter, Store, TokenAdapter, UserAdapter,
    },
    adapters::{
        MemoryAdapter, MemoryInvalidations, SqliteAdapter,
        wrapped::{changed_by, wrap_ports},
    },
    error::Result,
    id::{KeyId, SessionId, UserId},
    model::{
        AttemptCount, AttemptSubject, EventQuery, EventRecord, KeyPatch, KeyRecord, OneTimeToken, OutboxMessage,
        SessionPatch, SessionRecord, SessionRotation, SigningKeyRecord, User, UserPatch, UserQuery,
    },
    secret::{Digest, HashedPassword},
    testing::{Fault, FaultyAdapter, conformance},
};

type Cached<A> = CachedAdapter<FaultyAdapter<A>>;

const CASES: usize = 124;

fn cached(options: CacheOptions) -> Cached<MemoryAdapter> {
    CachedAdapter::new(FaultyAdapter::new(MemoryAdapter::default()), options)
}

async fn on_file(directory: &TempDir, options: CacheOptions) -> Cached<SqliteAdapter> {
    let url = format!("sqlite://{}", directory.path().join("auth.db").display());
    let adapter = SqliteAdapter::connect(&url).await.unwrap();
    adapter.migrate().await.unwrap();
    CachedAdapter::new(FaultyAdapter::new(adapter), options)
}

fn session(id: &str) -> SessionRecord {
    let now = Timestamp::from_unix_ms(1_000_000);
    SessionRecord {
        id: SessionId::from(id),
        user_id: UserId::from("ada"),
        secret_digest: Digest::of(id.as_bytes()),
        secret_issued_at: now,
        previous_digest: None,
        previous_issued_at: None,
        previous_expires: None,
        active_expires: now + Duration::from_secs(60),
        idle_expires: now + Duration::from_secs(120),
        absolute_expires: None,
        persistent: true,
        payload: Default::default(),
        data: Default::default(),
        aal: 1,
        amr: Vec::new(),
        ip: None,
        user_agent: None,
        last_seen: now,
        created_at: now,
        updated_at: now,
        attributes: Default::default(),
    }
}

fn rotation() -> SessionRotation {
    let now = Timestamp::from_unix_ms(1_001_000);
    SessionRotation {
        secret_digest: Digest::of(b"new"),
        secret_issued_at: now,
        previous_expires: now,
        active_expires: now,
        idle_expires: now,
        last_seen: now,
        keeps_previous: false,
    }
}

async fn ada_in(store: &impl Adapter) -> SessionId {
    let ada = User::new(UserId::from("ada"), Timestamp::from_unix_ms(1_000_000));
    store.set_user(&ada, None).await.unwrap();
    store.set_session(&session("one")).await.unwrap();
    SessionId::from("one")
}

/// What is served, from wherever.
async fn served(store: &impl Adapter, id: &SessionId) -> Option<(SessionRecord, User)> {
    let found = match store.get_recent_session_and_user(id).await.unwrap() {
        Recent::Current(found) => found,
        Recent::MaybeOld(found) => Some(found),
    };
    found.map(|(session, user)| (session.into_record(), Arc::unwrap_or_clone(user)))
}

fn role(role: &str) -> UserPatch {
    UserPatch {
        role: Some(role.to_owned()),
        ..UserPatch::default()
    }
}

/// Lets the suite ask what may be cached wherever it asks the store, and twice, so that it is.
struct Recently<A>(Inner<A>);

/// Its own `get_session` stands before the one it derefs to.
struct Inner<A>(A);

impl<A> std::ops::Deref for Inner<A> {
    type Target = A;

    fn deref(&self) -> &A {
        &self.0
    }
}

impl<A: Adapter> Inner<A> {
    async fn get_session(&self, session_id: &SessionId) -> Result<Option<SessionRecord>> {
        self.0.get_recent_session(session_id).await?;
        let found = match self.0.get_recent_session(session_id).await? {
            Recent::Current(found) => found,
            Recent::MaybeOld(found) => Some(found),
        };
        Ok(found.map(crate::SharedSession::into_record))
    }
}

impl<A: Adapter> Recently<A> {
    async fn writing<T>(
        &self,
        _: impl Into<Option<Invalidation>> + Send,
        write: impl Future<Output = Result<T>> + Send,
    ) -> Result<T> {
        write.await
    }
}

#[async_trait]
impl<A: Adapter> Store for Recently<A> {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        self.0.declare(schema)
    }

    async fn migrate(&self) -> Result<()> {
        self.0.migrate().await
    }
}

#[async_trait]
impl<A: Adapter> Adapter for Recently<A> {
    async fn get_session_and_user(&self, session_id: &SessionId) -> Result<Option<(SessionRecord, User)>> {
        served(&self.0.0, session_id).await;
        Ok(served(&self.0.0, session_id).await)
    }
}

wrap_ports!([A: Adapter] Recently<A>, 0);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_conforms() {
    let bus = MemoryInvalidations::default();
    let options = || CacheOptions::default().invalidations(bus.clone());
    let report = conformance::run(async || CachedAdapter::new(MemoryAdapter::default(), options())).await;
    assert_eq!(report.cases(), CASES);
    let sqlite = async || SqliteAdapter::connect("sqlite::memory:").await.unwrap();
    let report = conformance::run(async || CachedAdapter::new(sqlite().await, options())).await;
    assert_eq!(report.cases(), CASES);
    // And so does what it serves from memory.
    let report = conformance::run(async || Recently(Inner(cached(options())))).await;
    assert_eq!(report.cases(), CASES);
    let report = conformance::run(async || Recently(Inner(CachedAdapter::new(sqlite().await, options())))).await;
    assert_eq!(report.cases(), CASES);
}

#[tokio::test]
async fn a_hundred_validations_are_one_call() {
    let store = cached(CacheOptions::default());
    let id = ada_in(&store).await;
    store.inner().forget_calls();
    for _ in 0..100 {
        assert!(served(&store, &id).await.is_some());
        let recent = store.get_recent_session(&id).await.unwrap();
        assert!(matches!(recent, Recent::MaybeOld(_)));
    }
    assert_eq!(store.inner().calls(), ["get_session_and_user"]);
    // What does not ask for the quick answer asks the store.
    store.get_session(&id).await.unwrap();
    assert_eq!(store.inner().calls().len(), 2);
}

#[tokio::test]
async fn absences_and_failures_are_not_remembered() {
    let store = cached(CacheOptions::default());
    let id = SessionId::from("one");
    assert_eq!(served(&store, &id).await, None);
    ada_in(&store).await;
    store.inner().fail(Fault::At(1));
    assert!(store.get_recent_session_and_user(&id).await.is_err());
    assert!(served(&store, &id).await.is_some());
    // While the store fails, what was read a moment ago may be served.
    store.inner().fail(Fault::Always);
    assert!(served(&store, &id).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_served_past_its_time() {
    let time = Duration::from_secs(2);
    let store = cached(CacheOptions::default().time_to_live(time));
    let id = ada_in(&store).await;
    let hold = store.inner().hold_after("get_session_and_user");
    let slow = served(&store, &id);
    // The time counts from when the store was asked, not from when it answered.
    let release = async {
        hold.reached().await;
        tokio::time::advance(Duration::from_millis(1_500)).await;
        hold.release();
    };
    tokio::join!(slow, release);
    let is_remembered = async || matches!(store.get_recent_session(&id).await.unwrap(), Recent::MaybeOld(_));
    tokio::time::advance(Duration::from_millis(500)).await;
    assert!(is_remembered().await);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert!(!is_remembered().await);
    assert!(is_remembered().await);
}

#[tokio::test]
async fn it_is_bounded() {
    let store = cached(CacheOptions::default().capacity(100));
    ada_in(&store).await;
    for number in 0..2_000 {
        let session = session(&number.to_string());
        store.set_session(&session).await.unwrap();
        served(&store, &session.id).await;
    }
    store.entries.run_pending_tasks();
    assert!(store.entries.entry_count() <= 100);
}

#[test]
fn what_is_out_of_bounds_is_refused_by_name() {
    let refused = |options: CacheOptions| {
        let built = Auth::builder(CachedAdapter::new(MemoryAdapter::default(), options))
            .secret(Secret::random().unwrap())
            .base_url("https://example.com")
            .build();
        built.err().map(|error| error.to_string()).unwrap_or_default()
    };
    let ms = |ms| CacheOptions::default().time_to_live(Duration::from_millis(ms));
    assert_eq!(refused(ms(100)), "");
    assert_eq!(refused(ms(60_000)), "");
    for options in [ms(0), ms(99), ms(60_001)] {
        assert!(refused(options).contains("time_to_live"));
    }
    for sessions in [0, 1_000_001] {
        assert!(refused(CacheOptions::default().capacity(sessions)).contains("capacity"));
    }
}

#[test]
fn messages_come_back_as_they_were_or_mean_everything() {
    for invalidation in [
        Invalidation::Session("a:b".into()),
        Invalidation::User("".into()),
        Invalidation::Everything,
    ] {
        assert_eq!(Invalidation::from_message(&invalidation.to_message()), invalidation);
    }
    let long = Invalidation::User("x".repeat(513).into());
    assert_eq!(long.to_message(), "*");
    for unknown in ["", "x:1", "s", "?"] {
        assert_eq!(Invalidation::from_message(unknown), Invalidation::Everything);
    }
}
