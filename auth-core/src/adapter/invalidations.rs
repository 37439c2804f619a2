use std::sync::Weak;

use async_trait::async_trait;

use crate::{
    error::Result,
    id::{SessionId, UserId},
};

/// What was written, so that nobody goes on with an older reading of it. Ids only: they open nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "whoever forgets something has to know what")]
pub enum Invalidation {
    /// One session.
    Session(SessionId),
    /// One user, and all sessions of that user.
    User(UserId),
    /// Anything.
    Everything,
}

impl Invalidation {
    /// As one line for a message: `s:<id>`, `u:<id>` or `*`; an id that is longer than any bus can be trusted with
    /// (512 bytes) becomes `*`.
    ///
    /// ```
    /// use auth_core::adapter::Invalidation;
    ///
    /// let message = Invalidation::User("ada".into()).to_message();
    /// assert_eq!(message, "u:ada");
    /// assert_eq!(Invalidation::from_message(&message), Invalidation::User("ada".into()));
    /// ```
    pub fn to_message(&self) -> String {
        match self {
            Self::Session(id) if id.as_str().len() <= Self::LONGEST_ID => format!("s:{id}"),
            Self::User(id) if id.as_str().len() <= Self::LONGEST_ID => format!("u:{id}"),
            _ => "*".to_owned(),
        }
    }

    /// What a message says. One that is not understood, of a later version perhaps, means everything: to forget too
    /// much is safe.
    pub fn from_message(message: &str) -> Self {
        match message.split_once(':') {
            Some(("s", id)) => Self::Session(id.into()),
            Some(("u", id)) => Self::User(id.into()),
            _ => Self::Everything,
        }
    }

    const LONGEST_ID: usize = 512;
}

/// A bus that tells other processes what was written here, such as Redis pub/sub or PostgreSQL's `LISTEN`/`NOTIFY`.
///
/// # What an implementation promises
/// - **At least once.** While a sink is told `connected`, it hears of everything published by anybody on the same bus,
///   once or more, in any order, its own included. What it hears names at least what was published: `Everything` may
///   stand for anything.
/// - **After.** Nothing is asked of the order of a message and of the write it speaks of: it is published after the write.
/// - **Loss is said.** When messages may have been missed (connection lost, queue overflown, a message dropped), every
///   sink hears [`lost`](InvalidationSink::lost) at once, and [`connected`](InvalidationSink::connected) only when the
///   *next* message is certain to arrive: after the server has acknowledged the subscription, not when it was asked for.
/// - **Silence is not health.** A connection that is half open must be found out within a bounded time, by pings; say
///   within which.
/// - The bus reconnects by itself, with a delay that grows and is bounded, and ends with its last handle.
#[async_trait]
pub trait Invalidations: Send + Sync + 'static {
    /// Hands the message to the bus. It need not have arrived when this returns.
    ///
    /// The caller waits for a bounded time, then gives up.
    ///
    /// # Errors
    /// When the bus did not take it; the write it speaks of has been done all the same.
    async fn publish(&self, invalidation: &Invalidation) -> Result<()>;

    /// Tells the sink from now on, until it is dropped; it is held weakly. It hears `connected` at once, or when the bus is.
    /// Of several, each is told in the order in which they came.
    fn subscribe(&self, sink: Weak<dyn InvalidationSink>);
}

/// Who wants to hear of writes. Its methods are quick and never block.
pub trait InvalidationSink: Send + Sync + 'static {
    /// This was written somewhere.
    fn invalidated(&self, invalidation: &Invalidation);

    /// From now on nothing is missed.
    fn connected(&self);

    /// Messages may have been missed and may be missed, until `connected`.
    fn lost(&self);
}
