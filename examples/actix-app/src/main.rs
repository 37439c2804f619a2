//! `actix-app [--addr 127.0.0.1:3000] [--database sqlite://actix-app.db] [--strategy opaque|tokens]`
//!
//! Mails are printed; `--mail files:DIR` writes them into a folder instead. `--no-confirm` lets people in without having
//! shown that their address is theirs, and `--sms console` lets them in by phone. `--admin you@example.com` is who may invite others.
//!
//! With the feature `servers` also `--database postgres://…|mysql://…`, `--sessions redis://…` and `--mail smtps://…`.
//! Several nodes share `AUTH_SECRET`, the database and `--base-url`.

use notes::{Notes, Options, Pages};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse("actix-app", std::env::args().skip(1))?;
    notes::init_logging();
    let listener = std::net::TcpListener::bind(options.addr)?;
    let addr = listener.local_addr()?;
    let auth = notes::auth(&options, addr).await?;
    let notes = Notes::open(&options.database).await?;
    println!("listening on http://{addr}");
    println!("open {}", notes::url(&options, addr));
    let served = actix_app::serve(listener, auth.clone(), notes, Pages::new(options.sms)).await;
    // Where events are kept, the last ones are still being written.
    auth.flush_events().await;
    Ok(served?)
}
