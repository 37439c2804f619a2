//! A download of the list, searched by halves: some twenty reads of a file of 40 gigabytes.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use zeroize::Zeroizing;

use super::{LeakDigest, LeakedPasswords};
use crate::{
    config::ConfigProblem,
    error::{Error, ErrorKind, Result},
};

/// A file of SHA-1 digests, as [Have I Been Pwned]'s downloader writes it: one in each line, in hexadecimal and in ascending order,
/// whatever stands behind a colon. It is searched where it lies, on a thread for blocking work, and never held in memory; a new
/// one may be moved into its place at any time.
///
/// [Have I Been Pwned]: https://haveibeenpwned.com/Passwords
#[derive(Clone, Debug)]
pub struct LeakedPasswordFile {
    path: PathBuf,
}

impl LeakedPasswordFile {
    /// Uses the file at this path.
    ///
    /// # Errors
    /// [`ConfigProblem`] when it cannot be read, or does not begin and end with digests in ascending order.
    pub fn open(path: impl Into<PathBuf>) -> std::result::Result<Self, ConfigProblem> {
        let path = path.into();
        let problem = |problem: String| {
            ConfigProblem::new(
                "leaked_password_file",
                format!("{}: {problem}", path.display()),
                "Use the SHA-1 list of Have I Been Pwned, ordered by hash.",
            )
        };
        let ends = ends(&path).map_err(|error| problem(error.to_string()))?;
        match ends {
            Some((first, last)) if first <= last => Ok(Self { path }),
            _ => Err(problem("it holds no digests in ascending order.".to_owned())),
        }
    }
}

#[async_trait]
impl LeakedPasswords for LeakedPasswordFile {
    async fn contains(&self, digest: &LeakDigest) -> Result<bool> {
        let (path, wanted) = (self.path.clone(), digest.digits());
        tokio::task::spawn_blocking(move || search(&mut File::open(path)?, wanted.as_bytes()))
            .await
            .map_err(|error| Error::with_source(ErrorKind::Unknown, error))?
            .map_err(|error| Error::with_source(ErrorKind::Unknown, error))
    }
}

type Digits = [u8; 40];

/// Longer than any line: forty digits, a colon, a count, a line break.
const LINE: u64 = 128;

/// What is read at once when few lines are left.
const BLOCK: u64 = 4 * 1024;

/// The first and the last digest.
fn ends(path: &Path) -> io::Result<Option<(Digits, Digits)>> {
    let mut file = File::open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let first = digits(&read(&mut file, 0, LINE)?);
    let tail = read(&mut file, length.saturating_sub(2 * LINE), 2 * LINE)?;
    let last = tail.split(|byte| *byte == b'\n').rev().find_map(digits);
    Ok(first.zip(last))
}

/// Whether a line begins with these digits.
fn search(list: &mut (impl Read + Seek), wanted: &[u8]) -> io::Result<bool> {
    // The line, if there is one, begins at `low` or later and before `high`.
    let (mut low, mut high) = (0, list.seek(SeekFrom::End(0))?);
    while high - low > BLOCK {
        let middle = low + (high - low) / 2;
        let window = read(list, middle, 2 * LINE)?;
        // A line that `middle` cuts belongs to the lower half.
        let begin = window.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
        let begin = begin.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a line is too long"))?;
        let found = digits(&window[begin..]);
        let begin = middle + begin as u64;
        match found {
            Some(found) if begin < high && found.as_slice() <= wanted => low = begin,
            None if begin < high => return Err(io::Error::new(io::ErrorKind::InvalidData, "a line is no digest")),
            _ => high = middle + 1,
        }
    }
    let rest = read(list, low, high - low + LINE)?;
    let mut lines = rest.split(|byte| *byte == b'\n').filter_map(digits);
    Ok(lines.any(|line| line.as_slice() == wanted))
}

/// The digits a line begins with, in upper case.
fn digits(line: impl AsRef<[u8]>) -> Option<Digits> {
    let mut digits: Digits = line.as_ref().get(..40)?.try_into().ok()?;
    digits.make_ascii_uppercase();
    let is_whole = !line.as_ref().get(40).is_some_and(u8::is_ascii_alphanumeric);
    (is_whole && digits.iter().all(u8::is_ascii_hexdigit)).then_some(digits)
}

fn read(list: &mut (impl Read + Seek), from: u64, length: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    list.seek(SeekFrom::Start(from))?;
    let mut bytes = Zeroizing::new(Vec::new());
    list.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// Ascending digests with gaps in between, in lines of different lengths.
    fn list(lines: u32, line_break: &str) -> (Vec<String>, Cursor<Vec<u8>>) {
        let digests: Vec<String> = (0..lines)
            .map(|number| format!("{:08X}{:032X}", number * 3 + 1, u128::from(number)))
            .collect();
        let mut text = String::new();
        for (number, digest) in digests.iter().enumerate() {
            text += digest;
            if number % 3 > 0 {
                text += &format!(":{}", 10_u64.pow(number as u32 % 12));
            }
            text += line_break;
        }
        (digests, Cursor::new(text.into_bytes()))
    }

    #[test]
    fn every_line_is_found_and_nothing_else() {
        for line_break in ["\n", "\r\n"] {
            for lines in [1, 2, 50, 100, 3_000] {
                let (digests, mut list) = list(lines, line_break);
                for digest in &digests {
                    assert!(search(&mut list, digest.as_bytes()).unwrap(), "{digest} of {lines}");
                    let other = format!("{}{}", &digest[..7], "F".repeat(33));
                    assert!(!search(&mut list, other.as_bytes()).unwrap());
                }
                for absent in [
                    "0".repeat(40),
                    "F".repeat(40),
                    format!("{}{}", "00000001", "F".repeat(32)),
                ] {
                    assert!(!search(&mut list, absent.as_bytes()).unwrap(), "{absent} of {lines}");
                }
            }
        }
        let (digests, list) = list(9, "\n");
        let lower = String::from_utf8(list.into_inner()).unwrap().to_lowercase();
        assert!(search(&mut Cursor::new(lower.trim_end()), digests[8].as_bytes()).unwrap());
    }

    #[test]
    fn a_file_that_is_no_list_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list.txt");
        let opened = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            LeakedPasswordFile::open(&path).is_ok()
        };
        let (_, sound) = list(200, "\r\n");
        assert!(opened(sound.get_ref()));
        let (a, b) = ("A".repeat(40), "B".repeat(40));
        assert!(opened(format!("{a}\n{b}\n").as_bytes()));
        assert!(opened(a.as_bytes()));
        assert!(!opened(format!("{b}\n{a}\n").as_bytes()));
        assert!(!opened(b""));
        assert!(!opened(b"password\n123456\n"));
        // The list of NTLM hashes, and one of SHA-256.
        assert!(!opened(b"8846F7EAEE8FB117AD06BDD830B7586C:1\n"));
        assert!(!opened("C".repeat(64).as_bytes()));
        assert!(LeakedPasswordFile::open(folder.path().join("nothing")).is_err());
    }
}
