//! Every statement of a request finds its rows by an index, among a hundred thousand.

use std::sync::Arc;

use crate::{
    adapter::Store,
    adapters::{
        SqliteAdapter,
        sql::{SqlAdapter, SqlValue, Statement, Step, values::text},
    },
    clock::Timestamp,
    id::UserId,
    model::{EventQuery, UserQuery},
};

/// Fills the tables: users, a key, a session, a one-time token and an event for each, attempts and messages.
async fn fill(sql: &SqlAdapter) {
    let tables = &sql.tables;
    let numbers = "WITH d (n) AS (SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 \
                   UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9), \
                   numbers (n) AS (SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n + 10000 * e.n \
                   FROM d a CROSS JOIN d b CROSS JOIN d c CROSS JOIN d CROSS JOIN d e)";
    let statements = [
        format!(
            "INSERT INTO {} (id, email, role, app_metadata, user_metadata, is_anonymous, created_at, updated_at) {numbers} \
             SELECT CONCAT('u', n), CONCAT(n, '@example.com'), '', '{{}}', '{{}}', FALSE, n, n FROM numbers",
            tables.user
        ),
        format!(
            "INSERT INTO {} (id, user_id, hashed_password, is_primary, created_at, updated_at) {numbers} \
             SELECT CONCAT('email:', n), CONCAT('u', n), 'hash', TRUE, n, n FROM numbers",
            tables.key
        ),
        format!(
            "INSERT INTO {} (id, user_id, secret_digest, secret_issued_at, active_expires, idle_expires, persistent, payload, \
             data, aal, amr, last_seen, created_at, updated_at) {numbers} \
             SELECT CONCAT('s', n), CONCAT('u', n), 'digest', n, n + 1000000, n + 2000000, TRUE, '{{}}', '{{}}', 1, '[]', n, n, n \
             FROM numbers",
            tables.session
        ),
        format!(
            "INSERT INTO {} (subject, action, count, window_ends) {numbers} \
             SELECT CONCAT('a', n), 'sign_in', 1, n + 1000 FROM numbers",
            tables.attempt
        ),
        format!(
            "INSERT INTO {} (id, user_id, purpose, sent_to, link_digest, attempts, data, link_expires, code_expires, \
             created_at) {numbers} SELECT CONCAT('signup:u', n), CONCAT('u', n), 'signup', '', LINK, 0, '{{}}', n + 1000, \
             n + 100, n FROM numbers",
            tables.one_time_token
        ),
        format!(
            "INSERT INTO {} (id, sealed, attempts, due_at, expires, created_at) {numbers} \
             SELECT CONCAT('m', n), 'digest', 0, n + 1, n + 1000, n FROM numbers",
            tables.outbox
        ),
        format!(
            "INSERT INTO {} (id, kind, {}, user_id, actor) {numbers} \
             SELECT CONCAT('e', n), CONCAT('k', n % 100), n, CONCAT('u', n), CONCAT('u', n) FROM numbers",
            tables.event,
            sql.dialect().name("at")
        ),
    ];
    for statement in statements {
        // The digest is text here, which SQLite's strict tables refuse.
        let (digest, link) = match sql.dialect().placeholder {
            '?' if sql.dialect().quote == '"' => ("CAST('digest' AS BLOB)", "CAST(CONCAT('link', n) AS BLOB)"),
            '$' => ("'digest'::bytea", "CONCAT('link', n)::bytea"),
            _ => ("'digest'", "CONCAT('link', n)"),
        };
        let statement = statement.replace("'digest'", digest).replace("LINK", link);
        let done = sql.write(vec![Step::any(Statement::text(statement))]).await;
        done.map(drop).unwrap();
    }
}

/// The statements of requests, with values that match few rows or none.
fn statements(sql: &SqlAdapter) -> Vec<(&'static str, Arc<str>, Vec<SqlValue>)> {
    let fixed = fixed_statements(sql).into_iter();
    let fixed = fixed.map(|(name, statement, values)| (name, Arc::clone(statement), values));
    fixed.chain(listings(sql)).collect()
}

