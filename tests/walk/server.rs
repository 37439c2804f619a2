//! The stand-alone server as its operator and its clients meet it: flags, files and the environment; requests over sockets;
//! every subcommand.

use std::{path::Path, process::Output};

use auth_tests::harness::{SmtpCatcher, Wire};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use super::{
    http::{Received, send},
    running::{Running, Which, binary},
};
use crate::{eventually, free_port};

const SECRET: &str = "a secret of the tests, 32 bytes and more";
pub(super) const PASSWORD: &str = "correct horse battery";

/// The command line of one test, in a directory of its own.
fn arguments(directory: &TempDir, more: &[&str]) -> Vec<String> {
    let database = format!("sqlite://{}", directory.path().join("auth.db").display());
    let own = [
        "--database".to_owned(),
        database,
        "--secret".to_owned(),
        SECRET.to_owned(),
    ];
    own.into_iter()
        .chain(more.iter().map(|&argument| argument.to_owned()))
        .collect()
}

async fn run(directory: &TempDir, arguments_more: &[&str]) -> Output {
    let (command, more) = arguments_more.split_first().unwrap();
    Command::new(binary(Which::Server))
        .arg(command)
        .args(arguments(directory, more))
        .env("AUTH_NEW_PASSWORD", PASSWORD)
        .env("RUST_LOG", "error")
        .output()
        .await
        .unwrap()
}

async fn succeed(directory: &TempDir, more: &[&str]) -> String {
    let output = run(directory, more).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{more:?}: {told}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub(super) async fn serve(directory: &TempDir, more: &[&str]) -> Running {
    Running::with(Which::Server, &arguments(directory, more)).await
}

pub(super) async fn ask(server: &Running, method: &str, path: &str, bearer: Option<&str>, body: Value) -> Received {
    let authorization = format!("Bearer {}", bearer.unwrap_or_default());
    let mut headers = vec![("content-type", "application/json")];
    if bearer.is_some() {
        headers.push(("authorization", authorization.as_str()));
    }
    let body = if body.is_null() {
        String::new()
    } else {
        body.to_string()
    };
    send(server.address(), method, path, &headers, &body).await.unwrap()
}

pub(super) fn json_of(answer: &Received) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|_| panic!("no JSON: {answer:?}"))
}

/// The first mail in a folder, as soon as it is there.
async fn mail_in(folder: &Path) -> String {
    eventually("a mail comes", async || {
        let first = std::fs::read_dir(folder).ok()?.next()?.ok()?;
        let text = std::fs::read_to_string(first.path()).ok()?;
        // Quoted-printable: soft line breaks, and `=3D` for `=`.
        let readable = || text.replace("=\r\n", "").replace("=\n", "").replace("=3D", "=");
        text.contains("token=").then(readable)
    })
    .await
}

