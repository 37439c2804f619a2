use std::time::Duration;

use auth_core::{
    Argon2Params, Auth, ErrorKind, EventKind, HashedPassword, KeyId, KeyRecord, Limit, Limits, PasswordConfig, Secret,
    User, UserId, adapter::UserAdapter, adapters::MemoryAdapter, testing::Fault,
};

use crate::{App, PASSWORD, stories};

stories![
    limits_per_account_hold_and_end,
    limits_per_client_hold,
    a_limit_may_be_for_ever,
    sign_ups_are_limited_per_client,
    a_success_forgets_the_accounts_failures_and_not_the_clients,
    a_locked_account_keeps_its_sessions_and_can_recover,
    imported_hashes_verify_and_are_replaced,
    a_hash_of_another_cost_is_replaced,
    a_replacement_that_fails_does_not_fail_the_sign_in,
    changing_the_secret_signs_nobody_out,
];

fn few(max: u32) -> Limit {
    Limit::new(max, Duration::from_secs(60))
}

async fn limits_per_account_hold_and_end(app: App) {
    let app = App::with(app.driver, |builder| {
        builder.limits(Limits::default().sign_in_per_account(few(3)))
    })
    .await;
    app.signed_up("ada@example.com").await;
    // From a new address each time: the account counts.
    for number in 0..3 {
        let browser = app.browser().from_ip(&format!("198.51.100.{number}"));
        assert_eq!(browser.sign_in("ada@example.com", "wrong horse").await.status(), 400);
    }
    let before = app.auth.password_hashes();
    let browser = app.browser().from_ip("198.51.100.99");
    let refused = browser.sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(
        (refused.status(), refused.error_code().as_str()),
        (429, "over_request_rate_limit")
    );
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(app.auth.password_hashes(), before, "a refused attempt costs no hash");
    let exceeded = app.events.events();
    let exceeded: Vec<_> = exceeded
        .iter()
        .filter(|event| event.kind == EventKind::LimitExceeded)
        .collect();
    assert_eq!(exceeded.len(), 1);
    assert_eq!(exceeded[0].client.ip, Some("198.51.100.99".parse().unwrap()));
    assert!(exceeded[0].account.is_some());
    // An account that is not there is refused in the same way.
    for _ in 0..3 {
        browser.sign_in("nobody@example.com", "wrong horse").await;
    }
    let unknown = browser.sign_in("nobody@example.com", "wrong horse").await;
    assert_eq!(unknown.essence(), refused.essence());
    app.wait(Duration::from_millis(60_001));
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await.status(), 200);
}

async fn limits_per_client_hold(app: App) {
    let app = App::with(app.driver, |builder| {
        builder.limits(Limits::default().sign_in_per_client(few(3)))
    })
    .await;
    for number in 0..3 {
        // One customer's IPv6 network is one client.
        let browser = app.browser().from_ip(&format!("2001:db8:1:2::{number}"));
        assert_eq!(
            browser
                .sign_in(&format!("u{number}@example.com"), "wrong horse")
                .await
                .status(),
            400
        );
    }
    let same = app.browser().from_ip("2001:db8:1:2:ffff::1");
    assert_eq!(same.sign_in("x@example.com", "wrong horse").await.status(), 429);
    let events = app.events.events();
    let exceeded = events
        .iter()
        .find(|event| event.kind == EventKind::LimitExceeded)
        .unwrap();
    assert_eq!(
        (exceeded.account.as_deref(), exceeded.reason),
        (None, Some("sign_in")),
        "nobody's account"
    );
    let other = app.browser().from_ip("2001:db8:1:3::1");
    assert_eq!(other.sign_in("x@example.com", "wrong horse").await.status(), 400);
}

/// A window without end is one as well.
async fn a_limit_may_be_for_ever(app: App) {
    let app = App::with(app.driver, |builder| {
        builder.limits(Limits::default().sign_in_per_client(Limit::new(1, Duration::MAX)))
    })
    .await;
    let browser = app.browser();
    assert_eq!(browser.sign_in("x@example.com", "wrong horse").await.status(), 400);
    for _ in 0..2 {
        let refused = browser.sign_in("x@example.com", "wrong horse").await;
        assert_eq!(
            (refused.status(), refused.error_code().as_str()),
            (429, "over_request_rate_limit")
        );
        assert!(refused.header("retry-after").is_some());
        app.wait(Duration::from_secs(1_000_000_000));
    }
}

async fn sign_ups_are_limited_per_client(app: App) {
    let app = App::with(app.driver, |builder| {
        builder.limits(Limits::default().sign_up_per_client(few(2)))
    })
    .await;
    for number in 0..2 {
        app.signed_up(&format!("u{number}@example.com")).await;
    }
    let refused = app.browser().sign_up("u3@example.com", PASSWORD).await;
    assert_eq!(refused.status(), 429);
    let elsewhere = app
        .browser()
        .from_ip("198.51.100.1")
        .sign_up("u3@example.com", PASSWORD)
        .await;
    assert_eq!(elsewhere.status(), 200);
}

async fn a_success_forgets_the_accounts_failures_and_not_the_clients(app: App) {
    let limits = Limits::default().sign_in_per_account(few(2)).sign_in_per_client(few(5));
    let app = App::with(app.driver, move |builder| builder.limits(limits)).await;
    app.signed_up("ada@example.com").await;
    let browser = app.browser();
    for _ in 0..2 {
        assert_eq!(browser.sign_in("ada@example.com", "wrong horse").await.status(), 400);
        assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await.status(), 200);
    }
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await.status(), 200);
    assert_eq!(browser.sign_in("ada@example.com", PASSWORD).await.status(), 429);
}

