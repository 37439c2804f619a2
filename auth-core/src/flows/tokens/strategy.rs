//! What the token strategy holds for a handle: its configuration, its keys, the tokens it has verified.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{
    AccessToken, AntiCsrf, Claim, SessionTokens, Tokens,
    claims::Claims,
    key::authenticate,
    others::OthersClaims,
    ring::{Checker, KeyRing},
    verified::{VerifiedClaims, VerifiedTokens},
};
use crate::{
    auth::Auth,
    clock::Timestamp,
    entropy::{ALPHANUMERIC, random_string},
    error::{Error, ErrorKind, Result},
    model::{Session, User},
    request::TokenCookies,
    secret::{Digest, RefreshToken},
};

pub(crate) struct TokenStrategy {
    pub(crate) config: Tokens,
    pub(crate) ring: KeyRing,
    pub(crate) cookies: TokenCookies,
    issuer: String,
    verified: VerifiedTokens,
}

/// No token of ours is longer.
const MAX_TOKEN: usize = 8 * 1024;

/// Encoded, with header, signature and the longest name, they fit into a cookie (RFC 6265bis §5.6: 4096 bytes).
const MAX_CLAIMS: usize = 2_750;
/// Beside a signature of so many bytes; of RS256 they are longer.
const SIGNATURE: usize = 64;

impl TokenStrategy {
    pub(crate) fn new(config: Tokens, cookies: TokenCookies, default_issuer: String) -> Self {
        Self {
            ring: KeyRing::new(&config),
            cookies,
            issuer: config.issuer.clone().unwrap_or(default_issuer),
            verified: VerifiedTokens::new(config.cached, config.access_validity + config.leeway),
            config,
        }
    }

    /// A refresh token of a session, the child of what the store holds.
    pub(crate) async fn issue_refresh(
        &self,
        auth: &Auth,
        session: &crate::id::SessionId,
        parent: Option<Digest>,
        now: Timestamp,
    ) -> Result<RefreshToken> {
        let (kid, secret) = self.ring.refresh_key(auth).await?;
        RefreshToken::issue(session, parent, now, auth.inner.entropy.as_ref(), |signed| {
            (kid, authenticate(&secret, signed))
        })
    }

    /// Both tokens of a session, and what goes along with them.
    pub(crate) async fn issue(
        &self,
        auth: &Auth,
        session: &Session,
        user: &User,
        refresh: RefreshToken,
        now: Timestamp,
    ) -> Result<SessionTokens> {
        let mut claims = self.claims_of(auth, session, user).await?;
        claims.beside(session, refresh.digest(), refresh.generation());
        if self.config.anti_csrf == AntiCsrf::Token {
            claims.anti_csrf = Some(self.random(auth)?);
        }
        let access = self.sign(auth, &mut claims, now).await?;
        Ok(SessionTokens {
            anti_csrf: claims.anti_csrf,
            access,
            refresh,
            marker: self.random(auth)?,
            expires: session.expires(),
            persistent: session.persistent,
        })
    }

    /// What the scripts of a page are told of a session by a request that is given no tokens: all as ever, and that an access
    /// token is over.
    pub(crate) async fn front_claims(
        &self,
        auth: &Auth,
        session: &Session,
        user: &User,
        now: Timestamp,
    ) -> Result<Claims> {
        let mut claims = self.claims_of(auth, session, user).await?;
        self.complete(auth, &mut claims, now, now);
        claims.fitted(MAX_CLAIMS)?;
        Ok(claims)
    }

    async fn claims_of(&self, auth: &Auth, session: &Session, user: &User) -> Result<Claims> {
        // How users sign in is with their keys; nobody asks when no token tells.
        let keys = match self.config.claims.contains(&Claim::AppMetadata) {
            true => auth.inner.adapter.get_keys_by_user_id(&user.id).await?,
            false => Vec::new(),
        };
        Ok(Claims::of(session, user, &keys))
    }

    /// Adds what comes with the signature, and leaves out what is not told.
    fn complete(&self, auth: &Auth, claims: &mut Claims, now: Timestamp, expires: Timestamp) {
        claims.iss.clone_from(&self.issuer);
        claims.aud.clone_from(&auth.inner.config.audience);
        claims.iat = now.as_unix_seconds();
        claims.exp = expires.as_unix_seconds();
        claims.keep(&self.config.claims);
    }

