use serde_json::json;

use crate::{
    error::{ErrorKind, Result},
    flows::one_time::Asked,
    http::{Call, Reply, routes},
};

routes! {
    "GET" "/reauthenticate" => by_get,
    "POST" "/reauthenticate" => by_post,
}

/// GoTrue's. Another site can make a browser GET anything, so cookies are believed only when the browser says that the
/// request is this site's own.
async fn by_get(call: Call) -> Result<Reply> {
    call.require_user().await?;
    if !call.request.is_bearer() && !call.is_same_origin {
        return Err(ErrorKind::InvalidRequest.into());
    }
    by_post(call).await
}

async fn by_post(call: Call) -> Result<Reply> {
    let (_, user) = call.require_user().await?;
    // Not bound to the browser: whoever types the code is signed in.
    let asked = Asked::by(call.delivery);
    call.auth.send_nonce(&user, &asked, call.request.client()).await?;
    Ok(Reply::pending(json!({})))
}
