use std::{fmt, net::IpAddr, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Request, StatusCode, header::CONTENT_TYPE};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::{Captcha, CaptchaAnswer};
use crate::{
    config::ConfigProblem,
    delivery::{HttpClient, is_confidential},
    error::{Error, ErrorKind, Result},
    secret::{CaptchaToken, Secret},
};

/// [hCaptcha] and [Cloudflare Turnstile], which are asked in the same words.
///
/// ```
/// # use auth_core::{HttpClient, HttpError};
/// # struct Client;
/// # #[async_trait::async_trait]
/// # impl HttpClient for Client {
/// #     async fn send(&self, _: http::Request<bytes::Bytes>) -> Result<http::Response<bytes::Bytes>, HttpError> {
/// #         Err(HttpError::new("not here"))
/// #     }
/// # }
/// use auth_core::{CaptchaCheck, Secret, SiteVerify};
///
/// let hcaptcha = SiteVerify::hcaptcha(Client, Secret::new("ES_0123456789"))?;
/// assert!(!format!("{hcaptcha:?}").contains("ES_"));
/// let check = CaptchaCheck::new(hcaptcha);
/// # let _ = check;
/// # Ok::<(), auth_core::ConfigProblem>(())
/// ```
///
/// [hCaptcha]: https://docs.hcaptcha.com/#verify-the-user-response-server-side
/// [Cloudflare Turnstile]: https://developers.cloudflare.com/turnstile/get-started/server-side-validation/
pub struct SiteVerify {
    client: Arc<dyn HttpClient>,
    secret: Secret,
    endpoint: String,
}

impl SiteVerify {
    /// Asks hCaptcha, with the account's secret.
    ///
    /// # Errors
    /// [`ConfigProblem`] when the secret is empty or has white space in it.
    pub fn hcaptcha(client: impl HttpClient, secret: Secret) -> std::result::Result<Self, ConfigProblem> {
        Self::at("https://api.hcaptcha.com/siteverify", client, secret)
    }

    /// Asks Cloudflare Turnstile, with the widget's secret key.
    ///
    /// # Errors
    /// [`ConfigProblem`] when the secret is empty or has white space in it.
    pub fn turnstile(client: impl HttpClient, secret: Secret) -> std::result::Result<Self, ConfigProblem> {
        let endpoint = "https://challenges.cloudflare.com/turnstile/v0/siteverify";
        Self::at(endpoint, client, secret)
    }

    /// Asks another server in the same words.
    ///
    /// # Errors
    /// [`ConfigProblem`] unless it is an `https` URL, or `http` on this machine.
    pub fn endpoint(mut self, url: impl AsRef<str>) -> std::result::Result<Self, ConfigProblem> {
        let url = Url::parse(url.as_ref()).ok().filter(is_confidential).ok_or_else(|| {
            ConfigProblem::new(
                "site_verify.endpoint",
                "the secret would travel in clear, or nowhere.",
                "Use an https URL, or http on this machine.",
            )
        })?;
        self.endpoint = url.into();
        Ok(self)
    }

    fn at(endpoint: &str, client: impl HttpClient, secret: Secret) -> std::result::Result<Self, ConfigProblem> {
        let text = secret.expose();
        if text.is_empty() || !text.iter().all(u8::is_ascii_graphic) {
            return Err(ConfigProblem::new(
                "site_verify.secret",
                "it is empty, or has white space in it.",
                "Use the secret key that stands beside the site key, without the line's end.",
            ));
        }
        Ok(Self {
            client: Arc::new(client),
            secret,
            endpoint: endpoint.to_owned(),
        })
    }

    fn request(&self, token: &CaptchaToken, client: Option<IpAddr>) -> Result<Request<Bytes>> {
        let mut body = String::from("secret=");
        body.extend(form_urlencoded::byte_serialize(self.secret.expose()));
        body.push_str("&response=");
        body.extend(form_urlencoded::byte_serialize(token.expose().as_bytes()));
        if let Some(ip) = client {
            body.push_str("&remoteip=");
            body.extend(form_urlencoded::byte_serialize(ip.to_string().as_bytes()));
        }
        Request::post(&self.endpoint)
            .header(
                CONTENT_TYPE,
                HeaderValue::from_static("application/x-www-form-urlencoded"),
            )
            .body(Bytes::from(body))
            .map_err(failed)
    }
}

