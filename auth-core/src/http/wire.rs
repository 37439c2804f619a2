//! The shapes of the answers: GoTrue's user and session, and the listing of sessions.

use serde_json::{Map, Value, json};

use crate::{
    address::EMAIL,
    auth::Auth,
    clock::Timestamp,
    error::{Result, WeakPasswordReason},
    flows::{
        confirmation::Receipt,
        sessions::IssuedSession,
        tokens::{RefreshedSession, SessionTokens},
    },
    id::SessionId,
    model::{KeyRecord, OneTimeToken, Purpose, Session, User},
};

/// How a token reaches the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// In the answer's body, for clients that keep it themselves.
    Body,
    /// In a cookie, and nowhere else.
    Cookie,
}

/// GoTrue's user, with one identity for each key.
pub(crate) async fn user_answer(auth: &Auth, user: &User) -> Result<Value> {
    let keys = auth.inner.adapter.get_keys_by_user_id(&user.id).await?;
    let tokens = auth.inner.adapter.get_tokens_by_user_id(&user.id).await?;
    Ok(user_shape(auth, user, &keys, &tokens))
}

/// GoTrue's session: with the token for clients that keep it, without for browsers.
pub(crate) async fn session_answer(
    auth: &Auth,
    user: &User,
    issued: &IssuedSession,
    delivery: Delivery,
) -> Result<Value> {
    let mut answer = match &issued.tokens {
        Some(tokens) => tokens_answer(auth, user, Some(tokens), tokens.access.expires(), delivery).await?,
        None => shared_answer(auth, user, issued.session.expires()).await?,
    };
    if issued.tokens.is_none() && delivery == Delivery::Body {
        answer["access_token"] = Value::from(issued.token.expose().as_str());
        answer["token_type"] = Value::from("bearer");
    }
    if !issued.weak_password.is_empty() {
        answer["weak_password"] = json!({
            "message": auth.inner.passwords.weakness_sentence(&issued.weak_password),
            "reasons": reason_words(&issued.weak_password),
        });
    }
    Ok(answer)
}

/// What is wrong with a password, in words that never change.
pub(super) fn reason_words(reasons: &[WeakPasswordReason]) -> Vec<&'static str> {
    reasons.iter().map(|reason| reason.as_str()).collect()
}

/// GoTrue's session as the members of a fragment.
pub(crate) fn session_pairs(auth: &Auth, issued: &IssuedSession) -> Vec<(&'static str, String)> {
    let (access, expires) = match &issued.tokens {
        Some(tokens) => (tokens.access.expose().to_owned(), tokens.access.expires()),
        None => (issued.token.expose().as_str().to_owned(), issued.session.expires()),
    };
    let mut pairs = vec![
        ("access_token", access),
        ("expires_at", expires.as_unix_seconds().to_string()),
        ("expires_in", expires.since(auth.now()).as_secs().to_string()),
    ];
    if let Some(tokens) = &issued.tokens {
        pairs.push(("refresh_token", tokens.refresh.expose().to_owned()));
    }
    pairs.push(("token_type", "bearer".to_owned()));
    pairs
}

/// The user of a sign-up that awaits its proof; the same members whether there is such a user or not.
pub(crate) fn receipt_answer(auth: &Auth, receipt: &Receipt) -> Value {
    user_shape(
        auth,
        &receipt.user,
        std::slice::from_ref(&receipt.key),
        std::slice::from_ref(&receipt.token),
    )
}

/// GoTrue's session after a refresh.
pub(crate) async fn refreshed_answer(auth: &Auth, refreshed: &RefreshedSession, delivery: Delivery) -> Result<Value> {
    let tokens = refreshed.tokens.as_ref();
    // Whoever is given none is told to ask again.
    let expires = tokens.map_or_else(|| auth.now(), |tokens| tokens.access.expires());
    tokens_answer(auth, &refreshed.user, tokens, expires, delivery).await
}

async fn tokens_answer(
    auth: &Auth,
    user: &User,
    tokens: Option<&SessionTokens>,
    expires: Timestamp,
    delivery: Delivery,
) -> Result<Value> {
    let mut answer = shared_answer(auth, user, expires).await?;
    if let (Some(tokens), Delivery::Body) = (tokens, delivery) {
        answer["access_token"] = Value::from(tokens.access.expose());
        answer["refresh_token"] = Value::from(tokens.refresh.expose());
        answer["token_type"] = Value::from("bearer");
    }
    Ok(answer)
}

async fn shared_answer(auth: &Auth, user: &User, expires: Timestamp) -> Result<Value> {
    Ok(json!({
        "expires_in": expires.since(auth.now()).as_secs(),
        "expires_at": expires.as_unix_seconds(),
        "user": user_answer(auth, user).await?,
    }))
}