#[tokio::test]
async fn somebody_signs_up_answers_the_mail_and_is_looked_after() {
    let directory = TempDir::new().unwrap();
    let mails = directory.path().join("mails");
    let folder = mails.display().to_string();
    let more = [
        "--mail-files",
        &folder,
        "--mail-from",
        "Auth <auth@example.com>",
        "--delivery",
        "body",
        "--keep-events",
    ];
    let metrics_address = format!("127.0.0.1:{}", free_port());
    let more = [more.as_slice(), &["--metrics-addr", &metrics_address]].concat();
    let server = serve(&directory, &more).await;

    let health = ask(&server, "GET", "/health", None, Value::Null).await;
    assert_eq!(
        (health.status, json_of(&health)["name"].as_str()),
        (200, Some("auth-server"))
    );
    let ada = json!({ "email": "ada@example.com", "password": PASSWORD });
    let signed_up = ask(&server, "POST", "/signup", None, ada.clone()).await;
    assert_eq!(signed_up.status, 200, "{signed_up:?}");
    assert_eq!(json_of(&signed_up)["email"], "ada@example.com");
    let refused = ask(&server, "POST", "/token?grant_type=password", None, ada.clone()).await;
    assert_eq!(json_of(&refused)["error_code"], "email_not_confirmed");

    let mail = mail_in(&mails).await;
    let (_, rest) = mail.split_once("/verify?token=").unwrap();
    let token: String = rest.chars().take_while(|character| *character != '&').collect();
    let verify = json!({ "type": "signup", "token_hash": token });
    let verified = ask(&server, "POST", "/verify", None, verify).await;
    assert_eq!(verified.status, 200, "{verified:?}");
    let session = json_of(&verified);
    let access = session["access_token"].as_str().unwrap();
    assert!(session["refresh_token"].is_string() && verified.header("set-cookie").is_none());
    assert_eq!(
        ask(&server, "GET", "/user", Some(access), Value::Null).await.status,
        200
    );
    assert_eq!(
        ask(&server, "GET", "/admin/users", Some(access), Value::Null)
            .await
            .status,
        403
    );

    let service = succeed(&directory, &["service-token", "--lifetime", "5m"]).await;
    let listed = ask(&server, "GET", "/admin/users", Some(&service), Value::Null).await;
    assert_eq!((listed.status, listed.header("x-total-count")), (200, Some("1")));
    let events = ask(&server, "GET", "/admin/events", Some(&service), Value::Null).await;
    assert!(events.body.contains("authn_login_success"), "{events:?}");

    // Another process ends the session; this one asks the database. What happened there is kept before that process ends.
    let ended = succeed(&directory, &["revoke-sessions", "ada@example.com", "--keep-events"]).await;
    assert_eq!(ended, "1");
    let events = ask(&server, "GET", "/admin/events", Some(&service), Value::Null).await;
    assert!(events.body.contains("session_revoked"), "{events:?}");
    assert_ne!(
        ask(&server, "GET", "/user", Some(access), Value::Null).await.status,
        200
    );

    // Its own address shows the counters, and the one that everybody reaches does not.
    assert_eq!(ask(&server, "GET", "/metrics", None, Value::Null).await.status, 404);
    let own = metrics_address.parse().unwrap();
    assert_eq!(send(own, "GET", "/user", &[], "").await.unwrap().status, 404);
    let metrics = send(own, "GET", "/metrics", &[], "").await.unwrap();
    for line in [
        "auth_requests_total{method=\"POST\",route=\"/signup\",status=\"200\"} 1",
        "auth_requests_total{method=\"POST\",route=\"/token\",status=\"400\"} 1",
        "auth_events_total{kind=\"authn_login_success\"} 1",
        "auth_messages_total{channel=\"mail\",outcome=\"sent\"} 1",
        "auth_password_hashes_total 2",
        "auth_password_queue 0",
        "auth_swept_rows_total{what=\"sessions\"} 0",
        "auth_swept_rows_total{what=\"tokens\"} 0",
    ] {
        assert!(metrics.body.contains(line), "{line}: {}", metrics.body);
    }
    assert!(!metrics.body.contains("ada@example.com"));

    // G6.12-09: what is refused by a limit, and mail that cannot be sent.
    let wrong = json!({ "email": "ada@example.com", "password": "the wrong horse battery" });
    let mut refused = 0;
    while refused != 429 {
        refused = ask(&server, "POST", "/token?grant_type=password", None, wrong.clone())
            .await
            .status;
    }
    std::fs::remove_dir_all(&mails).unwrap();
    std::fs::write(&mails, "no folder any more").unwrap();
    let bob = json!({ "email": "bob@example.com" });
    assert_eq!(ask(&server, "POST", "/otp", None, bob).await.status, 200);
    let counted = [
        "auth_events_total{kind=\"excess_rate_limit_exceeded\"} 1",
        "auth_messages_total{channel=\"mail\",outcome=\"failed\"} 1",
    ];
    eventually("both are counted", async || {
        let metrics = send(own, "GET", "/metrics", &[], "").await.unwrap();
        counted.iter().all(|line| metrics.body.contains(line)).then_some(())
    })
    .await;
    server.stop().await;
}

