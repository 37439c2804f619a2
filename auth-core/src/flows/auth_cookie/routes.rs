use serde_json::{Value, json};

use super::{AuthChangeEvent, AuthCookieSession};
use crate::{
    error::{Error, ErrorKind, Result},
    http::{Call, Reply, routes},
};

routes! {
    "POST" "/cookie" => set_auth_cookie,
}

/// A page that holds its tokens itself tells what happened, and gets cookies for the pages the server makes.
async fn set_auth_cookie(call: Call) -> Result<Reply> {
    let refused = |sentence: &str| Error::from(ErrorKind::ValidationFailed).detail(sentence);
    if call.auth.inner.auth_cookies.is_none() {
        return Err(ErrorKind::NotFound.into());
    }
    let event = call.body.text("event")?.filter(|event| !event.is_empty());
    let event = AuthChangeEvent::from(event.ok_or_else(|| refused("Auth event missing!"))?);
    let session = match call.body.object("session")? {
        None => None,
        Some(session) => {
            let session: AuthCookieSession =
                serde_json::from_value(Value::Object(session.clone())).map_err(|_| refused("Auth session missing!"))?;
            Some(session)
        }
    };
    call.request.set_auth_cookie(event, session.as_ref()).await?;
    Ok(Reply::ok(json!({})))
}
