//! `kill -9` of the application while people sign up, renew, refresh and sign out: what was answered stands, and nothing
//! is half-written.
//!
//! The application is this program started again; it says on its standard output what it answered to whom.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    process::{Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use super::{
    Database, Kept, Place, on_both,
    place::application,
    records::{key, user},
};
use crate::{
    Auth, Clock, ErrorKind, NewSession, Secret, SessionConfig, SessionToken, SystemClock, Tokens,
    adapter::{SessionAdapter, Store, UserAdapter},
    adapters::AnyAdapter,
    id::SessionId,
    model::Attributes,
    proof::Proof,
};

on_both![what_was_answered_survives_the_application,];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_the_application_on_sqlite() {
    let directory = TempDir::new().unwrap();
    survives(Kept::Sqlite(directory.path().join("killed.db"))).await;
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
async fn what_was_answered_survives_the_application_with_sessions_in_redis() {
    let directory = TempDir::new().unwrap();
    let users = Kept::Sqlite(directory.path().join("killed.db"));
    survives(Kept::Redis(format!("killed-{}:", std::process::id()), Box::new(users))).await;
}

#[cfg(feature = "redis")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS and AUTH_TEST_POSTGRES, see tests/servers"]
async fn what_was_answered_survives_the_application_with_sessions_in_redis_and_users_in_postgres() {
    let users = Kept::Server(Place::shared(Database::Postgres));
    survives(Kept::Redis(
        format!("killed-beside-{}:", std::process::id()),
        Box::new(users),
    ))
    .await;
}

const ROUNDS: u64 = 12;

/// Both strategies over one store, with renewals at every request.
async fn applications(store: &AnyAdapter) -> (Auth, Auth) {
    let build = || application(store.clone(), Secret::new([7; 32]));
    let cookies = SessionConfig::default().active_period(Duration::from_millis(1));
    let cookies = build().sessions(cookies).build().unwrap();
    let bearers = build().sessions(Tokens::default().check_store(true)).build().unwrap();
    (cookies, bearers)
}

/// What somebody was told last.
#[derive(Default)]
struct Told {
    cookie: Option<String>,
    refresh: Option<String>,
    /// Signing out was asked for, and whether it was answered.
    leaving: Option<bool>,
}

async fn what_was_answered_survives_the_application(database: Database) {
    survives(Kept::Server(Place::shared(database))).await;
}

async fn survives(kept: Kept) {
    let store = kept.open().await;
    let (cookies, bearers) = applications(&store).await;
    cookies.migrate().await.unwrap();
    let child = concat!(module_path!(), "::an_application");
    let child = child.split_once("::").unwrap().1;
    let (mut people, mut open, mut left) = (0, 0, 0);
    for round in 0..ROUNDS {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", child, "--ignored", "--nocapture"])
            .env("AUTH_TEST_KILLED", format!("{round} {kept}"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while !line.starts_with("TOLD ready") {
            line.clear();
            assert!(lines.read_line(&mut line).unwrap() > 0, "it ended by itself");
        }
        // Anywhere in the middle of it.
        std::thread::sleep(Duration::from_millis(60 + round * 23 % 90));
        process.kill().unwrap();
        process.wait().unwrap();
        let mut said = String::new();
        lines.read_to_string(&mut said).unwrap();
        let told = listen(&said);
        people += told.len();
        for (person, told) in told {
            let wanted = told.leaving != Some(true);
            if let Some(cookie) = &told.cookie {
                let token = SessionToken::parse(cookie).unwrap();
                let found = cookies.get_session(&token).await;
                check(&person, told.leaving, found.map(drop).map_err(|error| error.kind()));
            }
            if let Some(refresh) = &told.refresh {
                let found = bearers.validate_refresh_token(refresh).await;
                check(&person, told.leaving, found.map(drop).map_err(|error| error.kind()));
            }
            let account = cookies
                .get_user_by_provider_id("email", &format!("{person}@example.com"))
                .await;
            assert!(account.is_ok(), "{person} was told that there is an account");
            open += usize::from(wanted);
            left += usize::from(!wanted);
        }
        kept.assert_consistent().await;
    }
    eprintln!("{kept}: {ROUNDS} kills, {people} people, {open} signed in, {left} signed out");
    assert!(people > 20 && left > 0, "{people} people, {left} of them left");
}

/// Who was answered that they are signed in is, and who was answered that they are not is not.
fn check(person: &str, leaving: Option<bool>, found: Result<(), ErrorKind>) {
    match leaving {
        None => assert_eq!(found, Ok(()), "{person} is signed out"),
        Some(false) => {}
        Some(true) => assert!(
            matches!(found, Err(ErrorKind::InvalidSessionId | ErrorKind::Unauthorised)),
            "{person} is still signed in: {found:?}"
        ),
    }
}

fn listen(said: &str) -> BTreeMap<String, Told> {
    let mut people: BTreeMap<String, Told> = BTreeMap::new();
    // The last line may be cut.
    let whole = &said[..said.rfind('\n').map_or(0, |end| end + 1)];
    for line in whole.lines().filter_map(|line| line.strip_prefix("TOLD ")) {
        let mut words = line.split(' ');
        let (Some(person), Some(what)) = (words.next(), words.next()) else {
            continue;
        };
        let told = people.entry(person.to_owned()).or_default();
        match (what, words.next()) {
            ("cookie", Some(cookie)) => told.cookie = Some(cookie.to_owned()),
            ("refresh", Some(refresh)) => told.refresh = Some(refresh.to_owned()),
            ("leaving", _) => told.leaving = Some(false),
            ("left", _) => told.leaving = Some(true),
            _ => panic!("what does {line} say?"),
        }
    }
    people
}

/// Written by one system call, so that a kill cuts no line in two and none waits in a buffer.
fn tell(line: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    out.write_all(format!("TOLD {line}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "part of what_was_answered_survives_the_application"]
async fn an_application() {
    let Ok(told) = std::env::var("AUTH_TEST_KILLED") else {
        return;
    };
    let (round, kept) = told.split_once(' ').unwrap();
    let store = Kept::parse(kept).open().await;
    let (cookies, bearers) = applications(&store).await;
    // Connections take their time, in which there is nothing to be killed.
    let nobody = SessionId::from("nobody's");
    for _ in 0..2 {
        let acts = (0..4).map(|_| async { (store.ping().await, store.delete_session(&nobody).await) });
        for (read, written) in futures_util::future::join_all(acts).await {
            read.and(written.map(drop)).unwrap();
        }
    }
    // The first line of this program's own is the test's name, without an end.
    println!();
    tell("ready");
    let tasks = (0..6).map(|task| {
        let (cookies, bearers) = (cookies.clone(), bearers.clone());
        let store = store.clone();
        let name = format!("{round}-{task}");
        tokio::spawn(async move {
            for number in 0.. {
                let person = format!("r{name}-{number}");
                // Who signs up: user and key are one act. Hashing is left out, so that kills hit the store.
                let mut account = user(&person);
                account.attributes = Attributes::new();
                store.set_user(&account, Some(&key(&person))).await.unwrap();
                let proof = Proof::new(account, "password", SystemClock.now());
                match number % 2 {
                    0 => with_a_cookie(&cookies, &proof, &person).await,
                    _ => with_tokens(&bearers, &proof, &person).await,
                }
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
}

async fn with_a_cookie(auth: &Auth, proof: &Proof, person: &str) {
    let issued = auth.create_session(proof, NewSession::default()).await.unwrap();
    let (mut token, id) = (issued.token, issued.session.id);
    tell(&format!("{person} cookie {}", token.expose().as_str()));
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(2)).await;
        if let Some(renewed) = auth.validate_session(&token).await.unwrap().renewed {
            token = renewed;
            tell(&format!("{person} cookie {}", token.expose().as_str()));
        }
    }
    leave(auth, person, &id).await;
}

async fn with_tokens(auth: &Auth, proof: &Proof, person: &str) {
    let issued = auth.create_session(proof, NewSession::default()).await.unwrap();
    let mut refresh = issued.tokens.unwrap().refresh;
    tell(&format!("{person} refresh {}", refresh.expose()));
    for _ in 0..3 {
        let given = auth.refresh_session(refresh.expose()).await.unwrap().tokens.unwrap();
        tell(&format!("{person} refresh {}", given.refresh.expose()));
        auth.validate_access_token(given.access.expose(), None).await.unwrap();
        refresh = given.refresh;
    }
    leave(auth, person, &issued.session.id).await;
}

/// Every third stays.
async fn leave(auth: &Auth, person: &str, id: &SessionId) {
    if person.bytes().map(usize::from).sum::<usize>().is_multiple_of(3) {
        return;
    }
    tell(&format!("{person} leaving"));
    auth.invalidate_session(id).await.unwrap();
    tell(&format!("{person} left"));
}
