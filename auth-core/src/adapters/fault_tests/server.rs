//! Servers of a test's own, in a throw-away folder on a free loopback port, gone with the test.

use std::{
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Database, Place};
use crate::adapters::tests::free_port;

pub(super) struct Server {
    database: Database,
    binary: String,
    home: TempDir,
    port: u16,
    more: Vec<String>,
    has_small_disk: bool,
    process: Option<Child>,
}

impl Server {
    /// A server that answers.
    pub(super) async fn start(database: Database) -> Self {
        let mut server = Self::prepare(database);
        server.start_again().await;
        server
    }

    /// A copy of this PostgreSQL server that follows it and cannot be written to.
    pub(super) async fn standby(&self) -> Self {
        let mut standby = Self::unprepared(self.database);
        standby.own_home();
        let mut command = standby.command(&format!("{}/pg_basebackup", standby.binary));
        command
            .args(["-h", "127.0.0.1", "-U", "auth", "-X", "stream", "-R", "--no-sync"])
            .args(["-c", "fast", "-p", &self.port.to_string(), "-D"])
            .arg(standby.home.path().join("data"));
        succeed(&mut command);
        standby.start_again().await;
        standby
    }

    /// A folder with an empty database.
    pub(super) fn prepare(database: Database) -> Self {
        let server = Self::unprepared(database);
        server.initialise();
        server
    }

    fn unprepared(database: Database) -> Self {
        let variable = match database {
            Database::Mariadb => "AUTH_TEST_MARIADBD",
            Database::Postgres => "AUTH_TEST_PG_BIN",
        };
        let binary = std::env::var(variable).unwrap_or_default();
        // A test that does not run must not pass: without the binary, `--skip` says so by name.
        assert!(
            !binary.is_empty(),
            "{variable} is empty: there is no {database:?} here that a test could stop"
        );
        Self {
            database,
            binary,
            home: TempDir::new().unwrap(),
            port: free_port(),
            more: Vec::new(),
            has_small_disk: false,
            process: None,
        }
    }

    /// The folder becomes the server's own user's.
    fn own_home(&self) {
        let home = self.home.path();
        std::fs::set_permissions(home, std::fs::Permissions::from_mode(0o711)).unwrap();
        if is_root() {
            let id = |flag: &str| number(Command::new("id").args([flag, self.user()]));
            chown(home, Some(id("-u")), Some(id("-g"))).unwrap();
        }
    }

    fn initialise(&self) {
        self.own_home();
        let home = self.home.path();
        let data = home.join("data");
        let mut command = match self.database {
            Database::Mariadb => {
                let statements = "CREATE DATABASE IF NOT EXISTS auth CHARACTER SET utf8mb4;\n\
                     CREATE USER IF NOT EXISTS 'auth'@'%' IDENTIFIED BY 'auth';\n\
                     GRANT ALL ON *.* TO 'auth'@'%' WITH GRANT OPTION;\n\
                     CREATE USER IF NOT EXISTS 'app'@'%' IDENTIFIED BY 'app';\n\
                     GRANT ALL ON auth.* TO 'app'@'%';\n";
                std::fs::write(home.join("init.sql"), statements).unwrap();
                let mut command = self.command("mariadb-install-db");
                command.args([
                    "--no-defaults",
                    "--skip-test-db",
                    "--auth-root-authentication-method=normal",
                ]);
                command.arg(format!("--datadir={}", data.display()));
                command.arg("--innodb-log-file-size=4M");
                command
            }
            Database::Postgres => {
                let mut command = self.command(&format!("{}/initdb", self.binary));
                command.args([
                    "-U",
                    "auth",
                    "-A",
                    "trust",
                    "-E",
                    "UTF8",
                    "--locale",
                    "C",
                    "--no-sync",
                    "-D",
                ]);
                command.arg(data);
                command
            }
        };
        succeed(&mut command);
    }

    pub(super) fn database(&self) -> Database {
        self.database
    }

    /// Puts a file of the server's own beside its data, and answers where.
    pub(super) fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.home.path().join("data").join(name);
        std::fs::write(&path, content).unwrap();
        let owner = std::fs::metadata(self.home.path()).unwrap();
        chown(&path, Some(owner.uid()), Some(owner.gid())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        path
    }

    /// An argument of the server from its next start on.
    pub(super) fn argument(&mut self, argument: impl Into<String>) {
        self.more.push(argument.into());
    }

    /// Whether tables find no more room from the next start on, as on a full disk, when there are 32 MiB of something.
    pub(super) fn set_small_disk(&mut self, is_small: bool) {
        self.has_small_disk = is_small;
    }

    /// As somebody who may do everything.
    pub(super) fn url(&self) -> String {
        match self.database {
            Database::Mariadb => format!("mysql://auth:auth@127.0.0.1:{}/auth", self.port),
            Database::Postgres => format!("postgres://auth:auth@127.0.0.1:{}/postgres", self.port),
        }
    }

