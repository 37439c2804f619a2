//! A sibling domain plants a second refresh cookie beside the owner's: nobody can tell which is which, and taking cookies away
//! would take the owner's and leave the other.

use std::time::Duration;

use auth_core::{RefreshAt, TokenNames, Tokens};
use serde_json::json;

use crate::{Answer, App, Client, stories};

stories![
    a_planted_refresh_cookie_ends_no_session_where_requests_renew,
    a_planted_refresh_cookie_ends_no_session_where_the_endpoint_renews,
    another_site_does_not_even_learn_of_it,
];

/// Without the prefix that keeps siblings out, as SuperTokens names them.
async fn signed_in(app: &App, refresh_at: RefreshAt) -> (App, Client) {
    let tokens = Tokens::default()
        .names(TokenNames::supertokens())
        .refresh_at(refresh_at);
    let app = App::with(app.driver, |builder| builder.sessions(tokens)).await;
    let ada = app.signed_up("ada@example.com").await;
    (app, ada)
}

/// The same browser after the plant; the jar sends it in the same field.
fn planted(ada: &Client) -> Client {
    let victim = ada.copy();
    victim.set_cookie("x", "1; sRefreshToken=planted");
    victim
}

async fn refresh(client: &Client, path: &str) -> Answer {
    client.send("POST", path, None, "").await
}

fn touches_nothing(answer: &Answer) {
    assert_eq!(answer.set_cookies(), [""; 0], "{answer:?}");
    for header in ["front-token", "st-access-token", "st-refresh-token", "anti-csrf"] {
        assert_eq!(answer.header(header), None, "{answer:?}");
    }
}

async fn endpoints_refuse(app: &App, victim: &Client) {
    for path in ["/api/auth/session/refresh", "/api/auth/token?grant_type=refresh_token"] {
        app.store.forget_calls();
        let answer = refresh(victim, path).await;
        assert_eq!(answer.refusal(), (400, "ambiguous_cookies".to_owned()), "{path}");
        assert!(answer.text().contains("The request contains multiple session cookies."));
        touches_nothing(&answer);
        assert_eq!(app.store.calls(), [""; 0], "{path}");
    }
}

async fn a_planted_refresh_cookie_ends_no_session_where_requests_renew(app: App) {
    let (app, ada) = signed_in(&app, RefreshAt::Request).await;
    let victim = planted(&ada);
    assert_eq!(victim.get("/me").await.status(), 200);
    app.wait(Duration::from_secs(3_601));
    for path in ["/session", "/me", "/maybe"] {
        let answer = victim.get(path).await;
        assert_eq!(
            (answer.status(), &answer.json()["message"]),
            (401, &json!("try refresh token")),
            "{path}"
        );
        touches_nothing(&answer);
    }
    endpoints_refuse(&app, &victim).await;
    // The owner's own is as good as before.
    victim.forget_cookie("x");
    assert_eq!(victim.get("/me").await.status(), 200);
}

async fn a_planted_refresh_cookie_ends_no_session_where_the_endpoint_renews(app: App) {
    let (app, ada) = signed_in(&app, RefreshAt::Endpoint).await;
    let victim = planted(&ada);
    app.wait(Duration::from_secs(3_601));
    let answer = victim.get("/session").await;
    assert_eq!(
        (answer.status(), &answer.json()["message"]),
        (401, &json!("try refresh token"))
    );
    touches_nothing(&answer);
    let answer = refresh(&victim, "/api/auth/session/refresh").await;
    assert_eq!(answer.refusal(), (400, "ambiguous_cookies".to_owned()));
    touches_nothing(&answer);
    victim.forget_cookie("x");
    assert_eq!(refresh(&victim, "/api/auth/session/refresh").await.status(), 200);
    assert_eq!(victim.get("/me").await.status(), 200);
}

async fn another_site_does_not_even_learn_of_it(app: App) {
    let (_, ada) = signed_in(&app, RefreshAt::Request).await;
    let forged = planted(&ada).with("origin", "https://evil.test");
    let answer = refresh(&forged, "/api/auth/session/refresh").await;
    assert_eq!(answer.refusal(), (403, "origin_not_allowed".to_owned()));
    touches_nothing(&answer);
}
