//! What goes over the wire: each call against a server that writes down what it hears.

mod account;
mod admin;
mod cookies;
mod errors;
mod landing;
mod links;
mod server;
mod signing;

use server::Server;

use super::GoTrueApi;

const SESSION: &str = r#"{"access_token":"at","token_type":"bearer","expires_in":3600,"refresh_token":"rt",
    "user":{"id":"u1","aud":"authenticated","email":"ada@example.com","app_metadata":{"provider":"email"}}}"#;
const USER: &str = r#"{"id":"u1","aud":"authenticated","role":"authenticated","email":"ada@example.com","phone":"",
    "app_metadata":{"provider":"email","providers":["email"]},"user_metadata":{"name":"Ada"},"identities":null,
    "confirmation_sent_at":"2021-11-08T12:00:00Z","created_at":"2021-11-08T12:00:00.123456Z","factors":[]}"#;

/// A JSON object.
fn object(text: &str) -> crate::model::JsonObject {
    serde_json::from_str(text).unwrap()
}

/// A clock that stands still.
struct At(crate::clock::Timestamp);

impl crate::clock::Clock for At {
    fn now(&self) -> crate::clock::Timestamp {
        self.0
    }
}