    /// As somebody who may do everything with the tables only, where that makes a difference.
    pub(super) fn app_url(&self) -> String {
        match self.database {
            Database::Mariadb => format!("mysql://app:app@127.0.0.1:{}/auth", self.port),
            Database::Postgres => self.url(),
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// On the same port, with the same data.
    pub(super) async fn start_again(&mut self) {
        let home = self.home.path().to_owned();
        let began = Instant::now();
        loop {
            let mut command = match self.database {
                Database::Mariadb => {
                    let mut command = self.command(&self.binary);
                    command.arg("--no-defaults").args([
                        format!("--datadir={}", home.join("data").display()),
                        format!("--port={}", self.port),
                        format!("--socket={}", home.join("socket").display()),
                        format!("--pid-file={}", home.join("pid").display()),
                        format!("--init-file={}", home.join("init.sql").display()),
                        format!("--tmpdir={}", home.display()),
                        "--bind-address=127.0.0.1".to_owned(),
                        "--skip-name-resolve".to_owned(),
                        "--innodb-log-file-size=4M".to_owned(),
                        "--innodb-buffer-pool-size=16M".to_owned(),
                    ]);
                    if self.has_small_disk {
                        // It does not survive files that cannot grow; that its own may not is an error.
                        command.arg("--innodb-data-file-path=ibdata1:12M:autoextend:max:32M");
                        command.arg("--skip-innodb-file-per-table");
                    }
                    command
                }
                Database::Postgres => {
                    let mut command = self.command(&format!("{}/postgres", self.binary));
                    command.arg("-D").arg(home.join("data"));
                    command.args([
                        "-h",
                        "127.0.0.1",
                        "-k",
                        "",
                        "-c",
                        "fsync=off",
                        "-p",
                        &self.port.to_string(),
                    ]);
                    command
                }
            };
            let log = std::fs::File::create(home.join("log")).unwrap();
            let mut process = command
                .args(&self.more)
                .stderr(log)
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            while process.try_wait().unwrap().is_none() {
                if Place::of(self).try_witness().await.is_ok() {
                    self.process = Some(process);
                    return;
                }
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
            // Those that a killed server left behind may take a moment to go.
            let log = || std::fs::read_to_string(home.join("log")).unwrap();
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "it does not start: {}",
                log()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Ends it as an administrator does who cannot wait for everybody to leave.
    pub(super) fn stop(&mut self) {
        let signal = match self.database {
            Database::Mariadb => "-TERM",
            Database::Postgres => "-INT",
        };
        if let Some(mut process) = self.process.take() {
            send(signal, &[process.id()]);
            process.wait().unwrap();
        }
    }

    /// `kill -9`.
    pub(super) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let children = children(process.id());
            process.kill().unwrap();
            send("-KILL", &children);
            process.wait().unwrap();
        }
    }

    /// It holds its connections and says nothing any more.
    pub(super) fn freeze(&self) {
        let id = self.process.as_ref().unwrap().id();
        // First the one that makes the others.
        send("-STOP", &[id]);
        send("-STOP", &children(id));
    }

    pub(super) fn thaw(&self) {
        let id = self.process.as_ref().unwrap().id();
        send("-CONT", &children(id));
        send("-CONT", &[id]);
    }

    fn user(&self) -> &'static str {
        match self.database {
            Database::Mariadb => "mysql",
            Database::Postgres => "postgres",
        }
    }

    /// A command of the server's own user, which ends with this thread whatever happens.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]);
        if is_root() {
            let group = number(Command::new("id").args(["-g", self.user()])).to_string();
            command.args(["--reuid", self.user(), "--regid", &group, "--init-groups"]);
        }
        if self.has_small_disk && self.database == Database::Postgres {
            // A file that would grow beyond it is an error instead of a signal.
            command.args(["bash", "-c", "trap '' XFSZ; ulimit -f 32768; exec \"$0\" \"$@\""]);
        }
        command.arg(program).current_dir(self.home.path()).stdin(Stdio::null());
        // MariaDB deletes the temporary tables of the folder when it starts, those of others too.
        command.env("TMPDIR", self.home.path());
        command
    }
}

impl Drop for Server {
    /// PostgreSQL leaves its shared memory behind when it is killed, and has a signal for those who cannot wait at all.
    fn drop(&mut self) {
        if self.database == Database::Postgres && self.process.is_some() {
            self.thaw();
        }
        if let (Database::Postgres, Some(process)) = (self.database, &mut self.process) {
            send("-QUIT", &[process.id()]);
            let began = Instant::now();
            while process.try_wait().is_ok_and(|ended| ended.is_none()) && began.elapsed() < Duration::from_secs(10) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        self.kill();
    }
}

fn succeed(command: &mut Command) {
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

fn number(command: &mut Command) -> u32 {
    let told = command.output().unwrap();
    String::from_utf8(told.stdout).unwrap().trim().parse().unwrap()
}

fn children(id: u32) -> Vec<u32> {
    let told = Command::new("pgrep").args(["-P", &id.to_string()]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    told.split_whitespace().map(|id| id.parse().unwrap()).collect()
}

fn send(signal: &str, ids: &[u32]) {
    if !ids.is_empty() {
        // Some may have gone meanwhile.
        let ids = ids.iter().map(u32::to_string);
        let _ = Command::new("kill")
            .arg(signal)
            .args(ids)
            .stderr(Stdio::null())
            .status();
    }
}
