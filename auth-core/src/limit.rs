//! Attempts per account and per client: counted before any work is done, in one atomic act of the store.
//!
//! Answers guessing (one account from many places, many accounts from one place) and floods. It does not lock an
//! account for good: windows end, sessions that exist go on, and recovery has limits of its own.

use std::{fmt::Write, net::IpAddr, sync::Once, time::Duration};

use crate::{
    address::Address,
    auth::Auth,
    config::ConfigProblem,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    id::UserId,
    model::AttemptSubject,
    request::{Client, throttle_subject},
};

/// At most `max` attempts in a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two numbers")]
pub struct Limit {
    /// Attempts that are evaluated.
    pub max: u32,
    /// How long they are counted.
    pub window: Duration,
}

impl Limit {
    /// At most `max` attempts in `window`.
    pub const fn new(max: u32, window: Duration) -> Self {
        Self { max, window }
    }
}

/// The limits of all routes that can be guessed or flooded.
///
/// ```
/// use std::time::Duration;
/// use auth_core::{Limit, Limits};
///
/// let limits = Limits::default().sign_in_per_account(Limit::new(5, Duration::from_secs(300)));
/// # let _ = limits;
/// ```
#[derive(Clone, Debug)]
pub struct Limits {
    sign_in_per_account: Limit,
    sign_in_per_client: Limit,
    sign_up_per_account: Limit,
    sign_up_per_client: Limit,
    codes_per_account: Limit,
    codes_per_client: Limit,
    messages_per_client: Limit,
    texts_per_client: Limit,
    anonymous_per_client: Limit,
    captchas_per_client: Limit,
    send_interval: Duration,
    mails_per_hour: Option<u32>,
    messages_per_hour: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_in_per_account: Limit::new(10, Duration::from_secs(15 * 60)),
            sign_in_per_client: Limit::new(100, Duration::from_secs(15 * 60)),
            sign_up_per_account: Limit::new(10, Duration::from_secs(60 * 60)),
            sign_up_per_client: Limit::new(30, Duration::from_secs(60 * 60)),
            codes_per_account: Limit::new(30, Duration::from_secs(60 * 60)),
            codes_per_client: Limit::new(30, Duration::from_secs(5 * 60)),
            messages_per_client: Limit::new(30, Duration::from_secs(5 * 60)),
            texts_per_client: Limit::new(10, Duration::from_secs(60 * 60)),
            anonymous_per_client: Limit::new(30, Duration::from_secs(60 * 60)),
            captchas_per_client: Limit::new(150, Duration::from_secs(5 * 60)),
            send_interval: Duration::from_secs(60),
            mails_per_hour: None,
            messages_per_hour: Some(30),
        }
    }
}

impl Limits {
    /// Failed sign-ins per account; a success forgets them. Default 10 in 15 minutes, never more than 100: more lets
    /// a botnet guess, fewer lets a stranger keep the owner waiting. Counted by themselves, as many are the tries of somebody
    /// who is signed in to type the current password, and to set a new one.
    #[must_use]
    pub fn sign_in_per_account(mut self, limit: Limit) -> Self {
        self.sign_in_per_account = limit;
        self
    }

    /// Sign-ins per client address, successes too. Default 100 in 15 minutes: more lets one machine try one password
    /// on many accounts, fewer locks out an office behind one address. As many new passwords, counted by themselves.
    #[must_use]
    pub fn sign_in_per_client(mut self, limit: Limit) -> Self {
        self.sign_in_per_client = limit;
        self
    }

    /// Sign-ups with one address, whoever tries. Default 10 in an hour: each costs a hash and tells whether the account
    /// is there.
    #[must_use]
    pub fn sign_up_per_account(mut self, limit: Limit) -> Self {
        self.sign_up_per_account = limit;
        self
    }

    /// Sign-ups per client address. Default 30 in an hour.
    #[must_use]
    pub fn sign_up_per_client(mut self, limit: Limit) -> Self {
        self.sign_up_per_client = limit;
        self
    }

    /// Codes typed for one account, whoever types; a right one forgets them. Default 30 in an hour, never more than 100: with
    /// six digits, that is a chance of one in thirty thousand each hour.
    #[must_use]
    pub fn codes_per_account(mut self, limit: Limit) -> Self {
        self.codes_per_account = limit;
        self
    }

    /// Codes typed and links followed per client address. Default 30 in 5 minutes.
    #[must_use]
    pub fn codes_per_client(mut self, limit: Limit) -> Self {
        self.codes_per_client = limit;
        self
    }

    /// Requests for a mail or text message per client address. Default 30 in 5 minutes.
    #[must_use]
    pub fn messages_per_client(mut self, limit: Limit) -> Self {
        self.messages_per_client = limit;
        self
    }

    /// Requests for a text message per client address. Default 10 in an hour, well below
    /// [`Limits::text_messages_per_hour`]: otherwise one client uses up what everybody has together.
    #[must_use]
    pub fn text_messages_per_client(mut self, limit: Limit) -> Self {
        self.texts_per_client = limit;
        self
    }

