//! The connection breaks in the middle of an act, behind every single message of it.

use std::{future::Future, pin::Pin, time::Duration};

use super::{
    Database, Over, Place, Proxy, Settings, Way, on_both, over_both,
    place::{TABLES, Witness, application},
    records::{HOUR, NOW, digest, event, key, key_id, message, rotation, schema, session, signing_key, token, user},
};
use crate::{
    Attribute, Clock, Error, ErrorKind, NewSession, Secret, SystemClock,
    adapter::{
        Act as Part, Adapter, AttemptAdapter, EventAdapter, OutboxAdapter, SessionAdapter, SigningKeyAdapter, Store,
        TokenAdapter, UserAdapter,
    },
    adapters::{AnyAdapter, sql::Row},
    id::{SessionId, UserId},
    model::{Purpose, UserPatch},
    proof::Proof,
    secret::HashedPassword,
};

on_both![
    a_cut_connection_attempt_changes_nothing,
    a_cut_migration_can_be_repeated,
    a_renewal_whose_answer_is_lost_is_found_again,
];

over_both![a_cut_act_happens_wholly_or_not_at_all,];

type Acting<'a> = Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>;

/// An act of several statements, or one that must not be halved.
struct Act {
    name: &'static str,
    run: fn(&AnyAdapter) -> Acting<'_>,
}

const ACTS: &[Act] = &[
    Act {
        name: "sign up",
        run: |store| Box::pin(async { store.set_user(&user("new"), Some(&key("new"))).await }),
    },
    Act {
        name: "change the address",
        run: |store| {
            Box::pin(async {
                let patch = UserPatch {
                    email: Some(Some("new@example.com".to_owned())),
                    ..UserPatch::default()
                };
                let ada = UserId::from("ada");
                store
                    .rename_key(&ada, &key_id("ada"), &key_id("new"), &patch, NOW)
                    .await
            })
        },
    },
    Act {
        name: "count an attempt",
        run: |store| {
            Box::pin(async {
                let subject = "somebody".into();
                let window = Duration::from_secs(60);
                store.count_attempt(&subject, "sign_in", window, NOW).await.map(drop)
            })
        },
    },
    Act {
        name: "delete the account",
        run: |store| Box::pin(async { store.delete_user(&UserId::from("ada")).await }),
    },
    Act {
        name: "end the other sessions",
        run: |store| {
            Box::pin(async {
                let keep = SessionId::from("one");
                store
                    .delete_sessions_by_user_id(&UserId::from("ada"), Some(&keep))
                    .await
            })
        },
    },
    Act {
        name: "renew",
        run: |store| {
            Box::pin(async {
                let id = SessionId::from("one");
                store
                    .rotate_session(&id, &digest("first"), &rotation("second"))
                    .await
                    .map(drop)
            })
        },
    },
    Act {
        name: "make a signing key",
        run: |store| Box::pin(async { store.set_signing_key(&signing_key(2)).await.map(drop) }),
    },
    Act {
        name: "sign up with a token and its message",
        run: |store| {
            Box::pin(async {
                let acts = [
                    Part::SetUser(Box::new(user("new")), Some(key("new"))),
                    Part::SetToken(token(Purpose::Confirmation, "new")),
                    Part::Send(message("welcome")),
                ];
                store.commit(&acts).await
            })
        },
    },
    Act {
        name: "take a token and set a password",
        run: |store| {
            Box::pin(async {
                let taken = token(Purpose::Recovery, "ada");
                let patch = UserPatch {
                    email_confirmed_at: Some(Some(NOW)),
                    ..UserPatch::default()
                };
                let acts = [
                    Part::TakeToken(taken.id, taken.link_digest),
                    Part::SetPassword(key_id("ada"), Some(HashedPassword::from_stored("s2:new")), NOW),
                    Part::UpdateUser(UserId::from("ada"), Box::new(patch)),
                    Part::DeleteTokens(UserId::from("ada")),
                ];
                store.commit(&acts).await
            })
        },
    },
    Act {
        name: "count a try at a code",
        run: |store| {
            Box::pin(async {
                let id = token(Purpose::Recovery, "ada").id;
                store.count_try(&id, None, 5, NOW).await.map(drop)
            })
        },
    },
    Act {
        name: "lease messages",
        run: |store| Box::pin(async { store.lease_messages(NOW, NOW + HOUR, 10).await.map(drop) }),
    },
    Act {
        name: "keep events",
        run: |store| Box::pin(async { store.add_events(&[event("3"), event("4")]).await }),
    },
];

