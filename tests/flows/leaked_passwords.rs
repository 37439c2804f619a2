//! Passwords that have leaked: lists that are asked, in a file and over HTTP.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_core::{AuthBuilder, LeakCheck, LeakedPasswordFile, PwnedPasswords, ReqwestClient};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::admin::service;
use crate::{App, PASSWORD, passwords, stories};

stories![
    a_leaked_password_is_refused,
    five_digits_leave_the_process,
    a_list_that_does_not_answer_lets_new_passwords_through,
    a_list_that_must_be_asked_lets_nothing_through,
    a_file_is_asked_as_well,
];

/// On the list, and what its entry is.
pub(super) const LEAKED: &str = "correct horse battery staple";
const LEAKED_DIGEST: &str = "ABF7AAD6438836DBE526AA231ABDE2D0EEF74D42";
/// In the same place of the list only to fill it up.
const PADDING: &str = "seven purple horses in the rain";
const PADDING_DIGEST: &str = "FA87072DAD0B379E13A55CEAAB9C49973B13B7DE";

/// What the server of the list does with a request.
#[derive(Clone, Copy)]
pub(super) enum Mood {
    Answer,
    Fail,
    Hang,
    Ramble,
}

/// The range API on a port of its own; it ends with the runtime of its test.
pub(super) struct PwnedServer {
    url: String,
    heads: Arc<Mutex<Vec<String>>>,
    mood: Arc<Mutex<Mood>>,
}

impl PwnedServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            heads: Arc::default(),
            mood: Arc::new(Mutex::new(Mood::Answer)),
        };
        let (heads, mood) = (Arc::clone(&server.heads), Arc::clone(&server.mood));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (heads, mood) = (Arc::clone(&heads), Arc::clone(&mood));
                tokio::spawn(async move {
                    let mut head = Vec::new();
                    while !head.ends_with(b"\r\n\r\n") {
                        let Ok(byte) = stream.read_u8().await else { return };
                        head.push(byte);
                    }
                    let head = String::from_utf8(head).unwrap();
                    heads.lock().unwrap().push(head.clone());
                    let mood = *mood.lock().unwrap();
                    let (status, body) = match mood {
                        Mood::Answer => ("200 OK", entries(&head)),
                        Mood::Fail => ("503 Service Unavailable", String::new()),
                        Mood::Ramble => ("200 OK", "<h1>Welcome to the hotel</h1>".to_owned()),
                        Mood::Hang => return tokio::time::sleep(Duration::from_secs(60)).await,
                    };
                    let length = body.len();
                    let answer =
                        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        server
    }

    pub(super) fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// What it was asked so far.
    pub(super) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// A check that asks it, and does not wait for long.
    pub(super) fn check(&self) -> LeakCheck {
        let client = ReqwestClient::new(Duration::from_secs(5)).unwrap();
        let list = PwnedPasswords::new(client).endpoint(&self.url).unwrap();
        LeakCheck::new(list).timeout(Duration::from_millis(400))
    }
}

/// The entries whose digits begin as the path says, and some that nobody asked for.
fn entries(head: &str) -> String {
    let range = head.strip_prefix("GET /range/").unwrap().split(' ').next().unwrap();
    let mut entries = format!("{}:7\r\n{}:0", "0".repeat(35), "1".repeat(35));
    for (digest, times) in [(LEAKED_DIGEST, 215), (PADDING_DIGEST, 0)] {
        if let Some(rest) = digest.strip_prefix(range) {
            entries += &format!("\r\n{rest}:{times}");
        }
    }
    entries
}

pub(super) fn with_check(check: LeakCheck) -> impl FnOnce(AuthBuilder) -> AuthBuilder {
    |builder| builder.passwords(passwords().leak_check(check))
}

/// G6.3-17.
async fn a_leaked_password_is_refused(app: App) {
    let server = PwnedServer::start().await;
    let app = App::with(app.driver, with_check(server.check())).await;
    let refused = app.browser().sign_up("ada@example.com", LEAKED).await;
    assert_eq!(refused.refusal(), (422, "weak_password".to_owned()));
    assert_eq!(refused.json()["weak_password"]["reasons"], json!(["pwned"]));

    let ada = app.signed_up("ada@example.com").await;
    let change = json!({ "password": LEAKED, "current_password": PASSWORD });
    let refused = ada.put("/api/auth/user", change).await;
    assert_eq!(refused.json()["weak_password"]["reasons"], json!(["pwned"]));
    let body = json!({ "email": "bob@example.com", "password": LEAKED });
    let refused = service(&app).post("/api/auth/admin/users", body).await;
    assert_eq!(refused.json()["weak_password"]["reasons"], json!(["pwned"]));
    let id = ada.get("/api/auth/user").await.json()["id"].as_str().unwrap().into();
    let refused = app
        .auth
        .update_user_password(&id, Some(LEAKED.into()))
        .await
        .unwrap_err();
    assert_eq!(refused.weak_password_reasons(), [auth_core::WeakPasswordReason::Pwned]);
    // Whoever is refused keeps session and password.
    assert_eq!(ada.get("/me").await.status(), 200);
    assert_eq!(app.browser().sign_in("ada@example.com", PASSWORD).await.status(), 200);
}

