//! How other libraries write their hashes.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::phc::{self, Phc};

/// A hash of another library, read and bounded.
pub(super) enum Legacy<'a> {
    Bcrypt(&'a str),
    /// The key of the project, encrypted under one that is made of the password; p = 1.
    Firebase {
        log_n: u8,
        r: u32,
        /// Salt and separator.
        salt: Vec<u8>,
        signer_key: Vec<u8>,
        encrypted: Vec<u8>,
    },
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

/// What a scrypt of Firebase's may take; Firebase's own takes a quarter of it.
const MAX_MEMORY: u64 = 64 * 1024 * 1024;

impl<'a> Legacy<'a> {
    pub(super) fn parse(stored: &'a str) -> Option<Self> {
        if stored.len() > 1_024 {
            return None;
        }
        match stored.split_once('$') {
            Some(("", rest)) => match rest.split('$').next()? {
                "2a" | "2b" | "2x" | "2y" => Self::bcrypt(stored),
                "fbscrypt" => Self::firebase(stored),
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

    /// GoTrue's `$fbscrypt$v=1,n=14,r=8,p=1,ss=separator,sk=signer key$salt$hash`
    fn firebase(stored: &str) -> Option<Self> {
        let phc = Phc::parse(stored)?;
        let log_n = u8::try_from(phc.number("n")?).ok()?;
        let r = phc.number("r")?;
        let separator = phc.text("ss").map_or(Some(Vec::new()), phc::decode)?;
        let signer_key = phc::decode(phc.text("sk")?)?;
        let is_bounded =
            (10..=18).contains(&log_n) && (1..=32).contains(&r) && (128 * u64::from(r)) << log_n <= MAX_MEMORY;
        let is_whole = phc.number("v")? == 1 && phc.number("p")? == 1 && signer_key.len() == phc.hash.len();
        (is_bounded && is_whole).then(|| Self::Firebase {
            log_n,
            r,
            salt: [phc.salt, separator].concat(),
            signer_key,
            encrypted: phc.hash,
        })
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
