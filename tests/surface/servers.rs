//! `tests/servers` leaves nothing behind, however it ends.

use std::{path::PathBuf, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    process::{Child, ChildStdin, Command},
    time::timeout,
};
use url::Url;

use super::acceptance::root;

#[tokio::test]
#[ignore = "starts servers of its own, see tests/servers"]
async fn servers_end_after_their_command_and_with_its_code() {
    let servers = Servers::start().await;
    drop(servers.input);
    assert_eq!(code_of(servers.script).await, Some(7));
    servers.started.has_left_nothing().await;
}

#[tokio::test]
#[ignore = "starts servers of its own, see tests/servers"]
async fn servers_and_their_command_end_when_they_are_told_to() {
    let servers = Servers::start().await;
    assert!(signal("-TERM", servers.script.id().unwrap()).await);
    assert_eq!(code_of(servers.script).await, Some(143));
    servers.started.has_left_nothing().await;
    drop(servers.input);
}

/// The script, with servers that answer.
struct Servers {
    script: Child,
    /// Until it is closed, the command waits.
    input: ChildStdin,
    started: Started,
}

struct Started {
    command: u32,
    urls: Vec<Url>,
    /// Of Redis; in a container, it says nothing about this machine.
    folder: PathBuf,
}

impl Servers {
    async fn start() -> Self {
        let says = "echo $$ $AUTH_TEST_POSTGRES $AUTH_TEST_MYSQL $AUTH_TEST_REDIS; read -r _; exit 7";
        let mut script = Command::new(root().join("tests/servers"))
            .args(["bash", "-c", says])
            .env_remove("AUTH_TEST_POSTGRES")
            .env_remove("AUTH_TEST_MYSQL")
            .env_remove("AUTH_TEST_REDIS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = script.stdin.take().unwrap();
        let mut said = String::new();
        let mut output = BufReader::new(script.stdout.take().unwrap());
        output.read_line(&mut said).await.unwrap();
        let mut words = said.split_whitespace();
        let command = words.next().expect("the servers start").parse().unwrap();
        let urls: Vec<Url> = words.map(|url| url.parse().unwrap()).collect();
        let schemes: Vec<&str> = urls.iter().map(Url::scheme).collect();
        assert_eq!(schemes, ["postgres", "mysql", "redis"]);
        let folder = folder_of(&urls[2]).await;
        let started = Started { command, urls, folder };
        for url in &started.urls {
            assert!(listens(url).await, "{url}");
        }
        assert!(signal("-0", started.command).await);
        Self { script, input, started }
    }
}

impl Started {
    async fn has_left_nothing(&self) {
        assert!(!signal("-0", self.command).await, "the command is still there");
        for url in &self.urls {
            assert!(!listens(url).await, "{url} still listens");
        }
        let own = self.folder.ancestors().find(|folder| {
            let name = folder.file_name().unwrap_or_default();
            name.to_string_lossy().starts_with("auth-servers.")
        });
        assert!(own.is_none_or(|folder| !folder.exists()), "{own:?} is still there");
    }
}

async fn code_of(mut script: Child) -> Option<i32> {
    let ended = timeout(Duration::from_secs(60), script.wait()).await;
    ended.expect("the script ends").unwrap().code()
}

async fn folder_of(redis: &Url) -> PathBuf {
    let redis = redis::Client::open(redis.as_str()).unwrap();
    let mut redis = redis.get_multiplexed_async_connection().await.unwrap();
    let mut asked = redis::cmd("CONFIG");
    let asked = asked.arg("GET").arg("dir");
    let (_, folder): (String, String) = asked.query_async(&mut redis).await.unwrap();
    folder.into()
}

async fn listens(url: &Url) -> bool {
    let address = (url.host_str().unwrap(), url.port().unwrap());
    TcpStream::connect(address).await.is_ok()
}

/// Whether there was such a process.
async fn signal(signal: &str, process: u32) -> bool {
    let mut kill = Command::new("kill");
    kill.args([signal, &process.to_string()]).stderr(Stdio::null());
    kill.status().await.unwrap().success()
}
