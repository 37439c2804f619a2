//! What a refresh token gives: the act that its rule says, written by compare-and-swap.

use std::time::Duration;

use super::{
    RefreshedSession, SessionTokens,
    rotation::{Act, DISOWNED, is_open, judge, refusal},
    strategy::TokenStrategy,
};
use crate::{
    auth::Auth,
    clock::Timestamp,
    error::{Error, ErrorKind, Result},
    event::{Event, EventKind},
    id::SessionId,
    model::{Session, SessionRecord, SessionRotation, User},
    request::Client,
    secret::{Generation, RefreshToken},
};

impl Auth {
    pub(crate) async fn refresh_for(&self, refresh: &str, client: &Client) -> Result<RefreshedSession> {
        let strategy = self.strategy()?;
        let presented = strategy.authentic(self, refresh).await?;
        let now = self.now();
        for _ in 0..RACES {
            let found = self.live_session_and_user(presented.session_id()).await?;
            let (mut session, user) = found.ok_or(ErrorKind::Unauthorised)?;
            let rotation = strategy.config.rotation;
            let verdict = judge(&session, presented.generation(), now, rotation.siblings());
            let (refresh, written) = match rotation.act(verdict, is_open(&session, now)) {
                Act::Theft => return Err(self.theft(strategy, &session, now, client).await?),
                Act::Refuse => return Err(refusal(&session, now).into()),
                Act::Nothing => {
                    return Ok(RefreshedSession {
                        session: Session {
                            straggler: true,
                            ..session.into_session(now, false)
                        },
                        user,
                        tokens: None,
                    });
                }
                Act::Child => (self.child_of(strategy, &session, now).await?, None),
                // Moves the session's end, and leaves its token as it is.
                Act::Prolong => {
                    let prolonged = SessionRotation {
                        keeps_previous: true,
                        ..succession(strategy, presented.generation(), now, Duration::ZERO)
                    };
                    (presented.clone(), Some(prolonged))
                }
                // Within the grace, what was before stays as it is, so that the window does not slide and one child lives.
                Act::Replace { keeps_previous } => {
                    let refresh = strategy.issue_refresh(self, &session.id, None, now).await?;
                    let replaced = SessionRotation {
                        keeps_previous,
                        ..succession(strategy, refresh.generation(), now, rotation.window())
                    };
                    (refresh, Some(replaced))
                }
                Act::Settle { gives_child } => {
                    let generation = presented.generation();
                    let settled = self.settle(strategy, &mut session, generation, now, client).await?;
                    match settled && gives_child {
                        true => (self.child_of(strategy, &session, now).await?, None),
                        // Another request was first, or the first half is done: what stands now decides.
                        false => continue,
                    }
                }
            };
            let mut renewed = session.clone();
            if let Some(rotation) = &written {
                rotation.apply(&mut renewed);
            }
            // The client's tokens live from now; the row follows when they are first used.
            renewed.idle_expires = now + strategy.config.refresh_validity;
            renewed.active_expires = renewed.idle_expires;
            let renewed = renewed.into_session(now, true);
            // Signed first: a token that nobody can be handed takes nobody's place.
            let tokens = strategy.issue(self, &renewed, &user, refresh, now).await?;
            if let Some(rotation) = written
                && !self.swap(&mut session, &rotation, client).await?
            {
                continue;
            }
            return Ok(RefreshedSession {
                session: renewed,
                user,
                tokens: Some(tokens),
            });
        }
        Err(outraced())
    }

    /// A child of the session's own token. Nothing is written.
    async fn child_of(
        &self,
        strategy: &TokenStrategy,
        session: &SessionRecord,
        now: Timestamp,
    ) -> Result<RefreshToken> {
        let parent = Some(session.secret_digest);
        strategy.issue_refresh(self, &session.id, parent, now).await
    }

    /// New first tokens for a session, with no forgiveness for the old ones and their children: after its owner changed
    /// the password. Whoever still presents one of those is refused, and not taken for a thief: another tab may have been
    /// under way.
    ///
    /// # Errors
    /// [`ErrorKind::Unauthorised`] when the session ended meanwhile.
    pub(crate) async fn reissue(
        &self,
        strategy: &TokenStrategy,
        id: &SessionId,
        user: &User,
        client: &Client,
    ) -> Result<SessionTokens> {
        let now = self.now();
        for _ in 0..RACES {
            let mut session = self.live_session(id, now).await?;
            let refresh = strategy.issue_refresh(self, id, None, now).await?;
            let rotation = SessionRotation {
                previous_expires: DISOWNED,
                ..succession(strategy, refresh.generation(), now, Duration::ZERO)
            };
            let mut renewed = session.clone();
            rotation.apply(&mut renewed);
            let renewed = renewed.into_session(now, true);
            let tokens = strategy.issue(self, &renewed, user, refresh, now).await?;
            if self.swap(&mut session, &rotation, client).await? {
                return Ok(tokens);
            }
        }
        Err(outraced())
    }

    /// Puts a generation in the place of the session's own, if that still has it. Put in its own place, it leaves no
    /// room for siblings.
    pub(super) async fn settle(
        &self,
        strategy: &TokenStrategy,
        session: &mut SessionRecord,
        generation: &Generation,
        now: Timestamp,
        client: &Client,
    ) -> Result<bool> {
        let rotation = succession(strategy, generation, now, strategy.config.rotation.window());
        self.swap(session, &rotation, client).await
    }

    async fn swap(&self, session: &mut SessionRecord, rotation: &SessionRotation, client: &Client) -> Result<bool> {
        let expected = session.secret_digest;
        if !self.swap_secret(&session.id, &expected, rotation).await? {
            return Ok(false);
        }
        rotation.apply(session);
        let renewed = Event::new(EventKind::SessionRenewed, rotation.last_seen, client);
        self.emit(&renewed.user(&session.user_id).session(&session.id));
        Ok(true)
    }

    /// Tells everybody, and ends the session first: that stands although the answer is an error.
    async fn theft(
        &self,
        strategy: &TokenStrategy,
        session: &SessionRecord,
        now: Timestamp,
        client: &Client,
    ) -> Result<Error> {
        let event = Event::new(EventKind::TokenReused, now, client);
        self.emit(&event.user(&session.user_id).session(&session.id));
        if strategy.config.revoke_on_theft {
            self.end_session(&session.id, Some(&session.user_id), client).await?;
        }
        Ok(Error::token_theft(session.id.clone(), session.user_id.clone()))
    }
}

/// How often another request may be first before one gives up: each time one of them gets on.
pub(super) const RACES: usize = 64;

pub(super) fn outraced() -> Error {
    Error::update_failed("a session changes all the time")
}

/// What puts a generation in the place of another, which is forgiven for a window; one of no length is over before it
/// begins.
fn succession(strategy: &TokenStrategy, next: &Generation, now: Timestamp, window: Duration) -> SessionRotation {
    let expires = now + strategy.config.refresh_validity;
    SessionRotation {
        secret_digest: next.at_rest,
        secret_issued_at: next.issued_at,
        previous_expires: match window.is_zero() {
            true => now - Duration::from_millis(1),
            false => now + window,
        },
        active_expires: expires,
        idle_expires: expires,
        last_seen: now,
        keeps_previous: false,
    }
}
