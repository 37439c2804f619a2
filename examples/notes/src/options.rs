use std::{fmt, net::SocketAddr};

use crate::Mail;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Where users, sessions and notes are kept: `sqlite://file.db`; with the feature `servers` `postgres://…` and
    /// `mysql://…` as well.
    pub database: String,
    /// Where sessions are kept instead: `redis://…`, with the feature `servers`.
    pub sessions: Option<String>,
    /// What browsers call the application where that is not its own address: behind a proxy, or on several nodes.
    pub base_url: Option<String>,
    /// How sessions work.
    pub strategy: Strategy,
    /// How mails leave.
    pub mail: Mail,
    /// Whom mails are from.
    pub mail_from: String,
    /// Whether a new address must be proven before anybody is in.
    pub confirm: bool,
    /// Whether people sign in with phone numbers; text messages are printed.
    pub sms: bool,
    /// The address of somebody who may invite others.
    pub admin: Option<String>,
}

/// The two kinds of sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strategy {
    /// One secret, looked up at each request.
    Opaque,
    /// Signed access tokens and rotating refresh tokens.
    Tokens,
}

impl Options {
    /// Reads the flags above; `name` is the program's and the default database's.
    ///
    /// # Errors
    /// A sentence for the person at the command line.
    pub fn parse(name: &str, mut arguments: impl Iterator<Item = String>) -> Result<Self, OptionsError> {
        let mut options = Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 3000)),
            database: format!("sqlite://{name}.db"),
            sessions: None,
            base_url: None,
            strategy: Strategy::Opaque,
            mail: Mail::Console,
            mail_from: "Notes <notes@localhost>".to_owned(),
            confirm: true,
            sms: false,
            admin: None,
        };
        while let Some(flag) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| OptionsError::new(format!("{flag} needs a value")))
            };
            match flag.as_str() {
                "--addr" => {
                    let value = value()?;
                    options.addr = value.parse().map_err(|_| {
                        OptionsError::new(format!("--addr {value} is not an address like 127.0.0.1:3000"))
                    })?;
                }
                "--database" => options.database = on_a_known_store(&flag, value()?, name)?,
                "--sessions" => options.sessions = Some(on_a_known_store(&flag, value()?, name)?),
                "--base-url" => options.base_url = Some(value()?),
                "--strategy" => {
                    options.strategy = match value()?.as_str() {
                        "opaque" => Strategy::Opaque,
                        "tokens" => Strategy::Tokens,
                        other => {
                            let told = format!("--strategy {other} is neither opaque nor tokens");
                            return Err(OptionsError::new(told));
                        }
                    }
                }
                "--mail" => options.mail = Mail::parse(&value()?, name)?,
                "--mail-from" => options.mail_from = value()?,
                "--admin" => options.admin = Some(value()?),
                "--no-confirm" => options.confirm = false,
                "--sms" => {
                    options.sms = match value()?.as_str() {
                        "console" => true,
                        other => return Err(OptionsError::new(format!("--sms {other} is not console"))),
                    }
                }
                _ => {
                    return Err(OptionsError::new(format!(
                        "unknown argument {flag}\nusage: {name} [--addr 127.0.0.1:3000] [--base-url http://localhost:3000] \
                         [--database sqlite://{name}.db] [--sessions redis://localhost] [--strategy opaque|tokens] \
                         [--mail console|files:DIR|smtps://user:password@host] [--mail-from \"Notes <notes@example.com>\"] \
                         [--no-confirm] [--sms console] [--admin you@example.com]"
                    )));
                }
            }
        }
        Ok(options)
    }
}