#[tokio::test]
async fn a_file_is_read_and_flags_and_the_environment_come_before_it() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("auth.toml");
    std::fs::write(
        &file,
        "base-path = \"/auth/v1\"\nrole = \"from the file\"\naudience = \"\"\nstrategy = \"tokens\"\nanonymous = true\n\
         redirect-url = [\"https://app.example.com/**\"]\ndanger-password-min = 6\nlimits = \"off\"\n\
         oauth-token-errors = true\ndiagnostic-headers = true\nrequest-id-header = \"x-request-id\"\n",
    )
    .unwrap();
    let file = file.display().to_string();
    let server = serve(&directory, &["--config", &file, "--role", "from a flag"]).await;
    let body = json!({ "email": "ada@example.com", "password": "sixsix" });
    let answer = ask(&server, "POST", "/auth/v1/signup", None, body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let user = json_of(&answer)["user"].clone();
    assert_eq!(
        (user["role"].as_str(), user["aud"].as_str()),
        (Some("from a flag"), Some(""))
    );
    let wrong = json!({ "email": "ada@example.com", "password": "wrong" });
    let refused = ask(&server, "POST", "/auth/v1/token?grant_type=password", None, wrong).await;
    assert_eq!(json_of(&refused)["error"], "invalid_grant");
    assert!(
        answer.headers.iter().any(|(name, _)| name == "sb-auth-user-id"),
        "{answer:?}"
    );
    let anonymous = ask(&server, "POST", "/auth/v1/signup", None, json!({})).await;
    assert_eq!(json_of(&anonymous)["user"]["is_anonymous"], true);
    // What an operator reads stands beside the base path.
    assert_eq!(ask(&server, "GET", "/health", None, Value::Null).await.status, 200);
    assert_eq!(ask(&server, "GET", "/signup", None, Value::Null).await.status, 404);
    server.stop().await;

    std::fs::write(&file, "secret = \"hush\"\nbase-pth = \"/x\"\n").unwrap();
    let output = run(&directory, &["check", "--config", &file]).await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success());
    assert!(
        told.contains("line 2") && told.contains("base-pth") && !told.contains("hush"),
        "{told}"
    );
}

/// Header and claims of an access token.
fn parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let decoded = URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
        serde_json::from_slice(&decoded).unwrap_or_default()
    });
    (parts.next().unwrap(), parts.next().unwrap())
}

#[tokio::test]
async fn tokens_are_signed_as_the_gateway_checks_them() {
    let directory = TempDir::new().unwrap();
    let shared = "the secret of the gateway as well, GoTrue's";
    let more = [
        "--jwt-secret",
        shared,
        "--claims",
        "email",
        "--danger-no-rotation",
        "--delivery",
        "body",
    ];
    let server = serve(&directory, &more).await;
    let ada = json!({ "email": "ada@example.com", "password": PASSWORD });
    let session = json_of(&ask(&server, "POST", "/signup", None, ada).await);
    let (header, claims) = parts(session["access_token"].as_str().unwrap());
    assert_eq!(header, json!({ "alg": "HS256", "typ": "at+jwt" }));
    assert_eq!(claims["email"], "ada@example.com");
    assert!(
        claims.get("phone").is_none() && claims.get("user_metadata").is_none(),
        "{claims}"
    );
    let body = json!({ "refresh_token": session["refresh_token"] });
    let renewed = json_of(&ask(&server, "POST", "/token?grant_type=refresh_token", None, body).await);
    assert_eq!(renewed["refresh_token"], session["refresh_token"]);
    // What the gateway signs.
    let key = EncodingKey::from_secret(shared.as_bytes());
    let sign = |claims: &Value| encode(&Header::default(), claims, &key).unwrap();
    let service = sign(&json!({ "role": "service_role" }));
    let listed = ask(&server, "GET", "/admin/users", Some(&service), Value::Null).await;
    assert_eq!(listed.status, 200, "{listed:?}");
    let passed_on = sign(&json!({
        "aud": claims["aud"], "sub": claims["sub"], "exp": claims["exp"], "session_id": claims["session_id"],
    }));
    let user = ask(&server, "GET", "/user", Some(&passed_on), Value::Null).await;
    assert_eq!(json_of(&user)["email"], "ada@example.com");
    server.stop().await;

    // Keys of the server's own, and then one it only checks with.
    let server = serve(&directory, &["--algorithm", "rs256", "--delivery", "body"]).await;
    let bob = json!({ "email": "bob@example.com", "password": PASSWORD });
    let session = json_of(&ask(&server, "POST", "/signup", None, bob).await);
    let access = session["access_token"].as_str().unwrap();
    assert_eq!(parts(access).0["alg"], "RS256");
    let base = parts(access).1["iss"].as_str().unwrap().to_owned();
    let published = json_of(&ask(&server, "GET", "/.well-known/jwks.json", None, Value::Null).await);
    server.stop().await;
    let file = directory.path().join("old.jwk");
    std::fs::write(&file, published["keys"][0].to_string()).unwrap();
    let file = file.display().to_string();
    let more = ["--jwt-secret", shared, "--verify-key", &file, "--issuer", &base];
    let server = serve(&directory, &more).await;
    let user = ask(&server, "GET", "/user", Some(access), Value::Null).await;
    assert_eq!(user.status, 200, "{user:?}");
    server.stop().await;
}

