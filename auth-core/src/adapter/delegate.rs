//! Ports that another adapter answers: written once for every adapter that stands before one.

/// Implements [`Store`](super::Store) by asking a field; whoever declares or pings differently brings both methods.
macro_rules! delegate_store {
    ([$($generics:tt)*] $adapter:ty, $field:tt) => {
        delegate_store!([$($generics)*] $adapter, $field, {
            fn declare(&self, schema: &$crate::adapter::Schema) -> Result<(), String> {
                self.$field.declare(schema)
            }

            async fn ping(&self) -> $crate::error::Result<()> {
                self.$field.ping().await
            }
        });
    };
    ([$($generics:tt)*] $adapter:ty, $field:tt, { $($own:tt)* }) => {
        #[async_trait::async_trait]
        impl<$($generics)*> $crate::adapter::Store for $adapter {
            $($own)*

            async fn migrate(&self) -> $crate::error::Result<()> {
                self.$field.migrate().await
            }

            async fn migration_plan(&self) -> $crate::error::Result<$crate::adapter::MigrationPlan> {
                self.$field.migration_plan().await
            }
        }
    };
}

/// Implements [`UserAdapter`](super::UserAdapter) by asking a field; what is different comes as its own methods.
macro_rules! delegate_users {
    ([$($generics:tt)*] $adapter:ty, $field:tt, { $($own:tt)* }) => {
        #[async_trait::async_trait]
        impl<$($generics)*> $crate::adapter::UserAdapter for $adapter {
            $($own)*

            async fn get_user(&self, user_id: &UserId) -> Result<Option<User>> {
                self.$field.get_user(user_id).await
            }

            async fn get_shared_user(&self, user_id: &UserId) -> Result<Option<std::sync::Arc<User>>> {
                self.$field.get_shared_user(user_id).await
            }

            async fn get_users(&self, query: &UserQuery) -> Result<Vec<User>> {
                self.$field.get_users(query).await
            }

            async fn count_users(&self, query: &UserQuery) -> Result<u64> {
                self.$field.count_users(query).await
            }

            async fn set_user(&self, user: &User, key: Option<&KeyRecord>) -> Result<()> {
                self.$field.set_user(user, key).await
            }

            async fn update_user(&self, user_id: &UserId, patch: &UserPatch) -> Result<()> {
                self.$field.update_user(user_id, patch).await
            }

            async fn get_key(&self, key_id: &KeyId) -> Result<Option<KeyRecord>> {
                self.$field.get_key(key_id).await
            }

            async fn get_key_and_user(&self, key_id: &KeyId) -> Result<Option<(KeyRecord, User)>> {
                self.$field.get_key_and_user(key_id).await
            }

            async fn get_keys_by_user_id(&self, user_id: &UserId) -> Result<Vec<KeyRecord>> {
                self.$field.get_keys_by_user_id(user_id).await
            }

            async fn set_key(&self, key: &KeyRecord) -> Result<()> {
                self.$field.set_key(key).await
            }

            async fn update_key(&self, key_id: &KeyId, patch: &KeyPatch) -> Result<()> {
                self.$field.update_key(key_id, patch).await
            }

            async fn delete_key(&self, key_id: &KeyId) -> Result<()> {
                self.$field.delete_key(key_id).await
            }

            async fn delete_non_primary_key(&self, key_id: &KeyId) -> Result<()> {
                self.$field.delete_non_primary_key(key_id).await
            }

            async fn delete_keys_by_user_id(&self, user_id: &UserId) -> Result<()> {
                self.$field.delete_keys_by_user_id(user_id).await
            }

            async fn take_key(&self, key_id: &KeyId) -> Result<bool> {
                self.$field.take_key(key_id).await
            }

            async fn rename_key(
                &self,
                user_id: &UserId,
                key_id: &KeyId,
                new_id: &KeyId,
                patch: &UserPatch,
                now: Timestamp,
            ) -> Result<()> {
                self.$field.rename_key(user_id, key_id, new_id, patch, now).await
            }

            async fn set_password(
                &self,
                user_id: &UserId,
                hash: Option<&HashedPassword>,
                now: Timestamp,
            ) -> Result<()> {
                self.$field.set_password(user_id, hash, now).await
            }

            async fn replace_hash(
                &self,
                key_id: &KeyId,
                expected: &HashedPassword,
                new: &HashedPassword,
            ) -> Result<bool> {
                self.$field.replace_hash(key_id, expected, new).await
            }
        }
    };
}

