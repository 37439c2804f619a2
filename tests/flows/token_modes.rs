//! Which tokens count: the twelve refresh rows and the twenty-four verify rows of SuperTokens' transfer modes.

use std::time::Duration;

use auth_core::{NewSession, NewUser, Tokens, Transfer};
use serde_json::json;

use crate::{App, Client, PASSWORD, stories};

stories![
    the_twelve_rows_of_a_refresh,
    the_twenty_four_rows_of_a_check,
    an_expired_token_in_the_place_that_counts_asks_for_a_refresh,
    somebody_elses_bearer_token_is_ignored,
    the_configuration_decides_where_tokens_are_handed_out,
];

const MODES: [Transfer; 3] = [Transfer::Any, Transfer::Header, Transfer::Cookie];

async fn with(app: &App, transfer: Transfer) -> App {
    App::with(app.driver, |builder| {
        builder.sessions(Tokens::default().transfer(transfer))
    })
    .await
}

/// A browser with the cookies of a session, and the same user's tokens of another; whatever the mode would hand out.
async fn signed_in(app: &App) -> (Client, String, String, String) {
    let new = NewUser::with_password("email", "ada@example.com", PASSWORD);
    app.auth.create_user(new).await.unwrap();
    let proof = app
        .auth
        .authenticate_user("email", "ada@example.com", PASSWORD)
        .await
        .unwrap();
    let issue = async || app.auth.create_session(&proof, NewSession::default()).await.unwrap();
    let (in_cookies, in_headers) = (issue().await, issue().await);
    let browser = app.browser();
    let tokens = in_cookies.tokens.unwrap();
    browser.set_cookie("__Host-auth_access", tokens.access.expose());
    browser.set_cookie("__Host-auth_refresh", tokens.refresh.expose());
    browser.set_cookie("__Host-auth_marker", "x");
    let tokens = in_headers.tokens.unwrap();
    let (access, refresh) = (tokens.access.expose().to_owned(), tokens.refresh.expose().to_owned());
    (browser, access, refresh, in_headers.session.id.to_string())
}

fn client(app: &App, browser: &Client, bearer: Option<&str>, with_cookies: bool) -> Client {
    let client = browser.copy();
    if !with_cookies {
        client.forget_cookies();
    }
    match bearer {
        Some(token) => client.with("authorization", format!("Bearer {token}")),
        None => {
            let _ = app;
            client
        }
    }
}

async fn the_twelve_rows_of_a_refresh(app: App) {
    for mode in MODES {
        for (in_header, in_cookie) in [(false, false), (false, true), (true, false), (true, true)] {
            let app = with(&app, mode).await;
            let (browser, _, refresh, _) = signed_in(&app).await;
            let client = client(&app, &browser, in_header.then_some(refresh.as_str()), in_cookie);
            let answer = client.send("POST", "/api/auth/session/refresh", None, "").await;
            let expected = match (mode, in_header, in_cookie) {
                (Transfer::Any | Transfer::Header, true, _) => "header",
                (Transfer::Any | Transfer::Cookie, _, true) => "cookie",
                _ => "none",
            };
            let row = format!("{mode:?} {in_header} {in_cookie}: {answer:?}");
            let cookies = answer.set_cookies();
            let sets = cookies.iter().any(|cookie| !cookie.contains("Max-Age=0"));
            let clears = cookies.iter().filter(|cookie| cookie.contains("Max-Age=0")).count() == 3;
            let header = answer.header("st-refresh-token");
            match expected {
                "header" => {
                    assert_eq!(answer.status(), 200, "{row}");
                    assert!(header.is_some_and(|token| !token.is_empty()) && !sets, "{row}");
                    // The other place is cleared when it had something.
                    assert_eq!(clears, in_cookie, "{row}");
                    assert_ne!(answer.header("front-token"), Some("remove"), "{row}");
                }
                "cookie" => {
                    assert_eq!(answer.status(), 200, "{row}");
                    assert!(sets, "{row}");
                    assert_eq!(header, in_header.then_some(""), "{row}");
                    assert_ne!(answer.header("front-token"), Some("remove"), "{row}");
                }
                _ => {
                    assert_eq!(answer.status(), 401, "{row}");
                    assert!(clears && !sets && header == Some(""), "{row}");
                    assert_eq!(answer.header("front-token"), Some("remove"), "{row}");
                }
            }
        }
    }
}

