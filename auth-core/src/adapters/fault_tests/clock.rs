//! The application's clock is set back: nobody is signed out, nobody stays in for ever, nobody is kept out.

use std::time::Duration;

use super::{Database, Place, Settings, place::application, records::user};
use crate::{
    Auth, AuthBuilder, Clock, ErrorKind, NewSession, NewUser, Secret, SessionConfig, Tokens,
    adapter::UserAdapter,
    adapters::{AnyAdapter, MemoryAdapter, SqliteAdapter},
    model::Attributes,
    proof::Proof,
    testing::ManualClock,
};

const DAY: Duration = Duration::from_secs(24 * 3_600);
const STEPS: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(3_600),
    DAY,
    Duration::from_secs(400 * 24 * 3_600),
];

/// Runs each story in this process, on the servers, and with sessions in Redis, whose own clock goes on.
macro_rules! on_stores {
    ($($story:ident,)+) => {
        mod here {
            $(
                #[tokio::test]
                async fn $story() {
                    super::$story(&[Kind::Memory, Kind::Sqlite]).await;
                }
            )+

            use super::Kind;
        }

        mod postgres {
            $(
                #[tokio::test]
                #[ignore = "needs AUTH_TEST_POSTGRES, see tests/servers"]
                async fn $story() {
                    super::$story(&[super::Kind::Server(super::Database::Postgres)]).await;
                }
            )+
        }

        mod mariadb {
            $(
                #[tokio::test]
                #[ignore = "needs AUTH_TEST_MYSQL, see tests/servers"]
                async fn $story() {
                    super::$story(&[super::Kind::Server(super::Database::Mariadb)]).await;
                }
            )+
        }

        #[cfg(feature = "redis")]
        mod redis {
            $(
                #[tokio::test]
                #[ignore = "needs AUTH_TEST_REDIS, see tests/servers"]
                async fn $story() {
                    super::$story(&[Kind::Redis]).await;
                }
            )+

            use super::Kind;
        }
    };
}

on_stores![
    limits_keep_nobody_out_for_longer_than_they_last,
    sessions_neither_end_nor_live_for_ever,
    tokens_are_refreshed_before_and_after,
];

#[derive(Clone, Copy)]
enum Kind {
    Memory,
    #[cfg(feature = "redis")]
    Redis,
    Server(Database),
    Sqlite,
}

impl Kind {
    async fn open(self) -> AnyAdapter {
        let sqlite = async || AnyAdapter::new(SqliteAdapter::connect("sqlite::memory:").await.unwrap());
        match self {
            Self::Memory => AnyAdapter::new(MemoryAdapter::default()),
            #[cfg(feature = "redis")]
            Self::Redis => {
                let random = crate::entropy::generate_random_string(12).unwrap();
                let url = std::env::var("AUTH_TEST_REDIS").unwrap();
                let options = crate::adapters::RedisOptions::new(url).key_prefix(format!("clock-{random}:"));
                let sessions = crate::adapters::RedisSessions::open(options).await.unwrap();
                sqlite().await.with_sessions(sessions)
            }
            Self::Server(database) => Place::shared(database).open(&Settings::default()).await,
            Self::Sqlite => sqlite().await,
        }
    }
}

async fn built(store: &AnyAdapter, clock: &ManualClock, with: impl Fn(AuthBuilder) -> AuthBuilder) -> (Auth, Proof) {
    let builder = application(store.clone(), Secret::new([7; 32])).clock(clock.clone());
    let auth = with(builder).build().unwrap();
    auth.migrate().await.unwrap();
    let mut ada = user("ada");
    ada.attributes = Attributes::new();
    store.set_user(&ada, None).await.unwrap();
    (auth, Proof::new(ada, "password", clock.now()))
}

