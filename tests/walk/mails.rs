//! The mails of an application, as files in a folder.

use std::{cell::RefCell, collections::HashSet, path::PathBuf};

use mailparse::{MailHeaderMap, parse_mail};
use tempfile::TempDir;

use crate::eventually;

/// A folder that an application writes its mails into, and which of them were read.
pub(crate) struct Mails {
    folder: TempDir,
    read: RefCell<HashSet<PathBuf>>,
}

/// A mail, read.
#[derive(Debug)]
pub(super) struct Mail {
    subject: String,
    to: String,
    text: String,
}

impl Mails {
    pub(crate) fn new() -> Self {
        Self {
            folder: TempDir::new().unwrap(),
            read: RefCell::default(),
        }
    }

    /// What an application is told to write here.
    pub(crate) fn arguments(&self) -> [String; 2] {
        ["--mail".to_owned(), format!("files:{}", self.folder.path().display())]
    }

    /// What the stand-alone server is told to write here.
    pub(super) fn server_arguments(&self) -> [String; 4] {
        let folder = self.folder.path().display().to_string();
        let from = "Auth <auth@example.com>".to_owned();
        ["--mail-files".to_owned(), folder, "--mail-from".to_owned(), from]
    }

    /// Waits for a mail to this address, about this, that was not read yet.
    pub(super) async fn next(&self, to: &str, about: &str) -> Mail {
        eventually(format_args!("{to} gets a mail about {about:?}"), async || {
            for path in self.whole() {
                if self.read.borrow().contains(&path) {
                    continue;
                }
                let mail = Mail::parse(&std::fs::read(&path).unwrap());
                if mail.to == to && mail.subject.contains(about) {
                    self.read.borrow_mut().insert(path);
                    return Some(mail);
                }
            }
            None
        })
        .await
    }

    /// Who got any mail, read or not.
    pub(crate) fn recipients(&self) -> HashSet<String> {
        let mails = self
            .whole()
            .into_iter()
            .map(|path| Mail::parse(&std::fs::read(path).unwrap()));
        mails.map(|mail| mail.to).collect()
    }

    /// The mails that are written to their end.
    fn whole(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.extension().is_some_and(|extension| extension == "eml"))
            .collect()
    }
}

impl Mail {
    fn parse(bytes: &[u8]) -> Self {
        let mail = parse_mail(bytes).unwrap();
        let header = |name| mail.headers.get_first_value(name).unwrap();
        Self {
            subject: header("Subject"),
            to: header("To"),
            text: mail.subparts[0].get_body().unwrap(),
        }
    }

    /// Path and query of the link: it leads to the application itself.
    pub(super) fn path(&self) -> &str {
        let link = self.text.lines().find(|line| line.contains("/verify?")).unwrap().trim();
        let (_, path) = link.split_once("://").unwrap();
        &path[path.find('/').unwrap()..]
    }

    /// The secret in the link.
    pub(super) fn token(&self) -> &str {
        let (_, rest) = self.path().split_once("token=").unwrap();
        rest.split('&').next().unwrap()
    }

    /// The digits to be typed.
    pub(super) fn code(&self) -> &str {
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        self.text.split_whitespace().find(is_code).unwrap()
    }
}
