//! Two stores of which the second never hears of the first's writes: a replica that lags for ever.

use std::time::Duration;

use super::*;
use crate::{
    Auth, ErrorKind, NewUser, Secret,
    adapter::{SessionAdapter, UserAdapter},
    adapters::{CacheOptions, CachedAdapter, MemoryAdapter, MemoryInvalidations},
    testing::{Fault, FaultyAdapter, conformance},
};

type Stores = (FaultyAdapter<MemoryAdapter>, FaultyAdapter<MemoryAdapter>);

fn stores() -> Stores {
    (
        FaultyAdapter::new(MemoryAdapter::default()),
        FaultyAdapter::new(MemoryAdapter::default()),
    )
}

fn process((primary, replica): &Stores) -> Auth {
    let adapter = ReplicatedAdapter::new(primary.clone(), replica.clone());
    let builder = Auth::builder(adapter).base_url("https://example.com");
    builder.secret(Secret::random().unwrap()).build().unwrap()
}

async fn ada(auth: &Auth) -> crate::Proof {
    let new = NewUser::with_password("username", "ada", "correct horse battery");
    auth.create_user(new).await.unwrap();
    auth.authenticate_user("username", "ada", "correct horse battery")
        .await
        .unwrap()
}

/// The replica catches up with this session.
async fn replicate((primary, replica): &Stores, id: &crate::SessionId) {
    let session = primary.inner().get_session(id).await.unwrap().unwrap();
    let user = primary.inner().get_user(&session.user_id).await.unwrap().unwrap();
    replica.inner().delete_user(&user.id).await.unwrap();
    replica.inner().set_user(&user, None).await.unwrap();
    replica.inner().set_session(&session).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_conforms() {
    let report =
        conformance::run(async || ReplicatedAdapter::new(MemoryAdapter::default(), MemoryAdapter::default())).await;
    assert_eq!(report.cases(), 124);
}

#[tokio::test(start_paused = true)]
async fn lookups_are_the_replicas_once_it_may_have_caught_up() {
    let stores = stores();
    let auth = process(&stores);
    let proof = ada(&auth).await;
    let issued = auth.create_session(&proof, Default::default()).await.unwrap();
    // Not there yet: the primary knows.
    auth.validate_session_user(&issued.token).await.unwrap();
    replicate(&stores, &issued.session.id).await;
    tokio::time::advance(Duration::from_secs(11)).await;
    stores.0.forget_calls();
    stores.1.forget_calls();
    auth.validate_session_user(&issued.token).await.unwrap();
    auth.validate_session(&issued.token).await.unwrap();
    assert_eq!(stores.0.calls(), [""; 0]);
    assert_eq!(stores.1.calls(), ["get_session_and_user", "get_session"]);
    // A replica that fails is done without.
    stores.1.fail(Fault::Always);
    auth.validate_session_user(&issued.token).await.unwrap();
    auth.validate_session(&issued.token).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_written_here_is_read_here() {
    let stores = stores();
    let auth = process(&stores);
    let proof = ada(&auth).await;
    let issued = auth.create_session(&proof, Default::default()).await.unwrap();
    replicate(&stores, &issued.session.id).await;
    tokio::time::advance(Duration::from_secs(11)).await;
    auth.validate_session_user(&issued.token).await.unwrap();
    // A renewal: at once here, and, by the secret that the replica does not know, in every other process.
    let renewed = auth.renew_session(&issued.token).await.unwrap();
    auth.validate_session_user(&renewed.token).await.unwrap();
    process(&stores).validate_session_user(&renewed.token).await.unwrap();
    // A revocation here.
    auth.invalidate_all_user_sessions(proof.user_id()).await.unwrap();
    for token in [&issued.token, &renewed.token] {
        let refused = auth.validate_session_user(token).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidSessionId);
    }
    // Elsewhere it is known when the replica is: this is what lag costs.
    assert!(process(&stores).validate_session_user(&issued.token).await.is_ok());
    assert!(process(&stores).validate_session_user(&renewed.token).await.is_err());
}

#[tokio::test]
async fn a_write_during_a_lookup_counts() {
    let stores = stores();
    let auth = process(&stores);
    let proof = ada(&auth).await;
    let issued = auth.create_session(&proof, Default::default()).await.unwrap();
    replicate(&stores, &issued.session.id).await;
    let other = process(&stores);
    let hold = stores.1.hold_after("get_session_and_user");
    let lookup = tokio::spawn({
        let (other, token) = (other.clone(), issued.token.clone());
        async move { other.validate_session_user(&token).await.is_ok() }
    });
    hold.reached().await;
    other.invalidate_session(&issued.session.id).await.unwrap();
    hold.release();
    assert!(!lookup.await.unwrap());
}

/// A process on a bus, whose lookups go to a replica that never hears of anything.
fn on_bus((primary, replica): &Stores, bus: &MemoryInvalidations) -> Auth {
    let adapter = ReplicatedAdapter::new(primary.clone(), replica.clone()).invalidations(bus.clone());
    let builder = Auth::builder(adapter).base_url("https://example.com");
    builder.secret(Secret::random().unwrap()).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn with_a_bus_what_others_wrote_is_read_at_the_primary() {
    let (stores, bus) = (stores(), MemoryInvalidations::default());
    let (one, two) = (on_bus(&stores, &bus), on_bus(&stores, &bus));
    let proof = ada(&one).await;
    let issued = one.create_session(&proof, Default::default()).await.unwrap();
    replicate(&stores, &issued.session.id).await;
    tokio::time::advance(Duration::from_secs(11)).await;
    stores.0.forget_calls();
    two.validate_session_user(&issued.token).await.unwrap();
    assert_eq!(stores.0.calls(), [""; 0]);
    one.invalidate_session(&issued.session.id).await.unwrap();
    let refused = two.validate_session_user(&issued.token).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidSessionId);
    // Only for as long as the replica may lag.
    tokio::time::advance(Duration::from_secs(11)).await;
    assert!(two.validate_session_user(&issued.token).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn without_its_bus_everything_is_read_at_the_primary() {
    let (stores, bus) = (stores(), MemoryInvalidations::default());
    let (one, two) = (on_bus(&stores, &bus), on_bus(&stores, &bus));
    let proof = ada(&one).await;
    let issued = one.create_session(&proof, Default::default()).await.unwrap();
    replicate(&stores, &issued.session.id).await;
    tokio::time::advance(Duration::from_secs(11)).await;
    two.validate_session_user(&issued.token).await.unwrap();
    bus.cut();
    one.invalidate_session(&issued.session.id).await.unwrap();
    assert!(two.validate_session_user(&issued.token).await.is_err());
    tokio::time::advance(Duration::from_secs(11)).await;
    assert!(two.validate_session_user(&issued.token).await.is_err());
    // What was missed may be as young as the connection.
    bus.mend();
    assert!(two.validate_session_user(&issued.token).await.is_err());
    tokio::time::advance(Duration::from_secs(11)).await;
    assert!(two.validate_session_user(&issued.token).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_cache_around_a_replica_reads_anew_from_the_primary() {
    let (stores, bus) = (stores(), MemoryInvalidations::default());
    let process = || {
        let (primary, replica) = stores.clone();
        let inner = ReplicatedAdapter::new(primary, replica).invalidations(bus.clone());
        let options = CacheOptions::default().invalidations(bus.clone());
        let builder = Auth::builder(CachedAdapter::new(inner, options)).base_url("https://example.com");
        builder.secret(Secret::random().unwrap()).build().unwrap()
    };
    let (one, two) = (process(), process());
    let proof = ada(&one).await;
    let issued = one.create_session(&proof, Default::default()).await.unwrap();
    replicate(&stores, &issued.session.id).await;
    tokio::time::advance(Duration::from_secs(11)).await;
    two.validate_session_user(&issued.token).await.unwrap();
    one.invalidate_session(&issued.session.id).await.unwrap();
    assert!(two.validate_session_user(&issued.token).await.is_err());
}

#[test]
fn a_window_out_of_bounds_is_refused_by_name() {
    for (seconds, is_fine) in [(0, false), (1, true), (600, true), (601, false)] {
        let adapter = ReplicatedAdapter::new(MemoryAdapter::default(), MemoryAdapter::default())
            .read_own_writes_for(Duration::from_secs(seconds));
        let built = Auth::builder(adapter)
            .secret(Secret::random().unwrap())
            .base_url("https://example.com")
            .build();
        assert_eq!(built.is_ok(), is_fine);
        assert!(
            built
                .err()
                .is_none_or(|error| error.to_string().contains("read_own_writes_for"))
        );
    }
}
