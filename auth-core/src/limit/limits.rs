//! What may be tried how often.

use std::time::Duration;

use crate::config::ConfigProblem;

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
    pub(super) sign_in_per_account: Limit,
    pub(super) sign_in_per_client: Limit,
    pub(super) sign_up_per_account: Limit,
    pub(super) sign_up_per_client: Limit,
    pub(super) codes_per_account: Limit,
    pub(super) codes_per_client: Limit,
    pub(super) messages_per_client: Limit,
    pub(super) texts_per_client: Limit,
    pub(super) anonymous_per_client: Limit,
    pub(super) captchas_per_client: Limit,
    pub(super) refreshes_per_client: Option<Limit>,
    pub(super) send_interval: Duration,
    pub(super) mails_per_hour: Option<u32>,
    pub(super) messages_per_hour: Option<u32>,
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
            refreshes_per_client: None,
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

    /// Refresh tokens per client address at `POST /session/refresh` and `POST /token?grant_type=refresh_token`, good ones or not;
    /// one that is refused stays good. Default any number: nobody guesses 256 bits, and GoTrue's clients take the
    /// refusal for the end of the session, so that people behind one address would sign each other out. GoTrue's own is 150 in
    /// 5 minutes.
    #[must_use]
    pub fn refreshes_per_client(mut self, limit: Option<Limit>) -> Self {
        self.refreshes_per_client = limit;
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
            refreshes_per_client: None,
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
        ]
        .into_iter()
        .chain(
            self.refreshes_per_client
                .map(|limit| ("limits.refreshes_per_client", limit)),
        ) {
            if limit.max == 0 || limit.window.is_zero() {
                problems.push(ConfigProblem::new(
                    option,
                    "nobody could ever pass.",
                    "Allow at least one attempt in a window longer than zero.",
                ));
            }
        }
        for (option, budget) in [
            ("limits.mails_per_hour", self.mails_per_hour),
            ("limits.text_messages_per_hour", self.messages_per_hour),
        ] {
            if budget == Some(0) {
                problems.push(ConfigProblem::new(
                    option,
                    "nothing could ever be sent.",
                    "Allow at least one in an hour, or leave the mailer or sender out.",
                ));
            }
        }
        problems
    }
}