async fn the_twenty_four_rows_of_a_check(app: App) {
    for mode in MODES {
        for (in_header, in_cookie) in [(false, false), (false, true), (true, false), (true, true)] {
            let app = with(&app, mode).await;
            let (browser, access, _, of_script) = signed_in(&app).await;
            let of_browser = match mode {
                // Cookies do not count there, so that nobody can ask with them.
                Transfer::Header => None,
                _ => Some(browser.get("/session").await.text().to_owned()),
            };
            let expected = match (mode, in_header, in_cookie) {
                (Transfer::Any | Transfer::Header, true, _) => Some(of_script),
                (Transfer::Any | Transfer::Cookie, _, true) => of_browser,
                _ => None,
            };
            let client = client(&app, &browser, in_header.then_some(access.as_str()), in_cookie);
            let required = client.get("/session").await;
            let optional = client.get("/maybe").await;
            let row = format!("{mode:?} {in_header} {in_cookie}");
            match expected {
                Some(id) => {
                    assert_eq!(required.text(), id, "{row}");
                    assert!(optional.json()["user"].is_string(), "{row}");
                }
                None => {
                    assert_eq!(required.status(), 401, "{row}");
                    assert_eq!(required.json()["message"], "unauthorised", "{row}");
                    assert_eq!(required.set_cookies(), [""; 0], "{row}");
                    assert_eq!(
                        (optional.status(), &optional.json()["user"]),
                        (200, &json!(null)),
                        "{row}"
                    );
                }
            }
        }
    }
}

async fn an_expired_token_in_the_place_that_counts_asks_for_a_refresh(app: App) {
    let app = with(&app, Transfer::Any).await;
    let (browser, access, _, _) = signed_in(&app).await;
    app.wait(Duration::from_secs(3_601));
    for path in ["/session", "/maybe"] {
        let answer = client(&app, &browser, Some(&access), true).get(path).await;
        assert_eq!(answer.json()["message"], "try refresh token", "{path}");
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
}

async fn somebody_elses_bearer_token_is_ignored(app: App) {
    let jwt_of_another = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IngifQ.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
    for foreign in ["opaque-token-of-another-api", "a.b", "a.b.c.d", jwt_of_another] {
        let app = with(&app, Transfer::Any).await;
        let (browser, ..) = signed_in(&app).await;
        assert_eq!(
            client(&app, &browser, Some(foreign), true)
                .get("/session")
                .await
                .status(),
            200,
            "{foreign}"
        );
        assert_eq!(
            client(&app, &browser, Some(foreign), false)
                .get("/session")
                .await
                .status(),
            401,
            "{foreign}"
        );
        // And it exempts from nothing.
        let forged = client(&app, &browser, Some(foreign), true).with("origin", "https://evil.test");
        assert_eq!(forged.post("/write", json!({})).await.status(), 403, "{foreign}");
    }
}

async fn the_configuration_decides_where_tokens_are_handed_out(app: App) {
    for (mode, asks, in_cookies) in [
        (Transfer::Any, "header", false),
        (Transfer::Any, "cookie", true),
        (Transfer::Cookie, "header", true),
        (Transfer::Header, "cookie", false),
    ] {
        let app = with(&app, mode).await;
        let answer = app
            .browser()
            .with("st-auth-mode", asks)
            .sign_up("ada@example.com", PASSWORD)
            .await;
        assert_eq!(
            answer.set_cookies().len(),
            if in_cookies { 3 } else { 0 },
            "{mode:?} {asks}"
        );
        assert_eq!(
            answer.json()["refresh_token"].is_string(),
            !in_cookies,
            "{mode:?} {asks}"
        );
    }
}
