use std::time::Duration;

use crate::config::ConfigProblem;

/// What opening a mailed link does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the two ways there are")]
pub enum LinkStyle {
    /// It shows a small page whose button takes the link: whatever opens links in mails takes nothing.
    #[default]
    Page,
    /// It takes the link and leads on at once, as GoTrue does. A scanner that opens it leaves nothing for the owner.
    Direct,
}

/// Links and codes: how long they are good, and what they look like.
///
/// ```
/// use std::time::Duration;
/// use auth_core::OneTimeConfig;
///
/// let config = OneTimeConfig::default().code_digits(8).link_lifetime(Duration::from_secs(30 * 60));
/// # let _ = config;
/// ```
#[derive(Clone, Debug)]
pub struct OneTimeConfig {
    pub(crate) code_digits: usize,
    pub(crate) code_lifetime: Duration,
    pub(crate) link_lifetime: Duration,
    pub(crate) link_style: LinkStyle,
}

impl Default for OneTimeConfig {
    fn default() -> Self {
        Self {
            code_digits: 6,
            code_lifetime: MAX_CODE_LIFETIME,
            link_lifetime: Duration::from_secs(60 * 60),
            link_style: LinkStyle::Page,
        }
    }
}

/// NIST SP 800-63B-4 §3.1.3.2.
const MAX_CODE_LIFETIME: Duration = Duration::from_secs(10 * 60);

/// Codes of one token that are compared; the next is refused unseen.
pub(crate) const MAX_TRIES: u32 = 5;

impl OneTimeConfig {
    /// Digits of a code, 6 to 10. Default 6: fewer can be guessed, more are mistyped.
    #[must_use]
    pub fn code_digits(mut self, digits: usize) -> Self {
        self.code_digits = digits;
        self
    }

    /// How long a code is good, from 30 seconds to 10 minutes, the default.
    #[must_use]
    pub fn code_lifetime(mut self, lifetime: Duration) -> Self {
        self.code_lifetime = lifetime;
        self
    }

    /// How long a link is good, from 5 minutes to 7 days. Default 1 hour: whoever comes by an old mail finds nothing in it.
    #[must_use]
    pub fn link_lifetime(mut self, lifetime: Duration) -> Self {
        self.link_lifetime = lifetime;
        self
    }

    /// What opening a link does. Default [`LinkStyle::Page`].
    #[must_use]
    pub fn link_style(mut self, style: LinkStyle) -> Self {
        self.link_style = style;
        self
    }

    pub(crate) fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        if !(6..=10).contains(&self.code_digits) {
            problems.push(ConfigProblem::new(
                "one_time.code_digits",
                format!("{} digits.", self.code_digits),
                "Use 6 to 10.",
            ));
        }
        if !(Duration::from_secs(30)..=MAX_CODE_LIFETIME).contains(&self.code_lifetime) {
            problems.push(ConfigProblem::new(
                "one_time.code_lifetime",
                format!("{:?}.", self.code_lifetime),
                "Use 30 seconds to 10 minutes (NIST SP 800-63B-4 §3.1.3.2).",
            ));
        }
        if !(Duration::from_secs(5 * 60)..=Duration::from_secs(7 * 24 * 60 * 60)).contains(&self.link_lifetime) {
            problems.push(ConfigProblem::new(
                "one_time.link_lifetime",
                format!("{:?}.", self.link_lifetime),
                "Use 5 minutes to 7 days.",
            ));
        }
        problems
    }
}
