//! Password hashes that are encrypted in the store, with keys that are replaced.

use auth_core::{AuthBuilder, EventKind, HashedPassword, KeyId, SignUp, adapter::UserAdapter};
use serde_json::{Value, json};

use super::admin::service;
use crate::{App, PASSWORD, passwords, stories};

stories![
    g6_12_11_a_copy_of_the_database_cannot_be_guessed_at,
    g6_12_11_keys_are_replaced_as_people_sign_in,
    g6_12_11_a_hash_is_good_for_its_owner_only,
    g6_12_11_imported_hashes_are_encrypted_as_well,
    g6_12_11_every_way_to_a_password_encrypts_it,
];

const ADA: &str = "ada@example.com";

/// The keys of these versions, the last one today's.
fn with_keys(versions: &'static [u8]) -> impl FnOnce(AuthBuilder) -> AuthBuilder {
    move |builder| {
        let keyed = versions.iter().fold(passwords(), |config, version| {
            config.encryption_key(u32::from(*version), [*version; 32])
        });
        builder.passwords(keyed)
    }
}

async fn stored(app: &App, email: &str) -> String {
    let key = app.store.get_key(&KeyId::from(format!("email:{email}"))).await.unwrap();
    key.unwrap().hashed_password.unwrap().expose().to_owned()
}

async fn sign_in(app: &App, email: &str) -> u16 {
    app.browser().sign_in(email, PASSWORD).await.status()
}

/// G6.12-11.
async fn g6_12_11_a_copy_of_the_database_cannot_be_guessed_at(app: App) {
    let app = App::with(app.driver, with_keys(&[1])).await;
    app.signed_up(ADA).await;
    let kept = stored(&app, ADA).await;
    assert!(kept.starts_with("$sealed$k=1$") && !kept.contains("argon2"), "{kept}");
    assert_eq!(sign_in(&app, ADA).await, 200);
    assert_eq!(stored(&app, ADA).await, kept);

    // A thief has the tables and knows how it is done, and not the key; not even with the right guess.
    for keys in [&[][..], &[2], &[2, 3]] {
        let thief = app.beside(with_keys(keys)).await;
        let guess = thief.browser().sign_in(ADA, PASSWORD).await;
        assert_eq!(guess.refusal(), (400, "invalid_credentials".to_owned()));
        // Whoever runs it sees that it is the key, not the password.
        let events = thief.events.events();
        let failed = events
            .iter()
            .find(|event| event.kind == EventKind::SignInFailed)
            .unwrap();
        assert_eq!(failed.reason, Some("outdated_password"));
        let wrong = thief.browser().sign_in(ADA, "a wrong guess").await;
        assert_eq!(wrong.essence(), guess.essence());
    }
    // It costs as much as any other answer.
    let thief = app.beside(with_keys(&[2])).await;
    let before = thief.auth.password_hashes();
    sign_in(&thief, ADA).await;
    assert_eq!(thief.auth.password_hashes() - before, 1);
}

/// G6.12-11.
async fn g6_12_11_keys_are_replaced_as_people_sign_in(app: App) {
    for email in [ADA, "bob@example.com"] {
        app.signed_up(email).await;
        assert!(stored(&app, email).await.starts_with("$argon2id$"));
    }
    // From none to the first, to the second, each at the next sign-in; whoever does not come keeps what there was.
    let mut before = stored(&app, ADA).await;
    for (keys, prefix) in [(&[1_u8][..], "$sealed$k=1$"), (&[1, 2], "$sealed$k=2$")] {
        let now = app.beside(with_keys(keys)).await;
        assert_eq!(now.browser().sign_in(ADA, "a wrong guess").await.status(), 400);
        assert_eq!(stored(&app, ADA).await, before);
        assert_eq!(sign_in(&now, ADA).await, 200);
        before = stored(&app, ADA).await;
        assert!(before.starts_with(prefix), "{before}");
        assert!(stored(&app, "bob@example.com").await.starts_with("$argon2id$"));
    }
    // The first key can go.
    let now = app.beside(with_keys(&[2])).await;
    assert_eq!(
        (sign_in(&now, ADA).await, sign_in(&now, "bob@example.com").await),
        (200, 200)
    );
    assert!(stored(&app, "bob@example.com").await.starts_with("$sealed$k=2$"));
    // And the session that a replaced hash opened is one like others.
    let ada = now.browser();
    ada.sign_in(ADA, PASSWORD).await;
    assert_eq!(ada.get("/me").await.status(), 200);
}

