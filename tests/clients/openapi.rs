//! The document is valid, and nothing that it allows to send makes the server fail.

use std::{fs, process::Command};

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
    hammer(Framework::Axum).await;
}

#[tokio::test]
async fn nothing_the_document_allows_makes_actix_fail() {
    hammer(Framework::Actix).await;
}

/// As nobody, and as an administrator, who gets further.
async fn hammer(framework: Framework) {
    let served = Served::start(framework).await;
    let (url, token) = (served.url(), served.service_token());
    let hammered = tokio::task::spawn_blocking(move || {
        for bearer in [None, Some(format!("Authorization: Bearer {token}"))] {
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
                command.args(["--header", &bearer]);
            }
            // It looks for a configuration in the folder it runs in.
            let folder = tempfile::TempDir::new().unwrap();
            tools::run(command.current_dir(folder.path()), "schemathesis");
        }
    });
    hammered.await.unwrap();
}

/// No 5xx, and nothing that the document does not say.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
