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

use crate::{PASSWORD, runtime};

/// As short as access tokens may be, so that a minute has many generations.
const ACCESS: Duration = Duration::from_secs(10);
const WINDOW: Duration = Duration::from_secs(10);
/// The longest way of a request and its answer, in milliseconds. A row remembers one step: a page that refreshes early while
/// requests from before the last refresh are under way makes them two steps late, which no window forgives.
const ROUND: u64 = 4_000;

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
    /// Whether it was a step behind.
    late: bool,
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
        match self.open(jar) {
            Err(ErrorKind::TryRefreshToken | ErrorKind::Unauthorised) => self.refresh(jar),
            served => served,
        }
    }

    /// By the access token alone.
    fn open(&self, jar: &Jar) -> Result<Served, ErrorKind> {
        let opened = self
            .runtime
            .block_on(self.auth.validate_access_token(&jar.access, None));
        let opened = opened.map_err(|error| error.kind())?;
        Ok(Served {
            access: opened.renewed.map(|access| access.expose().to_owned()),
            refresh: None,
            late: opened.session.straggler,
        })
    }

    /// By the refresh token, although the access token may be good.
    fn refresh(&self, jar: &Jar) -> Result<Served, ErrorKind> {
        let refreshed = self.runtime.block_on(self.auth.refresh_session(&jar.refresh));
        let refreshed = refreshed.map_err(|error| error.kind())?;
        let tokens = refreshed.tokens.as_ref();
        Ok(Served {
            access: tokens.map(|tokens| tokens.access.expose().to_owned()),
            refresh: tokens.map(|tokens| tokens.refresh.expose().to_owned()),
            late: refreshed.session.straggler,
        })
    }

    fn act(&self, jar: &Jar, act: Act) -> Result<Served, ErrorKind> {
        match act {
            Act::Ask => self.serve(jar),
            Act::Open => self.open(jar),
            Act::Refresh => self.refresh(jar),
        }
    }
}

/// What somebody does with a jar.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// A request, renewed where it must be.
    Ask,
    /// A request that is not renewed.
    Open,
    /// A refresh, due or not.
    Refresh,
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

/// One request of one tab: what it is and when it is sent, how long it travels there and back, and whether the answer is
/// lost.
#[derive(Clone, Debug)]
struct Trip {
    act: Act,
    sent: u64,
    there: u64,
    back: u64,
    lost: bool,
}

