use std::{fmt, net::IpAddr, time::Duration};

use mysql_async::{Opts, OptsBuilder, PoolConstraints, PoolOpts};

use crate::error::{Error, ErrorKind, Result};

/// How a MySQL or MariaDB database is reached.
///
/// ```
/// use std::time::Duration;
/// use auth_core::adapters::MysqlOptions;
///
/// let options = MysqlOptions::new("mysql://app:secret@db.example.com/app")
///     .pool_size(20)
///     .timeout(Duration::from_secs(2));
/// # let _ = options;
/// ```
#[derive(Clone)]
pub struct MysqlOptions {
    pub(super) url: String,
    pub(super) schema: Option<String>,
    pub(super) prefix: String,
    pub(super) pool_size: usize,
    pub(super) queue: usize,
    pub(super) timeout: Duration,
    pub(super) connect_timeout: Duration,
    pub(super) root_certificates: Option<Vec<u8>>,
}

impl MysqlOptions {
    /// A database at `mysql://user:password@host:port/database`.
    ///
    /// Without a `require_ssl` in it, a server on another machine must offer TLS with a certificate that verifies;
    /// `require_ssl=false` says otherwise, by name.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            schema: None,
            prefix: "auth_".to_owned(),
            pool_size: 10,
            queue: 1_024,
            timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            root_certificates: None,
        }
    }

    /// The database of the tables, which must be there. Default the one in the URL.
    #[must_use]
    pub fn schema(mut self, database: impl Into<String>) -> Self {
        self.schema = Some(database.into());
        self
    }

    /// What table names begin with, `auth_` by default.
    #[must_use]
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How many connections read and write. Default 10.
    #[must_use]
    pub fn pool_size(mut self, size: usize) -> Self {
        self.pool_size = size.max(1);
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

    /// How long the first connection may take. Default 5 seconds.
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

    /// What tables' names begin with, database included.
    pub(super) fn whole_prefix(&self) -> String {
        match &self.schema {
            Some(schema) => format!("{schema}.{}", self.prefix),
            None => self.prefix.clone(),
        }
    }

    /// What the driver is told; each connection begins with these statements.
    pub(super) fn opts(&self, begin: Vec<String>) -> Result<OptsBuilder> {
        let opts = Opts::from_url(&self.url).map_err(|_| {
            // The driver's own words may hold a part of the password.
            Error::from(ErrorKind::ValidationFailed).detail("this is not the URL of a MySQL database")
        })?;
        let host = opts.ip_or_hostname().to_owned();
        let is_near = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let mut ssl = opts.ssl_opts().cloned();
        if !is_near && !self.url.contains("require_ssl") {
            ssl = Some(ssl.unwrap_or_default());
        }
        if let Some(pem) = &self.root_certificates {
            let roots = vec![pem.clone().into()];
            let given = ssl.unwrap_or_default();
            ssl = Some(given.with_root_certs(roots).with_disable_built_in_roots(true));
        }
        // Connections stay once they are there. The pool forgets to wake those who wait for one that it closes because nobody had
        // used it, and they keep all who come after them waiting.
        let constraints = PoolConstraints::new(self.pool_size, self.pool_size).unwrap_or_default();
        let pool = PoolOpts::default()
            .with_constraints(constraints)
            // It would ask the server once more before every statement; nothing of ours outlives its act.
            .with_reset_connection(false);
        Ok(OptsBuilder::from_opts(opts)
            .ssl_opts(ssl)
            .pool_opts(pool)
            .prefer_socket(false)
            .tcp_keepalive(Some(Duration::from_secs(30)))
            .stmt_cache_size(128)
            // Rows that were found count as affected, changed or not, as elsewhere.
            .client_found_rows(true)
            .init(begin))
    }
}

impl fmt::Debug for MysqlOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL has a password in it.
        f.debug_struct("MysqlOptions")
            .field("schema", &self.schema)
            .field("prefix", &self.prefix)
            .field("pool_size", &self.pool_size)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
