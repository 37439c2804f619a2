use std::{fmt, net::SocketAddr};

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// Where users, sessions and notes are kept: `sqlite://file.db`.
    pub database: String,
    /// How sessions work.
    pub strategy: Strategy,
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
    /// Reads `--addr`, `--database` and `--strategy`; `name` is the default database's.
    ///
    /// # Errors
    /// A sentence for the person at the command line.
    pub fn parse(name: &str, mut arguments: impl Iterator<Item = String>) -> Result<Self, OptionsError> {
        let mut options = Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 3000)),
            database: format!("sqlite://{name}.db"),
            strategy: Strategy::Opaque,
        };
        while let Some(flag) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .ok_or_else(|| OptionsError(format!("{flag} needs a value")))
            };
            match flag.as_str() {
                "--addr" => {
                    let value = value()?;
                    options.addr = value
                        .parse()
                        .map_err(|_| OptionsError(format!("--addr {value} is not an address like 127.0.0.1:3000")))?;
                }
                "--database" => options.database = value()?,
                "--strategy" => {
                    options.strategy = match value()?.as_str() {
                        "opaque" => Strategy::Opaque,
                        "tokens" => Strategy::Tokens,
                        other => return Err(OptionsError(format!("--strategy {other} is neither opaque nor tokens"))),
                    }
                }
                _ => {
                    return Err(OptionsError(format!(
                        "unknown argument {flag}\nusage: {name} [--addr 127.0.0.1:3000] [--database sqlite://{name}.db] \
                         [--strategy opaque|tokens]"
                    )));
                }
            }
        }
        Ok(options)
    }
}

/// What is wrong with the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionsError(String);

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
    }
}