async fn five_digits_leave_the_process(app: App) {
    let server = PwnedServer::start().await;
    let app = App::with(app.driver, with_check(server.check())).await;
    assert_eq!(app.browser().sign_up("ada@example.com", LEAKED).await.status(), 422);
    // What only fills the answer up has not leaked.
    assert_eq!(app.browser().sign_up("ada@example.com", PADDING).await.status(), 200);
    // What is refused anyway is not asked about.
    assert_eq!(app.browser().sign_up("bob@example.com", "password").await.status(), 422);
    let heads = server.heads();
    assert_eq!(heads.len(), 2, "{heads:?}");
    for (head, digest) in heads.iter().zip([LEAKED_DIGEST, PADDING_DIGEST]) {
        assert!(head.starts_with(&format!("GET /range/{} HTTP", &digest[..5])), "{head}");
        let head = head.to_ascii_lowercase();
        assert!(head.contains("\r\nadd-padding: true\r\n"), "{head}");
        assert!(
            !head.contains(&digest[..6].to_ascii_lowercase()) && !head.contains("horse"),
            "{head}"
        );
    }
}

async fn a_list_that_does_not_answer_lets_new_passwords_through(app: App) {
    let server = PwnedServer::start().await;
    let app = App::with(app.driver, with_check(server.check())).await;
    for (mood, email) in [
        (Mood::Fail, "ada@example.com"),
        (Mood::Hang, "bob@example.com"),
        (Mood::Ramble, "cyd@example.com"),
    ] {
        server.be(mood);
        assert_eq!(app.browser().sign_up(email, LEAKED).await.status(), 200, "{email}");
    }
    assert_eq!(server.heads().len(), 3);
}

async fn a_list_that_must_be_asked_lets_nothing_through(app: App) {
    let server = PwnedServer::start().await;
    let app = App::with(app.driver, with_check(server.check().refuse_when_unavailable())).await;
    for mood in [Mood::Fail, Mood::Hang, Mood::Ramble] {
        server.be(mood);
        let refused = app.browser().sign_up("ada@example.com", PASSWORD).await;
        assert_eq!(refused.refusal(), (503, "over_capacity".to_owned()));
        assert!(refused.header("retry-after").is_some() && refused.json()["error_id"].is_string());
    }
    server.be(Mood::Answer);
    let ada = app.signed_up("ada@example.com").await;
    // Nobody is kept out who has a password.
    server.be(Mood::Fail);
    let answer = app.browser().sign_in("ada@example.com", PASSWORD).await;
    assert_eq!((answer.status(), answer.json()["weak_password"].is_null()), (200, true));
    assert_eq!(ada.get("/me").await.status(), 200);
}

async fn a_file_is_asked_as_well(app: App) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pwned.txt");
    let lines = |more: &[&str]| {
        let mut lines: Vec<String> = (0..2_000)
            .map(|number| format!("{number:03X}{:037X}:{number}", 7))
            .collect();
        lines.extend(more.iter().map(|digest| format!("{digest}:3")));
        lines.sort();
        lines.join("\r\n") + "\r\n"
    };
    std::fs::write(&path, lines(&[LEAKED_DIGEST])).unwrap();
    let list = LeakedPasswordFile::open(&path).unwrap();
    let app = App::with(app.driver, with_check(LeakCheck::new(list).refuse_when_unavailable())).await;
    let refused = app.browser().sign_up("ada@example.com", LEAKED).await;
    assert_eq!(refused.json()["weak_password"]["reasons"], json!(["pwned"]));
    assert_eq!(app.browser().sign_up("ada@example.com", PADDING).await.status(), 200);
    // A newer list takes its place while the application runs; one that is gone does not answer.
    let newer = folder.path().join("newer.txt");
    std::fs::write(&newer, lines(&[PADDING_DIGEST])).unwrap();
    std::fs::rename(&newer, &path).unwrap();
    assert_eq!(app.browser().sign_up("bob@example.com", LEAKED).await.status(), 200);
    assert_eq!(app.browser().sign_up("cyd@example.com", PADDING).await.status(), 422);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(app.browser().sign_up("cyd@example.com", PASSWORD).await.status(), 503);
}
