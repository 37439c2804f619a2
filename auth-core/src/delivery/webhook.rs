use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{
    Engine,
    alphabet::STANDARD,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use serde_json::{Value, json};
use url::Url;

use super::{DeliveryError, HttpClient, Mail, Mailer, Sms, SmsSender, answer::judge, http_client::is_confidential};
use crate::{
    clock::{Clock, SystemClock},
    config::ConfigProblem,
    secret::Secret,
};

/// Hands text messages to a server of yours, signed as in [Standard Webhooks]; the body is that of GoTrue's `send_sms` hook,
/// with the whole text beside the code.
///
/// Headers: `webhook-id` (the same for every attempt), `webhook-timestamp` (seconds), `webhook-signature` (one `v1,…` for each
/// secret, between spaces). Any 2xx answer within 5 seconds means that the server answers for the message; 400, 410, 413 and 422 give
/// it up; everything else is tried again.
///
/// ```
/// use auth_core::{WebhookSecrets, WebhookSms};
/// # use auth_core::{HttpClient, HttpError};
/// # struct Client;
/// # #[async_trait::async_trait]
/// # impl HttpClient for Client {
/// #     async fn send(&self, _: http::Request<bytes::Bytes>) -> Result<http::Response<bytes::Bytes>, HttpError> {
/// #         Err(HttpError::new("not here"))
/// #     }
/// # }
///
/// let secrets = WebhookSecrets::parse("v1,whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")?;
/// let sender = WebhookSms::new(Client, "https://hooks.example.com/sms", secrets)?;
/// # Ok::<(), auth_core::ConfigProblem>(())
/// ```
///
/// [Standard Webhooks]: https://www.standardwebhooks.com
#[derive(Clone, Debug)]
pub struct WebhookSms(Webhook);

/// Hands mails to a server of yours, as [`WebhookSms`] does text messages; the body is
/// `{"mail": {"id", "kind", "to", "subject", "text", "html"}}`.
#[derive(Clone, Debug)]
pub struct WebhookMailer(Webhook);

macro_rules! webhook {
    ($name:ident) => {
        impl $name {
            /// Messages go to this URL: `https`, or `http` on this machine.
            ///
            /// # Errors
            /// [`ConfigProblem`] when the URL is another one.
            pub fn new(
                client: impl HttpClient,
                url: impl AsRef<str>,
                secrets: WebhookSecrets,
            ) -> Result<Self, ConfigProblem> {
                Webhook::new(Arc::new(client), url.as_ref(), secrets).map(Self)
            }

            /// Another clock for `webhook-timestamp`. Default the system's.
            #[must_use]
            pub fn clock(mut self, clock: impl Clock) -> Self {
                self.0.clock = Arc::new(clock);
                self
            }
        }
    };
}

webhook!(WebhookSms);
webhook!(WebhookMailer);

#[async_trait]
impl SmsSender for WebhookSms {
    fn name(&self) -> &str {
        "webhook"
    }

    async fn send(&self, sms: &Sms) -> Result<(), DeliveryError> {
        let body = json!({
            "user": { "id": sms.user_id, "phone": sms.to },
            "sms": { "otp": sms.code, "sms_type": sms.kind, "phone": sms.to_e164(), "text": sms.text },
        });
        self.0.post(&sms.id, &body).await
    }
}

#[async_trait]
impl Mailer for WebhookMailer {
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
        let body = json!({
            "mail": {
                "id": mail.id,
                "kind": mail.kind,
                "to": mail.to,
                "subject": mail.subject,
                "text": mail.text,
                "html": mail.html,
            },
        });
        self.0.post(&mail.id, &body).await
    }
}

#[derive(Clone)]
struct Webhook {
    client: Arc<dyn HttpClient>,
    url: Url,
    secrets: WebhookSecrets,
    clock: Arc<dyn Clock>,
}

impl Webhook {
    fn new(client: Arc<dyn HttpClient>, url: &str, secrets: WebhookSecrets) -> Result<Self, ConfigProblem> {
        let url = Url::parse(url).ok().filter(is_confidential).ok_or_else(|| {
            ConfigProblem::new(
                "webhook",
                "codes and links would travel in clear, or nowhere.",
                "Use an https URL, or http on this machine.",
            )
        })?;
        Ok(Self {
            client,
            url,
            secrets,
            clock: Arc::new(SystemClock),
        })
    }

    async fn post(&self, id: &str, body: &Value) -> Result<(), DeliveryError> {
        let body = body.to_string();
        let timestamp = self.clock.now().as_unix_seconds();
        let request = Request::post(self.url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", self.secrets.sign(id, timestamp, &body))
            .body(Bytes::from(body))
            .map_err(|error| DeliveryError::permanent("the message cannot be put into a request").because(error))?;
        let answer = tokio::time::timeout(TIMEOUT, self.client.send(request))
            .await
            .map_err(|_| DeliveryError::temporary("the webhook took too long"))?
            .map_err(|error| DeliveryError::temporary("the webhook was not reached").because(error))?;
        judge(&answer, "the webhook")
    }
}

/// URLs of webhooks often hold a token.
impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

/// What a webhook is signed with; several while one takes the place of another.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<Secret>);

impl WebhookSecrets {
    /// Reads secrets as GoTrue's hooks have them: `v1,whsec_<base64>`, several between `|`. The `v1,` may be left out.
    ///
    /// # Errors
    /// [`ConfigProblem`] when there is none, when one is of another form, or is not 24 to 64 bytes long.
    pub fn parse(text: &str) -> Result<Self, ConfigProblem> {
        let read = |word: &str| {
            let word = word.trim();
            let encoded = word.strip_prefix("v1,").unwrap_or(word).strip_prefix("whsec_")?;
            let bytes = LENIENT.decode(encoded).ok()?;
            (24..=64).contains(&bytes.len()).then(|| Secret::new(bytes))
        };
        let secrets: Option<Vec<Secret>> = text.split('|').map(read).collect();
        secrets.map(Self).ok_or_else(|| {
            ConfigProblem::new(
                "webhook secret",
                "it is not of the form `whsec_<base64>`, or not 24 to 64 bytes long.",
                "Use `whsec_` and the output of `openssl rand -base64 32`; `|` stands between several.",
            )
        })
    }

