//! What every adapter over SQL does in the same way.

/// Implements all ports for an adapter that has an `inner: Arc<SqlAdapter>`.
macro_rules! sql_adapter {
    ($adapter:ident) => {
        const _: () = {
            use std::{sync::Arc, time::Duration};

            use $crate::{
                adapter::{
                    Adapter, Recent, delegate_beside_users, delegate_sessions, delegate_store, delegate_users, shared,
                },
                clock::Timestamp,
                error::Result,
                id::{KeyId, SessionId, UserId},
                model::{
                    AttemptCount, AttemptSubject, KeyPatch, KeyRecord, SessionPatch, SessionRecord, SessionRotation,
                    SharedSession, User, UserPatch, UserQuery,
                },
                secret::{Digest, HashedPassword},
            };

            impl $adapter {
                /// The SQL that [`Auth::migrate`](crate::Auth::migrate) runs on an empty database, for people who run it
                /// themselves; with the declared attributes once the adapter belongs to an [`Auth`](crate::Auth). For a
                /// database that is not empty, see [`Auth::migration_plan`](crate::Auth::migration_plan).
                pub fn migration_sql(&self) -> String {
                    self.inner.whole_plan().to_string()
                }
            }

            #[cfg(all(test, feature = "sqlite", feature = "testing"))]
            impl $adapter {
                pub(in crate::adapters) fn sql(&self) -> &SqlAdapter {
                    &self.inner
                }
            }

            impl std::fmt::Debug for $adapter {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.debug_struct(stringify!($adapter)).finish_non_exhaustive()
                }
            }

    delegate_store!([] $adapter, inner);

            #[async_trait::async_trait]
            impl Adapter for $adapter {
                async fn get_session_and_user(&self, session_id: &SessionId) -> Result<Option<(SessionRecord, User)>> {
                    self.inner.session_and_user(session_id).await
                }

                async fn get_recent_session_and_user(
                    &self,
                    session_id: &SessionId,
                ) -> Result<Recent<(Arc<SharedSession>, Arc<User>)>> {
                    let found = self.inner.session_and_user(session_id).await?;
                    Ok(Recent::Current(found.map(shared)))
                }
            }

            delegate_users!([] $adapter, inner, {
                async fn delete_user(&self, user_id: &UserId) -> Result<()> {
                    self.inner.delete_user(user_id).await
                }
            });

    delegate_sessions!([] $adapter, inner);

    delegate_beside_users!([] $adapter, inner);
        };
    };
}

pub(in crate::adapters) use sql_adapter;
