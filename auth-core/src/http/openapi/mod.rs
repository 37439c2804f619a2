//! The OpenAPI 3.1 document of the routes, made of the route table and of the [`RouteDoc`] that stands beside each row.
//!
//! Against documents that drift: a test fails when a route has no record or a record no route, statuses and words of
//! refusals come from the one table that answers them, and the mounted path and the names of cookies are this handle's.
//! It says what may be sent and what comes back; it is not what checks requests.
//!
//! ```
//! use auth_core::{Auth, Secret, adapters::MemoryAdapter};
//! use bytes::Bytes;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
//! let request = http::Request::get("/api/auth/openapi.json").body(Bytes::new())?;
//! let document: serde_json::Value = serde_json::from_slice(auth.handle(request).await.body())?;
//! assert_eq!(document["openapi"], "3.1.0");
//! assert_eq!(document["servers"][0]["url"], "/api/auth");
//! # Ok(()) }
//! ```

mod document;
mod record;
mod schemas;
#[cfg(test)]
mod tests;

pub(crate) use document::openapi;
pub(crate) use record::{Answer, Caller, Kind, Member, RouteDoc};
