use std::fmt;

use serde_json::Value;

use crate::{clock::Timestamp, id::UserId, model::JsonObject, secret::Digest};

macro_rules! purposes {
    ($($(#[$doc:meta])* $name:ident => $word:literal,)+) => {
        /// What a one-time token is good for, and for nothing else.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Purpose {
            $($(#[$doc])* #[doc = concat!("\n\nWord `", $word, "`.")] $name,)+
        }

        impl Purpose {
            /// All purposes.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The stable word, GoTrue's where it has one.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

purposes! {
    /// To exchange a code in a redirect for a session (PKCE, RFC 7636).
    AuthCode => "auth_code",
    /// To prove the address of a new account.
    Confirmation => "signup",
    /// To prove a new address; sent to that one.
    EmailChange => "email_change",
    /// To agree to a new address; sent to the one it replaces.
    EmailChangeCurrent => "email_change_current",
    /// To follow an invitation.
    Invite => "invite",
    /// To sign in by a mailed link or code.
    MagicLink => "magiclink",
    /// To prove a new number.
    PhoneChange => "phone_change",
    /// To show again who is asking before something grave.
    Reauthentication => "reauthentication",
    /// To choose a new password.
    Recovery => "recovery",
    /// To sign in by a code in a text message, or to prove the number of a new account.
    Sms => "sms",
}

impl Purpose {
    /// The purpose with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|purpose| purpose.as_str() == word)
    }

    /// Whether it is about an address or number that is to be another.
    pub(crate) fn is_change(self) -> bool {
        matches!(self, Self::EmailChange | Self::EmailChangeCurrent | Self::PhoneChange)
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A link or code that works once, as stored: digests only.
///
/// Its id names the user and the purpose, so that a new one takes the place of the one before it.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct OneTimeToken {
    /// The id: what is stored under it is replaced.
    pub id: String,
    /// Whose token it is; it goes with the user.
    pub user_id: UserId,
    /// What it is good for.
    pub purpose: Purpose,
    /// The address or number it was sent to.
    pub sent_to: String,
    /// Digest of the link's secret; unique.
    pub link_digest: Digest,
    /// Keyed digest of the code, where there is one.
    pub code_digest: Option<Digest>,
    /// Digest of what the browser that asked for the code holds; a code is good there and nowhere else.
    pub browser_digest: Option<Digest>,
    /// Codes that were tried.
    pub attempts: u32,
    /// What belongs to this purpose.
    pub data: JsonObject,
    /// When the link ends.
    pub link_expires: Timestamp,
    /// When the code ends.
    pub code_expires: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

impl OneTimeToken {
    /// The id of the one token that a user has for a purpose.
    pub fn slot(purpose: Purpose, user_id: &UserId) -> String {
        format!("{purpose}:{user_id}")
    }

    /// What [`data`](Self::data) has under a name, if it is text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name)?.as_str()
    }

    /// Whether [`data`](Self::data) has a yes under a name.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.data.get(name).and_then(Value::as_bool) == Some(true)
    }

    /// When nothing of it is good any more.
    pub fn expires(&self) -> Timestamp {
        self.link_expires.max(self.code_expires)
    }
}
