//! Riddles that tell people from programs: who is asked for one, and what happens before it is looked at.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use auth_core::{CaptchaCheck, EventKind, Limit, Limits, ReqwestClient, Secret, SiteVerify};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::admin::service;
use crate::{Answer, App, Client, PASSWORD, heard, listen, stories};

stories![App::with_post =>
    g6_12_03_only_people_pass,
    g6_12_03_the_service_is_asked_as_it_wants_to_be,
    g6_12_03_administrators_and_sessions_need_none,
    g6_12_03_a_service_that_does_not_answer_lets_nobody_pass,
    g6_12_03_a_widget_stands_in_a_form,
    g6_12_03_nobody_is_asked_for_a_flood,
    g6_12_03_tokens_and_the_secret_are_not_logged,
];

const ADA: &str = "ada@example.com";
const SITE_SECRET: &str = "0x4AAAsecret/of+the-site";

/// What the service does with a question.
#[derive(Clone, Copy)]
pub(crate) enum Mood {
    Answer,
    /// As it does when it was given another site's secret.
    Distrust,
    Fail,
    Hang,
    Ramble,
}

/// The service, on a port of its own; it ends with the runtime of its test. A person's token begins with `person`, and is good once.
pub(crate) struct Riddles {
    url: String,
    asked: Arc<Mutex<Vec<Question>>>,
    mood: Arc<Mutex<Mood>>,
}

/// What it was asked.
#[derive(Clone, Debug)]
struct Question {
    head: String,
    form: Vec<(String, String)>,
}

