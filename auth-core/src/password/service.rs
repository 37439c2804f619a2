use std::sync::{Arc, OnceLock};

use super::{
    argon2id::Argon2id,
    config::PasswordConfig,
    hasher::{PasswordHasher, Verified},
    policy,
    pool::HashPool,
    sealed::HashKeys,
};
use crate::{
    entropy::Entropy,
    error::{Error, ErrorKind, Result, WeakPasswordReason},
    id::UserId,
    secret::{HashedPassword, Password},
};

/// Policy, hasher and pool, together.
pub(crate) struct Passwords {
    config: PasswordConfig,
    hasher: Arc<dyn PasswordHasher>,
    keys: Arc<HashKeys>,
    pool: HashPool,
    /// What unknown accounts are checked against.
    dummy: Arc<OnceLock<HashedPassword>>,
}

impl Passwords {
    pub(crate) fn new(
        config: &PasswordConfig,
        hasher: Option<Arc<dyn PasswordHasher>>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let keys = Arc::new(HashKeys {
            keys: config.encryption_keys.clone(),
            entropy: Arc::clone(&entropy),
        });
        let hasher = hasher.unwrap_or_else(|| {
            Arc::new(Argon2id {
                params: config.argon2,
                peppers: config.peppers(),
                entropy,
            })
        });
        Self {
            config: config.clone(),
            hasher,
            keys,
            pool: HashPool::new(config.threads, config.queue),
            dummy: Arc::default(),
        }
    }

    /// How many times the hasher was asked.
    pub(crate) fn hashes(&self) -> u64 {
        self.pool.done()
    }

    /// How many are waiting to be hashed.
    pub(crate) fn waiting(&self) -> u64 {
        self.pool.waiting()
    }

    /// Whether a new password takes the current one, however fresh the session is.
    pub(crate) fn asks_for_current(&self) -> bool {
        self.config.asks_for_current
    }

    /// Refuses what is too large to be worth any work; for every route that takes a password.
    pub(crate) fn check_size(&self, password: &Password) -> Result<()> {
        policy::check_size(&self.config, password)
    }

    /// Refuses what is too weak to be a new password; `context` is what everybody knows about the user.
    ///
    /// # Errors
    /// [`ErrorKind::WeakPassword`]; [`ErrorKind::Busy`] when a list that must be asked does not answer.
    pub(crate) async fn check_new(&self, password: &Password, context: &[&str]) -> Result<()> {
        self.check_size(password)?;
        let mut reasons = policy::weaknesses(&self.config, password, context);
        // What is refused anyway is nobody else's business.
        if reasons.is_empty()
            && let Some(check) = &self.config.leak_check
            && check.finds_new(password).await?
        {
            reasons.push(WeakPasswordReason::Pwned);
        }
        if reasons.is_empty() {
            return Ok(());
        }
        let sentence = self.weakness_sentence(&reasons);
        Err(Error::weak_password(reasons).detail(sentence))
    }

    /// What is wrong with a password that is in use, as far as everybody who must be asked answers.
    pub(crate) async fn weaknesses(&self, password: &Password, context: &[&str]) -> Vec<WeakPasswordReason> {
        let mut reasons = policy::weaknesses(&self.config, password, context);
        if reasons.is_empty()
            && let Some(check) = &self.config.leak_check
            && check.finds_old(password).await
        {
            reasons.push(WeakPasswordReason::Pwned);
        }
        reasons
    }

    /// The reasons, for people.
    pub(crate) fn weakness_sentence(&self, reasons: &[WeakPasswordReason]) -> String {
        policy::sentence(&self.config, reasons)
    }

    /// A new hash, as it is stored for this user.
    pub(crate) async fn hash(&self, password: Password, owner: &UserId) -> Result<HashedPassword> {
        let (hasher, keys, owner) = (Arc::clone(&self.hasher), Arc::clone(&self.keys), owner.clone());
        self.pool.run(move || keys.seal(hasher.hash(&password)?, &owner)).await
    }

    /// A hash from elsewhere, as it is stored for this user; `None` when it is in no form that sign-in reads. Costs as much as a
    /// sign-in.
    pub(crate) async fn adopt(&self, hash: HashedPassword, owner: &UserId) -> Result<Option<HashedPassword>> {
        if HashKeys::is_sealed(&hash) {
            return Ok(None);
        }
        match self.verify(Password::new(""), Some((owner, &hash))).await {
            Err(error) if error.kind() == ErrorKind::OutdatedPassword => Ok(None),
            verified => verified.and_then(|_| self.keys.seal(hash, owner)).map(Some),
        }
    }

    /// Checks a password, against a dummy where there is nothing to check: the same work, whatever the account's state.
    pub(crate) async fn verify(
        &self,
        password: Password,
        stored: Option<(&UserId, &HashedPassword)>,
    ) -> Result<Verified> {
        let (hasher, keys) = (Arc::clone(&self.hasher), Arc::clone(&self.keys));
        let stored = stored.map(|(owner, stored)| (owner.clone(), stored.clone()));
        let dummy = Arc::clone(&self.dummy);
        self.pool
            .run(move || {
                let spend = |password: &Password| match dummy.get() {
                    Some(dummy) => hasher.verify(password, dummy).map(drop),
                    // The first unknown account makes the dummy, which is the same work.
                    None => hasher.hash(&Password::new("dummy")).map(|hash| {
                        let _ = dummy.set(hash);
                    }),
                };
                let Some((owner, stored)) = stored else {
                    spend(&password)?;
                    return Ok(Verified::No);
                };
                let verified = keys.open(&stored, &owner).and_then(|(hash, is_current)| {
                    let verified = hasher.verify(&password, &hash)?;
                    Ok(match verified {
                        Verified::Yes if !is_current => Verified::Outdated,
                        verified => verified,
                    })
                });
                if verified
                    .as_ref()
                    .is_err_and(|error| error.kind() == ErrorKind::OutdatedPassword)
                {
                    spend(&password)?;
                }
                verified
            })
            .await
    }
}

#[cfg(test)]
mod tests;
