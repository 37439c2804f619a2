use std::path::PathBuf;

use auth_core::{AuthBuilder, ConfigProblem, ConsoleMailer, FileMailer, Mailbox};

use crate::OptionsError;

/// How mails leave.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mail {
    /// They are printed.
    Console,
    /// Each is a file in this folder.
    Files(PathBuf),
    /// By the server at this URL.
    #[cfg(feature = "servers")]
    Smtp(String),
}

impl Mail {
    /// Reads `console`, `files:DIR` or `smtp://…`; `name` is the program's.
    pub(crate) fn parse(text: &str, name: &str) -> Result<Self, OptionsError> {
        if text == "console" {
            return Ok(Self::Console);
        }
        if let Some(folder) = text.strip_prefix("files:").filter(|folder| !folder.is_empty()) {
            return Ok(Self::Files(PathBuf::from(folder)));
        }
        // The URL may hold a password: no sentence repeats it.
        if !text.starts_with("smtp://") && !text.starts_with("smtps://") {
            return Err(OptionsError::new(
                "--mail is console, files:DIR or a URL like smtps://user:password@mail.example.com",
            ));
        }
        Self::by_smtp(text, name)
    }

    #[cfg(feature = "servers")]
    fn by_smtp(url: &str, _name: &str) -> Result<Self, OptionsError> {
        Ok(Self::Smtp(url.to_owned()))
    }

    #[cfg(not(feature = "servers"))]
    fn by_smtp(_url: &str, name: &str) -> Result<Self, OptionsError> {
        Err(OptionsError::new(format!(
            "--mail smtp:// needs the feature servers: cargo run -p {name} --features servers -- --mail smtp://…"
        )))
    }

    /// The builder with this mailer; the sender is `from`.
    pub(crate) fn sends_for(&self, builder: AuthBuilder, from: &str) -> Result<AuthBuilder, ConfigProblem> {
        Ok(match self {
            Self::Console => builder.mailer(ConsoleMailer::default()),
            Self::Files(folder) => builder.mailer(FileMailer::new(folder, Mailbox::parse(from)?)),
            #[cfg(feature = "servers")]
            Self::Smtp(url) => builder.mailer(auth_core::SmtpMailer::from_url(url, Mailbox::parse(from)?)?),
        })
    }
}
