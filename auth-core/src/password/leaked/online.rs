use std::{fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, StatusCode};
use url::Url;

use super::{LeakDigest, LeakedPasswords, digest::RANGE};
use crate::{
    config::ConfigProblem,
    delivery::{HttpClient, is_confidential},
    error::{Error, ErrorKind, Result},
};

/// The [range API] of Have I Been Pwned. Five digits of the forty leave this process, and the answer, which has hundreds of
/// entries, is filled up so that its length says nothing either.
///
/// ```
/// # #[cfg(feature = "reqwest")] {
/// use std::time::Duration;
/// use auth_core::{LeakCheck, PasswordConfig, PwnedPasswords, ReqwestClient};
///
/// let list = PwnedPasswords::new(ReqwestClient::new(Duration::from_secs(5))?);
/// let passwords = PasswordConfig::default().leak_check(LeakCheck::new(list).timeout(Duration::from_secs(1)));
/// # let _ = passwords;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [range API]: https://haveibeenpwned.com/API/v3#PwnedPasswords
pub struct PwnedPasswords {
    client: Arc<dyn HttpClient>,
    endpoint: String,
}

impl PwnedPasswords {
    /// Asks `api.pwnedpasswords.com`, with [`ReqwestClient`](crate::ReqwestClient) (feature `reqwest`) or another client.
    pub fn new(client: impl HttpClient) -> Self {
        Self {
            client: Arc::new(client),
            endpoint: "https://api.pwnedpasswords.com".to_owned(),
        }
    }

    /// Asks another server with the same API: a mirror of your own.
    ///
    /// # Errors
    /// [`ConfigProblem`] unless it is an `https` URL, or `http` on this machine.
    pub fn endpoint(mut self, url: impl AsRef<str>) -> std::result::Result<Self, ConfigProblem> {
        let url = Url::parse(url.as_ref()).ok().filter(is_confidential).ok_or_else(|| {
            ConfigProblem::new(
                "pwned_passwords.endpoint",
                "parts of digests would travel in clear, or nowhere.",
                "Use an https URL, or http on this machine.",
            )
        })?;
        self.endpoint = url.as_str().trim_end_matches('/').to_owned();
        Ok(self)
    }
}

#[async_trait]
impl LeakedPasswords for PwnedPasswords {
    async fn contains(&self, digest: &LeakDigest) -> Result<bool> {
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::with_source(ErrorKind::Unknown, source);
        let request = Request::get(format!("{}/range/{}", self.endpoint, digest.range()))
            .header(ADD_PADDING, HeaderValue::from_static("true"))
            .body(Bytes::new())
            .map_err(|error| failed(error.into()))?;
        let answer = self.client.send(request).await.map_err(|error| failed(error.into()))?;
        if answer.status() != StatusCode::OK {
            return Err(failed(format!("the list answered {}", answer.status().as_u16()).into()));
        }
        is_listed(answer.body(), &digest.digits()[RANGE..]).ok_or_else(|| failed("the answer is no list".into()))
    }
}

/// Whether an entry with these digits was seen at least once; what fills the answer up was seen never. `None` for what is no list.
fn is_listed(body: &[u8], wanted: &str) -> Option<bool> {
    let mut found = false;
    for line in std::str::from_utf8(body).ok()?.lines().filter(|line| !line.is_empty()) {
        let (digits, times) = line.split_once(':')?;
        let times: u64 = times.trim().parse().ok()?;
        found |= times > 0 && digits.eq_ignore_ascii_case(wanted);
    }
    Some(found)
}

const ADD_PADDING: HeaderName = HeaderName::from_static("add-padding");

impl fmt::Debug for PwnedPasswords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PwnedPasswords")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: &str = "1E4C9B93F3F0682250B6CF8331B7EE68FD8";

    #[test]
    fn an_entry_that_only_fills_up_is_none() {
        let entry = |times: &str| format!("0018A45C4D1DEF81644B54AB7F969B88D65:12\r\n{WANTED}:{times}\r\n");
        assert_eq!(is_listed(entry("9545824").as_bytes(), WANTED), Some(true));
        assert_eq!(is_listed(entry("0").as_bytes(), WANTED), Some(false));
        assert_eq!(is_listed(entry("3").to_lowercase().as_bytes(), WANTED), Some(true));
        assert_eq!(is_listed(b"", WANTED), Some(false));
        assert_eq!(is_listed(b"<html>", WANTED), None);
    }

    #[test]
    fn parts_of_digests_do_not_travel_in_clear() {
        struct Nobody;
        #[async_trait]
        impl HttpClient for Nobody {
            async fn send(
                &self,
                _: Request<Bytes>,
            ) -> std::result::Result<http::Response<Bytes>, crate::delivery::HttpError> {
                Err(crate::delivery::HttpError::new("nobody"))
            }
        }
        for (url, is_good) in [
            ("https://pwned.example.com/", true),
            ("http://127.0.0.1:80", true),
            ("http://pwned.example.com", false),
            ("pwned.example.com", false),
        ] {
            assert_eq!(PwnedPasswords::new(Nobody).endpoint(url).is_ok(), is_good, "{url}");
        }
    }
}
