//! Looking after accounts: §6.11 of the GoTrue contract, row by row.

use std::time::Duration;

use auth_core::{AdminUserAttributes, EventKind, MemoryMailer, UserId, UserQuery};
use serde_json::{Value, json};

use crate::{Answer, App, Client, PASSWORD, stories};

stories![
    delete_user_takes_sessions_and_identities_along,
    a_soft_deleted_account_keeps_its_row_and_nothing_personal,
    create_user_is_at_once_unconfirmed_and_sends_no_mail,
    create_user_with_a_password_hash_signs_in_with_the_plain_password,
    create_user_honours_id_role_and_ban,
    create_user_names_what_is_wrong,
    create_user_refuses_what_is_taken,
    one_of_many_creates_the_user,
    get_user_by_id_and_unknown_ones_are_404,
    update_user_is_immediate,
    what_an_administrator_wrote_outlives_the_first_proof,
    an_address_that_is_not_the_proven_one_goes_with_its_key,
    update_user_merges_metadata,
    a_password_set_by_an_administrator_ends_sessions_and_is_told,
    a_password_that_another_chose_is_marked_until_its_owner_chooses,
    an_administrator_keeps_their_session_when_they_change_their_own_password,
    a_ban_and_another_role_end_sessions,
    an_address_changed_by_an_administrator_takes_the_key_along,
    users_are_listed_newest_first_page_by_page,
    users_are_filtered_and_sorted,
    nobody_is_missed_or_met_twice_by_whoever_goes_on_from_a_user,
    bad_pages_are_refused,
    sessions_of_a_user_are_listed_and_ended,
    an_administrator_is_a_fresh_user_with_the_role,
    the_core_does_the_same_without_http,
    sweeping_takes_what_has_expired,
];

/// A program with a service token.
pub(crate) fn service(app: &App) -> Client {
    let token = app.auth.service_token(Duration::from_secs(3_600));
    app.script().with("authorization", format!("Bearer {token}"))
}

async fn make(admin: &Client, body: Value) -> Value {
    let answer = admin.post("/api/auth/admin/users", body).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json()
}

fn path(user: &Value) -> String {
    format!("/api/auth/admin/users/{}", user["id"].as_str().unwrap())
}

/// [S] Delete user — 200 `{}`; sessions, identities gone; unknown 404 "User not found".
async fn delete_user_takes_sessions_and_identities_along(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let user = ada.get("/api/auth/user").await.json();
    let admin = service(&app);
    let answer = admin.delete(&path(&user), json!({})).await;
    assert_eq!((answer.status(), answer.text()), (200, "{}"));
    assert_eq!(ada.get("/api/auth/user").await.status(), 401);
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 400);
    let again = admin.delete(&path(&user), json!({})).await;
    assert_eq!((again.status(), again.error_code().as_str()), (404, "user_not_found"));
    assert_eq!(again.json()["msg"], "User not found");
    assert_eq!(app.events.count(EventKind::UserDeleted), 1);
    app.signed_up("ada@example.com").await;
}

/// [C] Soft delete — row kept with `deleted_at`, address free for reuse, no personal data readable.
async fn a_soft_deleted_account_keeps_its_row_and_nothing_personal(app: App) {
    let ada = app.signed_up("ada@example.com").await;
    let data = json!({ "data": { "name": "Ada" }, "attributes": { "username": "ada" } });
    assert_eq!(ada.put("/api/auth/user", data).await.status(), 200);
    let user = ada.get("/api/auth/user").await.json();
    let admin = service(&app);
    for _ in 0..2 {
        let answer = admin.delete(&path(&user), json!({ "should_soft_delete": true })).await;
        assert_eq!((answer.status(), answer.text()), (200, "{}"));
    }
    let kept = admin.get(&path(&user)).await;
    assert_eq!(kept.status(), 200);
    assert!(kept.json()["deleted_at"].is_string());
    assert_eq!(kept.json()["identities"], json!([]));
    assert!(
        !kept.text().contains("ada@") && !kept.text().contains("Ada"),
        "{kept:?}"
    );
    assert_eq!(kept.json()["attributes"]["username"], Value::Null);
    assert_eq!(ada.get("/api/auth/user").await.status(), 401);
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 400);
    let changed = admin.put(&path(&user), json!({ "email": "ada@example.com" })).await;
    assert_eq!(changed.status(), 404);
    app.signed_up("ada@example.com").await;
    assert_eq!(admin.delete(&path(&user), json!({})).await.status(), 200);
    assert_eq!(admin.get(&path(&user)).await.status(), 404);
}

