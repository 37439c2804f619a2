use std::time::Duration;

use auth_core::{DeliveryError, Mail, Mailbox, Mailer, SmtpCredentials, SmtpMailer, SmtpSecurity};
use auth_tests::harness::{Manners, SmtpCatcher, Wire};

use crate::{eventually, free_port};

fn from() -> Mailbox {
    Mailbox::parse("Example <no-reply@example.com>").unwrap()
}

fn mailer(catcher: &SmtpCatcher, wire: Wire) -> SmtpMailer {
    let mailer = SmtpMailer::from_url(&catcher.url(wire), from()).unwrap();
    mailer.root_certificates(&catcher.certificate).unwrap()
}

fn mail(id: &str) -> Mail {
    Mail::new(
        id,
        "ada@example.org",
        "Grüße & more",
        "Hello\n\n.\n..dots\nhttps://example.com/?a=1\n",
    )
    .html("<p>Hello <b>Ada</b></p>")
}

async fn refusal(mailer: &SmtpMailer) -> DeliveryError {
    mailer.send(&mail("m")).await.unwrap_err()
}

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let catcher = SmtpCatcher::start(Wire::Plain);
    let mailer = mailer(&catcher, Wire::Plain).reply_to(Mailbox::parse("help@example.com").unwrap());
    mailer.send(&mail("m1")).await.unwrap();
    let caught = catcher.wait_for(1).await.remove(0);
    assert_eq!(caught.from, "no-reply@example.com");
    assert_eq!(caught.to, ["ada@example.org"]);
    assert_eq!(caught.header("Message-ID").unwrap(), "<m1@example.com>");
    assert_eq!(caught.header("To").unwrap(), "ada@example.org");
    assert_eq!(caught.header("Reply-To").unwrap(), "help@example.com");
    assert_eq!(caught.subject(), "Grüße & more");
    assert_eq!(caught.text(), "Hello\n\n.\n..dots\nhttps://example.com/?a=1\n");
    assert_eq!(caught.html().unwrap(), "<p>Hello <b>Ada</b></p>");
    assert_eq!(caught.link().unwrap(), "https://example.com/?a=1");
    assert!(!caught.encrypted && caught.user.is_none());
}

#[tokio::test]
async fn both_kinds_of_tls_encrypt_before_the_password_is_said() {
    for (wire, security) in [(Wire::StartTls, SmtpSecurity::StartTls), (Wire::Tls, SmtpSecurity::Tls)] {
        let catcher = SmtpCatcher::start(wire);
        let mailer = SmtpMailer::new("127.0.0.1", from())
            .security(security)
            .port(catcher.address.port())
            .credentials(SmtpCredentials::new("ada", "engine"))
            .root_certificates(&catcher.certificate)
            .unwrap();
        mailer.send(&mail("m1")).await.unwrap();
        let caught = catcher.wait_for(1).await.remove(0);
        assert!(caught.encrypted, "{wire:?}");
        assert_eq!(caught.user.as_deref(), Some("ada"));
        assert!(!format!("{mailer:?}").contains("engine"));
    }
}

#[tokio::test]
async fn credentials_come_out_of_a_url_decoded() {
    let catcher = SmtpCatcher::start(Wire::Tls);
    let url = format!("smtps://ada%40example.com:p%3Ass@{}", catcher.address);
    let mailer = SmtpMailer::from_url(&url, from()).unwrap();
    let mailer = mailer.root_certificates(&catcher.certificate).unwrap();
    mailer.send(&mail("m1")).await.unwrap();
    let caught = catcher.wait_for(1).await.remove(0);
    assert_eq!(caught.user.as_deref(), Some("ada@example.com"));
}

#[tokio::test]
async fn a_refused_mail_is_given_up_and_a_postponed_one_is_not() {
    let catcher = SmtpCatcher::start(Wire::Plain);
    let mailer = mailer(&catcher, Wire::Plain).credentials(SmtpCredentials::new("ada", "engine"));
    for (command, says, permanent) in [
        ("CONNECT", "421 4.3.2 going down", false),
        ("CONNECT", "554 5.7.1 no service for you", false),
        ("AUTH", "535 5.7.8 wrong password", false),
        ("MAIL", "530 5.7.0 authentication required", false),
        ("MAIL", "451 4.3.0 later", false),
        ("RCPT", "450 4.2.1 greylisted", false),
        ("RCPT", "550 5.1.1 no such mailbox", true),
        ("DATA", "554 5.6.0 no", true),
        ("END", "452 4.3.1 full", false),
        ("END", "550 5.7.1 spam", true),
    ] {
        catcher.once(command, Manners::Says(says));
        let refusal = refusal(&mailer).await;
        assert_eq!(refusal.is_permanent(), permanent, "{says}: {refusal}");
        assert!(!format!("{refusal:?}").contains("engine"));
    }
    // And nothing of that lasts.
    mailer.send(&mail("m1")).await.unwrap();
    assert_eq!(catcher.wait_for(1).await.len(), 1);
}

