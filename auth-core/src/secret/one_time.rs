use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{Digest, Secret};
use crate::{
    entropy::{Entropy, random_string},
    error::Result,
};

/// What a mailed link carries: 256 random bits. A store keeps its digest.
pub(crate) struct LinkSecret(Zeroizing<String>);

impl LinkSecret {
    /// What links of a PKCE flow begin with, as GoTrue's do.
    const PKCE: &'static str = "pkce_";
    const RANDOM: usize = 32;

    /// One that nobody has seen before.
    pub(crate) fn issue(entropy: &dyn Entropy, is_pkce: bool) -> Result<Self> {
        let mut random = Zeroizing::new([0_u8; Self::RANDOM]);
        entropy.fill(random.as_mut())?;
        let prefix = if is_pkce { Self::PKCE } else { "" };
        let random = Zeroizing::new(URL_SAFE_NO_PAD.encode(random.as_ref()));
        Ok(Self(Zeroizing::new(format!("{prefix}{}", random.as_str()))))
    }

    /// Reads what a client sent; `None` when it cannot be one of ours.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let random = text.strip_prefix(Self::PKCE).unwrap_or(text);
        let bytes = URL_SAFE_NO_PAD.decode(random).ok()?;
        (bytes.len() == Self::RANDOM).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LinkSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkSecret([redacted])")
    }
}

/// A few digits to be typed. Guessable by whoever may try often enough, so tries are counted; and by whoever has its plain
/// digest, so the digest is keyed.
pub(crate) struct OneTimeCode(Zeroizing<String>);

impl OneTimeCode {
    /// One whose every digit is equally likely.
    pub(crate) fn issue(entropy: &dyn Entropy, digits: usize) -> Result<Self> {
        random_string(entropy, b"0123456789", digits).map(|code| Self(Zeroizing::new(code)))
    }

    /// Reads what somebody typed, with the blanks and dashes people put between digits; `None` when it cannot be a code.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        if typed.len() > 32 {
            return None;
        }
        let code: String = typed.chars().filter(|typed| !matches!(typed, ' ' | '-')).collect();
        let is_code = (6..=10).contains(&code.len()) && code.bytes().all(|digit| digit.is_ascii_digit());
        is_code.then(|| Self(Zeroizing::new(code)))
    }

    /// The digest for this token and this address, and no other.
    pub(crate) fn digest(&self, secret: &Secret, token: &str, sent_to: &str) -> Digest {
        let parts = [token.as_bytes(), sent_to.as_bytes(), self.0.as_bytes()];
        Digest::from(secret.mac("one-time code", &parts))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OneTimeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OneTimeCode([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::OsEntropy;

    #[test]
    fn a_link_has_256_random_bits_and_says_whether_it_is_of_a_pkce_flow() {
        let link = LinkSecret::issue(&OsEntropy, false).unwrap();
        assert_eq!(link.expose().len(), 43);
        let pkce = LinkSecret::issue(&OsEntropy, true).unwrap();
        assert!(pkce.expose().starts_with("pkce_"));
        for text in [link.expose(), pkce.expose()] {
            assert_eq!(LinkSecret::parse(text).unwrap().digest(), Digest::of(text.as_bytes()));
        }
        for text in ["", "pkce_", "x", &"a".repeat(44), &"a".repeat(2_000_000)] {
            assert!(LinkSecret::parse(text).is_none());
        }
        assert!(!format!("{link:?}").contains(link.expose()));
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for typed in ["123456", "123 456", "123-456", " 123456 "] {
            assert_eq!(OneTimeCode::parse(typed).unwrap().expose(), "123456", "{typed}");
        }
        for typed in ["", "12345", "12345678901", "12345a", "１２３４５６"] {
            assert!(OneTimeCode::parse(typed).is_none(), "{typed}");
        }
    }

    #[test]
    fn a_codes_digest_is_bound_to_token_address_and_secret() {
        let code = OneTimeCode::parse("123456").unwrap();
        let secret = Secret::new("one");
        let digest = code.digest(&secret, "sms:ada", "4912345");
        assert_eq!(digest, code.digest(&secret, "sms:ada", "4912345"));
        assert_ne!(digest, code.digest(&secret, "sms:grace", "4912345"));
        assert_ne!(digest, code.digest(&secret, "sms:ada", "4912346"));
        assert_ne!(digest, code.digest(&Secret::new("two"), "sms:ada", "4912345"));
    }

    /// A million digits, as security statement 32 asks.
    #[test]
    fn every_digit_is_equally_likely() {
        let mut counts = [0_u32; 10];
        for _ in 0..100_000 {
            let code = OneTimeCode::issue(&OsEntropy, 10).unwrap();
            code.expose()
                .bytes()
                .for_each(|digit| counts[usize::from(digit - b'0')] += 1);
        }
        let chi_squared: f64 = counts
            .iter()
            .map(|&count| (f64::from(count) - 100_000.0).powi(2) / 100_000.0)
            .sum();
        // 9 degrees of freedom: 46 is passed by chance once in a million runs.
        assert!(chi_squared < 46.0, "chi squared is {chi_squared}");
    }
}
