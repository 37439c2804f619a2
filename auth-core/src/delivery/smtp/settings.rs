use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use lettre::transport::smtp::{
    self,
    authentication::{Credentials, DEFAULT_MECHANISMS},
    client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder},
    extension::ClientId,
};
use zeroize::Zeroizing;

use crate::config::ConfigProblem;

/// How the connection to a mail server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SmtpSecurity {
    /// By STARTTLS, without which nothing is sent. Port 587.
    StartTls,
    /// From the beginning. Port 465.
    Tls,
    /// Not at all: links and codes, and the password if there is one, travel in clear. For a server on this machine. Port 25.
    DangerPlaintext,
}

impl SmtpSecurity {
    pub(super) const fn port(self) -> u16 {
        match self {
            Self::StartTls => 587,
            Self::Tls => 465,
            Self::DangerPlaintext => 25,
        }
    }
}

/// User name and password at a mail server.
///
/// ```
/// let credentials = auth_core::SmtpCredentials::new("ada", "engine");
/// assert_eq!(format!("{credentials:?}"), "SmtpCredentials([redacted])");
/// ```
#[derive(Clone)]
pub struct SmtpCredentials {
    user: String,
    password: Zeroizing<String>,
}

impl SmtpCredentials {
    /// These.
    pub fn new(user: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            password: Zeroizing::new(password.into()),
        }
    }
}

impl fmt::Debug for SmtpCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpCredentials([redacted])")
    }
}

/// How a server is reached.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) security: SmtpSecurity,
    pub(super) credentials: Option<SmtpCredentials>,
    pub(super) hello_name: Option<String>,
    roots: Option<Certificate>,
    /// Made once: it holds all the roots.
    tls: Arc<OnceLock<TlsParameters>>,
}

impl Settings {
    pub(super) fn new(host: String, security: SmtpSecurity) -> Self {
        Self {
            host,
            port: security.port(),
            security,
            credentials: None,
            hello_name: None,
            roots: None,
            tls: Arc::default(),
        }
    }

    pub(super) fn believe(&mut self, pem: &[u8]) -> Result<(), ConfigProblem> {
        let unusable = |found: String| {
            ConfigProblem::new(
                "smtp",
                format!("the root certificates are not usable: {found}."),
                "Use certificates in PEM: `-----BEGIN CERTIFICATE-----`.",
            )
        };
        // An empty list of roots would be noticed at the first mail only.
        let text = String::from_utf8_lossy(pem);
        if !text.contains("-----BEGIN CERTIFICATE-----") {
            return Err(unusable("there is none".to_owned()));
        }
        let roots = Certificate::from_pem(pem).map_err(|error| unusable(error.to_string()))?;
        self.roots = Some(roots);
        self.tls = Arc::default();
        self.tls().map_err(|error| unusable(error.to_string()))?;
        Ok(())
    }

    /// A new connection, encrypted and authorised as it should be.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, smtp::Error> {
        let hello = self.hello_name.clone().map_or_else(ClientId::default, ClientId::Domain);
        let wrapped = match self.security {
            SmtpSecurity::Tls => Some(self.tls()?),
            SmtpSecurity::StartTls | SmtpSecurity::DangerPlaintext => None,
        };
        let server = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, None, &hello, wrapped, None).await?;
        if self.security == SmtpSecurity::StartTls {
            // An error when the server does not offer it: nobody in between can talk us out of it.
            connection.starttls(self.tls()?, &hello).await?;
        }
        if let Some(SmtpCredentials { user, password }) = &self.credentials {
            let credentials = Credentials::new(user.clone(), password.as_str().to_owned());
            connection.auth(DEFAULT_MECHANISMS, &credentials).await?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, smtp::Error> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let builder = TlsParametersBuilder::new(self.host.clone());
        let made = match &self.roots {
            Some(roots) => builder
                .certificate_store(CertificateStore::None)
                .add_root_certificate(roots.clone()),
            None => builder.certificate_store(CertificateStore::WebpkiRoots),
        }
        .build()?;
        Ok(self.tls.get_or_init(|| made).clone())
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_no_certificate_is_refused() {
        let mut settings = Settings::new("localhost".to_owned(), SmtpSecurity::Tls);
        for pem in [
            "",
            "nothing",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ] {
            assert!(settings.believe(pem.as_bytes()).is_err(), "{pem}");
        }
        let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        settings.believe(own.cert.pem().as_bytes()).unwrap();
    }
}
