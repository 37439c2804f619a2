//! Proof that somebody has just shown who they are.

use std::fmt;

use crate::{
    clock::Timestamp,
    id::{KeyId, UserId},
    model::{KeyRecord, User},
};

/// A session opens for a proof, never for a user: only a function that verified something can make one.
///
/// ```compile_fail
/// # fn forge(user: auth_core::User) -> auth_core::Proof {
/// auth_core::Proof { user, method: "password", at: auth_core::Timestamp::default() }
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a proof opens a session with `Auth::create_session`"]
pub struct Proof {
    user: User,
    method: &'static str,
    at: Timestamp,
    password_changes: Option<PasswordChanges>,
}

/// The keys of an account that have a password, and when each was last changed.
pub(crate) type PasswordChanges = Vec<(KeyId, Timestamp)>;

/// Those of these keys, in an order of its own: stores have others.
pub(crate) fn password_changes(keys: Vec<KeyRecord>) -> PasswordChanges {
    let with_password = keys.into_iter().filter(|key| key.hashed_password.is_some());
    let mut changes: PasswordChanges = with_password.map(|key| (key.id, key.updated_at)).collect();
    changes.sort();
    changes
}

impl Proof {
    pub(crate) fn new(user: User, method: &'static str, at: Timestamp) -> Self {
        Self {
            user,
            method,
            at,
            password_changes: None,
        }
    }

    /// A proof that is good as long as no password has changed since.
    pub(crate) fn since(mut self, changes: PasswordChanges) -> Self {
        self.password_changes = Some(changes);
        self
    }

    pub(crate) fn password_changes(&self) -> Option<&PasswordChanges> {
        self.password_changes.as_ref()
    }

    /// Who it was.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// Whose session it opens.
    pub fn user_id(&self) -> &UserId {
        &self.user.id
    }

    /// How it was shown: `password`, `otp`, …
    pub fn method(&self) -> &'static str {
        self.method
    }

    /// When it was shown.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// The user, giving up the proof.
    pub fn into_user(self) -> User {
        self.user
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof")
            .field("user_id", &self.user.id)
            .field("method", &self.method)
            .field("at", &self.at)
            .finish()
    }
}
