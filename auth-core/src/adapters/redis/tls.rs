use redis::TlsCertificates;
use rustls::{
    RootCertStore,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, pem::PemObject},
};

use super::options::RedisOptions;
use crate::error::{Error, ErrorKind, Result};

/// redis-rs asks rustls for the process's provider, which panics where it cannot tell which.
pub(super) fn install_provider() {
    if CryptoProvider::get_default().is_none() {
        // Another thread may have been first; then there is one.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}

/// Whom to believe, if not the web's roots; looked at here, because redis-rs takes what holds no certificate for none.
pub(super) fn certificates(options: &RedisOptions) -> Result<Option<TlsCertificates>> {
    let Some(pem) = &options.root_certificates else {
        return Ok(None);
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(wrong)?).map_err(wrong)?;
    }
    if roots.is_empty() {
        return Err(wrong("there is none"));
    }
    Ok(Some(TlsCertificates {
        client_tls: None,
        root_cert: Some(pem.clone()),
    }))
}

pub(super) fn wrong(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::with_source(ErrorKind::ValidationFailed, error).detail("the root certificates are not usable")
}
