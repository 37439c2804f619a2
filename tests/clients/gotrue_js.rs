//! The seed's own JavaScript client drives every one of its methods, and so does its successor of today.

use std::process::Command;

use crate::{
    served::{Framework, Served},
    tools,
};

#[tokio::test]
async fn the_seeds_client_drives_axum() {
    walk(Framework::Axum, "walk.mjs").await;
}

#[tokio::test]
async fn the_seeds_client_drives_actix() {
    walk(Framework::Actix, "walk.mjs").await;
}

#[tokio::test]
async fn the_client_of_today_drives_axum() {
    walk(Framework::Axum, "walk-v2.mjs").await;
}

#[tokio::test]
async fn the_client_of_today_drives_actix() {
    walk(Framework::Actix, "walk-v2.mjs").await;
}

async fn walk(framework: Framework, program: &'static str) {
    let served = Served::start(framework).await;
    let (url, token, mails) = (served.url(), served.service_token(), served.letterbox.url().to_owned());
    let walked = tokio::task::spawn_blocking(move || {
        let mut command = Command::new("node");
        command.current_dir(tools::node()).arg(program);
        command.args(["--url", &url, "--service-jwt", &token, "--mails", &mails]);
        tools::run(&mut command, "node")
    });
    let said = String::from_utf8(walked.await.unwrap().stdout).unwrap();
    assert!(said.lines().count() > 10, "{said}");
    assert!(said.lines().all(|line| line.starts_with("ok ")), "{said}");
}