async fn a_locked_account_keeps_its_sessions_and_can_recover(app: App) {
    let app = App::with(app.driver, |builder| {
        builder.limits(Limits::default().sign_in_per_account(few(3)))
    })
    .await;
    let ada = app.signed_up("ada@example.com").await;
    for number in 0..5 {
        let stranger = app.browser().from_ip(&format!("198.51.100.{number}"));
        stranger.sign_in("ada@example.com", "wrong horse").await;
    }
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 429);
    assert_eq!(ada.get("/me").await.status(), 200);
    let change = serde_json::json!({ "password": "a new long password" });
    assert_eq!(ada.put("/api/auth/user", change).await.status(), 200);
    let answer = app.browser().sign_in("ada@example.com", "a new long password").await;
    assert_eq!(answer.status(), 200);
}

/// A user whose password another library hashed (Lucia's scrypt).
async fn imported(app: &App) -> KeyId {
    let now = auth_core::Clock::now(&app.clock);
    let mut user = User::new(UserId::from("imported"), now);
    user.email = Some("ada@example.com".to_owned());
    let key = KeyRecord {
        id: KeyId::from("email:ada@example.com"),
        user_id: user.id.clone(),
        hashed_password: Some(HashedPassword::from_stored(
            "s2:abcdefghij123456:8a1a7ecd8b0dde71bb6beff57c4ddbc55ce37752aa2493e4c74ebc1e721a8d12a8092e0601b84d9cf88b4677fe506f4864ced2180dcd2a49b4c700930a574438",
        )),
        primary: true,
        expires: None,
        created_at: now,
        updated_at: now,
    };
    app.store.set_user(&user, Some(&key)).await.unwrap();
    key.id
}

async fn imported_hashes_verify_and_are_replaced(app: App) {
    let key = imported(&app).await;
    assert_eq!(
        app.browser().sign_in("ada@example.com", "wrong horse").await.status(),
        400
    );
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
    let stored = app.store.get_key(&key).await.unwrap().unwrap().hashed_password.unwrap();
    assert!(stored.expose().starts_with("$argon2id$"));
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
}

/// G6.4-12: the cost that is configured today, whichever way it was changed.
async fn a_hash_of_another_cost_is_replaced(app: App) {
    app.signed_up("ada@example.com").await;
    let least = Argon2Params {
        memory_kib: 7_168,
        passes: 5,
    };
    let dearer = app
        .beside(|builder| builder.passwords(PasswordConfig::default().argon2(least)))
        .await;
    let key = KeyId::from("email:ada@example.com");
    for (app, cost) in [(&dearer, "$m=7168,t=5,p=1$"), (&app, "$m=8,t=1,p=1$")] {
        assert_eq!(
            app.browser().sign_in("ada@example.com", "wrong horse").await.status(),
            400
        );
        let stored = async || app.store.get_key(&key).await.unwrap().unwrap().hashed_password.unwrap();
        assert!(
            !stored().await.expose().contains(cost),
            "a wrong password replaces nothing"
        );
        assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
        let replaced = stored().await;
        assert!(replaced.expose().contains(cost), "{cost}");
        // Once is enough.
        assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
        assert_eq!(stored().await.expose(), replaced.expose());
    }
}

async fn a_replacement_that_fails_does_not_fail_the_sign_in(app: App) {
    let key = imported(&app).await;
    // Two counters, the key; then the replacement.
    app.store.fail(Fault::At(4));
    app.store.forget_calls();
    let answer = app.browser().sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(app.store.calls()[3], "replace_hash");
    assert_eq!(answer.status(), 200);
    let stored = app.store.get_key(&key).await.unwrap().unwrap().hashed_password.unwrap();
    assert!(stored.expose().starts_with("s2:"));
}

async fn changing_the_secret_signs_nobody_out(app: App) {
    let store = MemoryAdapter::default();
    let auth = |secret: &str| {
        Auth::builder(store.clone())
            .secret(Secret::new(secret))
            .base_url("https://app.example.com")
            .build()
            .unwrap()
    };
    let old = auth("the old secret of 32 bytes and more");
    let sign_up = auth_core::SignUp::new("ada@example.com", PASSWORD);
    let (_, issued) = old.sign_up_with_email(sign_up).await.unwrap();
    let issued = issued.unwrap();
    let new = auth("the new secret of 32 bytes and more");
    assert!(new.validate_session(&issued.token).await.is_ok());
    let again = new
        .sign_in_with_email("ada@example.com", PASSWORD, Default::default())
        .await;
    assert!(again.is_ok());
    drop(app);
}

#[tokio::test]
async fn weaker_hashing_and_guessing_rules_are_refused() {
    let build = |passwords: PasswordConfig, limits: Limits| {
        Auth::builder(MemoryAdapter::default())
            .secret(Secret::random().unwrap())
            .base_url("https://app.example.com")
            .passwords(passwords)
            .limits(limits)
            .build()
    };
    let weak = PasswordConfig::default().min_length(7).argon2(Argon2Params {
        memory_kib: 1_024,
        passes: 1,
    });
    let refused = build(weak, Limits::default().sign_in_per_account(few(101))).unwrap_err();
    assert_eq!(refused.problems().len(), 3, "{refused}");
    assert_eq!(ErrorKind::WeakPassword.code(), "AUTH_WEAK_PASSWORD");
}
