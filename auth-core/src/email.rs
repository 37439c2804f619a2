//! E-mail addresses in the one form they are stored, looked up and compared in.

use crate::error::{Error, ErrorKind, Result};

/// The canonical form: surrounding white space gone, local part and domain in lower case, the domain as A-labels.
///
/// Lower-casing the local part is a decision: two people who differ only in its case are one account here. Quoted
/// local parts, comments and address literals are refused, and so are dots that only quotes would allow (`a..b@`, `a.@`).
///
/// # Errors
/// [`ErrorKind::ValidationFailed`] when it is no address.
///
/// ```
/// use auth_core::canonical_email;
///
/// assert_eq!(canonical_email(" Ada@Bücher.Example ")?, "ada@xn--bcher-kva.example");
/// assert!(canonical_email("ada@localhost").is_err());
/// # Ok::<(), auth_core::Error>(())
/// ```
pub fn canonical_email(address: &str) -> Result<String> {
    let refused = |sentence| Err(Error::from(ErrorKind::ValidationFailed).detail(sentence));
    let address = address.trim_matches([' ', '\t']);
    if address.is_empty() {
        return refused("An email address is required");
    }
    if address.len() > MAX_LENGTH {
        return refused("An email address is too long");
    }
    match canonical(address) {
        Some(address) if address.len() <= MAX_LENGTH => Ok(address),
        Some(_) => refused("An email address is too long"),
        None => refused("Unable to validate email address: invalid format"),
    }
}

/// RFC 5321 §4.5.3.1.3, less the angle brackets.
const MAX_LENGTH: usize = 254;

fn canonical(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    // RFC 5321 §4.1.2: atoms with single dots between them; no server takes anything else without quotes.
    let is_atom = |atom: &str| {
        let is_atext = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte);
        !atom.is_empty() && atom.bytes().all(is_atext)
    };
    let is_local = local.len() <= 64 && local.split('.').all(is_atom);
    if !is_local || !may_be_domain(domain) {
        return None;
    }
    let url::Host::Domain(domain) = url::Host::parse(domain).ok()? else {
        return None;
    };
    let is_domain = domain.contains('.')
        && domain.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        });
    is_domain.then(|| format!("{}@{domain}", local.to_ascii_lowercase()))
}

/// What is not ASCII must be a letter, mark or digit: look-alikes of `@`, `.` and brackets are not folded into them.
fn may_be_domain(domain: &str) -> bool {
    domain.chars().all(|character| {
        if character.is_ascii() {
            character.is_ascii_alphanumeric() || character == '-' || character == '.'
        } else {
            character.is_alphanumeric() && !('\u{ff00}'..='\u{ffef}').contains(&character)
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_person_has_one_address() {
        for address in [
            "ada@example.com",
            "ADA@EXAMPLE.COM",
            " Ada@Example.com\t",
            "ada@EXAMPLE.com",
        ] {
            assert_eq!(canonical_email(address).unwrap(), "ada@example.com");
        }
        assert_eq!(
            canonical_email("o'brien+tag@mail.example.co.uk").unwrap(),
            "o'brien+tag@mail.example.co.uk"
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long_label = format!("a@{}.com", "b".repeat(64));
        let long = format!("a@{}com", "b.".repeat(140));
        for address in [
            "",
            " ",
            "ada",
            "@example.com",
            "ada@",
            "a..b@example.com",
            ".a@example.com",
            "a.@example.com",
            ".@example.com",
            "ada@localhost",
            "ada@example..com",
            "ada@.example.com",
            "ada@example.com.",
            "ada@-a.com",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "a@b@example.com",
            "a,b@example.com",
            "<ada@example.com>",
            "Ada <ada@example.com>",
            "\"ada\"@example.com",
            "ada @example.com",
            "ada@exam ple.com",
            "ada\r\nBcc: x@example.com",
            "ada@example.com\n",
            "ada\u{0}@example.com",
            "ada\u{ff20}example.com",
            "ada@evil\u{ff20}example.com",
            "ada@example\u{3002}com",
            "ada@example\u{ff0e}com",
            "ädä@example.com",
            "ada@exa%6dple.com",
            &long_local,
            &long_label,
            &long,
        ] {
            assert_eq!(
                canonical_email(address).unwrap_err().kind(),
                ErrorKind::ValidationFailed,
                "{address:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own(address in r"[ -~äß＠。]{1,20}@[a-zA-Zäß.-]{1,20}") {
            if let Ok(once) = canonical_email(&address) {
                prop_assert!(once.is_ascii());
                prop_assert_eq!(canonical_email(&once).unwrap(), once);
            }
        }
    }
}
