//! CPU for each request of a server process, beside the same framework without us and beside the peers, in one run.
//!
//! Rounds are paired: in each, every server answers a number of requests, one server after the other, each round beginning
//! with another one, and right beside each the bare framework answers the very same requests, cookie and all; what is printed
//! is the median over the rounds of what a request costs more than there, and of the ratio. The A/A row is the bare framework
//! once more: differences of its size mean nothing.
//! Where nobody asks for the session, all servers with the library do the same: the row `any store` is of all their rounds.
//! The last column is the CPU that a request costs in the processes of databases, where they run on this machine.
//!
//! `auth-bench SERVERS [PEERS [FRAMEWORK PATH]]`: the folders of the programs, and what to measure if not everything.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

/// Many short rounds: what disturbs a machine for longer than one disturbs all servers alike.
const ROUNDS: usize = 60;
/// A round, in which each connection sends this many requests.
const TURNS: usize = 100;
/// Where the bare framework stands among the servers.
const BARE: usize = 0;
/// All of them have a request under way, so that the server is never idle while it is measured.
const CONNECTIONS: usize = 16;

fn main() {
    let binaries = PathBuf::from(std::env::args().nth(1).expect("the folder of the servers"));
    let peers = std::env::args().nth(2).map(PathBuf::from);
    let directory = tempfile::TempDir::new().expect("a folder");
    let start = |kind: &str| {
        let database = format!("sqlite://{}", directory.path().join(format!("{kind}.db")).display());
        Server::start(
            kind,
            binaries.join("server"),
            &[kind.trim_end_matches(" (A/A)"), &database],
        )
    };
    println!(
        "{:<8} {:<28} {:>12} {:>12} {:>8} {:>12}",
        "path", "server", "CPU µs", "more µs", "ratio", "database µs"
    );
    let only = (std::env::args().nth(3), std::env::args().nth(4));
    let is_wanted = |only: &Option<String>, name: &str| only.as_deref().is_none_or(|only| only == name);
    for framework in ["axum", "actix"]
        .into_iter()
        .filter(|framework| is_wanted(&only.0, framework))
    {
        let kind = |store: &str| format!("{framework}-{store}");
        let mut servers = vec![
            start(&kind("bare")),
            start(&format!("{} (A/A)", kind("bare"))),
            start(&kind("memory")),
            start(&kind("sqlite")),
            start(&kind("cached")),
            start(&kind("hs256")),
            start(&kind("es256")),
        ];
        if let (Some(peers), "axum") = (&peers, framework) {
            let database = format!("sqlite://{}?mode=rwc", directory.path().join("peer.db").display());
            let mut peer = |kind: &str, url: &str| servers.push(Server::start(kind, peers.join("peer"), &[kind, url]));
            peer("sessions-memory", "");
            peer("login-memory", "");
            peer("login-sqlite", &database);
            for (variable, kind) in [
                ("AUTH_TEST_POSTGRES", "login-postgres"),
                ("AUTH_TEST_REDIS", "login-redis"),
                ("AUTH_TEST_REDIS", "driver-redis-rs"),
                ("AUTH_TEST_REDIS", "driver-fred"),
            ] {
                if let Ok(url) = std::env::var(variable) {
                    peer(kind, &url);
                }
            }
        }
        for (variable, store) in [
            ("AUTH_TEST_POSTGRES", "postgres"),
            ("AUTH_TEST_MYSQL", "mysql"),
            ("AUTH_TEST_REDIS", "redis"),
        ] {
            if std::env::var(variable).is_ok() {
                servers.push(start(&kind(store)));
            }
        }
        for (path, with_cookie) in [("/public", false), ("/public", true), ("/me", true), ("/session", true)] {
            if path == "/session" {
                // The session alone: with tokens it asks no store. The peers have no such route.
                servers.retain(|server| !server.is_peer());
            }
            if is_wanted(&only.1, path) {
                measure(&mut servers, path, with_cookie);
            }
        }
    }
}

fn measure(servers: &mut [Server], path: &str, with_cookie: bool) {
    let mut beside = vec![Vec::new(); servers.len()];
    let count = servers.len();
    for round in 0..=ROUNDS {
        for at in (0..count).map(|step| (round + step) % count) {
            let cookie = with_cookie.then(|| servers[at].cookie.clone());
            // Which of the two is first changes, too.
            let order = if round % 2 == 0 { [at, BARE] } else { [BARE, at] };
            let costs = order.map(|which| servers[which].cost(path, cookie.as_deref()));
            let [own, bare] = if round % 2 == 0 { costs } else { [costs[1], costs[0]] };
            // The first round warms.
            if round > 0 {
                beside[at].push(Beside {
                    own: own.server,
                    bare: bare.server,
                    databases: own.databases,
                });
            }
        }
    }
    let label = format!("{path}{}", if with_cookie { "+c" } else { "" });
    let mut same_work = Vec::new();
    for (server, beside) in servers.iter().zip(&beside) {
        print(&label, &server.name, beside);
        if server.has_the_library() {
            same_work.extend(beside);
        }
    }
    if path == "/public" {
        print(&label, "any store", &same_work);
    }
}

