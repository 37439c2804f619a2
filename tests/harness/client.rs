use std::{cell::RefCell, collections::BTreeMap, fmt, net::IpAddr};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::{App, Leaving, socket};

/// Somebody who sends requests.
#[allow(missing_debug_implementations, reason = "nobody prints a client")]
pub struct Client {
    pub app: App,
    pub ip: IpAddr,
    /// With the path each cookie travels to.
    jar: RefCell<BTreeMap<String, (String, String)>>,
    headers: Vec<(&'static str, String)>,
    is_browser: bool,
}

impl Client {
    pub(super) fn browser(app: App) -> Self {
        Self {
            app,
            ip: "203.0.113.7".parse().unwrap(),
            jar: RefCell::default(),
            headers: vec![("user-agent", "Browser/1.0".to_owned())],
            is_browser: true,
        }
    }

    pub(super) fn script(app: App) -> Self {
        Self {
            is_browser: false,
            ..Self::browser(app)
        }
    }

    /// Sends this header with every request.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    #[must_use]
    pub fn from_ip(mut self, ip: &str) -> Self {
        self.ip = ip.parse().unwrap();
        self
    }

    /// Another tab of the same browser: a copy of its cookies.
    pub fn copy(&self) -> Self {
        Self {
            app: self.app.clone(),
            ip: self.ip,
            jar: RefCell::new(self.jar.borrow().clone()),
            headers: self.headers.clone(),
            is_browser: self.is_browser,
        }
    }

    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar.borrow().get(name).map(|(value, _)| value.clone())
    }

    /// The session cookie.
    pub fn token(&self) -> Option<String> {
        self.cookie(self.app.cookie_name())
            .or_else(|| self.cookie("__Host-auth_access"))
    }

    pub fn set_cookie(&self, name: &str, value: impl Into<String>) {
        self.keep(name, value.into(), "/");
    }

    fn keep(&self, name: &str, value: String, path: &str) {
        self.jar.borrow_mut().insert(name.to_owned(), (value, path.to_owned()));
    }

    /// Loses one cookie.
    pub fn forget_cookie(&self, name: &str) {
        self.jar.borrow_mut().remove(name);
    }

    pub fn set_token(&self, value: impl Into<String>) {
        self.set_cookie(self.app.cookie_name(), value);
    }

    pub fn forget_cookies(&self) {
        self.jar.borrow_mut().clear();
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.json("POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.json("PUT", path, body).await
    }

    pub async fn delete(&self, path: &str, body: Value) -> Answer {
        self.json("DELETE", path, body).await
    }

    pub async fn form(&self, path: &str, body: &str) -> Answer {
        self.send("POST", path, Some("application/x-www-form-urlencoded"), body)
            .await
    }

    pub async fn sign_up(&self, email: &str, password: &str) -> Answer {
        self.post("/api/auth/signup", json!({ "email": email, "password": password }))
            .await
    }

    pub async fn sign_in(&self, email: &str, password: &str) -> Answer {
        let body = json!({ "email": email, "password": password });
        self.post("/api/auth/token?grant_type=password", body).await
    }

    /// Sends JSON with any method.
    pub async fn json(&self, method: &str, path: &str, body: Value) -> Answer {
        self.send(method, path, Some("application/json"), &body.to_string())
            .await
    }

    /// Sends a request as this client does, and keeps the cookies of the answer.
    pub async fn send(&self, method: &str, path: &str, content_type: Option<&str>, body: &str) -> Answer {
        self.send_as_is(self.request(method, path, content_type, body)).await
    }

    /// Sends a request over a real connection, all but the last bytes of its body, and has yet to leave.
    pub async fn begin(&self, method: &str, path: &str, body: &Value, unsent: usize) -> Unanswered {
        let (content_type, body) = match body {
            Value::Null => (None, String::new()),
            body => (Some("application/json"), body.to_string()),
        };
        let request = self.request(method, path, content_type, &body);
        let address = self.app.address.expect("the driver has real connections");
        Unanswered {
            app: self.app.clone(),
            stream: socket::begin(address, request, self.ip, unsent).await,
        }
    }

    fn request(&self, method: &str, path: &str, content_type: Option<&str>, body: &str) -> Request<Bytes> {
        let mut request = Request::builder().method(method).uri(path);
        if self.is_browser {
            let cookies = self.jar.borrow();
            let sent = cookies
                .iter()
                .filter(|(_, (_, scope))| path.starts_with(scope.as_str()));
            let field: Vec<String> = sent.map(|(name, (value, _))| format!("{name}={value}")).collect();
            if !field.is_empty() {
                request = request.header("cookie", field.join("; "));
            }
            let says_origin = self.headers.iter().any(|(name, _)| *name == "origin");
            if !says_origin && !matches!(method, "GET" | "HEAD") {
                request = request.header("origin", "https://app.example.com");
            }
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if let Some(content_type) = content_type {
            request = request.header("content-type", content_type);
        }
        request.body(Bytes::copy_from_slice(body.as_bytes())).unwrap()
    }

    /// Sends exactly this request, and keeps the cookies of the answer.
    pub async fn send_as_is(&self, request: Request<Bytes>) -> Answer {
        let response = (self.app.call)(request, self.ip).await;
        let (parts, body) = response.into_parts();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        };
        if self.is_browser {
            for cookie in answer.set_cookies() {
                let (pair, attributes) = cookie.split_once(';').unwrap_or((&cookie, ""));
                let (name, value) = pair.split_once('=').unwrap();
                if attributes.contains("Max-Age=0") {
                    self.jar.borrow_mut().remove(name);
                } else {
                    let scope = attributes.split(';').find_map(|part| part.trim().strip_prefix("Path="));
                    self.keep(name, value.to_owned(), scope.unwrap_or("/"));
                }
            }
        }
        answer
    }
}

/// A request whose client does not wait for the answer.
#[allow(missing_debug_implementations, reason = "nobody prints a connection")]
pub struct Unanswered {
    app: App,
    stream: TcpStream,
}

impl Unanswered {
    /// Leaves, and comes back when the server has seen it.
    pub async fn leave(self, how: Leaving) {
        socket::leave(self.stream, how);
        // One thread serves, and takes what happens in its order: who comes later is answered later.
        assert_eq!(self.app.script().get("/public").await.status(), 200);
    }
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The error word of GoTrue's shape.
    pub fn error_code(&self) -> String {
        self.json()["error_code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn set_cookies(&self) -> Vec<String> {
        let cookies = self.headers.get_all("set-cookie").iter();
        cookies.map(|cookie| cookie.to_str().unwrap().to_owned()).collect()
    }

    /// Status, body and the headers that mean something, for comparing answers.
    pub fn essence(&self) -> (u16, String, Vec<(String, String)>) {
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter(|(name, _)| !["content-length", "date", "transfer-encoding"].contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), without_mark(value.to_str().unwrap())))
            .collect();
        headers.sort();
        (self.status(), String::from_utf8_lossy(&self.body).into_owned(), headers)
    }
}

/// What marks a browser is another value for each, and means nothing.
fn without_mark(header: &str) -> String {
    match header.split_once("auth_mark=") {
        Some((name, rest)) => format!("{name}auth_mark=…{}", rest.split_once(';').map_or("", |(_, rest)| rest)),
        None => header.to_owned(),
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {:?} {}",
            self.status,
            self.headers,
            String::from_utf8_lossy(&self.body)
        )
    }
}
