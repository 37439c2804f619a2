use crate::{config::ConfigProblem, email::canonical_email};

/// Whom mails may go to: addresses, and domains as `@example.com`. Anybody, while none is named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recipients(Vec<String>);

impl Recipients {
    /// Reads what was configured; the same person is the same however an address is written.
    pub(crate) fn new(named: &[String], problems: &mut Vec<ConfigProblem>) -> Self {
        let canonical = named.iter().filter_map(|name| {
            let read = read(name);
            if read.is_none() {
                problems.push(ConfigProblem::new(
                    "mail_only_to",
                    format!("{name:?} is neither an address nor a domain."),
                    "Use `ada@example.com`, or `@example.com` for all of a domain.",
                ));
            }
            read
        });
        Self(canonical.collect())
    }

    /// Whether a mail may go to this address, which is in canonical form.
    pub(crate) fn include(&self, address: &str) -> bool {
        let is = |name: &String| address == name || name.starts_with('@') && address.ends_with(name.as_str());
        self.0.is_empty() || self.0.iter().any(is)
    }
}

fn read(name: &str) -> Option<String> {
    let name = name.trim();
    // An address may have a star in it, and whoever writes one here means something else.
    if name.contains('*') {
        return None;
    }
    match name.strip_prefix('@') {
        Some(domain) => Some(canonical_email(&format!("a@{domain}")).ok()?.split_off(1)),
        None => canonical_email(name).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipients(named: &[&str]) -> (Recipients, usize) {
        let named: Vec<String> = named.iter().map(ToString::to_string).collect();
        let mut problems = Vec::new();
        (Recipients::new(&named, &mut problems), problems.len())
    }

    #[test]
    fn anybody_is_one_until_somebody_is_named() {
        assert!(recipients(&[]).0.include("ada@example.com"));
        let (named, problems) = recipients(&["Ada@Example.com", "@Bücher.example"]);
        assert_eq!(problems, 0);
        for (address, is_one) in [
            ("ada@example.com", true),
            ("bob@example.com", false),
            ("bob@xn--bcher-kva.example", true),
            ("bob@mail.xn--bcher-kva.example", false),
            ("bob@xn--bcher-kva.example.evil.test", false),
            ("mada@example.com", false),
        ] {
            assert_eq!(named.include(address), is_one, "{address}");
        }
    }

    #[test]
    fn what_is_no_address_is_a_problem_and_lets_nobody_in() {
        for name in ["", "@", "example.com", "@localhost", "*@example.com", "a@b@example.com"] {
            assert_eq!(recipients(&[name]).1, 1, "{name:?}");
        }
    }
}
