use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::client::GoTrueApi;

/// A server on a real socket that gives the answers it was told to and remembers the requests.
pub(super) struct Server {
    url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<VecDeque<String>>,
    heard: Mutex<Vec<Heard>>,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// Method, path and query.
    pub(super) line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Server {
    /// Answers 200 with these bodies, one after the other.
    pub(super) async fn answering<const N: usize>(bodies: [&str; N]) -> Self {
        let server = Self::start().await;
        for body in bodies {
            server.then("200 OK", &[], body);
        }
        server
    }

    /// Answers once.
    pub(super) async fn refusing(status: &str, body: &str) -> Self {
        let server = Self::start().await;
        server.then(status, &[], body);
        server
    }

    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            shared: Arc::default(),
        };
        let shared = Arc::clone(&server.shared);
        // It ends with the runtime of its test.
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                converse(&shared, stream).await;
            }
        });
        server
    }

    pub(super) fn then(&self, status: &str, headers: &[&str], body: &str) {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let length = body.len();
        self.shared.answers.lock().unwrap().push_back(format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        ));
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// A client made with nothing but the URL.
    pub(super) fn api(&self) -> GoTrueApi {
        GoTrueApi::new(&self.url).unwrap()
    }

    /// The last request.
    pub(super) fn heard(&self) -> Heard {
        self.all_heard().pop().unwrap()
    }

    pub(super) fn all_heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().unwrap().clone()
    }
}

impl Heard {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(key, _)| key == name);
        let first = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} came twice");
        first
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(super) fn has_body(&self) -> bool {
        !self.body.is_empty()
    }
}

async fn converse(shared: &Shared, stream: TcpStream) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    let mut headers = Vec::new();
    loop {
        let mut field = String::new();
        stream.read_line(&mut field).await.unwrap();
        let Some((name, value)) = field.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let mut body = vec![0; length.map_or(0, |(_, length)| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    shared.heard.lock().unwrap().push(Heard {
        line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        headers,
        body: String::from_utf8(body).unwrap(),
    });
    let answer = shared.answers.lock().unwrap().pop_front();
    if let Some(answer) = answer {
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
    }
}
