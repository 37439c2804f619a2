//! Passwords that are known to have leaked: a list is asked before a new one is accepted.
//!
//! Against stuffing: whoever has bought lists of passwords tries those first, long and odd ones too. A list is asked for the
//! SHA-1 of a password, because that is what [Have I Been Pwned] hands out: [`LeakedPasswordFile`] looks into a download of it,
//! [`PwnedPasswords`] asks its server, which learns five of the forty digits and so cannot know which password was meant.
//!
//! ```no_run
//! use std::time::Duration;
//! use auth_core::{LeakCheck, LeakedPasswordFile, PasswordConfig};
//!
//! let list = LeakedPasswordFile::open("/var/lib/pwned-passwords-sha1-ordered-by-hash.txt")?;
//! let passwords = PasswordConfig::default().leak_check(LeakCheck::new(list).refuse_when_unavailable());
//! # let _ = passwords;
//! # Ok::<(), auth_core::ConfigProblem>(())
//! ```
//!
//! It does not look into passwords that are stored already: at the next sign-in the answer says so, and nobody is refused.
//!
//! [Have I Been Pwned]: https://haveibeenpwned.com/Passwords

mod check;
mod digest;
mod file;
mod online;

pub use check::{LeakCheck, LeakedPasswords};
pub use digest::LeakDigest;
pub use file::LeakedPasswordFile;
pub use online::PwnedPasswords;
