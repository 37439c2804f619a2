//! One request after the other adds to the metadata of an account, until its row is megabytes that are read with every session.

use auth_core::{AdminUserAttributes, ErrorKind, JsonObject, NewUser, UserId, UserPatch};
use serde_json::json;

use crate::{App, stories};

stories![
    metadata_grows_to_a_bound_and_no_further,
    nobody_stores_more_by_another_way,
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
