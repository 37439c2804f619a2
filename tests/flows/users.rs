use auth_core::{Attributes, Client, ErrorKind, NewUser, Timestamp, UserId, UserPatch};

use super::stores::{Core, on_every_store};
use crate::{PASSWORD, Store};

on_every_store![
    a_user_is_made_with_key_and_attributes,
    a_user_without_password_or_key_is_allowed,
    a_taken_provider_id_leaves_no_second_user,
    a_taken_unique_attribute_leaves_no_user,
    the_right_password_authenticates_and_opens_no_session,
    an_unknown_provider_id_is_its_own_error_after_the_same_work,
    a_user_without_password_never_authenticates,
    a_hash_of_no_known_format_is_outdated,
    users_are_found_by_id_and_provider_id,
    attributes_change_alone_and_null_is_written,
    attribute_updates_name_what_is_wrong,
    a_new_password_works_and_the_old_one_does_not_and_all_sessions_end,
    a_password_can_be_removed,
    a_provider_id_moves_and_takes_the_address_along,
    a_deleted_user_is_gone_with_keys_and_sessions,
    ids_are_random_or_the_applications_own,
    errors_have_stable_codes_and_a_detail,
    attributes_are_read_typed,
    a_ban_ends_all_sessions_and_refuses_new_ones,
    an_email_address_has_one_form,
];

fn ada() -> NewUser {
    NewUser::with_password("username", "ada", PASSWORD)
}

fn kind<T>(result: auth_core::Result<T>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

async fn a_user_is_made_with_key_and_attributes(core: Core) {
    let attributes = Attributes::new().with("username", "ada").with("age", 36);
    let user = core
        .auth
        .create_user(ada().attributes(attributes.clone()))
        .await
        .unwrap();
    assert_eq!(user.attributes, attributes);
    let keys = core.auth.get_all_user_keys(&user.id).await.unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0].id.as_str(), "username:ada");
    assert!(keys[0].primary && keys[0].has_password);
    assert_eq!(core.auth.get_user(&user.id).await.unwrap(), user);
}

async fn a_user_without_password_or_key_is_allowed(core: Core) {
    let user = core.auth.create_user(NewUser::with_key("github", "1")).await.unwrap();
    assert!(!core.auth.get_key("github", "1").await.unwrap().has_password);
    assert_eq!(user.email, None);
    let bare = core.auth.create_user(NewUser::without_key()).await.unwrap();
    assert_eq!(core.auth.get_all_user_keys(&bare.id).await.unwrap(), []);
}

async fn a_taken_provider_id_leaves_no_second_user(core: Core) {
    core.auth.create_user(ada()).await.unwrap();
    let refused = core.auth.create_user(ada().id("second")).await;
    assert_eq!(kind(refused), ErrorKind::DuplicateKeyId);
    assert_eq!(
        kind(core.auth.get_user(&UserId::from("second")).await),
        ErrorKind::InvalidUserId
    );
}

async fn a_taken_unique_attribute_leaves_no_user(core: Core) {
    let named = || Attributes::new().with("username", "ada");
    core.auth.create_user(ada().attributes(named())).await.unwrap();
    let second = NewUser::with_password("username", "other", PASSWORD).attributes(named());
    assert_eq!(kind(core.auth.create_user(second).await), ErrorKind::DuplicateUserData);
    assert_eq!(
        kind(core.auth.get_key("username", "other").await),
        ErrorKind::InvalidKeyId
    );
}

async fn the_right_password_authenticates_and_opens_no_session(core: Core) {
    let user = core.auth.create_user(ada()).await.unwrap();
    let proof = core.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    assert_eq!(proof.user_id(), &user.id);
    assert_eq!(core.auth.get_all_user_sessions(&user.id).await.unwrap(), []);
    let refused = core.auth.authenticate_user("username", "ada", "wrong horse").await;
    assert_eq!(kind(refused), ErrorKind::InvalidPassword);
}

async fn an_unknown_provider_id_is_its_own_error_after_the_same_work(core: Core) {
    core.auth.create_user(ada()).await.unwrap();
    for (id, expected) in [
        ("ada", ErrorKind::InvalidPassword),
        ("nobody", ErrorKind::InvalidProviderId),
    ] {
        let before = core.auth.password_hashes();
        let refused = core.auth.authenticate_user("username", id, "wrong horse").await;
        assert_eq!(kind(refused), expected);
        assert_eq!(core.auth.password_hashes(), before + 1, "{id}");
    }
}

