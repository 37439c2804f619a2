use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::{
    clock::Timestamp,
    entropy::Entropy,
    error::{ErrorKind, Result},
    id::SessionId,
    secret::{Digest, SessionToken},
};

/// What renews a token session: the session's id, 256 random bits, and which token came before, authenticated.
///
/// Written `rft_<id>.<secret>.<parent>.<issued>.<kid>.<mac>`. A store keeps a digest of its digest, so that neither a
/// stolen database nor a stolen access token renews anything.
#[derive(Clone)]
pub struct RefreshToken {
    text: Zeroizing<String>,
    session_id: SessionId,
    generation: Generation,
    kid: String,
    mac: [u8; 32],
}

/// Where a token stands in its session's line: digests only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Generation {
    /// The digest of its digest: what a store keeps.
    pub(crate) at_rest: Digest,
    /// What the store kept when it was made; none for the first of a session.
    pub(crate) parent: Option<Digest>,
    pub(crate) issued_at: Timestamp,
}

impl RefreshToken {
    pub(crate) const PREFIX: &'static str = "rft_";
    const MAX_LENGTH: usize = 512;

    /// A token nobody has seen before; `authenticate` answers the key's name and the code over what it is given.
    pub(crate) fn issue(
        session_id: &SessionId,
        parent: Option<Digest>,
        issued_at: Timestamp,
        entropy: &dyn Entropy,
        authenticate: impl FnOnce(&[u8]) -> (String, [u8; 32]),
    ) -> Result<Self> {
        let mut secret = Zeroizing::new([0_u8; 32]);
        entropy.fill(secret.as_mut())?;
        let random = session_id.as_str();
        let random = random.strip_prefix(SessionToken::ID_PREFIX).unwrap_or(random);
        let parent_text = parent
            .map(|digest| URL_SAFE_NO_PAD.encode(digest.as_bytes()))
            .unwrap_or_default();
        let signed = Zeroizing::new(format!(
            "{}{random}.{}.{parent_text}.{}",
            Self::PREFIX,
            URL_SAFE_NO_PAD.encode(secret.as_ref()),
            issued_at.as_unix_ms(),
        ));
        let (kid, mac) = authenticate(signed.as_bytes());
        let text = Zeroizing::new(format!("{}.{kid}.{}", signed.as_str(), URL_SAFE_NO_PAD.encode(mac)));
        Ok(Self {
            session_id: session_id.clone(),
            generation: Generation {
                at_rest: Self::digest_of(&text).again(),
                parent,
                issued_at,
            },
            kid,
            mac,
            text,
        })
    }

    /// Reads a token a client sent. Only the form is checked: whether it is ours, the key ring knows.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthorised`] when it cannot be one of ours.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| ErrorKind::Unauthorised.into())
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > Self::MAX_LENGTH {
            return None;
        }
        let mut parts = text.strip_prefix(Self::PREFIX)?.split('.');
        let mut part = || parts.next();
        let (random, secret, parent, issued_at, kid, mac) = (part()?, part()?, part()?, part()?, part()?, part()?);
        let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if part().is_some() || !is_plain(random) || bytes32(secret).is_none() {
            return None;
        }
        let parent = match parent {
            "" => None,
            parent => Some(Digest::from_stored(&bytes32(parent)?)?),
        };
        if issued_at.is_empty() || !issued_at.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            session_id: SessionId::from(format!("{}{random}", SessionToken::ID_PREFIX)),
            generation: Generation {
                at_rest: Self::digest_of(text).again(),
                parent,
                issued_at: Timestamp::from_unix_ms(issued_at.parse().ok()?),
            },
            kid: kid.to_owned(),
            mac: bytes32(mac)?,
            text: Zeroizing::new(text.to_owned()),
        })
    }

    /// Whose session it renews: the public handle.
    pub fn session_id(&self) -> &SessionId {
        &self.session_id
    }

    /// The whole token, to be handed to its owner and to nobody else.
    pub fn expose(&self) -> &str {
        &self.text
    }

    pub(crate) fn generation(&self) -> &Generation {
        &self.generation
    }

    /// What access tokens carry of it.
    pub(crate) fn digest(&self) -> Digest {
        Self::digest_of(&self.text)
    }

    fn digest_of(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    pub(crate) fn kid(&self) -> &str {
        &self.kid
    }

    /// The authenticated part and its code.
    pub(crate) fn authenticated(&self) -> (&[u8], Digest) {
        let signed = self.text.rsplitn(3, '.').nth(2).unwrap_or_default();
        (signed.as_bytes(), Digest::from(self.mac))
    }
}

/// Exactly 32 bytes, written the one way there is.
fn bytes32(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken")
            .field("session_id", &self.session_id)
            .field("secret", &"[redacted]")
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entropy::OsEntropy;

    fn issue(parent: Option<Digest>) -> RefreshToken {
        let id = SessionId::from("ses_abcdefghijklmnopqrstuvwx");
        let now = Timestamp::from_unix_ms(1_700_000_000_000);
        RefreshToken::issue(&id, parent, now, &OsEntropy, |_| ("k1".to_owned(), [7; 32])).unwrap()
    }

    #[test]
    fn an_issued_token_reads_back() {
        for parent in [None, Some(Digest::of(b"parent"))] {
            let token = issue(parent);
            let read = RefreshToken::parse(token.expose()).unwrap();
            assert_eq!(read.session_id(), token.session_id());
            assert_eq!(read.generation(), token.generation());
            assert_eq!(read.kid(), "k1");
            assert_eq!(read.authenticated(), token.authenticated());
            assert_eq!(read.generation().parent, parent);
        }
    }

    #[test]
    fn debug_does_not_show_the_secret() {
        let token = issue(None);
        let secret = token.expose().split('.').nth(1).unwrap();
        assert!(!format!("{token:?}").contains(secret));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "(rft_)?[ -~]{0,300}") {
            let _ = RefreshToken::parse(&text);
        }

        #[test]
        fn a_changed_character_is_another_token_or_refused(position in 0_usize..170, byte in 0x20_u8..0x7f) {
            let token = issue(Some(Digest::of(b"parent")));
            let mut text = token.expose().as_bytes().to_vec();
            prop_assume!(position < text.len() && text[position] != byte);
            text[position] = byte;
            if let Ok(read) = RefreshToken::parse(&String::from_utf8(text).unwrap()) {
                prop_assert!(read.generation().at_rest != token.generation().at_rest);
            }
        }
    }
}
