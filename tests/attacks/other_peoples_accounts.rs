//! Somebody who is signed in reaches for an account that is not theirs.

use serde_json::json;

use crate::{App, PASSWORD, stories};

stories![
    nobody_reads_or_changes_another_account,
    a_link_for_one_account_opens_no_other,
    a_given_up_account_opens_nothing,
];

async fn nobody_reads_or_changes_another_account(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let mallory = app.signed_up("mallory@example.com").await;
    let user = ada.get("/api/auth/user").await.json();
    let id = user["id"].as_str().unwrap();
    let admin_path = format!("/api/auth/admin/users/{id}");
    assert_eq!(mallory.get(&admin_path).await.error_code(), "not_admin");
    let takeover = json!({ "id": id, "user_id": id, "email": "mallory2@example.com", "password": "taken over now", "role": "service_role" });
    for (method, path) in [
        ("PUT", admin_path.as_str()),
        ("DELETE", admin_path.as_str()),
        ("PUT", "/api/auth/user"),
    ] {
        mallory.json(method, path, takeover.clone()).await;
    }
    assert_eq!(ada.get("/api/auth/user").await.json(), user);
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
    let sessions = mallory.get(&format!("{admin_path}/sessions")).await;
    assert_eq!((sessions.status(), sessions.error_code().as_str()), (403, "not_admin"));
    let link = json!({ "type": "recovery", "email": "ada@example.com" });
    let link = mallory.post("/api/auth/admin/generate_link", link).await;
    assert_eq!((link.status(), link.error_code().as_str()), (403, "not_admin"));
}

async fn a_link_for_one_account_opens_no_other(app: App) {
    app.signed_up("ada@example.com").await;
    app.signed_up("mallory@example.com").await;
    let admin = app.script().with(
        "authorization",
        format!("Bearer {}", app.auth.service_token(std::time::Duration::from_secs(60))),
    );
    let link = json!({ "type": "recovery", "email": "mallory@example.com" });
    let link = admin.post("/api/auth/admin/generate_link", link).await.json();
    let code = json!({ "type": "recovery", "token": link["email_otp"], "email": "ada@example.com" });
    assert_eq!(
        app.browser().post("/api/auth/verify", code).await.error_code(),
        "otp_expired"
    );
    let other_type = json!({ "type": "invite", "token_hash": link["hashed_token"] });
    assert_eq!(
        app.browser().post("/api/auth/verify", other_type).await.error_code(),
        "otp_expired"
    );
}

/// Whatever was issued before opens nothing after.
async fn a_given_up_account_opens_nothing(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let id = ada.get("/api/auth/user").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let link = auth_core::GenerateLink::magic_link("ada@example.com");
    let link = app.auth.generate_link(link).await.unwrap();
    app.auth.soft_delete_user(&auth_core::UserId::from(id)).await.unwrap();
    let body = json!({ "type": link.verification_type, "token_hash": link.hashed_token });
    assert_eq!(
        app.browser().post("/api/auth/verify", body).await.error_code(),
        "otp_expired"
    );
    assert_eq!(ada.get("/api/auth/user").await.status(), 401);
    assert_eq!(
        app.browser().sign_in("ada@example.com", PASSWORD).await.error_code(),
        "invalid_credentials"
    );
}
