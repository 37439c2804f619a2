use super::{EventAdapter, OutboxAdapter, SigningKeyAdapter, TokenAdapter, UserAdapter};

/// Everything but sessions and attempts: users and keys, one-time tokens and the outbox, events, signing keys. What has
/// to be written in one act is in here together.
pub trait AccountAdapter: UserAdapter + TokenAdapter + OutboxAdapter + EventAdapter + SigningKeyAdapter {}

impl<A: UserAdapter + TokenAdapter + OutboxAdapter + EventAdapter + SigningKeyAdapter> AccountAdapter for A {}
