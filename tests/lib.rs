//! What stories and attacks are written with: one application behind three drivers, and clients that keep cookies.
//!
//! A story is written once, as `async fn story(app: App)`, and [`stories!`] runs it through the core alone, through axum
//! and through actix-web.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::allow_attributes,
    clippy::exhaustive_enums,
    missing_docs,
    reason = "a test harness reports by panicking"
)]

pub mod harness;

pub use harness::{Answer, App, Client, Driver, PASSWORD, Setup};

/// Runs each story through every driver.
#[macro_export]
macro_rules! stories {
    ($($(#[$attribute:meta])* $story:ident,)+) => {
        mod core {
            $($(#[$attribute])* #[tokio::test] async fn $story() {
                super::$story($crate::App::new($crate::Driver::Core).await).await;
            })+
        }
        mod axum {
            $($(#[$attribute])* #[tokio::test] async fn $story() {
                super::$story($crate::App::new($crate::Driver::Axum).await).await;
            })+
        }
        mod actix {
            $($(#[$attribute])* #[tokio::test] async fn $story() {
                super::$story($crate::App::new($crate::Driver::Actix).await).await;
            })+
        }
    };
}

/// The README's applications compile.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
pub struct Readme;
