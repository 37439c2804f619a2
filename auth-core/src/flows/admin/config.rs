use crate::secret::Secret;

/// Who may administrate.
///
/// ```
/// use auth_core::AdminConfig;
///
/// let config = AdminConfig::default().role("support").require_expiry(true);
/// # let _ = config;
/// ```
#[derive(Clone, Debug)]
pub struct AdminConfig {
    pub(crate) roles: Vec<String>,
    pub(crate) keys: Vec<Secret>,
    pub(crate) requires_expiry: bool,
}

impl Default for AdminConfig {
    fn default() -> Self {
        Self {
            roles: vec!["service_role".to_owned(), "supabase_admin".to_owned()],
            keys: Vec::new(),
            requires_expiry: false,
        }
    }
}

impl AdminConfig {
    /// One more role whose holders may administrate. Default `service_role` and `supabase_admin`.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// These roles and no others.
    #[must_use]
    pub fn roles<R: Into<String>>(mut self, roles: impl IntoIterator<Item = R>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// One more key that may sign administrators' tokens (HS256), beside [`AuthBuilder::secret`](crate::AuthBuilder::secret);
    /// at least 32 bytes.
    #[must_use]
    pub fn key(mut self, key: Secret) -> Self {
        self.keys.push(key);
        self
    }

    /// Whether administrators' tokens must say when they end. Default no: GoTrue's service keys do not. A key that leaks and
    /// never ends is a key for ever.
    #[must_use]
    pub fn require_expiry(mut self, required: bool) -> Self {
        self.requires_expiry = required;
        self
    }
}
