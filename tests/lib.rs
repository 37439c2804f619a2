//! What stories and attacks are written with: one application behind five drivers, and clients that keep cookies.
//!
//! A story is written once, as `async fn story(app: App)`, and [`stories!`] runs it through the core alone, through axum and
//! actix-web in this process and over real connections, and on every store.
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
    Unanswered, Wire, eventually, free_port, heard, listen, passwords, runtime,
};

/// Runs each story through every driver on memory, and through the core on every store.
///
/// `stories![a, b,]` opens an application as it is by default, `stories![opened => a, b,]` by another function of the driver.
#[macro_export]
macro_rules! stories {
    ($($open:ident)::+ => $($stories:tt)+) => {
        $crate::every_driver![super::$($open)::+ => $($stories)+];
        $crate::every_store![super::$($open)::+ => $($stories)+];
    };
    ($($stories:tt)+) => {
        $crate::every_driver![$crate::App::new => $($stories)+];
        $crate::every_store![$crate::App::new => $($stories)+];
    };
}

/// As [`stories!`], for those that are about accounts: each runs under tokens as well, where the store is asked each
/// time, but for those that look at an opaque session themselves.
#[macro_export]
macro_rules! stories_of_both {
    ($($open:ident)::+ => { $($both:tt)+ } opaque { $($opaque:tt)* }) => {
        $crate::stories![$($open)::+ => $($both)+ $($opaque)*];
        $crate::every_store_with_tokens![super::$($open)::+ => $($both)+];
    };
}

/// As [`stories!`], on memory alone.
#[macro_export]
macro_rules! stories_on_memory {
    ($($open:ident)::+ => $($stories:tt)+) => {
        $crate::every_driver![super::$($open)::+ => $($stories)+];
    };
    ($($stories:tt)+) => {
        $crate::every_driver![$crate::App::new => $($stories)+];
    };
}

/// As [`stories_on_memory!`], for those that poll a request themselves.
#[macro_export]
macro_rules! stories_in_process {
    ($($stories:tt)+) => {
        $crate::in_process![$crate::App::new => $($stories)+];
    };
}

/// Runs each story over real connections alone, for those that are about connections.
#[macro_export]
macro_rules! stories_over_sockets {
    ($($stories:tt)+) => {
        $crate::over_sockets![$crate::App::new => $($stories)+];
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! every_driver {
    ($open:path => $($stories:tt)+) => {
        $crate::in_process![$open => $($stories)+];
        $crate::over_sockets![$open => $($stories)+];
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! in_process {
    ($open:path => $($stories:tt)+) => {
        $crate::stories_with![core Core $open => $($stories)+];
        $crate::stories_with![axum Axum $open => $($stories)+];
        $crate::stories_with![actix Actix $open => $($stories)+];
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! over_sockets {
    ($open:path => $($stories:tt)+) => {
        $crate::stories_with![axum_socket AxumSocket $open => $($stories)+];
        $crate::stories_with![actix_socket ActixSocket $open => $($stories)+];
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! every_store {
    ($open:path => $($stories:tt)+) => {
        $crate::stories_on![sqlite CoreOn Sqlite $open => $($stories)+];
        $crate::stories_on![postgres CoreOn Postgres, "needs a PostgreSQL server: AUTH_TEST_POSTGRES" $open => $($stories)+];
        $crate::stories_on![mysql CoreOn Mysql, "needs a MySQL server: AUTH_TEST_MYSQL" $open => $($stories)+];
        $crate::stories_on![redis_sqlite CoreOn RedisSqlite, "needs a Redis server: AUTH_TEST_REDIS" $open => $($stories)+];
        $crate::stories_on![
            redis_postgres CoreOn RedisPostgres, "needs a Redis and a PostgreSQL server: AUTH_TEST_REDIS, AUTH_TEST_POSTGRES"
            $open => $($stories)+
        ];
    };
}

/// Each kind of store once.
#[doc(hidden)]
#[macro_export]
macro_rules! every_store_with_tokens {
    ($open:path => $($stories:tt)+) => {
        $crate::stories_on![tokens CoreWithTokens Memory $open => $($stories)+];
        $crate::stories_on![tokens_sqlite CoreWithTokens Sqlite $open => $($stories)+];
        $crate::stories_on![
            tokens_mysql CoreWithTokens Mysql, "needs a MySQL server: AUTH_TEST_MYSQL" $open => $($stories)+
        ];
        $crate::stories_on![
            tokens_redis_postgres CoreWithTokens RedisPostgres,
            "needs a Redis and a PostgreSQL server: AUTH_TEST_REDIS, AUTH_TEST_POSTGRES" $open => $($stories)+
        ];
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
    ($module:ident $driver:ident $store:ident $open:path => $($(#[$attribute:meta])* $story:ident,)+) => {
        mod $module {
            $($(#[$attribute])* #[tokio::test] async fn $story() {
                super::$story($open($crate::Driver::$driver($crate::Store::$store)).await).await;
            })+
        }
    };
    ($module:ident $driver:ident $store:ident, $needs:literal $open:path => $($(#[$attribute:meta])* $story:ident,)+) => {
        mod $module {
            $($(#[$attribute])* #[tokio::test] #[ignore = $needs] async fn $story() {
                super::$story($open($crate::Driver::$driver($crate::Store::$store)).await).await;
            })+
        }
    };
}

/// The README's applications compile.
#[doc = include_str!("../README.md")]
#[cfg(doctest)]
pub struct Readme;