/// The first pages that administrators see.
fn listings(sql: &SqlAdapter) -> Vec<(&'static str, Arc<str>, Vec<SqlValue>)> {
    let users = |oldest_first, after: Option<&str>| {
        let query = UserQuery {
            oldest_first,
            after: after.map(|id| (Timestamp::from_unix_ms(77), UserId::from(id))),
            limit: 50,
            ..UserQuery::default()
        };
        sql.user_list(&query)
    };
    let of_actor = EventQuery {
        actor: Some("u77".to_owned()),
        limit: 50,
        ..EventQuery::default()
    };
    let events = |user: Option<&str>, kind: Option<&str>, before: Option<&str>| {
        let query = EventQuery {
            user_id: user.map(UserId::from),
            actor: None,
            kind: kind.map(str::to_owned),
            before: before.map(str::to_owned),
            limit: 50,
        };
        sql.event_list(&query)
    };
    let listings = [
        ("newest users", users(false, None)),
        ("oldest users", users(true, None)),
        ("older users", users(false, Some("u77"))),
        ("newer users", users(true, Some("u77"))),
        ("events", events(None, None, None)),
        ("older events", events(None, None, Some("e77"))),
        ("events of a user", events(Some("u77"), None, Some("e77"))),
        ("events of a kind", events(None, Some("k7"), Some("e77"))),
        ("events of an actor", sql.event_list(&of_actor)),
        ("events of a user and a kind", events(Some("u77"), Some("k77"), None)),
    ];
    let listings = listings.into_iter();
    listings
        .map(|(name, (sql, values))| (name, sql.into(), values))
        .collect()
}

fn fixed_statements(sql: &SqlAdapter) -> Vec<(&'static str, &Arc<str>, Vec<SqlValue>)> {
    let queries = sql.queries();
    let now = || SqlValue::Integer(5);
    let digest = || SqlValue::Blob(b"digest".to_vec());
    let link = || SqlValue::Blob(b"link77".to_vec());
    let mut rotation = vec![digest(), now(), now(), now(), now(), text("s77"), digest()];
    let replacement = rotation.clone();
    rotation.push(now());
    vec![
        ("get_user", &queries.get_user, vec![text("u77")]),
        ("get_key", &queries.get_key, vec![text("email:77")]),
        ("get_key_and_user", &queries.get_key_and_user, vec![text("email:77")]),
        ("get_keys_of_user", &queries.get_keys_of_user, vec![text("u77")]),
        ("get_session", &queries.get_session, vec![text("s77")]),
        ("get_session_and_user", &queries.get_session_and_user, vec![text("s77")]),
        ("get_sessions_of_user", &queries.get_sessions_of_user, vec![text("u77")]),
        ("rotate_session", &queries.rotate_session, rotation),
        ("replace_secret", &queries.replace_secret, replacement),
        ("delete_session", &queries.delete_session, vec![text("s77")]),
        (
            "delete_sessions_of_user",
            &queries.delete_sessions_of_user,
            vec![text("u77")],
        ),
        (
            "delete_other_sessions",
            &queries.delete_other_sessions,
            vec![text("u77"), text("s77")],
        ),
        ("delete_idle", &queries.delete_idle, vec![now()]),
        ("delete_ended", &queries.delete_ended, vec![now()]),
        (
            "delete_expired_of_user",
            &queries.delete_expired_of_user,
            vec![text("u77"), now()],
        ),
        (
            "delete_session_if_dead",
            &queries.delete_session_if_dead,
            vec![text("s77"), now()],
        ),
        (
            "rename_key",
            &queries.rename_key,
            vec![text("email:x"), now(), text("email:78"), text("u78")],
        ),
        (
            "set_password",
            &queries.set_password,
            vec![text("hash"), now(), text("u77")],
        ),
        (
            "replace_hash",
            &queries.replace_hash,
            vec![text("new"), text("email:77"), text("hash")],
        ),
        ("delete_key", &queries.delete_key, vec![text("email:77")]),
        ("delete_user", &queries.delete_user, vec![text("u77")]),
        (
            "clear_attempts",
            &queries.clear_attempts,
            vec![text("a77"), text("sign_in")],
        ),
        ("delete_expired_attempts", &queries.delete_expired_attempts, vec![now()]),
        (
            "delete_other_keys",
            &queries.delete_other_keys,
            vec![text("u77"), text("email:77")],
        ),
        (
            "set_key_password",
            &queries.set_key_password,
            vec![text("hash"), now(), text("email:77")],
        ),
        ("touch_user", &queries.touch_user, vec![text("u77")]),
        ("get_token", &queries.get_token, vec![text("signup:u77")]),
        ("get_token_by_link", &queries.get_token_by_link, vec![link()]),
        (
            "get_tokens_of_address",
            &queries.get_tokens_of_address,
            vec![text("77@example.com")],
        ),
        ("get_tokens_of_user", &queries.get_tokens_of_user, vec![text("u77")]),
        (
            "count_try",
            &queries.count_try,
            vec![text("signup:u77"), now(), now(), digest()],
        ),
        ("take_token", &queries.take_token, vec![text("signup:u77"), link()]),
        (
            "delete_tokens_of_user",
            &queries.delete_tokens_of_user,
            vec![text("u77")],
        ),
        ("delete_expired_tokens", &queries.delete_expired_tokens, vec![now()]),
        ("get_due_messages", &queries.get_due_messages, vec![now(), now()]),
        ("lease_message", &queries.lease_message, vec![now(), text("m77"), now()]),
        (
            "postpone_message",
            &queries.postpone_message,
            vec![now(), text("m77"), now()],
        ),
        ("delete_message", &queries.delete_message, vec![text("m77")]),
        ("next_message_due", &queries.next_message_due, vec![]),
        ("delete_events", &queries.delete_events, vec![now()]),
    ]
}

