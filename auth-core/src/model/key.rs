use crate::{
    clock::Timestamp,
    id::{KeyId, UserId},
    secret::HashedPassword,
};

/// A way to sign in, as stored: who, through which provider, with which password hash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "KeySchema")]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct KeyRecord {
    /// `provider:provider_user_id`.
    pub id: KeyId,
    /// Whose key it is.
    pub user_id: UserId,
    /// The password's hash; `None` for a key that has no password.
    pub hashed_password: Option<HashedPassword>,
    /// Whether the key was made with the user and only goes with the user.
    pub primary: bool,
    /// When a single-use key ends; `None` for a key that stays.
    pub expires: Option<Timestamp>,
    /// When the key was made.
    pub created_at: Timestamp,
    /// When the key was last changed.
    pub updated_at: Timestamp,
}

impl KeyRecord {
    /// Whether the key's time is over. The moment of expiry itself still counts as alive.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| now > expires)
    }

    /// The key without its hash.
    pub fn to_key(&self) -> Key {
        Key {
            id: self.id.clone(),
            user_id: self.user_id.clone(),
            has_password: self.hashed_password.is_some(),
            primary: self.primary,
            expires: self.expires,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// The columns of a key to change; `None` leaves a column as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct KeyPatch {
    /// New hash, or `Some(None)` to remove it.
    pub hashed_password: Option<Option<HashedPassword>>,
    /// New end, or `Some(None)` to let the key stay.
    pub expires: Option<Option<Timestamp>>,
    /// When this change was made.
    pub updated_at: Option<Timestamp>,
}

impl KeyPatch {
    /// Whether nothing is to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Changes the given columns of a key in memory.
    pub fn apply(&self, key: &mut KeyRecord) {
        if let Some(hash) = &self.hashed_password {
            key.hashed_password.clone_from(hash);
        }
        if let Some(expires) = self.expires {
            key.expires = expires;
        }
        if let Some(updated_at) = self.updated_at {
            key.updated_at = updated_at;
        }
    }
}

/// A way to sign in, as the application sees it: without the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Key {
    /// `provider:provider_user_id`.
    pub id: KeyId,
    /// Whose key it is.
    pub user_id: UserId,
    /// Whether the key asks for a password.
    pub has_password: bool,
    /// Whether the key was made with the user and only goes with the user.
    pub primary: bool,
    /// When a single-use key ends; `None` for a key that stays.
    pub expires: Option<Timestamp>,
    /// When the key was made.
    pub created_at: Timestamp,
    /// When the key was last changed.
    pub updated_at: Timestamp,
}

impl Key {
    /// Whether its time is over. A key that stays never is.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|end| now > end)
    }
}
