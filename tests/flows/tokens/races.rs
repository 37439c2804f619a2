use std::{sync::Arc, time::Duration};

use auth_core::{
    Auth, ErrorKind, NewSession, NewUser, Secret, Tokens,
    adapter::SigningKeyAdapter,
    adapters::{MemoryAdapter, SqliteAdapter},
    testing::ManualClock,
};

use crate::PASSWORD;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_refreshes_at_once_all_succeed_and_one_line_lives_on() {
    for sqlite in [false, true] {
        let clock = ManualClock::default();
        let builder = match sqlite {
            true => Auth::builder(SqliteAdapter::connect("sqlite::memory:").await.unwrap()),
            false => Auth::builder(MemoryAdapter::default()),
        };
        let auth = builder
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .clock(clock.clone())
            .sessions(Tokens::default())
            .build()
            .unwrap();
        auth.migrate().await.unwrap();
        auth.create_user(NewUser::with_password("username", "ada", PASSWORD))
            .await
            .unwrap();
        let proof = auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
        let issued = auth.create_session(&proof, NewSession::default()).await.unwrap();
        let token = Arc::new(issued.tokens.unwrap().refresh.expose().to_owned());

        let racers: Vec<_> = (0..50)
            .map(|_| {
                let (auth, token) = (auth.clone(), Arc::clone(&token));
                tokio::spawn(async move { auth.refresh_session(&token).await.unwrap().tokens.unwrap() })
            })
            .collect();
        let mut children = Vec::new();
        for racer in racers {
            children.push(racer.await.unwrap());
        }
        // Each is used at once, and from then on one line counts: the first that is refreshed.
        let uses: Vec<_> = children
            .iter()
            .map(|child| {
                let (auth, access) = (auth.clone(), child.access.expose().to_owned());
                tokio::spawn(async move { auth.validate_access_token(&access, None).await.unwrap() })
            })
            .collect();
        for used in uses {
            used.await.unwrap();
        }
        clock.advance(Duration::from_secs(60));
        let next = auth
            .refresh_session(children[7].refresh.expose())
            .await
            .unwrap()
            .tokens
            .unwrap();
        auth.validate_access_token(next.access.expose(), None).await.unwrap();
        for child in &children {
            // Within the window the others are served.
            assert!(
                auth.refresh_session(child.refresh.expose())
                    .await
                    .unwrap()
                    .tokens
                    .is_none()
            );
        }
        auth.refresh_session(next.refresh.expose()).await.unwrap();
        assert_eq!(
            auth.get_all_session_handles_for_user(proof.user_id())
                .await
                .unwrap()
                .len(),
            1
        );
        clock.advance(Duration::from_secs(60));
        let late = auth.refresh_session(children[8].refresh.expose()).await.unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TokenTheft);
    }
}

#[tokio::test]
async fn one_key_comes_of_many_processes_that_start_at_once() {
    let store = SqliteAdapter::connect("sqlite::memory:").await.unwrap();
    let handle = || {
        Auth::builder(store.clone())
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .sessions(Tokens::default())
            .build()
            .unwrap()
    };
    let first = handle();
    first.migrate().await.unwrap();
    first
        .create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await
        .unwrap();
    let starts: Vec<_> = (0..8)
        .map(|_| {
            let auth = handle();
            tokio::spawn(async move {
                let proof = auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
                auth.create_session(&proof, NewSession::default())
                    .await
                    .unwrap()
                    .tokens
                    .unwrap()
            })
        })
        .collect();
    for start in starts {
        let tokens = start.await.unwrap();
        first.validate_access_token(tokens.access.expose(), None).await.unwrap();
        first.refresh_session(tokens.refresh.expose()).await.unwrap();
    }
    assert_eq!(store.get_signing_keys().await.unwrap().len(), 1);
}
