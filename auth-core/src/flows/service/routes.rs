use serde_json::json;

use crate::{
    error::Result,
    http::{Call, Reply, openapi, routes},
};

routes! {
    "GET" "/health" => health,
    "GET" "/settings" => settings,
    "GET" "/openapi.json" => document,
}

async fn health(call: Call) -> Result<Reply> {
    call.auth.inner.adapter.ping().await?;
    Ok(Reply::ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "name": "auth",
        "description": env!("CARGO_PKG_DESCRIPTION"),
    })))
}

async fn settings(call: Call) -> Result<Reply> {
    Ok(Reply::ok(json!({
        "external": { "anonymous_users": false, "email": true, "phone": false },
        "disable_signup": !call.auth.inner.config.signup,
        "mailer_autoconfirm": true,
        "phone_autoconfirm": false,
        "saml_enabled": false,
        "passkeys_enabled": false,
    })))
}

async fn document(call: Call) -> Result<Reply> {
    Ok(Reply::ok(openapi(&call.auth)?))
}
