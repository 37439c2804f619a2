use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    config::ConfigProblem,
    error::{Error, ErrorKind, Result},
    secret::CaptchaToken,
};

/// Somebody who knows whether a person solved a riddle.
///
/// ```
/// use std::net::IpAddr;
/// use auth_core::{Captcha, CaptchaAnswer, CaptchaToken};
///
/// /// For tests of an application: everybody who knows the word is a person.
/// struct Password;
///
/// #[async_trait::async_trait]
/// impl Captcha for Password {
///     async fn check(&self, token: &CaptchaToken, _client: Option<IpAddr>) -> auth_core::Result<CaptchaAnswer> {
///         Ok(match token.expose() {
///             "swordfish" => CaptchaAnswer::Passed,
///             _ => CaptchaAnswer::Refused(vec!["invalid-input-response".to_owned()]),
///         })
///     }
/// }
/// ```
#[async_trait]
pub trait Captcha: Send + Sync + 'static {
    /// Whether a person made this token, coming from this address as far as it is known. Whoever takes longer than the check's
    /// time-out is not waited for.
    ///
    /// # Errors
    /// Any, when it cannot be known; whether the request is then let through is the check's decision.
    async fn check(&self, token: &CaptchaToken, client: Option<IpAddr>) -> Result<CaptchaAnswer>;
}

/// What is said about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are these two")]
pub enum CaptchaAnswer {
    /// A person made it.
    Passed,
    /// Nobody knows it, or it was used before; with words like `timeout-or-duplicate`, which the client is told.
    Refused(Vec<String>),
}

/// Asks for a token where programs do harm, and knows what to do when nobody answers.
#[derive(Clone)]
pub struct CaptchaCheck {
    captcha: Arc<dyn Captcha>,
    timeout: Duration,
    fails_open: bool,
}

impl CaptchaCheck {
    /// Asks this one.
    pub fn new(captcha: impl Captcha) -> Self {
        Self {
            captcha: Arc::new(captcha),
            timeout: Duration::from_secs(5),
            fails_open: false,
        }
    }

    /// How long the answer may take. Default 5 seconds, 50 milliseconds to 10 seconds: a slow one makes people wait, and with the
    /// [time for a request](crate::AuthBuilder::request_timeout) the request itself is over.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Lets requests pass while nobody answers, and logs it. Default is to refuse them, with 503: whoever wants to pass would only
    /// have to keep the answer away.
    #[must_use]
    pub fn danger_pass_when_unavailable(mut self) -> Self {
        self.fails_open = true;
        self
    }

    /// Lets people pass.
    ///
    /// # Errors
    /// [`ErrorKind::CaptchaFailed`] when there is no token or it is no good, [`ErrorKind::Busy`] when nobody answers.
    pub(crate) async fn check(&self, token: Option<CaptchaToken>, client: Option<IpAddr>) -> Result<()> {
        let Some(token) = token else {
            return Err(refused(&["no captcha_token found"]));
        };
        if token.expose().len() > LONGEST_TOKEN {
            return Err(refused(&["invalid-input-response"]));
        }
        let answer = tokio::time::timeout(self.timeout, self.captcha.check(&token, client))
            .await
            .unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()));
        match answer {
            Ok(CaptchaAnswer::Passed) => Ok(()),
            Ok(CaptchaAnswer::Refused(words)) => {
                let words: Vec<&str> = words
                    .iter()
                    .map(String::as_str)
                    .filter(is_word)
                    .take(MOST_WORDS)
                    .collect();
                Err(refused(&words))
            }
            Err(error) if self.fails_open => {
                tracing::error!(
                    target: "auth::captcha",
                    error = &error as &dyn std::error::Error,
                    "nobody knows whether this was a person; the request is let through"
                );
                Ok(())
            }
            Err(error) => Err(Error::with_source(ErrorKind::Busy, error).retry_in(self.timeout)),
        }
    }

    pub(crate) fn problem(&self) -> Option<ConfigProblem> {
        let bounds = Duration::from_millis(50)..=Duration::from_secs(10);
        (!bounds.contains(&self.timeout)).then(|| {
            ConfigProblem::new(
                "captcha.timeout",
                "it is out of bounds.",
                "Use 50 milliseconds to 10 seconds.",
            )
        })
    }
}

/// GoTrue's sentence.
fn refused(words: &[&str]) -> Error {
    let error = Error::from(ErrorKind::CaptchaFailed);
    match words {
        [] => error,
        words => error.detail(format!("captcha protection: request disallowed ({})", words.join(", "))),
    }
}

/// Whether it may be repeated: somebody else wrote it.
fn is_word(word: &&str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&word.len()) && word.bytes().all(is_plain)
}

/// In bytes: four times the longest that anybody makes.
const LONGEST_TOKEN: usize = 8 * 1024;
const MOST_WORDS: usize = 8;

impl fmt::Debug for CaptchaCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaptchaCheck")
            .field("timeout", &self.timeout)
            .field("fails_open", &self.fails_open)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Says the same of every token.
    struct Says(fn() -> Result<CaptchaAnswer>);

    #[async_trait]
    impl Captcha for Says {
        async fn check(&self, _: &CaptchaToken, _: Option<IpAddr>) -> Result<CaptchaAnswer> {
            (self.0)()
        }
    }

    async fn told(says: fn() -> Result<CaptchaAnswer>, token: &str) -> Error {
        let check = CaptchaCheck::new(Says(says));
        check.check(Some(CaptchaToken::new(token)), None).await.unwrap_err()
    }

    #[tokio::test]
    async fn only_plain_words_are_repeated() {
        let error = told(
            || {
                let words = ["invalid-input-response", "<b>", "A B", "", "x\n"];
                Ok(CaptchaAnswer::Refused(words.map(str::to_owned).to_vec()))
            },
            "token",
        )
        .await;
        assert_eq!(
            error.sentence(),
            Some("captcha protection: request disallowed (invalid-input-response)")
        );
    }

    #[tokio::test]
    async fn a_token_of_absurd_length_is_asked_of_nobody() {
        let error = told(|| Ok(CaptchaAnswer::Passed), &"x".repeat(LONGEST_TOKEN + 1)).await;
        assert_eq!(error.kind(), ErrorKind::CaptchaFailed);
    }
}