/// [V1] Create user — 200 User, unconfirmed unless flags, no mail, user_metadata exactly as given, app_metadata merged with
/// provider(s).
async fn create_user_is_at_once_unconfirmed_and_sends_no_mail(app: App) {
    let mailer = MemoryMailer::default();
    let app = app.beside(|builder| builder.mailer(mailer.clone())).await;
    let admin = service(&app);
    let user = make(
        &admin,
        json!({
            "email": "Ada@Example.com",
            "phone": "+1 (415) 555-2671",
            "password": PASSWORD,
            "user_metadata": { "name": "Ada", "deep": { "a": [1] } },
            "app_metadata": { "plan": "paid" },
            "attributes": { "credits": 7 },
        }),
    )
    .await;
    assert_eq!(user["email"], "ada@example.com");
    assert_eq!(user["phone"], "14155552671");
    assert!(user.get("email_confirmed_at").is_none() && user.get("phone_confirmed_at").is_none());
    assert_eq!(user["user_metadata"], json!({ "name": "Ada", "deep": { "a": [1] } }));
    assert_eq!(
        user["app_metadata"],
        json!({
            "plan": "paid",
            "must_change_password": true,
            "made_by_administrator": true,
            "provider": "email",
            "providers": ["email", "phone"],
        })
    );
    assert_eq!(user["identities"].as_array().unwrap().len(), 2);
    assert_eq!(user["attributes"]["credits"], 7);
    let refused = app.script().sign_in("ada@example.com", PASSWORD).await;
    assert_eq!(refused.error_code(), "email_not_confirmed");

    let confirmed = make(
        &admin,
        json!({ "email": "grace@example.com", "password": PASSWORD, "email_confirm": true }),
    )
    .await;
    assert!(confirmed["email_confirmed_at"].is_string());
    assert_eq!(app.script().sign_in("grace@example.com", PASSWORD).await.status(), 200);
    let without = make(
        &admin,
        json!({ "email": "no-password@example.com", "email_confirm": true }),
    )
    .await;
    assert_eq!(without["is_anonymous"], false);
    for typed in ["", "anything at all"] {
        let refused = app.script().sign_in("no-password@example.com", typed).await;
        assert_eq!(refused.status(), 400);
    }
    app.auth.deliver_due().await.unwrap();
    assert!(mailer.sent().is_empty());
}

/// GA7: Create with `password_hash` (bcrypt, argon2, fbscrypt, …) — user can sign in with the plain password.
async fn create_user_with_a_password_hash_signs_in_with_the_plain_password(app: App) {
    let admin = service(&app);
    // From the test suites of argon2's reference implementation, of crypt_blowfish, of PHP, of GoTrue and of Firebase's scrypt; the last two are our own.
    let hashes = [
        (
            "argon2id@example.com",
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "password",
        ),
        (
            "argon2i@example.com",
            "$argon2i$v=19$m=256,t=2,p=1$c29tZXNhbHQ$iekCn0Y3spW+sCcFanM2xBT63UP2sghkUoHLIUpWRS8",
            "password",
        ),
        (
            "blowfish@example.com",
            "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            "U*U",
        ),
        (
            "php@example.com",
            "$2a$07$usesomesillystringfore2uDLvp1Ii2e./U9C8sBjqp8I90dH6hi",
            "rasmuslerdorf",
        ),
        (
            "gotrue@example.com",
            "$2y$10$SXEz2HeT8PUIGQXo9yeUIem8KzNxgG0d7o/.eGj2rj8KbRgAuRVlq",
            "test",
        ),
        (
            "firebase@example.com",
            "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
            "user1password",
        ),
        (
            "django@example.com",
            "pbkdf2_sha256$10000$saltsaltsalt$0SOa+V3Fd2V0vTtS33stkGPdRvKQ8KdSjhrGsxC1ldE=",
            PASSWORD,
        ),
        (
            "phc@example.com",
            "$pbkdf2-sha256$i=10000,l=32$MDEyMzQ1Njc4OWFiY2RlZg$rqRM8zWcxqR5JgdNH2Ukv6ZDL0xynSbmRCDsePeFnOo",
            PASSWORD,
        ),
    ];
    for (email, hash, password) in hashes {
        let body = json!({ "email": email, "password_hash": hash, "email_confirm": true });
        let answer = admin.post("/api/auth/admin/users", body).await;
        assert_eq!(answer.status(), 200, "{email}: {answer:?}");
        assert!(!answer.text().contains(hash));
        for (typed, status) in [("another password", 400), (password, 200)] {
            assert_eq!(
                app.script().sign_in(email, typed).await.status(),
                status,
                "{email} {typed}"
            );
        }
    }
    // The second lacks the key of its project.
    for unknown in [
        "$unknown$x",
        "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==$42xEC+ixf3L2lw==$lSrfV15cpx95/sZS2W9c9A==",
    ] {
        let bad = json!({ "email": "bad@example.com", "password_hash": unknown });
        assert_eq!(admin.post("/api/auth/admin/users", bad).await.status(), 400);
    }
    let both = json!({ "email": "bad@example.com", "password_hash": hashes[0].1, "password": PASSWORD });
    assert_eq!(admin.post("/api/auth/admin/users", both).await.status(), 400);
}

