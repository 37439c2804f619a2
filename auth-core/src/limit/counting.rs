//! Counts what is tried.

use std::{fmt::Write, net::IpAddr, time::Duration};

use super::Limit;
use crate::{
    address::Address,
    auth::Auth,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    id::{SessionId, UserId},
    model::AttemptSubject,
    request::{Client, throttle_subject},
};

const AGREE: &str = "agree";
const ANONYMOUS: &str = "anonymous";
const CAPTCHA: &str = "captcha";
const CODE: &str = "code";
const MAIL: &str = "mail";
const MESSAGE: &str = "message";
const PASSWORD: &str = "password";
const REAUTHENTICATE: &str = "reauthenticate";
const REFRESH: &str = "refresh";
const SIGN_IN: &str = "sign_in";
const SIGN_UP: &str = "sign_up";
const TEXT: &str = "text";

/// Whose attempts are counted.
#[derive(Clone, Copy)]
enum Who<'a> {
    Account(&'a str),
    Client(IpAddr),
    Everybody,
    Session(&'a SessionId),
    User(&'a UserId),
}

impl Auth {
    /// Counts a sign-in before it is evaluated.
    pub(crate) async fn limit_sign_in(&self, account: &str, client: &Client) -> Result<()> {
        let limits = &self.inner.config.limits;
        if let Some(ip) = client.ip {
            self.count(Who::Client(ip), SIGN_IN, limits.sign_in_per_client, client)
                .await?;
        }
        self.count(Who::Account(account), SIGN_IN, limits.sign_in_per_account, client)
            .await
    }

    /// Forgets the failures of an account that has just signed in; the client's count stays.
    pub(crate) async fn forget_sign_in_failures(&self, account: &str) {
        self.forget_attempts(&self.account_subject(account), SIGN_IN).await;
    }

    /// Counts a sign-up before it is evaluated.
    pub(crate) async fn limit_sign_up(&self, account: &str, client: &Client) -> Result<()> {
        let limits = &self.inner.config.limits;
        if let Some(ip) = client.ip {
            self.count(Who::Client(ip), SIGN_UP, limits.sign_up_per_client, client)
                .await?;
        }
        self.count(Who::Account(account), SIGN_UP, limits.sign_up_per_account, client)
            .await
    }

    /// Counts a proof of somebody who is signed in, before it is evaluated.
    pub(crate) async fn limit_reauthentication(&self, user_id: &UserId, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.sign_in_per_account;
        self.count(Who::User(user_id), REAUTHENTICATE, limit, client).await
    }

    pub(crate) async fn forget_reauthentications(&self, user_id: &UserId) {
        let subject = self.subject("user", user_id.as_str());
        self.forget_attempts(&subject, REAUTHENTICATE).await;
    }

    /// Counts a new password before it is looked at and before its sender has proven anything: for the session it came in,
    /// because a copy of that must not use up what the account has.
    pub(crate) async fn limit_new_passwords(&self, session_id: &SessionId, client: &Client) -> Result<()> {
        let limits = &self.inner.config.limits;
        if let Some(ip) = client.ip {
            self.count(Who::Client(ip), PASSWORD, limits.sign_in_per_client, client)
                .await?;
        }
        self.count(Who::Session(session_id), PASSWORD, limits.sign_in_per_account, client)
            .await
    }

    /// Counts a new password before it is hashed. A change does not forget the others: it costs as many hashes as a refusal.
    pub(crate) async fn limit_password_changes(&self, user_id: &UserId, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.sign_in_per_account;
        self.count(Who::User(user_id), PASSWORD, limit, client).await
    }

    /// Counts an account without an address before it is made.
    pub(crate) async fn limit_anonymous(&self, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.anonymous_per_client;
        match client.ip {
            Some(ip) => self.count(Who::Client(ip), ANONYMOUS, limit, client).await,
            None => Ok(()),
        }
    }

    /// Counts a request that needs a captcha's token, before that is looked at.
    pub(crate) async fn limit_captchas(&self, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.captchas_per_client;
        match client.ip {
            Some(ip) => self.count(Who::Client(ip), CAPTCHA, limit, client).await,
            None => Ok(()),
        }
    }

    /// Counts a refresh token before it is looked at, where that is limited.
    pub(crate) async fn limit_refreshes(&self, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.refreshes_per_client;
        match limit.and_then(|limit| Some((limit, client.ip?))) {
            Some((limit, ip)) => self.count(Who::Client(ip), REFRESH, limit, client).await,
            None => Ok(()),
        }
    }

    /// Counts a code that was typed for an address, whether anybody has it or not.
    pub(crate) async fn limit_codes(&self, address: &str, client: &Client) -> Result<()> {
        self.limit_links(client).await?;
        let limit = self.inner.config.limits.codes_per_account;
        self.count(Who::Account(address), CODE, limit, client).await
    }

    /// Counts a link that was followed.
    pub(crate) async fn limit_links(&self, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.codes_per_client;
        match client.ip {
            Some(ip) => self.count(Who::Client(ip), CODE, limit, client).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn forget_codes(&self, address: &str) {
        self.forget_attempts(&self.account_subject(address), CODE).await;
    }

    /// Counts a request for a message to this address, whether anybody has it or not: for the client, for the address, and
    /// for all.
    pub(crate) async fn limit_mailing(&self, address: &Address, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.messages_per_client;
        if let Some(ip) = client.ip {
            self.count(Who::Client(ip), MESSAGE, limit, client).await?;
        }
        self.limit_sending(address, client).await
    }

    /// As [`Auth::limit_mailing`], for a client that is counted already.
    pub(crate) async fn limit_sending(&self, address: &Address, client: &Client) -> Result<()> {
        self.limit_messages(address, None, client).await
    }

    /// As [`Auth::limit_sending`], for the mail that asks a present address to agree to another. It has an interval of its own:
    /// who has just signed up may have mistyped.
    pub(crate) async fn limit_agreement(&self, address: &Address, client: &Client) -> Result<()> {
        self.limit_messages(address, Some(AGREE), client).await
    }

    async fn limit_messages(&self, address: &Address, own: Option<&'static str>, client: &Client) -> Result<()> {
        self.inner.post.check(address)?;
        let limits = &self.inner.config.limits;
        let (kind, action, budget) = match address {
            Address::Email(_) => (ErrorKind::OverEmailSendRateLimit, MAIL, limits.mails_per_hour),
            Address::Phone(_) => (ErrorKind::OverSmsSendRateLimit, MESSAGE, limits.messages_per_hour),
        };
        let refused = |error: Error, sentence: Option<String>| {
            if error.kind() != ErrorKind::Throttled {
                return error;
            }
            let wait = error.retry_after().unwrap_or_default();
            let refused = Error::from(kind).retry_in(wait);
            match sentence {
                Some(sentence) => refused.detail(sentence),
                None => refused,
            }
        };
        if let (Address::Phone(_), Some(ip)) = (address, client.ip) {
            let counted = self.count(Who::Client(ip), TEXT, limits.texts_per_client, client).await;
            counted.map_err(|error| refused(error, None))?;
        }
        if !limits.send_interval.is_zero() {
            let one = Limit::new(1, limits.send_interval);
            let counted = self
                .count(Who::Account(address.as_str()), own.unwrap_or(action), one, client)
                .await;
            counted.map_err(|error| {
                let wait = error
                    .retry_after()
                    .unwrap_or_default()
                    .as_millis()
                    .div_ceil(1_000)
                    .max(1);
                let sentence = format!("For security purposes, you can only request this after {wait} seconds.");
                refused(error, Some(sentence))
            })?;
        }
        if let Some(max) = budget {
            let budget = Limit::new(max, Duration::from_secs(60 * 60));
            let counted = self.count(Who::Everybody, action, budget, client).await;
            counted.map_err(|error| refused(error, None))?;
        }
        Ok(())
    }

    /// Forgets attempts. Whoever was right is not refused because that failed: the window ends by itself.
    async fn forget_attempts(&self, subject: &AttemptSubject, action: &'static str) {
        if let Err(error) = self.inner.adapter.clear_attempts(subject, action).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(target: "auth::limit", error, action, "attempts were not forgotten");
        }
    }

    async fn count(&self, who: Who<'_>, action: &'static str, limit: Limit, client: &Client) -> Result<()> {
        let now = self.now();
        let adapter = &self.inner.adapter;
        let subject = match who {
            Who::Account(account) => self.account_subject(account),
            Who::Client(ip) => self.subject("client", &throttle_subject(ip)),
            Who::Everybody => self.subject("everybody", action),
            Who::Session(id) => self.subject("session", id.as_str()),
            Who::User(id) => self.subject("user", id.as_str()),
        };
        let mut counted = adapter.count_attempt(&subject, action, limit.window, now).await?;
        if counted.count > limit.max && counted.window_ends > now + limit.window.saturating_mul(2) {
            // Begun by a clock that was ahead and has been set right: it would keep people out until then.
            adapter.clear_attempts(&subject, action).await?;
            counted = adapter.count_attempt(&subject, action, limit.window, now).await?;
        }
        if counted.count <= limit.max {
            return Ok(());
        }
        let exceeded = Event::new(EventKind::LimitExceeded, now, client).reason(action);
        self.emit(&match who {
            Who::Account(_) => exceeded.account(Some(subject)),
            Who::Client(_) | Who::Everybody => exceeded,
            Who::Session(id) => exceeded.session(id),
            Who::User(id) => exceeded.user(id),
        });
        Err(Error::from(ErrorKind::Throttled).retry_in(counted.window_ends.since(now)))
    }

    pub(crate) fn account_subject(&self, account: &str) -> AttemptSubject {
        self.subject("account", account)
    }

    /// A keyed digest: the table of attempts tells nobody who tried.
    fn subject(&self, kind: &str, value: &str) -> AttemptSubject {
        let digest = self
            .inner
            .config
            .secret
            .mac("attempt", &[kind.as_bytes(), value.as_bytes()]);
        let mut text = String::with_capacity(40);
        for byte in &digest[..20] {
            let _ = write!(text, "{byte:02x}");
        }
        AttemptSubject::new(text)
    }
}
