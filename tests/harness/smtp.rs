//! A mail server that keeps what it is sent, and misbehaves when it is told to.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use mailparse::{MailHeaderMap, ParsedMail, parse_mail};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::{Notify, oneshot},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::aws_lc_rs, pki_types::PrivatePkcs8KeyDer},
};

/// How the catcher's connections are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    Plain,
    /// STARTTLS is offered.
    StartTls,
    /// From the beginning.
    Tls,
}

/// What the catcher does when a command comes, instead of what it should.
#[derive(Clone, Debug)]
pub enum Manners {
    /// Answers this line.
    Says(&'static str),
    /// Does what it should, later.
    Waits(Duration),
    /// Never says a word again.
    Hangs,
    /// Hangs up.
    Leaves,
}

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Caught {
    /// The envelope.
    pub from: String,
    pub to: Vec<String>,
    /// Whole, with CRLF.
    pub raw: Vec<u8>,
    pub encrypted: bool,
    /// Who had signed in.
    pub user: Option<String>,
    /// Which connection it came over, counted from 1.
    pub connection: usize,
}

impl Caught {
    pub fn header(&self, name: &str) -> Option<String> {
        parse_mail(&self.raw).unwrap().headers.get_first_value(name)
    }

    pub fn subject(&self) -> String {
        self.header("Subject").unwrap()
    }

    pub fn text(&self) -> String {
        self.part("text/plain").unwrap()
    }

    pub fn html(&self) -> Option<String> {
        self.part("text/html")
    }

    /// The first URL that stands on a line by itself.
    pub fn link(&self) -> Option<String> {
        let text = self.text();
        let is_url = |line: &&str| line.starts_with("http") && !line.contains(' ');
        text.lines().find(is_url).map(str::to_owned)
    }

    /// The digits behind the colon of a line's end.
    pub fn code(&self) -> Option<String> {
        let text = self.text();
        let mut ends = text.lines().filter_map(|line| line.rsplit_once(": "));
        let is_code = |word: &str| word.len() >= 6 && word.bytes().all(|byte| byte.is_ascii_digit());
        ends.find(|(_, end)| is_code(end)).map(|(_, end)| end.to_owned())
    }

    fn part(&self, kind: &str) -> Option<String> {
        fn find(mail: &ParsedMail<'_>, kind: &str) -> Option<String> {
            if mail.subparts.is_empty() && mail.ctype.mimetype == kind {
                return Some(mail.get_body().unwrap().replace("\r\n", "\n"));
            }
            mail.subparts.iter().find_map(|part| find(part, kind))
        }
        find(&parse_mail(&self.raw).unwrap(), kind)
    }
}

/// The server. It runs on a thread of its own, so that a test which waits does not stop it, and ends with this value.
#[derive(Debug)]
pub struct SmtpCatcher {
    pub address: SocketAddr,
    /// What it shows, as PEM.
    pub certificate: String,
    shared: Arc<Shared>,
    _alive: oneshot::Sender<()>,
}

#[derive(Debug, Default)]
struct Shared {
    mails: Mutex<Vec<Caught>>,
    commands: Mutex<Vec<String>>,
    manners: Mutex<Vec<(&'static str, VecDeque<Manners>)>>,
    connections: Mutex<usize>,
    caught: Notify,
}

impl SmtpCatcher {
    pub fn start(wire: Wire) -> Self {
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        let shared = Arc::new(Shared::default());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (alive, over) = oneshot::channel();
        std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(async move {
                    let listener = TcpListener::from_std(listener).unwrap();
                    tokio::select! {
                        () = serve(listener, wire, tls, shared) => {}
                        _ = over => {}
                    }
                });
            }
        });
        Self {
            address,
            certificate: made.cert.pem(),
            shared,
            _alive: alive,
        }
    }

    /// Where it is, as `SmtpMailer::from_url` reads it; the certificate has to be believed.
    pub fn url(&self, wire: Wire) -> String {
        match wire {
            Wire::Plain => format!("smtp://{}?security=none", self.address),
            Wire::StartTls => format!("smtp://{}", self.address),
            Wire::Tls => format!("smtps://{}", self.address),
        }
    }

    /// At the next time that this command comes; `CONNECT` is the beginning, `END` the end of a mail. Told twice, it is the
    /// next two times.
    pub fn once(&self, command: &'static str, manners: Manners) {
        let mut all = self.shared.manners.lock().unwrap();
        match all.iter_mut().find(|(name, _)| *name == command) {
            Some((_, queue)) => queue.push_back(manners),
            None => all.push((command, VecDeque::from([manners]))),
        }
    }

    pub fn mails(&self) -> Vec<Caught> {
        self.shared.mails.lock().unwrap().clone()
    }

    /// All commands, without what follows the first word.
    pub fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().unwrap().clone()
    }

    /// All mails as soon as there are that many.
    pub async fn wait_for(&self, count: usize) -> Vec<Caught> {
        let enough = async {
            loop {
                let caught = self.shared.caught.notified();
                let mails = self.mails();
                if mails.len() >= count {
                    return mails;
                }
                caught.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), enough)
            .await
            .expect("so many mails come")
    }
}

async fn serve(listener: TcpListener, wire: Wire, tls: TlsAcceptor, shared: Arc<Shared>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let number = {
            let mut connections = shared.connections.lock().unwrap();
            *connections += 1;
            *connections
        };
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let mut connection = Connection {
                stream: Box::new(stream),
                read: Vec::new(),
                encrypted: false,
                user: None,
                number,
                shared,
            };
            if wire == Wire::Tls && connection.encrypt(&tls).await.is_none() {
                return;
            }
            connection.speak(wire, &tls).await;
        });
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