/// [C] Create with `id`, `role`, `ban_duration` — honoured; bad duration 400.
async fn create_user_honours_id_role_and_ban(app: App) {
    let admin = service(&app);
    let id = "0b0e4c5a-1a52-4f6c-8c51-3f1f0f6f0c11";
    let user = make(
        &admin,
        json!({ "id": id, "email": "ada@example.com", "password": PASSWORD, "email_confirm": true, "role": "editor",
                "ban_duration": "1h30m" }),
    )
    .await;
    assert_eq!((user["id"].as_str(), user["role"].as_str()), (Some(id), Some("editor")));
    assert!(user["banned_until"].is_string());
    assert_eq!(
        app.script().sign_in("ada@example.com", PASSWORD).await.error_code(),
        "user_banned"
    );
    app.wait(Duration::from_secs(90 * 60 + 1));
    assert_eq!(app.script().sign_in("ada@example.com", PASSWORD).await.status(), 200);
    let admin = service(&app);
    for bad in ["1d", "24", "-1h", "soon"] {
        let body = json!({ "email": "bad@example.com", "ban_duration": bad });
        let refused = admin.post("/api/auth/admin/users", body).await;
        assert_eq!(
            (refused.status(), refused.error_code().as_str()),
            (400, "validation_failed")
        );
    }
    for bad in [id, "a/b", "..", &"x".repeat(65)] {
        let body = json!({ "email": "bad@example.com", "id": bad });
        assert_eq!(admin.post("/api/auth/admin/users", body).await.status(), 400, "{bad}");
    }
}

async fn create_user_names_what_is_wrong(app: App) {
    let admin = service(&app);
    for (body, status, word) in [
        (json!({}), 400, "validation_failed"),
        (json!({ "email": "" }), 400, "validation_failed"),
        (json!({ "email": "no address" }), 400, "validation_failed"),
        (json!({ "phone": "a number" }), 400, "validation_failed"),
        (
            json!({ "email": "a@example.com", "password": "short" }),
            422,
            "weak_password",
        ),
        (
            json!({ "email": "a@example.com", "email_confirm": "yes" }),
            400,
            "validation_failed",
        ),
        (
            json!({ "email": "a@example.com", "user_metadata": [] }),
            400,
            "validation_failed",
        ),
    ] {
        let answer = admin.post("/api/auth/admin/users", body.clone()).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (status, word),
            "{body}"
        );
    }
    assert_eq!(
        admin.get("/api/auth/admin/users").await.header("x-total-count"),
        Some("0")
    );
    // GoTrue's clients say null for what they leave out.
    let nulls =
        json!({ "email": "a@example.com", "phone": null, "password": null, "ban_duration": null, "role": null });
    make(&admin, nulls).await;
}

/// [C] Create duplicate — 422 `email_exists`/`phone_exists`.
async fn create_user_refuses_what_is_taken(app: App) {
    let admin = service(&app);
    make(&admin, json!({ "email": "ada@example.com", "phone": "+14155552671" })).await;
    for (body, word) in [
        (json!({ "email": "ADA@example.com" }), "email_exists"),
        (json!({ "phone": "+14155552671" }), "phone_exists"),
        (
            json!({ "email": "new@example.com", "phone": "+14155552671" }),
            "phone_exists",
        ),
    ] {
        let answer = admin.post("/api/auth/admin/users", body).await;
        assert_eq!((answer.status(), answer.error_code().as_str()), (422, word));
    }
    // Both keys or neither.
    assert_eq!(
        admin.get("/api/auth/admin/users").await.header("x-total-count"),
        Some("1")
    );
    make(&admin, json!({ "email": "new@example.com" })).await;
}

async fn one_of_many_creates_the_user(app: App) {
    let admin = service(&app);
    let body = json!({ "email": "ada@example.com", "phone": "+14155552671" });
    let all = (0..10).map(|_| admin.post("/api/auth/admin/users", body.clone()));
    let answers = futures_util::future::join_all(all).await;
    let made = answers.iter().filter(|answer| answer.status() == 200).count();
    let refused = answers.iter().filter(|answer| answer.status() == 422).count();
    assert_eq!((made, refused), (1, 9), "{answers:?}");
    assert_eq!(
        admin.get("/api/auth/admin/users").await.header("x-total-count"),
        Some("1")
    );
}

