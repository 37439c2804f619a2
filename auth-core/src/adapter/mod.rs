//! The ports to the store: what an adapter must do, method by method.
//!
//! The names and rules are those of the adapter contract of seed 002, and beyond it each multi-step act is **one**
//! method: a read followed by a write would let two requests win the same race. Everything that depends on expiry
//! takes `now`. [`conformance`](crate::testing::conformance) proves an adapter.
//!
//! # Errors
//! An adapter answers the codes its methods name ([`ErrorKind::DuplicateKeyId`](crate::ErrorKind::DuplicateKeyId),
//! …) and wraps everything else with [`Error::fetch_failed`](crate::Error::fetch_failed) or
//! [`Error::update_failed`](crate::Error::update_failed), the driver's error kept as source.

mod account;
mod attempt;
mod delegate;
mod event;
mod invalidations;
mod migration;
mod outbox;
mod recent;
mod schema;
mod session;
mod signing_key;
mod split;
mod store;
mod token;
mod user;

use std::sync::Arc;

use async_trait::async_trait;

pub use account::AccountAdapter;
pub use attempt::AttemptAdapter;
pub(crate) use delegate::{delegate_beside_users, delegate_sessions, delegate_store, delegate_users};
pub use event::EventAdapter;
pub use invalidations::{Invalidation, InvalidationSink, Invalidations};
pub use migration::{Migration, MigrationPlan};
pub use outbox::OutboxAdapter;
pub use recent::Recent;
pub(crate) use recent::shared;
pub use schema::Schema;
pub use session::SessionAdapter;
pub use signing_key::SigningKeyAdapter;
pub use split::SplitAdapter;
pub use store::Store;
pub use token::{Act, TokenAdapter};
pub use user::UserAdapter;

use crate::{
    error::Result,
    id::SessionId,
    model::{SessionRecord, SharedSession, User},
};

/// A whole store: accounts, sessions and attempts.
#[async_trait]
pub trait Adapter: AccountAdapter + SessionAdapter + AttemptAdapter {
    /// The session and the user it belongs to, `None` when either is missing.
    ///
    /// The default asks twice; override it where one query can join. Suite: `get_session_and_user_*`.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed).
    async fn get_session_and_user(&self, session_id: &SessionId) -> Result<Option<(SessionRecord, User)>> {
        let Some(session) = self.get_session(session_id).await? else {
            return Ok(None);
        };
        let user = self.get_user(&session.user_id).await?;
        Ok(user.map(|user| (session, user)))
    }

    /// As [`SessionAdapter::get_session`], and may be answered from a cache or a replica.
    ///
    /// Only a **yes** is ever taken from an answer that may be old: an active session which the presented secret opens.
    /// Whatever else it seems to say (a wrong secret, an idle session, a dead one, none) is asked again with
    /// [`SessionAdapter::get_session`], which always asks the store. A store that answers for itself keeps the default; one
    /// that has its rows in memory can share them instead of copying.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed).
    async fn get_recent_session(&self, session_id: &SessionId) -> Result<Recent<Arc<SharedSession>>> {
        let found = self.get_session(session_id).await?;
        Ok(Recent::Current(found.map(SharedSession::new)))
    }

    /// As [`Adapter::get_session_and_user`], and may be answered from a cache or a replica; see
    /// [`Adapter::get_recent_session`]. Suite: `at33`, `at34`.
    ///
    /// # Errors
    /// [`ErrorKind::DatabaseFetchFailed`](crate::ErrorKind::DatabaseFetchFailed).
    async fn get_recent_session_and_user(
        &self,
        session_id: &SessionId,
    ) -> Result<Recent<(Arc<SharedSession>, Arc<User>)>> {
        let found = self.get_session_and_user(session_id).await?;
        Ok(Recent::Current(found.map(shared)))
    }
}
