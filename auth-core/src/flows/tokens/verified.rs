//! Access tokens that were verified once: until they expire, room runs out, or their session ends.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    ops::Deref,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use zeroize::Zeroizing;

use super::claims::Claims;
use crate::{
    clock::Timestamp,
    error::Result,
    id::{SessionId, UserId},
    model::Session,
};

/// What signatures need not be checked again for.
///
/// Two generations, each with its own index of sessions: when the younger one is full it becomes the older, and what
/// was the older goes at once, index and all. So there is a bound, what is in use stays, and whatever is remembered of a
/// session can be found by it; a cache that evicts entry by entry could lose the index of what it still holds.
///
/// Tokens are found by a hash of their signature and compared whole. The hash is keyed at random, and a comparison only
/// begins when all of its 64 bits are the same: for somebody who has the signature, and with it the token; others learn
/// nothing from how long it takes, and cannot choose what collides. A digest of the token would cost nine times as much
/// (540 ns beside 60) and hide the tokens from nobody: who reads this memory reads the signing keys.
pub(crate) struct VerifiedTokens {
    /// Of one generation; none remembers nothing.
    room: usize,
    /// How long a token is good at most, and a generation the younger one.
    life: Duration,
    hasher: RandomState,
    generations: RwLock<Generations>,
    checks: AtomicU64,
}

struct Generations {
    younger: Generation,
    older: Generation,
}

struct Generation {
    began: Timestamp,
    tokens: HashMap<u64, Arc<Verified>>,
    of_session: HashMap<SessionId, Vec<u64>>,
    of_user: HashMap<UserId, Vec<SessionId>>,
}

struct Verified {
    token: Zeroizing<String>,
    claims: Arc<VerifiedClaims>,
}

/// Claims under a good signature, and the session they tell of, which every request with the token shares.
pub(crate) struct VerifiedClaims {
    claims: Claims,
    session: Arc<Session>,
    /// What their token is found by.
    name: u64,
}

impl VerifiedClaims {
    fn new(claims: Claims, name: u64) -> Arc<Self> {
        let session = Arc::new(claims.session());
        Arc::new(Self { claims, session, name })
    }

    /// The session as far as the token knows it.
    pub(crate) fn shared_session(&self) -> Arc<Session> {
        Arc::clone(&self.session)
    }
}

impl Deref for VerifiedClaims {
    type Target = Claims;

    fn deref(&self) -> &Claims {
        &self.claims
    }
}

impl VerifiedTokens {
    /// Room for about so many, which are good for so long at most.
    pub(super) fn new(room: u64, life: Duration) -> Self {
        Self {
            life,
            room: usize::try_from(room.div_ceil(2)).unwrap_or(usize::MAX),
            hasher: RandomState::new(),
            generations: RwLock::new(Generations {
                younger: Generation::beginning(Timestamp::from_unix_ms(0)),
                older: Generation::beginning(Timestamp::from_unix_ms(0)),
            }),
            checks: AtomicU64::new(0),
        }
    }

    /// The claims of a token: remembered, or found by checking.
    ///
    /// # Errors
    /// As the check.
    pub(super) fn claims(
        &self,
        token: &str,
        now: Timestamp,
        check: impl FnOnce() -> Result<Claims>,
    ) -> Result<Arc<VerifiedClaims>> {
        let name = self.name(token);
        if let Some(verified) = self.recall(name, token, now) {
            return Ok(Arc::clone(&verified.claims));
        }
        self.checks.fetch_add(1, Ordering::Relaxed);
        let claims = VerifiedClaims::new(check()?, name);
        if self.room > 0 {
            let verified = Verified {
                token: Zeroizing::new(token.to_owned()),
                claims: Arc::clone(&claims),
            };
            self.remember(name, Arc::new(verified), now);
        }
        Ok(claims)
    }

    /// Remembers of a token what its claims are since its first use was noticed; for clients that would not take another.
    /// One that was forgotten meanwhile stays forgotten: its session may have ended.
    pub(super) fn confirm(&self, token: &Arc<VerifiedClaims>, confirmed: Claims) {
        let confirmed = VerifiedClaims::new(confirmed, token.name);
        self.write().each(|generation| {
            let found = generation.tokens.get_mut(&token.name);
            if let Some(found) = found.filter(|found| Arc::ptr_eq(&found.claims, token)) {
                *found = Arc::new(Verified {
                    token: found.token.clone(),
                    claims: Arc::clone(&confirmed),
                });
            }
        });
    }

