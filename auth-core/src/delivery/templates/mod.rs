//! What mails and text messages say: templates that are built in, and an application's own in their place.
//!
//! A template is a [minijinja](https://docs.rs/minijinja) source. In HTML every value is escaped; a subject is one line, whatever
//! its values hold. A template that cannot be compiled, uses a variable that does not exist, or fails with every value
//! there, is a problem of the configuration; one that fails later is replaced by the one that is built in, and the
//! failure is logged: a link or code that somebody waits for is not lost.

mod catalogue;
mod render;

pub(crate) use render::{Message, Renderer, Site};

use crate::config::ConfigProblem;

/// The texts of mails and text messages, by purpose and language.
///
/// Mails: `confirmation`, `magic_link`, `recovery`, `invite`, `email_change`, `email_change_current`, `reauthentication`, and the
/// notices `account_exists`, `password_changed`, `email_changed`, `phone_changed`. Text messages: `sms`, `phone_change`,
/// `reauthentication_sms`, `sms_sign_up`. English and German are built in.
///
/// Variables, those that there are: `site_name`, `site_url`, `site_host`, `kind`, `to`, `link`, `token_hash` (the link's secret, for a page
/// of yours that sends it to `POST /verify`), `recovery_link`, `code`, `email`, `new_email`, `old_email`, `phone`, `old_phone`, `minutes` (how
/// long the code is good), `link_minutes`, `redirect_to`, `data` (the account's `user_metadata`: **written by whoever signed
/// up**, so a mail that shows it lets strangers write to strangers in your name).
///
/// What GoTrue's templates call otherwise: `SiteURL` is `site_url`, `ConfirmationURL` is `link`, `SendingTo` is `to`, `Token` is `code`, and the
/// others are their own names in small letters.
///
/// ```
/// use auth_core::Templates;
///
/// let templates = Templates::default()
///     .set(
///         "recovery",
///         Some("de"),
///         "Neues Passwort für {{ site_name }}",
///         "Hier geht es zum neuen Passwort: {{ link }}",
///         "<p><a href=\"{{ link }}\">Neues Passwort</a></p>",
///     )
///     .set_sms("sms", None, "{{ code }} ({{ site_name }})")
///     .default_locale("de");
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "templates do nothing until they are given to the builder"]
pub struct Templates {
    own: Vec<Own>,
    default_locale: Option<String>,
}

impl Templates {
    /// A mail of your own: for a language (`de`, or `de-at`), or for all that have none of their own.
    pub fn set(
        self,
        purpose: impl Into<String>,
        locale: Option<&str>,
        subject: impl Into<String>,
        text: impl Into<String>,
        html: impl Into<String>,
    ) -> Self {
        self.add(
            purpose.into(),
            locale,
            Some(subject.into()),
            text.into(),
            Some(html.into()),
        )
    }

    /// As [`Templates::set`], without HTML.
    pub fn set_plain(
        self,
        purpose: impl Into<String>,
        locale: Option<&str>,
        subject: impl Into<String>,
        text: impl Into<String>,
    ) -> Self {
        self.add(purpose.into(), locale, Some(subject.into()), text.into(), None)
    }

    /// A text message of your own.
    pub fn set_sms(self, purpose: impl Into<String>, locale: Option<&str>, text: impl Into<String>) -> Self {
        self.add(purpose.into(), locale, None, text.into(), None)
    }

    /// The language of those whose own is unknown or not there. Default `en`.
    pub fn default_locale(mut self, locale: &str) -> Self {
        self.default_locale = Some(normal(locale));
        self
    }

    fn add(
        mut self,
        purpose: String,
        locale: Option<&str>,
        subject: Option<String>,
        text: String,
        html: Option<String>,
    ) -> Self {
        self.own.push(Own {
            purpose,
            locale: locale.map(normal),
            subject,
            text,
            html,
        });
        self
    }

    /// Compiles them all; what cannot be used is a problem.
    pub(crate) fn compile(self, site: Site, problems: &mut Vec<ConfigProblem>) -> Renderer {
        Renderer::new(self, site, problems)
    }
}

/// One mail or text message of the application's.
#[derive(Clone, Debug)]
struct Own {
    purpose: String,
    locale: Option<String>,
    subject: Option<String>,
    text: String,
    html: Option<String>,
}

/// Languages as they are compared: `de_AT` is `de-at`.
fn normal(locale: &str) -> String {
    locale.trim().replace('_', "-").to_ascii_lowercase()
}
