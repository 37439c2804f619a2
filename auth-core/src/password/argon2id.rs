use std::{cell::RefCell, sync::Arc};

use argon2::{Algorithm, Argon2, Block, Params, Version};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use unicode_normalization::{UnicodeNormalization, is_nfc};
use zeroize::Zeroizing;

use super::{
    hasher::{PasswordHasher, Verified},
    legacy,
    phc::{self, Phc},
};
use crate::{
    config::ConfigProblem,
    entropy::Entropy,
    error::{Error, ErrorKind, Result},
    secret::{HashedPassword, Password},
};

/// The cost of one argon2id hash.
///
/// ```
/// use auth_core::Argon2Params;
///
/// assert_eq!(Argon2Params::default(), Argon2Params { memory_kib: 19_456, passes: 2 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two numbers")]
pub struct Argon2Params {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Argon2Params {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            passes: 2,
        }
    }
}

impl Argon2Params {
    pub(super) fn problem(self) -> Option<ConfigProblem> {
        let reaches_floor = FLOOR
            .iter()
            .any(|floor| self.memory_kib >= floor.memory_kib && self.passes >= floor.passes);
        if reaches_floor && self.is_bounded() {
            return None;
        }
        Some(ConfigProblem::new(
            "passwords.argon2",
            format!(
                "m={} KiB, t={} is below OWASP's floor or above 256 MiB and 16 passes.",
                self.memory_kib, self.passes
            ),
            "Use at least m=47104 t=1, m=19456 t=2, m=12288 t=3, m=9216 t=4 or m=7168 t=5.",
        ))
    }

    fn is_bounded(self) -> bool {
        self.memory_kib <= 256 * 1024 && (1..=16).contains(&self.passes)
    }
}

/// OWASP's password storage cheat sheet: any of these, one lane each.
const FLOOR: &[Argon2Params] = &[
    Argon2Params {
        memory_kib: 47_104,
        passes: 1,
    },
    Argon2Params {
        memory_kib: 19_456,
        passes: 2,
    },
    Argon2Params {
        memory_kib: 12_288,
        passes: 3,
    },
    Argon2Params {
        memory_kib: 9_216,
        passes: 4,
    },
    Argon2Params {
        memory_kib: 7_168,
        passes: 5,
    },
];

/// A key outside the database that every password is mixed with; numbered, so that it can be replaced.
pub(super) struct Pepper {
    pub(super) version: u32,
    pub(super) key: Zeroizing<Vec<u8>>,
}

/// The default hasher: argon2id for new hashes, other libraries' formats for old ones.
pub(super) struct Argon2id {
    pub(super) params: Argon2Params,
    /// The last one signs, all verify.
    pub(super) peppers: Vec<Pepper>,
    pub(super) entropy: Arc<dyn Entropy>,
}

const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// 64 MiB.
const KEPT_BLOCKS: usize = 64 * 1024;

thread_local! {
    /// Each hashing thread keeps its memory from one hash to the next: taking 19 MiB anew is up to half of a hash's time.
    static MEMORY: RefCell<Vec<Block>> = const { RefCell::new(Vec::new()) };
}

impl PasswordHasher for Argon2id {
    fn hash(&self, password: &Password) -> Result<HashedPassword> {
        let mut salt = [0_u8; SALT_BYTES];
        self.entropy.fill(&mut salt)?;
        let pepper = self.peppers.last();
        let mut hash = [0_u8; HASH_BYTES];
        let cost = Cost {
            algorithm: Algorithm::Argon2id,
            version: Version::V0x13,
            params: self.params,
            lanes: LANES,
        };
        cost.hash(&peppered(&nfc(password), pepper), &salt, &mut hash)?;
        let Argon2Params { memory_kib, passes } = self.params;
        let key_id = pepper
            .map(|pepper| format!(",keyid={}", phc::encode(pepper.version.to_string().as_bytes())))
            .unwrap_or_default();
        Ok(HashedPassword::from_stored(format!(
            "$argon2id$v=19$m={memory_kib},t={passes},p={LANES}{key_id}${}${}",
            phc::encode(&salt),
            phc::encode(&hash)
        )))
    }

