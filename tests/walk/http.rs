//! Just enough of a browser: one request a connection, one cookie.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

/// An answer, as it came over the wire.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Sends one request and reads the answer to its end.
pub(crate) async fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Received> {
    let anywhere = Ipv4Addr::UNSPECIFIED.into();
    send_from(anywhere, address, method, path, headers, body).await
}

/// As [`send`], from an address of this machine.
pub(crate) async fn send_from(
    from: IpAddr,
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Received> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    let mut stream = socket.connect(address).await?;
    let chunked = headers.iter().any(|(name, _)| *name == "transfer-encoding");
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    if chunked {
        request.push_str(&format!("\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len()));
    } else if body.is_empty() {
        request.push_str("\r\n");
    } else {
        request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    }
    let (mut reader, mut writer) = stream.split();
    // A server may answer and close before it has read a body it does not want.
    let write = async {
        let _ = writer.write_all(request.as_bytes()).await;
        io::Result::Ok(())
    };
    let read = async {
        let mut received = Vec::new();
        let end = reader.read_to_end(&mut received).await;
        if received.is_empty() {
            end?;
        }
        io::Result::Ok(received)
    };
    let (_, received) = tokio::try_join!(write, read)?;
    parse(&received).ok_or_else(|| io::Error::other("the answer was cut off"))
}

fn parse(received: &[u8]) -> Option<Received> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&received[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Some(Received {
        status,
        headers: headers.collect(),
        body: String::from_utf8_lossy(&received[end + 4..]).into_owned(),
    })
}

/// As templates write what would be read as HTML.
fn unescaped(text: &str) -> String {
    [
        ("&#x2f;", "/"),
        ("&#x27;", "'"),
        ("&quot;", "\""),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (escaped, character)| {
        text.replace(escaped, character)
    })
}

/// Cookies by name.
pub(super) type Jar = BTreeMap<String, String>;

/// Keeps cookies and says where its requests come from.
pub(super) struct Browser {
    address: SocketAddr,
    /// What its address bar shows.
    origin: String,
    jar: RefCell<Jar>,
}

impl Browser {
    pub(super) fn new(address: SocketAddr) -> Self {
        Self::at(format!("http://localhost:{}", address.port()), address)
    }

    /// Of somebody whom a balancer at `origin` sends to this node.
    pub(super) fn at(origin: impl Into<String>, address: SocketAddr) -> Self {
        Self {
            address,
            origin: origin.into(),
            jar: RefCell::default(),
        }
    }

    /// The same browser, with the same cookies, sent to another node.
    pub(super) fn sent_to(&self, address: SocketAddr) -> Self {
        let other = Self::at(&self.origin, address);
        other.set_jar(self.jar());
        other
    }

    /// Somebody else's browser, on the same node.
    pub(super) fn with_another_jar(&self) -> Self {
        Self::at(&self.origin, self.address)
    }

    pub(super) fn jar(&self) -> Jar {
        self.jar.borrow().clone()
    }

    pub(super) fn set_jar(&self, jar: Jar) {
        *self.jar.borrow_mut() = jar;
    }

    /// Loses a cookie, as it is lost when its time is over.
    pub(super) fn lose(&self, name: &str) {
        self.jar.borrow_mut().remove(name);
    }

    pub(super) async fn get(&self, path: &str) -> Received {
        self.send("GET", path, &[], "").await
    }

    pub(super) async fn navigate(&self, path: &str) -> Received {
        self.send("GET", path, &[("accept", "text/html")], "").await
    }

    /// Posts a form that says nothing of its page.
    pub(super) async fn form(&self, path: &str, body: &str) -> Received {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", &self.origin),
        ];
        self.send("POST", path, &headers, body).await
    }

    /// Posts a form of a page, which a browser names: our pages ask for it, with the referrer policy `same-origin`.
    async fn form_on(&self, page: &str, shown: &Received, path: &str, body: &str) -> Received {
        let policy = "<meta name=\"referrer\" content=\"same-origin\">";
        assert!(shown.body.contains(policy), "{shown:?}");
        let referer = format!("{}{page}", self.origin);
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", &self.origin),
            ("referer", &referer),
        ];
        self.send("POST", path, &headers, body).await
    }

    /// Opens a page and posts the form on it that goes to `action` and has these fields, with everything else it says.
    pub(super) async fn submit(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Received {
        let shown = self.get(page).await;
        assert_eq!(shown.status, 200, "{shown:?}");
        let names = |form: &&str| {
            fields
                .iter()
                .all(|(name, _)| form.contains(&format!("name=\"{name}\"")))
        };
        let form = shown
            .body
            .split("<form ")
            .skip(1)
            .map(|rest| rest.split("</form>").next().unwrap())
            .filter(|form| form.contains("method=\"post\"") && form.contains(&format!("action=\"{action}\"")))
            .find(names);
        let form = form.unwrap_or_else(|| panic!("{page} has no form for {action} with {fields:?}: {shown:?}"));
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for input in form.split("<input ").skip(1) {
            let input = input.split('>').next().unwrap();
            let attribute = |name: &str| {
                let (_, rest) = input.split_once(&format!("{name}=\""))?;
                Some(unescaped(rest.split('"').next()?))
            };
            let name = attribute("name").unwrap();
            let typed = fields.iter().find(|(field, _)| *field == name);
            let value = typed
                .map(|(_, value)| (*value).to_owned())
                .or_else(|| attribute("value"));
            body.append_pair(&name, &value.unwrap_or_default());
        }
        self.form_on(page, &shown, action, &body.finish()).await
    }

    /// Opens a mailed link and presses the button of the page it shows: posts its form, exactly what is in it.
    pub(super) async fn follow(&self, path: &str) -> Received {
        let page = self.get(path).await;
        assert_eq!(page.status, 200, "{page:?}");
        let between = |text: &str, start: &str, end: &str| {
            let rest = text.split_once(start).unwrap().1;
            rest.split_once(end).unwrap().0.replace("&amp;", "&")
        };
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for input in page.body.split("<input").skip(1) {
            form.append_pair(&between(input, "name=\"", "\""), &between(input, "value=\"", "\""));
        }
        let action = between(&page.body, "action=\"", "\"");
        self.form_on(path, &page, &action, &form.finish()).await
    }

    pub(super) async fn form_of_another_site(&self, path: &str, body: &str) -> Received {
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("origin", "http://evil.test"),
        ];
        self.send("POST", path, &headers, body).await
    }

    async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Received {
        let cookies: Vec<String> = self
            .jar()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let mut headers = headers.to_vec();
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let received = send(self.address, method, path, &headers, body).await.unwrap();
        for (name, value) in &received.headers {
            if name == "set-cookie" {
                let (pair, attributes) = value.split_once(';').unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                if attributes.contains("Max-Age=0") {
                    self.lose(name);
                } else {
                    self.jar.borrow_mut().insert(name.to_owned(), value.to_owned());
                }
            }
        }
        received
    }
}
