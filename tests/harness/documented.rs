//! Whether the description of the routes says what they answer: asked about every answer that the core's driver gets, so that
//! each story is a test of the description, too.

use std::collections::BTreeMap;

use auth_core::{Auth, Secret, adapters::MemoryAdapter};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::sync::OnceCell;

/// What is described: path and method, and what each status says.
type Described = BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>;

/// What was asked, noted before the request is gone.
pub(super) struct Asked {
    method: String,
    path: String,
    is_form: bool,
}

impl Asked {
    pub(super) fn of(auth: &Auth, request: &Request<Bytes>) -> Option<Self> {
        let path = auth.route_pattern(request.uri().path())?;
        Some(Self {
            method: request.method().as_str().to_lowercase().replace("head", "get"),
            path: path.to_owned(),
            is_form: is_form(request.headers()),
        })
    }

    /// Fails a story whose answer is not described.
    pub(super) async fn check(&self, auth: &Auth, answer: &Response<Bytes>) {
        static USUAL: OnceCell<Described> = OnceCell::const_new();
        let usual = USUAL.get_or_init(async || described(&plain()).await).await;
        // Where the configuration says so, statuses are others.
        if self.is_described(usual, answer) || self.is_described(&described(auth).await, answer) {
            return;
        }
        panic!(
            "the description of {} {} does not say {} {:?}",
            self.method,
            self.path,
            answer.status(),
            word(answer.headers()),
        );
    }

    fn is_described(&self, described: &Described, answer: &Response<Bytes>) -> bool {
        let Some(operations) = described.get(&self.path) else {
            return false;
        };
        let status = answer.status();
        let status = status.as_str();
        // A method that is not there has nothing to describe.
        if status == "405" || !self.is_form && !operations.contains_key(&self.method) {
            return true;
        }
        // A form says in its body which one it means.
        let meant = operations
            .iter()
            .filter(|(method, _)| **method == self.method || self.is_form);
        let mut said = meant.filter_map(|(_, responses)| responses.get(status));
        match word(answer.headers()) {
            Some(word) => said.any(|said| said.contains(&format!("`{word}`"))),
            None => said.next().is_some(),
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let announced = headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    announced.is_some_and(|value| value.starts_with(b"application/x-www-form-urlencoded"))
}

fn word(headers: &HeaderMap) -> Option<&str> {
    headers.get("x-sb-error-code")?.to_str().ok()
}

/// A handle as it is without any setting.
fn plain() -> Auth {
    let builder = Auth::builder(MemoryAdapter::default()).secret(Secret::random().unwrap());
    builder.base_url("https://app.example.com").build().unwrap()
}

async fn described(auth: &Auth) -> Described {
    let path = format!("{}/openapi.json", auth.base_path().trim_end_matches('/'));
    let request = Request::get(path).body(Bytes::new()).unwrap();
    let document: Value = serde_json::from_slice(auth.handle(request).await.body()).unwrap();
    let mut described = Described::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let of_path = described.entry(path.replace("{id}", "{}")).or_default();
        for (method, operation) in operations.as_object().unwrap() {
            let responses = operation["responses"].as_object().unwrap().iter();
            let said = responses.map(|(status, response)| {
                let said = response["description"].as_str().unwrap_or_default();
                (status.clone(), said.to_owned())
            });
            of_path.insert(method.clone(), said.collect());
        }
    }
    described
}