    /// Accounts without an address per client address. Default 30 in an hour.
    #[must_use]
    pub fn anonymous_per_client(mut self, limit: Limit) -> Self {
        self.anonymous_per_client = limit;
        self
    }

    /// Requests that need a captcha's token, with or without one, per client address. Default 150 in 5 minutes, beside the limits of
    /// what is asked for: somebody else is asked about each.
    #[must_use]
    pub fn captchas_per_client(mut self, limit: Limit) -> Self {
        self.captchas_per_client = limit;
        self
    }

    /// How long after a message to an address the next may be asked for. Default 60 seconds; zero switches it off.
    #[must_use]
    pub fn send_interval(mut self, interval: Duration) -> Self {
        self.send_interval = interval;
        self
    }

    /// Mails that may be asked for in an hour, by everybody together. Default any number.
    #[must_use]
    pub fn mails_per_hour(mut self, count: Option<u32>) -> Self {
        self.mails_per_hour = count;
        self
    }

    /// Text messages that may be asked for in an hour, by everybody together. Default 30: each costs money, and some
    /// numbers pay those who make others call them. Those that are never sent, because nobody has the number, count as well:
    /// else the budget would tell who is here.
    #[must_use]
    pub fn text_messages_per_hour(mut self, count: Option<u32>) -> Self {
        self.messages_per_hour = count;
        self
    }

    /// Nothing is limited. For tests.
    #[must_use]
    pub fn danger_unlimited() -> Self {
        let any = Limit::new(u32::MAX, Duration::from_secs(1));
        let account = Limit::new(100, Duration::from_millis(1));
        Self {
            sign_in_per_account: account,
            sign_in_per_client: any,
            sign_up_per_account: any,
            sign_up_per_client: any,
            codes_per_account: account,
            codes_per_client: any,
            messages_per_client: any,
            texts_per_client: any,
            anonymous_per_client: any,
            captchas_per_client: any,
            send_interval: Duration::ZERO,
            mails_per_hour: None,
            messages_per_hour: None,
        }
    }

    pub(crate) fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        for (option, limit) in [
            ("limits.sign_in_per_account", self.sign_in_per_account),
            ("limits.codes_per_account", self.codes_per_account),
        ] {
            if limit.max > 100 {
                problems.push(ConfigProblem::new(
                    option,
                    "more than 100 guesses per account.",
                    "Allow 100 at most (NIST SP 800-63B-4 §3.2.2).",
                ));
            }
        }
        for (option, limit) in [
            ("limits.sign_in_per_account", self.sign_in_per_account),
            ("limits.sign_in_per_client", self.sign_in_per_client),
            ("limits.sign_up_per_account", self.sign_up_per_account),
            ("limits.sign_up_per_client", self.sign_up_per_client),
            ("limits.codes_per_account", self.codes_per_account),
            ("limits.codes_per_client", self.codes_per_client),
            ("limits.messages_per_client", self.messages_per_client),
            ("limits.text_messages_per_client", self.texts_per_client),
            ("limits.anonymous_per_client", self.anonymous_per_client),
            ("limits.captchas_per_client", self.captchas_per_client),
        ] {
            if limit.max == 0 || limit.window.is_zero() {
                problems.push(ConfigProblem::new(
                    option,
                    "nobody could ever pass.",
                    "Allow at least one attempt in a window longer than zero.",
                ));
            }
        }
        problems
    }
}

/// The client's address; without one the limits per client cannot hold, which nobody should learn from an attacker.
fn known_address(client: &Client) -> Option<IpAddr> {
    static TOLD: Once = Once::new();
    if client.ip.is_none() {
        TOLD.call_once(|| {
            tracing::warn!(
                target: "auth::limit",
                "requests come without a client address, so limits per client are off; with axum, serve with \
                 `into_make_service_with_connect_info::<SocketAddr>()`"
            );
        });
    }
    client.ip
}

const AGREE: &str = "agree";
const ANONYMOUS: &str = "anonymous";
const CAPTCHA: &str = "captcha";
const CODE: &str = "code";
const MAIL: &str = "mail";
const MESSAGE: &str = "message";
const PASSWORD: &str = "password";
const REAUTHENTICATE: &str = "reauthenticate";
const SIGN_IN: &str = "sign_in";
const SIGN_UP: &str = "sign_up";
const TEXT: &str = "text";

impl Auth {
    /// Counts a sign-in before it is evaluated.
    pub(crate) async fn limit_sign_in(&self, account: &str, client: &Client) -> Result<()> {
        let limits = &self.inner.config.limits;
        if let Some(ip) = known_address(client) {
            self.count(self.client_subject(ip), SIGN_IN, limits.sign_in_per_client, client)
                .await?;
        }
        self.count(
            self.account_subject(account),
            SIGN_IN,
            limits.sign_in_per_account,
            client,
        )
        .await
    }

    /// Forgets the failures of an account that has just signed in; the client's count stays.
    pub(crate) async fn forget_sign_in_failures(&self, account: &str) {
        self.forget_attempts(&self.account_subject(account), SIGN_IN).await;
    }

