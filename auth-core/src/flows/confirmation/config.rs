/// Signing in with an e-mail address.
///
/// ```
/// use auth_core::EmailConfig;
///
/// // Whoever signs up is in at once, although mails can be sent.
/// let config = EmailConfig::default().confirm(false);
/// # let _ = config;
/// ```
#[derive(Clone, Debug)]
pub struct EmailConfig {
    pub(crate) enabled: bool,
    pub(crate) confirm: Option<bool>,
    pub(crate) secure_change: bool,
}

impl Default for EmailConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            confirm: None,
            secure_change: true,
        }
    }
}

impl EmailConfig {
    /// Whether anybody signs up or in with an e-mail address. Default yes.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// Whether a new address must be proven before it counts (the opposite of GoTrue's autoconfirm). Default yes once there is
    /// a mailer. Without, whoever signs up first with somebody else's address has it, and sign-up tells who is here.
    #[must_use]
    pub fn confirm(mut self, confirm: bool) -> Self {
        self.confirm = Some(confirm);
        self
    }

    /// Whether a change of address must be agreed to at the old one as well. Default yes: a session left open somewhere
    /// is not enough to take an account away.
    #[must_use]
    pub fn secure_change(mut self, secure: bool) -> Self {
        self.secure_change = secure;
        self
    }
}

/// Signing in with a phone number. Text messages can be read and redirected by others than the owner; take them as the weak
/// factor they are (NIST SP 800-63B-4 §3.1.3.3).
///
/// ```
/// use auth_core::PhoneConfig;
///
/// let config = PhoneConfig::default().enabled(true);
/// # let _ = config;
/// ```
#[derive(Clone, Debug, Default)]
pub struct PhoneConfig {
    pub(crate) enabled: Option<bool>,
    pub(crate) confirm: Option<bool>,
    pub(crate) test_codes: Vec<(String, String)>,
}

impl PhoneConfig {
    /// Whether anybody signs up or in with a phone number. Default yes once text messages can be sent.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    /// Whether a new number must be proven before it counts. Default yes once text messages can be sent.
    #[must_use]
    pub fn confirm(mut self, confirm: bool) -> Self {
        self.confirm = Some(confirm);
        self
    }

    /// A number that gets no message and whose code is always this one: for the reviewers of app stores, and for tests.
    /// Whoever knows it signs in as that number.
    #[must_use]
    pub fn danger_test_code(mut self, number: impl Into<String>, code: impl Into<String>) -> Self {
        self.test_codes.push((number.into(), code.into()));
        self
    }
}