    fn verify(&self, password: &Password, stored: &HashedPassword) -> Result<Verified> {
        let outdated = || Error::from(ErrorKind::OutdatedPassword);
        if !stored.expose().starts_with("$argon2") {
            let matches = legacy::verify(password, stored.expose()).ok_or_else(outdated)?;
            return Ok(if matches { Verified::Outdated } else { Verified::No });
        }
        let phc = Phc::parse(stored.expose()).ok_or_else(outdated)?;
        let cost = Cost::of(&phc).ok_or_else(outdated)?;
        let pepper = match phc.text("keyid") {
            Some(key_id) => Some(
                self.peppers
                    .iter()
                    .find(|pepper| phc::encode(pepper.version.to_string().as_bytes()) == key_id)
                    .ok_or_else(outdated)?,
            ),
            None => None,
        };
        let mut hash = vec![0_u8; phc.hash.len()];
        cost.hash(&peppered(&nfc(password), pepper), &phc.salt, &mut hash)?;
        if !bool::from(hash.ct_eq(&phc.hash)) {
            return Ok(Verified::No);
        }
        let is_current = phc.name == "argon2id"
            && cost.version == Version::V0x13
            && cost.params == self.params
            && cost.lanes == LANES
            && phc.hash.len() == HASH_BYTES
            && pepper.map(|pepper| pepper.version) == self.peppers.last().map(|pepper| pepper.version);
        Ok(if is_current { Verified::Yes } else { Verified::Outdated })
    }
}

/// What a hash was or will be made with.
pub(super) struct Cost {
    algorithm: Algorithm,
    version: Version,
    pub(super) params: Argon2Params,
    lanes: u32,
}

impl Cost {
    /// The cost of a stored hash, if it is bounded: nobody's database row may take a gigabyte, nor so little that there is no such
    /// hash (RFC 9106 §3.1: eight blocks for each lane).
    pub(super) fn of(phc: &Phc<'_>) -> Option<Self> {
        let cost = Self {
            algorithm: match phc.name {
                "argon2d" => Algorithm::Argon2d,
                "argon2i" => Algorithm::Argon2i,
                "argon2id" => Algorithm::Argon2id,
                _ => return None,
            },
            version: match phc.version {
                None | Some(0x10) => Version::V0x10,
                Some(0x13) => Version::V0x13,
                Some(_) => return None,
            },
            params: Argon2Params {
                memory_kib: phc.number("m")?,
                passes: phc.number("t")?,
            },
            lanes: phc.number("p")?,
        };
        let is_bounded = cost.params.is_bounded() && (1..=8).contains(&cost.lanes);
        (is_bounded && cost.params.memory_kib >= 8 * cost.lanes).then_some(cost)
    }

    fn hash(&self, password: &[u8], salt: &[u8], hash: &mut [u8]) -> Result<()> {
        let failed = |error: argon2::Error| Error::from(ErrorKind::Unknown).detail(error.to_string());
        let Argon2Params { memory_kib, passes } = self.params;
        let params = Params::new(memory_kib, passes, self.lanes, Some(hash.len())).map_err(failed)?;
        let blocks = params.block_count();
        let argon2 = Argon2::new(self.algorithm, self.version, params);
        MEMORY.with_borrow_mut(|memory| {
            if memory.len() < blocks {
                memory.resize(blocks, Block::new());
            }
            let hashed = argon2
                .hash_password_into_with_memory(password, salt, hash, &mut memory[..blocks])
                .map_err(failed);
            // An old hash that took much more than ours must not cost that memory for ever.
            if blocks > KEPT_BLOCKS {
                memory.truncate(KEPT_BLOCKS);
                memory.shrink_to_fit();
            }
            hashed
        })
    }
}

/// The text in NFC: the same letters typed on two keyboards are one password (NIST SP 800-63B-4 §3.1.1.2).
pub(super) fn nfc(password: &Password) -> Zeroizing<String> {
    let typed = password.expose();
    Zeroizing::new(if is_nfc(typed) {
        typed.to_owned()
    } else {
        typed.nfc().collect()
    })
}

fn peppered(password: &str, pepper: Option<&Pepper>) -> Zeroizing<Vec<u8>> {
    let Some(pepper) = pepper else {
        return Zeroizing::new(password.as_bytes().to_vec());
    };
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(&pepper.key).expect("HMAC takes a key of any length");
    mac.update(password.as_bytes());
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}