#[tokio::test]
async fn every_subcommand_does_its_one_thing() {
    let directory = TempDir::new().unwrap();
    let missing = run(&directory, &["check"]).await;
    assert!(!missing.status.success());
    assert!(String::from_utf8_lossy(&missing.stderr).contains("auth-server migrate"));
    let planned = succeed(&directory, &["migrate", "--dry-run"]).await;
    assert!(planned.contains("CREATE TABLE"), "{planned}");
    assert!(!run(&directory, &["check"]).await.status.success());
    assert_eq!(succeed(&directory, &["migrate"]).await, "");
    assert_eq!(succeed(&directory, &["check"]).await, "ok");

    let id = succeed(
        &directory,
        &[
            "create-user",
            "--for-email",
            "root@example.com",
            "--with-role",
            "service_role",
        ],
    )
    .await;
    assert_eq!(id.len(), 25);
    let taken = run(&directory, &["create-user", "--for-email", "root@example.com"]).await;
    assert!(!taken.status.success());
    assert_eq!(succeed(&directory, &["revoke-sessions", &id]).await, "0");
    assert!(!run(&directory, &["revoke-sessions", "nobody"]).await.status.success());
    let signs_from = succeed(&directory, &["rotate-keys"]).await;
    assert!(
        signs_from.starts_with("20") && signs_from.ends_with('Z'),
        "{signs_from}"
    );
    assert!(
        !run(&directory, &["rotate-keys", "--strategy", "opaque"])
            .await
            .status
            .success()
    );
    assert!(succeed(&directory, &["sweep"]).await.starts_with("sessions 0"));
    assert_eq!(succeed(&directory, &["service-token"]).await.split('.').count(), 3);

    // Whoever was made at the command line is an administrator over HTTP.
    let server = serve(&directory, &["--delivery", "body"]).await;
    let root = json!({ "email": "root@example.com", "password": PASSWORD });
    let session = json_of(&ask(&server, "POST", "/token?grant_type=password", None, root).await);
    let access = session["access_token"].as_str().unwrap();
    assert_eq!(
        ask(&server, "GET", "/admin/users", Some(access), Value::Null)
            .await
            .status,
        200
    );
    server.stop().await;
}

#[tokio::test]
async fn a_secret_is_replaced_and_nobody_is_signed_out() {
    let directory = TempDir::new().unwrap();
    // The port is another each time.
    let issuer = "https://auth.example.com";
    let server = serve(&directory, &["--delivery", "body", "--issuer", issuer]).await;
    let ada = json!({ "email": "ada@example.com", "password": PASSWORD });
    let session = json_of(&ask(&server, "POST", "/signup", None, ada).await);
    server.stop().await;
    let database = format!("sqlite://{}", directory.path().join("auth.db").display());
    let file = directory.path().join("older");
    std::fs::write(&file, "the secret before that one, 32 bytes and more\n").unwrap();
    let file = file.display().to_string();
    let refresh = json!({ "refresh_token": session["refresh_token"] });
    let refreshed = async |previous: &[&str]| {
        let new = [
            "--database",
            &database,
            "--secret",
            "the next secret, of 32 bytes and more",
            "--issuer",
            issuer,
        ];
        let arguments: Vec<String> = new
            .iter()
            .chain(previous)
            .map(|&argument| argument.to_owned())
            .collect();
        let server = Running::with(Which::Server, &arguments).await;
        let access = session["access_token"].as_str();
        let user = ask(&server, "GET", "/user", access, Value::Null).await.status;
        let renewed = ask(
            &server,
            "POST",
            "/token?grant_type=refresh_token",
            None,
            refresh.clone(),
        )
        .await;
        server.stop().await;
        (user, renewed.status)
    };
    let previous = ["--previous-secret", SECRET, "--previous-secret-file", &file];
    assert_eq!(refreshed(&previous).await, (200, 200));
}

