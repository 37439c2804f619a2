use std::{collections::HashSet, fmt};

use minijinja::{Environment, UndefinedBehavior, Value, value::Serde};
use serde::Serialize;
use url::Url;

use super::{
    Own, Templates,
    catalogue::{self, HTML, LOCALES, SUBJECT, TEXT},
    normal,
};
use crate::{
    config::ConfigProblem,
    delivery::{
        letter::{Channel, Letter, LetterKind},
        mailer::Mail,
        mime::one_line,
        sms::Sms,
    },
    error::{Error, ErrorKind, Result},
    model::{JsonObject, OutboxMessage},
};

/// Who is writing, as templates say it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Site {
    site_name: String,
    site_url: String,
    /// Of the URL; text messages name it, so that browsers fill codes in there and nowhere else.
    site_host: String,
}

impl Site {
    /// The site at this URL; without a name it is called by its host.
    pub(crate) fn new(name: Option<&str>, base_url: &Url) -> Self {
        let host = base_url.host_str().unwrap_or_default();
        Self {
            site_name: one_line(name.unwrap_or(host)),
            site_url: base_url.as_str().trim_end_matches('/').to_owned(),
            site_host: host.to_owned(),
        }
    }
}

/// A letter in words.
#[derive(Debug)]
pub(crate) enum Message {
    Mail(Mail),
    Sms(Sms),
}

/// Compiled templates.
pub(crate) struct Renderer {
    environment: Environment<'static>,
    /// The application's own, by kind and language.
    own: HashSet<(LetterKind, Option<String>)>,
    default_locale: String,
    site: Site,
}

impl Renderer {
    pub(super) fn new(templates: Templates, site: Site, problems: &mut Vec<ConfigProblem>) -> Self {
        let mut environment = Environment::new();
        // Somebody who has no name is no reason to send nothing.
        environment.set_undefined_behavior(UndefinedBehavior::Chainable);
        if let Err(error) = catalogue::add_to(&mut environment) {
            problems.push(problem("built in", &error, "This is a defect of the library."));
        }
        let mut renderer = Self {
            environment,
            own: HashSet::new(),
            default_locale: templates.default_locale.unwrap_or_else(|| LOCALES[0].to_owned()),
            site,
        };
        for own in templates.own {
            let what = format!("{} ({})", own.purpose, own.locale.as_deref().unwrap_or("all languages"));
            if let Err(problem) = renderer.add(own, &what) {
                problems.push(problem);
            }
        }
        renderer
    }

    /// Takes one of the application's own, once it has been written with every value there.
    fn add(&mut self, own: Own, what: &str) -> Result<(), ConfigProblem> {
        let channel = match own.subject {
            Some(_) => Channel::Mail,
            None => Channel::Sms,
        };
        let kind = LetterKind::from_word(&own.purpose).filter(|kind| kind.channel() == Some(channel));
        let kind = kind.ok_or_else(|| {
            let purposes = LetterKind::ALL.iter().filter(|kind| kind.channel() == Some(channel));
            let words: Vec<_> = purposes.map(|kind| kind.as_str()).collect();
            ConfigProblem::new(
                "templates",
                format!("{what}: there is nothing of this purpose."),
                format!("Use one of {}.", words.join(", ")),
            )
        })?;
        let broken = |error: minijinja::Error| problem(what, &error, "Correct the template.");
        let sources = [(SUBJECT, own.subject), (TEXT, Some(own.text)), (HTML, own.html)];
        for (extension, source) in sources {
            let Some(source) = source else { continue };
            if source.trim().is_empty() {
                return Err(ConfigProblem::new(
                    "templates",
                    format!("{what}: it says nothing."),
                    "Write something.",
                ));
            }
            let name = own_name(kind, own.locale.as_deref(), extension);
            self.environment
                .add_template_owned(name.clone(), source)
                .map_err(broken)?;
            self.check(&name, what).map_err(|error| *error)?;
        }
        self.own.insert((kind, own.locale));
        Ok(())
    }

