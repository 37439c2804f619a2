//! What is remembered of access tokens goes with their session, whoever ends it.

use std::time::Duration;

use auth_core::{IssuedSession, NewSession, NewUser, Proof, Rotation, Tokens};
use serde_json::json;

use crate::{App, Client, PASSWORD, stories};

stories![
    a_session_that_ends_is_forgotten_however_it_ends,
    a_refreshed_session_that_ends_is_forgotten_however_it_ends,
    a_token_is_checked_once_while_it_is_in_use_and_there_is_room,
    expired_tokens_are_forgotten_with_the_sweep,
];

/// Every way to end the first of two sessions of one person; some end both.
const WAYS: [(&str, bool); 12] = [
    ("revoke", false),
    ("invalidate", false),
    ("revoke several", false),
    ("others", false),
    ("invalidate the refresh token", false),
    ("theft", false),
    ("signing out", false),
    ("another password, from the other session", true),
    ("all", true),
    ("another password", true),
    ("a ban", true),
    ("deletion", true),
];

/// An application with two users, and what proves who they are.
async fn with(app: &App, tokens: Tokens) -> (App, Proof, Proof) {
    let app = App::with(app.driver, |builder| builder.sessions(tokens)).await;
    let proof = async |name: &str| {
        app.auth
            .create_user(NewUser::with_password("email", name, PASSWORD))
            .await
            .unwrap();
        app.auth.authenticate_user("email", name, PASSWORD).await.unwrap()
    };
    let (ada, bob) = (proof("ada@example.com").await, proof("bob@example.com").await);
    (app, ada, bob)
}

async fn issue(app: &App, proof: &Proof) -> (IssuedSession, Client) {
    let issued = app.auth.create_session(proof, NewSession::default()).await.unwrap();
    let access = issued.tokens.as_ref().unwrap().access.expose();
    let client = app.script().with("authorization", format!("Bearer {access}"));
    (issued, client)
}

/// The status of a request, and how many signatures were checked for it.
async fn ask(client: &Client) -> (u16, u64) {
    let before = client.app.auth.signature_checks();
    let answer = client.get("/session").await;
    (answer.status(), client.app.auth.signature_checks() - before)
}

async fn end(app: &App, way: &str, (one, client): &(IssuedSession, Client), (two, other): &(IssuedSession, Client)) {
    let (auth, id, user) = (&app.auth, &one.session.id, &one.session.user_id);
    let refresh = one.tokens.as_ref().unwrap().refresh.expose();
    match way {
        "revoke" => assert!(auth.revoke_session(id).await.unwrap()),
        "invalidate" => auth.invalidate_session(id).await.unwrap(),
        "revoke several" => {
            auth.revoke_sessions(std::slice::from_ref(id)).await.unwrap();
        }
        "others" => auth
            .invalidate_other_user_sessions(user, &two.session.id)
            .await
            .unwrap(),
        "invalidate the refresh token" => auth.invalidate_refresh_token(refresh).await.unwrap(),
        "theft" => {
            let child = auth.refresh_session(refresh).await.unwrap().tokens.unwrap();
            auth.validate_access_token(child.access.expose(), None).await.unwrap();
            assert!(auth.refresh_session(refresh).await.unwrap_err().theft().is_some());
        }
        "signing out" => assert_eq!(client.post("/api/auth/signout", json!({})).await.status(), 200),
        "another password, from the other session" => {
            let body = json!({ "password": "another horse entirely", "current_password": PASSWORD });
            let answer = other.put("/api/auth/user", body).await;
            assert_eq!(answer.status(), 200, "{answer:?}");
        }
        "all" => auth.revoke_all_sessions_for_user(user).await.unwrap(),
        "another password" => {
            auth.update_user_password(user, Some("another horse entirely".into()))
                .await
                .unwrap();
        }
        "a ban" => auth
            .ban_user(user, Some(app.now() + Duration::from_secs(60)))
            .await
            .unwrap(),
        "deletion" => auth.delete_user(user).await.unwrap(),
        other => panic!("{other}"),
    }
}

