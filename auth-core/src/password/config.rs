use std::thread::available_parallelism;

use zeroize::Zeroizing;

use super::{
    argon2id::{Argon2Params, Pepper},
    leaked::LeakCheck,
};
use crate::{config::ConfigProblem, secret::Secret};

/// What passwords must be like, and how they are hashed.
///
/// ```
/// use auth_core::PasswordConfig;
///
/// let passwords = PasswordConfig::default().min_length(12).blocked_word("acme");
/// # let _ = passwords;
/// ```
#[derive(Clone)]
pub struct PasswordConfig {
    pub(super) min_length: usize,
    pub(super) takes_short: bool,
    pub(super) max_bytes: usize,
    pub(super) argon2: Argon2Params,
    pub(super) takes_cheap: bool,
    pub(super) threads: usize,
    pub(super) queue: usize,
    pub(super) asks_for_current: bool,
    pub(super) block_list: bool,
    pub(super) blocked_words: Vec<String>,
    pub(super) leak_check: Option<LeakCheck>,
    pub(super) peppers: Vec<(u32, Zeroizing<Vec<u8>>)>,
    pub(super) encryption_keys: Vec<(u32, Secret)>,
    #[cfg(feature = "zxcvbn")]
    pub(super) min_score: u8,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self {
            min_length: 8,
            takes_short: false,
            max_bytes: 4_096,
            argon2: Argon2Params::default(),
            takes_cheap: false,
            threads: available_parallelism().map_or(1, usize::from),
            queue: 128,
            asks_for_current: false,
            block_list: true,
            blocked_words: Vec::new(),
            leak_check: None,
            peppers: Vec::new(),
            encryption_keys: Vec::new(),
            #[cfg(feature = "zxcvbn")]
            min_score: 0,
        }
    }
}

impl PasswordConfig {
    /// The fewest characters, after NFC. Default 8 (OWASP's minimum), never less; NIST asks for 15 where the password
    /// is the only factor. Longer is harder to guess and to type.
    #[must_use]
    pub fn min_length(mut self, characters: usize) -> Self {
        self.min_length = characters;
        self
    }

    /// As [`PasswordConfig::min_length`], and less than 8 as well: for the test suites of other servers' clients, which use 6.
    #[must_use]
    pub fn danger_min_length(mut self, characters: usize) -> Self {
        self.min_length = characters;
        self.takes_short = true;
        self
    }

    /// Whether `PUT /user` takes a new password only with the current one, even a moment after the sign-in. Default no: a fresh
    /// sign-in or a nonce is enough. Who came in by a link or code that was sent to them, or has no password, proves who they are
    /// as ever. Yes keeps out whoever finds a session that was just opened; people type one more password.
    #[must_use]
    pub fn ask_for_current(mut self, ask: bool) -> Self {
        self.asks_for_current = ask;
        self
    }

    /// The most bytes a password may have, checked before anything else is done with it. Default 4096; at least 256,
    /// so that 64 characters of any script fit.
    #[must_use]
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The cost of a hash. Default 19 MiB and two passes, about 20 ms; more slows down thieves and sign-ins alike.
    #[must_use]
    pub fn argon2(mut self, params: Argon2Params) -> Self {
        self.argon2 = params;
        self
    }

    /// Hashes that cost next to nothing, to a thief as well: for the test suites of applications, where three quarters of the
    /// time would be hashing.
    #[cfg(feature = "testing")]
    #[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
    #[must_use]
    pub fn danger_cheap_hashes(mut self) -> Self {
        self.argon2 = Argon2Params {
            memory_kib: 8,
            passes: 1,
        };
        self.takes_cheap = true;
        self
    }

    /// How many hashes are computed at once. Default one per core; each keeps its memory. More makes other work wait.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }

    /// How many hashes may wait. Default 128, which one core works off in about three seconds; beyond it the answer is
    /// 503 with `Retry-After`. Longer queues make everybody wait, shorter ones refuse small bursts.
    #[must_use]
    pub fn queue(mut self, hashes: usize) -> Self {
        self.queue = hashes;
        self
    }

    /// Accepts common passwords.
    #[must_use]
    pub fn danger_without_block_list(mut self) -> Self {
        self.block_list = false;
        self
    }

    /// One more word a password must not consist of, such as the site's name.
    #[must_use]
    pub fn blocked_word(mut self, word: impl Into<String>) -> Self {
        self.blocked_words.push(word.into());
        self
    }

    /// Refuses passwords that are known to have leaked. Default none is asked: the list is a download or somebody else's server.
    #[must_use]
    pub fn leak_check(mut self, check: LeakCheck) -> Self {
        self.leak_check = Some(check);
        self
    }

