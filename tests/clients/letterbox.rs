use std::sync::Arc;

use auth_core::{AuthBuilder, Mailbox, MemorySms, SmtpMailer};
use auth_tests::harness::{SmtpCatcher, Wire};
use axum::{
    Json, Router,
    extract::{Query, State},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a server sends, mails over SMTP to a catcher of the test, to be read over HTTP by programs in other languages:
/// `GET /?to=` answers the messages to an address or number, oldest first.
#[derive(Clone)]
pub(crate) struct Letterbox {
    pub(crate) mails: Arc<SmtpCatcher>,
    texts: MemorySms,
    url: String,
}

#[derive(Deserialize)]
struct Asked {
    to: String,
}

impl Letterbox {
    pub(crate) async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let letterbox = Self {
            mails: Arc::new(SmtpCatcher::start(Wire::Plain)),
            texts: MemorySms::default(),
            url: format!("http://{}/", listener.local_addr().unwrap()),
        };
        let read =
            async |State(letterbox): State<Self>, Query(asked): Query<Asked>| Json(letterbox.messages(&asked.to));
        let app = Router::new().route("/", get(read)).with_state(letterbox.clone());
        // It ends with the runtime of its test.
        tokio::spawn(async move { axum::serve(listener, app).await });
        letterbox
    }

    /// Has a server send everything here.
    pub(crate) fn of(&self, builder: AuthBuilder) -> AuthBuilder {
        let from = Mailbox::parse("Tests <tests@example.com>").unwrap();
        let mailer = SmtpMailer::from_url(&self.mails.url(Wire::Plain), from).unwrap();
        builder.mailer(mailer).sms_sender(self.texts.clone())
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The newest text message to a number.
    pub(crate) async fn text_to(&self, number: &str) -> String {
        for _ in 0..500 {
            let texts = self.texts.sent().into_iter();
            if let Some(text) = texts.rev().find(|text| text.to.trim_start_matches('+') == number) {
                return text.text;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{number} got no message");
    }

    /// Forgets the text messages that came.
    pub(crate) fn forget_texts(&self) {
        self.texts.clear();
    }

    fn messages(&self, to: &str) -> Value {
        let caught = self.mails.mails();
        let mails = caught.iter().filter(|mail| mail.to.iter().any(|address| address == to));
        let texts = self.texts.sent().into_iter().filter(|text| text.to == to);
        mails
            .map(|mail| json!({ "to": to, "text": mail.text(), "html": mail.html(), "subject": mail.subject() }))
            .chain(texts.map(|text| json!({ "to": text.to, "text": text.text, "code": text.code })))
            .collect()
    }
}
