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

pub use harness::{
    Answer, App, Caught, Client, Driver, Held, Leaving, MINUTE, Manners, PASSWORD, Received, Setup, SmtpCatcher, Store,
    Unanswered, Wire, passwords, runtime,
};

/// Runs each story through every driver on memory, and through the core on every store.
///
/// `stories![a, b,]` opens an application as it is by default, and speaks to it over real connections as well;
/// `stories![opened => a, b,]` opens one by another function of the driver, in the process.
#[macro_export]
macro_rules! stories {
    ($($open:ident)::+ => $($stories:tt)+) => {
        $crate::every_story![super::$($open)::+ => $($stories)+];
    };
    ($($stories:tt)+) => {
        $crate::every_story![$crate::App::new => $($stories)+];
        $crate::stories_over_sockets![$($stories)+];
    };
}

/// Runs each story over real connections alone, for those that are about connections.
#[macro_export]
macro_rules! stories_over_sockets {
    ($($stories:tt)+) => {
        $crate::stories_with![axum_socket AxumSocket $crate::App::new => $($stories)+];
        $crate::stories_with![actix_socket ActixSocket $crate::App::new => $($stories)+];
    };
}

/// As [`stories!`] with a function, for those that are about accounts: each runs under tokens as well, where the store is asked each
/// time, but for those that look at an opaque session themselves.
#[macro_export]
macro_rules! stories_of_both {
    ($($open:ident)::+ => { $($both:tt)+ } opaque { $($opaque:tt)* }) => {
        $crate::every_story![super::$($open)::+ => $($both)+ $($opaque)*];
        $crate::stories_with![tokens CoreWithTokens super::$($open)::+ => $($both)+];
    };
}

/// As [`stories!`], for those that look into the process: at its threads, at single polls.
#[macro_export]
macro_rules! stories_in_process {
    ($($open:ident)::+ => $($stories:tt)+) => {
        $crate::every_story_in_process![super::$($open)::+ => $($stories)+];
    };
    ($($stories:tt)+) => {
        $crate::every_story_in_process![$crate::App::new => $($stories)+];
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! every_story {
    ($open:path => $($stories:tt)+) => {
        $crate::every_story_in_process![$open => $($stories)+];
        $crate::stories_on![sqlite Sqlite $open => $($stories)+];
        $crate::stories_on![postgres Postgres, "needs a PostgreSQL server: AUTH_TEST_POSTGRES" $open => $($stories)+];
        $crate::stories_on![mysql Mysql, "needs a MySQL server: AUTH_TEST_MYSQL" $open => $($stories)+];
        $crate::stories_on![redis_sqlite RedisSqlite, "needs a Redis server: AUTH_TEST_REDIS" $open => $($stories)+];
        $crate::stories_on![
            redis_postgres RedisPostgres, "needs a Redis and a PostgreSQL server: AUTH_TEST_REDIS, AUTH_TEST_POSTGRES"
            $open => $($stories)+
        ];
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! every_story_in_process {
    ($open:path => $($stories:tt)+) => {
        $crate::stories_with![core Core $open => $($stories)+];
        $crate::stories_with![axum Axum $open => $($stories)+];
        $crate::stories_with![actix Actix $open => $($stories)+];
    };
}

/// Each story through one driver.
#[doc(hidden)]
#[macro_export]
macro_rules! stories_with {
    ($module:ident $driver:ident $open:path => $($(#[$attribute:meta])* $story:ident,)+) => {
        mod $module {
            $($(#[$attribute])* #[tokio::test] async fn $story() {
                super::$story($open($crate::Driver::$driver).await).await;
            })+
        }
    };
}

/// Each story through the core on one store.
#[doc(hidden)]
#[macro_export]
macro_rules! stories_on {
    ($module:ident $store:ident $open:path => $($(#[$attribute:meta])* $story:ident,)+) => {
        mod $module {
            $($(#[$attribute])* #[tokio::test] async fn $story() {
                super::$story($open($crate::Driver::CoreOn($crate::Store::$store)).await).await;
            })+
        }
    };
    ($module:ident $store:ident, $needs:literal $open:path => $($(#[$attribute:meta])* $story:ident,)+) => {
        mod $module {
            $($(#[$attribute])* #[tokio::test] #[ignore = $needs] async fn $story() {
                super::$story($open($crate::Driver::CoreOn($crate::Store::$store)).await).await;
            })+
        }
    };
}

/// The README's applications compile.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
pub struct Readme;
