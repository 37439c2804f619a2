//! Which new passwords are accepted. No composition rules, no expiry (NIST SP 800-63B-4 §3.1.1.2).

use std::{collections::HashSet, sync::LazyLock};

use super::{argon2id::nfc, config::PasswordConfig};
use crate::{
    error::{Error, Result, WeakPasswordReason},
    secret::Password,
};

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("common.txt").lines().collect());

/// Refuses passwords that are too long to be worth any work.
pub(super) fn check_size(config: &PasswordConfig, password: &Password) -> Result<()> {
    if password.expose().len() > config.max_bytes {
        return Err(Error::weak_password(vec![WeakPasswordReason::Length])
            .detail(format!("Password cannot be longer than {} bytes.", config.max_bytes)));
    }
    Ok(())
}

/// Why a password is too short or too easy to guess; `context` is what everybody knows about the user.
pub(super) fn weaknesses(config: &PasswordConfig, password: &Password, context: &[&str]) -> Vec<WeakPasswordReason> {
    let password = nfc(password);
    let folded = zeroize::Zeroizing::new(password.to_lowercase());
    let mut reasons = Vec::new();
    if password.chars().count() < config.min_length {
        reasons.push(WeakPasswordReason::Length);
    }
    if config.block_list && COMMON.contains(folded.as_str()) {
        reasons.push(WeakPasswordReason::Common);
    }
    if is_made_of_context(&folded, config, context) {
        reasons.push(WeakPasswordReason::Context);
    }
    #[cfg(feature = "zxcvbn")]
    if is_easy_to_guess(&password, config, context) {
        reasons.push(WeakPasswordReason::Strength);
    }
    reasons
}

/// The reasons, for people.
pub(super) fn sentence(config: &PasswordConfig, reasons: &[WeakPasswordReason]) -> String {
    match reasons {
        [WeakPasswordReason::Length] => format!("Password should be at least {} characters.", config.min_length),
        _ => "Password is known to be weak and easy to guess, please choose a different one.".to_owned(),
    }
}

/// Whether nothing but digits and punctuation is left once a known word is taken out.
fn is_made_of_context(folded: &str, config: &PasswordConfig, context: &[&str]) -> bool {
    let words = config.blocked_words.iter().map(String::as_str).chain(
        context
            .iter()
            .flat_map(|word| std::iter::once(*word).chain(word.split(['@', '.', '+']))),
    );
    words
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= 4)
        .any(|word| {
            folded.contains(&word)
                && folded
                    .replace(&word, "")
                    .chars()
                    .filter(|rest| rest.is_alphabetic())
                    .count()
                    < 4
        })
}

#[cfg(feature = "zxcvbn")]
fn is_easy_to_guess(password: &str, config: &PasswordConfig, context: &[&str]) -> bool {
    // The estimate takes quadratic time; what comes later only makes a password stronger.
    let head: String = password.chars().take(100).collect();
    config.min_score > 0 && u8::from(zxcvbn::zxcvbn(&head, context).score()) < config.min_score
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reasons(password: &str, context: &[&str]) -> Vec<WeakPasswordReason> {
        let config = PasswordConfig::default().blocked_word("AcmeShop");
        weaknesses(&config, &Password::new(password), context)
    }

    #[test]
    fn length_counts_characters_after_nfc() {
        assert_eq!(reasons("7seven7", &[]), [WeakPasswordReason::Length]);
        assert!(reasons("8 eight8", &[]).is_empty());
        // Seven letters, each written as base and accent.
        assert_eq!(reasons(&"e\u{301}".repeat(7), &[]), [WeakPasswordReason::Length]);
        assert!(reasons(&"\u{1f600}".repeat(64), &[]).is_empty());
    }

    #[test]
    fn common_passwords_are_refused_in_any_case() {
        assert!(COMMON.len() >= 3_000);
        assert_eq!(reasons("password", &[]), [WeakPasswordReason::Common]);
        assert_eq!(reasons("PassWord1", &[]), [WeakPasswordReason::Common]);
    }

    #[test]
    fn words_everybody_knows_are_refused() {
        assert_eq!(reasons("acmeshop2026!", &[]), [WeakPasswordReason::Context]);
        assert_eq!(
            reasons("lovelace99", &["lovelace@example.com"]),
            [WeakPasswordReason::Context]
        );
        assert!(reasons("lovelace rides a purple horse", &["lovelace@example.com"]).is_empty());
    }

    #[test]
    fn there_are_no_composition_rules() {
        assert!(reasons("aaaaaaaaaaaaaaaaaaaaaaaaa", &[]).is_empty());
    }

    #[test]
    fn size_is_checked_in_bytes() {
        let config = PasswordConfig::default();
        assert!(check_size(&config, &Password::new("x".repeat(4_096))).is_ok());
        assert!(check_size(&config, &Password::new("x".repeat(4_097))).is_err());
    }

    #[cfg(feature = "zxcvbn")]
    #[test]
    fn the_score_can_be_demanded() {
        let config = PasswordConfig::default().min_score(3);
        let reasons = weaknesses(&config, &Password::new("qwertzuiop12"), &[]);
        assert!(reasons.contains(&WeakPasswordReason::Strength));
        assert!(weaknesses(&config, &Password::new("horse staple purple 81"), &[]).is_empty());
    }
}