    fn check(&self, name: &str, what: &str) -> Result<(), Box<ConfigProblem>> {
        let broken = |error| Box::new(problem(what, &error, "Correct the template."));
        let template = self.environment.get_template(name).map_err(broken)?;
        let globals: HashSet<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let mut unknown: Vec<String> = template
            .undeclared_variables(false)
            .into_iter()
            .filter(|name| !VARIABLES.contains(&name.as_str()) && !globals.contains(name.as_str()))
            .collect();
        unknown.sort();
        if let Some(unknown) = unknown.first() {
            return Err(Box::new(ConfigProblem::new(
                "templates",
                format!("{what}: there is no variable {unknown:?}."),
                format!("Use one of {}.", VARIABLES[..VARIABLES.len() - SYNTAX].join(", ")),
            )));
        }
        let sample = Letter {
            recovery_link: Some(SAMPLE.to_owned()),
            link: Some(SAMPLE.to_owned()),
            code: Some(SAMPLE.to_owned()),
            email: Some(SAMPLE.to_owned()),
            new_email: Some(SAMPLE.to_owned()),
            old_email: Some(SAMPLE.to_owned()),
            phone: Some(SAMPLE.to_owned()),
            old_phone: Some(SAMPLE.to_owned()),
            minutes: Some(10),
            link_minutes: Some(60),
            redirect_to: Some(SAMPLE.to_owned()),
            ..Letter::new(LetterKind::Confirmation, SAMPLE)
        };
        template.render(self.values(&sample)).map_err(broken)?;
        Ok(())
    }

    /// Puts a letter into words.
    ///
    /// # Errors
    /// When not even the templates that are built in can be written, or there are none: nothing is sent as nothing.
    pub(crate) fn render(&self, message: &OutboxMessage, letter: &Letter) -> Result<Message> {
        let values = self.values(letter);
        let write = |names: &Names| match letter.kind.channel() {
            Some(Channel::Sms) => self.sms(message, letter, names, &values).map(Message::Sms),
            Some(Channel::Mail) | None => self.mail(message, letter, names, &values).map(Message::Mail),
        };
        if let Some(names) = self.own(letter) {
            match write(&names) {
                Ok(written) => return Ok(written),
                // Its text may quote a value; what went wrong and where does not.
                Err(error) => tracing::error!(
                    target: "auth::delivery",
                    template = names.text,
                    line = error.line(),
                    error = %error.kind(),
                    "a template failed; the one that is built in takes its place",
                ),
            }
        }
        write(&self.built_in(letter)).map_err(|error| {
            let cause = format!("{}: {}", error.name().unwrap_or_default(), error.kind());
            Error::with_source(ErrorKind::Unknown, cause).detail("a message could not be put into words")
        })
    }

    fn mail(
        &self,
        message: &OutboxMessage,
        letter: &Letter,
        names: &Names,
        values: &Value,
    ) -> Result<Mail, minijinja::Error> {
        let mut mail = Mail::new(
            message.id.as_str(),
            letter.to.as_str(),
            one_line(self.write(&names.subject, values)?.trim()),
            self.write(&names.text, values)?,
        );
        mail.date = message.created_at;
        mail.kind = letter.kind.as_str();
        if self.environment.get_template(&names.html).is_ok() {
            mail = mail.html(self.write(&names.html, values)?);
        }
        Ok(mail)
    }

    fn sms(
        &self,
        message: &OutboxMessage,
        letter: &Letter,
        names: &Names,
        values: &Value,
    ) -> Result<Sms, minijinja::Error> {
        let text = self.write(&names.text, values)?;
        let mut sms = Sms::new(message.id.as_str(), letter.to.as_str(), text.trim());
        sms.code.clone_from(&letter.code);
        sms.kind = letter.kind.as_str();
        sms.user_id.clone_from(&letter.user_id);
        Ok(sms)
    }

    fn write(&self, name: &str, values: &Value) -> Result<String, minijinja::Error> {
        self.environment.get_template(name)?.render(values.clone())
    }