/// [V1] Get by id — 200; unknown 404 `user_not_found`; non-UUID 404.
async fn get_user_by_id_and_unknown_ones_are_404(app: App) {
    let admin = service(&app);
    let user = make(&admin, json!({ "email": "ada@example.com" })).await;
    assert_eq!(admin.get(&path(&user)).await.json(), user);
    for id in ["unknown", "00000000-0000-0000-0000-000000000000", "%00", "'"] {
        let path = format!("/api/auth/admin/users/{id}");
        for answer in [
            admin.get(&path).await,
            admin.put(&path, json!({ "role": "x" })).await,
            admin.delete(&path, json!({})).await,
            admin.get(&format!("{path}/sessions")).await,
            admin.delete(&format!("{path}/sessions"), json!({})).await,
        ] {
            assert_eq!(
                (answer.status(), answer.error_code().as_str()),
                (404, "user_not_found"),
                "{id}"
            );
        }
    }
}

/// [V1] Update by id — e-mail, phone, password, metadata, role, ban, confirm flags immediate; `email_confirm:true` sets
/// `email_confirmed_at`.
async fn update_user_is_immediate(app: App) {
    let app = app.beside(|builder| builder.mailer(MemoryMailer::default())).await;
    let admin = service(&app);
    let user = make(&admin, json!({ "email": "ada@example.com", "password": PASSWORD })).await;
    let answer = admin.put(&path(&user), json!({ "email_confirm": true })).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.json()["email_confirmed_at"].is_string());
    let answer = admin
        .put(
            &path(&user),
            json!({ "email": "grace@example.com", "phone": "+14155552671", "phone_confirm": true, "role": "editor",
                    "password": "another long password", "attributes": { "credits": 3 } }),
        )
        .await
        .json();
    assert_eq!(answer["email"], "grace@example.com");
    assert_eq!(answer["phone"], "14155552671");
    assert!(answer["phone_confirmed_at"].is_string() && answer.get("new_email").is_none());
    assert_eq!(
        (answer["role"].as_str(), &answer["attributes"]["credits"]),
        (Some("editor"), &json!(3))
    );
    assert_eq!(app.script().sign_in("ada@example.com", PASSWORD).await.status(), 400);
    let signed_in = app.script().sign_in("grace@example.com", "another long password").await;
    assert_eq!(signed_in.status(), 200, "{signed_in:?}");
    make(&admin, json!({ "email": "taken@example.com" })).await;
    let taken = admin
        .put(&path(&user), json!({ "email": "taken@example.com", "role": "nobody" }))
        .await;
    assert_eq!(taken.error_code(), "email_exists");
    let unchanged = admin.get(&path(&user)).await.json();
    assert_eq!(
        (unchanged["email"].as_str(), unchanged["role"].as_str()),
        (Some("grace@example.com"), Some("editor"))
    );
}

async fn what_an_administrator_wrote_outlives_the_first_proof(app: App) {
    let mailer = MemoryMailer::default();
    let app = app.beside(|builder| builder.mailer(mailer.clone())).await;
    let admin = service(&app);
    let body = json!({
        "email": "ada@example.com",
        "user_metadata": { "name": "Ada" },
        "attributes": { "username": "ada", "credits": 7 },
    });
    let user = make(&admin, body).await;
    assert_eq!(user["app_metadata"]["made_by_administrator"], true);
    // A stranger asks for a link to it, and says who she is.
    let asked = json!({ "email": "ada@example.com", "data": { "name": "Eve", "team": 7 } });
    assert_eq!(app.script().post("/api/auth/otp", asked).await.status(), 200);
    let mails = mailer.wait_for(1, Duration::from_secs(10)).await.unwrap();
    let (_, rest) = mails[0].text.split_once("/verify?token=").unwrap();
    let token: String = rest.chars().take_while(|character| *character != '&').collect();
    let ada = app.browser();
    let verify = json!({ "type": "magiclink", "token_hash": token });
    assert_eq!(ada.post("/api/auth/verify", verify).await.status(), 200);
    let user = ada.get("/api/auth/user").await.json();
    assert_eq!(user["user_metadata"], json!({ "name": "Ada", "team": 7 }));
    assert_eq!(user["attributes"], json!({ "username": "ada", "credits": 7 }));
    assert_eq!(user["app_metadata"]["made_by_administrator"], Value::Null);
    // Who vouches for the address ends it as well.
    let user = make(&admin, json!({ "email": "bob@example.com" })).await;
    assert_eq!(user["app_metadata"]["made_by_administrator"], true);
    let path = format!("/api/auth/admin/users/{}", user["id"].as_str().unwrap());
    let user = admin.put(&path, json!({ "email_confirm": true })).await.json();
    assert_eq!(user["app_metadata"]["made_by_administrator"], Value::Null);
}

