//! Clients that keep their tokens themselves, through whichever driver the application has.

use auth_core::{ErrorKind, SessionTokens};

use super::{Answer, App, Client};

/// Both tokens, as their owner holds them.
#[derive(Clone, Debug)]
pub struct Held {
    pub access: String,
    pub refresh: String,
}

impl From<&SessionTokens> for Held {
    fn from(tokens: &SessionTokens) -> Self {
        Self {
            access: tokens.access.expose().to_owned(),
            refresh: tokens.refresh.expose().to_owned(),
        }
    }
}

impl App {
    /// Somebody with a bearer token.
    pub fn bearer(&self, token: &str) -> Client {
        self.script().with("authorization", format!("Bearer {token}"))
    }

    /// A browser that was handed these tokens.
    pub fn browser_with(&self, held: &Held) -> Client {
        let browser = self.browser();
        browser.set_cookie("__Host-auth_access", &held.access);
        browser.set_cookie("__Host-auth_refresh", &held.refresh);
        browser.set_cookie("__Host-auth_marker", "x");
        browser
    }

    /// A request with an access token, of a client that takes another from the answer, and the same asked of the core: they
    /// must agree. Answers the access token that took its place, if one did.
    pub async fn open(&self, access: &str) -> Result<Option<String>, ErrorKind> {
        let client = self.bearer(access).with("st-auth-mode", "header");
        let answer = client.get("/session").await;
        let opened = self.auth.validate_access_token(access, None).await;
        if answer.status() != 200 {
            let kind = refusal(&answer);
            assert_eq!(kind, opened.unwrap_err().kind(), "{answer:?}");
            return Err(kind);
        }
        let opened = opened.unwrap();
        assert_eq!(answer.text(), opened.session.id.as_str());
        assert_eq!(answer.header("st-refresh-token"), None);
        let renewed = answer.header("st-access-token").map(str::to_owned);
        assert_eq!(renewed.is_some(), opened.renewed.is_some(), "{answer:?}");
        Ok(renewed)
    }

    /// A request to the endpoint with a refresh token: new ones, or none for who is a step behind.
    pub async fn renew(&self, refresh: &str) -> Result<Option<Held>, ErrorKind> {
        let client = self.bearer(refresh);
        let answer = client.send("POST", "/api/auth/session/refresh", None, "").await;
        let is_cleared = |cookie: &String| cookie.contains("Max-Age=0");
        assert!(answer.set_cookies().iter().all(is_cleared), "{answer:?}");
        let given = |name: &str| answer.header(name).unwrap_or_default().to_owned();
        match answer.status() {
            200 => {
                let held = Held {
                    access: given("st-access-token"),
                    refresh: given("st-refresh-token"),
                };
                assert!(!held.access.is_empty() && !held.refresh.is_empty(), "{answer:?}");
                Ok(Some(held))
            }
            409 => {
                assert_eq!(
                    (given("st-access-token"), given("st-refresh-token")),
                    Default::default()
                );
                Ok(None)
            }
            _ => Err(refusal(&answer)),
        }
    }
}

/// What an answer refuses with. "Try" takes nothing away; the others take everything.
fn refusal(answer: &Answer) -> ErrorKind {
    let kind = match (answer.status(), answer.json()["message"].as_str().unwrap_or_default()) {
        (401, "try refresh token") => ErrorKind::TryRefreshToken,
        (401, "unauthorised") => ErrorKind::Unauthorised,
        (401, "token theft detected") => ErrorKind::TokenTheft,
        _ if answer.status() == 503 => ErrorKind::DatabaseFetchFailed,
        _ => panic!("{answer:?}"),
    };
    let takes = matches!(kind, ErrorKind::Unauthorised | ErrorKind::TokenTheft);
    assert_eq!(answer.header("front-token"), takes.then_some("remove"), "{answer:?}");
    kind
}