    /// The languages to look for, the best one first.
    fn languages(&self, letter: &Letter) -> Vec<String> {
        let mut languages = Vec::new();
        for locale in [letter.locale.as_deref().map(normal), Some(self.default_locale.clone())] {
            let Some(locale) = locale else { continue };
            let language = locale.split('-').next().unwrap_or_default().to_owned();
            languages.extend([locale, language]);
        }
        languages
    }

    /// The application's own for this letter: in its language, or for all languages.
    fn own(&self, letter: &Letter) -> Option<Names> {
        let languages = self.languages(letter).into_iter().map(Some);
        let mut candidates = languages.chain(std::iter::once(None));
        candidates
            .find(|locale| self.own.contains(&(letter.kind, locale.clone())))
            .map(|locale| Names::new(|extension| own_name(letter.kind, locale.as_deref(), extension)))
    }

    fn built_in(&self, letter: &Letter) -> Names {
        let languages = self.languages(letter);
        let locale = languages.iter().find_map(|language| {
            let known = LOCALES.iter().find(|locale| *locale == language);
            known.copied()
        });
        let locale = locale.unwrap_or(LOCALES[0]);
        Names::new(|extension| catalogue::name(letter.kind, locale, extension))
    }

    fn values(&self, letter: &Letter) -> Value {
        Value::from(Serde(Values {
            site: &self.site,
            kind: letter.kind.as_str(),
            to: &letter.to,
            link: letter.link.as_deref(),
            token_hash: letter.link.as_deref().and_then(secret_of).as_deref(),
            recovery_link: letter.recovery_link.as_deref(),
            code: letter.code.as_deref(),
            email: letter.email.as_deref(),
            new_email: letter.new_email.as_deref(),
            old_email: letter.old_email.as_deref(),
            phone: letter.phone.as_deref(),
            old_phone: letter.old_phone.as_deref(),
            minutes: letter.minutes,
            link_minutes: letter.link_minutes,
            redirect_to: letter.redirect_to.as_deref(),
            data: &letter.data,
        }))
    }
}

impl fmt::Debug for Renderer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renderer")
            .field("own", &self.own)
            .finish_non_exhaustive()
    }
}

/// The three templates of a mail.
struct Names {
    subject: String,
    text: String,
    html: String,
}

impl Names {
    fn new(name: impl Fn(&str) -> String) -> Self {
        Self {
            subject: name(SUBJECT),
            text: name(TEXT),
            html: name(HTML),
        }
    }
}

/// What is absent is left out: a template prints nothing for it.
#[derive(Serialize)]
struct Values<'a> {
    #[serde(flatten)]
    site: &'a Site,
    kind: &'a str,
    to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_hash: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_link: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    new_email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    old_phone: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minutes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_minutes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_to: Option<&'a str>,
    data: &'a JsonObject,
}

const VARIABLES: &[&str] = &[
    "site_name",
    "site_url",
    "site_host",
    "kind",
    "to",
    "link",
    "token_hash",
    "recovery_link",
    "code",
    "email",
    "new_email",
    "old_email",
    "phone",
    "old_phone",
    "minutes",
    "link_minutes",
    "redirect_to",
    "data",
    "loop",
    "self",
    "super",
];
/// How many of them, at the end, are words of the language.
const SYNTAX: usize = 3;
const SAMPLE: &str = "https://example.com/?sample=1&token=sample";

/// The secret in a link of ours, for links of an application's own that end in `POST /verify`.
fn secret_of(link: &str) -> Option<String> {
    let link = Url::parse(link).ok()?;
    let mut pairs = link.query_pairs();
    pairs
        .find(|(name, _)| name == "token")
        .map(|(_, value)| value.into_owned())
}

fn own_name(kind: LetterKind, locale: Option<&str>, extension: &str) -> String {
    let locale = locale.unwrap_or("all");
    format!("own/{locale}/{}.{extension}", kind.as_str())
}

fn problem(what: &str, error: &minijinja::Error, fix: &str) -> ConfigProblem {
    let line = error.line().map_or_else(String::new, |line| format!(" (line {line})"));
    ConfigProblem::new("templates", format!("{what}: {error}{line}."), fix)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
