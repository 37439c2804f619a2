use std::time::Duration;

use auth_core::{ErrorKind, JsonObject, NewSession, SessionConfig, SessionId, Tokens, UserId};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{HOUR, issue, not_renewed, object, opens, refresh, refused, strict, with};
use crate::{App, stories};

stories![App::new =>
    case_38_session_data_is_replaced_whole_and_survives_refreshes,
    a_changed_payload_travels_with_the_next_refresh,
    case_39_to_43_revoking_ends_the_refresh_token_at_once_and_the_access_token_when_the_store_is_asked,
    revoking_several_tells_which_there_were_and_spares_the_others,
    an_invalidated_refresh_token_renews_nothing_and_an_unknown_one_is_no_error,
    another_strategy_on_the_same_database_signs_nobody_in,
    a_token_of_an_ended_session_or_of_an_outdated_line_signs_nobody_out,
];

async fn case_38_session_data_is_replaced_whole_and_survives_refreshes(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (issued, tokens) = issue(&app).await;
    let handle = &issued.session.id;
    assert_eq!(app.auth.get_session_data(handle).await.unwrap(), JsonObject::new());
    let first = object(&json!({ "s": "session", "cart": [1] }));
    app.auth.update_session_data(handle, first.clone()).await.unwrap();
    assert_eq!(app.auth.get_session_data(handle).await.unwrap(), first);
    // Another takes its place, and nothing of it stays; the same once more is no error.
    let data = object(&json!({ "cart": [1, 2] }));
    for _ in 0..2 {
        app.auth.update_session_data(handle, data.clone()).await.unwrap();
        assert_eq!(app.auth.get_session_data(handle).await.unwrap(), data);
    }
    let child = refresh(&app, &tokens).await;
    let answer = app.bearer(&child.access).get("/session").await;
    assert!(!format!("{answer:?}").contains("cart"));
    assert_eq!(app.auth.get_session_data(handle).await.unwrap(), data);
    assert!(!child.access.contains("cart"));
    let unknown = SessionId::from("ses_unknown");
    assert_eq!(
        app.auth.get_session_data(&unknown).await.unwrap_err().kind(),
        ErrorKind::Unauthorised
    );
    let error = app.auth.update_session_data(&unknown, data.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorised);
    let error = app.auth.update_session_payload(&unknown, data).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorised);
}

async fn a_changed_payload_travels_with_the_next_refresh(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (issued, tokens) = issue(&app).await;
    let payload = object(&json!({ "plan": "pro" }));
    app.auth
        .update_session_payload(&issued.session.id, payload.clone())
        .await
        .unwrap();
    let opened = app.auth.validate_access_token(&tokens.access, None).await.unwrap();
    assert_eq!(opened.session.payload, JsonObject::new());
    let child = refresh(&app, &tokens).await;
    let opened = app.auth.validate_access_token(&child.access, None).await.unwrap();
    assert_eq!(opened.session.payload, payload);
    let answer = app.browser_with(&child).get("/session").await;
    let front = STANDARD.decode(answer.header("front-token").unwrap()).unwrap();
    let front: serde_json::Value = serde_json::from_slice(&front).unwrap();
    assert_eq!(front["up"]["payload"], json!(payload));
}

async fn case_39_to_43_revoking_ends_the_refresh_token_at_once_and_the_access_token_when_the_store_is_asked(app: App) {
    for check_store in [false, true] {
        let app = with(&app, Tokens::default().check_store(check_store)).await;
        let (one, one_tokens) = issue(&app).await;
        let (_, two_tokens) = issue(&app).await;
        let user = &one.session.user_id;
        assert!(app.auth.revoke_session(&one.session.id).await.unwrap());
        assert!(!app.auth.revoke_session(&one.session.id).await.unwrap());
        assert_eq!(app.auth.get_all_session_handles_for_user(user).await.unwrap().len(), 1);
        assert_eq!(not_renewed(&app, &one_tokens.refresh).await, ErrorKind::Unauthorised);
        let after = check_store.then_some(ErrorKind::Unauthorised);
        assert_eq!(app.open(&one_tokens.access).await.err(), after);
        assert_eq!(opens(&app, &two_tokens).await, None);

        app.auth.revoke_all_sessions_for_user(user).await.unwrap();
        let handles = app.auth.get_all_session_handles_for_user(user).await.unwrap();
        assert_eq!(handles, []);
        assert_eq!(app.open(&two_tokens.access).await.err(), after);
        // The library's own routes always ask.
        assert_eq!(app.bearer(&two_tokens.access).get("/api/auth/user").await.status(), 403);
        // Case 41: not longer than it lives.
        app.wait(HOUR + Duration::from_secs(1));
        assert_eq!(refused(&app, &two_tokens.access).await, ErrorKind::TryRefreshToken);
    }
}

