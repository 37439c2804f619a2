use std::fmt;

use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use crate::{password::argon2id::nfc, secret::Password};

/// The SHA-1 of a password, by which lists of leaked passwords know it. Without salt and quickly tried, so it is as secret as the
/// password: wiped from memory when dropped, and never printed.
///
/// ```compile_fail
/// fn log(digest: &auth_core::LeakDigest) {
///     println!("{digest}");
/// }
/// ```
pub struct LeakDigest(Zeroizing<[u8; 20]>);

impl LeakDigest {
    pub(super) fn of(password: &Password) -> Self {
        Self(Zeroizing::new(Sha1::digest(nfc(password).as_bytes()).into()))
    }

    /// The 20 bytes.
    pub fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The first five of the forty digits: what may leave the process. A millionth of all passwords begins so.
    pub fn range(&self) -> String {
        self.digits()[..RANGE].to_owned()
    }

    /// The forty digits, in upper case, as in the lists.
    pub(super) fn digits(&self) -> Zeroizing<String> {
        // Of its length from the beginning: what is moved leaves copies behind.
        let mut digits = Zeroizing::new(String::with_capacity(2 * self.0.len()));
        for nibble in self.0.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
            digits.push(char::from(b"0123456789ABCDEF"[usize::from(nibble)]));
        }
        digits
    }
}

/// How many digits name a range of the list.
pub(super) const RANGE: usize = 5;

impl fmt::Debug for LeakDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeakDigest([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_sha1_of_the_text_in_nfc() {
        let digest = LeakDigest::of(&Password::new("password"));
        assert_eq!(*digest.digits(), "5BAA61E4C9B93F3F0682250B6CF8331B7EE68FD8");
        assert_eq!(digest.range(), "5BAA6");
        let (one, other) = (Password::new("pass\u{e9}"), Password::new("passe\u{301}"));
        assert_eq!(LeakDigest::of(&one).digits(), LeakDigest::of(&other).digits());
        assert!(!format!("{digest:?}").contains("5BAA"));
    }
}
