//! What happened, to whom, from where: told to an [`EventSink`], never with a secret.

use crate::{
    clock::Timestamp,
    id::{SessionId, UserId},
    model::AttemptSubject,
    request::Client,
};

/// Where events go. Called on the request path: hand over and return.
pub trait EventSink: Send + Sync + 'static {
    /// Takes note of an event.
    fn emit(&self, event: &Event);
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// When.
    pub at: Timestamp,
    /// To whom, as far as that is known.
    pub user_id: Option<UserId>,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// From where.
    pub client: Client,
    /// Whose account was tried, as far as that is all that is known: a keyed digest, the same for the same account.
    pub account: Option<String>,
    /// A word on the circumstances: why a check failed, which limit was hit.
    pub reason: Option<&'static str>,
}

impl Event {
    pub(crate) fn new(kind: EventKind, at: Timestamp, client: &Client) -> Self {
        Self {
            kind,
            at,
            user_id: None,
            session_id: None,
            account: None,
            client: client.clone(),
            reason: None,
        }
    }

    /// Something the library did by itself, on nobody's request.
    pub(crate) fn of_ours(kind: EventKind, at: Timestamp) -> Self {
        Self::new(kind, at, &Client::default())
    }

    /// Who did it: an administrator, or else the user to whom it happened, as far as either is known.
    pub fn actor(&self) -> Option<&str> {
        let user = self.user_id.as_ref().map(UserId::as_str);
        self.client.administrator.as_deref().or(user)
    }

    pub(crate) fn user(mut self, user_id: &UserId) -> Self {
        self.user_id = Some(user_id.clone());
        self
    }

    pub(crate) fn session(mut self, session_id: &SessionId) -> Self {
        self.session_id = Some(session_id.clone());
        self
    }

    pub(crate) fn account(mut self, account: Option<AttemptSubject>) -> Self {
        self.account = account.map(|account| account.as_str().to_owned());
        self
    }

    pub(crate) fn reason(mut self, reason: &'static str) -> Self {
        self.reason = Some(reason);
        self
    }
}

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident => $word:literal,)+) => {
        /// The kinds of events, with the words of OWASP's logging vocabulary where it has one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum EventKind {
            $($(#[$doc])* #[doc = concat!("\n\nWord `", $word, "`.")] $name,)+
        }

        impl EventKind {
            /// The stable word.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

events! {
    /// Another address was asked for; it does not count yet.
    AddressChangeAsked => "user_address_change_requested",
    /// An address or number was proven.
    AddressConfirmed => "user_address_confirmed",
    /// A request came without the riddle of a captcha solved.
    CaptchaRefused => "authn_captcha_fail",
    /// A code was wrong, over, or another browser's.
    CodeRefused => "authn_otp_fail",
    /// Somebody was sent what proves the address or number they signed up with.
    ConfirmationAsked => "user_confirmation_requested",
    /// A request that may come from another site was refused.
    CsrfRefused => "malicious_csrf",
    /// Somebody followed their invitation.
    InviteAccepted => "user_invite_accepted",
    /// Too many attempts.
    LimitExceeded => "excess_rate_limit_exceeded",
    /// An administrator was given a link that opens an account.
    LinkGenerated => "admin_link_generated",
    /// A mail or text message was given up: refused for good, or too late.
    MessageDropped => "message_dropped",
    /// A password was changed or removed.
    PasswordChanged => "authn_password_change",
    /// Somebody who is signed in was sent a code that shows who is asking.
    ReauthenticationAsked => "user_reauthenticate_requested",
    /// Somebody asked for a way back into an account.
    RecoveryAsked => "user_recovery_requested",
    /// A session was made.
    SessionCreated => "session_created",
    /// A dead session was presented and removed.
    SessionExpired => "session_expired",
    /// A session was renewed.
    SessionRenewed => "session_renewed",
    /// Sessions were ended early.
    SessionRevoked => "session_revoked",
    /// A known session was presented with a wrong secret.
    SessionSecretWrong => "session_secret_wrong",
    /// A sign-in was refused.
    SignInFailed => "authn_login_fail",
    /// A sign-in succeeded.
    SignInSucceeded => "authn_login_success",
    /// Somebody signed up with an address that is taken.
    SignedUpAgain => "user_repeated_signup",
    /// A refresh token that was replaced was used again: a copy is about.
    TokenReused => "authn_token_reuse",
    /// A user was banned or a ban was lifted.
    UserBanned => "user_banned",
    /// An account was made.
    UserCreated => "user_created",
    /// An account was deleted.
    UserDeleted => "user_deleted",
    /// Somebody was invited.
    UserInvited => "user_invited",
    /// An account was changed.
    UserUpdated => "user_updated",
}

/// Writes events to `tracing`, target `auth::event`; the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct TracingSink;

impl EventSink for TracingSink {
    fn emit(&self, event: &Event) {
        tracing::info!(
            target: "auth::event",
            event = event.kind.as_str(),
            user.id = event.user_id.as_ref().map(|id| tracing::field::debug(id.as_str())),
            session.id = event.session_id.as_ref().map(|id| tracing::field::debug(id.as_str())),
            account = event.account,
            administrator = event.client.administrator.as_ref().map(tracing::field::debug),
            client.ip = event.client.ip.map(tracing::field::display),
            client.user_agent = event.client.user_agent.as_ref().map(tracing::field::debug),
            reason = event.reason,
        );
    }
}
