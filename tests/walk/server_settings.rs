//! Settings of the stand-alone server, each with what it changes: one that were ignored, or meant the opposite, would be seen.

use std::time::Duration;

use auth_core::{
    Timestamp, UserId,
    adapter::{Act, TokenAdapter},
    adapters::AnyAdapter,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{
    Mails, Running,
    http::{Received, send},
    server::{PASSWORD, ask, json_of, serve},
};

/// A server with these settings in a file and these flags, whose mails are kept and whose tokens are in bodies.
async fn configured(directory: &TempDir, mails: &Mails, file: &str, flags: &[&str]) -> Running {
    let path = directory.path().join("auth.toml");
    std::fs::write(&path, file).unwrap();
    let path = path.display().to_string();
    let own = mails.server_arguments();
    let own = own.iter().map(String::as_str);
    let more: Vec<&str> = own
        .chain(["--delivery", "body", "--config", &path])
        .chain(flags.iter().copied())
        .collect();
    serve(directory, &more).await
}

async fn post(server: &Running, path: &str, body: Value) -> Received {
    ask(server, "POST", path, None, body).await
}

/// As [`post`], with what a proxy says of whom it speaks for.
async fn post_for(server: &Running, client: &str, path: &str, body: Value) -> Received {
    let headers = [("content-type", "application/json"), ("x-forwarded-for", client)];
    let sent = send(server.address(), "POST", path, &headers, &body.to_string()).await;
    sent.unwrap()
}

async fn settings(server: &Running) -> Value {
    json_of(&ask(server, "GET", "/settings", None, Value::Null).await)
}

fn by_email(email: &str) -> Value {
    json!({ "email": email, "password": PASSWORD })
}

fn by_phone(phone: &str) -> Value {
    json!({ "phone": phone, "password": PASSWORD })
}

/// Whether somebody is in.
fn is_in(answer: &Received) -> bool {
    answer.status == 200 && json_of(answer)["access_token"].is_string()
}

/// Status and error code.
fn refusal(answer: &Received) -> (u16, String) {
    let code = json_of(answer)["error_code"].as_str().unwrap_or_default().to_owned();
    (answer.status, code)
}

#[tokio::test]
async fn messages_have_the_budgets_and_the_interval_that_were_set() {
    let (directory, mails) = (TempDir::new().unwrap(), Mails::new());
    let file = "mails-per-hour = 3\ntext-messages-per-hour = 2\nsend-interval = \"0s\"\nsms = \"console\"\n";
    let server = configured(&directory, &mails, file, &[]).await;
    let mail = json!({ "email": "ada@example.com" });
    let text = json!({ "phone": "15551234567" });
    for (body, budget, code) in [
        (&mail, 3, "over_email_send_rate_limit"),
        (&text, 2, "over_sms_send_rate_limit"),
    ] {
        // To the same address at once: there is no interval.
        for _ in 0..budget {
            let answer = post(&server, "/otp", body.clone()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        }
        let answer = post(&server, "/otp", body.clone()).await;
        assert_eq!(refusal(&answer), (429, code.to_owned()));
        let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!(wait > 3_000, "until the hour is over: {answer:?}");
    }
    server.stop().await;

    // What a flag says counts, although nothing else does.
    let server = configured(&directory, &mails, "limits = \"off\"\n", &["--send-interval", "10m"]).await;
    let late = json!({ "email": "late@example.com" });
    assert_eq!(post(&server, "/otp", late.clone()).await.status, 200);
    let answer = post(&server, "/otp", late).await;
    assert_eq!(refusal(&answer), (429, "over_email_send_rate_limit".to_owned()));
    let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((500..=600).contains(&wait), "{answer:?}");
    server.stop().await;
}

#[tokio::test]
async fn people_come_by_phone_alone_and_are_in_at_once() {
    let (directory, mails) = (TempDir::new().unwrap(), Mails::new());
    let file = "email = false\nsms = \"console\"\nautoconfirm-phone = true\n";
    let server = configured(&directory, &mails, file, &[]).await;
    let told = settings(&server).await;
    let external = &told["external"];
    assert_eq!((&external["email"], &external["phone"]), (&json!(false), &json!(true)));
    assert_eq!(
        (&told["phone_autoconfirm"], &told["sms_provider"]),
        (&json!(true), &json!("console"))
    );
    let refused = post(&server, "/signup", by_email("ada@example.com")).await;
    assert_eq!(refusal(&refused), (400, "email_provider_disabled".to_owned()));
    let answer = post(&server, "/signup", by_phone("15551234567")).await;
    assert!(is_in(&answer), "{answer:?}");
    let phone = json!({ "phone": "15551234567" });
    assert_eq!(post(&server, "/otp", phone).await.status, 200);
    let code = server.code_texted_to("+15551234567", 1).await;
    let typed = json!({ "type": "sms", "phone": "15551234567", "token": code });
    let answer = post(&server, "/verify", typed).await;
    assert!(is_in(&answer), "{answer:?}");
    server.stop().await;
}

#[tokio::test]
async fn people_come_by_mail_alone_and_are_in_at_once() {
    let (directory, mails) = (TempDir::new().unwrap(), Mails::new());
    let flags = ["--autoconfirm-email", "--sms", "console", "--phone=false"];
    let server = configured(&directory, &mails, "", &flags).await;
    let told = settings(&server).await;
    let external = &told["external"];
    assert_eq!((&external["email"], &external["phone"]), (&json!(true), &json!(false)));
    assert_eq!(told["mailer_autoconfirm"], true);
    let refused = post(&server, "/signup", by_phone("15551234567")).await;
    assert_eq!(refusal(&refused), (400, "phone_provider_disabled".to_owned()));
    let answer = post(&server, "/signup", by_email("ada@example.com")).await;
    assert!(is_in(&answer), "{answer:?}");
    server.stop().await;
}

/// Numbers are taken where nothing sends to them, and addresses are not proven, when both are asked for.
#[tokio::test]
async fn what_would_follow_from_who_sends_can_be_set() {
    let (directory, mails) = (TempDir::new().unwrap(), Mails::new());
    let server = configured(&directory, &mails, "phone = true\n", &[]).await;
    let told = settings(&server).await;
    assert_eq!(told["external"]["phone"], true);
    assert_eq!(
        (&told["sms_provider"], &told["mailer_autoconfirm"]),
        (&json!(""), &json!(false))
    );
    let answer = post(&server, "/signup", by_phone("15551234567")).await;
    assert!(is_in(&answer), "{answer:?}");
    let answer = post(&server, "/signup", by_email("ada@example.com")).await;
    assert!(answer.status == 200 && !is_in(&answer), "{answer:?}");
    server.stop().await;

    let flags = [
        "--sms",
        "console",
        "--autoconfirm-phone=false",
        "--autoconfirm-email=false",
    ];
    let server = configured(&directory, &mails, "autoconfirm-email = true\n", &flags).await;
    for body in [by_phone("15557654321"), by_email("bob@example.com")] {
        let answer = post(&server, "/signup", body).await;
        assert!(answer.status == 200 && !is_in(&answer), "{answer:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn nobody_signs_up_where_that_is_off() {
    let (directory, mails) = (TempDir::new().unwrap(), Mails::new());
    let server = configured(&directory, &mails, "disable-signup = true\n", &[]).await;
    assert_eq!(settings(&server).await["disable_signup"], true);
    let refused = post(&server, "/signup", by_email("ada@example.com")).await;
    assert_eq!(refusal(&refused), (422, "signup_disabled".to_owned()));
    server.stop().await;
    let server = configured(
        &directory,
        &mails,
        "disable-signup = true\n",
        &["--disable-signup=false"],
    )
    .await;
    assert_eq!(settings(&server).await["disable_signup"], false);
    let answer = post(&server, "/signup", by_email("ada@example.com")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    server.stop().await;
}

/// Takes one request with a JSON body, answers it, and says what its head and body were.
async fn take_one(listener: TcpListener) -> (String, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut received = String::new();
    loop {
        let mut bytes = [0; 4_096];
        let read = stream.read(&mut bytes).await.unwrap();
        assert_ne!(read, 0, "the request was cut off: {received}");
        received.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        if let Some((head, body)) = received.split_once("\r\n\r\n")
            && serde_json::from_str::<Value>(body).is_ok()
        {
            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            return (head.to_owned(), body.to_owned());
        }
    }
}

#[tokio::test]
async fn a_webhook_gets_the_text_messages_signed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/send", listener.local_addr().unwrap());
    let taken = tokio::spawn(take_one(listener));
    let (directory, mails) = (TempDir::new().unwrap(), Mails::new());
    let key = [7_u8; 32];
    let secret = format!("v1,whsec_{}", STANDARD.encode(key));
    let flags = ["--sms", &url, "--sms-webhook-secret", &secret];
    let server = configured(&directory, &mails, "", &flags).await;
    assert_eq!(settings(&server).await["sms_provider"], "webhook");
    let phone = json!({ "phone": "15551234567" });
    assert_eq!(post(&server, "/otp", phone).await.status, 200);

    let taken = tokio::time::timeout(Duration::from_secs(60), taken).await;
    let (head, body) = taken.expect("it is handed over in time").unwrap();
    assert!(head.starts_with("POST /send HTTP/1.1"), "{head}");
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    let (id, at) = (header("webhook-id").unwrap(), header("webhook-timestamp").unwrap());
    let key = EncodingKey::from_secret(&key);
    let expected = jsonwebtoken::crypto::sign(format!("{id}.{at}.{body}").as_bytes(), &key, Algorithm::HS256);
    let signature = header("webhook-signature").unwrap().strip_prefix("v1,").unwrap();
    assert_eq!(
        STANDARD.decode(signature).unwrap(),
        URL_SAFE_NO_PAD.decode(expected.unwrap()).unwrap()
    );
    let message: Value = serde_json::from_str(&body).unwrap();
    let typed = json!({ "type": "sms", "phone": "15551234567", "token": message["sms"]["otp"] });
    let answer = post(&server, "/verify", typed).await;
    assert!(is_in(&answer), "{answer:?}");
    server.stop().await;
}

#[tokio::test]
async fn links_lead_where_they_were_set_to() {
    let (directory, mails) = (TempDir::new().unwrap(), Mails::new());
    let file = "link-style = \"direct\"\nsite-url = \"https://www.example.com/welcome\"\n\
                redirect-url = [\"https://*.example.org/**\"]\n";
    let server = configured(&directory, &mails, file, &[]).await;
    for (who, asked, leads_to) in [
        ("ada@example.com", "", "https://www.example.com/welcome#"),
        (
            "bob@example.com",
            "?redirect_to=https://notes.example.org/in",
            "https://notes.example.org/in#",
        ),
        (
            "eve@example.com",
            "?redirect_to=https://evil.test/",
            "https://www.example.com/welcome#",
        ),
    ] {
        let answer = post(&server, &format!("/signup{asked}"), by_email(who)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let mail = mails.next(who, "Confirm").await;
        let opened = ask(&server, "GET", mail.path(), None, Value::Null).await;
        let location = opened.header("location").unwrap_or_else(|| panic!("{opened:?}"));
        let session = location.strip_prefix(leads_to).unwrap_or_else(|| panic!("{location}"));
        assert!(session.contains("access_token="), "{location}");
    }
    server.stop().await;

    // A page with a button, and nothing is allowed but the server itself.
    let server = configured(&directory, &mails, file, &["--link-style", "page"]).await;
    post(&server, "/signup", by_email("page@example.com")).await;
    let mail = mails.next("page@example.com", "Confirm").await;
    let opened = ask(&server, "GET", mail.path(), None, Value::Null).await;
    assert!(opened.status == 200 && opened.body.contains("<button"), "{opened:?}");
    server.stop().await;
}

/// As far as the database is concerned: whatever this user may still answer was sent so much earlier.
async fn wait(directory: &TempDir, user_id: &str, time: Duration) {
    let database = format!("sqlite://{}", directory.path().join("auth.db").display());
    let store = AnyAdapter::connect(&database).await.unwrap();
    let tokens = store.get_tokens_by_user_id(&UserId::from(user_id)).await.unwrap();
    assert!(!tokens.is_empty());
    for mut token in tokens {
        for time_of in [&mut token.code_expires, &mut token.link_expires, &mut token.created_at] {
            *time_of = Timestamp::from_unix_ms(time_of.as_unix_ms() - i64::try_from(time.as_millis()).unwrap());
        }
        store.commit(&[Act::SetToken(token)]).await.unwrap();
    }
}

#[tokio::test]
async fn links_and_codes_are_good_as_long_as_was_set() {
    let (directory, mails) = (TempDir::new().unwrap(), Mails::new());
    let flags = ["--code-lifetime", "1m"];
    let server = configured(
        &directory,
        &mails,
        "link-lifetime = \"5m\"\ncode-lifetime = \"9m\"\n",
        &flags,
    )
    .await;
    for (waited, by_link, is_good) in [
        (0, false, true),
        (61, false, false),
        (0, true, true),
        (61, true, true),
        (301, true, false),
    ] {
        let email = format!("ada-{waited}-{by_link}@example.com");
        let user = json_of(&post(&server, "/signup", by_email(&email)).await);
        let mail = mails.next(&email, "Confirm").await;
        wait(&directory, user["id"].as_str().unwrap(), Duration::from_secs(waited)).await;
        let given = match by_link {
            true => json!({ "type": "signup", "token_hash": mail.token() }),
            false => json!({ "type": "signup", "email": email, "token": mail.code() }),
        };
        let answer = post(&server, "/verify", given).await;
        assert_eq!(is_in(&answer), is_good, "{email}: {answer:?}");
        if !is_good {
            assert_eq!(refusal(&answer), (403, "otp_expired".to_owned()));
        }
    }
    server.stop().await;
}

/// More people than the library's thirty text messages an hour, each from an address of their own; and whoever is not believed is
/// one client, who has ten.
#[tokio::test]
async fn a_proxy_is_believed_where_it_is_trusted() {
    let mails = Mails::new();
    let file =
        "sms = \"console\"\nautoconfirm-email = true\ntext-messages-per-hour = 32\ntrusted-proxy = [\"127.0.0.0/8\"]\n";
    let other = ["--trusted-proxy", "10.0.0.0/8"];
    for (flags, seen, texts) in [(&[][..], "192.0.2.200", 32), (&other, "127.0.0.1", 10)] {
        let directory = TempDir::new().unwrap();
        let server = configured(&directory, &mails, file, flags).await;
        let answer = post_for(&server, "192.0.2.200", "/signup", by_email("ada@example.com")).await;
        let session = json_of(&answer);
        let access = session["access_token"].as_str();
        let listed = json_of(&ask(&server, "GET", "/sessions", access, Value::Null).await);
        assert_eq!(listed["sessions"][0]["ip"], seen, "{listed}");

        let ask_for_a_text = async |number: usize| {
            let phone = json!({ "phone": format!("155512345{number:02}") });
            post_for(&server, &format!("192.0.2.{number}"), "/otp", phone).await
        };
        for number in 0..texts {
            assert_eq!(ask_for_a_text(number).await.status, 200, "{number}");
        }
        let refused = ask_for_a_text(texts).await;
        assert_eq!(refusal(&refused), (429, "over_sms_send_rate_limit".to_owned()));
        server.stop().await;
    }
}
