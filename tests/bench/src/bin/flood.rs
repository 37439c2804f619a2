//! What other pages feel of sixty-four sign-ins at once: hashed where they are asked, on as many threads as tokio gives, and by
//! the library; in one run.
//!
//! Each way is a server of its own on one worker thread. A visitor asks for a page again and again, a millisecond after each
//! answer, until the last sign-in is answered: the row says how long the visitor waited, by how much the server's memory grew at
//! most, and how many sign-ins it answered a second. The row `nobody` is the visitor alone, for a second.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use argon2::Argon2;
use auth_core::{Auth, NewUser, Secret, adapters::MemoryAdapter};
use axum::{Router, http::StatusCode, routing::get};

type Failure = Box<dyn std::error::Error>;

const AT_ONCE: usize = 64;
/// Each of them signs in so many times, one after the other.
const TIMES: usize = 4;
const PASSWORD: &str = "correct horse battery";

fn main() -> Result<(), Failure> {
    if let Some(way) = std::env::args().nth(1) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(serve(&way));
    }
    println!(
        "{:<16} {:>10} {:>10} {:>10} {:>12} {:>10}",
        "sign-ins", "p50 ms", "p99 ms", "worst ms", "memory MiB", "a second"
    );
    for way in ["nobody", "inline", "spawn_blocking", "auth-core"] {
        measure(way)?;
    }
    Ok(())
}

fn measure(way: &str) -> Result<(), Failure> {
    let server = Server::start(way)?;
    // Warm: threads and their memory are there.
    for _ in 0..2 {
        ask(&mut server.connect()?, "/sign-in")?;
    }
    let before = server.memory("VmRSS:")?;
    let (begun, over) = (Instant::now(), AtomicBool::new(false));
    let mut waited = thread::scope(|scope| -> Result<Vec<Duration>, Failure> {
        let (server, over) = (&server, &over);
        let visitor = scope.spawn(move || visit(server, over).expect("every page is served"));
        let flood: Vec<_> = (0..if way == "nobody" { 0 } else { AT_ONCE })
            .map(|_| scope.spawn(move || sign_in(server).expect("every sign-in is answered")))
            .collect();
        if flood.is_empty() {
            thread::sleep(Duration::from_secs(1));
        }
        for one in flood {
            one.join().map_err(|_| "a sign-in failed")?;
        }
        over.store(true, Ordering::SeqCst);
        visitor.join().map_err(|_| "a page failed".into())
    })?;
    let took = begun.elapsed();
    waited.sort();
    let part = |of_thousand: usize| waited[(waited.len() - 1) * of_thousand / 1_000].as_secs_f64() * 1_000.0;
    let rate = if way == "nobody" {
        0.0
    } else {
        (AT_ONCE * TIMES) as f64 / took.as_secs_f64()
    };
    let grown = server.memory("VmHWM:")?.saturating_sub(before) / 1_024;
    println!(
        "{way:<16} {:>10.2} {:>10.2} {:>10.2} {grown:>12} {rate:>10.1}",
        part(500),
        part(990),
        part(1_000)
    );
    Ok(())
}

fn visit(server: &Server, over: &AtomicBool) -> Result<Vec<Duration>, Failure> {
    let mut stream = server.connect()?;
    let mut waited = Vec::new();
    while !over.load(Ordering::SeqCst) {
        let asked = Instant::now();
        ask(&mut stream, "/public")?;
        waited.push(asked.elapsed());
        thread::sleep(Duration::from_millis(1));
    }
    Ok(waited)
}

fn sign_in(server: &Server) -> Result<(), Failure> {
    let mut stream = server.connect()?;
    (0..TIMES).try_for_each(|_| ask(&mut stream, "/sign-in"))
}

fn ask(stream: &mut TcpStream, path: &str) -> Result<(), Failure> {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")?;
    let mut buffer = [0; 4_096];
    let read = stream.read(&mut buffer)?;
    let answer = String::from_utf8_lossy(&buffer[..read]);
    answer
        .starts_with("HTTP/1.1 200")
        .then_some(())
        .ok_or_else(|| answer.into())
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(way: &str) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(way)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().ok_or("it is piped")?).read_line(&mut address)?;
        let address = address.trim().to_owned();
        Ok(Self { child, address })
    }

    fn connect(&self) -> Result<TcpStream, Failure> {
        let stream = TcpStream::connect(&self.address)?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// In KiB: what it has (`VmRSS:`), or had at most (`VmHWM:`).
    fn memory(&self, which: &str) -> Result<u64, Failure> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(which));
        Ok(line.ok_or("no such line")?.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn serve(way: &str) -> Result<(), Failure> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let app = Router::new().route("/public", get(|| async { "hello" }));
    let app = match way {
        "inline" => app.route("/sign-in", get(async || hash())),
        "spawn_blocking" => app.route(
            "/sign-in",
            get(async || tokio::task::spawn_blocking(hash).await.unwrap_or("failed")),
        ),
        "auth-core" => {
            let auth = auth().await?;
            app.route(
                "/sign-in",
                get(async move || {
                    let proof = auth.authenticate_user("username", "ada", PASSWORD).await;
                    proof
                        .map(|_| "right")
                        .map_err(|error| (StatusCode::SERVICE_UNAVAILABLE, error.to_string()))
                }),
            )
        }
        _ => app.route("/sign-in", get(|| async { "right" })),
    };
    println!("{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn auth() -> Result<Auth, Failure> {
    let auth = Auth::builder(MemoryAdapter::default())
        .secret(Secret::random()?)
        .base_url("http://localhost")
        .build()?;
    auth.create_user(NewUser::with_password("username", "ada", PASSWORD))
        .await?;
    Ok(auth)
}

/// As the library does it: argon2id, 19 MiB, two passes.
fn hash() -> &'static str {
    let mut hash = [0; 32];
    match Argon2::default().hash_password_into(PASSWORD.as_bytes(), b"salt of 16 bytes", &mut hash) {
        Ok(()) => "right",
        Err(_) => "failed",
    }
}
