//! What an application asks of a store, through the core.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use auth_core::{Auth, IssuedSession, NewUser, Proof, SessionConfig, SessionToken, Tokens, adapters::AnyAdapter};
use tokio::task::JoinSet;

use crate::{ASKING, Failure, ROUNDS, build, median, print, rate, session};

/// Sessions that an act is done to.
const SESSIONS: usize = 500;
/// Whose sessions are made.
const USERS: usize = 200;

pub(crate) async fn acts(store: &str, adapter: AnyAdapter) -> Result<(), Failure> {
    let auth = build(adapter.clone(), SessionConfig::default())?;
    auth.migrate().await?;
    let issued = session(&auth).await?;
    let token = Arc::new(SessionToken::parse(&issued.token.expose())?);
    let validated = rate(|| {
        let (auth, token) = (auth.clone(), Arc::clone(&token));
        async move { auth.validate_session_user(&token).await.map(drop).expect("it is valid") }
    });
    print(store, "validate", validated.await, None);
    // Of many users: thousands of sessions of one are nobody's day.
    let mut proofs = Vec::new();
    for number in 0..USERS {
        let name = format!("user{number}");
        let _ = auth
            .create_user(NewUser::with_password("username", &name, "correct horse battery"))
            .await;
        proofs.push(
            auth.authenticate_user("username", &name, "correct horse battery")
                .await?,
        );
    }
    let (proofs, next) = (Arc::new(proofs), AtomicUsize::new(0));
    let created = rate(|| {
        let (auth, proofs, at) = (
            auth.clone(),
            Arc::clone(&proofs),
            next.fetch_add(1, Ordering::Relaxed) % USERS,
        );
        async move {
            let proof = &proofs[at];
            auth.create_session(proof, Default::default())
                .await
                .map(drop)
                .expect("it is made")
        }
    });
    print(store, "create", created.await, None);
    let renewed = each(&auth, &proofs, |auth, issued| async move {
        auth.renew_session(&issued.token)
            .await
            .map(drop)
            .expect("it is renewed");
    });
    print(store, "renew", renewed.await?, None);
    let revoked = each(&auth, &proofs, |auth, issued| async move {
        auth.invalidate_session(&issued.session.id).await.expect("it is ended");
    });
    print(store, "revoke", revoked.await?, None);
    let tokens = build(adapter, Tokens::default())?;
    let refreshed = each(&tokens, &proofs, |auth, issued| async move {
        let tokens = issued.tokens.expect("tokens");
        auth.refresh_session(tokens.refresh.expose())
            .await
            .map(drop)
            .expect("it is refreshed");
    });
    print(store, "refresh", refreshed.await?, None);
    Ok(())
}

/// An act that is done once to each of many new sessions.
async fn each<F: Future<Output = ()> + Send + 'static>(
    auth: &Auth,
    proofs: &[Proof],
    act: impl Fn(Auth, IssuedSession) -> F,
) -> Result<f64, Failure> {
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let mut sessions = Vec::new();
        for number in 0..SESSIONS {
            sessions.push(
                auth.create_session(&proofs[number % proofs.len()], Default::default())
                    .await?,
            );
        }
        let (start, mut acting) = (Instant::now(), JoinSet::new());
        for issued in sessions {
            if acting.len() == ASKING {
                acting.join_next().await;
            }
            acting.spawn(act(auth.clone(), issued));
        }
        acting.join_all().await;
        rates.push(SESSIONS as f64 / start.elapsed().as_secs_f64());
    }
    Ok(median(rates))
}