/// Ada with a key and three sessions, and another; nothing of whom may ever change.
async fn furnish(store: &AnyAdapter, witness: &Witness) {
    witness.empty().await;
    for name in ["ada", "bob"] {
        store.set_user(&user(name), Some(&key(name))).await.unwrap();
    }
    for (id, name) in [("one", "ada"), ("two", "ada"), ("three", "ada"), ("other", "bob")] {
        store.set_session(&session(id, name)).await.unwrap();
    }
    store.set_signing_key(&signing_key(1)).await.unwrap();
    let parts = [
        Part::SetToken(token(Purpose::Recovery, "ada")),
        Part::SetToken(token(Purpose::MagicLink, "ada")),
        Part::SetToken(token(Purpose::Recovery, "bob")),
        Part::Send(message("first")),
        Part::Send(message("second")),
    ];
    store.commit(&parts).await.unwrap();
    store.add_events(&[event("1"), event("2")]).await.unwrap();
}

struct Bench {
    place: Place,
    proxy: Proxy,
    direct: AnyAdapter,
    witness: Witness,
}

impl Bench {
    async fn new(database: Database) -> Self {
        let place = Place::shared(database);
        let proxy = Proxy::before(database, place.port()).await;
        let direct = place.open(&Settings::default()).await;
        direct.declare(&schema()).unwrap();
        direct.migrate().await.unwrap();
        let witness = place.witness().await;
        Self {
            place,
            proxy,
            direct,
            witness,
        }
    }

    /// One connection by way of the proxy.
    async fn cuttable(&self, over: Over) -> AnyAdapter {
        let place = self.place.through(&self.proxy);
        let store = place.open_over(over, &Settings::narrow()).await;
        store.declare(&schema()).unwrap();
        store
    }

    /// What an act leads from and to.
    async fn before_and_after(&self, act: &Act) -> (Vec<Vec<Row>>, Vec<Vec<Row>>) {
        furnish(&self.direct, &self.witness).await;
        let before = self.witness.everything().await;
        (act.run)(&self.direct).await.unwrap();
        (before, self.witness.everything().await)
    }

    /// Runs an act on a connection that breaks; whether it broke.
    async fn cut(
        &self,
        act: &Act,
        store: &AnyAdapter,
        (way, after): (Way, usize),
        states: &(Vec<Vec<Row>>, Vec<Vec<Row>>),
    ) -> bool {
        let what = format!("{}: {way:?} after {after}", act.name);
        self.proxy.cut(way, after);
        let done = (act.run)(store).await;
        let has_cut = self.proxy.has_cut();
        self.proxy.pass();
        self.proxy.settled().await;
        let now = self.witness.everything().await;
        if let Err(error) = &done {
            assert!(has_cut, "{what}: {error:?}");
            assert!(error.is_store_failure(), "{what}: {error:?}");
            if act.name != "change the address" {
                assert_eq!(error.kind(), ErrorKind::DatabaseUpdateFailed, "{what}: {error:?}");
            }
            assert!(now == states.0 || now == states.1, "{what}: half of it happened");
        } else {
            assert!(now == states.1, "{what}: it did not happen");
        }
        has_cut
    }
}

/// The adapter works again at the next call, or the one after the next.
async fn assert_works(store: &AnyAdapter, what: &str) {
    let other = SessionId::from("other");
    works_after(2, || store.get_session_and_user(&other), what).await;
    works_after(2, || store.write_nothing(), what).await;
}

async fn works_after<T, F: Future<Output = Result<T, Error>>>(failures: usize, call: impl Fn() -> F, what: &str) -> T {
    for _ in 0..failures {
        if let Ok(answer) = call().await {
            return answer;
        }
    }
    call()
        .await
        .unwrap_or_else(|error| panic!("{what}: does not work again: {error:?}"))
}

/// A write that changes nothing.
trait HarmlessWrite {
    fn write_nothing(&self) -> Acting<'_>;
}

impl HarmlessWrite for AnyAdapter {
    fn write_nothing(&self) -> Acting<'_> {
        Box::pin(async { self.delete_session(&SessionId::from("nobody's")).await.map(drop) })
    }
}

/// Connections are there and statements prepared: what passes is the act.
async fn a_cut_act_happens_wholly_or_not_at_all(database: Database, over: Over) {
    let bench = Bench::new(database).await;
    let mut cuts = 0;
    for act in ACTS {
        let states = bench.before_and_after(act).await;
        let store = bench.cuttable(over).await;
        for way in [Way::ToServer, Way::ToClient] {
            for after in 0.. {
                assert!(after < 200, "{} never ends", act.name);
                furnish(&bench.direct, &bench.witness).await;
                // Prepares the statements; what it does is undone.
                assert_works(&store, act.name).await;
                (act.run)(&store).await.unwrap();
                furnish(&bench.direct, &bench.witness).await;
                if !bench.cut(act, &store, (way, after), &states).await {
                    break;
                }
                cuts += 1;
                assert_works(&store, &format!("{}: {way:?} after {after}", act.name)).await;
            }
        }
    }
    bench.witness.assert_consistent().await;
    eprintln!("{:?}: {cuts} cuts", bench.place.database);
    assert!(cuts > 50, "{cuts}");
}