async fn an_address_that_is_not_the_proven_one_goes_with_its_key(app: App) {
    let admin = service(&app);
    let user = make(&admin, json!({ "email": "ada@example.com", "phone": "14155552671" })).await;
    let link = json!({ "type": "magiclink", "email": "ada@example.com" });
    let link = admin.post("/api/auth/admin/generate_link", link).await.json();
    let ada = app.browser();
    let verify = json!({ "type": "magiclink", "token_hash": link["hashed_token"] });
    assert_eq!(ada.post("/api/auth/verify", verify).await.status(), 200);
    let proven = ada.get("/api/auth/user").await.json();
    assert_eq!((&proven["id"], &proven["phone"]), (&user["id"], &json!("")));
    assert_eq!(proven["identities"].as_array().unwrap().len(), 1);
    // The number is anybody's again.
    make(&admin, json!({ "phone": "14155552671" })).await;
}

async fn update_user_merges_metadata(app: App) {
    let admin = service(&app);
    let body = json!({
        "email": "ada@example.com",
        "email_confirm": true,
        "user_metadata": { "a": 1, "b": 2 },
        "app_metadata": { "plan": "paid" },
    });
    let user = make(&admin, body).await;
    let change = json!({ "user_metadata": { "b": null, "c": 3 }, "app_metadata": { "seats": 5 } });
    let answer = admin.put(&path(&user), change).await.json();
    assert_eq!(answer["user_metadata"], json!({ "a": 1, "c": 3 }));
    assert_eq!(
        answer["app_metadata"],
        json!({ "plan": "paid", "seats": 5, "provider": "email", "providers": ["email"] })
    );
}

/// Statement 44: what an administrator knows as somebody's password is told to its owner, and noted.
async fn a_password_set_by_an_administrator_ends_sessions_and_is_told(app: App) {
    let mailer = MemoryMailer::default();
    let app = app.beside(|builder| builder.mailer(mailer.clone())).await;
    let admin = service(&app);
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "email_confirm": true });
    let user = make(&admin, body).await;
    let ada = app.browser();
    assert_eq!(ada.sign_in("ada@example.com", PASSWORD).await.status(), 200);
    let answer = admin
        .put(&path(&user), json!({ "password": "chosen for somebody" }))
        .await;
    assert_eq!(answer.status(), 200);
    assert_eq!(ada.get("/api/auth/user").await.status(), 401);
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 400);
    assert_eq!(
        app.browser()
            .sign_in("ada@example.com", "chosen for somebody")
            .await
            .status(),
        200
    );
    let mails = mailer.wait_for(1, Duration::from_secs(10)).await.unwrap();
    assert_eq!(mails[0].to, "ada@example.com");
    let events = app.events.events();
    let noted = events
        .iter()
        .find(|event| event.kind == EventKind::PasswordChanged)
        .unwrap();
    assert_eq!(noted.reason, Some("admin"));
    let weak = admin.put(&path(&user), json!({ "password": "short" })).await;
    assert_eq!((weak.status(), weak.error_code().as_str()), (422, "weak_password"));
}

/// Statement 44.
async fn a_password_that_another_chose_is_marked_until_its_owner_chooses(app: App) {
    let admin = service(&app);
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "email_confirm": true });
    let user = make(&admin, body).await;
    let mark = |user: &Value| user["app_metadata"]["must_change_password"].clone();
    assert_eq!(mark(&user), true);
    let ada = app.browser();
    let signed_in = ada.sign_in("ada@example.com", PASSWORD).await.json();
    assert_eq!(mark(&signed_in["user"]), true);
    // Nobody takes the mark off their own account but by another password.
    ada.put("/api/auth/user", json!({ "data": { "must_change_password": null } }))
        .await;
    assert_eq!(mark(&ada.get("/api/auth/user").await.json()), true);
    let change = json!({ "password": "chosen by Ada herself", "current_password": PASSWORD });
    assert_eq!(ada.put("/api/auth/user", change).await.status(), 200);
    assert_eq!(mark(&ada.get("/api/auth/user").await.json()), Value::Null);
    let answer = admin
        .put(&path(&user), json!({ "password": "chosen for somebody" }))
        .await;
    assert_eq!(mark(&answer.json()), true);
    // A hash from elsewhere says nothing about who chose the password.
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$lYeNX8nQavRzvla2lRM+2g$2v2sQ4oFzHaZpTQZiloxVZzeoeEI6HlA2Dam8I5ni88";
    let grace = make(&admin, json!({ "email": "grace@example.com", "password_hash": hash })).await;
    assert_eq!(mark(&grace), Value::Null);
}

