use std::fmt;

use crate::{config::ConfigProblem, email::canonical_email};

/// From whom mails come: an address, and the name shown for it.
///
/// ```
/// use auth_core::Mailbox;
///
/// let from = Mailbox::parse("Example <no-reply@example.com>")?;
/// assert_eq!((from.name(), from.address()), (Some("Example"), "no-reply@example.com"));
/// assert!(Mailbox::parse("Eve <eve@example.com>\r\nBcc: all@example.com").is_err());
/// # Ok::<(), auth_core::ConfigProblem>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    name: Option<String>,
    address: String,
}

impl Mailbox {
    /// Reads `Name <address>` or an address alone.
    ///
    /// # Errors
    /// [`ConfigProblem`] when that is not what it is.
    pub fn parse(text: &str) -> Result<Self, ConfigProblem> {
        Self::read(text).ok_or_else(|| {
            ConfigProblem::new(
                "from",
                format!("{text:?} is no mailbox."),
                "Use `Example <no-reply@example.com>`.",
            )
        })
    }

    fn read(text: &str) -> Option<Self> {
        if text.chars().any(char::is_control) {
            return None;
        }
        let (name, address) = match text.trim().strip_suffix('>') {
            Some(rest) => rest.rsplit_once('<')?,
            None => ("", text),
        };
        let name = name.trim().trim_matches('"').trim();
        // Local servers are asked by names without a dot.
        let address = match address.trim().strip_suffix("@localhost") {
            Some(local) => canonical_email(&format!("{local}@localhost.test"))
                .ok()?
                .strip_suffix(".test")?
                .to_owned(),
            None => canonical_email(address).ok()?,
        };
        Some(Self {
            name: (!name.is_empty()).then(|| name.to_owned()),
            address,
        })
    }

    /// The name shown.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What comes after the `@`.
    pub(super) fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name} <{}>", self.address),
            None => f.write_str(&self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_and_addresses() {
        for (text, name, address) in [
            ("no-reply@example.com", None, "no-reply@example.com"),
            ("<no-reply@example.com>", None, "no-reply@example.com"),
            (
                "\"Bücher, Inc.\" <a@bücher.example>",
                Some("Bücher, Inc."),
                "a@xn--bcher-kva.example",
            ),
            ("Test <auth@localhost>", Some("Test"), "auth@localhost"),
        ] {
            let mailbox = Mailbox::parse(text).unwrap();
            assert_eq!((mailbox.name(), mailbox.address()), (name, address), "{text}");
        }
    }

    #[test]
    fn refuses_what_could_add_a_header_or_an_address() {
        for text in [
            "",
            "nobody",
            "a@example.com, b@example.com",
            "A <a@example.com>, B <b@example.com>",
            "A\nBcc: b@example.com <a@example.com>",
            "A <a@example.com\r\nBcc: b@example.com>",
            "A <a@example.com> B",
            "A\0 <a@example.com>",
        ] {
            let problem = Mailbox::parse(text);
            let taken = problem.as_ref().ok().map(Mailbox::address);
            // A comma in front of the last address is part of a name, and goes out quoted.
            assert!(
                problem.is_err() || taken == Some("b@example.com"),
                "{text:?} is {problem:?}"
            );
        }
    }
}
