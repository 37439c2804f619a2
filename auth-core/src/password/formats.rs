//! How other libraries write their hashes.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::phc::Phc;

/// A hash of another library, read and bounded.
pub(super) enum Legacy<'a> {
    Bcrypt(&'a str),
    Pbkdf2 {
        rounds: u32,
        salt: Vec<u8>,
        hash: Vec<u8>,
    },
    /// N = 16384, p = 1, 64 bytes; the salt is text.
    Scrypt {
        r: u32,
        salt: &'a [u8],
        hash: Vec<u8>,
    },
}

const MAX_ROUNDS: u32 = 5_000_000;

impl<'a> Legacy<'a> {
    pub(super) fn parse(stored: &'a str) -> Option<Self> {
        if stored.len() > 1_024 {
            return None;
        }
        match stored.split_once('$') {
            Some(("", rest)) => match rest.split('$').next()? {
                "2a" | "2b" | "2x" | "2y" => Self::bcrypt(stored),
                "pbkdf2-sha256" => Self::pbkdf2_phc(stored),
                _ => None,
            },
            Some(("pbkdf2_sha256", rest)) => Self::pbkdf2_django(rest),
            Some(_) => None,
            None => Self::scrypt(stored),
        }
    }

    /// `$2b$12$` and 53 characters; a cost above 16 would take minutes.
    fn bcrypt(stored: &'a str) -> Option<Self> {
        let cost: u32 = stored.get(4..6)?.parse().ok()?;
        let is_whole = stored.len() == 60 && stored.as_bytes()[6] == b'$' && (4..=16).contains(&cost);
        is_whole.then_some(Self::Bcrypt(stored))
    }

    /// `$pbkdf2-sha256$i=600000,l=32$salt$hash`
    fn pbkdf2_phc(stored: &str) -> Option<Self> {
        let phc = Phc::parse(stored)?;
        Self::pbkdf2(phc.number("i")?, phc.salt, phc.hash)
    }

    /// Django's `pbkdf2_sha256$600000$salt$hash`, where the salt is text.
    fn pbkdf2_django(rest: &str) -> Option<Self> {
        let mut fields = rest.split('$');
        let rounds = fields.next()?.parse().ok()?;
        let salt = fields.next()?.as_bytes().to_vec();
        let hash = STANDARD.decode(fields.next()?).ok()?;
        fields.next().is_none().then_some(())?;
        Self::pbkdf2(rounds, salt, hash)
    }

    fn pbkdf2(rounds: u32, salt: Vec<u8>, hash: Vec<u8>) -> Option<Self> {
        let is_bounded = (1_000..=MAX_ROUNDS).contains(&rounds) && !salt.is_empty() && (16..=64).contains(&hash.len());
        is_bounded.then_some(Self::Pbkdf2 { rounds, salt, hash })
    }

    /// Lucia's `s2:salt:hex` (r = 16) and the older `salt:hex` (r = 8).
    fn scrypt(stored: &'a str) -> Option<Self> {
        let fields: Vec<&str> = stored.split(':').collect();
        let (r, salt, hash) = match fields.as_slice() {
            ["s2", salt, hash] => (16, salt, hash),
            [salt, hash] => (8, salt, hash),
            _ => return None,
        };
        let hash = unhex(hash)?;
        let is_whole = !salt.is_empty() && salt.len() <= 128 && hash.len() == 64;
        is_whole.then_some(Self::Scrypt {
            r,
            salt: salt.as_bytes(),
            hash,
        })
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text
        .chars()
        .map(|digit| digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<Vec<u8>>>()?;
    (digits.len() % 2 == 0).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}
