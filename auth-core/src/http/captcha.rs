//! Whether a person sent a request, where programs do harm.

use serde_json::Value;

use crate::{
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    secret::CaptchaToken,
};

use super::Call;

impl Call {
    /// Lets people pass, and the bearer tokens of administrators; everybody, where no captcha is configured. Before anything is
    /// done, and before anything is counted that is not the client's: a program must not use up an account's attempts.
    ///
    /// # Errors
    /// [`ErrorKind::CaptchaFailed`], [`ErrorKind::Throttled`], [`ErrorKind::Busy`] when nobody knows.
    pub(crate) async fn check_captcha(&self) -> Result<()> {
        let Some(captcha) = &self.auth.inner.captcha else {
            return Ok(());
        };
        if self.bearer.is_some() && self.is_administrators().await? {
            return Ok(());
        }
        let client = self.request.client();
        self.auth.limit_captchas(client).await?;
        let checked = captcha.check(self.captcha_token()?, client.ip).await;
        if let Err(error) = &checked
            && error.kind() == ErrorKind::CaptchaFailed
        {
            self.auth
                .emit(&Event::new(EventKind::CaptchaRefused, self.auth.now(), client));
        }
        checked
    }

    async fn is_administrators(&self) -> Result<bool> {
        match self.require_admin().await {
            Err(error) if error.is_store_failure() => Err(error),
            administrator => Ok(administrator.is_ok()),
        }
    }

    /// What came with the body: in GoTrue's member, or as the widgets add it to the form they stand in.
    fn captcha_token(&self) -> Result<Option<CaptchaToken>> {
        let meta = self.body.object(META)?.and_then(|meta| meta.get("captcha_token"));
        let given = match meta {
            None | Some(Value::Null) => None,
            Some(Value::String(token)) => Some(token.as_str()),
            Some(_) => {
                return Err(Error::from(ErrorKind::ValidationFailed).detail("`captcha_token` must be text."));
            }
        };
        let of_widget = || {
            let mut fields = WIDGETS.iter().filter_map(|field| self.body.text(field).ok().flatten());
            fields.find(|token| !token.is_empty())
        };
        let given = given.or_else(|| of_widget().filter(|_| self.body.is_form()));
        let given = given.map(str::trim).filter(|token| !token.is_empty());
        Ok(given.map(CaptchaToken::new))
    }
}

/// GoTrue's member.
const META: &str = "gotrue_meta_security";
/// hCaptcha's field, and Turnstile's.
const WIDGETS: [&str; 2] = ["h-captcha-response", "cf-turnstile-response"];
