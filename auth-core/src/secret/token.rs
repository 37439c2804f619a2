use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{
    entropy::{ALPHANUMERIC, Entropy, random_string},
    error::{Error, ErrorKind, Result},
    id::SessionId,
    secret::Digest,
};

/// What a signed-in client holds: the session's id and 256 random bits, written `id.secret`.
///
/// The id starts with `ses_`, so that leak scanners recognise it and strangers are turned away before a store is asked.
///
/// ```compile_fail
/// fn print(token: &auth_core::SessionToken) {
///     println!("{token}");
/// }
/// ```
#[derive(Clone)]
pub struct SessionToken {
    id: SessionId,
    secret: Zeroizing<[u8; Self::SECRET_LENGTH]>,
}

impl SessionToken {
    pub(crate) const ID_PREFIX: &'static str = "ses_";
    const ID_RANDOM: usize = 24;
    const ID_LENGTH: usize = Self::ID_PREFIX.len() + Self::ID_RANDOM;
    const SECRET_BYTES: usize = 32;
    const SECRET_LENGTH: usize = 43;
    /// Characters of a whole token.
    pub(crate) const LENGTH: usize = Self::ID_LENGTH + 1 + Self::SECRET_LENGTH;

    /// A token nobody has seen before.
    pub(crate) fn issue(entropy: &dyn Entropy) -> Result<Self> {
        let random = random_string(entropy, ALPHANUMERIC, Self::ID_RANDOM)?;
        Self::issue_for(SessionId::from(format!("{}{random}", Self::ID_PREFIX)), entropy)
    }

    /// A new secret for a session that keeps its id.
    pub(crate) fn issue_for(id: SessionId, entropy: &dyn Entropy) -> Result<Self> {
        let mut bytes = Zeroizing::new([0_u8; Self::SECRET_BYTES]);
        entropy.fill(bytes.as_mut())?;
        let mut secret = Zeroizing::new([0_u8; Self::SECRET_LENGTH]);
        URL_SAFE_NO_PAD
            .encode_slice(bytes.as_ref(), secret.as_mut())
            .map_err(|error| Error::with_source(ErrorKind::Unknown, error))?;
        Ok(Self { id, secret })
    }

    /// Reads a token a client sent. Only the form is checked; whether it opens anything, the store knows.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidSessionId`] when it cannot be one of ours.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| Error::from(ErrorKind::InvalidSessionId))
    }

    fn read(text: &str) -> Option<Self> {
        let (id, secret) = text.split_at_checked(Self::ID_LENGTH)?;
        let random = id.strip_prefix(Self::ID_PREFIX)?;
        let secret: [u8; Self::SECRET_LENGTH] = secret.strip_prefix('.')?.as_bytes().try_into().ok()?;
        let well_formed =
            consists_of(random.as_bytes(), |byte| byte.is_ascii_alphanumeric()) && consists_of(&secret, is_base64url);
        well_formed.then(|| Self {
            id: SessionId::from(id),
            secret: Zeroizing::new(secret),
        })
    }

    /// The public half: the session's handle.
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// The whole token, to be handed to its owner and to nobody else.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut token = Zeroizing::new(String::with_capacity(Self::LENGTH));
        token.push_str(self.id.as_str());
        token.push('.');
        token.extend(self.secret.iter().copied().map(char::from));
        token
    }

    /// What the store keeps of the secret half.
    pub(crate) fn digest(&self) -> Digest {
        Digest::of(self.secret.as_ref())
    }
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() | (byte == b'-') | (byte == b'_')
}

/// Whether all bytes are such: without stopping at the first that is not, which the compiler turns into a few steps.
fn consists_of(text: &[u8], is_such: impl Fn(u8) -> bool) -> bool {
    text.iter().fold(true, |all, byte| all & is_such(*byte))
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionToken")
            .field("id", &self.id)
            .field("secret", &"[redacted]")
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entropy::OsEntropy;

    #[test]
    fn an_issued_token_reads_back() {
        let token = SessionToken::issue(&OsEntropy).unwrap();
        let text = token.expose();
        assert_eq!(text.len(), SessionToken::LENGTH);
        let read = SessionToken::parse(&text).unwrap();
        assert_eq!(read.id(), token.id());
        assert_eq!(read.digest(), token.digest());
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let token = SessionToken::issue(&OsEntropy).unwrap();
        let secret = token.expose().split_once('.').unwrap().1.to_owned();
        assert!(!format!("{token:?}").contains(&secret));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_only_accepts_what_it_would_write(text in ".{0,120}") {
            if let Ok(token) = SessionToken::parse(&text) {
                let written = token.expose();
                prop_assert_eq!(written.as_str(), text.as_str());
            }
        }

        #[test]
        fn a_changed_character_is_another_secret_or_refused(position in 0..SessionToken::LENGTH, byte in 0x20_u8..0x7f) {
            let token = SessionToken::issue(&OsEntropy).unwrap();
            let mut text = token.expose().as_bytes().to_vec();
            prop_assume!(text[position] != byte);
            text[position] = byte;
            if let Ok(read) = SessionToken::parse(&String::from_utf8(text).unwrap()) {
                prop_assert!(read.id() != token.id() || read.digest() != token.digest());
            }
        }
    }
}
