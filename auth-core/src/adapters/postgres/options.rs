use std::{fmt, net::IpAddr, str::FromStr, thread::available_parallelism, time::Duration};

use tokio_postgres::config::{Config, Host, SslMode};

use crate::error::{Error, ErrorKind, Result};

/// How a PostgreSQL database is reached.
///
/// ```
/// use std::time::Duration;
/// use auth_core::adapters::PostgresOptions;
///
/// let options = PostgresOptions::new("postgres://app:secret@db.example.com/app")
///     .schema("auth")
///     .pool_size(20)
///     .timeout(Duration::from_secs(2));
/// # let _ = options;
/// ```
#[derive(Clone)]
pub struct PostgresOptions {
    pub(super) url: String,
    pub(super) schema: Option<String>,
    pub(super) prefix: String,
    pub(super) pool_size: usize,
    pub(super) readers: usize,
    pub(super) queue: usize,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) root_certificates: Option<Vec<u8>>,
}

impl PostgresOptions {
    /// A database at `postgres://user:password@host:port/database`, or `host=… user=…`, as libpq takes it.
    ///
    /// Without an `sslmode` in it, a server on another machine must offer TLS with a certificate that verifies;
    /// `sslmode=disable` says otherwise, by name. `require`, `verify-ca` and `verify-full` are the same here.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            schema: None,
            prefix: "auth_".to_owned(),
            pool_size: 10,
            readers: available_parallelism().map_or(1, usize::from).min(4),
            queue: 1_024,
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            root_certificates: None,
        }
    }

    /// The schema of the tables; made by `migrate` when it is missing. Default the first of the `search_path`.
    #[must_use]
    pub fn schema(mut self, schema: impl Into<String>) -> Self {
        self.schema = Some(schema.into());
        self
    }

    /// What table names begin with, `auth_` by default.
    #[must_use]
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How many connections write. Default 10; more than the server has cores for rarely helps.
    #[must_use]
    pub fn pool_size(mut self, size: usize) -> Self {
        self.pool_size = size.max(1);
        self
    }

    /// How many connections all reads share. Default one per core, four at most.
    #[must_use]
    pub fn readers(mut self, readers: usize) -> Self {
        self.readers = readers.max(1);
        self
    }

    /// How many reads and writes may be under way. Default 1024; beyond it they fail, which is a 503.
    #[must_use]
    pub fn queue(mut self, length: usize) -> Self {
        self.queue = length.max(1);
        self
    }

    /// How long a read or an act may take, waiting for a connection included; the server is told as well. Default 5
    /// seconds. Migrations take the time they need.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long making a connection may take. Default 5 seconds.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// The certificates (PEM) that may vouch for the server, instead of the web's; hosted databases often have their own.
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// What tables' names begin with, schema included.
    pub(super) fn whole_prefix(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.prefix),
            None => self.prefix.clone(),
        }
    }

    /// What the driver is told.
    pub(super) fn config(&self) -> Result<Config> {
        let mut config = Config::from_str(&required(&self.url)).map_err(|_| {
            // The driver's own words may hold a part of the password.
            Error::from(ErrorKind::ValidationFailed).detail(if self.url.contains("sslrootcert") {
                "sslrootcert is not read: give the certificates to PostgresOptions::root_certificates"
            } else {
                "this is not the URL of a PostgreSQL database"
            })
        })?;
        if !self.url.contains("sslmode") {
            // Whoever says who vouches for the server wants to hear it, wherever the server is.
            config.ssl_mode(
                if is_near(&config) && (self.root_certificates.is_none() || is_a_socket(&config)) {
                    SslMode::Disable
                } else {
                    SslMode::Require
                },
            );
        }
        if self.root_certificates.is_some() && config.get_ssl_mode() == SslMode::Disable {
            return Err(Error::from(ErrorKind::ValidationFailed).detail(
                "There are root certificates, and the connection has no TLS: it is a socket, or sslmode=disable.",
            ));
        }
        if config.get_application_name().is_none() {
            config.application_name("auth-core");
        }
        config
            .connect_timeout(self.connect_timeout)
            .tcp_user_timeout(self.timeout * 2)
            .keepalives_idle(Duration::from_secs(30));
        Ok(config)
    }

    /// What each connection begins with. Not a parameter of connecting, which a pooler in between (PgBouncer) refuses.
    pub(super) fn begin(&self) -> String {
        let ms = self.timeout.as_millis();
        format!("SET statement_timeout = {ms}; SET lock_timeout = {ms}; SET idle_in_transaction_session_timeout = {ms}")
    }
}