async fn a_user_without_password_never_authenticates(core: Core) {
    core.auth
        .create_user(NewUser::with_key("username", "ada"))
        .await
        .unwrap();
    for typed in ["", "anything at all"] {
        let before = core.auth.password_hashes();
        let refused = core.auth.authenticate_user("username", "ada", typed).await;
        assert_eq!(kind(refused), ErrorKind::InvalidPassword);
        assert_eq!(core.auth.password_hashes(), before + 1);
    }
}

async fn a_hash_of_no_known_format_is_outdated(_: Core) {
    use auth_core::{
        Auth, HashedPassword, KeyId, KeyRecord, Secret, User, adapter::UserAdapter, adapters::MemoryAdapter,
    };
    let store = MemoryAdapter::default();
    let auth = Auth::builder(store.clone())
        .secret(Secret::random().unwrap())
        .base_url("https://app.example.com")
        .build()
        .unwrap();
    let user = User::new(UserId::from("u"), Timestamp::default());
    let key = KeyRecord {
        id: KeyId::from("username:ada"),
        user_id: user.id.clone(),
        hashed_password: Some(HashedPassword::from_stored("$unknown$x")),
        primary: true,
        expires: None,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
    };
    store.set_user(&user, Some(&key)).await.unwrap();
    let refused = auth.authenticate_user("username", "ada", PASSWORD).await;
    assert_eq!(kind(refused), ErrorKind::OutdatedPassword);
    assert_eq!(auth.password_hashes(), 1);
}

async fn users_are_found_by_id_and_provider_id(core: Core) {
    let user = core.auth.create_user(ada()).await.unwrap();
    assert_eq!(core.auth.get_user(&user.id).await.unwrap(), user);
    assert_eq!(
        core.auth.get_user_by_provider_id("username", "ada").await.unwrap(),
        user
    );
    assert_eq!(
        kind(core.auth.get_user(&UserId::from("*")).await),
        ErrorKind::InvalidUserId
    );
    let unknown = core.auth.get_user_by_provider_id("username", "*").await;
    assert_eq!(kind(unknown), ErrorKind::InvalidProviderId);
}

async fn attributes_change_alone_and_null_is_written(core: Core) {
    let attributes = Attributes::new().with("username", "ada").with("age", 36);
    let user = core.auth.create_user(ada().attributes(attributes)).await.unwrap();
    let age = Attributes::new().with("age", 37);
    let updated = core.auth.update_user_attributes(&user.id, age).await.unwrap();
    assert_eq!(
        updated.attributes,
        Attributes::new().with("username", "ada").with("age", 37)
    );
    let null = Attributes::new().with("age", None::<i64>);
    let updated = core.auth.update_user_attributes(&user.id, null).await.unwrap();
    assert_eq!(
        updated.attributes,
        Attributes::new().with("username", "ada").with("age", None::<i64>)
    );
    assert_eq!(core.auth.get_user(&user.id).await.unwrap(), updated);
}

async fn attribute_updates_name_what_is_wrong(core: Core) {
    let named = |name: &str| Attributes::new().with("username", name);
    core.auth.create_user(ada().attributes(named("ada"))).await.unwrap();
    let grace = NewUser::with_password("username", "grace", PASSWORD).attributes(named("grace"));
    let grace = core.auth.create_user(grace).await.unwrap();
    let update = async |id: &UserId, attributes| kind(core.auth.update_user_attributes(id, attributes).await);
    assert_eq!(update(&UserId::from("*"), named("x")).await, ErrorKind::InvalidUserId);
    assert_eq!(update(&grace.id, named("ada")).await, ErrorKind::DuplicateUserData);
    let undeclared = Attributes::new().with("role", "admin");
    assert_eq!(update(&grace.id, undeclared).await, ErrorKind::ValidationFailed);
    let wrong_type = Attributes::new().with("age", "old");
    assert_eq!(update(&grace.id, wrong_type).await, ErrorKind::ValidationFailed);
}

async fn a_new_password_works_and_the_old_one_does_not_and_all_sessions_end(core: Core) {
    let user = core.auth.create_user(ada()).await.unwrap();
    let proof = core.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let issued = core.auth.create_session(&proof, Default::default()).await.unwrap();
    core.auth
        .update_user_password(&user.id, Some("a new long password".into()))
        .await
        .unwrap();
    assert!(
        core.auth
            .authenticate_user("username", "ada", "a new long password")
            .await
            .is_ok()
    );
    let refused = core.auth.authenticate_user("username", "ada", PASSWORD).await;
    assert_eq!(kind(refused), ErrorKind::InvalidPassword);
    assert_eq!(
        kind(core.auth.validate_session(&issued.token).await),
        ErrorKind::InvalidSessionId
    );
    let unknown = core.auth.update_user_password(&UserId::from("*"), None).await;
    assert_eq!(kind(unknown), ErrorKind::InvalidUserId);
}

