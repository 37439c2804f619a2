//! Both example applications as people use them: real processes, real sockets, plain forms, on every store.

mod alike;
mod alone;
mod http;
mod keeper;
mod mails;
mod place;
mod redis_database;
mod redis_down;
mod refused;
mod running;
mod server;
mod server_settings;
mod together;

pub(crate) use http::{send, send_from};
pub(crate) use running::{Running, Which};

use http::Browser;
use mails::Mails;
use place::{Place, on_every_place};

#[tokio::test]
async fn an_unusable_command_line_is_explained() {
    for which in [Which::Axum, Which::Actix] {
        let output = running::run(which, &["--port", "1"]).await;
        assert!(!output.status.success());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("unknown argument --port"), "{told}");
    }
}
