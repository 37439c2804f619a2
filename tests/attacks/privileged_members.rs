//! Members in a body that only the server may set.

use serde_json::{Value, json};

use crate::{App, PASSWORD, stories};

stories![no_body_can_set_what_is_not_the_users,];

fn privileged() -> Value {
    json!({
        "id": "chosen",
        "user_id": "chosen",
        "userId": "chosen",
        "role": "service_role",
        "aud": "admin",
        "is_admin": true,
        "is_anonymous": true,
        "email_confirmed_at": "1999-01-01T00:00:00Z",
        "emailVerified": true,
        "phone_confirmed_at": "1999-01-01T00:00:00Z",
        "banned_until": null,
        "app_metadata": { "plan": "paid", "provider": "google" },
        "created_at": "1999-01-01T00:00:00Z",
        "last_sign_in_at": "1999-01-01T00:00:00Z",
        "hashed_password": "$argon2id$x",
        "aal": 2,
        "attributes": { "credits": 1_000_000, "unknown": 1, "role": "admin" },
        "__proto__": { "role": "admin" },
    })
}

fn assert_plain(user: &Value) {
    assert_ne!(user["id"], "chosen");
    assert_eq!(user["role"], "authenticated");
    assert_eq!(user["aud"], "authenticated");
    assert_eq!(user["is_anonymous"], false);
    assert_eq!(user["phone"], "");
    assert_eq!(
        user["app_metadata"],
        json!({ "provider": "email", "providers": ["email"] })
    );
    assert_eq!(user["user_metadata"], json!({}));
    assert!(user["attributes"]["credits"].is_null());
    assert!(!user.to_string().contains("1999"));
}

async fn no_body_can_set_what_is_not_the_users(app: App) {
    let with = |own: Value| {
        let mut body = privileged();
        body.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        body
    };
    let browser = app.browser();
    let own = json!({ "email": "ada@example.com", "password": PASSWORD });
    let answer = browser.post("/api/auth/signup", with(own.clone())).await;
    assert_eq!(answer.status(), 200);
    assert_plain(&answer.json()["user"]);
    let answer = browser.post("/api/auth/token?grant_type=password", with(own)).await;
    assert_plain(&answer.json()["user"]);
    let mut body = privileged();
    let refused = browser.put("/api/auth/user", body.clone()).await;
    assert_eq!((refused.status(), refused.error_code().as_str()), (403, "not_admin"));
    body.as_object_mut().unwrap().remove("app_metadata");
    let answer = browser.put("/api/auth/user", body).await;
    assert_eq!(answer.status(), 200);
    assert_plain(&answer.json());
    // Nothing here could prove it.
    let phone = browser.put("/api/auth/user", json!({ "phone": "491701234567" })).await;
    assert_eq!(
        (phone.status(), phone.error_code().as_str()),
        (400, "phone_provider_disabled")
    );
    let form = "data[x]=1&role=admin&id=chosen&attributes[credits]=5&_method=PUT";
    assert_eq!(browser.form("/api/auth/user", form).await.status(), 303);
    let user = browser.get("/api/auth/user").await.json();
    assert_eq!(user["role"], "authenticated");
    assert!(user["app_metadata"]["plan"].is_null() && user["attributes"]["credits"].is_null());
    let session = browser.get("/api/auth/session").await.json();
    assert_eq!(session["session"]["aal"], "aal1");
}