/// So many requests; now and then a page refreshes early.
fn trips(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Trip>> {
    // Crowds: what a page asks for at once, and tabs that wake together.
    let sent = prop_oneof![3 => 0_u64..60_000, 2 => (0_u64..6).prop_map(|wave| wave * 10_500), 1 => 10_000_u64..10_400];
    let act = prop_oneof![9 => Just(Act::Ask), 1 => Just(Act::Refresh)];
    let trip = (act, sent, 1_u64..2_000, 1_u64..2_000, proptest::bool::weighted(0.15)).prop_map(
        |(act, sent, there, back, lost)| Trip {
            act,
            sent,
            there,
            back,
            lost,
        },
    );
    proptest::collection::vec(trip, count)
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Back(usize),
    Sent(usize),
    There(usize),
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
        .run(&trips(20..80), |trips| {
            let start = server.clock.now() + Duration::from_secs(1);
            server.clock.set(start);
            let mut jar = server.sign_in();
            let mut carried = vec![jar.clone(); trips.len()];
            let mut served = vec![Served::default(); trips.len()];
            let mut acts: Vec<Act> = trips.iter().map(|trip| trip.act).collect();
            let mut renewed_at = 0;
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
                        if time < renewed_at + ROUND {
                            acts[index] = Act::Ask;
                        }
                        moments.push(Reverse((time + trips[index].there, Moment::There(index))));
                    }
                    Moment::There(index) => {
                        let answer = server.act(&carried[index], acts[index]);
                        prop_assert!(answer.is_ok(), "trip {} at {} ms: {:?}", index, time, answer);
                        served[index] = answer.unwrap();
                        if !trips[index].lost {
                            moments.push(Reverse((time + trips[index].back, Moment::Back(index))));
                        }
                    }
                    Moment::Back(index) => {
                        jar.keep(&served[index]);
                        if served[index].refresh.is_some() {
                            renewed_at = time;
                        }
                    }
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
    let pause = (1_u64..25_000, prop_oneof![3 => Just(Act::Ask), 1 => Just(Act::Refresh)]);
    let schedule = (
        proptest::collection::vec(pause, 2..10),
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
            for (index, (pause, act)) in pauses.iter().enumerate() {
                if index == copied_at {
                    copy = Some(jar.clone());
                }
                server.clock.advance(Duration::from_millis(*pause));
                let answer = server.act(&jar, *act);
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

#[test]
fn a_thief_among_tabs_is_given_nothing_late_and_does_not_stay_beside_the_owner() {
    thief_among_tabs(&Server::start());
}

#[test]
fn a_thief_among_tabs_is_given_nothing_late_and_does_not_stay_beside_the_owner_on_sqlite() {
    thief_among_tabs(&Server::start_on_sqlite());
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Copied,
    OfThief(usize),
    OfTab(Moment),
}

/// The thief copies the jar at any time, and acts at any time from then on: before the owner's refresh, after it, while tabs are
/// under way; and goes on with whatever it is given.
fn thief_among_tabs(server: &Server) {
    let act = prop_oneof![Just(Act::Ask), Just(Act::Open), Just(Act::Refresh)];
    let acts = proptest::collection::vec((0_u64..40_000, act), 1..12);
    let mut runner = TestRunner::new(Config {
        cases: cases(1_000),
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&(trips(5..30), 0_u64..60_000, acts), |(trips, copied_at, acts)| {
            let start = server.clock.now() + Duration::from_secs(1);
            server.clock.set(start);
            let mut jar = server.sign_in();
            let mut thief = jar.clone();
            let mut carried = vec![jar.clone(); trips.len()];
            let mut served = vec![Served::default(); trips.len()];
            let of_tabs = trips
                .iter()
                .enumerate()
                .map(|(index, trip)| (trip.sent, Turn::OfTab(Moment::Sent(index))));
            let of_thief = acts
                .iter()
                .enumerate()
                .map(|(index, (after, _))| (copied_at + after, Turn::OfThief(index)));
            let mut turns: BinaryHeap<Reverse<(u64, Turn)>> = of_tabs
                .chain(of_thief)
                .chain([(copied_at, Turn::Copied)])
                .map(Reverse)
                .collect();
            let mut noticed = false;
            while let Some(Reverse((time, turn))) = turns.pop() {
                server.clock.set(start + Duration::from_millis(time));
                let answer = match turn {
                    Turn::Copied => {
                        thief = jar.clone();
                        continue;
                    }
                    Turn::OfThief(index) => {
                        let answer = server.act(&thief, acts[index].1);
                        if let Ok(served) = &answer {
                            thief.keep(served);
                        }
                        answer
                    }
                    Turn::OfTab(Moment::Sent(index)) => {
                        carried[index] = jar.clone();
                        let there = time + trips[index].there;
                        turns.push(Reverse((there, Turn::OfTab(Moment::There(index)))));
                        continue;
                    }
                    Turn::OfTab(Moment::There(index)) => {
                        let answer = server.act(&carried[index], trips[index].act);
                        if let Ok(answer) = &answer
                            && !trips[index].lost
                        {
                            served[index] = answer.clone();
                            let back = time + trips[index].back;
                            turns.push(Reverse((back, Turn::OfTab(Moment::Back(index)))));
                        }
                        answer
                    }
                    Turn::OfTab(Moment::Back(index)) => {
                        jar.keep(&served[index]);
                        continue;
                    }
                };
                match answer {
                    Ok(served) => prop_assert!(!served.late || (served.access.is_none() && served.refresh.is_none())),
                    Err(kind) => noticed |= kind == ErrorKind::TokenTheft,
                }
            }
            // Both come back, in turns, never within a window of the other. Not both stay.
            let mut stay = [true; 2];
            for _ in 0..3 {
                for (who, jar) in [&mut jar, &mut thief].into_iter().enumerate() {
                    server.clock.advance(WINDOW + ACCESS + Duration::from_secs(2));
                    for act in [Act::Refresh, Act::Ask] {
                        match server.act(jar, act) {
                            Ok(served) => jar.keep(&served),
                            Err(kind) => {
                                noticed |= kind == ErrorKind::TokenTheft;
                                stay[who] = false;
                            }
                        }
                    }
                }
            }
            prop_assert!(!stay[0] || !stay[1], "the thief stays beside the owner");
            prop_assert!(noticed, "nobody noticed");
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