impl Riddles {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let riddles = Self {
            url: format!("http://{}/siteverify", listener.local_addr().unwrap()),
            asked: Arc::default(),
            mood: Arc::new(Mutex::new(Mood::Answer)),
        };
        let (asked, mood) = (Arc::clone(&riddles.asked), Arc::clone(&riddles.mood));
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (asked, mood) = (Arc::clone(&asked), Arc::clone(&mood));
                tokio::spawn(async move {
                    let Some(question) = read(&mut stream).await else {
                        return;
                    };
                    let mood = *mood.lock().unwrap();
                    let (status, body) = match mood {
                        Mood::Answer => ("200 OK", verdict(&question, &asked.lock().unwrap())),
                        Mood::Distrust => ("200 OK", refusal("invalid-input-secret")),
                        Mood::Fail => ("503 Service Unavailable", String::new()),
                        Mood::Ramble => ("200 OK", "<h1>Welcome to the hotel</h1>".to_owned()),
                        Mood::Hang => return tokio::time::sleep(Duration::from_secs(60)).await,
                    };
                    asked.lock().unwrap().push(question);
                    let length = body.len();
                    let answer =
                        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        riddles
    }

    fn be(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn asked(&self) -> Vec<Question> {
        self.asked.lock().unwrap().clone()
    }

    /// A check that asks it, and does not wait for long.
    pub(crate) fn check(&self) -> CaptchaCheck {
        let client = ReqwestClient::new(Duration::from_secs(5)).unwrap();
        let verify = SiteVerify::hcaptcha(client, Secret::new(SITE_SECRET))
            .unwrap()
            .endpoint(&self.url)
            .unwrap();
        CaptchaCheck::new(verify).timeout(Duration::from_millis(400))
    }

    pub(crate) async fn app(&self, app: &App) -> App {
        App::with_post_and(app.driver, |builder| builder.captcha(self.check())).await
    }
}

async fn read(stream: &mut tokio::net::TcpStream) -> Option<Question> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length = head.split_once("content-length: ")?.1.split_once("\r\n")?.0;
    let mut body = vec![0; length.parse().unwrap()];
    stream.read_exact(&mut body).await.ok()?;
    let form = url::form_urlencoded::parse(&body).into_owned().collect();
    Some(Question { head, form })
}

fn verdict(question: &Question, asked: &[Question]) -> String {
    let token = |question: &Question| question.form[1].1.clone();
    let is_known = token(question).starts_with("person");
    let was_used = asked.iter().any(|before| token(before) == token(question));
    match (is_known, was_used) {
        (true, false) => json!({ "success": true, "hostname": "app.example.com" }).to_string(),
        (true, true) => refusal("timeout-or-duplicate"),
        (false, _) => refusal("invalid-input-response"),
    }
}

fn refusal(word: &str) -> String {
    json!({ "success": false, "error-codes": [word] }).to_string()
}

/// The routes that ask, and what they need otherwise.
pub(crate) const ROUTES: [(&str, &str); 8] = [
    (
        "signup",
        r#"{"email":"ada@example.com","password":"correct horse battery"}"#,
    ),
    ("signup", "{}"),
    (
        "token?grant_type=password",
        r#"{"email":"ada@example.com","password":"correct horse battery"}"#,
    ),
    ("magiclink", r#"{"email":"ada@example.com"}"#),
    ("otp", r#"{"email":"ada@example.com"}"#),
    ("otp", r#"{"phone":"15551234567"}"#),
    ("recover", r#"{"email":"ada@example.com"}"#),
    ("resend", r#"{"type":"signup","email":"ada@example.com"}"#),
];

pub(crate) async fn send(client: &Client, path: &str, body: &str, token: Option<&str>) -> Answer {
    let mut body: Value = serde_json::from_str(body).unwrap();
    if let Some(token) = token {
        body["gotrue_meta_security"] = json!({ "captcha_token": token });
    }
    client.post(&format!("/api/auth/{path}"), body).await
}

fn assert_disallowed(answer: &Answer, reason: &str) {
    assert_eq!(answer.refusal(), (400, "captcha_failed".to_owned()));
    let sentence = format!("captcha protection: request disallowed ({reason})");
    assert_eq!(answer.json()["msg"], sentence);
}

/// G6.12-03.
async fn g6_12_03_only_people_pass(app: App) {
    let riddles = Riddles::start().await;
    let app = App::with_post_and(app.driver, |builder| builder.captcha(riddles.check()).anonymous(true)).await;
    for (number, (path, body)) in ROUTES.into_iter().enumerate() {
        let client = app.keeper();
        assert_disallowed(&send(&client, path, body, None).await, "no captcha_token found");
        assert_disallowed(&send(&client, path, body, Some(" ")).await, "no captcha_token found");
        let null = json!({ "email": ADA, "type": "signup", "password": PASSWORD, "gotrue_meta_security": null });
        if body.contains("email") {
            let answer = client.post(&format!("/api/auth/{path}"), null).await;
            assert_disallowed(&answer, "no captcha_token found");
        }
        let robot = send(&client, path, body, Some("robot")).await;
        assert_disallowed(&robot, "invalid-input-response");
        let token = format!("person {number}");
        let passed = send(&client, path, body, Some(&token)).await;
        assert_ne!(passed.error_code(), "captcha_failed", "{path}: {passed:?}");
        assert_disallowed(&send(&client, path, body, Some(&token)).await, "timeout-or-duplicate");
        // The next message to the same address.
        app.wait(crate::MINUTE);
    }
    let number = json!({ "email": ADA, "gotrue_meta_security": { "captcha_token": 1 } });
    let answer = app.keeper().post("/api/auth/recover", number).await;
    assert_eq!(answer.refusal(), (400, "validation_failed".to_owned()));
    assert!(app.events.count(EventKind::CaptchaRefused) >= 4 * ROUTES.len());
    assert!(!app.mails_to(ADA).await.is_empty());
}

/// G6.12-03.
async fn g6_12_03_the_service_is_asked_as_it_wants_to_be(app: App) {
    let riddles = Riddles::start().await;
    let app = riddles.app(&app).await;
    let client = app.keeper().from_ip("198.51.100.7");
    let answer = send(
        &client,
        "magiclink",
        r#"{"email":"ada@example.com"}"#,
        Some("person & co"),
    )
    .await;
    assert_eq!(answer.status(), 200);
    // Too long to be anybody's: it is not handed on.
    let long = "person".repeat(2_000);
    let answer = send(&client, "magiclink", r#"{"email":"ada@example.com"}"#, Some(&long)).await;
    assert_disallowed(&answer, "invalid-input-response");
    let asked = riddles.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].head.starts_with("post /siteverify http/1.1\r\n"), "{asked:?}");
    assert!(
        asked[0]
            .head
            .contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n")
    );
    let form = [
        ("secret", SITE_SECRET),
        ("response", "person & co"),
        ("remoteip", "198.51.100.7"),
    ];
    assert_eq!(
        asked[0].form,
        form.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
}

/// G6.12-03.
async fn g6_12_03_administrators_and_sessions_need_none(app: App) {
    let riddles = Riddles::start().await;
    // Mails are not waited for, so that an administrator can sign up.
    let app = App::with(app.driver, |builder| builder.captcha(riddles.check())).await;
    let sign_up = r#"{"email":"ada@example.com","password":"correct horse battery"}"#;
    assert_eq!(send(&service(&app), "signup", sign_up, None).await.status(), 200);
    let someone = app
        .auth
        .sign_up_with_email(auth_core::SignUp::new("bob@example.com", PASSWORD))
        .await;
    let (_, session) = someone.unwrap();
    let bearer = app.bearer(&session.unwrap().token.expose());
    let user = bearer.get("/api/auth/user").await;
    assert_eq!(user.status(), 200, "{user:?}");
    // Whoever is signed in is no administrator for that.
    let again = r#"{"email":"cyd@example.com","password":"correct horse battery"}"#;
    assert_disallowed(&send(&bearer, "signup", again, None).await, "no captcha_token found");
    let change = bearer.put("/api/auth/user", json!({ "data": { "a": 1 } })).await;
    assert_eq!(change.status(), 200);
    for grant in ["refresh_token", "pkce"] {
        let body = r#"{"refresh_token":"x","auth_code":"x","code_verifier":"x"}"#;
        let answer = send(&app.keeper(), &format!("token?grant_type={grant}"), body, None).await;
        assert_ne!(answer.error_code(), "captcha_failed", "{grant}");
    }
    let code = app.keeper().verify("signup", ADA, "123456").await;
    assert_eq!(code.refusal(), (403, "otp_expired".to_owned()));
    assert!(riddles.asked().is_empty());
}

/// G6.12-03.
async fn g6_12_03_a_service_that_does_not_answer_lets_nobody_pass(app: App) {
    let riddles = Riddles::start().await;
    let app = riddles.app(&app).await;
    let ask = async |app: &App, token: &str| {
        send(&app.keeper(), "recover", r#"{"email":"ada@example.com"}"#, Some(token)).await
    };
    for mood in [Mood::Distrust, Mood::Fail, Mood::Hang, Mood::Ramble] {
        riddles.be(mood);
        let refused = ask(&app, "person").await;
        assert_eq!(refused.refusal(), (503, "over_capacity".to_owned()));
        assert!(refused.header("retry-after").is_some() && refused.json()["error_id"].is_string());
    }
    let lenient = App::with_post_and(app.driver, |builder| {
        builder.captcha(riddles.check().danger_pass_when_unavailable())
    })
    .await;
    for mood in [Mood::Distrust, Mood::Fail, Mood::Hang, Mood::Ramble] {
        riddles.be(mood);
        assert_eq!(ask(&lenient, "person").await.status(), 200);
        lenient.wait(crate::MINUTE);
    }
    // Who shows nothing at all passes nowhere.
    assert_disallowed(&ask(&lenient, "").await, "no captcha_token found");
}

/// G6.12-03.
async fn g6_12_03_a_widget_stands_in_a_form(app: App) {
    let riddles = Riddles::start().await;
    let app = riddles.app(&app).await;
    let post = async |more: &str| {
        let form = format!("email=ada%40example.com&redirect_to=%2Fdone{more}");
        let answer = app.browser().form("/api/auth/recover", &form).await;
        app.wait(crate::MINUTE);
        answer.header("location").unwrap().to_owned()
    };
    assert_eq!(
        post("&g-recaptcha-response=person+1&h-captcha-response=person+1").await,
        "/done"
    );
    assert_eq!(post("&cf-turnstile-response=person+2").await, "/done");
    assert_eq!(post("&gotrue_meta_security%5Bcaptcha_token%5D=person+3").await, "/done");
    for more in ["", "&h-captcha-response=", "&h-captcha-response=robot"] {
        assert!(post(more).await.ends_with("?error_code=captcha_failed"), "{more}");
    }
    // A script names GoTrue's member.
    let body = json!({ "email": ADA, "h-captcha-response": "person 4" });
    let answer = app.keeper().post("/api/auth/recover", body).await;
    assert_disallowed(&answer, "no captcha_token found");
}

/// G6.12-03.
async fn g6_12_03_nobody_is_asked_for_a_flood(app: App) {
    let riddles = Riddles::start().await;
    let limits = Limits::default().captchas_per_client(Limit::new(3, Duration::from_secs(60)));
    let app = App::with_post_and(app.driver, |builder| builder.captcha(riddles.check()).limits(limits)).await;
    let body = r#"{"email":"ada@example.com","password":"a guess"}"#;
    for number in 0..6 {
        let answer = send(&app.keeper(), "token?grant_type=password", body, Some("robot")).await;
        let expected = if number < 3 {
            "captcha_failed"
        } else {
            "over_request_rate_limit"
        };
        assert_eq!(answer.error_code(), expected);
        assert_eq!(answer.header("retry-after").is_some(), number >= 3);
    }
    assert_eq!(riddles.asked().len(), 3);
    let elsewhere = app.keeper().from_ip("198.51.100.1");
    let answer = send(&elsewhere, "token?grant_type=password", body, Some("person")).await;
    assert_eq!(answer.error_code(), "invalid_credentials");
}

/// G6.12-03.
async fn g6_12_03_tokens_and_the_secret_are_not_logged(app: App) {
    let riddles = Riddles::start().await;
    listen();
    let app = riddles.app(&app).await;
    for mood in [Mood::Answer, Mood::Distrust, Mood::Fail, Mood::Hang, Mood::Ramble] {
        riddles.be(mood);
        let token = Some("canary-token");
        send(&app.keeper(), "recover", r#"{"email":"ada@example.com"}"#, token).await;
    }
    let text = heard();
    assert!(!text.contains("canary-token"), "{text}");
    assert!(!text.contains(&SITE_SECRET[..8]), "{text}");
    assert!(
        text.contains("invalid-input-secret"),
        "the operator sees the cause: {text}"
    );
}
