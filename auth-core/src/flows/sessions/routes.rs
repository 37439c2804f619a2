use http::{HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::{
    error::{Error, ErrorKind, Result},
    http::{Call, Reply, routes, session_listing, user_answer},
    id::SessionId,
};

routes! {
    "GET" "/session" => get_session,
    "GET" "/sessions" => list_sessions,
    "DELETE" "/sessions/{}" => end_session,
    "POST" "/logout" => log_out,
    "POST" "/signout" => sign_out,
}

async fn get_session(call: Call) -> Result<Reply> {
    let answer = match call.request.validate_user().await? {
        Some((session, user)) => json!({
            "session": session_listing(&session, &session.id),
            "user": user_answer(&call.auth, &user).await?,
        }),
        None => json!({ "session": null, "user": null }),
    };
    Ok(Reply::ok(answer))
}

async fn list_sessions(call: Call) -> Result<Reply> {
    let (current, user) = call.require_user().await?;
    let sessions = call.auth.get_all_user_sessions(&user.id).await?;
    let listed: Vec<Value> = sessions
        .iter()
        .map(|session| session_listing(session, &current.id))
        .collect();
    Ok(Reply::ok(json!({ "sessions": listed })))
}

/// One of the caller's own; another user's handle is as unknown as one that never was.
async fn end_session(call: Call) -> Result<Reply> {
    let (current, user) = call.require_user().await?;
    let handle = SessionId::from(call.parameters.first().map(String::as_str).unwrap_or_default());
    let session = call.auth.inner.adapter.get_session(&handle).await?;
    if session.is_none_or(|session| session.user_id != user.id) {
        return Err(ErrorKind::SessionNotFound.into());
    }
    call.auth
        .end_session(&handle, Some(&user.id), call.request.client())
        .await?;
    if handle == current.id {
        call.request.set_session(None);
    }
    Ok(Reply::no_content())
}

/// GoTrue's: 204.
async fn log_out(call: Call) -> Result<Reply> {
    call.check_bearer().await?;
    let everywhere = call.request.is_bearer();
    leave(&call, if everywhere { "global" } else { "local" }).await?;
    Ok(said_goodbye(&call, Reply::no_content()))
}

/// SuperTokens': 200 `{"status":"OK"}`.
async fn sign_out(call: Call) -> Result<Reply> {
    if call.auth.inner.tokens.is_some() {
        // Its clients refresh and try again when they hear 401.
        call.request.require_session().await?;
    }
    leave(&call, "local").await?;
    Ok(said_goodbye(&call, Reply::ok(json!({ "status": "OK" }))))
}

/// Ends sessions on the server first; the cookie goes only when that succeeded. Without a session there is nothing to
/// end, and that is no error.
async fn leave(call: &Call, default_scope: &str) -> Result<()> {
    let scope = call.query("scope")?.unwrap_or(default_scope);
    if !matches!(scope, "global" | "local" | "others") {
        // The value is the caller's own; escaping it is JSON's doing.
        return Err(Error::from(ErrorKind::ValidationFailed).detail(format!("Unsupported logout scope {scope:?}")));
    }
    let found = if call.auth.inner.tokens.is_some() {
        // A session that its access token cannot reach any more is not over: its client is told to refresh, and a
        // request that must carry more than cookies is asked for it.
        let session = call.request.validate().await?;
        session.map(|session| (session.id.clone(), session.user_id.clone()))
    } else {
        let session = call.request.presented_session().await?;
        session.map(|session| (session.id, session.user_id))
    };
    let Some((id, user_id)) = found else {
        return Ok(());
    };
    let client = call.request.client();
    match scope {
        "global" => call.auth.end_sessions(&user_id, None, client).await?,
        "others" => return call.auth.end_sessions(&user_id, Some(&id), client).await,
        _ => call.auth.end_session(&id, Some(&user_id), client).await.map(drop)?,
    }
    if !call.request.is_bearer() || call.auth.inner.tokens.is_some() {
        call.request.set_session(None);
    }
    Ok(())
}

fn said_goodbye(call: &Call, reply: Reply) -> Reply {
    if call.auth.inner.config.clear_site_data {
        let name = HeaderName::from_static("clear-site-data");
        return reply.header(name, HeaderValue::from_static("\"cookies\", \"storage\""));
    }
    reply
}