/// Somebody who has just signed up and was made an administrator.
pub(super) async fn administrator(app: &App, email: &str) -> (Client, UserId) {
    let browser = app.signed_up(email).await;
    let id = UserId::from(browser.get("/api/auth/user").await.json()["id"].as_str().unwrap());
    let role = AdminUserAttributes::default().role("service_role");
    app.auth.admin_update_user(&id, role).await.unwrap();
    // Another role ends sessions, so that nobody acts with the old one.
    assert_eq!(browser.get("/api/auth/user").await.status(), 401);
    assert_eq!(browser.sign_in(email, PASSWORD).await.status(), 200);
    (browser, id)
}

async fn an_administrator_keeps_their_session_when_they_change_their_own_password(app: App) {
    let (admin, id) = administrator(&app, "root@example.com").await;
    let elsewhere = app.browser();
    elsewhere.sign_in("root@example.com", PASSWORD).await;
    let own = format!("/api/auth/admin/users/{id}");
    let answer = admin.put(&own, json!({ "password": "a new long password" })).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(admin.get("/api/auth/user").await.status(), 200);
    assert_eq!(elsewhere.get("/api/auth/user").await.status(), 401);
}

async fn a_ban_and_another_role_end_sessions(app: App) {
    let admin = service(&app);
    let ada = app.signed_up("ada@example.com").await;
    let user = ada.get("/api/auth/user").await.json();
    let banned = admin.put(&path(&user), json!({ "ban_duration": "24h" })).await.json();
    assert!(banned["banned_until"].is_string());
    assert_eq!(ada.get("/api/auth/user").await.status(), 401);
    assert_eq!(
        ada.sign_in("ada@example.com", PASSWORD).await.error_code(),
        "user_banned"
    );
    let free = admin.put(&path(&user), json!({ "ban_duration": "none" })).await.json();
    assert!(free.get("banned_until").is_none());
    assert_eq!(ada.sign_in("ada@example.com", PASSWORD).await.status(), 200);
    // The same role once more is no other.
    admin.put(&path(&user), json!({ "role": "authenticated" })).await;
    assert_eq!(ada.get("/api/auth/user").await.status(), 200);
    admin.put(&path(&user), json!({ "role": "editor" })).await;
    assert_eq!(ada.get("/api/auth/user").await.status(), 401);
    assert_eq!(app.events.count(EventKind::UserBanned), 2);
}

async fn an_address_changed_by_an_administrator_takes_the_key_along(app: App) {
    let admin = service(&app);
    let ada = app.signed_up("ada@example.com").await;
    let user = ada.get("/api/auth/user").await.json();
    let answer = admin
        .put(&path(&user), json!({ "email": "lovelace@example.com" }))
        .await
        .json();
    assert_eq!(answer["identities"][0]["id"], "lovelace@example.com");
    assert!(answer["email_confirmed_at"].is_string());
    assert_eq!(
        app.browser().sign_in("lovelace@example.com", PASSWORD).await.status(),
        200
    );
    app.signed_up("ada@example.com").await;
}

