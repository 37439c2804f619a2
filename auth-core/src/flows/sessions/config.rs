use std::time::Duration;

use crate::config::ConfigProblem;

/// How long sessions live.
///
/// ```
/// use std::time::Duration;
/// use auth_core::SessionConfig;
///
/// let sessions = SessionConfig::default()
///     .active_period(Duration::from_secs(60 * 60))
///     .absolute_period(Duration::from_secs(90 * 24 * 60 * 60));
/// # let _ = sessions;
/// ```
#[derive(Clone, Debug)]
pub struct SessionConfig {
    pub(crate) active_period: Duration,
    pub(crate) idle_period: Duration,
    pub(crate) absolute_period: Option<Duration>,
    pub(crate) grace: Duration,
    pub(crate) fresh_for: Duration,
    pub(crate) touch_interval: Option<Duration>,
    pub(crate) cleanup: bool,
    pub(crate) one_per_user: bool,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            active_period: DAY,
            idle_period: 14 * DAY,
            absolute_period: None,
            grace: Duration::from_secs(30),
            fresh_for: Duration::from_secs(15 * 60),
            touch_interval: None,
            cleanup: true,
            one_per_user: false,
        }
    }
}

impl SessionConfig {
    /// How long a session needs no renewal. Default 24 hours. Longer means fewer writes and an older secret in the
    /// cookie; shorter the opposite.
    #[must_use]
    pub fn active_period(mut self, period: Duration) -> Self {
        self.active_period = period;
        self
    }

    /// How long a session can still be renewed, counted from the end of the active period. Default 14 days. Longer
    /// keeps rare visitors signed in; shorter limits what a forgotten device gives away.
    #[must_use]
    pub fn idle_period(mut self, period: Duration) -> Self {
        self.idle_period = period;
        self
    }

    /// When a session ends whatever happens, counted from its start. Default never; OWASP and NIST recommend 30 days
    /// or less where accounts are worth stealing.
    #[must_use]
    pub fn absolute_period(mut self, period: Duration) -> Self {
        self.absolute_period = Some(period);
        self
    }

    /// How long a replaced secret still opens its session, for requests that were under way at the renewal. Default
    /// 30 seconds, at most 5 minutes: longer gives a thief of an old cookie more time, shorter signs out slow clients.
    #[must_use]
    pub fn grace(mut self, period: Duration) -> Self {
        self.grace = period;
        self
    }

    /// How recently the owner must have proved who they are for a dangerous act. Default 15 minutes.
    #[must_use]
    pub fn fresh_for(mut self, period: Duration) -> Self {
        self.fresh_for = period;
        self
    }

    /// Writes `last_seen` of an active session at most this often. Default never, so that a request costs no write;
    /// an hour gives listings that are an hour exact.
    #[must_use]
    pub fn touch_interval(mut self, interval: Duration) -> Self {
        self.touch_interval = Some(interval);
        self
    }

    /// Whether dead sessions are deleted when they are met, and a user's at each sign-in, but for stores that remove them by
    /// themselves. Default yes; turn it off where a scheduled
    /// [`delete_expired_sessions`](crate::Auth::delete_expired_sessions) does it.
    #[must_use]
    pub fn auto_database_cleanup(mut self, cleanup: bool) -> Self {
        self.cleanup = cleanup;
        self
    }

    /// Whether a new session ends the user's others. Default no: people have a telephone and a computer. Yes, where an account
    /// must not be shared; of two sign-ins at the very same moment each may end the other, and both sign in again.
    #[must_use]
    pub fn one_per_user(mut self, one: bool) -> Self {
        self.one_per_user = one;
        self
    }

    pub(crate) fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        if self.active_period.is_zero() {
            problems.push(ConfigProblem::new(
                "sessions.active_period",
                "a session would never be active.",
                "Use a period longer than zero.",
            ));
        }
        if self.grace > Duration::from_secs(300) {
            problems.push(ConfigProblem::new(
                "sessions.grace",
                "a replaced secret would live longer than five minutes.",
                "Use five minutes or less; thirty seconds is the default.",
            ));
        }
        if self.absolute_period.is_some_and(|period| period < self.active_period) {
            problems.push(ConfigProblem::new(
                "sessions.absolute_period",
                "it is shorter than the active period.",
                "Make it longer, or shorten the active period.",
            ));
        }
        problems
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
