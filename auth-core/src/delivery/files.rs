use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{DeliveryError, Mail, Mailbox, Mailer, mime};

/// Writes each mail as a file, `<id>.eml`, which mail programmes open: for development, and for programmes that pick mails up.
///
/// A file is there whole or not at all, and the same mail has the same name every time.
///
/// ```
/// use auth_core::{FileMailer, Mail, Mailer, Mailbox};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = std::env::temp_dir().join(format!("auth-doc-{}", std::process::id()));
/// let mailer = FileMailer::new(&folder, Mailbox::parse("Example <no-reply@example.com>")?);
/// mailer.send(&Mail::new("m1", "ada@example.com", "Hello", "How are you?")).await?;
/// assert!(folder.join("m1.eml").exists());
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct FileMailer {
    folder: PathBuf,
    from: Mailbox,
}

impl FileMailer {
    /// Mails of this sender go into this folder, which is made when it is missing.
    pub fn new(folder: impl Into<PathBuf>, from: Mailbox) -> Self {
        Self {
            folder: folder.into(),
            from,
        }
    }
}

#[async_trait]
impl Mailer for FileMailer {
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
        let bytes = mime::render(mail, &self.from, None);
        let (folder, name) = (self.folder.clone(), mime::atom(&mail.id));
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await;
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| {
            DeliveryError::temporary("the file could not be written").because(error)
        };
        written
            .map_err(|error| failed(error.into()))?
            .map_err(|error| failed(error.into()))
    }
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    std::fs::create_dir_all(folder)?;
    let begun = folder.join(format!(".{name}.part"));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    // Links and codes are for nobody else on this machine.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&begun)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&begun, folder.join(format!("{name}.eml")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_mail_is_one_whole_file_and_the_same_mail_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("outgoing");
        let mailer = FileMailer::new(&place, Mailbox::parse("no-reply@example.com").unwrap());
        let mail = Mail::new("../m1", "ada@example.com", "Hello", "How are you?");
        mailer.send(&mail).await.unwrap();
        mailer.send(&mail).await.unwrap();
        let names: Vec<_> = std::fs::read_dir(&place)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names, ["..m1.eml"]);
        let text = std::fs::read_to_string(place.join("..m1.eml")).unwrap();
        assert!(
            text.contains("Subject: Hello\r\n") && text.contains("How are you?"),
            "{text}"
        );
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_written_is_tried_again() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mailer = FileMailer::new(file.path(), Mailbox::parse("no-reply@example.com").unwrap());
        let failed = mailer.send(&Mail::new("m1", "a@example.com", "Hello", "")).await;
        assert!(!failed.unwrap_err().is_permanent());
    }
}
