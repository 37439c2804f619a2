//! Rows to write, through an adapter: each work on one that nobody else is at.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use auth_core::{KeyId, SessionId, SessionRecord, SessionRotation, adapter::Adapter};

use crate::{Failure, Work};

/// How many rows are renewed, in turns.
const ROWS: usize = 512;

/// Sessions of one user, alike but for their ids.
pub(crate) struct Rows<A> {
    adapter: A,
    template: Arc<SessionRecord>,
    next: Arc<AtomicUsize>,
}

impl<A: Adapter + Clone> Rows<A> {
    /// Beside the sessions of `ada`, who has one.
    pub(crate) async fn make(adapter: &A) -> Result<Self, Failure> {
        let (_, user) = adapter
            .get_key_and_user(&KeyId::new("username", "ada")?)
            .await?
            .ok_or("a user")?;
        let sessions = adapter.get_sessions_by_user_id(&user.id).await?;
        let template = sessions.into_iter().next().ok_or("a session")?;
        for number in 0..ROWS {
            let mut record = template.clone();
            record.id = SessionId::from(row(number));
            adapter.set_session(&record).await?;
        }
        let (adapter, template, next) = (adapter.clone(), Arc::new(template), Arc::default());
        Ok(Self {
            adapter,
            template,
            next,
        })
    }

    /// The session that all are made from.
    pub(crate) fn template(&self) -> &SessionRecord {
        &self.template
    }

    /// The next id of a row that is there.
    pub(crate) fn turn(&self) -> String {
        row(self.next.fetch_add(1, Ordering::Relaxed) % ROWS)
    }

    /// An id that no row has.
    pub(crate) fn fresh(&self) -> String {
        format!("fresh{}", self.next.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn lookup(&self) -> impl Fn() -> Work + use<A> {
        let (adapter, id) = (self.adapter.clone(), self.template.id.clone());
        move || {
            let (adapter, id) = (adapter.clone(), id.clone());
            Box::pin(async move { assert!(adapter.get_session(&id).await.expect("it answers").is_some()) })
        }
    }

    /// As every request with a session asks, where the store can join.
    pub(crate) fn with_user(&self) -> impl Fn() -> Work + use<A> {
        let (adapter, id) = (self.adapter.clone(), self.template.id.clone());
        move || {
            let (adapter, id) = (adapter.clone(), id.clone());
            Box::pin(async move { assert!(adapter.get_session_and_user(&id).await.expect("it answers").is_some()) })
        }
    }

    /// A session that is made and ended: only what is there can be deleted.
    pub(crate) fn delete(&self) -> impl Fn() -> Work {
        move || {
            let (adapter, mut record) = (self.adapter.clone(), SessionRecord::clone(&self.template));
            record.id = SessionId::from(self.fresh());
            Box::pin(async move {
                adapter.set_session(&record).await.expect("it is made");
                assert!(adapter.delete_session(&record.id).await.expect("it answers"));
            })
        }
    }

    pub(crate) fn create(&self) -> impl Fn() -> Work {
        move || {
            let (adapter, mut record) = (self.adapter.clone(), SessionRecord::clone(&self.template));
            record.id = SessionId::from(self.fresh());
            Box::pin(async move { adapter.set_session(&record).await.expect("it is made") })
        }
    }

    /// A rotation to the secret it has, so that it can be repeated.
    pub(crate) fn renew(&self) -> impl Fn() -> Work {
        move || {
            let (adapter, id, record) = (
                self.adapter.clone(),
                SessionId::from(self.turn()),
                Arc::clone(&self.template),
            );
            Box::pin(async move {
                let rotation = SessionRotation {
                    secret_digest: record.secret_digest,
                    secret_issued_at: record.secret_issued_at,
                    previous_expires: record.active_expires,
                    active_expires: record.active_expires,
                    idle_expires: record.idle_expires,
                    last_seen: record.last_seen,
                    keeps_previous: false,
                };
                let renewed = adapter.rotate_session(&id, &record.secret_digest, &rotation).await;
                assert!(renewed.expect("it answers"));
            })
        }
    }
}

fn row(number: usize) -> String {
    format!("row{number}")
}

/// The statement of a renewal, with its parameters in the order in which they are written down here.
pub(crate) fn renewal(table: &str, parameter: impl Fn(usize) -> String) -> String {
    let set = [
        "previous_expires",
        "secret_digest",
        "secret_issued_at",
        "active_expires",
        "idle_expires",
        "last_seen",
        "updated_at",
    ];
    let set: Vec<String> = set
        .iter()
        .enumerate()
        .map(|(at, name)| format!("{name} = {}", parameter(at + 1)))
        .collect();
    format!(
        "UPDATE {table} SET previous_digest = secret_digest, previous_issued_at = secret_issued_at, {} \
         WHERE id = {} AND secret_digest = {}",
        set.join(", "),
        parameter(8),
        parameter(9)
    )
}