    /// How many tokens were not remembered.
    pub(crate) fn checks(&self) -> u64 {
        self.checks.load(Ordering::Relaxed)
    }

    /// Forgets what was remembered of a session.
    pub(crate) fn forget_session(&self, id: &SessionId) {
        if self.room > 0 {
            self.write().each(|generation| generation.forget_session(id));
        }
    }

    /// Forgets what was remembered of a user's sessions, but for one.
    pub(crate) fn forget_user(&self, id: &UserId, except: Option<&SessionId>) {
        if self.room > 0 {
            self.write().each(|generation| {
                // Taken out first: a user of ten thousand sessions is not looked through ten thousand times.
                let sessions = generation.of_user.remove(id).unwrap_or_default();
                let (kept, ended): (Vec<_>, Vec<_>) = sessions.into_iter().partition(|session| Some(session) == except);
                ended.iter().for_each(|session| generation.forget_session(session));
                if !kept.is_empty() {
                    generation.of_user.insert(id.clone(), kept);
                }
            });
        }
    }

    /// Forgets what has expired. A session does not end on time before its tokens do.
    pub(crate) fn forget_expired(&self, now: Timestamp) {
        if self.room > 0 {
            self.write().each(|generation| {
                let is_over = |verified: &&Arc<Verified>| verified.claims.expires() < now;
                let over = generation.tokens.values().filter(is_over);
                let over: Vec<SessionId> = over.map(|verified| verified.claims.session_id()).collect();
                over.iter().for_each(|session| generation.forget_session(session));
            });
        }
    }

    fn name(&self, token: &str) -> u64 {
        let start = memchr::memrchr(b'.', token.as_bytes()).map_or(0, |dot| dot + 1);
        self.hasher.hash_one(&token[start..])
    }

    fn recall(&self, name: u64, token: &str, now: Timestamp) -> Option<Arc<Verified>> {
        let (found, is_old) = {
            let generations = self.read();
            match generations.younger.tokens.get(&name) {
                Some(found) => (Arc::clone(found), false),
                None => (Arc::clone(generations.older.tokens.get(&name)?), true),
            }
        };
        if found.token.as_str() != token {
            return None;
        }
        if is_old {
            self.renew(name, now);
        }
        Some(found)
    }

    fn remember(&self, name: u64, verified: Arc<Verified>, now: Timestamp) {
        self.write().keep(name, verified, self.room, now, self.life);
    }

    /// Takes a token that is in use along, if it was not forgotten meanwhile.
    fn renew(&self, name: u64, now: Timestamp) {
        let mut generations = self.write();
        if let Some(verified) = generations.older.tokens.get(&name).map(Arc::clone) {
            generations.keep(name, verified, self.room, now, self.life);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Generations> {
        self.generations.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Generations> {
        self.generations.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn keep(&mut self, name: u64, verified: Arc<Verified>, room: usize, now: Timestamp, life: Duration) {
        let is_full = self.younger.tokens.len() >= room;
        if is_full || now > self.younger.began + life {
            self.older = std::mem::replace(&mut self.younger, Generation::beginning(now));
        }
        self.younger.insert(name, verified);
    }

    fn each(&mut self, forget: impl Fn(&mut Generation)) {
        forget(&mut self.younger);
        forget(&mut self.older);
    }
}

impl Generation {
    fn beginning(now: Timestamp) -> Self {
        Self {
            began: now,
            tokens: HashMap::new(),
            of_session: HashMap::new(),
            of_user: HashMap::new(),
        }
    }

    fn insert(&mut self, name: u64, verified: Arc<Verified>) {
        let session = verified.claims.session_id();
        let user = UserId::from(verified.claims.subject());
        if self.tokens.insert(name, verified).is_some() {
            return;
        }
        let names = self.of_session.entry(session.clone()).or_default();
        names.push(name);
        if names.len() == 1 {
            self.of_user.entry(user).or_default().push(session);
        }
    }

    fn forget_session(&mut self, id: &SessionId) {
        let names = self.of_session.remove(id).unwrap_or_default();
        let forgotten: Vec<_> = names.iter().filter_map(|name| self.tokens.remove(name)).collect();
        let Some(user) = forgotten
            .first()
            .map(|verified| UserId::from(verified.claims.subject()))
        else {
            return;
        };
        if let Some(sessions) = self.of_user.get_mut(&user) {
            sessions.retain(|session| session != id);
            if sessions.is_empty() {
                self.of_user.remove(&user);
            }
        }
    }
}