/// The URL with `sslmode=require` for libpq's stricter words, which the driver does not know: where TLS is required, the
/// whole certificate is verified, its name included.
fn required(url: &str) -> String {
    // So that a first parameter has something before it as well.
    let mut url = format!(" {url}");
    for (before, mode) in [' ', '?', '&']
        .into_iter()
        .flat_map(|before| [(before, "full"), (before, "ca")])
    {
        url = url.replace(
            &format!("{before}sslmode=verify-{mode}"),
            &format!("{before}sslmode=require"),
        );
    }
    url.split_off(1)
}

/// Whether the server is reached by a file, where PostgreSQL has no TLS.
fn is_a_socket(config: &Config) -> bool {
    config.get_hostaddrs().is_empty() && config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)))
}

/// Whether the server is on this machine. Where there are addresses they are what is connected to, whatever the names say.
fn is_near(config: &Config) -> bool {
    let addresses = config.get_hostaddrs();
    if !addresses.is_empty() {
        return addresses.iter().all(IpAddr::is_loopback);
    }
    config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    })
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL has a password in it.
        f.debug_struct("PostgresOptions")
            .field("schema", &self.schema)
            .field("prefix", &self.prefix)
            .field("pool_size", &self.pool_size)
            .field("readers", &self.readers)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(url: &str) -> SslMode {
        PostgresOptions::new(url).config().unwrap().get_ssl_mode()
    }

    /// PgBouncer refuses a connection with some of its own (`options`).
    #[test]
    fn nobody_is_sent_parameters_of_connecting_that_were_not_given() {
        let options = |url| {
            PostgresOptions::new(url)
                .config()
                .unwrap()
                .get_options()
                .map(str::to_owned)
        };
        assert_eq!(options("postgres://app@localhost/app"), None);
        let given = "postgres://app@localhost/app?options=-c%20search_path%3Dshop";
        assert_eq!(options(given).as_deref(), Some("-c search_path=shop"));
    }

    #[test]
    fn whoever_names_a_file_of_certificates_is_told_where_they_go() {
        let refused = |url| PostgresOptions::new(url).config().unwrap_err().to_string();
        let named = refused("postgres://app:hunter2@db.example.com/app?sslmode=verify-full&sslrootcert=/etc/ca.pem");
        assert!(
            named.contains("root_certificates") && !named.contains("hunter2"),
            "{named}"
        );
        let wrong = refused("postgres://app:hunter2@db.example.com/app?sslmode=verify-nothing");
        assert!(
            !wrong.contains("root_certificates") && !wrong.contains("hunter2"),
            "{wrong}"
        );
        let password = PostgresOptions::new("host=localhost user=app password=sslmode=verify-full");
        assert_eq!(
            password.config().unwrap().get_password(),
            Some(&b"sslmode=verify-full"[..])
        );
    }

    #[test]
    fn only_a_server_on_this_machine_is_spoken_to_without_tls() {
        for near in [
            "postgres://app@localhost/app",
            "postgres://app@127.0.0.1/app",
            "postgres://app@[::1]/app",
            "host=/run/postgresql user=app",
            "host=db.example.com hostaddr=127.0.0.1 user=app",
            "hostaddr=127.0.0.1,127.0.0.2 user=app",
            "postgres://app@db.example.com/app?sslmode=disable",
        ] {
            assert_eq!(mode(near), SslMode::Disable, "{near}");
        }
        for far in [
            "postgres://app@db.example.com/app",
            "postgres://app@localhost,db.example.com/app",
            "host=localhost hostaddr=192.0.2.7 user=app",
            "hostaddr=192.0.2.7 user=app",
            "hostaddr=127.0.0.1,192.0.2.7 user=app",
            "postgres://app@localhost/app?sslmode=require",
            "postgres://app@localhost/app?sslmode=verify-full",
            "postgres://app@localhost/app?connect_timeout=3&sslmode=verify-ca",
            "host=localhost sslmode=verify-full user=app",
            "sslmode=verify-ca host=localhost user=app",
        ] {
            assert_eq!(mode(far), SslMode::Require, "{far}");
        }
    }
}