#[tokio::test]
async fn a_server_that_hangs_or_leaves_costs_the_time_that_was_set() {
    let catcher = SmtpCatcher::start(Wire::StartTls);
    for command in ["CONNECT", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "END"] {
        let mailer = mailer(&catcher, Wire::StartTls).timeout(Duration::from_millis(300));
        catcher.once(command, Manners::Hangs);
        assert_eq!(
            refusal(&mailer).await.to_string(),
            "the mail server took too long",
            "{command}"
        );
        catcher.once(command, Manners::Leaves);
        assert!(
            !refusal(&mailer.timeout(Duration::from_secs(20))).await.is_permanent(),
            "{command}"
        );
    }
    assert!(catcher.mails().is_empty());
}

#[tokio::test]
async fn nobody_there_is_tried_again() {
    let mailer = SmtpMailer::from_url(&format!("smtp://127.0.0.1:{}", free_port()), from()).unwrap();
    assert!(!refusal(&mailer).await.is_permanent());
}

#[tokio::test]
async fn a_late_answer_belongs_to_no_other_mail() {
    let catcher = SmtpCatcher::start(Wire::Plain);
    let mailer = mailer(&catcher, Wire::Plain)
        .connections(1)
        .timeout(Duration::from_millis(500));
    // A connection that is known to be good is given up in the middle of its second mail.
    mailer.send(&mail("m1")).await.unwrap();
    catcher.once("END", Manners::Waits(Duration::from_millis(800)));
    assert!(!refusal(&mailer).await.is_permanent());
    catcher.once("RCPT", Manners::Says("550 5.1.1 no such mailbox"));
    assert!(refusal(&mailer).await.is_permanent(), "the answer is to this mail");
    mailer.send(&mail("m3")).await.unwrap();
    let mails = catcher.mails();
    let last = mails
        .iter()
        .find(|mail| mail.header("Message-ID").unwrap().contains("m3"));
    assert_ne!(last.unwrap().connection, mails[0].connection);
}

#[tokio::test]
async fn connections_are_kept_and_replaced_when_the_server_hangs_up() {
    let catcher = SmtpCatcher::start(Wire::Plain);
    let mailer = mailer(&catcher, Wire::Plain);
    for id in ["m1", "m2", "m3"] {
        mailer.send(&mail(id)).await.unwrap();
    }
    catcher.once("NOOP", Manners::Leaves);
    mailer.send(&mail("m4")).await.unwrap();
    let connections: Vec<_> = catcher.wait_for(4).await.iter().map(|mail| mail.connection).collect();
    assert_eq!(connections, [1, 1, 1, 2]);
}

#[tokio::test]
async fn a_slow_server_gets_no_mail_twice() {
    let catcher = SmtpCatcher::start(Wire::Plain);
    // The last of them wait three times for somebody else's mail, which is longer than one may take.
    let mailer = mailer(&catcher, Wire::Plain).timeout(Duration::from_secs(1));
    let mut sending = tokio::task::JoinSet::new();
    for number in 0..16 {
        let mailer = mailer.clone();
        catcher.once("END", Manners::Waits(Duration::from_millis(400)));
        sending.spawn(async move { mailer.send(&mail(&format!("m{number}"))).await });
    }
    let sent = sending.join_all().await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    assert_eq!(catcher.wait_for(16).await.len(), 16);
}

#[tokio::test]
async fn a_mail_without_a_connection_is_not_begun() {
    let catcher = SmtpCatcher::start(Wire::Plain);
    // So long that it leaves little time to wait for a connection.
    let mailer = mailer(&catcher, Wire::Plain)
        .connections(1)
        .timeout(Duration::from_secs(60));
    catcher.once("END", Manners::Waits(Duration::from_secs(3)));
    let first = {
        let mailer = mailer.clone();
        tokio::spawn(async move { mailer.send(&mail("m1")).await })
    };
    let is_sending = || {
        catcher
            .commands()
            .iter()
            .any(|command| command.starts_with("DATA"))
            .then_some(())
    };
    eventually("the first mail is being sent", async || is_sending()).await;
    let error = refusal(&mailer).await;
    assert!(
        !error.is_permanent() && error.to_string().contains("not begun"),
        "{error}"
    );
    first.await.unwrap().unwrap();
    assert_eq!(catcher.mails().len(), 1);
}

#[tokio::test]
async fn there_are_no_more_connections_than_were_asked_for() {
    let catcher = SmtpCatcher::start(Wire::Plain);
    let mailer = mailer(&catcher, Wire::Plain).connections(2);
    let mut sending = tokio::task::JoinSet::new();
    for number in 0..12 {
        let mailer = mailer.clone();
        catcher.once("END", Manners::Waits(Duration::from_millis(20)));
        sending.spawn(async move { mailer.send(&mail(&format!("m{number}"))).await });
    }
    assert!(sending.join_all().await.iter().all(Result::is_ok));
    let mails = catcher.wait_for(12).await;
    assert!(mails.iter().all(|mail| mail.connection <= 2));
}
