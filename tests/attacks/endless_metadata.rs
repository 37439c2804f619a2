//! One request after the other adds to the metadata of an account, until its row is megabytes that are read with every session.

use auth_core::{AdminUserAttributes, ErrorKind, JsonObject, NewUser, UserId, UserPatch};
use serde_json::json;

use crate::{App, MINUTE, stories};

stories![
    metadata_grows_to_a_bound_and_no_further,
    nobody_stores_more_by_another_way,
    what_is_said_with_a_link_is_bounded_and_tells_nobody_who_is_there,
];

fn large(name: &str, length: usize) -> JsonObject {
    json!({ name: "x".repeat(length) }).as_object().unwrap().clone()
}

async fn metadata_grows_to_a_bound_and_no_further(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    for number in 0..4 {
        let before = ada.get("/api/auth/user").await.json();
        let data = large(&format!("key{number}"), 30_000);
        let answer = ada.put("/api/auth/user", json!({ "data": data })).await;
        if number < 2 {
            assert_eq!(answer.status(), 200, "{number}");
        } else {
            assert_eq!(
                (answer.status(), answer.error_code().as_str()),
                (400, "validation_failed")
            );
            assert_eq!(ada.get("/api/auth/user").await.json(), before);
        }
    }
    // One may go for another.
    let mut data = large("other", 30_000);
    data.insert("key0".to_owned(), json!(null));
    assert_eq!(ada.put("/api/auth/user", json!({ "data": data })).await.status(), 200);
}

async fn nobody_stores_more_by_another_way(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let id = UserId::from(ada.get("/me").await.text());
    // Braces, quotes and the colon are five bytes, the name is one.
    let (most, more) = (large("a", 64 * 1024 - 8), large("a", 64 * 1024 - 7));
    let made = [
        NewUser::without_key().user_metadata(more.clone()),
        NewUser::without_key().app_metadata(more.clone()),
    ];
    for new in made {
        let refused = app.auth.create_user(new).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ValidationFailed);
    }
    let mut patches = [UserPatch::default(), UserPatch::default()];
    patches[0].user_metadata = Some(more.clone());
    patches[1].app_metadata = Some(more.clone());
    for patch in patches {
        let refused = app.auth.update_user(&id, patch).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ValidationFailed);
    }
    let given = AdminUserAttributes::default()
        .user_metadata(most.clone())
        .app_metadata(most);
    app.auth.admin_update_user(&id, given).await.unwrap();
    let one_more = json!({ "b": 1 }).as_object().unwrap().clone();
    for given in [
        AdminUserAttributes::default().user_metadata(one_more.clone()),
        AdminUserAttributes::default().app_metadata(one_more.clone()),
        AdminUserAttributes::default().app_metadata(more.clone()),
    ] {
        let refused = app.auth.admin_update_user(&id, given).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ValidationFailed);
    }
    let bob = AdminUserAttributes::default()
        .email("bob@example.com")
        .user_metadata(more);
    let refused = app.auth.admin_create_user(bob).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ValidationFailed);
}

/// Numbers are written anew, longer than they came.
async fn what_is_said_with_a_link_is_bounded_and_tells_nobody_who_is_there(app: App) {
    let app = App::with_post(app.driver).await;
    let made = json!({ "email": "made@example.com", "user_metadata": large("a", 40_000) });
    let admin = app.bearer(&app.auth.service_token(60 * MINUTE));
    assert_eq!(admin.post("/api/auth/admin/users", made).await.status(), 200);
    app.confirmed("ada@example.com").await;
    let numbers = format!("[{}]", vec!["1e15"; 4_000].join(","));
    for (path, email) in ["otp", "magiclink", "invite", "admin/generate_link"]
        .into_iter()
        .flat_map(|path| ["ada", "made", "nobody"].map(|name| (path, format!("{name}@example.com"))))
    {
        let body = format!(r#"{{"email":"{email}","type":"magiclink","data":{{"a":{numbers}}}}}"#);
        let client = if path.contains('i') && path != "magiclink" {
            &admin
        } else {
            &app.keeper()
        };
        let path = format!("/api/auth/{path}");
        let answer = client.send("POST", &path, Some("application/json"), &body).await;
        assert_eq!(
            answer.refusal(),
            (400, "validation_failed".to_owned()),
            "{path} {email}"
        );
    }
    // Each of them fits, both together do not: what is known stays.
    app.wait(MINUTE);
    let said = json!({ "email": "made@example.com", "data": large("b", 40_000) });
    assert_eq!(app.keeper().post("/api/auth/magiclink", said).await.status(), 200);
    app.browser().follow(&app.mail_to("made@example.com").await).await;
    let user = app
        .auth
        .get_user_by_provider_id("email", "made@example.com")
        .await
        .unwrap();
    assert!(user.email_confirmed_at.is_some());
    assert_eq!(user.user_metadata.keys().collect::<Vec<_>>(), ["a"]);
}