#[async_trait]
impl Captcha for SiteVerify {
    async fn check(&self, token: &CaptchaToken, client: Option<IpAddr>) -> Result<CaptchaAnswer> {
        let request = self.request(token, client)?;
        let answer = self.client.send(request).await.map_err(failed)?;
        read(answer.status(), answer.body())
    }
}

/// What both answer.
#[derive(Deserialize)]
struct Verdict {
    success: bool,
    #[serde(rename = "error-codes")]
    error_codes: Option<Vec<String>>,
}

fn read(status: StatusCode, body: &[u8]) -> Result<CaptchaAnswer> {
    // serde_json's message may quote what was sent.
    let verdict: Option<Verdict> = serde_json::from_slice(body).ok();
    let is_none = |verdict: &Verdict| status.is_server_error() || verdict.success && status != StatusCode::OK;
    let Some(verdict) = verdict.filter(|verdict| !is_none(verdict)) else {
        return Err(failed(format!("the answer is none, with status {}", status.as_u16())));
    };
    if verdict.success {
        return Ok(CaptchaAnswer::Passed);
    }
    let words = verdict.error_codes.unwrap_or_default();
    match words.iter().find_map(|word| OURS.iter().find(|ours| word == *ours)) {
        // Nobody's riddle can be looked at, whoever solved it.
        Some(ours) => Err(failed(format!("the question is no good: {ours}"))),
        None => Ok(CaptchaAnswer::Refused(words)),
    }
}

/// What is wrong with the question, not with the token.
const OURS: [&str; 7] = [
    "bad-request",
    "internal-error",
    "invalid-input-secret",
    "missing-input-secret",
    "missing-remoteip",
    "not-using-dummy-secret",
    "sitekey-secret-mismatch",
];

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::with_source(ErrorKind::Unknown, source)
}

impl fmt::Debug for SiteVerify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteVerify")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::HttpError;

    struct Nobody;

    #[async_trait]
    impl HttpClient for Nobody {
        async fn send(&self, _: Request<Bytes>) -> std::result::Result<http::Response<Bytes>, HttpError> {
            Err(HttpError::new("nobody"))
        }
    }

    fn refused(words: &[&str]) -> CaptchaAnswer {
        CaptchaAnswer::Refused(words.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn answers_are_yes_no_or_none() {
        let read = |status: u16, body: &str| read(StatusCode::from_u16(status).unwrap(), body.as_bytes()).ok();
        let yes = r#"{"success":true,"hostname":"example.com","error-codes":[]}"#;
        assert_eq!(read(200, yes), Some(CaptchaAnswer::Passed));
        assert_eq!(read(200, r#"{"success":false}"#), Some(refused(&[])));
        let spent = r#"{"success":false,"error-codes":["timeout-or-duplicate"]}"#;
        assert_eq!(read(200, spent), Some(refused(&["timeout-or-duplicate"])));
        assert_eq!(read(400, spent), Some(refused(&["timeout-or-duplicate"])));
        for (status, body) in [
            (500, yes),
            (302, yes),
            (503, spent),
            (200, ""),
            (200, "true"),
            (200, "{}"),
            (200, r#"{"success":"true"}"#),
            (200, r#"{"success":false,"error-codes":["invalid-input-secret"]}"#),
        ] {
            assert_eq!(read(status, body), None, "{status} {body}");
        }
    }

    #[test]
    fn the_question_says_what_both_understand() {
        let verify = SiteVerify::turnstile(Nobody, Secret::new("a+b")).unwrap();
        let ip: IpAddr = "2001:db8::1".parse().unwrap();
        let request = verify.request(&CaptchaToken::new("x&secret=y"), Some(ip)).unwrap();
        assert_eq!(
            request.body(),
            "secret=a%2Bb&response=x%26secret%3Dy&remoteip=2001%3Adb8%3A%3A1"
        );
        assert_eq!(request.uri().host(), Some("challenges.cloudflare.com"));
    }

    #[test]
    fn a_secret_that_is_none_or_would_travel_in_clear_is_refused() {
        for secret in ["", " ", "0x4AAA\n", "a b"] {
            assert!(SiteVerify::hcaptcha(Nobody, Secret::new(secret)).is_err(), "{secret:?}");
        }
        for (url, is_good) in [
            ("https://verify.example.com/siteverify", true),
            ("http://127.0.0.1:80/", true),
            ("http://verify.example.com/", false),
            ("nowhere", false),
        ] {
            let verify = SiteVerify::hcaptcha(Nobody, Secret::new("x")).unwrap();
            assert_eq!(verify.endpoint(url).is_ok(), is_good, "{url}");
        }
    }
}
