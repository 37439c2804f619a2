//! Servers of a test's own, on free ports, gone with the test.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::adapters::tests::free_port;

pub(in crate::adapters) struct Server {
    binary: String,
    arguments: Vec<String>,
    directory: TempDir,
    pub(in crate::adapters) port: u16,
    process: Option<Child>,
}

impl Server {
    /// A server that answers.
    pub(in crate::adapters) async fn start(arguments: &[&str]) -> Self {
        Self::start_at(free_port(), arguments).await
    }

    pub(in crate::adapters) async fn start_at(port: u16, arguments: &[&str]) -> Self {
        let mut server = Self::new(port);
        server.arguments = arguments.iter().map(|&argument| argument.to_owned()).collect();
        server.start_again().await;
        server
    }

    /// A sentinel; it keeps what it learns in its file.
    pub(in crate::adapters) async fn sentinel(lines: &[&str]) -> Self {
        let mut server = Self::new(free_port());
        let file = server.directory.path().join("sentinel.conf");
        std::fs::write(&file, lines.join("\n")).unwrap();
        let process = Command::new(&server.binary)
            .arg(file)
            .args(["--bind", "127.0.0.1", "--port", &server.port.to_string(), "--sentinel"])
            .current_dir(server.directory.path())
            .stdout(Stdio::null())
            .spawn();
        server.process = Some(process.unwrap());
        server.until_it_answers().await;
        server
    }

    fn new(port: u16) -> Self {
        let binary = std::env::var("AUTH_TEST_REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
        // A test that does not run must not pass: without the binary, `--skip` says so by name.
        assert!(
            !binary.is_empty(),
            "AUTH_TEST_REDIS_SERVER is empty: there is no redis-server here that a test could stop"
        );
        Self {
            binary,
            arguments: Vec::new(),
            directory: TempDir::new().unwrap(),
            port,
            process: None,
        }
    }

    pub(in crate::adapters) async fn start_again(&mut self) {
        let port = self.port.to_string();
        let process = Command::new(&self.binary)
            .args([
                "--bind",
                "127.0.0.1",
                "--port",
                &port,
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .args(&self.arguments)
            .current_dir(self.directory.path())
            .stdout(Stdio::null())
            .spawn();
        self.process = Some(process.unwrap());
        self.until_it_answers().await;
    }

    async fn until_it_answers(&self) {
        for _ in 0..200 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("redis-server did not start");
    }

    pub(in crate::adapters) fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    pub(in crate::adapters) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}
