//! The handle an application holds.

use std::{fmt, sync::Arc};

use crate::{
    adapter::{Adapter, MigrationPlan},
    builder::AuthBuilder,
    captcha::CaptchaCheck,
    clock::{Clock, Timestamp},
    config::Config,
    entropy::Entropy,
    error::Result,
    event::{Event, EventSink},
    flows::{admin::Journal, auth_cookie::AuthCookies, post::Post, tokens::TokenStrategy},
    password::Passwords,
    request::{ClientPolicy, CookieWriter, OriginPolicy, RedirectPolicy},
};

/// The library, configured: cheap to clone, to be shared by every handler.
///
/// Everything an application can ask is a method here; each flow adds its own. The methods are the seeds' functions
/// in snake case.
///
/// ```
/// use auth_core::{Auth, Secret, adapters::MemoryAdapter};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let auth = Auth::builder(MemoryAdapter::default())
///     .secret(Secret::random()?)
///     .base_url("https://example.com")
///     .build()?;
///
/// auth.create_user(auth_core::NewUser::with_password("email", "ada@example.com", "correct horse battery")).await?;
/// let proof = auth.authenticate_user("email", "ada@example.com", "correct horse battery").await?;
/// let issued = auth.create_session(&proof, Default::default()).await?;
/// let session = auth.validate_session(&issued.token).await?;
/// assert_eq!(&session.session.user_id, proof.user_id());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Auth {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) adapter: Arc<dyn Adapter>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) events: Arc<dyn EventSink>,
    pub(crate) config: Config,
    pub(crate) passwords: Passwords,
    /// Who tells people from programs, if anybody does.
    pub(crate) captcha: Option<CaptchaCheck>,
    pub(crate) origins: OriginPolicy,
    pub(crate) redirects: RedirectPolicy,
    pub(crate) clients: ClientPolicy,
    pub(crate) cookies: CookieWriter,
    /// What marks the browser that asks for a code.
    pub(crate) marks: CookieWriter,
    /// The token strategy; none when sessions are opaque.
    pub(crate) tokens: Option<TokenStrategy>,
    /// The cookie of pages that hold their tokens themselves, if there is one.
    pub(crate) auth_cookies: Option<AuthCookies>,
    pub(crate) post: Post,
    pub(crate) journal: Option<Journal>,
}

impl Auth {
    /// Starts a configuration over this store.
    pub fn builder(adapter: impl Adapter) -> AuthBuilder {
        AuthBuilder::new(Arc::new(adapter))
    }

    /// Creates what is missing in the store: tables, indexes, columns of declared attributes. Never removes anything,
    /// safe to repeat and to race.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseUpdateFailed`](crate::ErrorKind::DatabaseUpdateFailed).
    pub async fn migrate(&self) -> Result<()> {
        self.inner.adapter.migrate().await?;
        // What an earlier process left in the outbox.
        self.inner.post.start();
        Ok(())
    }

    /// What [`Auth::migrate`] would do now, without doing it: what the store lacks, and the SQL that adds it.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed).
    pub async fn migration_plan(&self) -> Result<MigrationPlan> {
        self.inner.adapter.migration_plan().await
    }

    /// Whether all stores answer; for health checks.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed).
    pub async fn ping(&self) -> Result<()> {
        self.inner.adapter.ping().await
    }

    /// Where the routes are mounted, `/api/auth` unless configured otherwise.
    pub fn base_path(&self) -> &str {
        &self.inner.config.base_path
    }

    /// What stands before the path of every route: the base path, and nothing when that is `/`.
    pub(crate) fn mount(&self) -> &str {
        self.inner.config.mount()
    }

    /// Where browsers find the application: scheme, host and port.
    pub(crate) fn origin(&self) -> String {
        self.inner.config.base_url.origin().ascii_serialization()
    }

    /// The page people sign in on, if one is configured.
    pub fn sign_in_page(&self) -> Option<&str> {
        self.inner.config.sign_in_page.as_deref()
    }

    /// The largest body the routes take, in bytes.
    pub fn body_limit(&self) -> usize {
        self.inner.config.body_limit
    }

    /// How many password hashes have been computed since this handle was built; what a test counts to show that two
    /// answers cost the same.
    pub fn password_hashes(&self) -> u64 {
        self.inner.passwords.hashes()
    }

    /// How many passwords wait for a hashing thread now; what a gauge shows. A queue that stays long wants more processors.
    pub fn waiting_password_hashes(&self) -> u64 {
        self.inner.passwords.waiting()
    }

    /// Whether two handles are one.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn emit(&self, event: &Event) {
        self.inner.events.emit(event);
        if let Some(journal) = &self.inner.journal {
            journal.add(self, event);
        }
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("base_url", &self.inner.config.base_url.as_str())
            .field("base_path", &self.inner.config.base_path)
            .finish_non_exhaustive()
    }
}
