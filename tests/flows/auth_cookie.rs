//! A page that holds its tokens itself, and the cookie by which the server's pages know it.

use auth_core::{AuthRequest, CookieOptions, Tokens};
use auth_tests::Answer;
use serde_json::{Value, json};

use crate::{App, Client, PASSWORD, stories};

stories![App::new =>
    a_page_that_signed_in_is_known_by_its_cookie_until_it_signs_out,
    what_is_missing_is_said_and_what_opens_nothing_is_not_kept,
    without_a_configured_cookie_there_is_no_such_route,
];

/// The application under either strategy.
async fn both(app: &App) -> [App; 2] {
    let cookie = || CookieOptions::default().name("token").expect("it is a name");
    let opaque = App::with(app.driver, |builder| builder.auth_cookie(cookie())).await;
    let tokens = App::with(app.driver, |builder| {
        builder.auth_cookie(cookie()).sessions(Tokens::default())
    })
    .await;
    [opaque, tokens]
}

/// A script's session: its token is in the body.
async fn session(app: &App) -> Value {
    let script = app.script().with("st-auth-mode", "header");
    let answer = script.sign_up("ada@example.com", PASSWORD).await;
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json()
}

async fn tell(browser: &Client, event: &str, session: &Value) -> Answer {
    let body = json!({ "event": event, "session": session });
    browser.post("/api/auth/cookie", body).await
}

async fn a_page_that_signed_in_is_known_by_its_cookie_until_it_signs_out(app: App) {
    for app in both(&app).await {
        let (browser, session) = (app.browser(), session(&app).await);
        let told = tell(&browser, "SIGNED_IN", &session).await;
        assert_eq!((told.status(), told.text()), (200, "{}"));
        let cookie = &told.set_cookies()[0];
        assert!(
            cookie.contains("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=28800;"),
            "{cookie}"
        );

        let (parts, ()) = http::Request::get("/")
            .header("cookie", format!("token={}", browser.cookie("token").unwrap()))
            .body(())
            .unwrap()
            .into_parts();
        let user = AuthRequest::new(&app.auth, &parts).get_user_by_cookie().await.unwrap();
        assert_eq!(user.email.as_deref(), Some("ada@example.com"));

        // Nothing else changes the cookie.
        for event in ["USER_UPDATED", "PASSWORD_RECOVERY", "SOMETHING_NEW"] {
            assert!(
                tell(&browser, event, &session).await.set_cookies().is_empty(),
                "{event}"
            );
        }
        app.auth
            .sign_out(session["access_token"].as_str().unwrap())
            .await
            .unwrap();
        assert!(AuthRequest::new(&app.auth, &parts).get_user_by_cookie().await.is_err());
        tell(&browser, "SIGNED_OUT", &Value::Null).await;
        assert_eq!(browser.cookie("token"), None);
    }
}

async fn what_is_missing_is_said_and_what_opens_nothing_is_not_kept(app: App) {
    for app in both(&app).await {
        let browser = app.browser();
        let missing = browser.post("/api/auth/cookie", json!({ "session": {} })).await;
        assert_eq!(
            (missing.status(), &missing.json()["msg"]),
            (400, &json!("Auth event missing!"))
        );
        let missing = tell(&browser, "SIGNED_IN", &Value::Null).await;
        assert_eq!(
            (missing.status(), &missing.json()["msg"]),
            (400, &json!("Auth session missing!"))
        );
        let forged = tell(&browser, "SIGNED_IN", &json!({ "access_token": "x.y" })).await;
        assert_eq!((forged.status(), forged.set_cookies().len()), (403, 0));
        let session = session(&app).await;
        let elsewhere = app.browser().with("origin", "https://evil.test");
        let refused = tell(&elsewhere, "SIGNED_IN", &session).await;
        assert_eq!((refused.status(), refused.set_cookies().len()), (403, 0));
        // Nor what opened something until a moment ago.
        app.auth
            .sign_out(session["access_token"].as_str().unwrap())
            .await
            .unwrap();
        for event in ["SIGNED_IN", "TOKEN_REFRESHED"] {
            let ended = tell(&browser, event, &session).await;
            assert_eq!(ended.refusal(), (403, "session_not_found".to_owned()), "{event}");
            assert!(ended.set_cookies().is_empty());
        }
        let get = browser.get("/api/auth/cookie").await;
        assert_eq!((get.status(), get.header("allow")), (405, Some("POST, OPTIONS")));
        let (parts, ()) = http::Request::get("/").body(()).unwrap().into_parts();
        let nobody = AuthRequest::new(&app.auth, &parts)
            .get_user_by_cookie()
            .await
            .unwrap_err();
        assert_eq!(nobody.sentence(), Some("No cookie found!"));
    }
}

async fn without_a_configured_cookie_there_is_no_such_route(app: App) {
    let answer = tell(&app.browser(), "SIGNED_OUT", &Value::Null).await;
    assert_eq!(answer.status(), 404);
}