    /// Counts a sign-up before it is evaluated.
    pub(crate) async fn limit_sign_up(&self, account: &str, client: &Client) -> Result<()> {
        let limits = &self.inner.config.limits;
        if let Some(ip) = known_address(client) {
            self.count(self.client_subject(ip), SIGN_UP, limits.sign_up_per_client, client)
                .await?;
        }
        let account = self.account_subject(account);
        self.count(account, SIGN_UP, limits.sign_up_per_account, client).await
    }

    /// Counts a proof of somebody who is signed in, before it is evaluated.
    pub(crate) async fn limit_reauthentication(&self, user_id: &UserId, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.sign_in_per_account;
        let subject = self.subject("user", user_id.as_str());
        self.count(subject, REAUTHENTICATE, limit, client).await
    }

    pub(crate) async fn forget_reauthentications(&self, user_id: &UserId) {
        let subject = self.subject("user", user_id.as_str());
        self.forget_attempts(&subject, REAUTHENTICATE).await;
    }

    /// Counts a new password of somebody who is signed in, before it is looked at. A change does not forget the others: it costs
    /// as many hashes as a refusal.
    pub(crate) async fn limit_new_passwords(&self, user_id: &UserId, client: &Client) -> Result<()> {
        let limits = &self.inner.config.limits;
        if let Some(ip) = known_address(client) {
            self.count(self.client_subject(ip), PASSWORD, limits.sign_in_per_client, client)
                .await?;
        }
        let subject = self.subject("user", user_id.as_str());
        self.count(subject, PASSWORD, limits.sign_in_per_account, client).await
    }

    /// Counts an account without an address before it is made.
    pub(crate) async fn limit_anonymous(&self, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.anonymous_per_client;
        match known_address(client) {
            Some(ip) => self.count(self.client_subject(ip), ANONYMOUS, limit, client).await,
            None => Ok(()),
        }
    }

    /// Counts a request that needs a captcha's token, before that is looked at.
    pub(crate) async fn limit_captchas(&self, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.captchas_per_client;
        match known_address(client) {
            Some(ip) => self.count(self.client_subject(ip), CAPTCHA, limit, client).await,
            None => Ok(()),
        }
    }

    /// Counts a code that was typed for an address, whether anybody has it or not.
    pub(crate) async fn limit_codes(&self, address: &str, client: &Client) -> Result<()> {
        self.limit_links(client).await?;
        let limit = self.inner.config.limits.codes_per_account;
        self.count(self.account_subject(address), CODE, limit, client).await
    }

    /// Counts a link that was followed.
    pub(crate) async fn limit_links(&self, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.codes_per_client;
        match known_address(client) {
            Some(ip) => self.count(self.client_subject(ip), CODE, limit, client).await,
            None => Ok(()),
        }
    }

    pub(crate) async fn forget_codes(&self, address: &str) -> Result<()> {
        let subject = self.account_subject(address);
        self.inner.adapter.clear_attempts(&subject, CODE).await
    }

    /// Counts a request for a message to this address, whether anybody has it or not: for the client, for the address, and
    /// for all.
    pub(crate) async fn limit_mailing(&self, address: &Address, client: &Client) -> Result<()> {
        let limit = self.inner.config.limits.messages_per_client;
        if let Some(ip) = known_address(client) {
            self.count(self.client_subject(ip), MESSAGE, limit, client).await?;
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
        if let (Address::Phone(_), Some(ip)) = (address, known_address(client)) {
            let counted = self
                .count(self.client_subject(ip), TEXT, limits.texts_per_client, client)
                .await;
            counted.map_err(|error| refused(error, None))?;
        }
        if !limits.send_interval.is_zero() {
            let one = Limit::new(1, limits.send_interval);
            let counted = self
                .count(
                    self.account_subject(address.as_str()),
                    own.unwrap_or(action),
                    one,
                    client,
                )
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
            let counted = self
                .count(self.subject("everybody", action), action, budget, client)
                .await;
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

    async fn count(&self, subject: AttemptSubject, action: &'static str, limit: Limit, client: &Client) -> Result<()> {
        let now = self.now();
        let adapter = &self.inner.adapter;
        let mut counted = adapter.count_attempt(&subject, action, limit.window, now).await?;
        if counted.count > limit.max && counted.window_ends > now + limit.window * 2 {
            // Begun by a clock that was ahead and has been set right: it would keep people out until then.
            adapter.clear_attempts(&subject, action).await?;
            counted = adapter.count_attempt(&subject, action, limit.window, now).await?;
        }
        if counted.count <= limit.max {
            return Ok(());
        }
        let exceeded = Event::new(EventKind::LimitExceeded, now, client).reason(action);
        self.emit(&exceeded.account(Some(subject)));
        Err(Error::from(ErrorKind::Throttled).retry_in(counted.window_ends.since(now)))
    }

    pub(crate) fn account_subject(&self, account: &str) -> AttemptSubject {
        self.subject("account", account)
    }

    fn client_subject(&self, ip: IpAddr) -> AttemptSubject {
        self.subject("client", &throttle_subject(ip))
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
