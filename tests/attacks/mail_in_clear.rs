//! Somebody between us and the mail server: who hides STARTTLS or shows another certificate hears neither password nor mail.

use auth_core::{DeliveryError, Mail, Mailbox, Mailer, SmtpCredentials, SmtpMailer};
use auth_tests::harness::{SmtpCatcher, Wire};

fn from() -> Mailbox {
    Mailbox::parse("Example <no-reply@example.com>").unwrap()
}

async fn refusal(mailer: &SmtpMailer) -> DeliveryError {
    let mail = Mail::new("m1", "ada@example.org", "Hello", "https://example.com/verify?token=abc");
    mailer.send(&mail).await.unwrap_err()
}

#[tokio::test]
async fn who_does_not_offer_starttls_is_told_nothing() {
    let catcher = SmtpCatcher::start(Wire::Plain);
    let mailer = SmtpMailer::from_url(&catcher.url(Wire::StartTls), from())
        .unwrap()
        .credentials(SmtpCredentials::new("ada", "engine"));
    let refusal = refusal(&mailer).await;
    assert!(!refusal.is_permanent());
    let told = catcher.commands();
    assert!(
        told.iter().all(|command| ["EHLO", "QUIT"].contains(&command.as_str())),
        "{told:?}"
    );
    assert!(catcher.mails().is_empty());
}

#[tokio::test]
async fn who_shows_another_certificate_is_told_nothing() {
    let other = SmtpCatcher::start(Wire::Plain);
    for wire in [Wire::StartTls, Wire::Tls] {
        let catcher = SmtpCatcher::start(wire);
        let believes_another = SmtpMailer::from_url(&catcher.url(wire), from())
            .unwrap()
            .root_certificates(&other.certificate)
            .unwrap();
        let believes_the_web = SmtpMailer::from_url(&catcher.url(wire), from()).unwrap();
        for mailer in [believes_another, believes_the_web] {
            assert!(!refusal(&mailer).await.is_permanent(), "{wire:?}");
        }
        assert!(!catcher.commands().contains(&"MAIL".to_owned()), "{wire:?}");
    }
}