async fn a_session_that_ends_is_forgotten_however_it_ends(app: App) {
    let strict = Rotation::ParentChild {
        straggler: Duration::ZERO,
    };
    for check_store in [false, true] {
        for (way, ends_both) in WAYS {
            let (app, ada, bob) = with(&app, Tokens::default().rotation(strict).check_store(check_store)).await;
            let (one, two) = (issue(&app, &ada).await, issue(&app, &ada).await);
            let (_, bob) = issue(&app, &bob).await;
            for client in [&one.1, &two.1, &bob] {
                assert_eq!(ask(client).await, (200, 1), "{way}");
                assert_eq!(ask(client).await, (200, 0), "{way}");
            }
            end(&app, way, &one, &two).await;
            // Good until it expires where nobody asks the store, as ever; but checked anew.
            let after = if check_store { 401 } else { 200 };
            assert_eq!(ask(&one.1).await, (after, 1), "{way}");
            if !ends_both {
                assert_eq!(ask(&two.1).await, (200, 0), "{way} ends another session");
            } else if !way.contains("other session") {
                assert_eq!(ask(&two.1).await, (after, 1), "{way}");
            }
            assert_eq!(ask(&bob).await, (200, 0), "{way} ends somebody else's session");
        }
    }
}

async fn a_token_is_checked_once_while_it_is_in_use_and_there_is_room(app: App) {
    let (small, ada, bob) = with(&app, Tokens::default().cached_tokens(4)).await;
    let (_, used) = issue(&small, &ada).await;
    assert_eq!(ask(&used).await, (200, 1));
    for _ in 0..9 {
        let (_, other) = issue(&small, &bob).await;
        assert_eq!(ask(&other).await, (200, 1));
        assert_eq!(ask(&used).await, (200, 0));
    }
    let (_, other) = issue(&small, &bob).await;
    ask(&other).await;
    for _ in 0..4 {
        let (_, other) = issue(&small, &bob).await;
        ask(&other).await;
    }
    assert_eq!(ask(&other).await, (200, 1));

    // What is remembered is remembered whole: nothing in a token can change.
    let (issued, known) = issue(&small, &ada).await;
    assert_eq!(ask(&known).await, (200, 1));
    let access = issued.tokens.unwrap().access.expose().to_owned();
    let (message, signature) = access.rsplit_once('.').unwrap();
    let changed = format!("{}A.{signature}", &message[..message.len() - 1]);
    if changed != access {
        let forger = small.script().with("authorization", format!("Bearer {changed}"));
        assert_eq!(ask(&forger).await, (401, 1));
    }

    let (none, ada, _) = with(&app, Tokens::default().cached_tokens(0)).await;
    let (_, client) = issue(&none, &ada).await;
    for _ in 0..3 {
        assert_eq!(ask(&client).await, (200, 1));
    }
}

async fn expired_tokens_are_forgotten_with_the_sweep(app: App) {
    let (app, ada, _) = with(&app, Tokens::default().access_validity(Duration::from_secs(60))).await;
    let (_, old) = issue(&app, &ada).await;
    assert_eq!(ask(&old).await, (200, 1));
    app.wait(Duration::from_secs(50));
    let (_, young) = issue(&app, &ada).await;
    assert_eq!(ask(&young).await, (200, 1));
    app.wait(Duration::from_secs(11));
    assert_eq!(ask(&old).await, (401, 0));
    app.auth.delete_expired_sessions().await.unwrap();
    assert_eq!(ask(&old).await, (401, 1));
    assert_eq!(ask(&young).await, (200, 0));
}

/// Its access token was noticed once, and is as good as any since; it must not be after the end.
async fn a_refreshed_session_that_ends_is_forgotten_however_it_ends(app: App) {
    let strict = Rotation::ParentChild {
        straggler: Duration::ZERO,
    };
    for (way, _) in WAYS {
        let (app, ada, _) = with(&app, Tokens::default().rotation(strict)).await;
        let ((mut issued, _), two) = (issue(&app, &ada).await, issue(&app, &ada).await);
        let first = issued.tokens.take().unwrap();
        issued.tokens = app.auth.refresh_session(first.refresh.expose()).await.unwrap().tokens;
        let client = app.bearer(issued.tokens.as_ref().unwrap().access.expose());
        assert_eq!(ask(&client).await, (200, 1), "{way}");
        app.store.forget_calls();
        assert_eq!(ask(&client).await, (200, 0), "{way}");
        assert_eq!(app.store.calls(), [""; 0], "{way}");
        let one = (issued, client);
        end(&app, way, &one, &two).await;
        assert_eq!(ask(&one.1).await, (401, 1), "{way}");
    }
}
