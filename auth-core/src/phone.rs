//! Phone numbers in the one form they are stored, looked up and compared in.

use crate::error::{Error, ErrorKind, Result};

/// The canonical form: E.164 without the plus sign. Blanks, dashes, dots and brackets are dropped, and what else people
/// write in international numbers, like the zero in `+44 (0)20`.
///
/// The number must say its country: this library does not guess one.
///
/// # Errors
/// [`ErrorKind::ValidationFailed`] when it is no number.
///
/// ```
/// use auth_core::canonical_phone;
///
/// assert_eq!(canonical_phone("+1 (415) 555-2671")?, "14155552671");
/// assert_eq!(canonical_phone("14155552671")?, "14155552671");
/// assert_eq!(canonical_phone("+44 (0)20 7946 0018")?, "442079460018");
/// assert!(canonical_phone("0171 1234567").is_err());
/// # Ok::<(), auth_core::Error>(())
/// ```
pub fn canonical_phone(number: &str) -> Result<String> {
    canonical(number)
        .ok_or_else(|| Error::from(ErrorKind::ValidationFailed).detail("Invalid phone number format (E.164 required)"))
}

fn canonical(number: &str) -> Option<String> {
    if number.len() > 64 {
        return None;
    }
    let number = number.trim();
    let is_plain = |character: char| character.is_ascii_digit() || " -.()/\u{a0}".contains(character);
    let digits = number.strip_prefix('+').unwrap_or(number);
    if !digits.chars().all(is_plain) {
        return None;
    }
    let typed: String = digits.chars().filter(char::is_ascii_digit).collect();
    let parsed = phonenumber::parse(None, format!("+{digits}")).ok();
    // Numbers that nobody has, as in films and tests, are left as they were typed.
    let known = parsed.filter(phonenumber::is_valid).map(|number| {
        let text = number.format().mode(phonenumber::Mode::E164).to_string();
        text.trim_start_matches('+').to_owned()
    });
    let number = known.unwrap_or(typed);
    // Fifteen digits by E.164; the shortest that anybody has, with their country's, are seven.
    let is_e164 = (7..=15).contains(&number.len()) && !number.starts_with('0');
    is_e164.then_some(number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn one_line_has_one_number() {
        for number in [
            "+49 171 1234567",
            "49 (171) 123-4567",
            "+49.171.1234567",
            " +491711234567 ",
            "+49 (0)171 1234567",
        ] {
            assert_eq!(canonical_phone(number).unwrap(), "491711234567", "{number}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let long = "1".repeat(16);
        for number in [
            "",
            "+",
            " ",
            "abc",
            "0171 1234567",
            "+0171",
            "1",
            "++491711234567",
            "+49171123456x",
            "+49171\n1234567",
            "４９１７１１２３４５６７",
            "+49171;ext=1",
            "tel:+491711234567",
            &long,
            &"1".repeat(10_000),
        ] {
            assert!(canonical_phone(number).is_err(), "{number:?}");
        }
    }

    #[test]
    fn numbers_nobody_has_are_taken_as_they_are() {
        assert_eq!(canonical_phone("+12345678901").unwrap(), "12345678901");
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own(number in r"\+?[0-9 ().-]{1,20}") {
            if let Ok(once) = canonical_phone(&number) {
                prop_assert!(once.bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert_eq!(canonical_phone(&once).unwrap(), once);
            }
        }
    }
}