/// A round of a server, and of the bare framework right beside it.
#[derive(Clone, Copy)]
struct Beside {
    own: f64,
    bare: f64,
    databases: f64,
}

/// A row, of what a server's rounds cost beside those of the bare framework.
fn print(label: &str, name: &str, beside: &[Beside]) {
    let cost = median(beside.iter().map(|round| round.own));
    let more = median(beside.iter().map(|round| round.own - round.bare));
    let ratio = median(beside.iter().map(|round| round.own / round.bare));
    let databases = median(beside.iter().map(|round| round.databases));
    println!("{label:<8} {name:<28} {cost:>12.2} {more:>12.2} {ratio:>8.3} {databases:>12.2}");
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

struct Server {
    name: String,
    child: Child,
    streams: Vec<TcpStream>,
    cookie: String,
}

impl Server {
    fn start(name: &str, binary: PathBuf, arguments: &[&str]) -> Self {
        let mut child = Command::new(&binary)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", binary.display()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped"))
            .read_line(&mut line)
            .expect("it says where it is");
        let (address, cookie) = line.trim().split_once(' ').expect("address and cookie");
        let streams = (0..CONNECTIONS).map(|_| {
            let stream = TcpStream::connect(address).expect("it listens");
            stream.set_nodelay(true).expect("a socket");
            stream.set_nonblocking(true).expect("a socket");
            stream
        });
        Self {
            name: name.to_owned(),
            streams: streams.collect(),
            cookie: cookie.to_owned(),
            child,
        }
    }

    fn has_the_library(&self) -> bool {
        !self.name.contains("bare") && !self.is_peer()
    }

    fn is_peer(&self) -> bool {
        ["login", "sessions", "driver"]
            .iter()
            .any(|kind| self.name.starts_with(kind))
    }

    /// What one request costs, on connections that stay open.
    fn cost(&mut self, path: &str, cookie: Option<&str>) -> Cost {
        let cookie = cookie
            .map(|cookie| format!("cookie: theme=dark; {cookie}\r\n"))
            .unwrap_or_default();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: */*\r\n{cookie}\r\n");
        let databases = databases();
        let before = [cpu(self.child.id()), databases.iter().copied().map(cpu).sum()];
        let mut buffer = [0; 4_096];
        for _ in 0..TURNS {
            for stream in &mut self.streams {
                stream.write_all(request.as_bytes()).expect("it is there");
            }
            for stream in &mut self.streams {
                let read = read(stream, &mut buffer);
                assert!(
                    buffer[..read].starts_with(b"HTTP/1.1 200"),
                    "{}",
                    String::from_utf8_lossy(&buffer[..read])
                );
            }
        }
        let of_one = |after: f64, before: f64| (after - before) / (TURNS * CONNECTIONS) as f64;
        Cost {
            server: of_one(cpu(self.child.id()), before[0]),
            databases: of_one(databases.iter().copied().map(cpu).sum(), before[1]),
        }
    }
}

/// Microseconds of CPU for one request.
#[derive(Clone, Copy)]
struct Cost {
    server: f64,
    databases: f64,
}

/// Microseconds of CPU of all threads of a process so far.
fn cpu(process: u32) -> f64 {
    let tasks = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("schedstat")).ok())
        .filter_map(|line| line.split(' ').next()?.parse::<f64>().ok())
        .sum::<f64>()
        / 1_000.0
}

/// The processes of databases on this machine.
fn databases() -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("it is there");
    processes
        .filter_map(|process| {
            let process = process.ok()?;
            let name = std::fs::read_to_string(process.path().join("comm")).ok()?;
            let is_one = ["postgres", "mariadbd", "mysqld", "redis-server"].contains(&name.trim());
            process.file_name().to_str()?.parse().ok().filter(|_| is_one)
        })
        .collect()
}

/// Reads without ever sleeping: who sleeps is woken by the server, and the server would be charged for it.
fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> usize {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::hint::spin_loop(),
            read => return read.expect("it answers"),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}
