use std::{net::SocketAddr, time::Duration};

use auth_core::{
    AdminConfig, AdminUserAttributes, Attribute, Auth, ConfigError, ConfigProblem, ConsoleMailer, EmailConfig, Error,
    ErrorKind, Secret, SessionConfig, SessionStrategy, Tokens, adapters::AnyAdapter,
};

use crate::{Options, Strategy};

/// The role of those who may invite others.
pub(crate) const ADMIN: &str = "admin";

/// The library, configured for this application.
///
/// # Errors
/// When the database cannot be opened or the configuration cannot be used.
pub async fn auth(options: &Options, listening_on: SocketAddr) -> Result<Auth, SetupError> {
    let secret = match Secret::from_env("AUTH_SECRET") {
        Ok(secret) => secret,
        Err(_) => {
            if options.strategy == Strategy::Tokens {
                // Stored signing keys are encrypted with it.
                eprintln!("AUTH_SECRET is not set: everybody is signed out at the next start");
            }
            Secret::random()?
        }
    };
    let sessions: SessionStrategy = match options.strategy {
        Strategy::Opaque => SessionConfig::default().into(),
        // An ended session is refused at once here, which costs the store call that tokens would save.
        Strategy::Tokens => Tokens::default().check_store(true).into(),
    };
    let auth = Auth::builder(adapter(options).await?)
        .secret(secret)
        .site_name("Notes")
        .sign_in_page("/sign-in")
        .forgot_password_page("/forgot-password")
        .sessions(sessions)
        .email(EmailConfig::default().confirm(options.confirm))
        .admin(AdminConfig::default().role(ADMIN))
        .user_attribute(Attribute::text("display_name").editable());
    let auth = options.mail.sends_for(auth, &options.mail_from)?;
    let auth = if options.sms {
        auth.sms_sender(ConsoleMailer::default())
    } else {
        auth
    };
    let auth = auth.base_url(url(options, listening_on));
    let auth = match options.base_url {
        Some(_) => auth,
        None => {
            // Whoever opens it by this name posts forms from there, and a form that is refused leads back there.
            let other = format!("http://127.0.0.1:{}", listening_on.port());
            auth.trusted_origin(&other).redirect_url(other)
        }
    };
    let auth = auth.build()?;
    auth.migrate().await?;
    if let Some(email) = &options.admin {
        make_admin(&auth, email).await?;
    }
    tokio::spawn(sweep(auth.clone()));
    Ok(auth)
}

/// Gives the role to whoever has proven this address; when nobody has, to a new account whose password is chosen by mail.
async fn make_admin(auth: &Auth, email: &str) -> Result<(), Error> {
    let admin = AdminUserAttributes::default().role(ADMIN);
    match auth.get_user_by_provider_id("email", email).await {
        Ok(user) if user.email_confirmed_at.is_some() => {
            if user.role != ADMIN {
                auth.admin_update_user(&user.id, admin).await?;
            }
            return Ok(());
        }
        // Whoever signed up with it has not shown that it is theirs, and might have known who would be asked for.
        Ok(stranger) => auth.delete_user(&stranger.id).await?,
        Err(error) if error.kind() == ErrorKind::InvalidProviderId => {}
        Err(error) => return Err(error),
    }
    auth.admin_create_user(admin.email(email).email_confirm(true)).await?;
    auth.reset_password_for_email(email, Some("/new-password")).await
}

/// Users where the database is, sessions beside them or in Redis.
async fn adapter(options: &Options) -> Result<AnyAdapter, Error> {
    let adapter = AnyAdapter::connect(&options.database).await?;
    #[cfg(feature = "servers")]
    if let Some(url) = &options.sessions {
        let sessions = auth_core::adapters::RedisSessions::connect(url).await?;
        return Ok(adapter.with_sessions(sessions));
    }
    Ok(adapter)
}

/// Deletes what is over and nobody has met, once an hour.
async fn sweep(auth: Auth) {
    let mut hourly = tokio::time::interval(Duration::from_secs(3_600));
    loop {
        hourly.tick().await;
        if let Err(error) = auth.delete_expired().await {
            eprintln!("what is over was not swept: {error}");
        }
    }
}

/// What browsers call the application, and where mailed links lead: what a person is told to open.
pub fn url(options: &Options, listening_on: SocketAddr) -> String {
    match &options.base_url {
        Some(url) => url.clone(),
        // The name people type for this machine.
        None if listening_on.ip().is_loopback() => format!("http://localhost:{}", listening_on.port()),
        None => format!("http://{listening_on}"),
    }
}

/// Writes events and errors to standard error; `RUST_LOG` chooses which.
pub fn init_logging() {
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "warn,auth::event=info".into());
    // A second call, as in tests, changes nothing.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .try_init();
}

/// Why the application cannot start.
#[derive(Debug)]
#[non_exhaustive]
pub enum SetupError {
    /// The store.
    Auth(Error),
    /// The configuration.
    Config(ConfigError),
    /// The mailer's, or whom mails are from.
    Mail(ConfigProblem),
}

impl From<Error> for SetupError {
    fn from(error: Error) -> Self {
        Self::Auth(error)
    }
}

impl From<ConfigError> for SetupError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<ConfigProblem> for SetupError {
    fn from(problem: ConfigProblem) -> Self {
        Self::Mail(problem)
    }
}

impl std::fmt::Display for SetupError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auth(error) => write!(f, "the database cannot be used: {error}"),
            Self::Config(error) => error.fmt(f),
            Self::Mail(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for SetupError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Auth(error) => Some(error),
            Self::Config(error) => Some(error),
            Self::Mail(problem) => Some(problem),
        }
    }
}
