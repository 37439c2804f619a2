use std::time::Duration;

use http::{
    HeaderValue,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL},
};
use serde_json::json;

use crate::{
    error::{Error, ErrorKind, Result},
    http::{Call, Delivery, Reply, refreshed_answer, routes},
};

routes! {
    "POST" "/session/refresh" => refresh,
    "GET" "/.well-known/jwks.json" => published_keys,
}

/// SuperTokens': 200 `{}`, the tokens where the request had its own.
async fn refresh(call: Call) -> Result<Reply> {
    if call.auth.inner.tokens.is_none() {
        return Err(ErrorKind::NotFound.into());
    }
    call.auth.limit_refreshes(call.request.client()).await?;
    call.request.refresh_tokens().await?;
    Ok(Reply::ok(json!({})))
}

/// GoTrue's `grant_type=refresh_token`: the token comes and goes in the body, unless the request has cookies only.
pub(crate) async fn grant(call: &Call) -> Result<Reply> {
    if call.auth.inner.tokens.is_none() {
        return Err(ErrorKind::Unauthorised.into());
    }
    call.auth.limit_refreshes(call.request.client()).await?;
    let (refreshed, delivery) = match call.body.text("refresh_token")? {
        Some(token) => {
            let refreshed = call.request.detached_refresh(token.to_owned()).await;
            let refreshed = match refreshed {
                Err(error) => return Err(in_gotrues_words(call, token, error).await?),
                Ok(refreshed) => refreshed,
            };
            (refreshed, Delivery::Body)
        }
        None => (call.request.refresh_tokens().await?, Delivery::Cookie),
    };
    match &refreshed.tokens {
        Some(tokens) if delivery == Delivery::Body => call.request.hand_over(tokens),
        // Its client has newer tokens already.
        None if delivery == Delivery::Body => return Err(ErrorKind::RefreshConflict.into()),
        _ => {}
    }
    Ok(Reply::ok(refreshed_answer(&call.auth, &refreshed, delivery).await?))
}

/// Its clients give up on 400, and try again on 401.
async fn in_gotrues_words(call: &Call, token: &str, error: Error) -> Result<Error> {
    Ok(match error.kind() {
        ErrorKind::TokenTheft => ErrorKind::RefreshTokenReused.into(),
        ErrorKind::Unauthorised | ErrorKind::TryRefreshToken => call.auth.why_not_renewed(token).await?,
        _ => error,
    })
}

/// RFC 7517: the public halves of the keys that sign access tokens.
async fn published_keys(call: Call) -> Result<Reply> {
    let Some(strategy) = &call.auth.inner.tokens else {
        return Err(ErrorKind::NotFound.into());
    };
    let (keys, fresh_for) = strategy.ring.published(&call.auth).await?;
    let fresh_for: Duration = fresh_for;
    let caching = format!("public, max-age={}, must-revalidate", fresh_for.as_secs());
    let reply = Reply::ok(json!({ "keys": keys }));
    Ok(match HeaderValue::from_str(&caching) {
        // Public, for pages of anybody.
        Ok(caching) => reply
            .replace_header(CACHE_CONTROL, caching)
            .replace_header(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
        Err(_) => reply,
    })
}