#[tokio::test]
async fn without_a_secret_nothing_that_lasts_is_served() {
    let directory = TempDir::new().unwrap();
    let database = format!("sqlite://{}", directory.path().join("auth.db").display());
    let check = async |more: &[&str]| {
        let mut command = Command::new(binary(Which::Server));
        command
            .args(["check", "--database"])
            .args(more)
            .env_remove("AUTH_SECRET");
        let output = command.output().await.unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let told = check(&[&database]).await;
    assert!(told.contains("--secret-file") && told.contains("AUTH_SECRET"), "{told}");
    assert!(!directory.path().join("auth.db").exists());
    for more in [vec!["memory:"], vec![database.as_str(), "--danger-random-secret"]] {
        let told = check(&more).await;
        assert!(!told.contains("--secret-file"), "{more:?}: {told}");
    }
}

#[tokio::test]
async fn a_mail_server_of_ones_own_is_believed_by_its_own_certificate() {
    let directory = TempDir::new().unwrap();
    let catcher = SmtpCatcher::start(Wire::Tls);
    let pem = directory.path().join("mail.pem");
    std::fs::write(&pem, &catcher.certificate).unwrap();
    let (url, pem) = (catcher.url(Wire::Tls), pem.display().to_string());
    let more = [
        "--smtp",
        &url,
        "--smtp-ca",
        &pem,
        "--mail-from",
        "Auth <auth@example.com>",
    ];
    let server = serve(&directory, &more).await;
    let ada = json!({ "email": "ada@example.com", "password": PASSWORD });
    assert_eq!(ask(&server, "POST", "/signup", None, ada).await.status, 200);
    let caught = catcher.wait_for(1).await.remove(0);
    assert!(caught.encrypted && caught.to == ["ada@example.com"]);
}

/// They are looked at before anybody is asked for a connection, on this machine too; with MySQL, after it has answered.
#[tokio::test]
async fn certificates_that_are_none_are_refused() {
    let directory = TempDir::new().unwrap();
    let pem = directory.path().join("root.pem");
    std::fs::write(&pem, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let pem = pem.display().to_string();
    for (database, more) in [
        ("postgres://auth@127.0.0.1:1/auth", vec!["--database-ca", &pem]),
        (
            "memory:",
            vec!["--sessions", "rediss://127.0.0.1:1", "--sessions-ca", &pem],
        ),
    ] {
        let mut command = Command::new(binary(Which::Server));
        command
            .args(["check", "--secret", SECRET, "--database", database])
            .args(more);
        let output = command.output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stderr).to_lowercase();
        assert!(
            !output.status.success() && told.contains("certificate"),
            "{database}: {told}"
        );
    }
}

#[tokio::test]
async fn certificates_for_a_session_store_without_tls_are_refused() {
    let directory = TempDir::new().unwrap();
    let pem = directory.path().join("redis.pem");
    std::fs::write(&pem, SmtpCatcher::start(Wire::Tls).certificate.as_str()).unwrap();
    let pem = pem.display().to_string();
    let output = run(
        &directory,
        &["check", "--sessions", "redis://localhost:1", "--sessions-ca", &pem],
    )
    .await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("rediss://"), "{told}");
}

#[tokio::test]
async fn what_cannot_be_used_is_said_at_once() {
    let directory = TempDir::new().unwrap();
    for (more, expected) in [
        (vec!["check", "--base-path", "auth"], "base_path"),
        (vec!["check", "--base-url", "http://example.com"], "danger_allow_http"),
        (vec!["check", "--smtp", "smtp://localhost"], "--mail-from"),
        (vec!["check", "--sms", "twilio"], "--twilio-account"),
        (vec!["check", "--access-lifetime", "soon"], "no duration"),
        (vec!["check", "--password-min", "6"], "Use 8 or more"),
        (vec!["check", "--strategy", "jwt"], "opaque"),
        (vec!["check", "--leaked-passwords", "/nowhere.txt"], "/nowhere.txt"),
        (vec!["check", "--request-id-header", "cookie"], "request_id_header"),
        (vec!["check", "--config", "/nowhere.toml"], "/nowhere.toml"),
        (vec!["check", "--previous-secret-file", "/nowhere.key"], "/nowhere.key"),
        (vec!["check", "--claims", "email,name"], "no claim name"),
        (vec!["check", "--jwt-secret", "short"], "32 random bytes"),
        (vec!["check", "--verify-key", "/nowhere.jwk"], "/nowhere.jwk"),
        (vec!["check", "--port", "1"], "--port"),
        (vec!["check", "--database-ca", "/nowhere.pem"], "/nowhere.pem"),
        (vec!["check", "--database-pool", "3"], "postgres://"),
        (vec!["check", "--sessions-ca", "/nowhere.pem"], "--sessions is missing"),
        (vec!["check", "--smtp-ca", "/nowhere.pem"], "--smtp is missing"),
        (
            vec![
                "check",
                "--sessions",
                "rediss://localhost",
                "--sessions-ca",
                "/nowhere.pem",
            ],
            "/nowhere.pem",
        ),
    ] {
        let output = run(&directory, &more).await;
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(expected), "{more:?}: {told}");
        assert!(!told.contains(SECRET), "{told}");
    }
}
