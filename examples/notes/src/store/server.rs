use sqlx::{AnyPool, AssertSqlSafe, any::AnyPoolOptions};
use url::{Host, Url};

use super::{Note, NoteError};

/// The notes on a PostgreSQL, MySQL or MariaDB server, through a small pool of sqlx's.
#[derive(Clone)]
pub(super) struct Table {
    pool: AnyPool,
    sql: &'static Statements,
}

/// What the two spell differently.
struct Statements {
    of: &'static str,
    add: &'static str,
    delete: &'static str,
}

const POSTGRES: Statements = Statements {
    of: "SELECT id, text FROM note WHERE user_id = $1 ORDER BY id DESC",
    add: "INSERT INTO note (user_id, text) VALUES ($1, $2)",
    delete: "DELETE FROM note WHERE id = $1 AND user_id = $2",
};

const MYSQL: Statements = Statements {
    of: "SELECT id, text FROM note WHERE user_id = ? ORDER BY id DESC",
    add: "INSERT INTO note (user_id, text) VALUES (?, ?)",
    delete: "DELETE FROM note WHERE id = ? AND user_id = ?",
};

impl Table {
    pub(super) async fn open(database: &str) -> Result<Self, NoteError> {
        let url = with_tls(Url::parse(database).map_err(NoteError::of)?);
        let is_postgres = url.scheme().starts_with("postgres");
        sqlx::any::install_default_drivers();
        let pool = AnyPoolOptions::new().max_connections(5).connect(url.as_str()).await;
        let pool = pool.map_err(NoteError::of)?;
        let created = if is_postgres {
            create_on_postgres(&pool).await
        } else {
            create_on_mysql(&pool).await
        };
        created.map_err(NoteError::of)?;
        let sql = if is_postgres { &POSTGRES } else { &MYSQL };
        Ok(Self { pool, sql })
    }

    pub(super) async fn of(&self, user_id: &str) -> Result<Vec<Note>, NoteError> {
        let query = sqlx::query_as(self.sql.of).bind(user_id);
        let rows: Vec<(i64, String)> = query.fetch_all(&self.pool).await.map_err(NoteError::of)?;
        Ok(rows.into_iter().map(|(id, text)| Note { id, text }).collect())
    }

    pub(super) async fn add(&self, user_id: &str, text: &str) -> Result<(), NoteError> {
        let query = sqlx::query(self.sql.add).bind(user_id).bind(text);
        query.execute(&self.pool).await.map(drop).map_err(NoteError::of)
    }

    pub(super) async fn delete(&self, user_id: &str, note_id: i64) -> Result<(), NoteError> {
        let query = sqlx::query(self.sql.delete).bind(note_id).bind(user_id);
        query.execute(&self.pool).await.map(drop).map_err(NoteError::of)
    }
}

/// One script is one transaction; the lock is for processes that start at the same moment, because IF NOT EXISTS only looks
/// at what is committed.
async fn create_on_postgres(pool: &AnyPool) -> sqlx::Result<()> {
    let script = "DO $$ BEGIN PERFORM pg_advisory_xact_lock(hashtext('note')); END $$;
        CREATE TABLE IF NOT EXISTS note (
            id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            user_id TEXT NOT NULL REFERENCES auth_user (id) ON DELETE CASCADE,
            text TEXT NOT NULL
        );
        CREATE INDEX IF NOT EXISTS note_user_id ON note (user_id);";
    sqlx::raw_sql(script).execute(pool).await.map(drop)
}

/// A foreign key must have the type and collation of what it refers to, and the collation that compares bytes has another
/// name on MySQL than on MariaDB: the database knows which it is.
async fn create_on_mysql(pool: &AnyPool) -> sqlx::Result<()> {
    let sql = "SELECT CAST(column_type AS CHAR), CAST(collation_name AS CHAR) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'auth_user' AND column_name = 'id'";
    let (column_type, collation): (String, String) = sqlx::query_as(sql).fetch_one(pool).await?;
    let sql = format!(
        "CREATE TABLE IF NOT EXISTS note (
            id BIGINT AUTO_INCREMENT PRIMARY KEY,
            user_id {column_type} CHARACTER SET utf8mb4 COLLATE {collation} NOT NULL,
            text TEXT CHARACTER SET utf8mb4 NOT NULL,
            FOREIGN KEY (user_id) REFERENCES auth_user (id) ON DELETE CASCADE
        ) ENGINE = InnoDB"
    );
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(pool).await.map(drop)
}

/// A server on another machine must prove who it is, as the library asks of it; sqlx would take any, or none.
fn with_tls(mut url: Url) -> Url {
    let is_near = match url.host() {
        Some(Host::Domain(name)) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => true,
    };
    let without = |(name, value): &(String, String)| {
        matches!(
            (name.as_str(), value.as_str()),
            ("sslmode", "disable") | ("require_ssl", "false")
        )
    };
    let given: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    if !is_near && !given.iter().any(without) {
        let strict = if url.scheme().starts_with("postgres") {
            ("sslmode", "verify-full")
        } else {
            ("ssl-mode", "VERIFY_IDENTITY")
        };
        let kept = given.iter().filter(|(name, _)| name != "sslmode");
        url.query_pairs_mut()
            .clear()
            .extend_pairs(kept)
            .append_pair(strict.0, strict.1);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(url: &str) -> String {
        with_tls(Url::parse(url).unwrap()).to_string()
    }

    #[test]
    fn a_server_far_away_must_prove_who_it_is() {
        for near in [
            "postgres://localhost/app",
            "mysql://127.0.0.1/app",
            "postgres://[::1]/app",
        ] {
            assert_eq!(asked(near), near);
        }
        assert_eq!(
            asked("postgres://db.test/app"),
            "postgres://db.test/app?sslmode=verify-full"
        );
        assert_eq!(
            asked("postgres://db.test/app?sslmode=prefer&application_name=notes"),
            "postgres://db.test/app?application_name=notes&sslmode=verify-full"
        );
        assert_eq!(
            asked("mysql://db.test/app"),
            "mysql://db.test/app?ssl-mode=VERIFY_IDENTITY"
        );
        for plain in [
            "postgres://db.test/app?sslmode=disable",
            "mysql://db.test/app?require_ssl=false",
        ] {
            assert_eq!(asked(plain), plain);
        }
    }
}
