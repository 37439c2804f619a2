//! `kill -9` between the commit of a sign-up and its mail: the mail is sent all the same, once.

use std::{env, path::Path, process::Stdio, time::Duration};

use auth_core::{
    Auth, DeliveryError, Mail, Mailer, MemoryMailer, Secret, SignUp, adapters::SqliteAdapter, testing::ManualClock,
};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{App, MINUTE, PASSWORD, stories};

stories![App::with_post => two_who_send_send_nothing_twice,];

const DATABASE: &str = "AUTH_TEST_OUTBOX_CRASH";

/// Says that it was handed a mail, and never comes back.
struct Silent;

#[async_trait::async_trait]
impl Mailer for Silent {
    async fn send(&self, _: &Mail) -> Result<(), DeliveryError> {
        println!("sending");
        std::future::pending().await
    }
}

async fn open(database: &Path, clock: &ManualClock, mailer: impl Mailer) -> Auth {
    let auth = Auth::builder(
        SqliteAdapter::connect(&format!("sqlite://{}", database.display()))
            .await
            .unwrap(),
    )
    .secret(Secret::new("a secret of the tests, 32 bytes and more"))
    .base_url("https://app.example.com")
    .clock(clock.clone())
    .mailer(mailer)
    .build()
    .unwrap();
    auth.migrate().await.unwrap();
    auth
}

/// Run in a process of its own by the test below, and by nothing else.
#[tokio::test]
async fn a_process_that_will_be_killed() {
    let Some(database) = env::var_os(DATABASE) else { return };
    let auth = open(Path::new(&database), &ManualClock::default(), Silent).await;
    let (_, session) = auth
        .sign_up_with_email(SignUp::new("ada@example.com", PASSWORD))
        .await
        .unwrap();
    assert!(session.is_none());
    println!("committed");
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_process_leaves_its_mail_to_the_next() {
    for killed_at in ["committed", "sending"] {
        let directory = tempfile::TempDir::new().unwrap();
        let database = directory.path().join("killed.db");
        let mut child = tokio::process::Command::new(env::current_exe().unwrap())
            .args([
                "attacks::outbox_crash::a_process_that_will_be_killed",
                "--exact",
                "--nocapture",
            ])
            .env(DATABASE, &database)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.contains(killed_at) {
                    return true;
                }
            }
            false
        };
        let said = tokio::time::timeout(Duration::from_secs(60), said).await;
        assert!(said.expect("in time"), "it was to be killed when it says {killed_at}");
        child.kill().await.unwrap();
        let (clock, mailer) = (ManualClock::default(), MemoryMailer::default());
        // What the dead process had taken is its own for a minute.
        clock.advance(MINUTE);
        let auth = open(&database, &clock, mailer.clone()).await;
        let sent = loop {
            auth.deliver_due().await.unwrap();
            if let Some(sent) = mailer.wait_for(1, Duration::from_millis(50)).await {
                break sent;
            }
        };
        assert_eq!(
            (sent.len(), sent[0].to.as_str(), sent[0].kind),
            (1, "ada@example.com", "confirmation")
        );
        clock.advance(10 * MINUTE);
        auth.deliver_due().await.unwrap();
        assert_eq!(mailer.sent().len(), 1, "killed when it said {killed_at}");
        // And its link works.
        let link = sent[0].text.lines().find(|line| line.contains("/verify?")).unwrap();
        let link = url::Url::parse(link).unwrap();
        let (_, secret) = link.query_pairs().find(|(name, _)| name == "token").unwrap();
        let press = http::Request::post("/api/auth/verify")
            .header("content-type", "application/json")
            .body(
                serde_json::json!({ "type": "signup", "token_hash": secret })
                    .to_string()
                    .into(),
            );
        let answer = auth.handle(press.unwrap()).await;
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().contains_key("set-cookie"));
    }
}

async fn two_who_send_send_nothing_twice(app: App) {
    let (mails, texts) = (app.mails.clone(), app.texts.clone());
    let other = app.beside(|builder| builder.mailer(mails).sms_sender(texts)).await;
    for number in 0..25 {
        let email = format!("u{number}@example.com");
        let body = serde_json::json!({ "email": email });
        let client = app.keeper().from_ip(&format!("198.51.100.{number}"));
        assert_eq!(client.post("/api/auth/magiclink", body).await.status(), 200);
    }
    for _ in 0..5 {
        let (one, two) = tokio::join!(app.auth.deliver_due(), other.auth.deliver_due());
        one.unwrap();
        two.unwrap();
    }
    app.deliver().await;
    let mut to: Vec<_> = app.mails.sent().into_iter().map(|mail| mail.to).collect();
    to.sort();
    to.dedup();
    assert_eq!((app.mails.sent().len(), to.len()), (25, 25));
}
