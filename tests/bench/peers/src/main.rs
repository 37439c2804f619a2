//! `peer KIND URL`: axum-login over tower-sessions, tower-sessions alone, or a driver alone: signed in, `/me` answers the user's id.

use std::time::Duration;

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
    routing::get,
};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, SessionStore};
use tower_sessions_redis_store::{
    RedisStore,
    fred::prelude::{ClientLike, Config, KeysInterface, Pool},
};
use tower_sessions_sqlx_store::{PostgresStore, SqliteStore, sqlx};

type Failure = Box<dyn std::error::Error>;

#[derive(Clone, Debug)]
struct User {
    id: String,
    hash: String,
}

impl AuthUser for User {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        self.hash.as_bytes()
    }
}

/// Where users are.
#[derive(Clone)]
enum Backend {
    Memory,
    Postgres(sqlx::PgPool),
    Sqlite(sqlx::SqlitePool),
}

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = ();
    type Error = sqlx::Error;

    async fn authenticate(&self, (): ()) -> Result<Option<User>, sqlx::Error> {
        self.get_user(&"ada".to_owned()).await
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, sqlx::Error> {
        let row: Option<(String, String)> = match self {
            Self::Memory => Some((id.clone(), "hash".to_owned())),
            Self::Postgres(pool) => {
                sqlx::query_as("SELECT id, hash FROM peer_user WHERE id = $1")
                    .bind(id)
                    .fetch_optional(pool)
                    .await?
            }
            Self::Sqlite(pool) => {
                sqlx::query_as("SELECT id, hash FROM peer_user WHERE id = ?")
                    .bind(id)
                    .fetch_optional(pool)
                    .await?
            }
        };
        Ok(row.map(|(id, hash)| User { id, hash }))
    }
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS peer_user (id TEXT PRIMARY KEY, hash TEXT)";
const ADA: &str = "INSERT INTO peer_user VALUES ('ada', 'hash') ON CONFLICT DO NOTHING";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().ok_or("which peer?")?;
    let url = arguments.next().ok_or("which database?")?;
    match kind.as_str() {
        "login-memory" => serve(login(MemoryStore::default(), Backend::Memory)).await,
        "login-sqlite" => {
            let pool = sqlx::SqlitePool::connect(&url).await?;
            sqlx::query(TABLE).execute(&pool).await?;
            sqlx::query(ADA).execute(&pool).await?;
            let store = SqliteStore::new(pool.clone());
            store.migrate().await?;
            serve(login(store, Backend::Sqlite(pool))).await
        }
        "login-postgres" => {
            let pool = sqlx::PgPool::connect(&url).await?;
            sqlx::query(TABLE).execute(&pool).await?;
            sqlx::query(ADA).execute(&pool).await?;
            let store = PostgresStore::new(pool.clone());
            store.migrate().await?;
            serve(login(store, Backend::Postgres(pool))).await
        }
        // Users in memory, as in ours.
        "login-redis" => {
            let pool = Pool::new(Config::from_url(&url)?, None, None, None, 1)?;
            pool.connect();
            pool.wait_for_connect().await?;
            serve(login(RedisStore::new(pool), Backend::Memory)).await
        }
        "sessions-memory" => serve(sessions(MemoryStore::default())).await,
        "driver-redis-rs" => {
            let config = ConnectionManagerConfig::new().set_response_timeout(Some(Duration::from_secs(1)));
            let manager = ConnectionManager::new_with_config(redis::Client::open(url.as_str())?, config).await?;
            let mut set = redis::cmd("SET");
            set.arg(KEY).arg(&[7_u8; ROW]);
            set.query_async::<()>(&mut manager.clone()).await?;
            serve(driver(move || {
                let mut manager = manager.clone();
                async move {
                    let mut get = redis::cmd("GET");
                    get.arg(KEY);
                    get.query_async(&mut manager).await.ok()
                }
            }))
            .await
        }
        "driver-fred" => {
            let pool = Pool::new(Config::from_url(&url)?, None, None, None, 1)?;
            pool.connect();
            pool.wait_for_connect().await?;
            serve(driver(move || {
                let pool = pool.clone();
                async move { pool.get(KEY).await.ok() }
            }))
            .await
        }
        _ => Err(
            "login-memory, login-sqlite, login-postgres, login-redis, sessions-memory, driver-redis-rs or driver-fred"
                .into(),
        ),
    }
}

const KEY: &str = "drivers:session";
/// As long as a session's.
const ROW: usize = 330;

/// One lookup with every request and nothing else: what no library over this driver can go below.
fn driver<Asked>(ask: impl Fn() -> Asked + Clone + Send + Sync + 'static) -> Router
where
    Asked: Future<Output = Option<Vec<u8>>> + Send,
{
    let me = async move || match ask().await.is_some_and(|row| row.len() == ROW) {
        true => Ok("a-user-id-of-25-letters"),
        false => Err(StatusCode::UNAUTHORIZED),
    };
    let cookie = async || [("set-cookie", "none=none")];
    Router::new()
        .route("/public", get(|| async { "hello" }))
        .route("/me", get(me))
        .route("/in", get(cookie))
}

/// A user with every request.
fn login(store: impl SessionStore + Clone, backend: Backend) -> Router {
    let sessions = SessionManagerLayer::new(store)
        .with_secure(false)
        .with_name("auth_session");
    let auth = AuthManagerLayerBuilder::new(backend, sessions).build();
    let me = async |auth: AuthSession<Backend>| auth.user.map(|user| user.id).ok_or(StatusCode::UNAUTHORIZED);
    Router::new()
        .route("/public", get(|| async { "hello" }))
        .route("/me", get(me))
        .route("/in", get(sign_in))
        .layer(auth)
}

/// A session with every request, and the user's id in it.
fn sessions(store: impl SessionStore + Clone) -> Router {
    let layer = SessionManagerLayer::new(store)
        .with_secure(false)
        .with_name("auth_session");
    let me = async |session: Session| match session.get::<String>("user").await {
        Ok(Some(id)) => Ok(id),
        _ => Err(StatusCode::UNAUTHORIZED),
    };
    let sign_in = async |session: Session| {
        session
            .insert("user", "ada")
            .await
            .map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
    };
    Router::new()
        .route("/public", get(|| async { "hello" }))
        .route("/me", get(me))
        .route("/in", get(sign_in))
        .layer(layer)
}

async fn serve(app: Router) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    println!("{address} {}", cookie(address).await?);
    std::future::pending().await
}

async fn sign_in(mut auth: AuthSession<Backend>) -> HeaderMap {
    if let Ok(Some(user)) = auth.authenticate(()).await {
        let _ = auth.login(&user).await;
    }
    HeaderMap::new()
}

/// Signs in as a client would, and keeps the cookie.
async fn cookie(address: std::net::SocketAddr) -> Result<String, Failure> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream
        .write_all(b"GET /in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let line = answer
        .lines()
        .find(|line| line.starts_with("set-cookie"))
        .ok_or("no cookie")?;
    let pair = line.split_once(": ").and_then(|(_, value)| value.split(';').next());
    Ok(pair.ok_or("no cookie")?.to_owned())
}
