use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{
    clock::Timestamp,
    entropy::{ALPHANUMERIC, Entropy, random_string},
    error::{Error, ErrorKind, Result},
    id::UserId,
    model::{JsonObject, OutboxMessage},
    secret::{Secret, open, seal},
};

/// What a flow asks to be sent, before it is a mail or a text message. It becomes one when it is sent, so that the words are
/// those of the process that sends it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Letter {
    pub(crate) kind: LetterKind,
    /// The address, or the number without its plus sign.
    pub(crate) to: String,
    pub(crate) user_id: Option<UserId>,
    pub(crate) locale: Option<String>,
    /// The whole URL.
    pub(crate) link: Option<String>,
    /// Where a new password is chosen, in a notice that offers it beside `link`.
    pub(crate) recovery_link: Option<String>,
    pub(crate) code: Option<String>,
    /// The account's address.
    pub(crate) email: Option<String>,
    pub(crate) new_email: Option<String>,
    pub(crate) old_email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) old_phone: Option<String>,
    /// How long the code is good.
    pub(crate) minutes: Option<u64>,
    /// How long the link is good.
    pub(crate) link_minutes: Option<u64>,
    pub(crate) redirect_to: Option<String>,
    /// The account's `user_metadata`.
    pub(crate) data: JsonObject,
}

impl Letter {
    /// A letter of this kind to this address or number.
    pub(crate) fn new(kind: LetterKind, to: impl Into<String>) -> Self {
        Self {
            kind,
            to: to.into(),
            ..Self::default()
        }
    }

    /// The row of the outbox, due at once.
    pub(crate) fn into_message(
        self,
        secret: &Secret,
        entropy: &dyn Entropy,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<OutboxMessage> {
        let id = random_string(entropy, ALPHANUMERIC, ID_LENGTH)?;
        let failed = |error| Error::with_source(ErrorKind::Unknown, error);
        let mut plain = Zeroizing::new(serde_json::to_vec(&self).map_err(failed)?);
        // White space after a JSON text is part of it. How long a letter is shall not say what it is.
        let padded = plain.len().next_multiple_of(PADDED);
        plain.resize(padded, b' ');
        let sealed = seal(secret, PURPOSE, id.as_bytes(), &plain, entropy)?;
        Ok(OutboxMessage {
            id,
            sealed,
            attempts: 0,
            due_at: now,
            expires,
            created_at: now,
        })
    }

    /// Reads a row with the first secret that opens it; `None` when none does.
    pub(crate) fn open(message: &OutboxMessage, secrets: &[Secret]) -> Option<Self> {
        let plain = open(secrets, PURPOSE, message.id.as_bytes(), &message.sealed)?;
        serde_json::from_slice(&plain).ok()
    }
}

/// Links, codes and what people say about themselves.
impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

const PURPOSE: &str = "outbox encryption";
const ID_LENGTH: usize = 24;
const PADDED: usize = 1024;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident => $word:literal by $channel:ident,)+) => {
        /// What a letter is about.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub(crate) enum LetterKind {
            $($(#[$doc])* #[serde(rename = $word)] $name,)+
            /// Nothing is sent. Whoever asks about an address nobody has causes the same row as others.
            #[default]
            #[serde(rename = "nothing")]
            Nothing,
        }

        impl LetterKind {
            /// Those that are sent.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable word: the name of its templates.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                    Self::Nothing => "nothing",
                }
            }

            pub(crate) const fn channel(self) -> Option<Channel> {
                match self {
                    $(Self::$name => Some(Channel::$channel),)+
                    Self::Nothing => None,
                }
            }
        }
    };
}

kinds! {
    /// Proves the address of a new account.
    Confirmation => "confirmation" by Mail,
    /// Signs in.
    MagicLink => "magic_link" by Mail,
    /// Leads to a new password.
    Recovery => "recovery" by Mail,
    /// Invites.
    Invite => "invite" by Mail,
    /// Proves a new address; to that one.
    EmailChange => "email_change" by Mail,
    /// Asks whether the address may change; to the present one.
    EmailChangeCurrent => "email_change_current" by Mail,
    /// Shows who is asking.
    Reauthentication => "reauthentication" by Mail,
    /// Somebody signed up with an address that has an account.
    AccountExists => "account_exists" by Mail,
    /// The password was changed.
    PasswordChanged => "password_changed" by Mail,
    /// The address was changed; to the one before.
    EmailChanged => "email_changed" by Mail,
    /// The number was changed.
    PhoneChanged => "phone_changed" by Mail,
    /// Signs in, or proves the number of a new account without a password.
    Code => "sms" by Sms,
    /// Proves the number of a new account with a password.
    SignUpCode => "sms_sign_up" by Sms,
    /// Proves a new number.
    PhoneChangeCode => "phone_change" by Sms,
    /// Shows who is asking.
    ReauthenticationCode => "reauthentication_sms" by Sms,
}

impl LetterKind {
    /// The kind with this word, of those that are sent.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

/// How a letter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Mail,
    Sms,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::OsEntropy;

    fn letter() -> Letter {
        Letter {
            link: Some("https://example.com/verify?token=SECRETLINK".to_owned()),
            code: Some("123456".to_owned()),
            ..Letter::new(LetterKind::MagicLink, "ada@example.com")
        }
    }

    fn message(letter: Letter, secret: &Secret) -> OutboxMessage {
        let now = Timestamp::from_unix_ms(0);
        letter.into_message(secret, &OsEntropy, now, now).unwrap()
    }

    #[test]
    fn a_letter_reads_back_with_its_secret_or_a_previous_one() {
        let (old, new) = (Secret::new([1; 32]), Secret::new([2; 32]));
        let message = message(letter(), &old);
        assert!(Letter::open(&message, &[new.clone(), old]).unwrap() == letter());
        assert!(Letter::open(&message, &[new]).is_none());
    }

    #[test]
    fn it_is_bound_to_its_row() {
        let secret = Secret::new([1; 32]);
        let mut moved = message(letter(), &secret);
        moved.id = "another".to_owned();
        assert!(Letter::open(&moved, &[secret]).is_none());
    }

    #[test]
    fn a_decoy_is_as_long_as_a_letter() {
        let secret = Secret::new([1; 32]);
        let decoy = message(Letter::new(LetterKind::Nothing, "ada@example.com"), &secret);
        assert_eq!(decoy.sealed.len(), message(letter(), &secret).sealed.len());
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        let shown = format!("{:?}", letter());
        assert!(!shown.contains("SECRETLINK") && !shown.contains("123456") && !shown.contains("ada"));
    }

    #[test]
    fn words_are_unique_and_read_back() {
        for &kind in LetterKind::ALL {
            assert_eq!(LetterKind::from_word(kind.as_str()), Some(kind));
            assert!(kind.channel().is_some());
        }
        assert_eq!(LetterKind::from_word("nothing"), None);
    }
}
