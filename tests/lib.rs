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

pub use harness::{Answer, App, Client, Driver, Held, PASSWORD, Setup, Store};

/// Runs each story through every driver on memory, over real connections as well, and through the core on every store.
#[macro_export]
macro_rules! stories {
    ($($(#[$attribute:meta])* $story:ident,)+) => {
        $crate::stories_in_process![$($(#[$attribute])* $story,)+];
        $crate::stories_on![sqlite Sqlite: $($(#[$attribute])* $story,)+];
        $crate::stories_on![postgres Postgres, "needs a PostgreSQL server: AUTH_TEST_POSTGRES": $($(#[$attribute])* $story,)+];
        $crate::stories_on![mysql Mysql, "needs a MySQL server: AUTH_TEST_MYSQL": $($(#[$attribute])* $story,)+];
        $crate::stories_on![redis_sqlite RedisSqlite, "needs a Redis server: AUTH_TEST_REDIS": $($(#[$attribute])* $story,)+];
        $crate::stories_on![
            redis_postgres RedisPostgres, "needs a Redis and a PostgreSQL server: AUTH_TEST_REDIS, AUTH_TEST_POSTGRES":
            $($(#[$attribute])* $story,)+
        ];
        $crate::stories_with![axum_socket AxumSocket: $($(#[$attribute])* $story,)+];
        $crate::stories_with![actix_socket ActixSocket: $($(#[$attribute])* $story,)+];
    };
}

/// As [`stories!`], for those that look into the process: at its threads, at single polls.
#[macro_export]
macro_rules! stories_in_process {
    ($($(#[$attribute:meta])* $story:ident,)+) => {
        $crate::stories_with![core Core: $($(#[$attribute])* $story,)+];
        $crate::stories_with![axum Axum: $($(#[$attribute])* $story,)+];
        $crate::stories_with![actix Actix: $($(#[$attribute])* $story,)+];
    };
}

/// Each story through one driver.
#[doc(hidden)]
#[macro_export]
macro_rules! stories_with {
    ($module:ident $driver:ident: $($(#[$attribute:meta])* $story:ident,)+) => {
        mod $module {
            $($(#[$attribute])* #[tokio::test] async fn $story() {
                super::$story($crate::App::new($crate::Driver::$driver).await).await;
            })+
        }
    };
}

/// Each story through the core on one store.
#[doc(hidden)]
#[macro_export]
macro_rules! stories_on {
    ($module:ident $store:ident: $($(#[$attribute:meta])* $story:ident,)+) => {
        mod $module {
            $($(#[$attribute])* #[tokio::test] async fn $story() {
                super::$story($crate::App::new($crate::Driver::CoreOn($crate::Store::$store)).await).await;
            })+
        }
    };
    ($module:ident $store:ident, $needs:literal: $($(#[$attribute:meta])* $story:ident,)+) => {
        mod $module {
            $($(#[$attribute])* #[tokio::test] #[ignore = $needs] async fn $story() {
                super::$story($crate::App::new($crate::Driver::CoreOn($crate::Store::$store)).await).await;
            })+
        }
    };
}

/// The README's applications compile.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
pub struct Readme;
