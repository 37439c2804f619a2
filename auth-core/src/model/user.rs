use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    clock::Timestamp,
    error::Result,
    id::UserId,
    model::{Attributes, JsonObject, KeyRecord},
};

/// A user, as stored and as handed to handlers; passwords live on keys, so there is none to leak here.
#[derive(Clone, Debug, PartialEq)]
#[doc(alias = "UserSchema")]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct User {
    /// The id.
    pub id: UserId,
    /// The e-mail address in canonical form.
    pub email: Option<String>,
    /// The phone number in E.164 form without the plus sign.
    pub phone: Option<String>,
    /// When the address was proven.
    pub email_confirmed_at: Option<Timestamp>,
    /// When the number was proven.
    pub phone_confirmed_at: Option<Timestamp>,
    /// The role, `authenticated` unless the application sets another.
    pub role: String,
    /// What the application notes about the user; users cannot write it.
    pub app_metadata: JsonObject,
    /// What the user notes about themselves.
    pub user_metadata: JsonObject,
    /// Whether the account has no way to sign in again.
    pub is_anonymous: bool,
    /// Until when the user is shut out.
    pub banned_until: Option<Timestamp>,
    /// The last sign-in.
    pub last_sign_in_at: Option<Timestamp>,
    /// When the account was given up: the row stays, nothing personal does.
    pub deleted_at: Option<Timestamp>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the account was last changed.
    pub updated_at: Timestamp,
    /// The declared attributes.
    pub attributes: Attributes,
}

/// Which users are asked for, newest first unless said otherwise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "adding a condition is a change for every store"
)]
pub struct UserQuery {
    /// Whose address or number contains this text, in lower case; `%` and `_` mean themselves.
    pub filter: Option<String>,
    /// Oldest first.
    pub oldest_first: bool,
    /// Only those who come after this moment and id in the order asked for: where the last page ended, whoever came or went
    /// since.
    pub after: Option<(Timestamp, UserId)>,
    /// How many of these to skip.
    pub offset: u64,
    /// At most so many.
    pub limit: u32,
}

impl UserQuery {
    /// Whether a user is one of those asked for, wherever the listing goes on from.
    pub fn matches(&self, user: &User) -> bool {
        let Some(filter) = &self.filter else { return true };
        let found = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(filter.as_str()));
        found(&user.email) || found(&user.phone)
    }

    /// Whether a user comes after the one that the listing goes on from.
    pub fn goes_on_to(&self, user: &User) -> bool {
        self.after.as_ref().is_none_or(|(moment, id)| {
            let order = (user.created_at, &user.id).cmp(&(*moment, id));
            if self.oldest_first {
                order.is_gt()
            } else {
                order.is_lt()
            }
        })
    }
}

/// The member of [`User::app_metadata`] that says somebody else chose the password, and knows it.
pub(crate) const MUST_CHANGE_PASSWORD: &str = "must_change_password";

/// The member of [`User::app_metadata`] that says an administrator wrote what is known of somebody who has proven nothing yet.
pub(crate) const MADE_BY_ADMINISTRATOR: &str = "made_by_administrator";

impl UserPatch {
    /// Once an address is proven, the account is its owner's, whoever made it.
    pub(crate) fn forget_maker(&mut self, user: &User) {
        let notes = self.app_metadata.as_ref().unwrap_or(&user.app_metadata);
        if notes.contains_key(MADE_BY_ADMINISTRATOR) {
            let mut notes = notes.clone();
            notes.remove(MADE_BY_ADMINISTRATOR);
            self.app_metadata = Some(notes);
        }
    }
}

impl User {
    /// The role of a user nobody gave another.
    pub const DEFAULT_ROLE: &'static str = "authenticated";

    /// A user without address, metadata or attributes.
    pub fn new(id: UserId, now: Timestamp) -> Self {
        Self {
            id,
            email: None,
            phone: None,
            email_confirmed_at: None,
            phone_confirmed_at: None,
            role: Self::DEFAULT_ROLE.to_owned(),
            app_metadata: JsonObject::new(),
            user_metadata: JsonObject::new(),
            is_anonymous: false,
            banned_until: None,
            last_sign_in_at: None,
            deleted_at: None,
            created_at: now,
            updated_at: now,
            attributes: Attributes::new(),
        }
    }

    /// The application's notes, and how the user signs in: GoTrue's `provider` and `providers`.
    pub(crate) fn app_metadata_with(&self, keys: &[KeyRecord]) -> JsonObject {
        let mut notes = self.app_metadata.clone();
        let lasting = keys.iter().filter(|key| key.expires.is_none());
        let mut providers: Vec<_> = lasting.map(|key| key.id.provider()).collect();
        providers.dedup();
        if let Some(first) = providers.first() {
            notes.insert("provider".to_owned(), Value::from(*first));
            notes.insert("providers".to_owned(), Value::from(providers));
        }
        notes
    }

    /// The declared attributes as a type of the application's.
    ///
    /// # Errors
    /// As [`Attributes::read`].
    pub fn attributes<T: DeserializeOwned>(&self) -> Result<T> {
        self.attributes.read()
    }

    /// Whether the user is shut out now.
    pub fn is_banned(&self, now: Timestamp) -> bool {
        self.banned_until.is_some_and(|until| now < until)
    }
}

/// The columns of a user to change; `None` leaves a column as it is.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct UserPatch {
    /// New address, or `Some(None)` to remove it.
    pub email: Option<Option<String>>,
    /// New number, or `Some(None)` to remove it.
    pub phone: Option<Option<String>>,
    /// New time of proof.
    pub email_confirmed_at: Option<Option<Timestamp>>,
    /// New time of proof.
    pub phone_confirmed_at: Option<Option<Timestamp>>,
    /// New role.
    pub role: Option<String>,
    /// New metadata, whole.
    pub app_metadata: Option<JsonObject>,
    /// New metadata, whole.
    pub user_metadata: Option<JsonObject>,
    /// New value.
    pub is_anonymous: Option<bool>,
    /// New end of a ban, or `Some(None)` to lift it.
    pub banned_until: Option<Option<Timestamp>>,
    /// New time of sign-in.
    pub last_sign_in_at: Option<Option<Timestamp>>,
    /// When the account was given up.
    pub deleted_at: Option<Option<Timestamp>>,
    /// When this change was made.
    pub updated_at: Option<Timestamp>,
    /// The attributes to change; the others stay.
    pub attributes: Attributes,
}

impl UserPatch {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Changes the given columns of a user in memory.
    pub fn apply(&self, user: &mut User) {
        macro_rules! apply {
            ($($column:ident),+) => {$(
                if let Some(value) = &self.$column {
                    user.$column = value.clone();
                }
            )+};
        }
        apply!(
            email,
            phone,
            email_confirmed_at,
            phone_confirmed_at,
            role,
            app_metadata,
            user_metadata,
            is_anonymous,
            banned_until,
            last_sign_in_at,
            deleted_at,
            updated_at
        );
        user.attributes.merge(&self.attributes);
    }
}
