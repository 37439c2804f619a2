use super::service::leads_to;
use crate::{
    auth::Auth,
    error::Result,
    id::UserId,
    model::{OneTimeToken, Purpose},
};

/// A change of address or number that is not complete.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PendingChange {
    /// The address or number to be.
    pub new_address: String,
    /// The addresses or numbers that have not answered yet: the new one, and the one it replaces where that has to agree.
    pub waits_for: Vec<String>,
    /// Whether it is a phone number.
    pub is_phone: bool,
}

impl Auth {
    /// The changes of address or number that a user has asked for and that wait for an answer, to show them.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed).
    pub async fn get_pending_changes(&self, user_id: &UserId) -> Result<Vec<PendingChange>> {
        let mut tokens = self.inner.adapter.get_tokens_by_user_id(user_id).await?;
        tokens.retain(|token| self.now() <= token.expires());
        let of = |purposes: &[Purpose]| -> Option<PendingChange> {
            // The new address before the old one, in the order they are named.
            let there = purposes
                .iter()
                .filter_map(|purpose| tokens.iter().find(|token| token.purpose == *purpose));
            let there: Vec<&OneTimeToken> = there.collect();
            Some(PendingChange {
                new_address: leads_to(there.first()?)?.to_owned(),
                waits_for: there.iter().map(|token| token.sent_to.clone()).collect(),
                is_phone: there.iter().all(|token| token.purpose == Purpose::PhoneChange),
            })
        };
        let changes = [
            of(&[Purpose::EmailChange, Purpose::EmailChangeCurrent]),
            of(&[Purpose::PhoneChange]),
        ];
        Ok(changes.into_iter().flatten().collect())
    }
}
