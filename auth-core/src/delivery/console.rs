use std::io::Write;

use async_trait::async_trait;

use super::{DeliveryError, Mail, Mailer, Sms, SmsSender};

/// Prints mails and text messages instead of sending them, links on a line of their own: for development.
///
/// Whoever reads the output can sign in as anybody.
///
/// ```
/// use auth_core::{ConsoleMailer, Mail, Mailer};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), auth_core::DeliveryError> {
/// ConsoleMailer::default().send(&Mail::new("m1", "ada@example.com", "Hello", "How are you?")).await
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ConsoleMailer;

#[async_trait]
impl Mailer for ConsoleMailer {
    async fn send(&self, mail: &Mail) -> Result<(), DeliveryError> {
        print(&framed(
            "mail",
            &mail.to,
            &format!("Subject: {}\n\n{}", mail.subject, mail.text),
        ))
    }
}

#[async_trait]
impl SmsSender for ConsoleMailer {
    fn name(&self) -> &str {
        "console"
    }

    async fn send(&self, sms: &Sms) -> Result<(), DeliveryError> {
        print(&framed("text message", &sms.to_e164(), &sms.text))
    }
}

/// At once, so that two messages are not printed into each other.
fn print(text: &str) -> Result<(), DeliveryError> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| DeliveryError::temporary("the console takes nothing").because(error))
}

/// A message between two rules: its lines stay as they are, so that a link can be clicked and copied.
fn framed(what: &str, to: &str, text: &str) -> String {
    let title = format!("──── {what} to {} ", printable(to));
    let rest = "─".repeat(WIDTH.saturating_sub(title.chars().count()));
    let below = "─".repeat(WIDTH);
    format!("\n{title}{rest}\n{}\n{below}\n\n", printable(text.trim_end()))
}

/// Without what a terminal would obey.
fn printable(text: &str) -> String {
    text.chars()
        .filter(|&character| character == '\n' || !character.is_control())
        .collect()
}

const WIDTH: usize = 78;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_stands_alone_and_a_terminal_is_told_nothing() {
        let shown = framed(
            "mail",
            "ada@example.com",
            "Open\n\nhttps://example.com/?a=1\n\x1b[2Jdone\n\n",
        );
        assert!(shown.contains("\nhttps://example.com/?a=1\n"), "{shown}");
        assert!(!shown.contains('\x1b'), "{shown}");
        assert!(shown.starts_with("\n──── mail to ada@example.com ─"), "{shown}");
    }
}
