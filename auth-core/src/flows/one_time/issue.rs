use std::time::Duration;

use serde_json::Value;

use crate::{
    auth::Auth,
    error::{Error, ErrorKind, Result},
    http::Delivery,
    id::UserId,
    model::{JsonObject, OneTimeToken, Purpose},
    secret::{Digest, LinkSecret, OneTimeCode},
};

/// What comes with a request for a link or code, whatever it is for.
#[derive(Clone, Default)]
pub(crate) struct Asked {
    /// Where the link leads in the end, as asked; checked when it is followed.
    pub(crate) redirect_to: Option<String>,
    /// Of PKCE.
    pub(crate) challenge: Option<Challenge>,
    /// Digest of what the asking browser was given to hold.
    pub(crate) browser: Option<Digest>,
    /// Whether the client keeps its tokens itself.
    pub(crate) takes_tokens: bool,
}

impl Asked {
    /// From a client that gets its session in this way.
    pub(crate) fn by(delivery: Delivery) -> Self {
        Self {
            takes_tokens: delivery == Delivery::Body,
            ..Self::default()
        }
    }
}

/// The challenge of a client that will prove it is the one that asked (RFC 7636).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    pub(crate) value: String,
    pub(crate) is_plain: bool,
}

impl Challenge {
    /// Both or neither.
    ///
    /// # Errors
    /// [`ErrorKind::ValidationFailed`].
    pub(crate) fn read(value: Option<&str>, method: Option<&str>) -> Result<Option<Self>> {
        let refused = |sentence: &str| Err(Error::from(ErrorKind::ValidationFailed).detail(sentence));
        let given = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        let (value, method) = match (given(value), given(method)) {
            (None, None) => return Ok(None),
            (Some(value), Some(method)) => (value, method),
            _ => return refused("PKCE flow requires code_challenge_method and code_challenge"),
        };
        let is_plain = match method.to_ascii_lowercase().as_str() {
            "s256" => false,
            "plain" => true,
            _ => return refused("The code_challenge_method is `s256` or `plain`."),
        };
        let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !(43..=128).contains(&value.len()) || !value.bytes().all(is_unreserved) {
            return refused("The code_challenge has 43 to 128 characters of A-Z, a-z, 0-9 and -._~");
        }
        Ok(Some(Self { value, is_plain }))
    }
}

/// A new link and code, and what the store keeps of them.
pub(crate) struct Issued {
    pub(crate) record: OneTimeToken,
    pub(crate) link: LinkSecret,
    pub(crate) code: OneTimeCode,
}

impl Issued {
    pub(crate) fn data(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.record.data.insert(name.to_owned(), value.into());
        self
    }

    /// Whoever gets to see it may use the link only.
    pub(crate) fn without_code(mut self) -> Self {
        self.record.code_digest = None;
        self
    }
}

impl Auth {
    /// What the application itself asks for: its clients get their sessions as they do here.
    pub(crate) fn asked_leading_to(&self, redirect_to: Option<&str>) -> Asked {
        Asked {
            redirect_to: self.allowed(redirect_to),
            takes_tokens: self.inner.config.tokens_in_body,
            ..Asked::default()
        }
    }

    /// Where a link should lead in the end, if it may.
    pub(crate) fn allowed(&self, redirect_to: Option<&str>) -> Option<String> {
        let asked = redirect_to.filter(|target| !target.is_empty())?;
        if self.inner.redirects.check(asked).is_none() {
            tracing::warn!(target: "auth::http", "a redirect_to that is not allowed was left out; see `redirect_url`");
            return None;
        }
        Some(asked.to_owned())
    }

    /// Makes a link and a code for a user and a purpose, in the place of those before.
    pub(crate) fn issue(&self, purpose: Purpose, user_id: &UserId, sent_to: &str, asked: &Asked) -> Result<Issued> {
        let id = OneTimeToken::slot(purpose, user_id);
        self.issue_in(id, purpose, user_id, sent_to, asked)
    }

    /// What a redirect carries instead of a session, to be exchanged by the client that asked (PKCE).
    pub(crate) fn issue_auth_code(&self, token: &OneTimeToken, method: &'static str) -> Result<Issued> {
        let asked = Asked::default();
        let random = LinkSecret::issue(self.inner.entropy.as_ref(), false)?;
        let id = format!("{}:{}", Purpose::AuthCode, &random.expose()[..22]);
        let mut issued = self.issue_in(id, Purpose::AuthCode, &token.user_id, &token.sent_to, &asked)?;
        issued.record.data = token.data.clone();
        issued.record.link_expires = self.now() + AUTH_CODE_LIFETIME;
        issued.record.code_expires = issued.record.link_expires;
        Ok(issued.data("method", method).without_code())
    }

    /// The code that a number always gets, if it is one of those.
    pub(crate) fn test_code(&self, sent_to: &str) -> Option<OneTimeCode> {
        let codes = &self.inner.config.phone.test_codes;
        let (_, code) = codes.iter().find(|(number, _)| number == sent_to)?;
        OneTimeCode::parse(code)
    }

    fn issue_in(&self, id: String, purpose: Purpose, user_id: &UserId, sent_to: &str, asked: &Asked) -> Result<Issued> {
        let (now, config) = (self.now(), &self.inner.config.one_time);
        let entropy = self.inner.entropy.as_ref();
        let link = LinkSecret::issue(entropy, asked.challenge.is_some())?;
        let code = match self.test_code(sent_to) {
            Some(code) => code,
            None => OneTimeCode::issue(entropy, config.code_digits)?,
        };
        let mut data = JsonObject::new();
        if let Some(target) = &asked.redirect_to {
            data.insert("redirect_to".to_owned(), Value::from(target.as_str()));
        }
        if let Some(challenge) = &asked.challenge {
            data.insert("code_challenge".to_owned(), Value::from(challenge.value.as_str()));
            data.insert("is_plain".to_owned(), Value::from(challenge.is_plain));
        }
        if asked.takes_tokens {
            data.insert("takes_tokens".to_owned(), Value::from(true));
        }
        let record = OneTimeToken {
            purpose,
            user_id: user_id.clone(),
            sent_to: sent_to.to_owned(),
            link_digest: link.digest(),
            code_digest: Some(code.digest(&self.inner.config.secret, &id, sent_to)),
            browser_digest: asked.browser,
            attempts: 0,
            data,
            link_expires: now + config.link_lifetime,
            code_expires: now + config.code_lifetime,
            created_at: now,
            id,
        };
        Ok(Issued { record, link, code })
    }
}

/// RFC 6749 §4.1.2 recommends ten minutes at most; a redirect takes seconds.
const AUTH_CODE_LIFETIME: Duration = Duration::from_secs(5 * 60);