    /// A value nobody can guess: 24 letters and digits, 142 bits.
    fn random(&self, auth: &Auth) -> Result<String> {
        random_string(auth.inner.entropy.as_ref(), ALPHANUMERIC, 24)
    }

    /// Signs claims that are good from now on.
    pub(super) async fn sign(&self, auth: &Auth, claims: &mut Claims, now: Timestamp) -> Result<AccessToken> {
        let validity = self.validity(auth)?;
        let ends = claims.refresh.as_ref().map_or(now, |refresh| refresh.expires);
        self.complete(auth, claims, now, (now + validity).min(ends));
        let key = self.ring.signing(auth).await?;
        let text = claims.fitted(MAX_CLAIMS - key.signature_bytes().saturating_sub(SIGNATURE))?;
        Ok(AccessToken {
            value: key.sign(&text)?,
            expires: claims.expires(),
            claims: Arc::new(claims.clone()),
        })
    }

    /// The configured validity, or up to so much shorter.
    fn validity(&self, auth: &Auth) -> Result<Duration> {
        let validity = self.config.access_validity;
        if self.config.jitter <= 0.0 {
            return Ok(validity);
        }
        let mut random = [0_u8; 4];
        auth.inner.entropy.fill(&mut random)?;
        let part = f64::from(u32::from_be_bytes(random)) / f64::from(u32::MAX);
        Ok(validity.mul_f64(1.0 - self.config.jitter * part))
    }

    /// The claims of a token that one of our keys signed, for us, and that is still good.
    ///
    /// # Errors
    /// [`ErrorKind::TryRefreshToken`] whatever is wrong with it, and as the store.
    pub(crate) async fn verify(&self, auth: &Auth, token: &str) -> Result<Arc<VerifiedClaims>> {
        if token.len() > MAX_TOKEN {
            return Err(ErrorKind::TryRefreshToken.into());
        }
        let refused = || Error::from(ErrorKind::TryRefreshToken);
        let header = token.split('.').next().unwrap_or_default();
        // First the key: a token that was verified once is no better than the key it was signed with.
        let checker = self.ring.checking(auth, header).await?.ok_or_else(refused)?;
        let now = auth.now();
        let audience = auth.inner.config.audience.as_str();
        let check = || self.check_signature(&checker, token, audience).ok_or_else(refused);
        let claims = self.verified.claims(token, now, check)?;
        let has_begun = claims.begins().is_none_or(|begins| begins <= now + self.config.leeway);
        if now > claims.expires() + self.config.leeway || !has_begun {
            return Err(refused());
        }
        Ok(claims)
    }

    /// What was verified once, to be forgotten when a session ends.
    pub(crate) fn verified(&self) -> &VerifiedTokens {
        &self.verified
    }

    /// The header has decided which key, and with it which algorithm: nothing in a token can ask for another.
    fn check_signature(&self, checker: &Checker, token: &str, audience: &str) -> Option<Claims> {
        let (message, signature) = token.rsplit_once('.')?;
        let (_, claims) = message.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        if !checker.verifies(message.as_bytes(), &signature) {
            return None;
        }
        let claims = URL_SAFE_NO_PAD.decode(claims).map(Zeroizing::new).ok()?;
        let claims: Claims = match checker {
            Checker::Own(_) => serde_json::from_slice(&claims)
                .ok()
                .filter(|claims: &Claims| !claims.is_of_others())?,
            _ => serde_json::from_slice::<OthersClaims>(&claims)
                .ok()?
                .into_claims(&self.issuer),
        };
        (claims.iss == self.issuer && claims.aud == audience).then_some(claims)
    }

    /// A refresh token, if it is one of ours.
    pub(super) async fn authentic(&self, auth: &Auth, token: &str) -> Result<RefreshToken> {
        let token = RefreshToken::parse(token)?;
        if !self.ring.authenticates(auth, &token).await? {
            return Err(ErrorKind::Unauthorised.into());
        }
        Ok(token)
    }
}