async fn sessions_neither_end_nor_live_for_ever(kinds: &[Kind]) {
    for step in STEPS {
        for kind in kinds {
            let store = kind.open().await;
            let clock = ManualClock::default();
            let config = SessionConfig::default();
            let (auth, proof) = built(&store, &clock, |builder| builder.sessions(config.clone())).await;
            let (first, second) = (
                auth.create_session(&proof, NewSession::default()).await.unwrap(),
                auth.create_session(&proof, NewSession::default()).await.unwrap(),
            );
            clock.set(clock.now() - step);
            auth.validate_session(&first.token).await.unwrap();
            // Renewed, it lives by the clock as it is.
            let renewed = auth.renew_session(&second.token).await.unwrap();
            auth.validate_session(&renewed.token).await.unwrap();
            // The secret before ends with its grace.
            clock.advance(Duration::from_secs(60));
            let before = auth.validate_session(&second.token).await.unwrap_err();
            assert_eq!(before.kind(), ErrorKind::InvalidSessionId);
            clock.advance(16 * DAY);
            let over = auth.validate_session(&renewed.token).await.unwrap_err();
            assert_eq!(over.kind(), ErrorKind::InvalidSessionId);
            // The other one lives as long as it was made for: by the clock that made it.
            clock.advance(step);
            let over = auth.validate_session(&first.token).await.unwrap_err();
            assert_eq!(over.kind(), ErrorKind::InvalidSessionId);
            assert!(
                auth.get_all_session_handles_for_user(proof.user_id())
                    .await
                    .unwrap()
                    .is_empty()
            );
        }
    }
}

async fn tokens_are_refreshed_before_and_after(kinds: &[Kind]) {
    for step in STEPS {
        for kind in kinds {
            let store = kind.open().await;
            let clock = ManualClock::default();
            let (auth, proof) = built(&store, &clock, |builder| builder.sessions(Tokens::default())).await;
            let issued = auth.create_session(&proof, NewSession::default()).await.unwrap();
            let mut refresh = issued.tokens.unwrap().refresh.expose().to_owned();
            clock.set(clock.now() - step);
            for round in 0..4 {
                let refreshed = auth.refresh_session(&refresh).await;
                let refreshed = refreshed.unwrap_or_else(|error| panic!("{step:?} back, round {round}: {error:?}"));
                let given = refreshed
                    .tokens
                    .unwrap_or_else(|| panic!("{step:?} back, round {round}: nothing given"));
                let opened = auth.validate_access_token(given.access.expose(), None).await;
                opened.unwrap_or_else(|error| panic!("{step:?} back, round {round}: {error:?}"));
                refresh = given.refresh.expose().to_owned();
                clock.advance(Duration::from_secs(3_700));
            }
            clock.advance(step + 200 * DAY);
            let over = auth.refresh_session(&refresh).await.unwrap_err();
            assert_eq!(over.kind(), ErrorKind::Unauthorised);
        }
    }
}

async fn limits_keep_nobody_out_for_longer_than_they_last(kinds: &[Kind]) {
    for step in STEPS {
        for kind in kinds {
            let store = kind.open().await;
            let clock = ManualClock::default();
            let (auth, _) = built(&store, &clock, |builder| builder).await;
            let new = NewUser::with_password("email", "bob@example.com", "correct horse battery");
            auth.create_user(new).await.unwrap();
            let sign_in = async |password: &str| {
                let answer = auth
                    .sign_in_with_email("bob@example.com", password, NewSession::default())
                    .await;
                answer.map(drop).map_err(|error| error.kind())
            };
            for _ in 0..10 {
                assert_eq!(sign_in("wrong").await, Err(ErrorKind::InvalidCredentials));
            }
            assert_eq!(sign_in("correct horse battery").await, Err(ErrorKind::Throttled));
            clock.set(clock.now() - step);
            // Two windows at most.
            clock.advance(Duration::from_secs(2 * 15 * 60 + 1));
            assert_eq!(sign_in("correct horse battery").await, Ok(()), "{step:?} back");
        }
    }
}
