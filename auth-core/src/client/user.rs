use serde::{Deserialize, Serialize};

use super::{
    Extra,
    wire::{moment, or_default},
};
use crate::{clock::Timestamp, model::JsonObject};

/// A user, as servers of GoTrue's kind describe one.
///
/// ```
/// use auth_core::client::GoTrueUser;
///
/// let user: GoTrueUser = serde_json::from_str(
///     r#"{"id":"u1","email":"ada@example.com","user_metadata":{"name":"Ada"},"created_at":"2021-11-08T12:00:00.5Z"}"#,
/// ).unwrap();
/// assert_eq!(user.user_metadata["name"], "Ada");
/// assert_eq!(user.created_at.unwrap().as_unix_ms(), 1_636_372_800_500);
/// assert!(!user.is_confirmed());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GoTrueUser {
    /// Who it is, for ever.
    pub id: String,
    /// For which application.
    #[serde(default, deserialize_with = "or_default")]
    pub aud: String,
    /// What the user may do, in a word; `service_role` administers.
    #[serde(default, deserialize_with = "or_default")]
    pub role: String,
    /// The e-mail address; missing or empty when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The phone number; missing or empty when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// When the address was proven.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub email_confirmed_at: Option<Timestamp>,
    /// When the number was proven.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub phone_confirmed_at: Option<Timestamp>,
    /// When the first of them was.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Timestamp>,
    /// When a confirmation was last sent.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub confirmation_sent_at: Option<Timestamp>,
    /// When a recovery was last sent.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub recovery_sent_at: Option<Timestamp>,
    /// When the user was invited.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub invited_at: Option<Timestamp>,
    /// The address that waits to be proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_email: Option<String>,
    /// The number that waits to be proven.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_phone: Option<String>,
    /// When the mail about it was sent.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub email_change_sent_at: Option<Timestamp>,
    /// When the user last signed in.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub last_sign_in_at: Option<Timestamp>,
    /// Until when the user may not sign in.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub banned_until: Option<Timestamp>,
    /// What the application says about the user.
    #[serde(default, deserialize_with = "or_default")]
    pub app_metadata: JsonObject,
    /// What the user says; not to be trusted.
    #[serde(default, deserialize_with = "or_default")]
    pub user_metadata: JsonObject,
    /// The ways the user signs in. Listings of some servers leave them out.
    #[serde(default, deserialize_with = "or_default")]
    pub identities: Vec<GoTrueIdentity>,
    /// Whether nobody knows who it is.
    #[serde(default, deserialize_with = "or_default")]
    pub is_anonymous: bool,
    /// Since when there is this user.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When something last changed.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Whatever else the server said.
    #[serde(flatten)]
    pub extra: Extra,
}

impl GoTrueUser {
    /// Whether an address or a number was proven.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed_at.is_some() || self.email_confirmed_at.is_some() || self.phone_confirmed_at.is_some()
    }
}

/// One way a user signs in.
///
/// ```
/// use auth_core::client::GoTrueIdentity;
///
/// let identity: GoTrueIdentity = serde_json::from_str(r#"{"id":"7","user_id":"u1","provider":"github"}"#).unwrap();
/// assert_eq!(identity.provider, "github");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GoTrueIdentity {
    /// This identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_id: Option<String>,
    /// The user's id at the provider.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// Who vouches: `email`, `phone`, `github` and so on.
    pub provider: String,
    /// What the provider says.
    #[serde(default, deserialize_with = "or_default")]
    pub identity_data: JsonObject,
    /// When it was last used.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub last_sign_in_at: Option<Timestamp>,
    /// Since when it is there.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// When something last changed.
    #[serde(default, with = "moment", skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// Whatever else the server said.
    #[serde(flatten)]
    pub extra: Extra,
}
