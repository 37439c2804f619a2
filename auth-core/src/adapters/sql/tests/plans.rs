//! Every statement of a request finds its rows by an index, among a hundred thousand.

mod statements;

use statements::statements;

use crate::{
    adapter::Store,
    adapters::{
        SqliteAdapter,
        sql::{SqlAdapter, SqlValue, Statement, Step},
    },
};

/// A page of everybody: a walk along an index that ends early.
const PAGES: [&str; 3] = ["newest users", "oldest users", "events"];

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
            // What the innermost SELECT of set_password found is one row.
            let scans = line.contains("SCAN") && !line.contains("SCAN other") && !PAGES.contains(&name);
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
        // Whatever walks an index begins somewhere in it; an insert that may meet a row has an index to meet it by.
        let count = |words: &str| plan.iter().filter(|line| line.contains(words)).count();
        let walks = count("Index Scan") + count("Index Only Scan");
        let found = count("Index Cond") + count("Conflict Arbiter Indexes");
        assert!(walks + found > 0, "{name}: {plan:#?}");
        assert!(PAGES.contains(&name) || found >= walks.max(1), "{name}: {plan:#?}");
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
        // inner SELECT found. An INSERT says ALL and looks for nothing but duplicates, by the unique indexes.
        let is_walk = |value: &str| value == "ALL" || (value == "index" && !PAGES.contains(&name));
        for line in &plan {
            let inserts = line.split(" | ").nth(1) == Some("INSERT");
            let whole = line.split(" | ").any(is_walk) && !line.contains('<') && !inserts;
            let sorts = (name.contains("users") || name.contains("events")) && line.contains("filesort");
            assert!(!whole && !sorts, "{name}: {plan:#?}");
        }
    }
    super::sweep::takes_all_that_ended(sql).await;
}
