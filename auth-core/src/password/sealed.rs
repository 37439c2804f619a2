//! How hashes are stored where there is a key for it: encrypted, so that a copy of the database cannot even be guessed at.

use std::{slice, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};

use crate::{
    entropy::Entropy,
    error::{Error, ErrorKind, Result},
    id::UserId,
    secret::{HashedPassword, Secret, open, seal},
};

/// The keys of stored hashes. The last one encrypts, all decrypt; without any, hashes are stored as they are.
pub(super) struct HashKeys {
    pub(super) keys: Vec<(u32, Secret)>,
    pub(super) entropy: Arc<dyn Entropy>,
}

impl HashKeys {
    /// What is stored of a hash: `$sealed$k=2$` and nonce and ciphertext. It belongs to its owner, so that somebody who can
    /// write to the database cannot put their own into another's row.
    pub(super) fn seal(&self, hash: HashedPassword, owner: &UserId) -> Result<HashedPassword> {
        let Some((version, key)) = self.keys.last() else {
            return Ok(hash);
        };
        let plain = hash.expose().as_bytes();
        let sealed = seal(key, PURPOSE, owner.as_str().as_bytes(), plain, self.entropy.as_ref())?;
        let text = STANDARD_NO_PAD.encode(sealed);
        Ok(HashedPassword::from_stored(format!("{MARK}k={version}${text}")))
    }

    /// The hash, and whether it is stored as it would be today.
    ///
    /// # Errors
    /// [`ErrorKind::OutdatedPassword`] when no key opens it.
    pub(super) fn open(&self, stored: &HashedPassword, owner: &UserId) -> Result<(HashedPassword, bool)> {
        let Some(sealed) = stored.expose().strip_prefix(MARK) else {
            return Ok((stored.clone(), self.keys.is_empty()));
        };
        self.unseal(sealed, owner).ok_or_else(|| {
            tracing::warn!(target: "auth::password", "no key of `passwords.encryption_key` opens a stored hash");
            Error::from(ErrorKind::OutdatedPassword)
        })
    }

    /// Whether it is no hash, but one that is encrypted.
    pub(super) fn is_sealed(hash: &HashedPassword) -> bool {
        hash.expose().starts_with(MARK)
    }

    fn unseal(&self, sealed: &str, owner: &UserId) -> Option<(HashedPassword, bool)> {
        let (version, text) = sealed.strip_prefix("k=")?.split_once('$')?;
        let version: u32 = version.parse().ok()?;
        let (_, key) = self.keys.iter().find(|(known, _)| *known == version)?;
        let sealed = STANDARD_NO_PAD.decode(text).ok()?;
        let plain = open(slice::from_ref(key), PURPOSE, owner.as_str().as_bytes(), &sealed)?;
        let hash = HashedPassword::from_stored(std::str::from_utf8(&plain).ok()?);
        let is_current = self.keys.last().is_some_and(|(current, _)| *current == version);
        Some((hash, is_current))
    }
}

const MARK: &str = "$sealed$";
const PURPOSE: &str = "password hash encryption";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::OsEntropy;

    fn keys(versions: &[u32]) -> HashKeys {
        let key = |version: &u32| (*version, Secret::new([u8::try_from(*version).unwrap(); 32]));
        HashKeys {
            keys: versions.iter().map(key).collect(),
            entropy: Arc::new(OsEntropy),
        }
    }

    fn hash() -> HashedPassword {
        HashedPassword::from_stored("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo")
    }

    #[test]
    fn any_key_opens_what_it_sealed_and_the_last_one_is_todays() {
        let ada = UserId::from("ada");
        let sealed = keys(&[1]).seal(hash(), &ada).unwrap();
        assert!(sealed.expose().starts_with("$sealed$k=1$") && !sealed.expose().contains("argon2"));
        assert!(keys(&[1]).open(&sealed, &ada).unwrap() == (hash(), true));
        assert!(keys(&[1, 2]).open(&sealed, &ada).unwrap() == (hash(), false));
        assert!(keys(&[2]).open(&sealed, &ada).is_err());
        assert!(keys(&[]).open(&sealed, &ada).is_err());
        // Two of the same tell nothing.
        assert!(sealed != keys(&[1]).seal(hash(), &ada).unwrap());
    }

    #[test]
    fn a_plain_hash_is_todays_where_there_is_no_key() {
        let ada = UserId::from("ada");
        assert!(keys(&[]).seal(hash(), &ada).unwrap() == hash());
        assert!(keys(&[]).open(&hash(), &ada).unwrap() == (hash(), true));
        assert!(keys(&[1]).open(&hash(), &ada).unwrap() == (hash(), false));
    }

    #[test]
    fn it_is_its_owners_and_whole() {
        let (ada, bob) = (UserId::from("ada"), UserId::from("bob"));
        let sealed = keys(&[1]).seal(hash(), &ada).unwrap();
        assert!(keys(&[1]).open(&sealed, &bob).is_err());
        let text = sealed.expose();
        for bent in [
            &text[..text.len() - 2],
            "$sealed$",
            "$sealed$k=1$",
            "$sealed$k=x$AAAA",
            &format!("{text}A"),
        ] {
            assert!(
                keys(&[1]).open(&HashedPassword::from_stored(bent), &ada).is_err(),
                "{bent}"
            );
        }
    }
}
