//! The document is valid, and nothing that it allows to send makes the server fail.

use std::{fs, process::Command};

use auth_core::{NewSession, NewUser};
use auth_tests::PASSWORD;

use crate::{
    served::{Framework, Served},
    tools,
};

#[tokio::test]
async fn the_document_is_valid() {
    let served = Served::start(Framework::Axum).await;
    let request = http::Request::get("/api/auth/openapi.json")
        .body(bytes::Bytes::new())
        .unwrap();
    let document = served.auth.handle(request).await.into_body();
    let validated = tokio::task::spawn_blocking(move || {
        let folder = tempfile::TempDir::new().unwrap();
        let path = folder.path().join("openapi.json");
        fs::write(&path, document).unwrap();
        let validator = tools::python().join("openapi-spec-validator");
        tools::run(
            Command::new(validator).arg("--schema").arg("3.1").arg(&path),
            "openapi-spec-validator",
        )
    });
    validated.await.unwrap();
}

#[tokio::test]
async fn nothing_the_document_allows_makes_axum_fail() {
    hammer(Served::start(Framework::Axum).await, &[]).await;
}

#[tokio::test]
async fn nothing_the_document_allows_makes_actix_fail() {
    hammer(Served::start(Framework::Actix).await, &[]).await;
}

/// What nobody is there to send is refused, and the document says with what.
#[tokio::test]
async fn nothing_the_document_allows_makes_a_server_without_post_fail() {
    const SENDING: &[&str] = &[
        "invite",
        "reauthenticate",
        "recover",
        "resend",
        "send_magic_link",
        "send_nonce",
        "send_otp",
    ];
    hammer(Served::without_post(Framework::Axum).await, SENDING).await;
}

/// As nobody, as somebody who is signed in, and as an administrator, who each get further than the one before: at these
/// operations, or at all of them.
async fn hammer(served: Served, only: &'static [&'static str]) {
    let url = served.url();
    let callers = [None, Some(user_token(&served).await), Some(served.service_token())];
    let hammered = tokio::task::spawn_blocking(move || {
        for (number, bearer) in callers.into_iter().enumerate() {
            let mut command = Command::new(tools::python().join("schemathesis"));
            command.args(["run", &format!("{url}/openapi.json"), "--url", &url]);
            command.args([
                "--checks",
                CHECKS,
                "--max-examples",
                "20",
                "--seed",
                "1",
                "--workers",
                "2",
            ]);
            command.args([
                "--phases",
                "examples,coverage,fuzzing",
                "--generation-database",
                "none",
                "--no-color",
            ]);
            command.args(["--suppress-health-check", "all"]);
            if let Some(bearer) = bearer {
                command.args(["--header", &format!("Authorization: Bearer {bearer}")]);
            }
            for operation in only {
                command.args(["--include-operation-id", operation]);
            }
            if number == 1 {
                for ending in ["delete_user", "log_out", "sign_out"] {
                    command.args(["--exclude-operation-id", ending]);
                }
            }
            // It looks for a configuration in the folder it runs in.
            let folder = tempfile::TempDir::new().unwrap();
            let output = tools::run(command.current_dir(folder.path()), "schemathesis");
            println!("{}", String::from_utf8_lossy(&output.stdout));
        }
    });
    hammered.await.unwrap();
}

async fn user_token(served: &Served) -> String {
    let new = NewUser::with_password("email", "ada@example.com", PASSWORD);
    served.auth.create_user(new).await.unwrap();
    let proof = served
        .auth
        .authenticate_user("email", "ada@example.com", PASSWORD)
        .await
        .unwrap();
    let issued = served.auth.create_session(&proof, NewSession::default()).await.unwrap();
    issued.tokens.unwrap().access.expose().to_owned()
}

/// No 5xx, and nothing that the document does not say.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
