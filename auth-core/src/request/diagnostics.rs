//! Headers that say which user, session and refresh token an answer is about: for people who look for a fault, and named as
//! GoTrue's. Where GoTrue shows the beginning of a token, they show that of what the store keeps of it, which opens nothing.

use http::{HeaderName, HeaderValue};

use super::{AuthRequest, Effects};
use crate::{
    error::Result,
    flows::{sessions::IssuedSession, tokens::RefreshedSession},
    id::{SessionId, UserId},
    secret::RefreshToken,
};

impl AuthRequest {
    /// About a session that is handed out.
    pub(crate) fn diagnose_issued(&self, issued: &IssuedSession) {
        self.diagnose(|effects| {
            effects.say_whose(&issued.session.id, &issued.session.user_id);
            if let Some(tokens) = &issued.tokens {
                effects.say_which(&tokens.refresh);
            }
        });
    }

    /// About a refresh token that was presented.
    pub(super) fn diagnose_refresh(&self, refreshed: &Result<RefreshedSession>) {
        self.diagnose(|effects| match refreshed {
            Ok(refreshed) => {
                effects.say_whose(&refreshed.session.id, &refreshed.session.user_id);
                match &refreshed.tokens {
                    Some(tokens) => {
                        effects.say_which(&tokens.refresh);
                        effects.say(ROTATED, "true");
                    }
                    None => effects.say_reused("concurrent-refresh"),
                }
            }
            Err(error) => {
                if let Some((session, user)) = error.theft() {
                    effects.say_whose(session, user);
                    effects.say_reused("already-used");
                }
            }
        });
    }

    fn diagnose(&self, about: impl FnOnce(&mut Effects)) {
        if self.auth().inner.config.diagnostic_headers {
            self.with_effects(about);
        }
    }
}

impl Effects {
    fn say_whose(&mut self, session: &SessionId, user: &UserId) {
        self.say(USER_ID, user.as_str());
        self.say(SESSION_ID, session.as_str());
    }

    fn say_which(&mut self, refresh: &RefreshToken) {
        let digest = refresh.generation().at_rest;
        let prefix = digest.as_bytes().iter().take(PREFIX_BYTES);
        self.say(PREFIX, &prefix.map(|byte| format!("{byte:02x}")).collect::<String>());
    }

    fn say_reused(&mut self, cause: &str) {
        self.say(REUSE, "true");
        self.say(REUSE_CAUSE, cause);
    }

    /// Ids of the application's making may be no header values; those are left out.
    fn say(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.set_header(name, value);
        }
    }
}

const PREFIX: HeaderName = HeaderName::from_static("sb-auth-refresh-token-prefix");
const REUSE: HeaderName = HeaderName::from_static("sb-auth-refresh-token-reuse");
const REUSE_CAUSE: HeaderName = HeaderName::from_static("sb-auth-refresh-token-reuse-cause");
const ROTATED: HeaderName = HeaderName::from_static("sb-auth-refresh-token-rotated");
const SESSION_ID: HeaderName = HeaderName::from_static("sb-auth-session-id");
const USER_ID: HeaderName = HeaderName::from_static("sb-auth-user-id");

/// Enough to tell the tokens of a session apart.
const PREFIX_BYTES: usize = 4;
