//! What an application sends, as whoever gets it reads it.

use std::{fmt, time::Duration};

use auth_core::{AuthBuilder, MemoryMailer, MemorySms, adapter::OutboxAdapter};
use url::Url;

use super::{Answer, App, Client, Driver, eventually};

impl App {
    /// An application that sends mails and text messages.
    pub async fn with_post(driver: Driver) -> Self {
        Self::with_post_and(driver, |builder| builder).await
    }

    /// As [`App::with_post`], otherwise configured.
    pub async fn with_post_and(driver: Driver, setup: impl FnOnce(AuthBuilder) -> AuthBuilder) -> Self {
        let (mails, texts) = (MemoryMailer::default(), MemorySms::default());
        let (mailer, sender) = (mails.clone(), texts.clone());
        let app = Self::with(driver, |builder| setup(builder.mailer(mailer).sms_sender(sender))).await;
        Self { mails, texts, ..app }
    }

    /// Waits until everything that is due has been sent, by whomever.
    pub async fn deliver(&self) {
        eventually("the outbox is empty", async || {
            self.auth.deliver_due().await.unwrap();
            // What the library's own worker took first is leased until it is sent.
            let due = self.store.inner().next_message_due().await.unwrap();
            due.is_none().then_some(())
        })
        .await;
    }

    /// All mails to an address so far, oldest first.
    pub async fn mails_to(&self, address: &str) -> Vec<Received> {
        self.deliver().await;
        let mails = self.mails.sent();
        let theirs = mails.into_iter().filter(|mail| mail.to == address);
        theirs.map(|mail| Received::new(mail.kind, mail.text)).collect()
    }

    /// The newest mail to an address.
    pub async fn mail_to(&self, address: &str) -> Received {
        let mut mails = self.mails_to(address).await;
        mails.pop().unwrap_or_else(|| panic!("{address} got no mail"))
    }

    /// All text messages to a number so far, oldest first.
    pub async fn texts_to(&self, number: &str) -> Vec<Received> {
        self.deliver().await;
        let texts = self.texts.sent();
        let theirs = texts
            .into_iter()
            .filter(|text| text.to.trim_start_matches('+') == number);
        theirs.map(|text| Received::new(text.kind, text.text)).collect()
    }

    /// The newest text message to a number.
    pub async fn text_to(&self, number: &str) -> Received {
        let mut texts = self.texts_to(number).await;
        texts.pop().unwrap_or_else(|| panic!("{number} got no message"))
    }

    /// A browser in which somebody has just signed up and followed the link in the mail.
    pub async fn confirmed(&self, email: &str) -> Client {
        let browser = self.browser();
        let answer = browser.sign_up(email, super::PASSWORD).await;
        assert_eq!(answer.status(), 200, "{answer:?}");
        let followed = browser.follow(&self.mail_to(email).await).await;
        assert_eq!(followed.status(), 303, "{followed:?}");
        assert!(browser.token().is_some(), "{followed:?}");
        // Whoever has just been sent something waits; these tests are about what comes next.
        self.wait(MINUTE);
        browser
    }
}

/// Long enough for the next message to an address.
pub const MINUTE: Duration = Duration::from_secs(61);

/// A message, read.
#[derive(Clone)]
pub struct Received {
    pub kind: &'static str,
    pub text: String,
}

impl Received {
    fn new(kind: &'static str, text: String) -> Self {
        Self { kind, text }
    }

    /// The link into the library's own routes, if there is one.
    pub fn link(&self) -> Option<Url> {
        let address = self.text.lines().find(|line| line.contains("/verify?"))?;
        Some(Url::parse(address.trim()).unwrap())
    }

    /// Path and query of the link.
    pub fn path(&self) -> String {
        let link = self.link().unwrap_or_else(|| panic!("no link: {}", self.text));
        link[url::Position::BeforePath..].to_owned()
    }

    /// A member of the link's query.
    pub fn query(&self, name: &str) -> Option<String> {
        let link = self.link()?;
        let mut pairs = link.query_pairs();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// The link's secret.
    pub fn secret(&self) -> String {
        self.query("token").unwrap_or_else(|| panic!("no link: {}", self.text))
    }

    /// The digits to be typed.
    pub fn code(&self) -> String {
        let is_code = |word: &&str| (6..=10).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_digit());
        let code = self.text.split_whitespace().find(is_code);
        code.unwrap_or_else(|| panic!("no code: {}", self.text)).to_owned()
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind, self.text)
    }
}

impl Client {
    /// Opens a mailed link and presses the button of the page it shows.
    pub async fn follow(&self, mail: &Received) -> Answer {
        self.press(&self.get(&mail.path()).await).await
    }

    /// Presses the button of a page: posts its form, exactly what is in it.
    pub async fn press(&self, page: &Answer) -> Answer {
        assert_eq!(page.status(), 200, "{page:?}");
        let html = page.text();
        let between = |from: &str, start: &str, end: &str| -> Option<String> {
            let rest = from.split_once(start)?.1;
            Some(unescape(rest.split_once(end)?.0))
        };
        let action = between(html, "action=\"", "\"").expect("there is a form");
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for input in html.split("<input").skip(1) {
            let (name, value) = (between(input, "name=\"", "\""), between(input, "value=\"", "\""));
            form.append_pair(&name.unwrap(), &value.unwrap());
        }
        self.form(&action, &form.finish()).await
    }

    /// Sends a code, as JSON.
    pub async fn verify(&self, kind: &str, address: &str, code: &str) -> Answer {
        let member = if address.contains('@') { "email" } else { "phone" };
        let body = serde_json::json!({ "type": kind, member: address, "token": code });
        self.post("/api/auth/verify", body).await
    }

    /// Sends the secret of a link, as JSON.
    pub async fn verify_link(&self, kind: &str, secret: &str) -> Answer {
        let body = serde_json::json!({ "type": kind, "token_hash": secret });
        self.post("/api/auth/verify", body).await
    }
}

fn unescape(html: &str) -> String {
    let plain = html.replace("&quot;", "\"").replace("&#39;", "'");
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

impl Answer {
    /// Where a redirect leads.
    pub fn location(&self) -> Url {
        assert_eq!(self.status(), 303, "{self:?}");
        let base = Url::parse("https://app.example.com").unwrap();
        base.join(self.header("location").unwrap()).unwrap()
    }

    /// A member of the fragment of where a redirect leads.
    pub fn fragment(&self, name: &str) -> Option<String> {
        let location = self.location();
        let fragment = location.fragment()?.to_owned();
        let mut pairs = url::form_urlencoded::parse(fragment.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// A member of the query of where a redirect leads.
    pub fn target_query(&self, name: &str) -> Option<String> {
        let location = self.location();
        let mut pairs = location.query_pairs();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Status and error word, for comparing.
    pub fn refusal(&self) -> (u16, String) {
        (self.status(), self.error_code())
    }
}
