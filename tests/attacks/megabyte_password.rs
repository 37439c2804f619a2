//! Passwords so large that hashing them would be work: refused on every route before any hash.

use auth_core::{ErrorKind, Password};
use serde_json::json;

use crate::{App, PASSWORD, stories};

stories![
    an_oversized_password_costs_no_hash_on_any_route,
    the_longest_password_counts_to_its_last_byte,
];

async fn an_oversized_password_costs_no_hash_on_any_route(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let before = app.auth.password_hashes();
    for size in [5_000, 1 << 20] {
        let password = "x".repeat(size);
        let too_large_for_a_body = size > 64 * 1024;
        for (method, path, body, status) in [
            (
                "POST",
                "/api/auth/signup",
                json!({ "email": "b@example.com", "password": password }),
                422,
            ),
            (
                "POST",
                "/api/auth/token?grant_type=password",
                json!({ "email": "ada@example.com", "password": password }),
                400,
            ),
            ("PUT", "/api/auth/user", json!({ "password": password }), 422),
            (
                "PUT",
                "/api/auth/user",
                json!({ "password": "a new long password", "current_password": password }),
                400,
            ),
            ("DELETE", "/api/auth/user", json!({ "current_password": password }), 400),
        ] {
            let answer = ada.json(method, path, body).await;
            let expected = if too_large_for_a_body { 413 } else { status };
            assert_eq!(answer.status(), expected, "{method} {path} {answer:?}");
        }
    }
    for (provider, name) in [("email", "ada@example.com"), ("email", "nobody@example.com")] {
        let password = Password::new("x".repeat(5_000));
        let refused = app.auth.use_key(provider, name, Some(password)).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidPassword);
    }
    assert_eq!(app.auth.password_hashes(), before);
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
}

async fn the_longest_password_counts_to_its_last_byte(app: App) {
    let longest = format!("{}a", "x".repeat(4_095));
    assert_eq!(app.browser().sign_up("ada@example.com", &longest).await.status(), 200);
    let other = format!("{}b", "x".repeat(4_095));
    assert_eq!(app.browser().sign_in("ada@example.com", &other).await.status(), 400);
    assert_eq!(app.browser().sign_in("ada@example.com", &longest).await.status(), 200);
}
