use async_trait::async_trait;

use super::Store;
use crate::{error::Result, model::SigningKeyRecord};

/// The keys that sign tokens; only the token strategy asks for them.
#[async_trait]
pub trait SigningKeyAdapter: Store {
    /// All keys, oldest first.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_signing_keys(&self) -> Result<Vec<SigningKeyRecord>>;

    /// Inserts a key, and answers whether its generation was free: of any number of racers exactly one hears `true`.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn set_signing_key(&self, key: &SigningKeyRecord) -> Result<bool>;

    /// Removes the keys up to and including this generation.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_signing_keys(&self, up_to: i64) -> Result<()>;
}
