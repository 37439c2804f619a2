//! A thief holds a copy of the access token; the owner changes the password. Whoever asks the store refuses the copy from then on,
//! and every route of the library asks.

use std::time::Duration;

use auth_core::{EventKind, RefreshAt, Rotation, Tokens};
use serde_json::json;

use crate::{Answer, App, Client, PASSWORD, stories};

stories![
    the_copy_opens_no_route_of_the_library,
    the_copy_opens_nothing_where_the_store_is_asked,
    the_copy_does_nothing_grave_when_its_owner_has_refreshed,
    a_tab_that_was_under_way_keeps_the_cookies_that_came_with_the_password,
];

async fn signed_in(app: &App, tokens: Tokens) -> (App, Client) {
    let app = App::with(app.driver, |builder| builder.sessions(tokens)).await;
    let ada = app.signed_up("ada@example.com").await;
    (app, ada)
}

async fn change(client: &Client, password: &str) -> Answer {
    client.put("/api/auth/user", json!({ "password": password })).await
}

fn rotations() -> [Tokens; 3] {
    [
        Tokens::default(),
        Tokens::default().rotation(Rotation::Grace(Duration::from_secs(10))),
        Tokens::default().rotation(Rotation::Off),
    ]
}

/// Signed in a moment ago, so that nobody would be asked for the password.
async fn the_copy_opens_no_route_of_the_library(app: App) {
    for tokens in rotations() {
        let (app, ada) = signed_in(&app, tokens.refresh_at(RefreshAt::Endpoint)).await;
        let thief = app.bearer(&ada.cookie("__Host-auth_access").unwrap());
        assert_eq!(thief.get("/api/auth/user").await.status(), 200);
        app.wait(Duration::from_secs(1));
        assert_eq!(change(&ada, "another horse battery").await.status(), 200);
        for _ in 0..2 {
            for answer in [
                thief.get("/api/auth/user").await,
                change(&thief, "the thief's own horse").await,
                thief.delete("/api/auth/user", json!({})).await,
                thief.get("/api/auth/sessions").await,
            ] {
                assert!([401, 403].contains(&answer.status()), "{answer:?}");
            }
            thief.post("/api/auth/logout?scope=global", json!({})).await;
            app.wait(Duration::from_secs(11));
        }
        assert_eq!(ada.get("/api/auth/user").await.status(), 200);
        let answer = app.browser().sign_in("ada@example.com", "another horse battery").await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        assert_eq!(app.events.count(EventKind::TokenReused), 0);
    }
}

async fn the_copy_opens_nothing_where_the_store_is_asked(app: App) {
    for check_store in [true, false] {
        for tokens in rotations() {
            let (app, ada) = signed_in(&app, tokens.check_store(check_store)).await;
            let access = ada.cookie("__Host-auth_access").unwrap();
            let thief = app.bearer(&access);
            change(&ada, "another horse battery").await;
            app.wait(Duration::from_secs(11));
            // Its word is taken until it ends, where nobody asks.
            let status = if check_store { 401 } else { 200 };
            assert_eq!(thief.get("/me").await.status(), status);
            assert_eq!(thief.get("/session").await.status(), status);
            let opened = app.auth.validate_access_token(&access, None).await;
            assert_eq!(opened.is_err(), check_store);
            assert!(app.auth.get_user_by_token(&access).await.is_err());
            assert!(app.auth.sign_out(&access).await.is_err());
            // The owner's go on.
            assert_eq!(ada.get("/me").await.status(), 200);
        }
    }
}

/// A refresh ends what the row says of the password; the copy is of a line before the present one, and has proven nothing.
async fn the_copy_does_nothing_grave_when_its_owner_has_refreshed(app: App) {
    for (tokens, changes) in rotations()
        .into_iter()
        .flat_map(|tokens| [(tokens.clone(), true), (tokens, false)])
    {
        let rotates = !format!("{tokens:?}").contains("Off");
        let (app, ada) = signed_in(&app, tokens.refresh_at(RefreshAt::Endpoint)).await;
        let thief = app
            .bearer(&ada.cookie("__Host-auth_access").unwrap())
            .with("rid", "session");
        app.wait(Duration::from_secs(1));
        if changes {
            assert_eq!(change(&ada, "another horse battery").await.status(), 200);
        }
        app.wait(Duration::from_secs(60));
        let refreshed = ada.send("POST", "/api/auth/session/refresh", None, "").await;
        assert_eq!(refreshed.status(), 200, "{refreshed:?}");
        assert_eq!(ada.get("/api/auth/user").await.status(), 200);
        if changes || rotates {
            for answer in [
                change(&thief, "the thief's own horse").await,
                thief.delete("/api/auth/user", json!({})).await,
            ] {
                assert!([400, 401, 403].contains(&answer.status()), "{answer:?}");
                assert_eq!(answer.header("st-access-token").unwrap_or_default(), "");
            }
        }
        // She has the session's own tokens, and signed in a moment ago.
        assert_eq!(change(&ada, "one more horse battery").await.status(), 200);
    }
}

/// The same jar: an answer that took its cookies away would sign her out of what she has just secured.
async fn a_tab_that_was_under_way_keeps_the_cookies_that_came_with_the_password(app: App) {
    let strict = Rotation::ParentChild {
        straggler: Duration::ZERO,
    };
    let strict = Tokens::default().rotation(strict);
    for (tokens, refresh_at) in rotations()
        .into_iter()
        .chain([strict])
        .flat_map(|tokens| [(tokens.clone(), RefreshAt::Request), (tokens, RefreshAt::Endpoint)])
    {
        let tokens = tokens.check_store(true).refresh_at(refresh_at);
        let (app, ada) = signed_in(&app, tokens).await;
        app.wait(Duration::from_secs(1));
        let under_way = ada.copy();
        let current = json!({ "password": "another horse battery", "current_password": PASSWORD });
        assert_eq!(ada.put("/api/auth/user", current).await.set_cookies().len(), 3);
        app.wait(Duration::from_secs(10));
        for answer in [
            under_way.get("/me").await,
            under_way.get("/api/auth/user").await,
            under_way.send("POST", "/api/auth/session/refresh", None, "").await,
        ] {
            assert_eq!(answer.status(), 401, "{answer:?}");
            assert_eq!(answer.json()["message"], "try refresh token");
            assert_eq!(answer.set_cookies(), [""; 0], "{answer:?}");
        }
        app.wait(Duration::from_millis(1));
        let answer = under_way.get("/me").await;
        assert_eq!(answer.json()["message"], "unauthorised");
        assert_eq!(answer.set_cookies().len(), 3, "{answer:?}");
        assert_eq!(ada.get("/me").await.status(), 200);
        assert_eq!(app.events.count(EventKind::TokenReused), 0);
    }
}
