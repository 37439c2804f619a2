//! `axum-app [--addr 127.0.0.1:3000] [--database sqlite://axum-app.db] [--strategy opaque|tokens]`
//!
//! With the feature `servers` also `--database postgres://…|mysql://…` and `--sessions redis://…`. Several nodes share
//! `AUTH_SECRET`, the database and `--base-url`.

use notes::{Notes, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse("axum-app", std::env::args().skip(1))?;
    notes::init_logging();
    let listener = tokio::net::TcpListener::bind(options.addr).await?;
    let addr = listener.local_addr()?;
    let auth = notes::auth(&options, addr).await?;
    let app = axum_app::app(auth, Notes::open(&options.database).await?);
    println!("listening on http://{addr}");
    axum_app::serve(listener, app).await?;
    Ok(())
}
