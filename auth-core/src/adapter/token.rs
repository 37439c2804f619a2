use async_trait::async_trait;

use super::Store;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{KeyId, UserId},
    model::{KeyRecord, OneTimeToken, OutboxMessage, User, UserPatch},
    secret::{Digest, HashedPassword},
};

/// One part of an act of [`TokenAdapter::commit`].
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "adding a part is a change for every store")]
pub enum Act {
    /// Inserts a user, and the key if there is one; as [`UserAdapter::set_user`](super::UserAdapter::set_user).
    SetUser(Box<User>, Option<KeyRecord>),
    /// Changes the given columns of a user, who must be there.
    UpdateUser(UserId, Box<UserPatch>),
    /// Inserts a key.
    SetKey(KeyRecord),
    /// Gives a key of this user, which must be there, a new id.
    RenameKey(UserId, KeyId, KeyId, Timestamp),
    /// Sets or removes the password on this key, which must be there.
    SetPassword(KeyId, Option<HashedPassword>, Timestamp),
    /// Removes all keys of a user but this one.
    DeleteOtherKeys(UserId, Option<KeyId>),
    /// Stores a token in the place of one with the same id. Its link is no other's: of two that store the same one at once, one
    /// may be refused.
    SetToken(OneTimeToken),
    /// Removes the token with this id and this link digest, which must be there: of all racers one gets it.
    TakeToken(String, Digest),
    /// Removes all tokens of a user.
    DeleteTokens(UserId),
    /// Puts a message into the outbox.
    Send(OutboxMessage),
}

/// One-time tokens, and everything that has to happen together with them.
///
/// A code or link is worth nothing to whoever reads the store, and works once: taking it, and what it was taken for, are
/// one act; so are making it and putting the message that carries it into the outbox.
#[async_trait]
pub trait TokenAdapter: Store {
    /// Does all of it or nothing, in this order.
    ///
    /// # Errors
    /// `AUTH_OTP_EXPIRED` when a token to be taken is not there, `AUTH_DUPLICATE_KEY_ID` when a key's id is taken,
    /// `AUTH_INVALID_KEY_ID` when a key is not there, `AUTH_INVALID_USER_ID` when a user is not there,
    /// `AUTH_DUPLICATE_USER_DATA` when a unique attribute clashes, `DATABASE_UPDATE_FAILED`.
    async fn commit(&self, acts: &[Act]) -> Result<()>;

    /// Counts a try at the code of this token, and answers the token as it is then; `None` when there is none, when its
    /// code is over, when it is another browser's (`browser` must equal a stored browser digest), or when `max` codes have
    /// been tried before: then nothing is counted. One act: of any number of racers at most `max` hear of a token.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn count_try(
        &self,
        id: &str,
        browser: Option<&Digest>,
        max: u32,
        now: Timestamp,
    ) -> Result<Option<OneTimeToken>>;

    /// The token whose link has this digest.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_token_by_link(&self, link: &Digest) -> Result<Option<OneTimeToken>>;

    /// All tokens of a user, expired ones too.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_tokens_by_user_id(&self, user_id: &UserId) -> Result<Vec<OneTimeToken>>;

    /// All tokens that were sent to this address or number, expired ones too.
    ///
    /// # Errors
    /// `DATABASE_FETCH_FAILED`.
    async fn get_tokens_by_address(&self, sent_to: &str) -> Result<Vec<OneTimeToken>>;

    /// Removes the tokens of which nothing is good any more, and answers how many they were.
    ///
    /// # Errors
    /// `DATABASE_UPDATE_FAILED`.
    async fn delete_expired_tokens(&self, now: Timestamp) -> Result<u64>;
}