async fn a_password_can_be_removed(core: Core) {
    let user = core.auth.create_user(ada()).await.unwrap();
    core.auth.update_user_password(&user.id, None).await.unwrap();
    let refused = core.auth.authenticate_user("username", "ada", PASSWORD).await;
    assert_eq!(kind(refused), ErrorKind::InvalidPassword);
}

async fn a_provider_id_moves_and_takes_the_address_along(core: Core) {
    let new = NewUser::with_password("email", "ada@example.com", PASSWORD);
    let user = core.auth.create_user(new).await.unwrap();
    core.auth
        .create_user(NewUser::with_key("email", "taken@example.com"))
        .await
        .unwrap();
    let moved = core
        .auth
        .update_user_provider_id(&user.id, "email", "Grace@Example.com")
        .await
        .unwrap();
    assert_eq!(moved.email.as_deref(), Some("grace@example.com"));
    let old = core.auth.get_user_by_provider_id("email", "ada@example.com").await;
    assert_eq!(kind(old), ErrorKind::InvalidProviderId);
    let found = core
        .auth
        .get_user_by_provider_id("email", "grace@example.com")
        .await
        .unwrap();
    assert_eq!(found.id, user.id);
    assert!(
        core.auth
            .authenticate_user("email", "grace@example.com", PASSWORD)
            .await
            .is_ok()
    );
    let clash = core
        .auth
        .update_user_provider_id(&user.id, "email", "taken@example.com")
        .await;
    assert_eq!(kind(clash), ErrorKind::DuplicateKeyId);
    let unknown = core
        .auth
        .update_user_provider_id(&UserId::from("*"), "email", "x@example.com")
        .await;
    assert_eq!(kind(unknown), ErrorKind::InvalidUserId);
}

async fn a_deleted_user_is_gone_with_keys_and_sessions(core: Core) {
    let user = core.auth.create_user(ada()).await.unwrap();
    let proof = core.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let issued = core.auth.create_session(&proof, Default::default()).await.unwrap();
    core.auth.delete_user(&user.id).await.unwrap();
    core.auth.delete_user(&user.id).await.unwrap();
    assert_eq!(
        kind(core.auth.get_key("username", "ada").await),
        ErrorKind::InvalidKeyId
    );
    assert_eq!(
        kind(core.auth.get_session(&issued.token).await),
        ErrorKind::InvalidSessionId
    );
    // The proof outlived its user.
    let late = core.auth.create_session(&proof, Default::default()).await;
    assert_eq!(kind(late), ErrorKind::InvalidUserId);
}

async fn ids_are_random_or_the_applications_own(core: Core) {
    let user = core.auth.create_user(ada()).await.unwrap();
    assert_eq!(user.id.as_str().len(), 25);
    assert!(
        user.id
            .as_str()
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    );
    let numeric = core.auth.create_user(NewUser::without_key().id("1")).await.unwrap();
    assert_eq!(numeric.id.as_str(), "1");
    let counted = Core::on(Store::Memory, |builder| {
        builder.user_ids(|| "from the application".to_owned())
    })
    .await;
    let user = counted.auth.create_user(ada()).await.unwrap();
    assert_eq!(user.id.as_str(), "from the application");
}

