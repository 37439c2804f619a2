//! What can be chosen for token sessions, one type each.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use crate::{error::Result, secret::Secret};

/// How refresh tokens give way to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two rules of the protocol, and none")]
pub enum Rotation {
    /// A refresh writes nothing; the first use of the child ends its parent. A client whose answer got lost can ask
    /// again for as long as it likes. For `straggler` after that first use a request that still carries the parent is
    /// served, without new tokens; zero is the strict rule of the seed.
    ParentChild {
        /// How long the parent is forgiven.
        straggler: Duration,
    },
    /// A refresh ends its parent at once, and for this long the parent still gives a new child, which replaces the one
    /// before. Access tokens are then never checked against the store. For clients that refresh one at a time: of two
    /// tabs that ask at once the one whose answer is replaced is taken for a thief later.
    Grace(Duration),
    /// They do not: a refresh prolongs the session and leaves its refresh token as it is, as often as it is asked, by
    /// however many at once. For clients that cannot keep a new one each time: a file that several programs read, a device
    /// that loses what it wrote last.
    ///
    /// The weaker choice: of a thief and the owner nobody is a step behind, so a stolen refresh token is never noticed. It
    /// opens the session until that ends, by signing out, another password, a ban, or time; give it an
    /// [`absolute_period`](crate::Tokens::absolute_period).
    Off,
}

/// Where an expired access token is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there or here")]
pub enum RefreshAt {
    /// At `POST /session/refresh` only: the refresh cookie travels to that path alone, and elsewhere an expired access
    /// token is 401 "try refresh token".
    Endpoint,
    /// Wherever a request comes with a refresh cookie and no live access token.
    Request,
}

/// What protects cookies beyond the origin check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the three modes of the protocol")]
pub enum AntiCsrf {
    /// The request must carry a header `rid`, which a form of another site cannot send.
    Header,
    /// Nothing: the origin check stands alone.
    None,
    /// The request must carry the session's anti-CSRF value in the header `anti-csrf`.
    Token,
}

/// How tokens may reach the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the three modes of the protocol")]
pub enum Transfer {
    /// In headers or in cookies; headers win.
    Any,
    /// In cookies only.
    Cookie,
    /// In headers only.
    Header,
}

/// What signs access tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256: only the server itself can check.
    Hs256,
    /// ECDSA on P-256: anybody can check with the published key.
    #[cfg(feature = "asymmetric")]
    Es256,
    /// Ed25519: anybody can check with the published key.
    #[cfg(feature = "asymmetric")]
    EdDsa,
    /// RSA of 2048 bits with SHA-256: anybody can check with the published key. For those who can check nothing else: keys
    /// and signatures are four times as long, and a signature costs ten times as much.
    #[cfg(feature = "aws-lc")]
    Rs256,
}

impl Algorithm {
    /// The name JOSE gives it (RFC 7518, RFC 8037).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            #[cfg(feature = "asymmetric")]
            Self::Es256 => "ES256",
            #[cfg(feature = "asymmetric")]
            Self::EdDsa => "EdDSA",
            #[cfg(feature = "aws-lc")]
            Self::Rs256 => "RS256",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "HS256" => Some(Self::Hs256),
            #[cfg(feature = "asymmetric")]
            "ES256" => Some(Self::Es256),
            #[cfg(feature = "asymmetric")]
            "EdDSA" => Some(Self::EdDsa),
            #[cfg(feature = "aws-lc")]
            "RS256" => Some(Self::Rs256),
            _ => None,
        }
    }
}

/// What an access token may tell of its user, beside who it is and in which role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Claim {
    /// `app_metadata`: the application's notes, and how the user signs in.
    AppMetadata,
    /// `email`.
    Email,
    /// `phone`.
    Phone,
    /// `user_metadata`: what users note about themselves.
    UserMetadata,
}

