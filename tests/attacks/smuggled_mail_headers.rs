//! Line breaks and brackets in addresses, subjects and texts: a mail has the headers and the recipient it was meant to have.

use auth_core::{Mail, Mailbox, Mailer, SmtpMailer};
use auth_tests::harness::{SmtpCatcher, Wire};

fn from() -> Mailbox {
    Mailbox::parse("Example <no-reply@example.com>").unwrap()
}

#[tokio::test]
async fn no_name_and_no_address_adds_a_header_or_a_recipient() {
    let catcher = SmtpCatcher::start(Wire::Plain);
    let mailer = SmtpMailer::from_url(&catcher.url(Wire::Plain), from()).unwrap();
    for to in [
        "ada@example.org\r\nBcc: eve@example.org",
        "ada@example.org>\r\nRCPT TO:<eve@example.org",
        "ada@example.org, eve@example.org",
        "ada@example.org\0",
        "Ada <ada@example.org>",
        "",
    ] {
        let mut mail = Mail::new("m", "", "Hello", "text");
        mail.to = to.to_owned();
        let refusal = mailer.send(&mail).await.unwrap_err();
        assert!(refusal.is_permanent(), "{to:?}");
    }
    let mut mail = Mail::new("m1", "ada@example.org", "", "");
    mail.subject = "Hello\r\nBcc: eve@example.org\r\n\r\nbody".to_owned();
    mail.text = "text\r\n.\r\nMAIL FROM:<eve@example.org>\r\n".to_owned();
    mailer.send(&mail).await.unwrap();
    let caught = catcher.wait_for(1).await;
    assert_eq!(caught.len(), 1);
    assert_eq!(caught[0].to, ["ada@example.org"]);
    assert_eq!(caught[0].header("Bcc"), None);
    assert!(caught[0].text().contains("\n.\nMAIL FROM"));
}
