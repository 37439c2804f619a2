use std::time::Duration;

use crate::{
    config::{ConfigError, ConfigProblem},
    request::{CookieConfig, SameSite},
};

/// The cookie of [`AuthCookies`](super::AuthCookies); the seed's `cookieOptions`. A value of this type can always be
/// written: what cannot is refused where it is said.
///
/// | option | default | why |
/// |---|---|---|
/// | name | `sb:token` | the seed's |
/// | lifetime | 8 hours | the seed's: a working day; longer only helps whoever finds the device |
/// | domain | none | a Domain shares the cookie with every subdomain |
/// | path | `/` | |
/// | same_site | `Lax` | `Strict` also drops it when somebody follows a link; `None` sends it with every site's requests |
///
/// ```
/// use auth_core::CookieOptions;
///
/// # fn main() -> Result<(), auth_core::ConfigError> {
/// let options = CookieOptions::default().name("sid")?.same_site("Strict".parse()?);
/// assert!(options.clone().domain("example.com; Secure").is_err());
/// assert!("sometimes".parse::<auth_core::SameSite>().is_err());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct CookieOptions {
    name: String,
    lifetime: Duration,
    domain: Option<String>,
    path: String,
    same_site: SameSite,
    is_pair: bool,
}

impl Default for CookieOptions {
    fn default() -> Self {
        Self {
            name: "sb:token".to_owned(),
            lifetime: Duration::from_secs(28_800),
            domain: None,
            path: "/".to_owned(),
            same_site: SameSite::Lax,
            is_pair: false,
        }
    }
}

impl CookieOptions {
    /// Two cookies, as later clients have them: `sb-access-token`, and `sb-refresh-token` which renews it. Set and removed
    /// together; [`CookieOptions::name`] replaces the `sb`.
    pub fn two_cookies() -> Self {
        Self {
            name: "sb".to_owned(),
            is_pair: true,
            ..Self::default()
        }
    }

    /// The name.
    ///
    /// # Errors
    /// When it is no cookie name, or has a prefix that browsers do not take with the Domain or Path.
    pub fn name(self, name: impl Into<String>) -> Result<Self, ConfigError> {
        let name = name.into();
        Self { name, ..self }.checked()
    }

    /// How long browsers keep the cookie, 400 days at most.
    #[must_use]
    pub fn lifetime(self, lifetime: Duration) -> Self {
        Self { lifetime, ..self }
    }

    /// Shares the cookie with every subdomain; the empty text does not.
    ///
    /// # Errors
    /// When it is no domain, or the name's prefix forbids one.
    pub fn domain(self, domain: impl Into<String>) -> Result<Self, ConfigError> {
        let domain = Some(domain.into()).filter(|domain| !domain.is_empty());
        Self { domain, ..self }.checked()
    }

    /// The part of the site that gets the cookie.
    ///
    /// # Errors
    /// When it is no path, or the name's prefix forbids another one than `/`.
    pub fn path(self, path: impl Into<String>) -> Result<Self, ConfigError> {
        let path = path.into();
        Self { path, ..self }.checked()
    }

    /// When browsers send the cookie along with what other sites cause. `"lax".parse()` reads one, in any case.
    #[must_use]
    pub fn same_site(self, same_site: SameSite) -> Self {
        Self { same_site, ..self }
    }

    pub(super) fn kept_for(&self) -> Duration {
        self.lifetime
    }

    /// Browsers drop a `SameSite=None` cookie and a prefixed one that is not `Secure`, also on a developer's machine.
    pub(super) fn needs_secure(&self) -> bool {
        self.same_site == SameSite::None || self.name.starts_with("__")
    }

    /// The cookie of the access token, and that of the refresh token if it has one.
    pub(super) fn configs(&self) -> (CookieConfig, Option<CookieConfig>) {
        if self.is_pair {
            let refresh = self.config(&format!("{}-refresh-token", self.name));
            (self.config(&format!("{}-access-token", self.name)), Some(refresh))
        } else {
            (self.config(&self.name), None)
        }
    }

    fn config(&self, name: &str) -> CookieConfig {
        let config = CookieConfig::default()
            .name(name)
            .path(&self.path)
            .same_site(self.same_site)
            .unprefixed();
        match &self.domain {
            Some(domain) => config.domain(domain),
            None => config,
        }
    }

    fn checked(self) -> Result<Self, ConfigError> {
        // The seed's name has a colon, which RFC 6265 does not allow and everybody takes.
        let (access, refresh) = Self {
            name: self.name.replace(':', "-"),
            ..self.clone()
        }
        .configs();
        let mut problems: Vec<ConfigProblem> = access.problems(true);
        if self.name.is_empty() {
            problems.push(ConfigProblem::new("cookie.name", "it is empty.", "Leave it out."));
        }
        problems.extend(refresh.into_iter().flat_map(|refresh| refresh.problems(true)));
        problems.dedup();
        ConfigError::unless_empty(problems)?;
        Ok(self)
    }
}