async fn revoking_several_tells_which_there_were_and_spares_the_others(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (one, one_tokens) = issue(&app).await;
    let (two, two_tokens) = issue(&app).await;
    let (three, three_tokens) = issue(&app).await;
    let unknown = SessionId::from("ses_unknown");
    let handles = [one.session.id.clone(), unknown, two.session.id.clone()];
    let ended = app.auth.revoke_sessions(&handles).await.unwrap();
    assert_eq!(ended, [one.session.id, two.session.id]);
    let left = app
        .auth
        .get_all_session_handles_for_user(&three.session.user_id)
        .await
        .unwrap();
    assert_eq!(left, [three.session.id]);
    for ended in [one_tokens, two_tokens] {
        assert_eq!(not_renewed(&app, &ended.refresh).await, ErrorKind::Unauthorised);
    }
    refresh(&app, &three_tokens).await;
    let nobody = UserId::from("nobody");
    assert!(
        app.auth
            .get_all_session_handles_for_user(&nobody)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn an_invalidated_refresh_token_renews_nothing_and_an_unknown_one_is_no_error(app: App) {
    let app = with(&app, Tokens::default()).await;
    let (_, tokens) = issue(&app).await;
    app.auth.invalidate_refresh_token(&tokens.refresh).await.unwrap();
    assert_eq!(not_renewed(&app, &tokens.refresh).await, ErrorKind::Unauthorised);
    app.auth.invalidate_refresh_token(&tokens.refresh).await.unwrap();
    app.auth.invalidate_refresh_token("rft_garbage").await.unwrap();
}

async fn another_strategy_on_the_same_database_signs_nobody_in(app: App) {
    let tokens = with(&app, Tokens::default()).await;
    let opaque = tokens
        .beside(|builder| builder.sessions(SessionConfig::default()))
        .await;
    let of_opaque = opaque
        .auth
        .create_session(&tokens.proof, NewSession::default())
        .await
        .unwrap();
    let (of_tokens, held) = issue(&tokens).await;
    assert!(of_opaque.tokens.is_none());
    assert!(opaque.auth.validate_session(&of_tokens.token).await.is_err());
    assert!(opaque.auth.validate_access_token(&held.access, None).await.is_err());
    assert!(opaque.auth.refresh_session(&held.refresh).await.is_err());
    let of_opaque = of_opaque.token.expose();
    for token in [
        held.access.as_str(),
        held.refresh.as_str(),
        of_tokens.token.expose().as_str(),
    ] {
        assert_eq!(opaque.bearer(token).get("/session").await.status(), 401);
    }
    assert_eq!(opaque.bearer(&of_opaque).get("/session").await.status(), 200);
    assert_eq!(tokens.bearer(&of_opaque).get("/session").await.status(), 401);
    assert_eq!(opens(&tokens, &held).await, None);
    // Both are listed and can be ended by either.
    let handles = tokens
        .auth
        .get_all_session_handles_for_user(tokens.proof.user_id())
        .await
        .unwrap();
    assert_eq!(handles.len(), 2);
    assert!(opaque.auth.revoke_session(&of_tokens.session.id).await.unwrap());
    assert_eq!(not_renewed(&tokens, &held.refresh).await, ErrorKind::Unauthorised);
}

async fn a_token_of_an_ended_session_or_of_an_outdated_line_signs_nobody_out(app: App) {
    let app = strict(&app).await;
    let (ended, of_ended) = issue(&app).await;
    let (living, first) = issue(&app).await;
    assert!(app.auth.revoke_session(&ended.session.id).await.unwrap());
    // Two children, of which one was used.
    let (outdated, used) = (refresh(&app, &first).await, refresh(&app, &first).await);
    opens(&app, &used).await;
    for token in [&of_ended.access, &outdated.access] {
        let unauthorised = ErrorKind::Unauthorised;
        assert_eq!(app.auth.sign_out(token).await.unwrap_err().kind(), unauthorised);
        assert_eq!(
            app.auth.get_user_by_token(token).await.unwrap_err().kind(),
            unauthorised
        );
    }
    let user = &living.session.user_id;
    assert_eq!(&app.auth.get_user_by_token(&used.access).await.unwrap().id, user);
    assert_eq!(app.auth.get_all_user_sessions(user).await.unwrap().len(), 1);
    app.auth.sign_out(&used.access).await.unwrap();
    assert!(app.auth.get_all_user_sessions(user).await.unwrap().is_empty());
}