/// A new adapter each time: the connection is made, greeted and its statements prepared under the cut.
async fn a_cut_connection_attempt_changes_nothing(database: Database) {
    let bench = Bench::new(database).await;
    let mut cuts = 0;
    for act in &ACTS[..2] {
        let states = bench.before_and_after(act).await;
        for way in [Way::ToServer, Way::ToClient] {
            for after in 0.. {
                assert!(after < 200, "{} never ends", act.name);
                furnish(&bench.direct, &bench.witness).await;
                let store = bench.cuttable(Over::Own).await;
                if !bench.cut(act, &store, (way, after), &states).await {
                    break;
                }
                cuts += 1;
                assert_works(&store, &format!("{}: {way:?} after {after}", act.name)).await;
            }
        }
    }
    eprintln!("{database:?}: {cuts} cuts");
    assert!(cuts > 50, "{cuts}");
}

async fn a_cut_migration_can_be_repeated(database: Database) {
    let shared = Place::apart(database).await;
    let proxy = Proxy::before(database, shared.port()).await;
    let witness = shared.witness().await;
    let mut cuts = 0;
    // Each statement of a migration is a message to the server; MariaDB takes half a second for one.
    let steps = match database {
        Database::Mariadb => [3, 17],
        Database::Postgres => [1, 7],
    };
    for (way, step) in [(Way::ToServer, steps[0]), (Way::ToClient, steps[1])] {
        for after in (0..).step_by(step) {
            let place = shared.with_prefix(&format!("{}{}_", shared.prefix, cuts));
            let store = place.through(&proxy).open(&Settings::narrow()).await;
            store.declare(&schema()).unwrap();
            proxy.cut(way, after);
            let migrated = store.migrate().await;
            let has_cut = proxy.has_cut();
            proxy.pass();
            proxy.settled().await;
            if let Err(error) = migrated {
                assert!(error.is_store_failure(), "{way:?} after {after}: {error:?}");
            }
            works_after(2, || store.migrate(), "migration").await;
            assert!(store.migration_plan().await.unwrap().is_empty());
            store.set_user(&user("ada"), Some(&key("ada"))).await.unwrap();
            // Users last: others refer to them.
            let tables = TABLES.iter().rev().chain(&["migration"]);
            let tables: Vec<String> = tables.map(|table| format!("{}{table}", place.prefix)).collect();
            let tables = tables.join(", ");
            witness.execute(&format!("DROP TABLE {tables}")).await;
            if !has_cut {
                break;
            }
            cuts += 1;
        }
    }
    eprintln!("{database:?}: {cuts} cuts");
    assert!(cuts > 10, "{cuts}");
}

/// The secret is replaced and nobody says so: the client is given the new one all the same, wherever the cut is.
async fn a_renewal_whose_answer_is_lost_is_found_again(database: Database) {
    let bench = Bench::new(database).await;
    furnish(&bench.direct, &bench.witness).await;
    let store = bench.cuttable(Over::Own).await;
    let auth = application(store.clone(), Secret::random().unwrap())
        .user_attribute(Attribute::text("username").unique())
        .build()
        .unwrap();
    let proof = Proof::new(user("ada"), "password", SystemClock.now());
    let mut token = auth.create_session(&proof, NewSession::default()).await.unwrap().token;
    let mut found = 0;
    for way in [Way::ToServer, Way::ToClient] {
        for after in 0.. {
            assert!(after < 200, "it never ends");
            assert_works(&store, "before a renewal").await;
            token = auth.renew_session(&token).await.unwrap().token;
            bench.proxy.cut(way, after);
            let renewed = auth.renew_session(&token).await;
            let has_cut = bench.proxy.has_cut();
            bench.proxy.pass();
            bench.proxy.settled().await;
            match renewed {
                Ok(issued) => {
                    token = issued.token;
                    found += usize::from(has_cut);
                }
                Err(error) => assert!(error.is_store_failure(), "{way:?} after {after}: {error:?}"),
            }
            if !has_cut {
                break;
            }
            // What they hold is the session's own secret, not the one before.
            works_after(2, || auth.validate_session(&token), "a renewal").await;
            let session = bench.direct.get_session(token.id()).await.unwrap().unwrap();
            if session.secret_digest != token.digest() {
                // The look afterwards came to a connection that was broken as well.
                eprintln!("{database:?}: {way:?} after {after}: a renewal behind");
                token = auth.create_session(&proof, NewSession::default()).await.unwrap().token;
            }
        }
    }
    assert!(found > 0);
}
