//! What an application's own route answers when a guard or extractor refuses: the same bytes in every framework.

use bytes::Bytes;
use http::{HeaderValue, Response};
use url::form_urlencoded;

use crate::{
    error::{Error, ErrorKind},
    request::{AuthRequest, Navigation, Seen},
};

use super::Reply;

impl AuthRequest {
    /// The response to a request that is refused: JSON, or 303 to the sign-in page for a person who is navigating,
    /// when one is configured.
    ///
    /// ```
    /// # use auth_core::{Auth, AuthRequest, Secret, adapters::MemoryAdapter};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com")
    /// #     .sign_in_page("/sign-in").build()?;
    /// let (parts, _) = http::Request::get("/notes").header("accept", "text/html").body(())?.into_parts();
    /// let request = AuthRequest::new(&auth, &parts);
    /// let refused = request.require_session().await.unwrap_err();
    /// let response = request.refusal(&refused);
    /// assert_eq!(response.status(), 303);
    /// assert_eq!(response.headers()["location"], "/sign-in?redirect_to=%2Fnotes");
    /// # Ok(()) }
    /// ```
    pub fn refusal(&self, error: &Error) -> Response<Bytes> {
        let seen = self.seen();
        let asks_for_sign_in = matches!(
            error.kind(),
            ErrorKind::NotAuthenticated
                | ErrorKind::ReauthenticationNeeded
                | ErrorKind::TokenTheft
                | ErrorKind::Unauthorised
        );
        let page = self.auth().sign_in_page().zip(seen.navigation.as_ref());
        if let Some((page, navigation)) = page.filter(|_| asks_for_sign_in) {
            let target = match navigation {
                Navigation::To(path) => {
                    let query: String = form_urlencoded::byte_serialize(path.as_bytes()).collect();
                    let separator = if page.contains('?') { '&' } else { '?' };
                    format!("{page}{separator}redirect_to={query}")
                }
                Navigation::FromForm => page.to_owned(),
            };
            if let Ok(target) = HeaderValue::from_str(&target) {
                return Reply::see_other(target).into_response();
            }
        }
        self.auth().error_reply(error, seen).into_response()
    }
}

/// The error and response of an extractor whose layer or middleware is missing; `fix` says what to add.
#[doc(hidden)]
pub fn missing_layer(fix: &'static str) -> (Error, Response<Bytes>) {
    tracing::error!(target: "auth::http", fix, "an extractor was used without its layer");
    let sentence = format!("The authentication layer is missing: {fix}.");
    let error = Error::from(ErrorKind::MissingLayer).detail(sentence);
    let response = Reply::error(&error, &Seen::nothing()).into_response();
    (error, response)
}
