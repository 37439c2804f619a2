//! axum-login over tower-sessions on SQLite: signed in, `/me` answers the user's id.

use axum::{Router, http::HeaderMap, routing::get};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId};
use tower_sessions::SessionManagerLayer;
use tower_sessions_sqlx_store::{SqliteStore, sqlx};

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

#[derive(Clone)]
struct Backend {
    pool: sqlx::SqlitePool,
}

impl AuthnBackend for Backend {
    type User = User;
    type Credentials = ();
    type Error = sqlx::Error;

    async fn authenticate(&self, (): ()) -> Result<Option<User>, sqlx::Error> {
        self.get_user(&"ada".to_owned()).await
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, sqlx::Error> {
        let row: Option<(String, String)> = sqlx::query_as("SELECT id, hash FROM user WHERE id = ?")
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.map(|(id, hash)| User { id, hash }))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let database = std::env::args().nth(1).ok_or("which database?")?;
    let pool = sqlx::SqlitePool::connect(&database).await?;
    sqlx::query("CREATE TABLE user (id TEXT PRIMARY KEY, hash TEXT)").execute(&pool).await?;
    sqlx::query("INSERT INTO user VALUES ('ada', 'hash')").execute(&pool).await?;
    let store = SqliteStore::new(pool.clone());
    store.migrate().await?;
    let sessions = SessionManagerLayer::new(store).with_secure(false).with_name("auth_session");
    let auth = AuthManagerLayerBuilder::new(Backend { pool }, sessions).build();
    let app = Router::new()
        .route("/public", get(|| async { "hello" }))
        .route("/me", get(|auth: AuthSession<Backend>| async move { auth.user.map(|user| user.id).ok_or(axum::http::StatusCode::UNAUTHORIZED) }))
        .route("/in", get(sign_in))
        .layer(auth);
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
    stream.write_all(b"GET /in HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let line = answer.lines().find(|line| line.starts_with("set-cookie")).ok_or("no cookie")?;
    let pair = line.split_once(": ").and_then(|(_, value)| value.split(';').next());
    Ok(pair.ok_or("no cookie")?.to_owned())
}