async fn errors_have_stable_codes_and_a_detail(core: Core) {
    let error = core.auth.get_user(&UserId::from("*")).await.unwrap_err();
    assert_eq!(error.code(), "AUTH_INVALID_USER_ID");
    let error = core.auth.create_user(NewUser::with_key("a:b", "x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ValidationFailed);
    assert!(error.sentence().unwrap().contains("colon"));
}

async fn attributes_are_read_typed(core: Core) {
    #[derive(serde::Deserialize)]
    struct Profile {
        username: String,
        age: Option<i64>,
    }
    let attributes = Attributes::new().with("username", "ada");
    let user = core.auth.create_user(ada().attributes(attributes)).await.unwrap();
    let user = core.auth.get_user(&user.id).await.unwrap();
    let profile: Profile = user.attributes().unwrap();
    assert_eq!((profile.username.as_str(), profile.age), ("ada", None));
}

async fn a_ban_ends_all_sessions_and_refuses_new_ones(core: Core) {
    let user = core.auth.create_user(ada()).await.unwrap();
    let proof = core.auth.authenticate_user("username", "ada", PASSWORD).await.unwrap();
    let issued = core.auth.create_session(&proof, Default::default()).await.unwrap();
    let end = user.created_at + std::time::Duration::from_secs(60);
    core.auth.ban_user(&user.id, Some(end)).await.unwrap();
    assert_eq!(
        kind(core.auth.validate_session(&issued.token).await),
        ErrorKind::InvalidSessionId
    );
    let refused = core.auth.authenticate_user("username", "ada", PASSWORD).await;
    assert_eq!(kind(refused), ErrorKind::UserBanned);
    let refused = core.auth.authenticate_user("username", "ada", "wrong horse").await;
    assert_eq!(kind(refused), ErrorKind::InvalidPassword);
    core.auth.ban_user(&user.id, None).await.unwrap();
    assert!(core.auth.authenticate_user("username", "ada", PASSWORD).await.is_ok());
    assert_eq!(
        kind(core.auth.ban_user(&UserId::from("*"), None).await),
        ErrorKind::InvalidUserId
    );
}

async fn an_email_address_has_one_form(core: Core) {
    let new = NewUser::with_password("email", "Ada@EXAMPLE.com", PASSWORD);
    let user = core.auth.create_user(new).await.unwrap();
    assert_eq!(user.email.as_deref(), Some("ada@example.com"));
    assert!(
        core.auth
            .authenticate_user("email", "aDA@example.COM", PASSWORD)
            .await
            .is_ok()
    );
    let twin = NewUser::with_password("email", "ADA@example.com", PASSWORD).client(Client::default());
    assert_eq!(kind(core.auth.create_user(twin).await), ErrorKind::DuplicateKeyId);
    let patch = UserPatch {
        role: Some("editor".to_owned()),
        ..UserPatch::default()
    };
    assert_eq!(core.auth.update_user(&user.id, patch).await.unwrap().role, "editor");
}

#[tokio::test]
async fn an_update_that_bans_or_gives_another_role_ends_sessions_and_one_cannot_move_an_address() {
    let app = crate::App::new(crate::Driver::Core).await;
    let ada = app.signed_up("ada@example.com").await;
    let id = auth_core::UserId::from(ada.get("/me").await.text());
    let patch = auth_core::UserPatch {
        email: Some(Some("eve@example.com".to_owned())),
        ..Default::default()
    };
    let refused = app.auth.update_user(&id, patch).await.unwrap_err();
    assert_eq!(refused.kind(), auth_core::ErrorKind::ValidationFailed);
    let with_role = |role: &str| auth_core::UserPatch {
        role: Some(role.to_owned()),
        ..Default::default()
    };
    // The one there is.
    app.auth.update_user(&id, with_role("authenticated")).await.unwrap();
    assert_eq!(ada.get("/session").await.status(), 200);
    let revoked = || app.events.count(auth_core::EventKind::SessionRevoked);
    let before = revoked();
    app.auth.update_user(&id, with_role("editor")).await.unwrap();
    assert_eq!((ada.get("/session").await.status(), revoked()), (401, before + 1));
    assert_eq!(ada.sign_in("ada@example.com", PASSWORD).await.status(), 200);
    let patch = auth_core::UserPatch {
        banned_until: Some(Some(auth_core::Timestamp::from_unix_ms(i64::MAX))),
        ..Default::default()
    };
    app.auth.update_user(&id, patch).await.unwrap();
    assert_eq!((ada.get("/session").await.status(), revoked()), (401, before + 2));
    app.auth
        .ban_user(&id, Some(auth_core::Timestamp::from_unix_ms(i64::MAX)))
        .await
        .unwrap();
    assert_eq!(revoked(), before + 3);
}

/// A sign-in that read the old password while it was changed: its session is the one nobody knew of.
#[tokio::test]
async fn a_session_of_a_password_that_changed_meanwhile_does_not_live() {
    use auth_core::{KeyId, KeyPatch, NewSession, adapter::UserAdapter};
    let app = crate::App::new(crate::Driver::Core).await;
    app.signed_up("ada@example.com").await;
    let id = KeyId::from("email:ada@example.com");
    let key = app.store.get_key(&id).await.unwrap().unwrap();
    // The change comes right after the check, before there is a session that it could end.
    let hold = app.store.hold_before("set_session");
    let sign_in = app
        .auth
        .sign_in_with_email("ada@example.com", crate::PASSWORD, NewSession::default());
    let change = async {
        hold.reached().await;
        let patch = KeyPatch {
            updated_at: Some(app.now() + std::time::Duration::from_secs(1)),
            ..Default::default()
        };
        app.store.update_key(&id, &patch).await.unwrap();
        hold.release();
    };
    let (refused, ()) = tokio::join!(sign_in, change);
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), auth_core::ErrorKind::InvalidCredentials);
    // The one that succeeded is the sign-up's.
    assert_eq!(app.events.count(auth_core::EventKind::SignInSucceeded), 1);
    let handles = app.auth.get_all_session_handles_for_user(&key.user_id).await.unwrap();
    assert_eq!(handles.len(), 1);
}
