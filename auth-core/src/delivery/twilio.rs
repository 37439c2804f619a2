use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{
    HeaderValue, Request,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde::Deserialize;
use url::{Url, form_urlencoded};
use zeroize::Zeroizing;

use super::{DeliveryError, HttpClient, Sms, SmsSender, answer::judge};
use crate::config::ConfigProblem;

/// Sends text messages through Twilio's `Messages` resource.
///
/// ```
/// use auth_core::TwilioSms;
/// # use auth_core::{HttpClient, HttpError};
/// # struct Client;
/// # #[async_trait::async_trait]
/// # impl HttpClient for Client {
/// #     async fn send(&self, _: http::Request<bytes::Bytes>) -> Result<http::Response<bytes::Bytes>, HttpError> {
/// #         Err(HttpError::new("not here"))
/// #     }
/// # }
///
/// let account = "AC00000000000000000000000000000000";
/// let sender = TwilioSms::new(Client, account, "the auth token", "+15557654321")?;
/// assert!(!format!("{sender:?}").contains("the auth token"));
/// # Ok::<(), auth_core::ConfigProblem>(())
/// ```
#[derive(Clone)]
pub struct TwilioSms {
    client: Arc<dyn HttpClient>,
    account: String,
    user: String,
    password: Zeroizing<String>,
    from: String,
    base_url: Url,
}

impl TwilioSms {
    /// Messages of this account (`AC…`), authorised by its auth token, from a number (`+1555…`), a name, or a messaging service
    /// (`MG…`).
    ///
    /// # Errors
    /// [`ConfigProblem`] when the account or the sender is of another form.
    pub fn new(
        client: impl HttpClient,
        account_sid: impl Into<String>,
        auth_token: impl Into<String>,
        from: impl Into<String>,
    ) -> Result<Self, ConfigProblem> {
        let (account, from) = (account_sid.into(), from.into());
        if !is_sid(&account, "AC") {
            return Err(ConfigProblem::new(
                "twilio",
                "the account is not of the form `AC` and 32 letters and digits.",
                "Use the account SID of Twilio's console.",
            ));
        }
        if from.is_empty() || from.chars().any(char::is_control) {
            return Err(ConfigProblem::new(
                "twilio",
                "there is no sender.",
                "Use a number of the account (`+1555…`), or a messaging service (`MG…`).",
            ));
        }
        Ok(Self {
            client: Arc::new(client),
            user: account.clone(),
            account,
            password: Zeroizing::new(auth_token.into()),
            from,
            base_url: Url::parse("https://api.twilio.com").map_err(wrong_url)?,
        })
    }

    /// Authorises by an API key (`SK…`) instead of the account's auth token.
    #[must_use]
    pub fn api_key(mut self, sid: impl Into<String>, secret: impl Into<String>) -> Self {
        self.user = sid.into();
        self.password = Zeroizing::new(secret.into());
        self
    }

    /// Another server that speaks as Twilio does: a region of theirs, or a test.
    ///
    /// # Errors
    /// [`ConfigProblem`] when it is no URL.
    pub fn base_url(mut self, url: &str) -> Result<Self, ConfigProblem> {
        self.base_url = Url::parse(url).map_err(wrong_url)?;
        Ok(self)
    }

    fn request(&self, sms: &Sms) -> Result<Request<Bytes>, http::Error> {
        let path = format!("/2010-04-01/Accounts/{}/Messages.json", self.account);
        let url = format!("{}{path}", self.base_url.as_str().trim_end_matches('/'));
        let sender = if is_sid(&self.from, "MG") {
            "MessagingServiceSid"
        } else {
            "From"
        };
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("To", &sms.to_e164())
            .append_pair(sender, &self.from)
            .append_pair("Body", &sms.text)
            .finish();
        let pair = Zeroizing::new(format!("{}:{}", self.user, self.password.as_str()));
        let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
        let mut authorization = HeaderValue::from_str(&basic)?;
        authorization.set_sensitive(true);
        Request::post(url)
            .header(AUTHORIZATION, authorization)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form))
    }
}

#[async_trait]
impl SmsSender for TwilioSms {
    fn name(&self) -> &str {
        "twilio"
    }

    async fn send(&self, sms: &Sms) -> Result<(), DeliveryError> {
        let request = self
            .request(sms)
            .map_err(|error| DeliveryError::permanent("the message cannot be put into a request").because(error))?;
        let answer = tokio::time::timeout(TIMEOUT, self.client.send(request))
            .await
            .map_err(|_| DeliveryError::temporary("Twilio took too long"))?
            .map_err(|error| DeliveryError::temporary("Twilio was not reached").because(error))?;
        judge(&answer, "Twilio").map_err(|error| {
            let told: Result<Told, _> = serde_json::from_slice(answer.body());
            match told {
                Ok(told) => error.because(format!("{}: {}", told.code, told.message)),
                Err(_) => error,
            }
        })
    }
}

impl fmt::Debug for TwilioSms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwilioSms")
            .field("account", &self.account)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

