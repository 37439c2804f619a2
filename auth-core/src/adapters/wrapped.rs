//! The ports of an adapter that stands before another and has to know what each write changes: written once.

use crate::adapter::{Act, Invalidation};

/// Implements the ports for `$adapter<$generics>`: reads ask `self.$store`, and a write that changes what a session or its
/// user looks like goes through `self.writing(invalidation, write)`. What a write inserts needs no word: an absence
/// is never remembered.
macro_rules! wrap_ports {
    ([$($generics:tt)*] $adapter:ty, $store:tt) => {
        $crate::adapters::wrapped::wrap_port!([$($generics)*] $adapter, $store, UserAdapter {
            get_user(user_id: &UserId) -> Option<User>;
            get_shared_user(user_id: &UserId) -> Option<std::sync::Arc<User>>;
            get_users(query: &UserQuery) -> Vec<User>;
            count_users(query: &UserQuery) -> u64;
            set_user(user: &User, key: Option<&KeyRecord>) -> ();
            update_user(user_id: &UserId, patch: &UserPatch) -> (), changes Invalidation::User(user_id.clone());
            delete_user(user_id: &UserId) -> (), changes Invalidation::User(user_id.clone());
            get_key(key_id: &KeyId) -> Option<KeyRecord>;
            get_key_and_user(key_id: &KeyId) -> Option<(KeyRecord, User)>;
            get_keys_by_user_id(user_id: &UserId) -> Vec<KeyRecord>;
            set_key(key: &KeyRecord) -> ();
            update_key(key_id: &KeyId, patch: &KeyPatch) -> ();
            delete_key(key_id: &KeyId) -> ();
            delete_non_primary_key(key_id: &KeyId) -> ();
            delete_keys_by_user_id(user_id: &UserId) -> ();
            take_key(key_id: &KeyId) -> bool;
            rename_key(user_id: &UserId, key_id: &KeyId, new_id: &KeyId, patch: &UserPatch, now: Timestamp) -> (),
                changes Invalidation::User(user_id.clone());
            set_password(user_id: &UserId, hash: Option<&HashedPassword>, now: Timestamp) -> ();
            replace_hash(key_id: &KeyId, expected: &HashedPassword, new: &HashedPassword) -> bool;
        });
        $crate::adapters::wrapped::wrap_port!([$($generics)*] $adapter, $store, SessionAdapter {
            get_session(session_id: &SessionId) -> Option<SessionRecord>;
            get_sessions_by_user_id(user_id: &UserId) -> Vec<SessionRecord>;
            set_session(session: &SessionRecord) -> ();
            update_session(session_id: &SessionId, patch: &SessionPatch) -> (),
                changes Invalidation::Session(session_id.clone());
            rotate_session(session_id: &SessionId, expected: &Digest, rotation: &SessionRotation) -> bool,
                changes Invalidation::Session(session_id.clone());
            delete_session(session_id: &SessionId) -> bool, changes Invalidation::Session(session_id.clone());
            delete_sessions_by_user_id(user_id: &UserId, except: Option<&SessionId>) -> (),
                changes Invalidation::User(user_id.clone());
            delete_expired_sessions(user_id: Option<&UserId>, now: Timestamp) -> u64,
                changes user_id.cloned().map_or(Invalidation::Everything, Invalidation::User);
            delete_session_if_dead(session_id: &SessionId, now: Timestamp) -> (),
                changes Invalidation::Session(session_id.clone());
        }
            fn removes_expired_sessions(&self) -> bool {
                self.$store.removes_expired_sessions()
            }
        );
        $crate::adapters::wrapped::wrap_port!([$($generics)*] $adapter, $store, AttemptAdapter {
            count_attempt(subject: &AttemptSubject, action: &str, window: Duration, now: Timestamp) -> AttemptCount;
            clear_attempts(subject: &AttemptSubject, action: &str) -> ();
            delete_expired_attempts(now: Timestamp) -> u64;
        });
        $crate::adapters::wrapped::wrap_port!([$($generics)*] $adapter, $store, TokenAdapter {
            commit(acts: &[Act]) -> (), changes changed_by(acts);
            count_try(id: &str, browser: Option<&Digest>, max: u32, now: Timestamp) -> Option<OneTimeToken>;
            get_token_by_link(link: &Digest) -> Option<OneTimeToken>;
            get_tokens_by_address(sent_to: &str) -> Vec<OneTimeToken>;
            get_tokens_by_user_id(user_id: &UserId) -> Vec<OneTimeToken>;
            delete_expired_tokens(now: Timestamp) -> u64;
        });
        $crate::adapters::wrapped::wrap_port!([$($generics)*] $adapter, $store, OutboxAdapter {
            lease_messages(now: Timestamp, until: Timestamp, limit: u32) -> Vec<OutboxMessage>;
            delete_message(id: &str) -> ();
            postpone_message(id: &str, leased: Timestamp, due_at: Timestamp) -> ();
            next_message_due() -> Option<Timestamp>;
        });
        $crate::adapters::wrapped::wrap_port!([$($generics)*] $adapter, $store, EventAdapter {
            add_events(events: &[EventRecord]) -> ();
            get_events(query: &EventQuery) -> Vec<EventRecord>;
            delete_events(before: Timestamp) -> u64;
        });
        $crate::adapters::wrapped::wrap_port!([$($generics)*] $adapter, $store, SigningKeyAdapter {
            get_signing_keys() -> Vec<SigningKeyRecord>;
            set_signing_key(key: &SigningKeyRecord) -> bool;
            delete_signing_keys(up_to: i64) -> ();
        });
    };
}

/// One port of [`wrap_ports`].
macro_rules! wrap_port {
    ([$($generics:tt)*] $adapter:ty, $store:tt, $port:ident {
        $($name:ident($($argument:ident: $type:ty),*) -> $answer:ty $(, changes $what:expr)?;)+
    } $($own:item)?) => {
        #[async_trait::async_trait]
        impl<$($generics)*> $port for $adapter {
            $($own)?
            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer> {
                    let asked = self.$store.$name($($argument),*);
                    $(let asked = self.writing($what, asked);)?
                    asked.await
                }
            )+
        }
    };
}

/// What acts change of what a session or its user looks like: the users they patch.
pub(super) fn changed_by(acts: &[Act]) -> Option<Invalidation> {
    let mut users = acts.iter().filter_map(|act| match act {
        Act::UpdateUser(user_id, _) => Some(user_id),
        _ => None,
    });
    let first = users.next()?;
    Some(if users.all(|other| other == first) {
        Invalidation::User(first.clone())
    } else {
        Invalidation::Everything
    })
}

pub(super) use {wrap_port, wrap_ports};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::UserId;

    #[test]
    fn acts_change_the_users_they_patch() {
        let update = |name: &str| Act::UpdateUser(UserId::from(name), Box::default());
        let delete = Act::DeleteTokens(UserId::from("bob"));
        assert_eq!(changed_by(&[]), None);
        assert_eq!(changed_by(std::slice::from_ref(&delete)), None);
        let ada = Some(Invalidation::User(UserId::from("ada")));
        assert_eq!(changed_by(&[delete, update("ada"), update("ada")]), ada);
        let both = changed_by(&[update("ada"), update("bob")]);
        assert_eq!(both, Some(Invalidation::Everything));
    }
}
