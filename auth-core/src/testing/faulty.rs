use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use super::hold::{Hold, Holds, Moment};
use crate::{
    adapter::{
        Act, Adapter, AttemptAdapter, EventAdapter, OutboxAdapter, Schema, SessionAdapter, SigningKeyAdapter,
        TokenAdapter, UserAdapter, delegate_store,
    },
    clock::Timestamp,
    error::{Error, Result},
    id::{KeyId, SessionId, UserId},
    model::{
        AttemptCount, AttemptSubject, EventQuery, EventRecord, KeyPatch, KeyRecord, OneTimeToken, OutboxMessage,
        SessionPatch, SessionRecord, SessionRotation, SigningKeyRecord, User, UserPatch, UserQuery,
    },
    secret::{Digest, HashedPassword},
};

/// When a store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a test says which")]
pub enum Fault {
    /// Instead of the n-th call from now, counted from 1.
    At(usize),
    /// After the n-th call has done its work: the answer is lost.
    AfterwardsAt(usize),
    /// At every call.
    Always,
    /// Never.
    Never,
}

/// An adapter that fails when it is told to and counts what it is asked. Clones share plan and counts.
#[derive(Clone)]
pub struct FaultyAdapter<A> {
    inner: A,
    plan: Arc<Plan>,
}

struct Plan {
    fault: Mutex<Fault>,
    seen: AtomicUsize,
    calls: Mutex<Vec<&'static str>>,
    holds: Holds,
}

impl<A: Adapter> FaultyAdapter<A> {
    /// An adapter that works until it is told otherwise.
    pub fn new(inner: A) -> Self {
        Self {
            inner,
            plan: Arc::new(Plan {
                fault: Mutex::new(Fault::Never),
                seen: AtomicUsize::new(0),
                calls: Mutex::default(),
                holds: Holds::default(),
            }),
        }
    }

    /// Fails as told, counting calls from now.
    pub fn fail(&self, fault: Fault) {
        *lock(&self.plan.fault) = fault;
        self.plan.seen.store(0, Ordering::SeqCst);
    }

    /// The names of the methods called since [`FaultyAdapter::forget_calls`], in order.
    pub fn calls(&self) -> Vec<&'static str> {
        lock(&self.plan.calls).clone()
    }

    /// How often this method was called since then.
    pub fn count_calls(&self, name: &str) -> usize {
        lock(&self.plan.calls).iter().filter(|call| **call == name).count()
    }

    /// Starts counting anew.
    pub fn forget_calls(&self) {
        lock(&self.plan.calls).clear();
    }

    /// Holds the next call of this method before it does its work.
    pub fn hold_before(&self, name: &'static str) -> Hold {
        self.plan.holds.add(name, Moment::Before)
    }

    /// Holds the next call of this method after its work, before the caller hears of it.
    pub fn hold_after(&self, name: &'static str) -> Hold {
        self.plan.holds.add(name, Moment::After)
    }

    /// The adapter within, to look at what is stored.
    pub fn inner(&self) -> &A {
        &self.inner
    }

    async fn call<T>(&self, name: &'static str, answer: impl Future<Output = Result<T>> + Send) -> Result<T> {
        lock(&self.plan.calls).push(name);
        let number = self.plan.seen.fetch_add(1, Ordering::SeqCst) + 1;
        let fault = *lock(&self.plan.fault);
        let failure = || {
            let source = format!("on purpose, with implementation details: {name} at /var/lib/db.sqlite");
            if name.starts_with("get") || READS.contains(&name) {
                Error::fetch_failed(source)
            } else {
                Error::update_failed(source)
            }
        };
        self.plan.holds.wait(name, Moment::Before).await;
        let answer = match fault {
            Fault::Always => Err(failure()),
            Fault::At(at) if at == number => Err(failure()),
            Fault::AfterwardsAt(at) if at == number => {
                answer.await?;
                Err(failure())
            }
            _ => answer.await,
        };
        self.plan.holds.wait(name, Moment::After).await;
        answer
    }
}

/// The methods that read, beside those whose names say so.
const READS: [&str; 3] = ["count_users", "next_message_due", "ping"];

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<A> fmt::Debug for FaultyAdapter<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyAdapter").finish_non_exhaustive()
    }
}

delegate_store!([A: Adapter] FaultyAdapter<A>, inner, {
    fn declare(&self, schema: &Schema) -> Result<(), String> {
        self.inner.declare(schema)
    }

    async fn ping(&self) -> Result<()> {
        self.call("ping", self.inner.ping()).await
    }
});

