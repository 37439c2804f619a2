//! What can be configured, and what is refused: every problem at once, each with its fix.

use std::fmt;

use http::HeaderName;
use url::Url;

use crate::{
    adapter::Schema,
    flows::{
        admin::AdminConfig,
        confirmation::{EmailConfig, PhoneConfig},
        one_time::OneTimeConfig,
        sessions::SessionConfig,
    },
    limit::Limits,
    secret::Secret,
};

/// One setting that cannot be used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigProblem {
    /// The builder's setting.
    pub option: &'static str,
    /// What is wrong with it.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
}

impl ConfigProblem {
    /// A problem with its fix.
    pub(crate) fn new(option: &'static str, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            option,
            problem: problem.into(),
            fix: fix.into(),
        }
    }
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.option, self.problem, self.fix)
    }
}

impl std::error::Error for ConfigProblem {}

/// Everything that is wrong with a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    problems: Vec<ConfigProblem>,
}

impl ConfigError {
    /// `Err` unless the list is empty.
    pub(crate) fn unless_empty(problems: Vec<ConfigProblem>) -> Result<(), Self> {
        if problems.is_empty() {
            Ok(())
        } else {
            Err(Self { problems })
        }
    }

    /// A single problem.
    pub(crate) fn of(problem: ConfigProblem) -> Self {
        Self {
            problems: vec![problem],
        }
    }

    /// The problems, in the order of the settings.
    pub fn problems(&self) -> &[ConfigProblem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be used:")?;
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "\n  - {problem}"))
    }
}

impl std::error::Error for ConfigError {}

/// What `build()` made of the settings.
pub(crate) struct Config {
    pub(crate) secret: Secret,
    pub(crate) previous_secrets: Vec<Secret>,
    pub(crate) base_url: Url,
    pub(crate) base_path: String,
    pub(crate) tokens_in_body: bool,
    pub(crate) oauth_token_errors: bool,
    pub(crate) diagnostic_headers: bool,
    pub(crate) request_id_header: Option<HeaderName>,
    pub(crate) event_lifetime: std::time::Duration,
    pub(crate) sign_in_page: Option<String>,
    pub(crate) forgot_password_page: Option<String>,
    pub(crate) site_url: Url,
    pub(crate) audience: String,
    pub(crate) default_role: String,
    pub(crate) email: EmailConfig,
    pub(crate) phone: PhoneConfig,
    pub(crate) anonymous: bool,
    pub(crate) reveal_accounts: bool,
    pub(crate) reveal_unconfirmed: bool,
    pub(crate) one_time: OneTimeConfig,
    pub(crate) admin: AdminConfig,
    pub(crate) sessions: SessionConfig,
    pub(crate) limits: Limits,
    pub(crate) schema: Schema,
    pub(crate) body_limit: usize,
    pub(crate) request_timeout: std::time::Duration,
    pub(crate) signup: bool,
    pub(crate) user_ids: Option<Box<dyn Fn() -> String + Send + Sync>>,
    pub(crate) clear_site_data: bool,
}

impl Config {
    /// What stands before the path of every route.
    pub(crate) fn mount(&self) -> &str {
        mount(&self.base_path)
    }

    /// The secret, and those it replaced.
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        std::iter::once(&self.secret)
            .chain(&self.previous_secrets)
            .cloned()
            .collect()
    }
}

/// The base path as what stands before a route's path: `/` stands for nothing.
pub(crate) fn mount(base_path: &str) -> &str {
    if base_path == "/" { "" } else { base_path }
}
