//! The functions of GoTrue's client, in the program itself: each does what its name says.

use auth_core::{ErrorKind, GenerateLink, JsonObject, NewSession, SignUp, Tokens, UserPatch};
use serde_json::json;

use crate::{App, MINUTE, PASSWORD, stories};

stories![App::with_post =>
    an_account_lives_by_the_seeds_functions,
    a_number_signs_in_by_the_seeds_functions,
    tokens_are_refreshed_by_the_seeds_function,
];

const ADA: &str = "ada@example.com";
const NUMBER: &str = "15551234567";

fn named(name: &str) -> JsonObject {
    json!({ "name": name }).as_object().unwrap().clone()
}

async fn an_account_lives_by_the_seeds_functions(app: App) {
    let auth = &app.auth;
    let sign_up = SignUp::new(ADA, PASSWORD).user_metadata(named("Ada"));
    let (user, session) = auth.sign_up_with_email(sign_up).await.unwrap();
    assert!(session.is_none() && user.email_confirmed_at.is_none());
    let early = auth.sign_in_with_email(ADA, PASSWORD, NewSession::default()).await;
    assert_eq!(early.unwrap_err().kind(), ErrorKind::EmailNotConfirmed);
    app.browser().follow(&app.mail_to(ADA).await).await;
    let (user, session) = auth
        .sign_in_with_email(ADA, PASSWORD, NewSession::default())
        .await
        .unwrap();
    let found = auth.get_user(&user.id).await.unwrap();
    assert!(found.email_confirmed_at.is_some());
    assert_eq!(found.user_metadata, named("Ada"));
    let changes = UserPatch {
        user_metadata: Some(named("Grace")),
        ..UserPatch::default()
    };
    let changed = auth.update_user(&user.id, changes).await.unwrap();
    assert_eq!(changed.user_metadata, named("Grace"));

    app.wait(MINUTE);
    auth.send_magic_link_email(ADA, Some("/in")).await.unwrap();
    let followed = app.browser().follow(&app.mail_to(ADA).await).await;
    assert_eq!(followed.location().path(), "/in");
    app.wait(MINUTE);
    auth.reset_password_for_email(ADA, Some("/new-password")).await.unwrap();
    let mail = app.mail_to(ADA).await;
    assert_eq!(mail.kind, "recovery");
    assert_eq!(app.browser().follow(&mail).await.location().path(), "/new-password");
    // Whoever is unknown hears the same, and nothing is sent.
    auth.reset_password_for_email("nobody@example.com", None).await.unwrap();
    assert!(app.mails_to("nobody@example.com").await.is_empty());
    let link = auth.generate_link(GenerateLink::magic_link(ADA)).await.unwrap();
    let opened = app.keeper().verify_link("magiclink", &link.hashed_token).await;
    assert_eq!(opened.status(), 200, "{opened:?}");

    let guest = auth
        .invite_user_by_email("guest@example.com", named("Guest"), None)
        .await
        .unwrap();
    assert_eq!(guest.user_metadata, named("Guest"));
    assert_eq!(app.mail_to("guest@example.com").await.kind, "invite");

    let again = auth.sign_in_with_email(ADA, PASSWORD, NewSession::default()).await;
    let (_, again) = again.unwrap();
    auth.sign_out(&again.token.expose()).await.unwrap();
    for ended in [&session, &again] {
        let refused = auth.validate_session(&ended.token).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidSessionId);
    }
    auth.delete_user(&user.id).await.unwrap();
    assert_eq!(
        auth.get_user(&user.id).await.unwrap_err().kind(),
        ErrorKind::InvalidUserId
    );
}

async fn a_number_signs_in_by_the_seeds_functions(app: App) {
    let auth = &app.auth;
    let sign_up = SignUp::with_phone("+1 (555) 123-4567", PASSWORD);
    let (user, session) = auth.sign_up_with_phone(sign_up).await.unwrap();
    assert!(session.is_none());
    assert_eq!(user.phone.as_deref(), Some(NUMBER));
    let early = auth.sign_in_with_phone(NUMBER, PASSWORD, NewSession::default()).await;
    assert_eq!(early.unwrap_err().kind(), ErrorKind::PhoneNotConfirmed);
    let code = app.text_to(NUMBER).await.code();
    let proven = auth.verify_mobile_otp(NUMBER, &code, NewSession::default()).await;
    let (proven, session) = proven.unwrap();
    assert!(proven.phone_confirmed_at.is_some());
    assert!(auth.validate_session(&session.token).await.is_ok());
    let (user, _) = auth
        .sign_in_with_phone("+15551234567", PASSWORD, NewSession::default())
        .await
        .unwrap();
    assert_eq!(user.id, proven.id);
    app.wait(MINUTE);
    auth.send_mobile_otp(NUMBER).await.unwrap();
    let code = app.text_to(NUMBER).await.code();
    let (again, _) = auth
        .verify_mobile_otp(NUMBER, &code, NewSession::default())
        .await
        .unwrap();
    assert_eq!(again.id, proven.id);
}

async fn tokens_are_refreshed_by_the_seeds_function(app: App) {
    let app = App::with(app.driver, |builder| builder.sessions(Tokens::default())).await;
    let (user, session) = app.auth.sign_up_with_email(SignUp::new(ADA, PASSWORD)).await.unwrap();
    let first = session.unwrap().tokens.unwrap();
    let refreshed = app.auth.refresh_access_token(first.refresh.expose()).await.unwrap();
    assert_eq!(refreshed.user.id, user.id);
    let second = refreshed.tokens.unwrap();
    assert_ne!(second.refresh.expose(), first.refresh.expose());
    app.auth.sign_out(second.access.expose()).await.unwrap();
    let over = app.auth.refresh_access_token(second.refresh.expose()).await;
    assert_eq!(over.unwrap_err().kind(), ErrorKind::Unauthorised);
}