/// Each statement's plan, a line a row, its values joined.
async fn plans(sql: &SqlAdapter, explain: &str) -> Vec<(&'static str, Vec<String>)> {
    let mut plans = Vec::new();
    for (name, statement, values) in statements(sql) {
        let statement = Statement {
            sql: format!("{explain} {statement}").into(),
            values,
        };
        let rows = sql.driver.fetch(statement).await.unwrap();
        let line = |row: Vec<SqlValue>| {
            let values = row.into_iter().map(|value| match value {
                SqlValue::Text(text) => text,
                SqlValue::Blob(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                SqlValue::Integer(integer) => integer.to_string(),
                _ => String::new(),
            });
            values.collect::<Vec<_>>().join(" | ")
        };
        plans.push((name, rows.into_iter().map(line).collect()));
    }
    plans
}

#[tokio::test]
async fn sqlite_uses_an_index_for_everything() {
    let adapter = SqliteAdapter::connect("sqlite::memory:").await.unwrap();
    adapter.migrate().await.unwrap();
    let sql = adapter.sql();
    fill(sql).await;
    sql.write(vec![Step::any(Statement::text("ANALYZE"))])
        .await
        .map(drop)
        .unwrap();
    for (name, plan) in plans(sql, "EXPLAIN QUERY PLAN").await {
        for line in &plan {
            // What the innermost SELECT of set_password found is one row; a page of everybody is a walk that ends early.
            let is_page = ["newest users", "oldest users", "events"].contains(&name);
            let scans = line.contains("SCAN") && !line.contains("SCAN other") && !is_page;
            assert!(!scans && !line.contains("TEMP B-TREE"), "{name}: {line}");
        }
    }
    super::sweep::takes_all_that_ended(sql).await;
}

#[cfg(feature = "postgres")]
#[tokio::test]
#[ignore = "needs a PostgreSQL server: AUTH_TEST_POSTGRES"]
async fn postgres_uses_an_index_for_everything() {
    use crate::adapters::{PostgresAdapter, postgres::tests::options};

    let minutes = std::time::Duration::from_secs(300);
    let adapter = PostgresAdapter::open(options().timeout(minutes)).await.unwrap();
    adapter.migrate().await.unwrap();
    let sql = adapter.sql();
    fill(sql).await;
    sql.write(vec![Step::any(Statement::text("ANALYZE"))])
        .await
        .map(drop)
        .unwrap();
    for (name, plan) in plans(sql, "EXPLAIN").await {
        assert!(!plan.iter().any(|line| line.contains("Seq Scan")), "{name}: {plan:#?}");
        let is_page = name.contains("users") || name.contains("events");
        let sorts = plan.iter().any(|line| line.contains("Sort"));
        assert!(!(is_page && sorts), "{name}: {plan:#?}");
        assert!(plan.iter().any(|line| line.contains("Index")), "{name}: {plan:#?}");
    }
    super::sweep::takes_all_that_ended(sql).await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
#[ignore = "needs a MySQL server: AUTH_TEST_MYSQL"]
async fn mysql_uses_an_index_for_everything() {
    use crate::adapters::{MysqlAdapter, mysql::tests::options};

    let minutes = std::time::Duration::from_secs(300);
    let adapter = MysqlAdapter::open(options().timeout(minutes)).await.unwrap();
    adapter.migrate().await.unwrap();
    let sql = adapter.sql();
    fill(sql).await;
    let tables = &sql.tables;
    for table in [
        &tables.user,
        &tables.key,
        &tables.session,
        &tables.attempt,
        &tables.one_time_token,
        &tables.outbox,
        &tables.event,
    ] {
        let analyze = Statement::text(format!("ANALYZE TABLE {table}"));
        sql.write(vec![Step::any(analyze)]).await.map(drop).unwrap();
    }
    for (name, plan) in plans(sql, "EXPLAIN").await {
        // One column is how rows are found, ALL a walk through the table and index one through an index; `<…>` is what an
        // inner SELECT found. A page of everybody is a walk that ends early.
        let is_page = ["newest users", "oldest users", "events"].contains(&name);
        let is_walk = |value: &str| value == "ALL" || (value == "index" && !is_page);
        for line in &plan {
            let whole = line.split(" | ").any(is_walk) && !line.contains('<');
            let sorts = (name.contains("users") || name.contains("events")) && line.contains("filesort");
            assert!(!whole && !sorts, "{name}: {plan:#?}");
        }
    }
    super::sweep::takes_all_that_ended(sql).await;
}
