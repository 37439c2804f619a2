//! Example applications as processes.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::Place;
use crate::eventually;

/// What all nodes of an application share.
const SECRET: &str = "a secret of at least thirty-two bytes for tests";

/// Which framework serves.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Axum,
    Actix,
    /// The stand-alone one.
    Server,
}

/// A running application; it ends with this value.
pub(crate) struct Running {
    child: Child,
    address: SocketAddr,
    /// What it has printed since it listens.
    printed: Arc<Mutex<String>>,
}

impl Running {
    /// Starts an application on a free port and waits until it says that it listens. Whoever signs up is in at once.
    pub(crate) async fn start(which: Which, database: &Path) -> Self {
        Self::start_with(which, database, &["--no-confirm"]).await
    }

    /// As [`Running::start`], with more arguments.
    pub(crate) async fn start_with(which: Which, database: &Path, more: &[&str]) -> Self {
        let database = ["--database".to_owned(), format!("sqlite://{}", database.display())];
        let mut command = Command::new(binary(which));
        command.args(database).args(more);
        Self::spawn(command).await
    }

    /// Starts an application on a store, as one node of several.
    pub(crate) async fn start_on(which: Which, place: &Place, more: &[&str]) -> Self {
        let mut command = Command::new(binary(which));
        command.args(place.arguments()).args(more).env("AUTH_SECRET", SECRET);
        Self::spawn(command).await
    }

    /// Starts one with these arguments.
    pub(super) async fn with(which: Which, arguments: &[String]) -> Self {
        let mut command = Command::new(binary(which));
        command.args(arguments);
        Self::spawn(command).await
    }

    async fn spawn(mut command: Command) -> Self {
        let mut child = command
            .args(["--addr", "127.0.0.1:0"])
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = async {
            // A mail of an earlier process may be printed before it.
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(address) = line.strip_prefix("listening on http://") {
                    return address.parse().unwrap();
                }
            }
            panic!("it does not say where it listens");
        };
        let address = tokio::time::timeout(Duration::from_secs(60), listening).await;
        let address = address.expect("it listens in time");
        // Whatever it prints later is taken.
        let printed = Arc::<Mutex<String>>::default();
        tokio::spawn({
            let printed = Arc::clone(&printed);
            async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    printed.lock().unwrap().extend([line.as_str(), "\n"]);
                }
            }
        });
        Self {
            child,
            address,
            printed,
        }
    }

    /// What follows in the line that begins so, of those it has printed since it listens.
    pub(super) async fn line(&self, beginning: &str) -> String {
        eventually(
            format_args!("it prints a line that begins with {beginning:?}"),
            async || {
                let printed = self.printed.lock().unwrap();
                let rest = printed.lines().find_map(|line| line.strip_prefix(beginning));
                rest.map(str::to_owned)
            },
        )
        .await
    }

    /// The code in the newest text message to a number, once it has got as many; an application prints them.
    pub(super) async fn code_texted_to(&self, number: &str, messages: usize) -> String {
        let title = format!("text message to {number} ");
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        eventually(format_args!("{number} gets {messages} messages"), async || {
            let printed = self.printed.lock().unwrap();
            let newest = printed.rsplit_once(&title);
            let code = newest
                .filter(|_| printed.matches(&title).count() >= messages)
                .and_then(|(_, message)| message.split_whitespace().find(is_code));
            code.map(str::to_owned)
        })
        .await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `kill -9`, and it is gone.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Ctrl-C, and waits for a clean end.
    pub(crate) async fn stop(mut self) {
        let id = self.child.id().unwrap().to_string();
        let sent = Command::new("kill").args(["-INT", &id]).status().await.unwrap();
        assert!(sent.success());
        let Ok(ended) = tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await else {
            panic!("it does not stop: {}", waiting(&id));
        };
        assert!(ended.unwrap().success(), "it stops cleanly");
    }

    /// Resident memory.
    pub(crate) fn memory_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

/// What the threads of a process wait for, and who is connected to it: for whoever reads why it does not end.
fn waiting(process: &str) -> String {
    let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten();
    let threads = threads.flatten().map(|thread| {
        let of_thread = |what| read(format!("{}/{what}", thread.path().display()));
        format!(
            "{} in {} ({})",
            of_thread("comm").trim(),
            of_thread("wchan"),
            of_thread("syscall").trim()
        )
    });
    let sockets = read(format!("/proc/{process}/net/tcp"));
    format!("{:#?}\n{sockets}", threads.collect::<Vec<_>>())
}

/// Runs an application to its end.
pub(super) async fn run(which: Which, arguments: &[&str]) -> Output {
    Command::new(binary(which)).args(arguments).output().await.unwrap()
}

/// Has the stand-alone server make the next signing key of the applications on a store; from when on it signs.
pub(super) async fn rotate_keys(place: &Place) -> String {
    let mut command = Command::new(binary(Which::Server));
    command
        .arg("rotate-keys")
        .args(place.arguments())
        .env("AUTH_SECRET", SECRET);
    let output = command.output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The application's binary: out of the folder `AUTH_TEST_APPLICATIONS`, else built like these tests.
pub(super) fn binary(which: Which) -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        if let Some(folder) = std::env::var_os("AUTH_TEST_APPLICATIONS") {
            return folder.into();
        }
        let packages = [
            "-p",
            "auth-tests",
            "-p",
            "axum-app",
            "-p",
            "actix-app",
            "-p",
            "auth-server",
        ];
        let built = std::process::Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--locked", "--bins"])
            .args(packages)
            .args(["--features", "axum-app/servers,actix-app/servers"])
            .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
            .status()
            .unwrap();
        assert!(built.success(), "the examples do not build");
        // target/debug/deps/all-… → target/debug
        let tests = std::env::current_exe().unwrap();
        tests.ancestors().nth(2).unwrap().to_owned()
    });
    folder.join(match which {
        Which::Axum => "axum-app",
        Which::Actix => "actix-app",
        Which::Server => "auth-server",
    })
}