impl Claim {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::AppMetadata, Self::Email, Self::Phone, Self::UserMetadata];

    /// What it is called in the token.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AppMetadata => "app_metadata",
            Self::Email => "email",
            Self::Phone => "phone",
            Self::UserMetadata => "user_metadata",
        }
    }
}

type KeyFunction = dyn Fn() -> Pin<Box<dyn Future<Output = Result<Secret>> + Send>> + Send + Sync;

/// Where signing keys come from.
#[derive(Clone)]
pub struct SigningKeys(pub(crate) KeySource);

#[derive(Clone)]
pub(crate) enum KeySource {
    Fixed {
        key: Secret,
        /// Whether tokens say which key it is.
        is_named: bool,
    },
    Function(Arc<KeyFunction>),
    Rotating,
}

impl SigningKeys {
    /// Made here, stored encrypted, replaced on schedule; the default.
    pub fn rotating() -> Self {
        Self(KeySource::Rotating)
    }

    /// This one, for good: at least 32 bytes, [`Algorithm::Hs256`] only. Nothing is stored.
    ///
    /// Others who have it, a gateway, may sign with it as well: an access token for a session that lives, which is asked of
    /// the store each time, and tokens of administrators. The manual's page `tokens` says what such a token must look like.
    /// They can also write what this library writes, for any user, and for a session that nobody opened unless
    /// [`Tokens::check_store`](crate::Tokens::check_store) asks for it: whoever has the key can be anybody. Those who are not
    /// to be are given a key of their own, by `Tokens::verify_only`.
    pub fn fixed(key: Secret) -> Self {
        Self(KeySource::Fixed { key, is_named: true })
    }

    /// As [`SigningKeys::fixed`], for those who know it by no name: tokens have no `kid`. GoTrue's `JWT_SECRET`.
    ///
    /// ```
    /// use auth_core::{Secret, SigningKeys, Tokens};
    ///
    /// let tokens = Tokens::default().signing_keys(SigningKeys::shared(Secret::new("the secret of the gateway as well")));
    /// # let _ = tokens;
    /// ```
    #[doc(alias = "JWT_SECRET")]
    pub fn shared(key: Secret) -> Self {
        Self(KeySource::Fixed { key, is_named: false })
    }

    /// The answer of a function that is asked at every signature and every check: at least 32 bytes,
    /// [`Algorithm::Hs256`] only. Nothing is stored, and a failure of the function is an error of the request.
    pub fn from_fn<F>(function: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Secret>> + Send + 'static,
    {
        Self(KeySource::Function(Arc::new(move || Box::pin(function()))))
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            KeySource::Fixed { is_named: true, .. } => "SigningKeys::fixed(…)",
            KeySource::Fixed { is_named: false, .. } => "SigningKeys::shared(…)",
            KeySource::Function(_) => "SigningKeys::from_fn(…)",
            KeySource::Rotating => "SigningKeys::rotating()",
        })
    }
}

/// The names of the three cookies.
#[derive(Clone, Debug)]
pub struct TokenNames {
    pub(crate) access: String,
    pub(crate) refresh: String,
    pub(crate) marker: Option<String>,
    pub(crate) prefixed: bool,
}

impl TokenNames {
    /// Base names, which get the prefix `__Host-` or `__Secure-` as the session cookie does. Without a `marker` there
    /// is no cookie that scripts can read.
    pub fn new(access: impl Into<String>, refresh: impl Into<String>, marker: Option<&str>) -> Self {
        Self {
            access: access.into(),
            refresh: refresh.into(),
            marker: marker.map(str::to_owned),
            prefixed: true,
        }
    }

    /// Exactly `sAccessToken`, `sRefreshToken` and `sIdRefreshToken`, as SuperTokens' clients know them: without a
    /// prefix, so that a sibling domain can plant them.
    pub fn supertokens() -> Self {
        Self {
            prefixed: false,
            ..Self::new("sAccessToken", "sRefreshToken", Some("sIdRefreshToken"))
        }
    }
}
