//! Settings of the stand-alone server, each with what it changes: one that were ignored, or meant the opposite, would be seen.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Mails, Running,
    http::Received,
    server::{ask, json_of, serve},
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