/// G6.12-11.
async fn g6_12_11_a_hash_is_good_for_its_owner_only(app: App) {
    let app = App::with(app.driver, with_keys(&[1])).await;
    app.signed_up(ADA).await;
    let mallory = app
        .browser()
        .sign_up("mallory@example.com", "a password of Mallory's")
        .await;
    assert_eq!(mallory.status(), 200);
    // Somebody who can write to the database puts their own into Ada's row.
    let planted = HashedPassword::from_stored(stored(&app, "mallory@example.com").await);
    let ada = app.auth.get_user_by_provider_id("email", ADA).await.unwrap();
    app.store
        .set_password(&ada.id, Some(&planted), app.now())
        .await
        .unwrap();
    let refused = app.browser().sign_in(ADA, "a password of Mallory's").await;
    assert_eq!(refused.refusal(), (400, "invalid_credentials".to_owned()));
    // Nor is it taken as one from elsewhere.
    let import = json!({ "email": "eve@example.com", "password_hash": planted.expose() });
    let import = service(&app).post("/api/auth/admin/users", import).await;
    assert_eq!(import.refusal(), (400, "validation_failed".to_owned()));
    // The way back in is the one of everybody who has lost a password.
    app.auth
        .update_user_password(&ada.id, Some(PASSWORD.into()))
        .await
        .unwrap();
    assert_eq!(sign_in(&app, ADA).await, 200);
}

/// G6.12-11.
async fn g6_12_11_imported_hashes_are_encrypted_as_well(app: App) {
    let app = App::with(app.driver, with_keys(&[1])).await;
    let djangos = "pbkdf2_sha256$1000$seasaltsalt$1qYH3sB1qfpdK/j+FL97KigQI/tyDwQ4cz88qqUpR50=";
    let body = json!({ "email": ADA, "password_hash": djangos, "email_confirm": true });
    let made = service(&app).post("/api/auth/admin/users", body).await;
    assert_eq!(made.status(), 200, "{made:?}");
    let kept = stored(&app, ADA).await;
    assert!(kept.starts_with("$sealed$k=1$"), "{kept}");
    assert_eq!(sign_in(&app, ADA).await, 200);
    // By now it is a hash of ours, and still nobody's but the key's.
    let replaced = stored(&app, ADA).await;
    assert!(replaced.starts_with("$sealed$k=1$") && replaced != kept);
}

/// G6.12-11.
async fn g6_12_11_every_way_to_a_password_encrypts_it(app: App) {
    let app = App::with(app.driver, with_keys(&[1])).await;
    let ada = app.signed_up(ADA).await;
    let change = json!({ "password": "another long password", "current_password": PASSWORD });
    assert_eq!(ada.put("/api/auth/user", change).await.status(), 200);
    let address = json!({ "email": "ada@example.org" });
    assert_eq!(ada.put("/api/auth/user", address).await.status(), 200);
    let moved = app.browser().sign_in("ada@example.org", "another long password").await;
    assert_eq!(moved.status(), 200, "it goes along with the address: {moved:?}");

    let admin = service(&app);
    let made = json!({ "email": "bob@example.com", "password": PASSWORD, "phone": "15551234567" });
    let bob = admin.post("/api/auth/admin/users", made).await.json();
    let path = format!("/api/auth/admin/users/{}", bob["id"].as_str().unwrap());
    let chosen = json!({ "password": "chosen for somebody" });
    assert_eq!(admin.put(&path, chosen).await.status(), 200);
    let link = json!({ "type": "signup", "email": "cyd@example.com", "password": PASSWORD });
    let link: Value = admin.post("/api/auth/admin/generate_link", link).await.json();
    assert!(link["id"].is_string(), "{link}");
    let dan = SignUp::new("dan@example.com", PASSWORD);
    app.auth.sign_up_with_email(dan).await.unwrap();
    let password = Some("one more long password".into());
    app.auth
        .update_key_password("email", "dan@example.com", password)
        .await
        .unwrap();
    for email in [
        "ada@example.org",
        "bob@example.com",
        "cyd@example.com",
        "dan@example.com",
    ] {
        assert!(stored(&app, email).await.starts_with("$sealed$k=1$"), "{email}");
    }
    let phone = app
        .store
        .get_key(&KeyId::from("phone:15551234567"))
        .await
        .unwrap()
        .unwrap();
    assert!(phone.hashed_password.unwrap().expose().starts_with("$sealed$k=1$"));
    for (email, password) in [
        ("bob@example.com", "chosen for somebody"),
        ("dan@example.com", "one more long password"),
    ] {
        assert_eq!(app.browser().sign_in(email, password).await.status(), 200, "{email}");
    }
}