    /// A key outside the database that passwords are mixed with, at least 32 bytes. The version added last makes new
    /// hashes; keep the older ones until everybody has signed in again. A lost key makes its passwords useless.
    #[must_use]
    pub fn pepper(mut self, version: u32, key: impl Into<Vec<u8>>) -> Self {
        self.peppers.push((version, Zeroizing::new(key.into())));
        self
    }

    /// A key outside the database that stored hashes are encrypted with, at least 32 bytes. Default none. The version added last
    /// encrypts; keep the older ones until everybody has signed in again, which is when a hash that is plain or under an
    /// older key is replaced. A lost key makes its passwords useless: who has one needs
    /// [`reset_password_for_email`](crate::Auth::reset_password_for_email).
    ///
    /// As with a [pepper](PasswordConfig::pepper), a copy of the database alone cannot be guessed at, whatever made the
    /// hashes. Beyond it, imported hashes are covered from the beginning, and a hash is good for its owner only.
    ///
    /// ```
    /// use auth_core::PasswordConfig;
    ///
    /// # let (last_years, this_years) = ([1; 32], [2; 32]);
    /// let passwords = PasswordConfig::default()
    ///     .encryption_key(1, last_years)
    ///     .encryption_key(2, this_years);
    /// # let _ = passwords;
    /// ```
    #[must_use]
    pub fn encryption_key(mut self, version: u32, key: impl Into<Vec<u8>>) -> Self {
        self.encryption_keys.push((version, Secret::new(key)));
        self
    }

    /// The least score of zxcvbn, 0 to 4. Default 0, which accepts all.
    #[cfg(feature = "zxcvbn")]
    #[cfg_attr(docsrs, doc(cfg(feature = "zxcvbn")))]
    #[must_use]
    pub fn min_score(mut self, score: u8) -> Self {
        self.min_score = score;
        self
    }

    pub(super) fn peppers(&self) -> Vec<Pepper> {
        self.peppers
            .iter()
            .map(|(version, key)| Pepper {
                version: *version,
                key: key.clone(),
            })
            .collect()
    }

    pub(crate) fn problems(&self) -> Vec<ConfigProblem> {
        let mut problems = Vec::new();
        let mut refuse = |option, problem: String, fix: &str| problems.push(ConfigProblem::new(option, problem, fix));
        if self.min_length < 8 && !self.takes_short {
            refuse(
                "passwords.min_length",
                format!("{} characters are too few.", self.min_length),
                "Use 8 or more.",
            );
        }
        if !(256..=65_536).contains(&self.max_bytes) || self.min_length * 4 > self.max_bytes {
            refuse(
                "passwords.max_bytes",
                format!("{} bytes do not hold the passwords people use.", self.max_bytes),
                "Use 256 to 65536, and at least four times the minimum length.",
            );
        }
        #[cfg(feature = "zxcvbn")]
        if self.min_score > 4 {
            refuse(
                "passwords.min_score",
                format!("{} is more than any password gets.", self.min_score),
                "Use 0 to 4.",
            );
        }
        if self.threads == 0 || self.queue == 0 {
            refuse(
                "passwords.threads, passwords.queue",
                "nothing would ever be hashed.".to_owned(),
                "Use 1 or more.",
            );
        }
        let peppers = self.peppers.iter().map(|(version, key)| (*version, key.len()));
        let encryption_keys = self.encryption_keys.iter().map(|(version, key)| (*version, key.len()));
        for (option, keys) in [
            ("passwords.pepper", peppers.collect::<Vec<_>>()),
            ("passwords.encryption_key", encryption_keys.collect()),
        ] {
            for (index, (version, length)) in keys.iter().enumerate() {
                if *length < Secret::MIN_BYTES {
                    refuse(
                        option,
                        format!("the key of version {version} has {length} bytes."),
                        "Use 32 random bytes or more.",
                    );
                }
                if keys[..index].iter().any(|(earlier, _)| earlier == version) {
                    refuse(
                        option,
                        format!("version {version} is given twice."),
                        "Give each key a version of its own.",
                    );
                }
            }
        }
        problems.extend(self.leak_check.as_ref().and_then(LeakCheck::problem));
        problems.extend(self.argon2.problem().filter(|_| !self.takes_cheap));
        problems
    }
}

impl std::fmt::Debug for PasswordConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordConfig")
            .field("min_length", &self.min_length)
            .field("argon2", &self.argon2)
            .finish_non_exhaustive()
    }
}