/// The body of a refusal.
#[derive(Deserialize)]
struct Told {
    code: i64,
    message: String,
}

fn is_sid(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

fn wrong_url(error: url::ParseError) -> ConfigProblem {
    ConfigProblem::new(
        "twilio",
        format!("the base URL: {error}."),
        "Use `https://api.twilio.com`.",
    )
}

const TIMEOUT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::fakes::{Asked, Hangs};

    const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
    const SERVICE: &str = "MG0123456789abcdef0123456789abcdef";

    fn form(request: &Request<Bytes>) -> Vec<(String, String)> {
        form_urlencoded::parse(request.body()).into_owned().collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |pair: &(&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
        pairs.iter().map(owned).collect()
    }

    #[tokio::test]
    async fn the_request_is_twilios() {
        let asked = Asked::answering(201, r#"{"sid": "SM1"}"#);
        let sender = TwilioSms::new(asked.clone(), ACCOUNT, "t0ken", "+15557654321").unwrap();
        assert_eq!(sender.name(), "twilio");
        let sms = Sms::new("m1", "15551234567", "123456 is your code & more");
        sender.send(&sms).await.unwrap();
        let request = asked.only();
        assert_eq!(
            request.uri().to_string(),
            format!("https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
        );
        let basic = format!("Basic {}", STANDARD.encode(format!("{ACCOUNT}:t0ken")));
        assert_eq!(request.headers()["authorization"], basic);
        assert!(request.headers()["authorization"].is_sensitive());
        assert_eq!(
            form(&request),
            pairs(&[
                ("To", "+15551234567"),
                ("From", "+15557654321"),
                ("Body", "123456 is your code & more")
            ])
        );
    }

    #[tokio::test]
    async fn a_messaging_service_and_an_api_key_are_named_as_such() {
        let asked = Asked::answering(201, "{}");
        let sender = TwilioSms::new(asked.clone(), ACCOUNT, "t0ken", SERVICE)
            .unwrap()
            .api_key("SK1", "secret")
            .base_url("http://localhost:1234/twilio/")
            .unwrap();
        sender.send(&Sms::new("m1", "15551234567", "hi")).await.unwrap();
        let request = asked.only();
        assert!(
            request
                .uri()
                .to_string()
                .starts_with("http://localhost:1234/twilio/2010-04-01/")
        );
        assert_eq!(
            request.headers()["authorization"],
            format!("Basic {}", STANDARD.encode("SK1:secret"))
        );
        assert_eq!(
            form(&request)[1],
            ("MessagingServiceSid".to_owned(), SERVICE.to_owned())
        );
    }

    #[tokio::test]
    async fn a_refusal_is_told_with_its_code() {
        for (status, body, permanent) in [
            (
                400,
                r#"{"code": 21211, "message": "Invalid 'To'", "status": 400}"#,
                true,
            ),
            (429, r#"{"code": 20429, "message": "Too Many Requests"}"#, false),
            (401, r#"{"code": 20003, "message": "Authenticate"}"#, false),
            (500, "<html>", false),
        ] {
            let sender = TwilioSms::new(Asked::answering(status, body), ACCOUNT, "t0ken", SERVICE).unwrap();
            let failed = sender.send(&Sms::new("m1", "1", "hi")).await.unwrap_err();
            assert_eq!(failed.is_permanent(), permanent, "{status}");
            let cause = std::error::Error::source(&failed).map(ToString::to_string);
            assert_eq!(cause.is_some(), body.starts_with('{'), "{cause:?}");
        }
    }

    #[test]
    fn what_is_no_account_and_no_sender_is_refused() {
        assert!(TwilioSms::new(Hangs, "AC../../Calls", "t0ken", SERVICE).is_err());
        assert!(TwilioSms::new(Hangs, ACCOUNT, "t0ken", "").is_err());
        let sender = TwilioSms::new(Hangs, ACCOUNT, "t0ken", SERVICE).unwrap();
        assert!(!format!("{sender:?}").contains("t0ken"));
    }

    /// Over a socket, with the client that is used in earnest.
    #[cfg(feature = "reqwest")]
    #[tokio::test]
    async fn a_server_understands_the_request() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut read = Vec::new();
            while !String::from_utf8_lossy(&read).contains("Body=hi") {
                stream.read_buf(&mut read).await.unwrap();
            }
            let answer = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}";
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(read).unwrap()
        });
        let client = super::super::ReqwestClient::new(TIMEOUT).unwrap();
        let sender = TwilioSms::new(client, ACCOUNT, "t0ken", SERVICE).unwrap();
        let sender = sender.base_url(&url).unwrap();
        sender.send(&Sms::new("m1", "15551234567", "hi")).await.unwrap();
        let request = server.await.unwrap();
        assert!(
            request.starts_with(&format!(
                "POST /2010-04-01/Accounts/{ACCOUNT}/Messages.json HTTP/1.1\r\n"
            )),
            "{request}"
        );
        assert!(
            request
                .to_ascii_lowercase()
                .contains("content-type: application/x-www-form-urlencoded\r\n"),
            "{request}"
        );
    }
}
