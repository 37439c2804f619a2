//! A thief holds the token of a session that its owner has ended: no cache lets them in.

use auth_core::{
    Auth, ErrorKind, IssuedSession, NewUser, Proof, Secret, SessionToken, UserPatch,
    adapter::UserAdapter,
    adapters::{CacheOptions, CachedAdapter, MemoryAdapter, MemoryInvalidations, SqliteAdapter},
    testing::FaultyAdapter,
};

use serde_json::{Value, json};

use crate::PASSWORD;

fn over(adapter: impl auth_core::adapter::Adapter) -> Auth {
    let builder = Auth::builder(adapter).base_url("https://app.example.com");
    builder
        .secret(Secret::new("a secret of the tests, 32 bytes and more"))
        .build()
        .unwrap()
}

async fn ada(auth: &Auth) -> Proof {
    let new = NewUser::with_password("username", "ada", PASSWORD);
    auth.create_user(new).await.unwrap();
    auth.authenticate_user("username", "ada", PASSWORD).await.unwrap()
}

async fn session(auth: &Auth, proof: &Proof) -> IssuedSession {
    auth.create_session(proof, Default::default()).await.unwrap()
}

/// Uses the token until every cache knows it.
async fn warm(auth: &Auth, token: &SessionToken) {
    for _ in 0..3 {
        auth.validate_session(token).await.unwrap();
        auth.validate_session_user(token).await.unwrap();
    }
}

async fn assert_refused(auth: &Auth, token: &SessionToken) {
    let error = auth.validate_session(token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSessionId);
    let error = auth.validate_session_user(token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSessionId);
}

#[tokio::test]
async fn the_next_request_after_a_revocation_is_refused() {
    let store = MemoryAdapter::default();
    let auth = over(CachedAdapter::new(store, CacheOptions::default()));
    let proof = ada(&auth).await;
    let issued = session(&auth, &proof).await;
    warm(&auth, &issued.token).await;
    auth.invalidate_session(&issued.session.id).await.unwrap();
    assert_refused(&auth, &issued.token).await;

    let (one, two) = (session(&auth, &proof).await, session(&auth, &proof).await);
    warm(&auth, &one.token).await;
    warm(&auth, &two.token).await;
    auth.invalidate_all_user_sessions(proof.user_id()).await.unwrap();
    assert_refused(&auth, &one.token).await;
    assert_refused(&auth, &two.token).await;

    let issued = session(&auth, &proof).await;
    warm(&auth, &issued.token).await;
    auth.delete_user(proof.user_id()).await.unwrap();
    assert_refused(&auth, &issued.token).await;
}

#[tokio::test]
async fn a_banned_user_is_refused_at_once() {
    let store = MemoryAdapter::default();
    let bus = MemoryInvalidations::default();
    let options = CacheOptions::default().invalidations(bus);
    let auth = over(CachedAdapter::new(store.clone(), options.clone()));
    let administration = CachedAdapter::new(store.clone(), options);
    let proof = ada(&auth).await;
    let issued = session(&auth, &proof).await;
    warm(&auth, &issued.token).await;
    let ban = UserPatch {
        banned_until: Some(Some(auth_core::Timestamp::from_unix_ms(i64::MAX))),
        ..UserPatch::default()
    };
    administration.update_user(proof.user_id(), &ban).await.unwrap();
    let error = auth.validate_session_user(&issued.token).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidSessionId);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_that_races_with_the_revocation_opens_no_door_for_the_next() {
    let store = FaultyAdapter::new(MemoryAdapter::default());
    let auth = over(CachedAdapter::new(store.clone(), CacheOptions::default()));
    let proof = ada(&auth).await;
    for _ in 0..100 {
        let issued = session(&auth, &proof).await;
        // The thief's request has read the row and has not heard of it yet.
        let hold = store.hold_after("get_session_and_user");
        let thief = tokio::spawn({
            let (auth, token) = (auth.clone(), issued.token.clone());
            async move { auth.validate_session_user(&token).await.is_ok() }
        });
        hold.reached().await;
        auth.invalidate_session(&issued.session.id).await.unwrap();
        hold.release();
        let _ = thief.await.unwrap();
        assert_refused(&auth, &issued.token).await;
    }
}

#[tokio::test]
async fn a_revocation_reaches_other_processes_by_the_bus() {
    let directory = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("auth.db").display());
    let options = CacheOptions::default().invalidations(MemoryInvalidations::default());
    let process = async || {
        let auth = over(CachedAdapter::new(
            SqliteAdapter::connect(&url).await.unwrap(),
            options.clone(),
        ));
        auth.migrate().await.unwrap();
        auth
    };
    let (one, two) = (process().await, process().await);
    let proof = ada(&one).await;
    let issued = session(&one, &proof).await;
    warm(&one, &issued.token).await;
    warm(&two, &issued.token).await;
    two.invalidate_session(&issued.session.id).await.unwrap();
    assert_refused(&one, &issued.token).await;
    assert_refused(&two, &issued.token).await;
}

/// Sends a change of the account as a browser does.
async fn change(auth: &Auth, token: &SessionToken, change: Value) -> (u16, Value) {
    let request = http::Request::put("/api/auth/user")
        .header("cookie", format!("__Host-auth_session={}", &*token.expose()))
        .header("origin", "https://app.example.com")
        .header("content-type", "application/json")
        .body(change.to_string().into())
        .unwrap();
    let answer = auth.handle(request).await;
    (answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap())
}

/// A session that one process remembers, and another that writes to the same store and tells nobody.
struct Remembered {
    here: Auth,
    there: Auth,
    issued: IssuedSession,
}

async fn remembered() -> Remembered {
    let store = MemoryAdapter::default();
    let there = over(store.clone());
    let here = over(CachedAdapter::new(store, CacheOptions::default()));
    let issued = session(&here, &ada(&here).await).await;
    warm(&here, &issued.token).await;
    Remembered { here, there, issued }
}

#[tokio::test]
async fn an_account_is_changed_as_the_store_has_it_not_as_a_cache_remembers_it() {
    let Remembered { here, there, issued } = remembered().await;
    // Another process writes, and nobody tells this one.
    let patch = UserPatch {
        user_metadata: Some(json!({ "a": 1 }).as_object().unwrap().clone()),
        ..UserPatch::default()
    };
    there.update_user(&issued.session.user_id, patch).await.unwrap();
    let (status, user) = change(&here, &issued.token, json!({ "data": { "b": 2 } })).await;
    assert_eq!((status, &user["user_metadata"]), (200, &json!({ "a": 1, "b": 2 })));

    warm(&here, &issued.token).await;
    there.invalidate_session(&issued.session.id).await.unwrap();
    here.validate_session(&issued.token).await.unwrap();
    let (status, _) = change(&here, &issued.token, json!({ "password": "another horse battery" })).await;
    assert_eq!(status, 401);
    assert!(there.authenticate_user("username", "ada", PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_cookie_that_was_replaced_elsewhere_changes_no_account_here() {
    let Remembered { here, there, issued } = remembered().await;
    // At another process the owner chooses another password; the copy is remembered here.
    let password = json!({ "password": "another horse battery" });
    let (status, _) = change(&there, &issued.token, password).await;
    assert_eq!(status, 200);
    here.validate_session(&issued.token).await.unwrap();
    let (status, _) = change(&here, &issued.token, json!({ "password": "the thief's password" })).await;
    assert_eq!(status, 401);
    let known = there
        .authenticate_user("username", "ada", "another horse battery")
        .await;
    assert!(known.is_ok());
}
