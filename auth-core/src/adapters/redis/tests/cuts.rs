//! The connection breaks in the middle of an act, before and behind every command of it.

use std::{future::Future, pin::Pin};

use super::{
    wire::{Cut, Wire},
    *,
};
use crate::{Error, adapter::SessionAdapter, model::SessionPatch};

type Acting<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// An act of several commands.
struct Act {
    name: &'static str,
    run: fn(&RedisSessions) -> Acting<'_>,
}

/// A renewal after which the user's index has to list the session for longer.
const LONGER: i64 = NOW + 100 * HOUR;

const ACTS: &[Act] = &[
    Act {
        name: "sign in",
        run: |store| Box::pin(async { store.set_session(&session("new")).await }),
    },
    Act {
        name: "rotate",
        run: |store| {
            Box::pin(async {
                let mut renewed = rotation("second", NOW);
                renewed.idle_expires = at(LONGER);
                store.rotate_session(&ONE, &digest("first"), &renewed).await.map(drop)
            })
        },
    },
    Act {
        name: "renew",
        run: |store| {
            Box::pin(async {
                let patch = SessionPatch {
                    idle_expires: Some(at(LONGER)),
                    updated_at: Some(at(NOW)),
                    ..SessionPatch::default()
                };
                store.update_session(&ONE, &patch).await
            })
        },
    },
    Act {
        name: "sign out",
        run: |store| Box::pin(async { store.delete_session(&ONE).await.map(drop) }),
    },
    Act {
        name: "sign out everywhere",
        run: |store| Box::pin(store.delete_sessions_by_user_id(&ADA, None)),
    },
    Act {
        name: "sign out elsewhere",
        run: |store| Box::pin(store.delete_sessions_by_user_id(&ADA, Some(&ONE))),
    },
    Act {
        name: "find it dead",
        run: |store| Box::pin(store.delete_session_if_dead(&ONE, at(LONGER))),
    },
    Act {
        name: "sweep a user",
        run: |store| Box::pin(async { store.delete_expired_sessions(Some(&ADA), at(LONGER)).await.map(drop) }),
    },
    Act {
        name: "sweep",
        run: |store| Box::pin(async { store.delete_expired_sessions(None, at(LONGER)).await.map(drop) }),
    },
];

static ADA: std::sync::LazyLock<UserId> = std::sync::LazyLock::new(|| UserId::from("ada"));
static ONE: std::sync::LazyLock<SessionId> = std::sync::LazyLock::new(|| SessionId::from("one"));

/// A store of its own, in which Ada is signed in twice.
async fn signed_in_twice(server: &Server) -> (Place, RedisSessions) {
    let place = Place::at(server.url()).await;
    let store = place.store().await;
    for name in ["one", "two"] {
        store.set_session(&session(name)).await.unwrap();
    }
    (place, store)
}

/// Every session there is; each must be in the list of its user, or signing out everywhere would leave it.
async fn sessions(place: &Place, store: &RedisSessions, what: &str) -> Vec<SessionRecord> {
    let mut there = Vec::new();
    for name in ["new", "one", "two"] {
        there.extend(store.get_session(&SessionId::from(name)).await.unwrap());
    }
    let keys = place.keys().await;
    let stored = keys.iter().filter(|key| key.contains(":s1:")).count();
    assert_eq!(stored, there.len(), "{what}: {keys:?}");
    assert_eq!(store.get_sessions_by_user_id(&ADA).await.unwrap(), there, "{what}");
    there
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs AUTH_TEST_REDIS_SERVER, see tests/servers"]
async fn a_cut_act_leaves_no_session_that_nobody_can_end() {
    let server = Server::start(&[]).await;
    let wire = Wire::to(&server).await;
    for Act { name, run } in ACTS {
        let (place, store) = signed_in_twice(&server).await;
        let before = sessions(&place, &store, name).await;
        // Redis knows the scripts from then on: an act has the same commands every time.
        run(&store).await.unwrap();
        let done = sessions(&place, &store, name).await;
        assert_ne!(before, done, "{name}");
        let mut cuts = 0;
        for answered in 0.. {
            let mut is_over = false;
            for is_heard in [false, true] {
                let cut = Cut { answered, is_heard };
                let what = format!("{name}, {cut:?}");
                let (place, store) = signed_in_twice(&server).await;
                let cut_off = place.store_over(&format!("redis://127.0.0.1:{}", wire.port)).await;
                wire.cut(cut);
                let acted = run(&cut_off).await;
                if !wire.is_cut() {
                    acted.unwrap();
                    is_over = true;
                    break;
                }
                cuts += 1;
                if let Err(error) = &acted {
                    assert_eq!(error.kind(), ErrorKind::DatabaseUpdateFailed, "{what}: {error:?}");
                }
                let now = sessions(&place, &store, &what).await;
                for session in &now {
                    assert!(
                        before.contains(session) || done.contains(session),
                        "{what}: {session:?}"
                    );
                }
                if acted.is_ok() {
                    assert_eq!(now, done, "{what}: it says it is done");
                }
                // Once more, over the same store: it has a new connection, and what was done is not done again.
                match run(&cut_off).await {
                    Err(error) if *name == "sign in" => assert!(format!("{error:?}").contains("exists"), "{what}"),
                    again => again.unwrap(),
                }
                assert_eq!(sessions(&place, &store, &what).await, done, "{what}");
            }
            if is_over {
                break;
            }
        }
        // At least two commands each, and none that was never cut.
        assert!(cuts >= 4, "{name}: {cuts}");
    }
}