/// Refuses what this program cannot reach, before anything is opened.
fn on_a_known_store(flag: &str, url: String, name: &str) -> Result<String, OptionsError> {
    let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
    let (is_known, needs_servers) = match (flag, scheme) {
        ("--database", "sqlite") => (true, false),
        ("--database", "mariadb" | "mysql" | "postgres" | "postgresql") | ("--sessions", "redis") => (true, true),
        _ => (false, false),
    };
    // The URL may hold a password: no sentence repeats it.
    if !is_known {
        let known = match flag {
            "--sessions" => "redis://host:port/0",
            _ => "sqlite://file.db, postgres://user:password@host/database or mysql://user:password@host/database",
        };
        return Err(OptionsError::new(format!("{flag} is a URL like {known}")));
    }
    if needs_servers && !cfg!(feature = "servers") {
        return Err(OptionsError::new(format!(
            "{flag} {scheme}:// needs the feature servers: cargo run -p {name} --features servers -- {flag} {scheme}://…"
        )));
    }
    Ok(url)
}

/// What is wrong with the command line.
#[derive(Clone, PartialEq, Eq)]
pub struct OptionsError(String);

impl OptionsError {
    pub(crate) fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

/// What `main` prints of an error: here a sentence.
impl fmt::Debug for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OptionsError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, OptionsError> {
        Options::parse("app", arguments.iter().map(|&argument| argument.to_owned()))
    }

    #[test]
    fn there_are_defaults() {
        let options = parse(&[]).unwrap();
        assert_eq!(options.addr.to_string(), "127.0.0.1:3000");
        assert_eq!(options.database, "sqlite://app.db");
        assert_eq!(options.strategy, Strategy::Opaque);
        assert_eq!((options.sessions, options.base_url), (None, None));
        assert_eq!(
            (options.mail, options.confirm, options.sms),
            (Mail::Console, true, false)
        );
    }

    #[test]
    fn flags_are_read_and_others_refused() {
        let options = parse(&["--addr", "127.0.0.1:0", "--database", "sqlite://x.db"]).unwrap();
        assert_eq!((options.addr.port(), options.database.as_str()), (0, "sqlite://x.db"));
        assert_eq!(parse(&["--strategy", "tokens"]).unwrap().strategy, Strategy::Tokens);
        assert!(parse(&["--strategy", "jwt"]).is_err());
        assert!(parse(&["--addr"]).is_err());
        assert!(parse(&["--addr", "here"]).is_err());
        assert!(parse(&["--port", "1"]).is_err());
        let options = parse(&["--base-url", "https://notes.example.com"]).unwrap();
        assert_eq!(options.base_url.as_deref(), Some("https://notes.example.com"));
        let options = parse(&["--no-confirm", "--sms", "console", "--mail", "files:out"]).unwrap();
        assert_eq!(
            (options.mail, options.confirm, options.sms),
            (Mail::Files("out".into()), false, true)
        );
        assert!(parse(&["--sms", "pigeon"]).is_err());
    }

    #[test]
    fn a_store_that_is_not_there_is_refused_without_its_password() {
        for arguments in [
            ["--database", "notes.db"],
            ["--database", "sqlite::memory:"],
            ["--database", "redis://user:hush@localhost"],
            ["--sessions", "postgres://user:hush@localhost/app"],
            ["--mail", "imap://user:hush@localhost"],
            ["--mail", "files:"],
        ] {
            let told = parse(&arguments).unwrap_err().to_string();
            assert!(told.contains(arguments[0]) && told.contains("a URL like"), "{told}");
            assert!(!told.contains("hush"), "{told}");
        }
    }

    #[test]
    fn servers_need_their_feature_and_the_sentence_names_it() {
        for arguments in [
            ["--database", "postgres://user:hush@localhost/app"],
            ["--database", "mysql://user:hush@localhost/app"],
            ["--sessions", "redis://user:hush@localhost"],
            ["--mail", "smtps://user:hush@localhost"],
        ] {
            let parsed = parse(&arguments);
            assert_eq!(parsed.is_ok(), cfg!(feature = "servers"));
            if let Err(told) = parsed.map_err(|error| error.to_string()) {
                assert!(!told.contains("hush"), "{told}");
                assert!(told.contains("cargo run -p app --features servers"), "{told}");
            }
        }
    }
}