/// A session in a listing: the handle, never a secret.
pub(crate) fn session_listing(session: &Session, current: &SessionId) -> Value {
    json!({
        "id": session.id.as_str(),
        "user_id": session.user_id.as_str(),
        "current": session.id == *current,
        "created_at": session.created_at.to_rfc3339(),
        "last_seen_at": session.last_seen.to_rfc3339(),
        "refreshed_at": session.refreshed_at.map(time_shape),
        "expires_at": session.expires().as_unix_seconds(),
        "ip": session.ip.map(|ip| ip.to_string()),
        "user_agent": session.user_agent,
        "aal": format!("aal{}", session.aal),
        "amr": session.amr.iter().map(|amr| json!({
            "method": amr.method,
            "timestamp": amr.timestamp.as_unix_seconds(),
        })).collect::<Vec<_>>(),
        "attributes": session.attributes,
    })
}

pub(crate) fn user_shape(auth: &Auth, user: &User, keys: &[KeyRecord], tokens: &[OneTimeToken]) -> Value {
    let mut shape = Map::new();
    let mut put = |name: &str, value: Value| shape.insert(name.to_owned(), value);
    put("id", Value::from(user.id.as_str()));
    put("aud", Value::from(auth.inner.config.audience.as_str()));
    put("role", Value::from(user.role.as_str()));
    put("email", Value::from(user.email.as_deref().unwrap_or_default()));
    put("phone", Value::from(user.phone.as_deref().unwrap_or_default()));
    let confirmed = [user.email_confirmed_at, user.phone_confirmed_at];
    for (name, time) in [
        ("email_confirmed_at", user.email_confirmed_at),
        ("phone_confirmed_at", user.phone_confirmed_at),
        ("confirmed_at", confirmed.into_iter().flatten().min()),
        ("last_sign_in_at", user.last_sign_in_at),
        ("banned_until", user.banned_until),
        ("deleted_at", user.deleted_at),
    ] {
        if let Some(time) = time {
            put(name, time_shape(time));
        }
    }
    for token in tokens.iter().filter(|token| auth.now() <= token.expires()) {
        for (name, value) in pending(token) {
            put(name, value);
        }
    }
    let identities: Vec<_> = keys.iter().filter(|key| key.expires.is_none()).collect();
    put("app_metadata", Value::Object(user.app_metadata_with(keys)));
    put("user_metadata", Value::Object(user.user_metadata.clone()));
    put(
        "identities",
        identities.iter().map(|key| identity_shape(key, user)).collect(),
    );
    put("is_anonymous", Value::from(user.is_anonymous));
    put("created_at", time_shape(user.created_at));
    put("updated_at", time_shape(user.updated_at));
    if !user.attributes.is_empty() {
        put("attributes", json!(user.attributes));
    }
    Value::Object(shape)
}

fn identity_shape(key: &KeyRecord, user: &User) -> Value {
    let mut identity = json!({
        "identity_id": key.id.as_str(),
        "id": key.id.provider_user_id(),
        "user_id": user.id.as_str(),
        "provider": key.id.provider(),
        "identity_data": { "sub": key.id.provider_user_id() },
        "last_sign_in_at": user.last_sign_in_at.map(time_shape),
        "created_at": time_shape(key.created_at),
        "updated_at": time_shape(key.updated_at),
    });
    if key.id.provider() == EMAIL {
        let email = Value::from(key.id.provider_user_id());
        identity["identity_data"]["email"] = email.clone();
        identity["identity_data"]["email_verified"] = Value::from(user.email_confirmed_at.is_some());
        identity["email"] = email;
    }
    identity
}

/// What a token that was not answered yet says about its user.
fn pending(token: &OneTimeToken) -> Vec<(&'static str, Value)> {
    let sent = |name| (name, time_shape(token.created_at));
    match token.purpose {
        Purpose::Confirmation | Purpose::Sms => vec![sent("confirmation_sent_at")],
        Purpose::MagicLink | Purpose::Recovery => vec![sent("recovery_sent_at")],
        Purpose::Invite => vec![sent("invited_at"), sent("confirmation_sent_at")],
        Purpose::EmailChange => vec![
            ("new_email", Value::from(token.sent_to.as_str())),
            sent("email_change_sent_at"),
        ],
        Purpose::PhoneChange => vec![
            ("new_phone", Value::from(token.sent_to.as_str())),
            sent("phone_change_sent_at"),
        ],
        Purpose::Reauthentication => vec![sent("reauthentication_sent_at")],
        Purpose::AuthCode | Purpose::EmailChangeCurrent => Vec::new(),
    }
}

fn time_shape(time: Timestamp) -> Value {
    Value::from(time.to_rfc3339())
}
