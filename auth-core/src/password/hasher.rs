use crate::{
    error::Result,
    secret::{HashedPassword, Password},
};

/// Hashes and verifies passwords. The default is argon2id, which also verifies the formats of other libraries; an
/// application can bring its own, which then serves everywhere.
///
/// Called on the threads of the hashing pool, never on an async worker, so it may take its time.
pub trait PasswordHasher: Send + Sync + 'static {
    /// A new hash, with a salt of its own.
    ///
    /// # Errors
    /// When no hash can be made.
    fn hash(&self, password: &Password) -> Result<HashedPassword>;

    /// Checks a password against a stored hash, in constant time.
    ///
    /// # Errors
    /// [`ErrorKind::OutdatedPassword`](crate::ErrorKind::OutdatedPassword) when the stored hash is in no known format
    /// or its parameters are out of bounds.
    fn verify(&self, password: &Password, stored: &HashedPassword) -> Result<Verified>;
}

/// What a check of a password found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are these three")]
pub enum Verified {
    /// It is another password.
    No,
    /// It is the password, and its hash should be replaced by a new one.
    Outdated,
    /// It is the password.
    Yes,
}
