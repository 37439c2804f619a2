use super::*;
use crate::{clock::Timestamp, flows::auth_cookie::AuthChangeEvent};

const LANDING: &str = "https://e.com/in#access_token=at&expires_in=3600&refresh_token=rt&token_type=bearer";

#[tokio::test]
async fn fragment_landing_reads_the_session_and_asks_for_the_user() {
    let server = Server::answering([USER]).await;
    let api = server.api().clock(At(Timestamp::from_unix_ms(1_700_000_000_000)));
    let landing = api
        .session_from_url(&format!("{LANDING}&provider_token=pt"))
        .await
        .unwrap();
    assert_eq!(landing.event, AuthChangeEvent::SignedIn);
    assert_eq!(landing.session.access_token.expose(), "at");
    assert_eq!(landing.session.refresh_token.unwrap().expose(), "rt");
    assert_eq!(landing.session.provider_token.unwrap().expose(), "pt");
    assert_eq!(landing.session.expires_at, Some(1_700_003_600));
    assert_eq!(landing.session.user.unwrap().id, "u1");
    assert_eq!(server.heard().line, "GET /user");
    assert_eq!(server.heard().header("authorization"), Some("Bearer at"));
}

#[tokio::test]
async fn fragment_landing_of_a_recovery_is_told_apart() {
    let server = Server::answering([USER]).await;
    let landing = server
        .api()
        .session_from_url(&format!("{LANDING}&type=recovery"))
        .await
        .unwrap();
    assert_eq!(landing.event, AuthChangeEvent::PasswordRecovery);
}

#[tokio::test]
async fn fragment_landing_needs_all_four_members() {
    let server = Server::start().await;
    for name in ["access_token", "expires_in", "refresh_token", "token_type"] {
        for url in [
            LANDING.replace(name, "other"),
            LANDING.replace('#', "?").replace(name, "other"),
        ] {
            let error = server.api().session_from_url(&url).await.unwrap_err();
            let expected = if url.contains('#') { name } else { "access_token" };
            assert_eq!(error.message(), format!("No {expected} detected."));
        }
    }
    assert!(server.all_heard().is_empty());
}

#[tokio::test]
async fn fragment_landing_tells_what_went_wrong() {
    let api = GoTrueApi::new("http://127.0.0.1:1").unwrap();
    for mark in ['#', '?'] {
        let url = format!(
            "https://e.com/{mark}error=access_denied&error_code=otp_expired&error_description=Email+link+is+invalid"
        );
        assert_eq!(
            api.session_from_url(&url).await.unwrap_err().message(),
            "Email link is invalid"
        );
    }
    assert_eq!(
        api.session_from_url("nonsense").await.unwrap_err().message(),
        "This is no URL."
    );
}
