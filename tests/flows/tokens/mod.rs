//! The token strategy: the cases of SuperTokens' own suite (numbered as there), and those it left out.
//!
//! Tokens are made and judged by the core; each story sends them through its driver as well.

mod access;
mod claims;
mod keys;
mod others;
mod races;
mod refresh;
#[cfg(feature = "aws-lc")]
mod rs256;
mod sessions;
mod settings;
mod unrotated;

use std::{ops::Deref, time::Duration};

use auth_core::{
    AuthBuilder, ErrorKind, IssuedSession, JsonObject, NewSession, NewUser, Proof, Rotation, SessionTokens, Tokens,
};

use crate::{App, Held, PASSWORD};

const HOUR: Duration = Duration::from_secs(3_600);
/// A key is published so long before it signs: ten minutes for those who keep the keys, and two for processes and clocks.
const AHEAD: Duration = Duration::from_secs(720);

/// An application with somebody in it.
struct House {
    app: App,
    proof: Proof,
}

impl Deref for House {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

async fn with(app: &App, tokens: Tokens) -> House {
    built(app, |builder| builder.sessions(tokens)).await
}

async fn built(app: &App, setup: impl FnOnce(AuthBuilder) -> AuthBuilder) -> House {
    let app = App::with(app.driver, setup).await;
    let new = NewUser::with_password("username", "ada", PASSWORD);
    app.auth.create_user(new).await.unwrap();
    let proof = app.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    House { app, proof }
}

async fn strict(app: &App) -> House {
    let straggler = Duration::ZERO;
    with(app, Tokens::default().rotation(Rotation::ParentChild { straggler })).await
}

async fn issue_with(house: &House, payload: JsonObject) -> (IssuedSession, SessionTokens) {
    let mut session = NewSession::default();
    session.payload = payload;
    let issued = house.auth.create_session(&house.proof, session).await.unwrap();
    let tokens = issued.tokens.clone().unwrap();
    (issued, tokens)
}

async fn issue(house: &House) -> (IssuedSession, Held) {
    let (issued, tokens) = issue_with(house, JsonObject::new()).await;
    (issued, Held::from(&tokens))
}

fn object(value: &serde_json::Value) -> JsonObject {
    value.as_object().unwrap().clone()
}

async fn refused(app: &App, access: &str) -> ErrorKind {
    app.open(access).await.unwrap_err()
}

async fn not_renewed(app: &App, refresh: &str) -> ErrorKind {
    app.renew(refresh).await.unwrap_err()
}

async fn refresh(app: &App, held: &Held) -> Held {
    app.renew(&held.refresh).await.unwrap().expect("not a step behind")
}

async fn opens(app: &App, held: &Held) -> Option<String> {
    app.open(&held.access).await.unwrap()
}
