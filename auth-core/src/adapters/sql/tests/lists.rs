//! While an administrator's list takes long, whoever looks up one row does not wait behind it.

use futures_util::FutureExt;

use crate::{
    adapter::{EventAdapter, SessionAdapter, Store, UserAdapter},
    adapters::{SqliteAdapter, SqliteOptions, sql::Statement},
    id::SessionId,
    model::{EventQuery, UserQuery},
};

fn users() -> UserQuery {
    UserQuery {
        limit: 10,
        ..UserQuery::default()
    }
}

fn events() -> EventQuery {
    EventQuery {
        limit: 10,
        ..EventQuery::default()
    }
}

#[tokio::test]
async fn sqlite_lists_on_another_thread_than_the_asking_one() {
    let directory = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("auth.db").display());
    let adapter = SqliteAdapter::open(SqliteOptions::new(&url).readers(1)).await.unwrap();
    adapter.migrate().await.unwrap();
    // The reader's thread is busy, so that what is answered at once was answered here.
    let long =
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000000) SELECT COUNT(*) FROM n";
    let busy = tokio::spawn({
        let adapter = adapter.clone();
        async move { adapter.sql().driver.list(Statement::text(long)).await.map(drop) }
    });
    tokio::task::yield_now().await;
    assert!(adapter.get_users(&users()).now_or_never().is_none());
    assert!(adapter.count_users(&users()).now_or_never().is_none());
    assert!(adapter.get_events(&events()).now_or_never().is_none());
    let session = adapter.get_session(&SessionId::from("s")).now_or_never();
    assert_eq!(session.unwrap().unwrap(), None);
    busy.await.unwrap().unwrap();
    assert_eq!(adapter.get_users(&users()).await.unwrap(), []);
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn postgres_lists_on_another_connection_than_lookups() {
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use crate::adapters::{PostgresAdapter, postgres::tests::options, sql::Step};

    let adapter = PostgresAdapter::open(options().readers(1)).await.unwrap();
    adapter.migrate().await.unwrap();
    let tables = &adapter.sql().tables;
    let hold = [
        format!("LOCK TABLE {}, {} IN ACCESS EXCLUSIVE MODE", tables.user, tables.event),
        "SELECT pg_sleep(3)".to_owned(),
    ];
    let holding = tokio::spawn({
        let (adapter, hold) = (adapter.clone(), hold.map(Statement::text).map(Step::any));
        async move { adapter.sql().write(hold.into()).await.map(drop) }
    });
    sleep(Duration::from_millis(300)).await;
    let lists = tokio::spawn({
        let adapter = adapter.clone();
        async move {
            let (users, events) = (users(), events());
            let lists = tokio::join!(
                adapter.get_users(&users),
                adapter.count_users(&users),
                adapter.get_events(&events)
            );
            (lists.0.unwrap(), lists.1.unwrap(), lists.2.unwrap())
        }
    });
    sleep(Duration::from_millis(300)).await;
    let session = timeout(Duration::from_secs(1), adapter.get_session(&SessionId::from("s"))).await;
    assert_eq!(session.unwrap().unwrap(), None);
    assert!(!lists.is_finished());
    assert_eq!(lists.await.unwrap(), (vec![], 0, vec![]));
    holding.await.unwrap().unwrap();
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn mysql_leaves_a_connection_to_lookups() {
    use std::time::Duration;

    use tokio::time::{sleep, timeout};

    use crate::adapters::{MysqlAdapter, mysql::tests::options};

    // One of two connections, and none but one; the list takes two seconds.
    for pool_size in [2, 1] {
        let adapter = MysqlAdapter::open(options().pool_size(pool_size)).await.unwrap();
        adapter.migrate().await.unwrap();
        let list = |adapter: &MysqlAdapter| {
            let adapter = adapter.clone();
            let slow = Statement::text("SELECT SLEEP(0.7)".to_owned());
            tokio::spawn(async move { adapter.sql().driver.list(slow).await.map(drop) })
        };
        let lists = [list(&adapter), list(&adapter), list(&adapter)];
        sleep(Duration::from_millis(200)).await;
        let id = SessionId::from("s");
        let found = timeout(Duration::from_millis(400), adapter.get_session(&id)).await;
        assert_eq!(found.is_ok(), pool_size == 2, "of {pool_size} connections");
        for list in lists {
            list.await.unwrap().unwrap();
        }
    }
}
