//! What the fuzz target of stored hashes calls.

use std::sync::Arc;

use super::{
    argon2id::{Argon2Params, Argon2id, Cost},
    formats::Legacy,
    hasher::PasswordHasher,
    phc::Phc,
    sealed::HashKeys,
};
use crate::{
    entropy::OsEntropy,
    error::{ErrorKind, Result},
    id::UserId,
    secret::{HashedPassword, Password, Secret},
};

/// Reads what stands in a row, as it is and as if it were encrypted. A password is checked against it where that is quick: it is
/// another one, or the row is nothing that is read here, and there is no third answer.
pub(crate) fn stored_hash(text: &str) {
    let stored = HashedPassword::from_stored(text);
    let keys = HashKeys {
        keys: vec![(1, Secret::new([7; 32]))],
        entropy: Arc::new(OsEntropy),
    };
    let nobody = UserId::from("nobody");
    only_outdated(keys.open(&stored, &nobody));
    only_outdated(keys.open(&HashedPassword::from_stored(format!("$sealed$k=1${text}")), &nobody));

    if takes_long(text) {
        return;
    }
    let hasher = Argon2id {
        params: Argon2Params::default(),
        peppers: Vec::new(),
        entropy: Arc::new(OsEntropy),
    };
    only_outdated(hasher.verify(&Password::new("correct horse battery"), &stored));
}

/// A row is data: whoever wrote nonsense into one does not make the server fail.
fn only_outdated<T>(read: Result<T>) {
    if let Err(error) = read {
        assert_eq!(error.kind(), ErrorKind::OutdatedPassword, "{error:?}");
    }
}

/// What is allowed in a row may take a quarter of a second; a fuzzer wants thousands in one.
fn takes_long(text: &str) -> bool {
    if let Some(cost) = Phc::parse(text).as_ref().and_then(Cost::of) {
        return cost.params.memory_kib * cost.params.passes > 1_024;
    }
    match Legacy::parse(text) {
        None => false,
        Some(Legacy::Bcrypt(hash)) => !matches!(&hash[4..6], "04" | "05"),
        Some(Legacy::Firebase { log_n, r, .. }) => log_n > 10 || r > 1,
        Some(Legacy::Pbkdf2 { rounds, .. }) => rounds > 2_000,
        Some(Legacy::Scrypt { .. }) => true,
    }
}
