//! Two acts that each hold what the other waits for: the server breaks one off, and it is made all the same.

use std::time::{Duration, Instant};

use super::{
    Database, Over, Place, Settings, over_both,
    place::Witness,
    records::{schema, user},
};
use crate::{
    adapter::{Act, Store, TokenAdapter, UserAdapter},
    id::UserId,
    model::UserPatch,
};

over_both![two_acts_that_wait_for_each_other_both_happen,];

async fn two_acts_that_wait_for_each_other_both_happen(database: Database, over: Over) {
    let place = Place::shared(database);
    let settings = Settings::default().timeout(Duration::from_secs(20));
    let store = place.open_over(over, &settings).await;
    store.declare(&schema()).unwrap();
    store.migrate().await.unwrap();
    for name in ["ada", "bob", "eve"] {
        store.set_user(&user(name), None).await.unwrap();
    }
    let witness = place.witness().await;
    let p = &place.prefix;

    // Another has Ada's row, and wants Bob's when the act has that and waits for hers. It has written more, so that MariaDB breaks
    // off the act; PostgreSQL breaks off whoever has waited for a second, which is the act.
    let sleep = match database {
        Database::Mariadb => "SELECT SLEEP(0.6)",
        Database::Postgres => "SELECT pg_sleep(0.6)",
    };
    let other = format!(
        "BEGIN; UPDATE {p}user SET role = 'by the other' WHERE id IN ('ada', 'eve'); {sleep}; \
         UPDATE {p}user SET phone = '49123' WHERE id = 'bob'; COMMIT;"
    );
    let act = async {
        let free = format!("SELECT id FROM {p}user WHERE id = 'ada' FOR UPDATE SKIP LOCKED");
        while !witness.rows(&free).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let patch = UserPatch {
            email: Some(None),
            ..UserPatch::default()
        };
        let acts = ["bob", "ada"].map(|name| Act::UpdateUser(name.into(), Box::new(patch.clone())));
        store.commit(&acts).await
    };
    let before = dead_locks(&witness, database).await;
    let (done, ()) = tokio::join!(act, witness.run_script(&other));
    done.unwrap();
    // PostgreSQL counts late.
    let began = Instant::now();
    while dead_locks(&witness, database).await == before {
        assert!(began.elapsed() < Duration::from_secs(10), "they did not meet");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    let get = async |name: &str| store.get_user(&UserId::from(name)).await.unwrap().unwrap();
    let (ada, bob) = (get("ada").await, get("bob").await);
    assert_eq!((ada.email, ada.role.as_str()), (None, "by the other"));
    assert_eq!((bob.email, bob.phone.as_deref()), (None, Some("49123")));
}

/// How often this server has broken somebody off.
async fn dead_locks(witness: &Witness, database: Database) -> i64 {
    let counted = match database {
        Database::Mariadb => {
            "SELECT CAST(count AS SIGNED) FROM information_schema.innodb_metrics WHERE name = 'lock_deadlocks'"
        }
        Database::Postgres => "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()",
    };
    witness.number(counted).await
}
