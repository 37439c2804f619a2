use std::time::Duration;

use crate::error::{Error, Result};

/// A connection to a server that passes messages on: one at a time, made anew whenever it is lost.
pub(in crate::adapters) trait Line: Send + Sync + 'static {
    /// The listening end.
    type Open: Send;
    /// The speaking end.
    type Speaker: Clone + Send + Sync + 'static;

    /// Connects and subscribes; done when the server has acknowledged the subscription. What is heard before that may
    /// be dropped: whoever listens forgets everything once this has succeeded.
    fn open(&self) -> impl Future<Output = Result<(Self::Speaker, Self::Open)>> + Send;

    /// Passes on what is heard until the connection is lost, or does not answer within [`ANSWER`] when asked every
    /// [`HEARTBEAT`]; then says why.
    fn listen(
        &self,
        speaker: Self::Speaker,
        open: Self::Open,
        hear: impl Fn(&str) + Send + Sync,
    ) -> impl Future<Output = Error> + Send;

    /// Done when the server has taken the message.
    fn say(&self, speaker: Self::Speaker, message: &str) -> impl Future<Output = Result<(), Unsaid>> + Send;

    /// How long connecting, and how long saying something, may take.
    fn patience(&self) -> Duration;
}

/// Why a message was not taken.
pub(in crate::adapters) enum Unsaid {
    /// The connection was lost: the next one may take it.
    Lost(Error),
    /// The server does not want it.
    Refused(Error),
}

/// How often a silent connection is asked whether it is there.
pub(in crate::adapters) const HEARTBEAT: Duration = Duration::from_secs(1);
/// How long its answer may take.
pub(in crate::adapters) const ANSWER: Duration = Duration::from_secs(2);