/// Each method asks the adapter within, by way of the plan.
macro_rules! planned {
    ($trait:ident { $($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)+ } $($own:item)?) => {
        #[async_trait]
        impl<A: Adapter> $trait for FaultyAdapter<A> {
            $($own)?
            $(
                async fn $name(&self, $($argument: $type),*) -> Result<$answer> {
                    self.call(stringify!($name), self.inner.$name($($argument),*)).await
                }
            )+
        }
    };
}

planned!(SigningKeyAdapter {
    get_signing_keys() -> Vec<SigningKeyRecord>;
    set_signing_key(key: &SigningKeyRecord) -> bool;
    delete_signing_keys(up_to: i64) -> ();
});

planned!(TokenAdapter {
    commit(acts: &[Act]) -> ();
    count_try(id: &str, browser: Option<&Digest>, max: u32, now: Timestamp) -> Option<OneTimeToken>;
    get_token_by_link(link: &Digest) -> Option<OneTimeToken>;
    get_tokens_by_address(sent_to: &str) -> Vec<OneTimeToken>;
    get_tokens_by_user_id(user_id: &UserId) -> Vec<OneTimeToken>;
    delete_expired_tokens(now: Timestamp) -> u64;
});

planned!(OutboxAdapter {
    lease_messages(now: Timestamp, until: Timestamp, limit: u32) -> Vec<OutboxMessage>;
    delete_message(id: &str) -> ();
    postpone_message(id: &str, leased: Timestamp, due_at: Timestamp) -> ();
    next_message_due() -> Option<Timestamp>;
});

planned!(EventAdapter {
    add_events(events: &[EventRecord]) -> ();
    get_events(query: &EventQuery) -> Vec<EventRecord>;
    delete_events(before: Timestamp) -> u64;
});

planned!(Adapter {
    get_session_and_user(session_id: &SessionId) -> Option<(SessionRecord, User)>;
});

planned!(UserAdapter {
    get_user(user_id: &UserId) -> Option<User>;
    get_users(query: &UserQuery) -> Vec<User>;
    count_users(query: &UserQuery) -> u64;
    set_user(user: &User, key: Option<&KeyRecord>) -> ();
    update_user(user_id: &UserId, patch: &UserPatch) -> ();
    delete_user(user_id: &UserId) -> ();
    get_key(key_id: &KeyId) -> Option<KeyRecord>;
    get_key_and_user(key_id: &KeyId) -> Option<(KeyRecord, User)>;
    get_keys_by_user_id(user_id: &UserId) -> Vec<KeyRecord>;
    set_key(key: &KeyRecord) -> ();
    update_key(key_id: &KeyId, patch: &KeyPatch) -> ();
    delete_key(key_id: &KeyId) -> ();
    delete_non_primary_key(key_id: &KeyId) -> ();
    delete_keys_by_user_id(user_id: &UserId) -> ();
    take_key(key_id: &KeyId) -> bool;
    rename_key(user_id: &UserId, key_id: &KeyId, new_id: &KeyId, patch: &UserPatch, now: Timestamp) -> ();
    set_password(user_id: &UserId, hash: Option<&HashedPassword>, now: Timestamp) -> ();
    replace_hash(key_id: &KeyId, expected: &HashedPassword, new: &HashedPassword) -> bool;
});

planned!(SessionAdapter {
    get_session(session_id: &SessionId) -> Option<SessionRecord>;
    get_sessions_by_user_id(user_id: &UserId) -> Vec<SessionRecord>;
    set_session(session: &SessionRecord) -> ();
    update_session(session_id: &SessionId, patch: &SessionPatch) -> ();
    rotate_session(session_id: &SessionId, expected: &Digest, rotation: &SessionRotation) -> bool;
    delete_session(session_id: &SessionId) -> bool;
    delete_sessions_by_user_id(user_id: &UserId, except: Option<&SessionId>) -> ();
    delete_expired_sessions(user_id: Option<&UserId>, now: Timestamp) -> u64;
    delete_session_if_dead(session_id: &SessionId, now: Timestamp) -> ();
}
    fn removes_expired_sessions(&self) -> bool {
        self.inner.removes_expired_sessions()
    }
);

planned!(AttemptAdapter {
    count_attempt(subject: &AttemptSubject, action: &str, window: Duration, now: Timestamp) -> AttemptCount;
    clear_attempts(subject: &AttemptSubject, action: &str) -> ();
    delete_expired_attempts(now: Timestamp) -> u64;
});