/// Implements [`SessionAdapter`](super::SessionAdapter) and [`AttemptAdapter`](super::AttemptAdapter) by asking a field.
macro_rules! delegate_sessions {
    ([$($generics:tt)*] $adapter:ty, $field:tt) => {
        delegate_sessions!([$($generics)*] $adapter, $field, {
            async fn set_session(&self, session: &SessionRecord) -> Result<()> {
                self.$field.set_session(session).await
            }
        });
    };
    ([$($generics:tt)*] $adapter:ty, $field:tt, { $($own:tt)* }) => {
        #[async_trait::async_trait]
        impl<$($generics)*> $crate::adapter::SessionAdapter for $adapter {
            async fn get_session(&self, session_id: &SessionId) -> Result<Option<SessionRecord>> {
                self.$field.get_session(session_id).await
            }

            async fn get_sessions_by_user_id(&self, user_id: &UserId) -> Result<Vec<SessionRecord>> {
                self.$field.get_sessions_by_user_id(user_id).await
            }

            $($own)*

            async fn update_session(&self, session_id: &SessionId, patch: &SessionPatch) -> Result<()> {
                self.$field.update_session(session_id, patch).await
            }

            async fn rotate_session(
                &self,
                session_id: &SessionId,
                expected: &Digest,
                rotation: &SessionRotation,
            ) -> Result<bool> {
                self.$field.rotate_session(session_id, expected, rotation).await
            }

            async fn delete_session(&self, session_id: &SessionId) -> Result<bool> {
                self.$field.delete_session(session_id).await
            }

            async fn delete_sessions_by_user_id(&self, user_id: &UserId, except: Option<&SessionId>) -> Result<()> {
                self.$field.delete_sessions_by_user_id(user_id, except).await
            }

            async fn delete_expired_sessions(&self, user_id: Option<&UserId>, now: Timestamp) -> Result<u64> {
                self.$field.delete_expired_sessions(user_id, now).await
            }

            async fn delete_session_if_dead(&self, session_id: &SessionId, now: Timestamp) -> Result<()> {
                self.$field.delete_session_if_dead(session_id, now).await
            }

            fn removes_expired_sessions(&self) -> bool {
                self.$field.removes_expired_sessions()
            }
        }

        #[async_trait::async_trait]
        impl<$($generics)*> $crate::adapter::AttemptAdapter for $adapter {
            async fn count_attempt(
                &self,
                subject: &AttemptSubject,
                action: &str,
                window: Duration,
                now: Timestamp,
            ) -> Result<AttemptCount> {
                self.$field.count_attempt(subject, action, window, now).await
            }

            async fn clear_attempts(&self, subject: &AttemptSubject, action: &str) -> Result<()> {
                self.$field.clear_attempts(subject, action).await
            }

            async fn delete_expired_attempts(&self, now: Timestamp) -> Result<u64> {
                self.$field.delete_expired_attempts(now).await
            }
        }
    };
}

/// Implements what [`AccountAdapter`](super::AccountAdapter) has beside users by asking a field.
macro_rules! delegate_beside_users {
    ([$($generics:tt)*] $adapter:ty, $field:tt) => {
        const _: () = {
            use $crate::{
                adapter::{Act, EventAdapter, OutboxAdapter, SigningKeyAdapter, TokenAdapter},
                clock::Timestamp,
                error::Result,
                id::UserId,
                model::{EventQuery, EventRecord, OneTimeToken, OutboxMessage, SigningKeyRecord},
                secret::Digest,
            };

            #[async_trait::async_trait]
            impl<$($generics)*> TokenAdapter for $adapter {
                async fn commit(&self, acts: &[Act]) -> Result<()> {
                    self.$field.commit(acts).await
                }

                async fn count_try(
                    &self,
                    id: &str,
                    browser: Option<&Digest>,
                    max: u32,
                    now: Timestamp,
                ) -> Result<Option<OneTimeToken>> {
                    self.$field.count_try(id, browser, max, now).await
                }

                async fn get_token_by_link(&self, link: &Digest) -> Result<Option<OneTimeToken>> {
                    self.$field.get_token_by_link(link).await
                }

                async fn get_tokens_by_address(&self, sent_to: &str) -> Result<Vec<OneTimeToken>> {
                    self.$field.get_tokens_by_address(sent_to).await
                }

                async fn get_tokens_by_user_id(&self, user_id: &UserId) -> Result<Vec<OneTimeToken>> {
                    self.$field.get_tokens_by_user_id(user_id).await
                }

                async fn delete_expired_tokens(&self, now: Timestamp) -> Result<u64> {
                    self.$field.delete_expired_tokens(now).await
                }
            }

            #[async_trait::async_trait]
            impl<$($generics)*> OutboxAdapter for $adapter {
                async fn lease_messages(
                    &self,
                    now: Timestamp,
                    until: Timestamp,
                    limit: u32,
                ) -> Result<Vec<OutboxMessage>> {
                    self.$field.lease_messages(now, until, limit).await
                }

                async fn delete_message(&self, id: &str) -> Result<()> {
                    self.$field.delete_message(id).await
                }

                async fn postpone_message(&self, id: &str, leased: Timestamp, due_at: Timestamp) -> Result<()> {
                    self.$field.postpone_message(id, leased, due_at).await
                }

                async fn next_message_due(&self) -> Result<Option<Timestamp>> {
                    self.$field.next_message_due().await
                }
            }

            #[async_trait::async_trait]
            impl<$($generics)*> EventAdapter for $adapter {
                async fn add_events(&self, events: &[EventRecord]) -> Result<()> {
                    self.$field.add_events(events).await
                }

                async fn get_events(&self, query: &EventQuery) -> Result<Vec<EventRecord>> {
                    self.$field.get_events(query).await
                }

                async fn delete_events(&self, before: Timestamp) -> Result<u64> {
                    self.$field.delete_events(before).await
                }
            }

            #[async_trait::async_trait]
            impl<$($generics)*> SigningKeyAdapter for $adapter {
                async fn get_signing_keys(&self) -> Result<Vec<SigningKeyRecord>> {
                    self.$field.get_signing_keys().await
                }

                async fn set_signing_key(&self, key: &SigningKeyRecord) -> Result<bool> {
                    self.$field.set_signing_key(key).await
                }

                async fn delete_signing_keys(&self, up_to: i64) -> Result<()> {
                    self.$field.delete_signing_keys(up_to).await
                }
            }
        };
    };
}

pub(crate) use {delegate_beside_users, delegate_sessions, delegate_store, delegate_users};
