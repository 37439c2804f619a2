//! Tabs that share a jar without any lock, and a thief: random schedules with a clock of their own.

use std::{cmp::Reverse, collections::BinaryHeap, time::Duration};

use auth_core::{
    Auth, AuthBuilder, Clock, ErrorKind, NewSession, NewUser, Proof, Secret, SigningKeys, Tokens,
    adapters::{MemoryAdapter, SqliteAdapter},
    testing::ManualClock,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::PASSWORD;

/// As short as access tokens may be, so that a minute has many generations.
const ACCESS: Duration = Duration::from_secs(10);
const WINDOW: Duration = Duration::from_secs(10);

struct Server {
    auth: Auth,
    clock: ManualClock,
    proof: Proof,
    runtime: tokio::runtime::Runtime,
}

/// What a browser holds.
#[derive(Clone, Debug)]
struct Jar {
    access: String,
    refresh: String,
}

/// What a request came back with: cookies to keep, if any.
#[derive(Clone, Debug, Default)]
struct Served {
    access: Option<String>,
    refresh: Option<String>,
}

impl Server {
    fn start() -> Self {
        Self::over(Auth::builder(MemoryAdapter::default()), runtime())
    }

    fn start_on_sqlite() -> Self {
        let runtime = runtime();
        let store = runtime.block_on(SqliteAdapter::connect("sqlite::memory:")).unwrap();
        Self::over(Auth::builder(store), runtime)
    }

    fn over(builder: AuthBuilder, runtime: tokio::runtime::Runtime) -> Self {
        let clock = ManualClock::default();
        let auth = builder
            .secret(Secret::new("a secret of the tests, 32 bytes and more"))
            .base_url("https://app.example.com")
            .clock(clock.clone())
            .sessions(
                Tokens::default()
                    .access_validity(ACCESS)
                    // Months go by; nobody wants to rotate keys all along.
                    .signing_keys(SigningKeys::fixed(Secret::new("a key of the tests, 32 bytes and more"))),
            )
            .build()
            .unwrap();
        let proof = runtime.block_on(async {
            auth.migrate().await.unwrap();
            let new = NewUser::with_password("username", "ada", PASSWORD);
            auth.create_user(new).await.unwrap();
            auth.authenticate_user("username", "ada", PASSWORD).await.unwrap()
        });
        Self {
            auth,
            clock,
            proof,
            runtime,
        }
    }

    fn sign_in(&self) -> Jar {
        let issued = self
            .runtime
            .block_on(self.auth.create_session(&self.proof, NewSession::default()));
        let tokens = issued.unwrap().tokens.unwrap();
        Jar {
            access: tokens.access.expose().to_owned(),
            refresh: tokens.refresh.expose().to_owned(),
        }
    }

    /// A request, served as `AuthRequest` does: by the access token, else by the refresh token.
    fn serve(&self, jar: &Jar) -> Result<Served, ErrorKind> {
        self.runtime.block_on(async {
            match self.auth.validate_access_token(&jar.access, None).await {
                Ok(opened) => Ok(Served {
                    access: opened.renewed.map(|access| access.expose().to_owned()),
                    refresh: None,
                }),
                Err(error) => match error.kind() {
                    ErrorKind::TryRefreshToken | ErrorKind::Unauthorised => {
                        let refreshed = self.auth.refresh_session(&jar.refresh).await;
                        let refreshed = refreshed.map_err(|error| error.kind())?;
                        let tokens = refreshed.tokens.as_ref();
                        Ok(Served {
                            access: tokens.map(|tokens| tokens.access.expose().to_owned()),
                            refresh: tokens.map(|tokens| tokens.refresh.expose().to_owned()),
                        })
                    }
                    kind => Err(kind),
                },
            }
        })
    }
}

impl Jar {
    fn keep(&mut self, served: &Served) {
        if let Some(access) = &served.access {
            self.access.clone_from(access);
        }
        if let Some(refresh) = &served.refresh {
            self.refresh.clone_from(refresh);
        }
    }
}

/// One request of one tab: when it is sent, how long it travels there and back, and whether the answer is lost.
#[derive(Clone, Debug)]
struct Trip {
    sent: u64,
    there: u64,
    back: u64,
    lost: bool,
}

fn trips() -> impl Strategy<Value = Vec<Trip>> {
    // Crowds: what a page asks for at once, and tabs that wake together.
    let sent = prop_oneof![3 => 0_u64..60_000, 2 => (0_u64..6).prop_map(|wave| wave * 10_500), 1 => 10_000_u64..10_400];
    let trip =
        (sent, 1_u64..2_000, 1_u64..2_000, proptest::bool::weighted(0.15)).prop_map(|(sent, there, back, lost)| Trip {
            sent,
            there,
            back,
            lost,
        });
    proptest::collection::vec(trip, 20..80)
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Back(usize),
    Sent(usize),
    There(usize),
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn twenty_tabs_without_a_lock_are_never_signed_out() {
    tabs(&Server::start());
}

#[test]
fn twenty_tabs_without_a_lock_are_never_signed_out_on_sqlite() {
    tabs(&Server::start_on_sqlite());
}

fn tabs(server: &Server) {
    let mut runner = TestRunner::new(Config {
        cases: cases(1_000),
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&trips(), |trips| {
            let start = server.clock.now() + Duration::from_secs(1);
            server.clock.set(start);
            let mut jar = server.sign_in();
            let mut carried = vec![jar.clone(); trips.len()];
            let mut served = vec![Served::default(); trips.len()];
            let mut moments: BinaryHeap<Reverse<(u64, Moment)>> = trips
                .iter()
                .enumerate()
                .map(|(index, trip)| Reverse((trip.sent, Moment::Sent(index))))
                .collect();
            while let Some(Reverse((time, moment))) = moments.pop() {
                server.clock.set(start + Duration::from_millis(time));
                match moment {
                    Moment::Sent(index) => {
                        carried[index] = jar.clone();
                        moments.push(Reverse((time + trips[index].there, Moment::There(index))));
                    }
                    Moment::There(index) => {
                        let answer = server.serve(&carried[index]);
                        prop_assert!(answer.is_ok(), "trip {} at {} ms: {:?}", index, time, answer);
                        served[index] = answer.unwrap();
                        if !trips[index].lost {
                            moments.push(Reverse((time + trips[index].back, Moment::Back(index))));
                        }
                    }
                    Moment::Back(index) => jar.keep(&served[index]),
                }
            }
            // A while later everything is as it should be.
            server.clock.advance(Duration::from_secs(3_600));
            for _ in 0..3 {
                let answer = server.serve(&jar);
                prop_assert!(answer.is_ok(), "in the end: {:?}", answer);
                jar.keep(&answer.unwrap());
                server.clock.advance(Duration::from_secs(60));
            }
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

#[test]
fn a_stolen_token_is_noticed_after_the_window_and_worth_nothing_within_it() {
    thief(&Server::start());
}

#[test]
fn a_stolen_token_is_noticed_after_the_window_and_worth_nothing_within_it_on_sqlite() {
    thief(&Server::start_on_sqlite());
}

fn thief(server: &Server) {
    // How long the victim waits between requests, when the copy is made, and how long after the victim's next use of a
    // new token it is used.
    let schedule = (
        proptest::collection::vec(1_u64..25_000, 2..10),
        any::<proptest::sample::Index>(),
        prop_oneof![0_u64..20_000, 9_990_u64..10_010, 0_u64..10_000_000],
    );
    let mut runner = TestRunner::new(Config {
        cases: cases(3_000),
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&schedule, |(pauses, copied_at, after)| {
            let mut jar = server.sign_in();
            let copied_at = copied_at.index(pauses.len());
            let mut copy = None;
            for (index, pause) in pauses.iter().enumerate() {
                if index == copied_at {
                    copy = Some(jar.clone());
                }
                server.clock.advance(Duration::from_millis(*pause));
                let answer = server.serve(&jar);
                prop_assert!(answer.is_ok(), "{:?}", answer);
                jar.keep(&answer.unwrap());
            }
            let copy = copy.unwrap();
            // The victim's next use: a refresh, and a request with what it gave.
            server.clock.advance(ACCESS + Duration::from_millis(1_001));
            for _ in 0..2 {
                let answer = server.serve(&jar);
                prop_assert!(answer.is_ok(), "{:?}", answer);
                jar.keep(&answer.unwrap());
            }
            let used_at = server.clock.now();
            server.clock.advance(Duration::from_millis(after));
            let stolen = server.runtime.block_on(server.auth.refresh_session(&copy.refresh));
            match stolen {
                Ok(served) => {
                    prop_assert!(server.clock.now().since(used_at) <= WINDOW);
                    prop_assert!(served.tokens.is_none());
                    // The owner goes on as if nothing had been.
                    server.clock.advance(Duration::from_secs(30));
                    prop_assert!(server.serve(&jar).is_ok());
                }
                Err(error) => {
                    prop_assert_eq!(error.kind(), ErrorKind::TokenTheft);
                    let (session, _) = error.theft().unwrap();
                    let data = server.runtime.block_on(server.auth.get_session_data(session));
                    prop_assert!(data.is_err());
                }
            }
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

/// More of them with `PROPTEST_CASES`.
fn cases(default: u32) -> u32 {
    std::env::var("PROPTEST_CASES")
        .ok()
        .and_then(|cases| cases.parse().ok())
        .unwrap_or(default)
}
