//! The tables of the first release, with somebody in them, become today's and lose nothing.

use crate::{
    Attribute, AttributeValue, Attributes, Auth, ErrorKind, Secret, Timestamp,
    adapter::{Act, Adapter, Schema},
    adapters::SqliteAdapter,
    id::{KeyId, SessionId, UserId},
    model::{EventQuery, JsonObject, OneTimeToken, Purpose, User, UserPatch, UserQuery},
    secret::Digest,
    testing::ManualClock,
};

/// Who is in the fixtures, in each database's spelling of a digest.
const PEOPLE: &str = include_str!("first_release/people.sql");

/// A digest in hexadecimal.
const DIGITS: &str = "abababababababababababababababababababababababababababababababab";

fn schema() -> Schema {
    Schema::new(
        vec![Attribute::text("username").unique(), Attribute::boolean("member")],
        vec![Attribute::text("country")],
    )
}

/// The statements of a fixture, one by one, for tables that begin with a prefix.
fn statements(tables: &str, digest: &str, prefix: &str) -> Vec<String> {
    let people = PEOPLE.replace("DIGEST", digest);
    let text = format!("{tables}\n{people}").replace("auth_", prefix);
    let statements = text.split(";\n").map(|statement| statement.trim().to_owned());
    statements.filter(|statement| !statement.is_empty()).collect()
}

