use serde_json::json;

use crate::{
    address::Address,
    error::Result,
    http::{Call, Reply, openapi, routes},
};

routes! {
    "GET" "/health" => health,
    "GET" "/settings" => settings,
    "GET" "/openapi.json" => document,
}

async fn health(call: Call) -> Result<Reply> {
    call.auth.ping().await?;
    Ok(Reply::ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "name": "auth",
        "description": env!("CARGO_PKG_DESCRIPTION"),
    })))
}

async fn settings(call: Call) -> Result<Reply> {
    let (auth, config) = (&call.auth, &call.auth.inner.config);
    let (email, phone) = (Address::Email(String::new()), Address::Phone(String::new()));
    Ok(Reply::ok(json!({
        "external": {
            "anonymous_users": config.anonymous,
            "email": auth.is_enabled(&email),
            "phone": auth.is_enabled(&phone),
        },
        "disable_signup": !config.signup,
        "mailer_autoconfirm": !auth.confirms(&email),
        "phone_autoconfirm": !auth.confirms(&phone),
        "sms_provider": auth.inner.post.sms_provider().unwrap_or_default(),
        "saml_enabled": false,
        "passkeys_enabled": false,
    })))
}

async fn document(call: Call) -> Result<Reply> {
    Ok(Reply::ok(openapi(&call.auth)?))
}