/// [V1] List — `{users,aud}`, newest first, 50 per page, `x-total-count`, `Link` next/last.
async fn users_are_listed_newest_first_page_by_page(app: App) {
    let admin = service(&app);
    for number in 0..5 {
        make(&admin, json!({ "email": format!("u{number}@example.com") })).await;
        app.wait(Duration::from_secs(1));
    }
    let answer = admin.get("/api/auth/admin/users?page=1&per_page=2").await;
    let listed = answer.json();
    assert_eq!(listed["aud"], "authenticated");
    let emails = |listed: &Value| -> Vec<String> {
        let users = listed["users"].as_array().unwrap().iter();
        users.map(|user| user["email"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(emails(&listed), ["u4@example.com", "u3@example.com"]);
    assert_eq!(listed["users"][0]["identities"][0]["provider"], "email");
    assert_eq!(answer.header("x-total-count"), Some("5"));
    assert_eq!(
        answer.header("link"),
        Some(
            "<https://app.example.com/api/auth/admin/users?page=2&per_page=2>; rel=\"next\", \
             <https://app.example.com/api/auth/admin/users?page=3&per_page=2>; rel=\"last\""
        )
    );
    let last = admin.get("/api/auth/admin/users?page=3&per_page=2").await;
    assert_eq!(emails(&last.json()), ["u0@example.com"]);
    assert!(!last.header("link").unwrap().contains("next"));
    let beyond = admin.get("/api/auth/admin/users?page=9&per_page=2").await;
    assert_eq!(emails(&beyond.json()), [""; 0]);
    assert_eq!(emails(&admin.get("/api/auth/admin/users").await.json()).len(), 5);
    // Fifty, unless asked otherwise.
    for number in 5..51 {
        make(&admin, json!({ "email": format!("u{number}@example.com") })).await;
    }
    let first = admin.get("/api/auth/admin/users").await;
    assert_eq!(emails(&first.json()).len(), 50);
    assert_eq!(first.header("x-total-count"), Some("51"));
    let second = admin.get("/api/auth/admin/users?page=2").await;
    assert_eq!(emails(&second.json()), ["u0@example.com"]);
}

/// [C] List `filter`, `sort`; [B] exact e-mail lookup.
async fn users_are_filtered_and_sorted(app: App) {
    let admin = service(&app);
    for email in [
        "ada@example.com",
        "adam@example.com",
        "grace@example.com",
        "xada@example.com",
    ] {
        make(&admin, json!({ "email": email })).await;
        app.wait(Duration::from_secs(1));
    }
    let listed = async |query: &str| {
        let answer = admin.get(&format!("/api/auth/admin/users?{query}")).await;
        let users = answer.json()["users"].as_array().unwrap().clone();
        let emails: Vec<String> = users
            .iter()
            .map(|user| user["email"].as_str().unwrap().to_owned())
            .collect();
        emails
    };
    assert_eq!(
        listed("filter=ADA").await,
        ["xada@example.com", "adam@example.com", "ada@example.com"]
    );
    // A whole address is its owner's alone.
    assert_eq!(listed("filter=Ada@Example.com").await, ["ada@example.com"]);
    assert_eq!(listed("filter=ada@example.com&page=2").await, [""; 0]);
    assert_eq!(listed("filter=nobody@example.com").await, [""; 0]);
    assert_eq!(listed("filter=%25").await, [""; 0]);
    assert_eq!(listed("sort=created_at%20asc").await[0], "ada@example.com");
    assert_eq!(listed("sort=created_at%20desc").await[0], "xada@example.com");
    let refused = admin.get("/api/auth/admin/users?sort=email").await;
    assert_eq!(refused.status(), 400);
    let answer = admin.get("/api/auth/admin/users?filter=ad&per_page=1").await;
    assert!(answer.header("link").unwrap().contains("?page=2&filter=ad&per_page=1>"));
}

/// GA13: cursor paging.
async fn nobody_is_missed_or_met_twice_by_whoever_goes_on_from_a_user(app: App) {
    let admin = service(&app);
    let mut everybody = Vec::new();
    for number in 0..6 {
        let email = format!("u{number}@example.com");
        make(&admin, json!({ "email": email })).await;
        everybody.push(email);
        // Two and two of the same moment.
        if number % 2 == 1 {
            app.wait(Duration::from_secs(1));
        }
    }
    let next = |answer: &Answer| {
        let (path, rest) = answer
            .header("link")?
            .strip_prefix("<https://app.example.com")?
            .split_once('>')?;
        assert_eq!(rest, "; rel=\"next\"");
        Some(path.to_owned())
    };
    let first = |sort: &str| format!("/api/auth/admin/users?after=&sort=created_at%20{sort}&per_page=2");
    let mut asked = Some(first("desc"));
    let mut met = Vec::new();
    while let Some(page) = asked {
        let answer = admin.get(&page).await;
        assert_eq!(answer.header("x-total-count"), Some("6"), "{page}");
        let users = answer.json()["users"].as_array().unwrap().clone();
        met.extend(users.iter().map(|user| user["email"].as_str().unwrap().to_owned()));
        asked = next(&answer);
        if met.len() == 2 {
            // Whoever stands where the page ends goes, and somebody new comes.
            admin.delete(&path(&users[1]), json!({})).await;
            make(&admin, json!({ "email": "new@example.com" })).await;
        }
    }
    met.sort_unstable();
    assert_eq!(met, everybody);
    let oldest = admin.get(&first("asc")).await;
    let further = admin.get(&next(&oldest).unwrap()).await.json();
    assert_eq!(further["users"].as_array().unwrap().len(), 2);
    for place in ["x", "1", "x.usr"] {
        let refused = admin.get(&format!("/api/auth/admin/users?after={place}")).await;
        assert_eq!(refused.refusal(), (400, "validation_failed".to_owned()), "{place}");
    }
}

/// [V1] `page=-1` 400.
async fn bad_pages_are_refused(app: App) {
    let admin = service(&app);
    for query in [
        "page=-1",
        "page=0",
        "page=x",
        "page=1.5",
        "per_page=0",
        "per_page=1001",
        "page=99999999999999999999",
    ] {
        let answer = admin.get(&format!("/api/auth/admin/users?{query}")).await;
        assert_eq!(
            (answer.status(), answer.error_code().as_str()),
            (400, "validation_failed"),
            "{query}"
        );
        let sentence = answer.json()["msg"].as_str().unwrap().to_owned();
        assert!(sentence.starts_with("Bad Pagination Parameters: "), "{sentence}");
    }
}

async fn sessions_of_a_user_are_listed_and_ended(app: App) {
    let admin = service(&app);
    let ada = app.signed_up("ada@example.com").await;
    let second = app.browser();
    second.sign_in("ada@example.com", PASSWORD).await;
    let user = ada.get("/api/auth/user").await.json();
    let sessions = format!("{}/sessions", path(&user));
    let listed = admin.get(&sessions).await;
    let list = listed.json()["sessions"].as_array().unwrap().clone();
    assert_eq!(list.len(), 2);
    assert!(list.iter().all(|session| session["current"] == false));
    let secret = ada.token().unwrap();
    assert!(!listed.text().contains(secret.split('.').next_back().unwrap()));
    let ended = admin.delete(&sessions, json!({})).await;
    assert_eq!((ended.status(), ended.text()), (200, "{}"));
    assert_eq!(ada.get("/api/auth/user").await.status(), 401);
    assert_eq!(second.get("/api/auth/user").await.status(), 401);
    assert_eq!(admin.get(&sessions).await.json(), json!({ "sessions": [] }));
}

async fn an_administrator_is_a_fresh_user_with_the_role(app: App) {
    let (admin, id) = administrator(&app, "root@example.com").await;
    assert_eq!(admin.get("/api/auth/admin/users").await.status(), 200);
    let sessions = admin.get(&format!("/api/auth/admin/users/{id}/sessions")).await.json();
    assert_eq!(sessions["sessions"][0]["current"], true);
    app.wait(Duration::from_secs(24 * 3_600));
    let stale = admin.get("/api/auth/admin/users").await;
    assert_eq!(
        (stale.status(), stale.error_code().as_str()),
        (403, "reauthentication_needed")
    );
    assert_eq!(admin.sign_in("root@example.com", PASSWORD).await.status(), 200);
    assert_eq!(admin.get("/api/auth/admin/users").await.status(), 200);
}

async fn the_core_does_the_same_without_http(app: App) {
    let auth = &app.auth;
    let ada = AdminUserAttributes::default()
        .email("ada@example.com")
        .password(PASSWORD)
        .email_confirm(true);
    let user = auth.admin_create_user(ada).await.unwrap();
    let page = auth
        .list_users(&UserQuery {
            limit: 10,
            ..UserQuery::default()
        })
        .await
        .unwrap();
    assert_eq!((page.users, page.total), (vec![user.clone()], 1));
    let banned = AdminUserAttributes::default().ban(Some(Duration::from_secs(60)));
    assert!(
        auth.admin_update_user(&user.id, banned)
            .await
            .unwrap()
            .is_banned(app.now())
    );
    auth.soft_delete_user(&user.id).await.unwrap();
    assert!(auth.get_user(&user.id).await.unwrap().deleted_at.is_some());
    auth.delete_user(&user.id).await.unwrap();
    assert_eq!(auth.list_users(&UserQuery::default()).await.unwrap().total, 0);
}

/// [C] Cleanup — expired tokens and sessions removed.
async fn sweeping_takes_what_has_expired(app: App) {
    let app = app
        .beside(|builder| builder.mailer(MemoryMailer::default()).keep_events(true))
        .await;
    let admin = service(&app);
    make(
        &admin,
        json!({ "email": "ada@example.com", "password": PASSWORD, "email_confirm": true }),
    )
    .await;
    app.script().sign_in("ada@example.com", PASSWORD).await;
    let link = json!({ "type": "recovery", "email": "ada@example.com" });
    assert_eq!(admin.post("/api/auth/admin/generate_link", link).await.status(), 200);
    assert_eq!(admin.get("/api/auth/admin/events").await.status(), 200);
    let nothing = app.auth.delete_expired().await.unwrap();
    assert_eq!((nothing.sessions, nothing.tokens, nothing.events), (0, 0, 0));
    app.wait(Duration::from_secs(100 * 24 * 3_600));
    let swept = app.auth.delete_expired().await.unwrap();
    assert_eq!((swept.sessions, swept.tokens), (1, 1));
    assert!(swept.events >= 3, "{swept:?}");
}
