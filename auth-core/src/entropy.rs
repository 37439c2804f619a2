//! Randomness, as a port: nothing else in the crate asks the system for random bytes.

use crate::error::{Error, ErrorKind, Result};

/// Where the library takes unpredictable bytes from.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the buffer with bytes nobody can predict.
    ///
    /// # Errors
    /// When the source cannot deliver; the act that needed it fails then.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;
}

/// The operating system's generator.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|error| Error::with_source(ErrorKind::Unknown, error))
    }
}

/// Letters and digits, the alphabet of the seeds' ids.
pub const ALPHANUMERIC: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// `length` characters of `[A-Za-z0-9]`, each equally likely, from the operating system's generator.
///
/// # Errors
/// When the operating system cannot deliver random bytes.
///
/// ```
/// let id = auth_core::generate_random_string(40)?;
/// assert_eq!(id.len(), 40);
/// assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric()));
/// # Ok::<(), auth_core::Error>(())
/// ```
pub fn generate_random_string(length: usize) -> Result<String> {
    random_string(&OsEntropy, ALPHANUMERIC, length)
}

/// `length` characters of the alphabet, each equally likely: bytes that would favour its beginning are thrown away.
pub(crate) fn random_string(entropy: &dyn Entropy, alphabet: &[u8], length: usize) -> Result<String> {
    let size = alphabet.len().clamp(1, 256);
    let fair = 256 - 256 % size;
    let mut text = String::with_capacity(length);
    let mut buffer = [0_u8; 64];
    while text.len() < length {
        entropy.fill(&mut buffer)?;
        for &byte in &buffer {
            if usize::from(byte) < fair && text.len() < length {
                text.push(char::from(alphabet[usize::from(byte) % size]));
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_string_has_the_asked_length_and_alphabet() {
        for length in [0, 1, 15, 40, 300] {
            let text = generate_random_string(length).unwrap();
            assert_eq!(text.len(), length);
            assert!(text.bytes().all(|byte| ALPHANUMERIC.contains(&byte)));
        }
    }

    #[test]
    fn every_character_is_equally_likely() {
        let text = generate_random_string(62_000).unwrap();
        let mut counts = [0_u32; 128];
        text.bytes().for_each(|byte| counts[usize::from(byte)] += 1);
        let chi_squared: f64 = ALPHANUMERIC
            .iter()
            .map(|&byte| (f64::from(counts[usize::from(byte)]) - 1_000.0).powi(2) / 1_000.0)
            .sum();
        // 61 degrees of freedom: 130 is passed by chance once in a million runs.
        assert!(chi_squared < 130.0, "chi squared is {chi_squared}");
    }
}
