//! The templates that are built in, in English and German.
//!
//! Each mail is one file of blocks, and becomes three templates by what it extends: a subject, a text, an HTML page.

use minijinja::Environment;

use super::super::letter::{Channel, LetterKind};

/// The languages that are built in; the first one is what everybody gets who speaks none of them.
pub(super) const LOCALES: &[&str] = &["en", "de"];

/// The name of a template that is built in.
pub(super) fn name(kind: LetterKind, locale: &str, extension: &str) -> String {
    format!("{locale}/{kind}.{extension}", kind = kind.as_str())
}

/// What a mail is made of, by the ending of its templates' names; a text message has the second one only.
pub(super) const SUBJECT: &str = "subject";
pub(super) const TEXT: &str = "txt";
pub(super) const HTML: &str = "html";

/// Adds them all.
///
/// # Errors
/// Never: a test adds them.
pub(super) fn add_to(environment: &mut Environment<'static>) -> Result<(), minijinja::Error> {
    for (extension, source) in LAYOUTS {
        environment.add_template_owned(format!("layout.{extension}"), *source)?;
        for (locale, common) in COMMON {
            let source = extending(&format!("layout.{extension}"), common);
            environment.add_template_owned(format!("{locale}/common.{extension}"), source)?;
        }
    }
    for (kind, sources) in KINDS {
        for (locale, source) in LOCALES.iter().zip(sources) {
            if kind.channel() == Some(Channel::Sms) {
                environment.add_template_owned(name(*kind, locale, TEXT), *source)?;
                continue;
            }
            for (extension, _) in LAYOUTS {
                let source = extending(&format!("{locale}/common.{extension}"), source);
                environment.add_template_owned(name(*kind, locale, extension), source)?;
            }
        }
    }
    Ok(())
}

fn extending(parent: &str, blocks: &str) -> String {
    format!("{{% extends \"{parent}\" %}}{blocks}")
}

const LAYOUTS: &[(&str, &str)] = &[
    (SUBJECT, include_str!("layout.subject")),
    (TEXT, include_str!("layout.txt")),
    (HTML, include_str!("layout.html")),
];

const COMMON: &[(&str, &str)] = &[
    ("en", include_str!("en/common.jinja")),
    ("de", include_str!("de/common.jinja")),
];

macro_rules! catalogue {
    ($($kind:ident in $file:literal,)+) => {
        /// In the order of [`LOCALES`].
        const KINDS: &[(LetterKind, [&str; 2])] = &[
            $((LetterKind::$kind, [include_str!(concat!("en/", $file)), include_str!(concat!("de/", $file))]),)+
        ];
    };
}

catalogue! {
    Confirmation in "confirmation.jinja",
    MagicLink in "magic_link.jinja",
    Recovery in "recovery.jinja",
    Invite in "invite.jinja",
    EmailChange in "email_change.jinja",
    EmailChangeCurrent in "email_change_current.jinja",
    Reauthentication in "reauthentication.jinja",
    AccountExists in "account_exists.jinja",
    PasswordChanged in "password_changed.jinja",
    EmailChanged in "email_changed.jinja",
    PhoneChanged in "phone_changed.jinja",
    Code in "sms.jinja",
    PhoneChangeCode in "phone_change.jinja",
    SignUpCode in "sms_sign_up.jinja",
    ReauthenticationCode in "reauthentication_sms.jinja",
}
