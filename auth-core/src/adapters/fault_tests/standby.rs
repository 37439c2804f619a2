//! A real standby behind [`ReplicatedAdapter`]: it lags, stops, and is never written to.

use std::time::{Duration, Instant};

use super::{
    Database, Place, Server, Settings,
    place::{Witness, application},
};
use crate::{
    Auth, ErrorKind, NewSession, NewUser, Secret, SessionId, SessionToken,
    adapter::{Invalidations, SessionAdapter},
    adapters::{AnyAdapter, PostgresInvalidations, PostgresOptions, ReplicatedAdapter},
};

const WINDOW: Duration = Duration::from_secs(1);
/// How long the standby is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// A primary with tables, its standby, and both as a process sees them.
struct Pair {
    primary: Server,
    standby: Server,
    place: Place,
    stores: (AnyAdapter, AnyAdapter),
}

impl Pair {
    async fn start() -> Self {
        let primary = Server::start(Database::Postgres).await;
        let place = Place::of(&primary);
        let settings = Settings::default();
        let store = place.open(&settings).await;
        application(store.clone(), secret())
            .build()
            .unwrap()
            .migrate()
            .await
            .unwrap();
        let standby = primary.standby().await;
        let there = Place::of(&standby).with_prefix(&place.prefix);
        let stores = (store, there.open(&settings.timeout(PATIENCE)).await);
        Self {
            primary,
            standby,
            place,
            stores,
        }
    }

    fn adapter(&self) -> ReplicatedAdapter<AnyAdapter, AnyAdapter> {
        let (primary, standby) = self.stores.clone();
        ReplicatedAdapter::new(primary, standby).read_own_writes_for(WINDOW)
    }

    /// One more process, which hears nothing of the others.
    fn process(&self) -> Auth {
        build(self.adapter())
    }

    fn process_on(&self, bus: impl Invalidations) -> Auth {
        build(self.adapter().invalidations(bus))
    }

    async fn bus(&self) -> PostgresInvalidations {
        let options = PostgresOptions::new(self.primary.url()).table_prefix(&self.place.prefix);
        PostgresInvalidations::open(options).await.unwrap()
    }

    async fn witness_there(&self) -> Witness {
        Place::of(&self.standby).witness().await
    }

    /// The standby keeps what comes and does not show it.
    async fn hold_back(&self) {
        self.witness_there()
            .await
            .rows("SELECT pg_wal_replay_pause()::text")
            .await;
    }

    async fn catch_up(&self) {
        self.witness_there()
            .await
            .rows("SELECT pg_wal_replay_resume()::text")
            .await;
    }

    /// Until the standby has the session, or has it no longer.
    async fn until(&self, id: &SessionId, is_there: bool) {
        let began = Instant::now();
        while self.stores.1.get_session(id).await.unwrap().is_some() != is_there {
            assert!(began.elapsed() < Duration::from_secs(20), "the standby does not follow");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

fn secret() -> Secret {
    Secret::new([7; 32])
}

fn build(adapter: impl crate::adapter::Adapter) -> Auth {
    application(AnyAdapter::new(adapter), secret()).build().unwrap()
}

async fn opens(auth: &Auth, token: &SessionToken) -> bool {
    match auth.validate_session_user(token).await {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::InvalidSessionId, "{error:?}");
            false
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_PG_BIN, see tests/servers"]
async fn a_standby_answers_and_never_takes_back_what_was_done_here() {
    let mut pair = Pair::start().await;
    let (here, there) = (pair.process_on(pair.bus().await), pair.process_on(pair.bus().await));
    let alone = pair.process();
    let ada = NewUser::with_password("username", "ada", "correct horse battery");
    here.create_user(ada).await.unwrap();
    let proof = here
        .authenticate_user("username", "ada", "correct horse battery")
        .await
        .unwrap();
    let sign_in = async || here.create_session(&proof, NewSession::default()).await.unwrap();

    // What it does not have yet is found all the same.
    pair.hold_back().await;
    let issued = sign_in().await;
    for process in [&here, &there, &alone] {
        assert!(opens(process, &issued.token).await);
    }
    pair.catch_up().await;
    pair.until(&issued.session.id, true).await;
    tokio::time::sleep(WINDOW * 2).await;

    // From then on the primary is not needed to look somebody up.
    pair.primary.stop();
    assert!(opens(&alone, &issued.token).await);
    pair.primary.start_again().await;

    // A new secret opens everywhere while the standby knows the old one only.
    pair.hold_back().await;
    let renewed = here.renew_session(&issued.token).await.unwrap();
    for process in [&here, &there, &alone] {
        assert!(opens(process, &renewed.token).await);
    }

    // Until nothing is read from the primary for the restart's sake, or for the renewal's.
    tokio::time::sleep(WINDOW * 4).await;
    // What is revoked here is over here, and wherever the bus brings it; a process without one believes the standby.
    here.invalidate_session(&issued.session.id).await.unwrap();
    assert!(!opens(&here, &renewed.token).await);
    let began = Instant::now();
    while opens(&there, &issued.token).await {
        assert!(began.elapsed() < WINDOW * 10, "the message takes too long");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(opens(&alone, &issued.token).await, "the standby holds nothing back");
    pair.catch_up().await;
    pair.until(&issued.session.id, false).await;
    for process in [&here, &there, &alone] {
        assert!(!opens(process, &renewed.token).await);
    }

    // It stops, and nobody notices.
    let issued = sign_in().await;
    pair.until(&issued.session.id, true).await;
    tokio::time::sleep(WINDOW * 2).await;
    pair.standby.stop();
    for process in [&here, &there, &alone] {
        assert!(opens(process, &issued.token).await);
    }
    pair.standby.start_again().await;
    assert!(opens(&alone, &issued.token).await);

    // It says nothing any more: one lookup meets that, and not all of them.
    let fresh = pair.process();
    assert!(opens(&fresh, &issued.token).await);
    pair.standby.freeze();
    let began = Instant::now();
    for _ in 0..20 {
        assert!(opens(&fresh, &issued.token).await);
    }
    assert!(began.elapsed() < PATIENCE * 2, "{:?}", began.elapsed());
    pair.standby.thaw();
}