/// Migrates, and looks at everything that was there.
async fn upgrade(adapter: impl Adapter + Clone) {
    adapter.declare(&schema()).unwrap();
    let plan = adapter.migration_plan().await.unwrap();
    let missing: Vec<&str> = plan.missing().collect();
    assert!(
        missing.iter().any(|what| what.ends_with("user.username")),
        "{missing:?}"
    );
    let tables = missing.iter().filter(|what| what.starts_with("table"));
    let tables: Vec<&str> = tables
        .filter_map(|what| what.split_once('_'))
        .map(|(_, name)| name)
        .collect();
    assert_eq!(tables, ["one_time_token", "outbox", "event"]);
    let own = |what: &&&str| what.starts_with("column") && what.ends_with("deleted_at");
    assert_eq!(missing.iter().filter(own).count(), 1, "{missing:?}");
    assert_eq!(missing.last(), Some(&"version 2"));
    assert!(plan.statements().all(|statement| !statement.contains("DROP")), "{plan}");
    adapter.migrate().await.unwrap();
    assert!(adapter.migration_plan().await.unwrap().is_empty());

    let (key, user) = adapter
        .get_key_and_user(&KeyId::from("email:ada@example.com".to_owned()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((key.primary, key.hashed_password.is_some()), (true, true));
    assert_eq!(user.id, UserId::from("ada"));
    assert_eq!(user.email.as_deref(), Some("ada@example.com"));
    assert_eq!(user.attributes.get("username"), Some(&AttributeValue::Null));
    assert_eq!(user.user_metadata["name"], "Ada ✓");
    let (session, owner) = adapter
        .get_session_and_user(&SessionId::from("ada-1"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(owner.id, user.id);
    assert_eq!(session.idle_expires, Timestamp::from_unix_ms(1_900_000_000_000));
    assert_eq!(adapter.get_sessions_by_user_id(&user.id).await.unwrap().len(), 2);

    // What is new has its place beside them.
    assert_eq!(user.deleted_at, None);
    let everybody = UserQuery {
        limit: 10,
        ..UserQuery::default()
    };
    let ids = adapter.get_users(&everybody).await.unwrap();
    let ids: Vec<&str> = ids.iter().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["bob", "ada"]);
    let token = OneTimeToken {
        id: OneTimeToken::slot(Purpose::Recovery, &user.id),
        user_id: user.id.clone(),
        purpose: Purpose::Recovery,
        sent_to: "ada@example.com".to_owned(),
        link_digest: Digest::of(b"link"),
        code_digest: None,
        browser_digest: None,
        attempts: 0,
        data: JsonObject::new(),
        link_expires: session.idle_expires,
        code_expires: session.idle_expires,
        created_at: user.created_at,
    };
    let gone = UserPatch {
        deleted_at: Some(Some(user.created_at)),
        ..UserPatch::default()
    };
    let acts = [
        Act::SetToken(token.clone()),
        Act::UpdateUser(UserId::from("bob"), Box::new(gone)),
    ];
    adapter.commit(&acts).await.unwrap();
    assert_eq!(
        adapter.get_token_by_link(&token.link_digest).await.unwrap(),
        Some(token)
    );
    let bob = adapter.get_user(&UserId::from("bob")).await.unwrap().unwrap();
    assert_eq!(bob.deleted_at, Some(user.created_at));

    // The core works with them: the password is "correct horse battery".
    let auth = Auth::builder(adapter.clone())
        .secret(Secret::new("a secret of the tests, 32 bytes and more"))
        .base_url("https://app.example.com")
        .clock(ManualClock::default())
        .user_attribute(Attribute::text("username").unique())
        .user_attribute(Attribute::boolean("member"))
        .session_attribute(Attribute::text("country"))
        .build()
        .unwrap();
    let proof = auth
        .authenticate_user("email", "ada@example.com", "correct horse battery")
        .await
        .unwrap();
    let issued = auth.create_session(&proof, Default::default()).await.unwrap();
    assert_eq!(auth.get_session(&issued.token).await.unwrap().user_id, user.id);
    auth.delete_user(&user.id).await.unwrap();
    assert!(adapter.get_session(&SessionId::from("ada-1")).await.unwrap().is_none());
    assert_eq!(adapter.get_tokens_by_user_id(&user.id).await.unwrap(), []);
}

/// Processes of this release start at once over tables of the first.
async fn raced<A: Adapter>(adapters: Vec<A>) {
    for adapter in &adapters {
        adapter.declare(&schema()).unwrap();
        assert!(!adapter.migration_plan().await.unwrap().is_empty());
    }
    let migrations = adapters.iter().map(|adapter| adapter.migrate());
    for migrated in futures_util::future::join_all(migrations).await {
        migrated.unwrap();
    }
    for adapter in &adapters {
        assert!(adapter.migration_plan().await.unwrap().is_empty());
        let ada = adapter.get_user(&UserId::from("ada")).await.unwrap().unwrap();
        assert_eq!(ada.attributes.get("username"), Some(&AttributeValue::Null));
        assert_eq!(adapter.get_sessions_by_user_id(&ada.id).await.unwrap().len(), 2);
    }
}

/// An attribute of text with a value in it becomes unique.
async fn becomes_unique<A: Adapter>(open: impl AsyncFn() -> A) {
    let declared = async |attribute: Attribute| {
        let adapter = open().await;
        let session = vec![Attribute::json("device")];
        adapter.declare(&Schema::new(vec![attribute], session)).unwrap();
        adapter.migrate().await.unwrap();
        adapter
    };
    let user = |name: &str, nick: &str| {
        let mut user = User::new(UserId::from(name), Timestamp::default());
        user.attributes = Attributes::new().with("nick", nick);
        user
    };
    let longest = "\u{1F980}".repeat(512);
    let (ada, bob) = (user("ada", "Countess "), user("bob", &longest));
    let before = declared(Attribute::text("nick")).await;
    before.set_user(&ada, None).await.unwrap();
    before.set_user(&bob, None).await.unwrap();

    let after = declared(Attribute::text("nick").unique()).await;
    assert!(after.migration_plan().await.unwrap().is_empty());
    assert_eq!(after.get_user(&ada.id).await.unwrap().as_ref(), Some(&ada));
    assert_eq!(after.get_user(&bob.id).await.unwrap().as_ref(), Some(&bob));
    for nick in ["Countess ", &longest] {
        let error = after.set_user(&user("eve", nick), None).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DuplicateUserData);
    }
    let nobody = User::new(UserId::from("nobody"), Timestamp::default());
    after.set_user(&nobody, None).await.unwrap();
    after.set_user(&user("eve", "countess"), None).await.unwrap();
    // The processes of before go on working meanwhile.
    before.set_user(&user("zoe", "Zoe"), None).await.unwrap();
    assert_eq!(before.get_user(&ada.id).await.unwrap(), Some(ada));
}

#[tokio::test]
async fn a_declared_attribute_becomes_unique_on_sqlite() {
    let directory = tempfile::TempDir::new().unwrap();
    let url = format!("sqlite://{}", directory.path().join("auth.db").display());
    becomes_unique(async || SqliteAdapter::connect(&url).await.unwrap()).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn a_declared_attribute_becomes_unique_on_postgres() {
    use crate::adapters::{PostgresAdapter, postgres::tests::options};

    let options = options();
    becomes_unique(async || PostgresAdapter::open(options.clone()).await.unwrap()).await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn a_declared_attribute_becomes_unique_on_mysql() {
    use crate::adapters::{MysqlAdapter, mysql::tests::options};

    let options = options();
    becomes_unique(async || MysqlAdapter::open(options.clone()).await.unwrap()).await;
}

/// PostgreSQL's text has no end, but its indexes do. The core lets nothing so long through.
#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn a_longer_value_than_an_index_takes_is_the_callers_mistake_on_postgres() {
    use crate::{
        adapter::{Store, UserAdapter},
        adapters::{PostgresAdapter, postgres::tests::options},
    };

    let refused = async |adapter: &PostgresAdapter| {
        let mut user = User::new(UserId::from("ada"), Timestamp::default());
        // Nothing that could be made shorter.
        let digests: String = (0..500)
            .map(|number: i32| format!("{:?}", Digest::of(&number.to_be_bytes()).as_bytes()))
            .collect();
        user.attributes = Attributes::new().with("nick", digests);
        adapter.set_user(&user, None).await.unwrap_err().kind()
    };
    let schema = Schema::new(vec![Attribute::text("nick").unique()], Vec::new());
    let adapter = PostgresAdapter::open(options()).await.unwrap();
    adapter.declare(&schema).unwrap();
    adapter.migrate().await.unwrap();
    assert_eq!(refused(&adapter).await, ErrorKind::ValidationFailed);
    #[cfg(feature = "sqlx")]
    {
        let pool = sqlx::PgPool::connect(&crate::adapters::postgres::tests::url())
            .await
            .unwrap();
        let adapter = PostgresAdapter::from_pool(pool, &format!("v{}.auth_", crate::adapters::tests::this_run()))
            .await
            .unwrap();
        adapter.declare(&schema).unwrap();
        adapter.migrate().await.unwrap();
        assert_eq!(refused(&adapter).await, ErrorKind::ValidationFailed);
    }
}

/// What does not fit is neither cut nor lost.
#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn a_longer_value_than_an_index_takes_stays_whole_on_mysql() {
    use crate::{
        adapter::{Store, UserAdapter},
        adapters::{MysqlAdapter, mysql::tests::options},
    };

    let options = options();
    let declared = async |attribute: Attribute| {
        let adapter = MysqlAdapter::open(options.clone()).await.unwrap();
        adapter.declare(&Schema::new(vec![attribute], Vec::new())).unwrap();
        adapter
    };
    let before = declared(Attribute::text("nick")).await;
    before.migrate().await.unwrap();
    let mut user = User::new(UserId::from("ada"), Timestamp::default());
    user.attributes = Attributes::new().with("nick", "a".repeat(513));
    before.set_user(&user, None).await.unwrap();
    let after = declared(Attribute::text("nick").unique()).await;
    assert!(after.migrate().await.is_err());
    assert_eq!(after.get_user(&user.id).await.unwrap(), Some(user));
}

#[tokio::test]
async fn sqlite_upgrades() {
    let directory = tempfile::TempDir::new().unwrap();
    let url = load_sqlite(directory.path());
    upgrade(SqliteAdapter::connect(&url).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_upgrades_once_however_many_start() {
    let directory = tempfile::TempDir::new().unwrap();
    let url = load_sqlite(directory.path());
    let mut adapters = Vec::new();
    for _ in 0..2 {
        adapters.push(SqliteAdapter::connect(&url).await.unwrap());
        #[cfg(feature = "sqlx")]
        {
            let pool = sqlx::SqlitePool::connect(&url).await.unwrap();
            adapters.push(SqliteAdapter::from_pool(pool, "auth_").await.unwrap());
        }
    }
    raced(adapters).await;
}

/// A file of the first release in a folder; its URL.
fn load_sqlite(folder: &std::path::Path) -> String {
    let path = folder.join("auth.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    for statement in statements(
        include_str!("first_release/sqlite.sql"),
        &format!("x'{DIGITS}'"),
        "auth_",
    ) {
        connection.execute_batch(&statement).unwrap();
    }
    format!("sqlite://{}", path.display())
}

/// Events of before anybody wrote down who it was.
#[tokio::test]
async fn events_without_an_actor_stay_on_sqlite() {
    use crate::adapter::{EventAdapter, Store};

    let directory = tempfile::TempDir::new().unwrap();
    let path = directory.path().join("auth.db");
    let url = format!("sqlite://{}", path.display());
    SqliteAdapter::connect(&url).await.unwrap().migrate().await.unwrap();
    let connection = rusqlite::Connection::open(&path).unwrap();
    let before = "DROP INDEX auth_event_actor; ALTER TABLE auth_event DROP COLUMN actor; \
                  INSERT INTO auth_event (id, kind, at, user_id) VALUES ('1', 'user_created', 1, 'ada')";
    connection.execute_batch(before).unwrap();
    drop(connection);
    let adapter = SqliteAdapter::connect(&url).await.unwrap();
    let plan = adapter.migration_plan().await.unwrap();
    assert!(plan.missing().any(|what| what == "column auth_event.actor"), "{plan}");
    adapter.migrate().await.unwrap();
    assert!(adapter.migration_plan().await.unwrap().is_empty());
    let everything = EventQuery {
        limit: 10,
        ..EventQuery::default()
    };
    let events = adapter.get_events(&everything).await.unwrap();
    assert_eq!(
        (events.len(), events[0].user_id.as_ref()),
        (1, Some(&UserId::from("ada")))
    );
    assert_eq!(events[0].actor, None);
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn postgres_upgrades() {
    use crate::adapters::{PostgresAdapter, PostgresOptions, postgres::tests::url};

    let prefix = format!("u{}_", crate::adapters::tests::this_run());
    let options = PostgresOptions::new(url()).table_prefix(&prefix);
    let adapter = PostgresAdapter::open(options).await.unwrap();
    load_postgres(&adapter, &prefix).await;
    upgrade(adapter).await;
}

#[cfg(feature = "postgres")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn postgres_upgrades_once_however_many_start() {
    use crate::adapters::{PostgresAdapter, PostgresOptions, postgres::tests::url};

    let prefix = format!("ur{}_", crate::adapters::tests::this_run());
    let options = PostgresOptions::new(url()).table_prefix(&prefix);
    let mut adapters = Vec::new();
    for _ in 0..3 {
        adapters.push(PostgresAdapter::open(options.clone()).await.unwrap());
        #[cfg(feature = "sqlx")]
        {
            let pool = sqlx::PgPool::connect(&url()).await.unwrap();
            adapters.push(PostgresAdapter::from_pool(pool, &prefix).await.unwrap());
        }
    }
    load_postgres(&adapters[0], &prefix).await;
    raced(adapters).await;
}

#[cfg(feature = "postgres")]
async fn load_postgres(adapter: &crate::adapters::PostgresAdapter, prefix: &str) {
    let digest = format!("'\\x{DIGITS}'");
    let tables = include_str!("first_release/postgres.sql");
    load(adapter.sql(), statements(tables, &digest, prefix)).await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn mysql_upgrades() {
    use crate::adapters::{MysqlAdapter, MysqlOptions, mysql::tests::url};

    let prefix = format!("u{}_", crate::adapters::tests::this_run());
    let options = MysqlOptions::new(url()).table_prefix(&prefix);
    let adapter = MysqlAdapter::open(options).await.unwrap();
    load_mysql(&adapter, &prefix).await;
    upgrade(adapter).await;
}

#[cfg(feature = "mysql")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn mysql_upgrades_once_however_many_start() {
    use crate::adapters::{MysqlAdapter, MysqlOptions, mysql::tests::url};

    let prefix = format!("ur{}_", crate::adapters::tests::this_run());
    let options = MysqlOptions::new(url()).table_prefix(&prefix);
    let mut adapters = Vec::new();
    for _ in 0..3 {
        adapters.push(MysqlAdapter::open(options.clone()).await.unwrap());
        #[cfg(feature = "sqlx")]
        {
            let pool = sqlx::MySqlPool::connect(&url()).await.unwrap();
            adapters.push(MysqlAdapter::from_pool(pool, &prefix).await.unwrap());
        }
    }
    load_mysql(&adapters[0], &prefix).await;
    raced(adapters).await;
}

#[cfg(feature = "mysql")]
async fn load_mysql(adapter: &crate::adapters::MysqlAdapter, prefix: &str) {
    let tables = include_str!("first_release/mysql.sql");
    // The fixture is MariaDB's; MySQL has another name for the same collation.
    let is_mariadb = adapter.sql().dialect().table_options.contains("nopad");
    let tables = if is_mariadb {
        tables.to_owned()
    } else {
        tables.replace("utf8mb4_nopad_bin", "utf8mb4_0900_bin")
    };
    load(adapter.sql(), statements(&tables, &format!("x'{DIGITS}'"), prefix)).await;
}

#[cfg(any(feature = "mysql", feature = "postgres"))]
async fn load(sql: &crate::adapters::sql::SqlAdapter, statements: Vec<String>) {
    use crate::adapters::sql::{Statement, Step};

    let steps = statements.into_iter().map(Statement::text).map(Step::any).collect();
    sql.write(steps).await.map(drop).unwrap();
}
