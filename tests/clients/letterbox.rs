use auth_core::{MemoryMailer, MemorySms};
use axum::{
    Json, Router,
    extract::{Query, State},
    routing::get,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// What a server sends, to be read over HTTP by programs in other languages: `GET /?to=` answers the messages to an address
/// or number, oldest first.
#[derive(Clone)]
pub(crate) struct Letterbox {
    pub(crate) mails: MemoryMailer,
    pub(crate) texts: MemorySms,
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
            mails: MemoryMailer::default(),
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

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn messages(&self, to: &str) -> Value {
        let mails = self.mails.sent().into_iter().filter(|mail| mail.to == to);
        let texts = self.texts.sent().into_iter().filter(|text| text.to == to);
        mails
            .map(|mail| json!({ "to": mail.to, "text": mail.text, "html": mail.html, "subject": mail.subject }))
            .chain(texts.map(|text| json!({ "to": text.to, "text": text.text, "code": text.code })))
            .collect()
    }
}
