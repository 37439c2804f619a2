//! The conformance suite: one call proves that an adapter keeps the promises of [`crate::adapter`].
//!
//! It holds the 34 cases of Lucia's adapter suite of seed 002 (`at01`…`at34`), its ten for stores that only keep
//! sessions, the cases those left out, and races. Every case gets a store of its own from the factory, empty, with
//! the suite's attributes declared and migrated.
//!
//! ```
//! use auth_core::{adapters::MemoryAdapter, testing::conformance};
//!
//! # #[tokio::main] async fn main() {
//! let report = conformance::run(async || MemoryAdapter::default()).await;
//! assert!(report.cases() > 100);
//! # }
//! ```
#![expect(clippy::unwrap_used, clippy::panic, reason = "a suite reports by panicking")]

mod acts;
mod beyond;
mod events;
mod fixtures;
mod keys;
mod listings;
mod one_time_tokens;
mod outbox;
mod races;
mod rotations;
mod sessions;
mod signing_keys;
mod users;

use std::{future::Future, pin::Pin, sync::Arc};

use fixtures::Sessions;

use crate::adapter::{Adapter, AttemptAdapter, SessionAdapter};

type Case<S> = (&'static str, fn(S) -> Pin<Box<dyn Future<Output = ()> + Send>>);

/// Lists functions as cases under their own names.
macro_rules! cases {
    ($($case:ident,)+) => {
        &[$((stringify!($case), |store| Box::pin($case(store))),)+]
    };
}
use cases;

/// How many cases ran. All of them passed, or there would be no report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "assert how many cases there were, so that none gets lost"]
pub struct Report {
    cases: usize,
}

impl Report {
    /// The number of cases.
    pub fn cases(self) -> usize {
        self.cases
    }
}

/// Proves an adapter; `factory` makes an empty one for each case.
///
/// # Panics
/// When cases fail, with all their names.
pub async fn run<A: Adapter>(factory: impl AsyncFn() -> A) -> Report {
    let mut suite = Suite::default();
    for (name, case) in [
        users::CASES,
        keys::CASES,
        sessions::WITH_USERS,
        beyond::CASES,
        races::CASES,
        signing_keys::CASES,
        listings::CASES,
        one_time_tokens::CASES,
        acts::CASES,
        outbox::CASES,
        events::CASES,
    ]
    .concat()
    {
        let adapter = factory().await;
        adapter.declare(&fixtures::schema()).unwrap();
        adapter.migrate().await.unwrap();
        suite.run(name, case(Arc::new(adapter))).await;
    }
    for (name, case) in [sessions::CASES, rotations::CASES, races::SESSION_CASES].concat() {
        let adapter = factory().await;
        adapter.declare(&fixtures::schema()).unwrap();
        adapter.migrate().await.unwrap();
        for user in fixtures::session_owners() {
            adapter.set_user(&user, None).await.unwrap();
        }
        suite.run(name, case(Sessions::of(adapter))).await;
    }
    suite.finish()
}

/// Proves an adapter that keeps sessions and attempts, but no users.
///
/// # Panics
/// When cases fail, with all their names.
pub async fn run_sessions<S: SessionAdapter + AttemptAdapter>(factory: impl AsyncFn() -> S) -> Report {
    let mut suite = Suite::default();
    for (name, case) in [sessions::CASES, rotations::CASES, races::SESSION_CASES].concat() {
        let adapter = factory().await;
        adapter.declare(&fixtures::schema()).unwrap();
        adapter.migrate().await.unwrap();
        suite.run(name, case(Sessions::of(adapter))).await;
    }
    suite.finish()
}

#[derive(Default)]
struct Suite {
    cases: usize,
    failed: Vec<String>,
}

impl Suite {
    /// A task of its own for each case, so that one failure does not hide the next.
    async fn run(&mut self, name: &str, case: Pin<Box<dyn Future<Output = ()> + Send>>) {
        self.cases += 1;
        if let Err(error) = tokio::spawn(case).await {
            let panic = error.into_panic();
            let reason = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()))
                .unwrap_or_default();
            self.failed.push(format!("{name}: {reason}"));
        }
    }

    fn finish(self) -> Report {
        assert!(
            self.failed.is_empty(),
            "{} of {} cases failed:\n{}",
            self.failed.len(),
            self.cases,
            self.failed.join("\n")
        );
        Report { cases: self.cases }
    }
}
