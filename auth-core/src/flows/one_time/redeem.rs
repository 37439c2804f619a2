use subtle::ConstantTimeEq;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

use super::config::MAX_TRIES;
use crate::{
    auth::Auth,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    id::UserId,
    model::{OneTimeToken, Purpose},
    request::Client,
    secret::{Digest, LinkSecret, OneTimeCode},
};

impl Auth {
    /// The token of a link, looked at and not taken.
    ///
    /// # Errors
    /// [`ErrorKind::OtpExpired`] when it is unknown, over, or for something else.
    pub(crate) async fn look_at_link(&self, link: &str, purposes: &[Purpose]) -> Result<OneTimeToken> {
        let refused = || Error::from(ErrorKind::OtpExpired).detail("Email link is invalid or has expired");
        let link = LinkSecret::parse(link).ok_or_else(refused)?;
        let found = self.inner.adapter.get_token_by_link(&link.digest()).await?;
        let now = self.now();
        found
            .filter(|token| purposes.contains(&token.purpose) && now <= token.link_expires)
            .ok_or_else(refused)
    }

    /// The token whose code was typed, of one of these purposes. Every try is counted first: at the token, and over time
    /// for the account, whether there is one or not.
    ///
    /// # Errors
    /// [`ErrorKind::OtpExpired`] whatever is wrong with it, [`ErrorKind::Throttled`], and as the store.
    pub(crate) async fn check_code(
        &self,
        user_id: Option<&UserId>,
        address: &str,
        typed: &str,
        purposes: &[Purpose],
        browser: Option<&Digest>,
        client: &Client,
    ) -> Result<OneTimeToken> {
        self.limit_codes(address, client).await?;
        let now = self.now();
        let code = OneTimeCode::parse(typed);
        let elsewhere = self.sent_elsewhere(user_id, address, purposes).await?;
        for purpose in purposes {
            let id = match user_id.filter(|_| !elsewhere.contains(purpose)) {
                Some(user_id) => OneTimeToken::slot(*purpose, user_id),
                // Nobody's; asked for all the same, so that it takes as long.
                None => format!("{purpose}:"),
            };
            let found = self.inner.adapter.count_try(&id, browser, MAX_TRIES, now).await?;
            if let (Some(token), Some(code)) = (found, &code)
                && token.sent_to == address
                && self.is_code_of(&token, code)
            {
                self.forget_codes(address).await;
                return Ok(token);
            }
        }
        let failed = Event::new(EventKind::CodeRefused, now, client);
        self.emit(&failed.account(Some(self.account_subject(address))));
        Err(ErrorKind::OtpExpired.into())
    }

    /// The halves of a change of address that were not sent to this one: whoever types the code of one half uses up no try of
    /// the other. Asks the store for nobody as well.
    async fn sent_elsewhere(
        &self,
        user_id: Option<&UserId>,
        address: &str,
        purposes: &[Purpose],
    ) -> Result<Vec<Purpose>> {
        let mut elsewhere: Vec<Purpose> = purposes.iter().copied().filter(|purpose| purpose.is_change()).collect();
        if !elsewhere.is_empty() {
            let sent = self.inner.adapter.get_tokens_by_address(address).await?;
            let is_here = |purpose: &Purpose| {
                let is_one = |token: &OneTimeToken| token.purpose == *purpose && Some(&token.user_id) == user_id;
                sent.iter().any(is_one)
            };
            elsewhere.retain(|purpose| !is_here(purpose));
        }
        Ok(elsewhere)
    }

    fn is_code_of(&self, token: &OneTimeToken, code: &OneTimeCode) -> bool {
        let config = &self.inner.config;
        token.code_digest.is_some_and(|digest| {
            config
                .secrets()
                .iter()
                .any(|secret| code.digest(secret, &token.id, &token.sent_to) == digest)
        })
    }

    /// The token of a code that came in a redirect, if the verifier is that of the client that asked.
    ///
    /// # Errors
    /// [`ErrorKind::FlowStateNotFound`] when it is unknown, [`ErrorKind::FlowStateExpired`], [`ErrorKind::BadCodeVerifier`].
    pub(crate) async fn look_at_auth_code(&self, code: &str, verifier: &str) -> Result<OneTimeToken> {
        let code = LinkSecret::parse(code).ok_or(ErrorKind::FlowStateNotFound)?;
        let found = self.inner.adapter.get_token_by_link(&code.digest()).await?;
        let token = found.filter(|token| token.purpose == Purpose::AuthCode);
        let token = token.ok_or(ErrorKind::FlowStateNotFound)?;
        if self.now() > token.link_expires {
            return Err(ErrorKind::FlowStateExpired.into());
        }
        let shown = if token.says("is_plain") {
            verifier.to_owned()
        } else {
            URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()))
        };
        let challenge = token.text("code_challenge");
        let is_theirs = challenge.is_some_and(|challenge| challenge.as_bytes().ct_eq(shown.as_bytes()).into());
        if is_theirs {
            Ok(token)
        } else {
            Err(ErrorKind::BadCodeVerifier.into())
        }
    }
}
