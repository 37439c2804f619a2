use std::net::IpAddr;

use crate::{
    clock::Timestamp,
    id::{SessionId, UserId},
};

/// An event, as stored. It stays when its user goes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "adding a column is a change for every store")]
pub struct EventRecord {
    /// The id, at most 64 characters; later events have greater ones.
    pub id: String,
    /// The stable word of the kind, at most 64 characters.
    pub kind: String,
    /// When it happened.
    pub at: Timestamp,
    /// To whom.
    pub user_id: Option<UserId>,
    /// In which session.
    pub session_id: Option<SessionId>,
    /// A keyed digest of the account that was tried, when that is all that is known.
    pub account: Option<String>,
    /// From which address.
    pub ip: Option<IpAddr>,
    /// With which browser.
    pub user_agent: Option<String>,
    /// A word on the circumstances.
    pub reason: Option<String>,
    /// Who did it: the id of a user, or the role of a program that administrates. At most 512 characters.
    pub actor: Option<String>,
}

/// Which events are asked for; newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "adding a condition is a change for every store"
)]
pub struct EventQuery {
    /// Of this user.
    pub user_id: Option<UserId>,
    /// Done by this actor.
    pub actor: Option<String>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Only those older than the event with this id.
    pub before: Option<String>,
    /// At most so many.
    pub limit: u32,
}
