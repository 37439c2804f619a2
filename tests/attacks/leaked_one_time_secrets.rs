//! Links, codes and what redirects carry, in tables, logs, `Debug` output and answers.

use auth_core::{
    Auth, AuthBuilder, MemoryMailer, MemorySms, Secret, TracingSink,
    adapter::{OutboxAdapter, TokenAdapter},
    adapters::SqliteAdapter,
    testing::{Fault, ManualClock},
};
use serde_json::json;

use super::leaked_secrets::with_anti_csrf;
use crate::{App, MINUTE, PASSWORD, eventually, heard, listen, runtime, stories};

const ADA: &str = "ada@example.com";

mod in_the_store {
    use super::*;

    stories![App::with_post => no_record_tells_a_link_or_a_code,];

    async fn no_record_tells_a_link_or_a_code(app: App) {
        app.keeper().sign_up(ADA, PASSWORD).await;
        let user = app.auth.get_user_by_provider_id("email", ADA).await.unwrap();
        let tokens = app.store.inner().get_tokens_by_user_id(&user.id).await.unwrap();
        let mail = app.mail_to(ADA).await;
        assert_eq!(tokens.len(), 1);
        let told = format!("{tokens:?}");
        let found = app.store.inner().get_tokens_by_address(ADA).await.unwrap();
        assert_eq!(found, tokens);
        for secret in [mail.secret(), mail.code()] {
            for part in [secret.as_str(), &secret[..6]] {
                assert!(
                    !told.contains(part) && !json!(tokens[0].data).to_string().contains(part),
                    "{told}"
                );
            }
        }
    }
}

mod in_the_log {
    use super::*;

    stories![App::with_post =>
        nothing_that_lets_in_is_logged_or_answered,
        nothing_that_lets_in_with_tokens_is_logged_or_answered,
    ];

    async fn nothing_that_lets_in_is_logged_or_answered(app: App) {
        told_of_somebody(app, |builder| builder).await;
    }

    async fn nothing_that_lets_in_with_tokens_is_logged_or_answered(app: App) {
        told_of_somebody(app, with_anti_csrf).await;
    }

    async fn told_of_somebody(app: App, strategy: fn(AuthBuilder) -> AuthBuilder) {
        listen();
        let (mails, texts) = (app.mails.clone(), app.texts.clone());
        let app = App::with_post_and(app.driver, |builder| strategy(builder.events(TracingSink))).await;
        let (mut secrets, mut of_session) = (Vec::new(), Vec::new());
        let mut answers = Vec::new();
        let browser = app.browser();
        answers.push(browser.sign_up(ADA, PASSWORD).await);
        let mail = app.mail_to(ADA).await;
        secrets.extend([mail.secret(), mail.code()]);
        answers.push(browser.verify("signup", ADA, "000000").await);
        answers.push(browser.verify_link("recovery", &mail.secret()).await);
        let followed = browser.follow(&mail).await;
        let browser = match followed.header("anti-csrf") {
            Some(value) => {
                of_session.push(value.to_owned());
                browser.with("anti-csrf", value)
            }
            None => browser,
        };
        let names = ["__Host-auth_session", "__Host-auth_access", "__Host-auth_refresh"];
        for cookie in names.iter().filter_map(|name| browser.cookie(name)) {
            let parts = cookie.split('.').skip(1).filter(|part| part.len() >= 43);
            of_session.extend(parts.map(str::to_owned));
        }
        assert!(!of_session.is_empty());
        app.wait(MINUTE);
        for (path, body) in [
            ("magiclink", json!({ "email": ADA })),
            ("recover", json!({ "email": ADA })),
            ("reauthenticate", json!({})),
        ] {
            answers.push(browser.post(&format!("/api/auth/{path}"), body).await);
            let mail = app.mail_to(ADA).await;
            secrets.push(mail.code());
            secrets.extend(mail.query("token"));
            app.wait(MINUTE);
        }
        answers.push(browser.post("/api/auth/otp", json!({ "phone": "15551234567" })).await);
        secrets.push(app.text_to("15551234567").await.code());
        // When it fails as well.
        app.store.fail(Fault::Always);
        answers.push(browser.verify_link("magiclink", &secrets[2]).await);
        answers.push(browser.post("/api/auth/magiclink", json!({ "email": ADA })).await);
        app.store.fail(Fault::Never);
        answers.push(browser.get("/api/auth/user").await);
        let mut told = heard();
        assert!(
            told.contains("user_recovery_requested") && told.contains("authn_otp_fail"),
            "{told}"
        );
        told += &format!("{:?} {:?} {:?} {mails:?} {texts:?}", app.auth, app.mails, app.texts);
        for answer in &answers {
            told += answer.text();
        }
        for secret in of_session {
            assert!(!told.contains(&secret), "{told}");
        }
        for secret in secrets {
            // Six digits in a row turn up by chance in an id; a whole link does not.
            if secret.len() > 10 {
                assert!(!told.contains(&secret[..20]), "{told}");
            } else {
                assert!(
                    !told.contains(&format!(" {secret}")) && !told.contains(&format!("\"{secret}\"")),
                    "{told}"
                );
            }
        }
    }
}