struct Connection {
    stream: Box<dyn Stream>,
    read: Vec<u8>,
    encrypted: bool,
    user: Option<String>,
    number: usize,
    shared: Arc<Shared>,
}

impl Connection {
    /// RFC 5321, as far as a client like ours asks for it. `None` when the connection is over.
    async fn speak(&mut self, wire: Wire, tls: &TlsAcceptor) -> Option<()> {
        let mut envelope = (String::new(), Vec::new());
        self.answer("CONNECT", "220 catcher").await?;
        loop {
            let line = self.line().await?;
            let command = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            self.shared.commands.lock().unwrap().push(command.clone());
            match command.as_str() {
                "EHLO" | "HELO" => {
                    let mut answer = "250-catcher\r\n250-8BITMIME\r\n".to_owned();
                    if wire == Wire::StartTls && !self.encrypted {
                        answer.push_str("250-STARTTLS\r\n");
                    } else {
                        answer.push_str("250-AUTH PLAIN\r\n");
                    }
                    self.answer("EHLO", &format!("{answer}250 SIZE 1000000")).await?;
                }
                "STARTTLS" if wire == Wire::StartTls && !self.encrypted => {
                    self.answer("STARTTLS", "220 go on").await?;
                    // Whatever was said in clear behind the command does not count.
                    self.read.clear();
                    self.encrypt(tls).await?;
                }
                "AUTH" => {
                    let word = line.rsplit(' ').next().unwrap();
                    let told = STANDARD.decode(word).unwrap();
                    let user = told.split(|byte| *byte == 0).nth(1).unwrap().to_vec();
                    self.user = Some(String::from_utf8(user).unwrap());
                    self.answer("AUTH", "235 welcome").await?;
                }
                "MAIL" => {
                    envelope = (address(&line), Vec::new());
                    self.answer("MAIL", "250 ok").await?;
                }
                "RCPT" => {
                    envelope.1.push(address(&line));
                    self.answer("RCPT", "250 ok").await?;
                }
                "DATA" => {
                    if self.answer("DATA", "354 go on").await? != 354 {
                        continue;
                    }
                    let raw = self.content().await?;
                    let mail = Caught {
                        from: envelope.0.clone(),
                        to: envelope.1.clone(),
                        raw,
                        encrypted: self.encrypted,
                        user: self.user.clone(),
                        connection: self.number,
                    };
                    let line = self.choose("END", "250 caught").await?;
                    // Before the client knows: it may look at once.
                    if line.starts_with("250") {
                        self.shared.mails.lock().unwrap().push(mail);
                        self.shared.caught.notify_waiters();
                    }
                    self.write(line).await;
                }
                "NOOP" | "RSET" => {
                    self.answer("NOOP", "250 ok").await?;
                }
                "QUIT" => {
                    self.write("221 bye").await;
                    return None;
                }
                _ => {
                    self.answer("?", "502 unknown").await?;
                }
            }
        }
    }

    /// Answers as it should, unless it was told otherwise; the status that was sent.
    async fn answer(&mut self, command: &'static str, proper: &str) -> Option<u16> {
        let line = self.choose(command, proper).await?;
        self.write(line).await;
        line[..3].parse().ok()
    }

    async fn choose<'a>(&mut self, command: &'static str, proper: &'a str) -> Option<&'a str> {
        let manners = {
            let mut all = self.shared.manners.lock().unwrap();
            let queue = all.iter_mut().find(|(name, _)| *name == command);
            queue.and_then(|(_, queue)| queue.pop_front())
        };
        match manners {
            None => Some(proper),
            Some(Manners::Says(line)) => Some(line),
            Some(Manners::Waits(time)) => {
                tokio::time::sleep(time).await;
                Some(proper)
            }
            Some(Manners::Hangs) => std::future::pending().await,
            Some(Manners::Leaves) => None,
        }
    }

    async fn write(&mut self, line: &str) {
        // A client that has gone hears nothing.
        let _ = self.stream.write_all(format!("{line}\r\n").as_bytes()).await;
        let _ = self.stream.flush().await;
    }

    async fn line(&mut self) -> Option<String> {
        let line = self.until(b"\r\n").await?;
        Some(String::from_utf8(line).unwrap())
    }

    /// RFC 5321 §4.5.2: a dot that was doubled is one again.
    async fn content(&mut self) -> Option<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let line = self.until(b"\r\n").await?;
            if line == b"." {
                return Some(content);
            }
            content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
            content.extend_from_slice(b"\r\n");
        }
    }

    async fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.read.windows(end.len()).position(|window| window == end) {
                let rest = self.read.split_off(at + end.len());
                let mut line = std::mem::replace(&mut self.read, rest);
                line.truncate(at);
                return Some(line);
            }
            match self.stream.read_buf(&mut self.read).await {
                Ok(read) if read > 0 => {}
                _ => return None,
            }
        }
    }

    async fn encrypt(&mut self, tls: &TlsAcceptor) -> Option<()> {
        let stream = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        self.stream = Box::new(tls.accept(stream).await.ok()?);
        self.encrypted = true;
        Some(())
    }
}

/// `FROM:<a@b>`.
fn address(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.unwrap().0.to_owned()
}
