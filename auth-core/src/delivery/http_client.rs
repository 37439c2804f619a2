use std::{error::Error as StdError, fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use url::Url;

/// How other servers are asked: whole requests, whole answers.
///
/// An implementation follows no redirects, gives up after a while, and bounds how much it reads;
/// [`ReqwestClient`](crate::ReqwestClient) does.
///
/// ```
/// use auth_core::{HttpClient, HttpError};
/// use bytes::Bytes;
///
/// /// Says yes to everything.
/// struct Yes;
///
/// #[async_trait::async_trait]
/// impl HttpClient for Yes {
///     async fn send(&self, _request: http::Request<Bytes>) -> Result<http::Response<Bytes>, HttpError> {
///         Ok(http::Response::new(Bytes::from_static(b"{}")))
///     }
/// }
/// ```
#[async_trait]
pub trait HttpClient: Send + Sync + 'static {
    /// Sends a request and reads the answer, whatever its status.
    ///
    /// # Errors
    /// [`HttpError`] when there is no whole answer.
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError>;
}

/// Whether nobody reads on the way what is sent there: it is encrypted, or stays on this machine.
pub(crate) fn is_confidential(url: &Url) -> bool {
    let stays_here = match url.host() {
        Some(url::Host::Domain(host)) => host == "localhost",
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && stays_here
}

#[async_trait]
impl<C: HttpClient + ?Sized> HttpClient for Arc<C> {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        self.as_ref().send(request).await
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub struct HttpError {
    source: Box<dyn StdError + Send + Sync + 'static>,
}

impl HttpError {
    /// No answer, for this reason.
    pub fn new(source: impl Into<Box<dyn StdError + Send + Sync + 'static>>) -> Self {
        Self { source: source.into() }
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there was no answer")
    }
}

impl StdError for HttpError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}
