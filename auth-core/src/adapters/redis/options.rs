use std::{fmt, time::Duration};

use redis::{Client, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, io::tcp::TcpSettings};

use crate::error::{Error, ErrorKind, Result};

/// Where Redis is, and how long to wait for it.
///
/// An address is `redis://user:password@host:port/database`, all but the host optional, or `unix:/path`; with the feature `redis-tls`
/// also `rediss://…` for TLS, on one server or a cluster. TLS takes its cryptography from the process's provider of rustls; where none is
/// installed, connecting installs that of AWS-LC.
///
/// ```
/// use std::time::Duration;
/// use auth_core::adapters::RedisOptions;
///
/// let options = RedisOptions::new("redis://localhost").key_prefix("shop:auth:").response_timeout(Duration::from_millis(300));
/// # let _ = options;
/// ```
#[derive(Clone)]
pub struct RedisOptions {
    pub(super) place: Place,
    pub(super) prefix: String,
    pub(super) connect_timeout: Duration,
    pub(super) response_timeout: Duration,
    pub(super) queue: usize,
    #[cfg(feature = "redis-tls")]
    pub(super) root_certificates: Option<Vec<u8>>,
}

/// Whom to ask, as it was written.
#[derive(Clone)]
pub(super) enum Place {
    Cluster(Vec<String>),
    Sentinel { sentinels: Vec<String>, master: String },
    Server(String),
}

impl RedisOptions {
    /// One server.
    pub fn new(url: impl Into<String>) -> Self {
        Self::at(Place::Server(url.into()))
    }

    /// A cluster, found through any of these nodes.
    pub fn cluster<U: Into<String>>(urls: impl IntoIterator<Item = U>) -> Self {
        Self::at(Place::Cluster(urls.into_iter().map(Into::into).collect()))
    }

    /// The server that these sentinels call the master. Its address has the master's name instead of the host:
    /// `redis://user:password@mymaster/0`. After a failover the next command asks the sentinels again.
    pub fn sentinel<U: Into<String>>(sentinels: impl IntoIterator<Item = U>, master: impl Into<String>) -> Self {
        Self::at(Place::Sentinel {
            sentinels: sentinels.into_iter().map(Into::into).collect(),
            master: master.into(),
        })
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            prefix: "auth:".to_owned(),
            connect_timeout: Duration::from_secs(1),
            response_timeout: Duration::from_secs(1),
            queue: 1_024,
            #[cfg(feature = "redis-tls")]
            root_certificates: None,
        }
    }

    /// What all keys begin with, `auth:` by default: letters, digits, `:`, `_`, `-` and `.`.
    #[must_use]
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long one attempt to connect may take. Default one second.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long an answer may take. Default one second: shorter gives up on a server that pauses, longer lets requests
    /// pile up behind one that is gone.
    #[must_use]
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.response_timeout = timeout;
        self
    }

    /// How many commands may wait for their answers. Default 1024; beyond it they fail, which is a 503.
    #[must_use]
    pub fn queue(mut self, length: usize) -> Self {
        self.queue = length.max(1);
        self
    }

    /// The certificates (PEM) that may vouch for a `rediss://` server, instead of the web's; hosted servers often have their own.
    #[cfg(feature = "redis-tls")]
    #[must_use]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates = Some(pem.into());
        self
    }

    /// How long a command may take altogether, connecting included.
    pub(super) fn patience(&self) -> Duration {
        self.connect_timeout.saturating_add(self.response_timeout)
    }

    /// A connection that is told apart from a dead one, and whose end is noticed at once (RESP3).
    pub(super) fn info(&self, url: &str) -> Result<ConnectionInfo> {
        // Redis-rs' own errors say nothing that this does not.
        let refused = |sentence| Error::from(ErrorKind::ValidationFailed).detail(sentence);
        let info = url
            .into_connection_info()
            .map_err(|_| refused("A Redis address is redis://user:password@host:port/database."))?;
        if !info.addr().is_supported() {
            return Err(refused("For rediss:// turn on the feature redis-tls of auth-core."));
        }
        #[cfg(feature = "redis-tls")]
        match info.addr() {
            redis::ConnectionAddr::TcpTls { .. } => super::tls::install_provider(),
            _ if self.root_certificates.is_some() => {
                return Err(refused(
                    "Root certificates are for addresses that begin with rediss://.",
                ));
            }
            _ => {}
        }
        let protocol = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        Ok(info.set_redis_settings(protocol).set_tcp_settings(self.tcp()))
    }

    /// Who connects to one server.
    pub(super) fn client(&self, url: &str) -> Result<Client> {
        let info = self.info(url)?;
        #[cfg(feature = "redis-tls")]
        if let Some(certificates) = super::tls::certificates(self)? {
            return Client::build_with_tls(info, certificates).map_err(super::tls::wrong);
        }
        Client::open(info).map_err(Error::fetch_failed)
    }

    pub(super) fn tcp(&self) -> TcpSettings {
        let settings = TcpSettings::default().set_nodelay(true);
        // What was sent and not acknowledged by then was sent to nobody.
        #[cfg(target_os = "linux")]
        let settings = settings.set_user_timeout(self.patience());
        settings
    }
}

impl fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses contain passwords.
        f.debug_struct("RedisOptions")
            .field("prefix", &self.prefix)
            .field("connect_timeout", &self.connect_timeout)
            .field("response_timeout", &self.response_timeout)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