/// The file as it is on the disk, the outbox with it.
#[tokio::test]
async fn nothing_that_lets_in_is_on_the_disk() {
    let directory = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("auth.db").display());
    let (mailer, sender, clock) = (MemoryMailer::default(), MemorySms::default(), ManualClock::default());
    // Nobody sends anything before it has been looked for: a process that has ended by then, and its worker with it.
    let silent = {
        let (url, clock) = (url.clone(), clock.clone());
        std::thread::spawn(move || {
            runtime().block_on(async {
                let silent = Auth::builder(SqliteAdapter::connect(&url).await.unwrap())
                    .secret(Secret::new("a secret of the tests, 32 bytes and more"))
                    .base_url("https://app.example.com")
                    .clock(clock)
                    .mailer(Never)
                    .sms_sender(sender)
                    .build()
                    .unwrap();
                silent.migrate().await.unwrap();
                silent.send_magic_link_email(ADA, None).await.unwrap();
                silent.send_magic_link_email("bob@example.com", None).await.unwrap();
            });
        })
    };
    silent.join().unwrap();
    // Its connections close a moment later, and the last of them takes this file along.
    let wal = directory.path().join("auth.db-wal");
    eventually("closed", async || (!wal.exists()).then_some(())).await;
    let before = dump(directory.path());
    clock.advance(MINUTE * 2);
    let speaking = Auth::builder(SqliteAdapter::connect(&url).await.unwrap())
        .secret(Secret::new("a secret of the tests, 32 bytes and more"))
        .base_url("https://app.example.com")
        .clock(clock.clone())
        .mailer(mailer.clone())
        .build()
        .unwrap();
    speaking.deliver_due().await.unwrap();
    let mails = mailer.sent();
    assert_eq!(mails.len(), 2);
    let after = dump(directory.path());
    for mail in mails {
        let link = mail.text.lines().find(|line| line.contains("token=")).unwrap();
        let secret = link
            .split("token=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap()
            .as_bytes();
        for dump in [&before, &after] {
            let contains = |needle: &[u8]| dump.windows(needle.len()).any(|window| window == needle);
            assert!(contains(mail.to.as_bytes()), "the dump holds the account");
            assert!(!contains(secret) && !contains(&secret[..16]) && !contains(b"token="));
        }
    }
}

/// A mail server that never answers.
struct Never;

#[async_trait::async_trait]
impl auth_core::Mailer for Never {
    async fn send(&self, _: &auth_core::Mail) -> Result<(), auth_core::DeliveryError> {
        std::future::pending().await
    }
}

fn dump(directory: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(directory).unwrap();
    files
        .flat_map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect()
}

/// What a message in the outbox is about, nobody sees who reads the table.
#[tokio::test]
async fn a_row_of_the_outbox_is_sealed() {
    let app = App::with(crate::Driver::Core, |builder| builder.mailer(Never)).await;
    // Leased by us, so that the library's own worker finds nothing.
    let mut rows = Vec::new();
    for email in [ADA, "nobody@example.com"] {
        let hold = app.store.hold_before("lease_messages");
        let body = json!({ "email": email, "create_user": email == ADA });
        app.keeper().post("/api/auth/otp", body).await;
        let now = app.now();
        rows.extend(app.store.inner().lease_messages(now, now + MINUTE, 10).await.unwrap());
        hold.release();
    }
    assert_eq!(rows.len(), 2);
    // Not even whether it is a message at all.
    assert_eq!(rows[0].sealed.len(), rows[1].sealed.len());
    let text = String::from_utf8_lossy(&rows[0].sealed).into_owned();
    assert!(!text.contains("ada") && !text.contains("token"), "{text}");
}