    /// Standard Webhooks, "Signature scheme".
    fn sign(&self, id: &str, timestamp: i64, body: &str) -> String {
        let content = format!("{id}.{timestamp}.{body}");
        let signatures = self.0.iter().map(|secret| {
            let signature = secret.hmac(content.as_bytes());
            format!("v1,{}", LENIENT.encode(signature))
        });
        signatures.collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecrets([redacted])")
    }
}

const TIMEOUT: Duration = Duration::from_secs(5);
/// Secrets are written with and without padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Timestamp,
        delivery::fakes::{Asked, Hangs},
    };

    struct At(i64);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            Timestamp::from_unix_ms(self.0)
        }
    }

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn secrets() -> WebhookSecrets {
        WebhookSecrets::parse(SECRET).unwrap()
    }

    #[test]
    fn a_signature_is_the_one_the_standard_shows() {
        // Of the test vectors of the reference libraries (svix, standard-webhooks).
        let signature = secrets().sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn each_secret_signs_while_one_takes_the_place_of_another() {
        let both = WebhookSecrets::parse(&format!(
            "v1,{SECRET} | whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"
        ));
        let signatures = both.unwrap().sign("m1", 1, "{}");
        let signatures: Vec<_> = signatures.split(' ').collect();
        assert_eq!(signatures.len(), 2);
        assert_eq!(signatures[0], secrets().sign("m1", 1, "{}"));
    }

    #[test]
    fn other_secrets_and_urls_are_refused() {
        for text in [
            "",
            "secret",
            "whsec_",
            "whsec_c2hvcnQ=",
            "v1a,whsk_AAAA",
            &format!("{SECRET}|"),
        ] {
            assert!(WebhookSecrets::parse(text).is_err(), "{text}");
        }
        for url in [
            "http://example.com/",
            "ftp://localhost/",
            "nowhere",
            "http://127.0.0.1.example/",
        ] {
            assert!(WebhookSms::new(Hangs, url, secrets()).is_err(), "{url}");
        }
        for url in ["https://example.com/x", "http://localhost:1/", "http://[::1]/"] {
            assert!(WebhookSms::new(Hangs, url, secrets()).is_ok(), "{url}");
        }
        assert!(!format!("{:?}", secrets()).contains("MfKQ"));
    }

    #[tokio::test]
    async fn the_request_is_signed_and_has_the_hooks_body() {
        use hmac::{Hmac, KeyInit, Mac};
        let asked = Asked::answering(204, "");
        let sender = WebhookSms::new(asked.clone(), "https://example.com/hook?token=T0KEN", secrets())
            .unwrap()
            .clock(At(1_700_000_000_999));
        assert!(!format!("{sender:?}").contains("T0KEN"));
        assert_eq!(sender.name(), "webhook");
        let mut sms = Sms::new("m1", "15551234567", "123456 is your code");
        sms.code = Some("123456".to_owned());
        sender.send(&sms).await.unwrap();

        let request = asked.only();
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://example.com/hook?token=T0KEN");
        assert_eq!(request.headers()["content-type"], "application/json");
        assert_eq!(request.headers()["webhook-id"], "m1");
        assert_eq!(request.headers()["webhook-timestamp"], "1700000000");
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(body["user"]["phone"], "15551234567");
        assert_eq!(body["sms"]["otp"], "123456");
        assert_eq!(body["sms"]["phone"], "+15551234567");
        assert_eq!(body["sms"]["sms_type"], "test");

        // The receiver's computation.
        let key = base64::engine::general_purpose::STANDARD
            .decode(SECRET.strip_prefix("whsec_").unwrap())
            .unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(b"m1.1700000000.");
        mac.update(request.body());
        let signature = request.headers()["webhook-signature"].to_str().unwrap();
        let signature = base64::engine::general_purpose::STANDARD
            .decode(signature.strip_prefix("v1,").unwrap())
            .unwrap();
        mac.verify_slice(&signature).unwrap();
    }

    #[tokio::test]
    async fn a_mail_goes_out_whole() {
        let asked = Asked::answering(200, "{}");
        let mailer = WebhookMailer::new(asked.clone(), "https://example.com/", secrets()).unwrap();
        let mail = Mail::new("m1", "ada@example.com", "Hello", "text").html("<p>text</p>");
        mailer.send(&mail).await.unwrap();
        let body: Value = serde_json::from_slice(asked.only().body()).unwrap();
        assert_eq!(body["mail"]["subject"], "Hello");
        assert_eq!(body["mail"]["html"], "<p>text</p>");
    }

    #[tokio::test(start_paused = true)]
    async fn a_webhook_that_does_not_answer_is_given_up_after_five_seconds() {
        let sender = WebhookSms::new(Hangs, "https://example.com/", secrets()).unwrap();
        let before = tokio::time::Instant::now();
        let failed = sender.send(&Sms::new("m1", "1", "text")).await.unwrap_err();
        assert!(!failed.is_permanent());
        assert_eq!(before.elapsed(), TIMEOUT);
    }
}
