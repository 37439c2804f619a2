//! Both example applications as people use them: real processes, real sockets, plain forms, on every store.

mod alike;
mod alone;
mod half;
mod http;
mod keeper;
mod mails;
pub(crate) mod place;
mod redis_database;
mod refused;
mod running;
mod server;
mod server_settings;
mod store_down;
mod together;
mod way;

pub(crate) use http::{send, send_from};
pub(crate) use mails::Mails;
pub(crate) use place::{Place, on_every_place};
pub(crate) use running::{Running, Which};

use http::Browser;
use way::Way;

#[tokio::test]
async fn an_unusable_command_line_is_explained() {
    for which in [Which::Axum, Which::Actix] {
        let output = running::run(which, &["--port", "1"]).await;
        assert!(!output.status.success());
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains("unknown argument --port"), "{told}");
    }
}
