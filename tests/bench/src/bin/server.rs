//! `server KIND DATABASE`: one of the servers that are measured, on one worker thread.
//!
//! Prints its address, and then the cookie of somebody who is signed in.

use auth_core::{
    Algorithm, Auth, NewUser, Secret, SessionConfig, SessionStrategy, Tokens,
    adapter::{Adapter, SplitAdapter},
    adapters::{
        CacheOptions, CachedAdapter, MemoryAdapter, MysqlAdapter, MysqlOptions, PostgresAdapter, PostgresOptions,
        RedisSessions, SqliteAdapter,
    },
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let kind = arguments.next().ok_or("which server?")?;
    let database = arguments.next().ok_or("which database?")?;
    let (framework, store) = kind.split_once('-').ok_or("axum-bare, actix-sqlite, …")?;
    match framework {
        "axum" => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(axum_server(store, &database)),
        _ => actix_web::rt::System::new().block_on(actix_server(store, &database)),
    }
}

/// The library over a store, and the cookie of a session in it; without a store there is neither.
async fn auth(store: &str, database: &str) -> Result<Option<(Auth, String)>, Failure> {
    Ok(match store {
        "memory" => Some(signed_in(MemoryAdapter::default(), SessionConfig::default()).await?),
        "sqlite" => Some(signed_in(SqliteAdapter::connect(database).await?, SessionConfig::default()).await?),
        "cached" => {
            let cached = CachedAdapter::new(SqliteAdapter::connect(database).await?, CacheOptions::default());
            Some(signed_in(cached, SessionConfig::default()).await?)
        }
        "postgres" => Some(signed_in(postgres().await?, SessionConfig::default()).await?),
        "mysql" => {
            let options =
                MysqlOptions::new(std::env::var("AUTH_TEST_MYSQL")?).table_prefix(format!("b{}_", std::process::id()));
            Some(signed_in(MysqlAdapter::open(options).await?, SessionConfig::default()).await?)
        }
        "redis" => {
            let sessions = RedisSessions::connect(&std::env::var("AUTH_TEST_REDIS")?).await?;
            Some(
                signed_in(
                    SplitAdapter::new(MemoryAdapter::default(), sessions),
                    SessionConfig::default(),
                )
                .await?,
            )
        }
        "hs256" => Some(signed_in(MemoryAdapter::default(), Tokens::default()).await?),
        "es256" => Some(signed_in(MemoryAdapter::default(), Tokens::default().algorithm(Algorithm::Es256)).await?),
        _ => {
            // As every server with a thread of its own: a process that has only one pays less for its allocations and
            // system calls, and hashing passwords or talking to a database takes threads, with whatever library.
            std::thread::spawn(|| {
                loop {
                    std::thread::park()
                }
            });
            None
        }
    })
}

async fn postgres() -> Result<PostgresAdapter, Failure> {
    let options = PostgresOptions::new(std::env::var("AUTH_TEST_POSTGRES")?).schema(format!("b{}", std::process::id()));
    Ok(PostgresAdapter::open(options.readers(1)).await?)
}

async fn signed_in(adapter: impl Adapter, sessions: impl Into<SessionStrategy>) -> Result<(Auth, String), Failure> {
    let auth = Auth::builder(adapter)
        .secret(Secret::random()?)
        .base_url("http://localhost")
        .sessions(sessions)
        .build()?;
    auth.migrate().await?;
    auth.create_user(NewUser::with_password("username", "ada", "correct horse battery"))
        .await?;
    let proof = auth
        .authenticate_user("username", "ada", "correct horse battery")
        .await?;
    let issued = auth.create_session(&proof, Default::default()).await?;
    let cookie = match &issued.tokens {
        Some(tokens) => format!("auth_access={}; auth_marker=x", tokens.access.expose()),
        None => format!("auth_session={}", issued.token.expose().as_str()),
    };
    Ok((auth, cookie))
}

async fn axum_server(store: &str, database: &str) -> Result<(), Failure> {
    use axum::{Router, routing::get};
    let app = Router::new().route("/public", get(|| async { "hello" }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let app = match auth(store, database).await? {
        Some((auth, cookie)) => {
            println!("{} {cookie}", listener.local_addr()?);
            app.route(
                "/me",
                get(|user: auth_axum::CurrentUser| async move { user.id().to_string() }),
            )
            .route(
                "/session",
                get(|session: auth_axum::CurrentSession| async move { session.user_id.to_string() }),
            )
            .layer(auth_axum::AuthLayer::new(auth))
        }
        None => {
            println!("{} none=none", listener.local_addr()?);
            app.route("/me", get(|| async { "a-user-id-of-25-letters" }))
                .route("/session", get(|| async { "a-user-id-of-25-letters" }))
        }
    };
    axum::serve(listener, app).await?;
    Ok(())
}

async fn actix_server(store: &str, database: &str) -> Result<(), Failure> {
    use actix_web::{App, HttpServer, web};
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    match auth(store, database).await? {
        Some((auth, cookie)) => {
            println!("{address} {cookie}");
            HttpServer::new(move || {
                App::new()
                    .wrap(auth_actix::AuthMiddleware::new(auth.clone()))
                    .route("/public", web::get().to(|| async { "hello" }))
                    .route(
                        "/me",
                        web::get().to(|user: auth_actix::CurrentUser| async move { user.id().to_string() }),
                    )
                    .route(
                        "/session",
                        web::get().to(|session: auth_actix::CurrentSession| async move { session.user_id.to_string() }),
                    )
            })
            .workers(1)
            // A server waits for its turn for longer than connections are kept by default.
            .keep_alive(std::time::Duration::from_secs(600))
            .listen(listener)?
            .run()
            .await?;
        }
        None => {
            println!("{address} none=none");
            HttpServer::new(|| {
                App::new()
                    .route("/public", web::get().to(|| async { "hello" }))
                    .route("/me", web::get().to(|| async { "a-user-id-of-25-letters" }))
                    .route("/session", web::get().to(|| async { "a-user-id-of-25-letters" }))
            })
            .workers(1)
            // A server waits for its turn for longer than connections are kept by default.
            .keep_alive(std::time::Duration::from_secs(600))
            .listen(listener)?
            .run()
            .await?;
        }
    }
    Ok(())
}
