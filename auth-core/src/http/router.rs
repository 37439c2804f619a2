//! From a request to a response: path, method, origin, body, handler, effects — in this order, for every framework.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, request::Parts};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use tracing::{Instrument, Span};

use crate::{
    auth::Auth,
    error::{Error, ErrorKind, Result},
    flows::tokens::Transfer,
    request::{AuthRequest, Seen, VerifySession},
};

use super::{
    Body, Delivery, Reply,
    body::BodyFormat,
    call::Call,
    onward::{Onward, refused_at},
    reply::logged,
    route::{self, Route},
};

impl Auth {
    /// Answers a request for one of the library's own routes; its path must begin with the base path.
    ///
    /// Infallible: every error is already a reply. If the request's extensions hold the [`AuthRequest`] of a layer
    /// over the same handle, the cookies go through it, else they are in the response.
    ///
    /// ```
    /// use auth_core::{Auth, Secret, adapters::MemoryAdapter};
    /// use bytes::Bytes;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let auth = Auth::builder(MemoryAdapter::default())
    ///     .secret(Secret::random()?)
    ///     .base_url("https://example.com")
    ///     .build()?;
    /// let request = http::Request::get("/api/auth/session").body(Bytes::new())?;
    /// let response = auth.handle(request).await;
    /// assert_eq!(response.status(), 200);
    /// assert_eq!(response.body(), r#"{"session":null,"user":null}"#);
    /// # Ok(()) }
    /// ```
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        self.handle_body(request.map(Full::new)).await
    }

    /// As [`Auth::handle`] for a body that is still being received: it is read only when a route wants it, and only up
    /// to the limit.
    pub async fn handle_body<B>(&self, request: Request<B>) -> Response<Bytes>
    where
        B: HttpBody,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let outer = parts
            .extensions
            .get::<AuthRequest>()
            .filter(|outer| outer.auth().is_same(self))
            .cloned();
        let has_layer = outer.is_some();
        let request = outer.unwrap_or_else(|| AuthRequest::unseen(self));
        request.observe(&parts);

        let span = match &request.seen().request_id {
            Some(id) => tracing::error_span!(target: "auth::http", "request", request.id = id),
            None => Span::none(),
        };
        let reply = self.route(&request, &parts, body).instrument(span).await;
        let mut response = reply.into_response();
        self.allow_origin(&parts, response.headers_mut());
        if !has_layer {
            request.take_effects().apply(response.headers_mut());
        }
        response
    }

    /// The pattern of the library's route that this path belongs to, as in `/sessions/{}`, below the base path; `None` when there
    /// is none. For labels of metrics, of which there must not be one for each id.
    ///
    /// ```
    /// # use auth_core::{Auth, Secret, adapters::MemoryAdapter};
    /// # let auth = Auth::builder(MemoryAdapter::default()).secret(Secret::random()?).base_url("https://example.com").build()?;
    /// assert_eq!(auth.route_pattern("/api/auth/sessions/x"), Some("/sessions/{}"));
    /// assert_eq!(auth.route_pattern("/notes"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn route_pattern(&self, path: &str) -> Option<&'static str> {
        let path = path.strip_prefix(self.mount())?;
        route::all()
            .find(|route| route.parameters(path).is_some())
            .map(|route| route.path)
    }

    async fn route<B>(&self, request: &AuthRequest, parts: &Parts, body: B) -> Reply
    where
        B: HttpBody,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let seen = request.seen();
        let Some(path) = parts.uri.path().strip_prefix(self.mount()) else {
            // Not louder: in some frameworks an odd spelling of a path, which anybody can send, gets here as well.
            tracing::warn!(
                target: "auth::http",
                base_path = self.base_path(),
                "the routes are mounted elsewhere than at their base path"
            );
            return Reply::error(&ErrorKind::NotFound.into(), seen);
        };
        let there: Vec<&Route> = route::all().filter(|route| route.parameters(path).is_some()).collect();
        if there.is_empty() {
            return Reply::error(&ErrorKind::NotFound.into(), seen);
        }
        let method = match parts.method.as_str() {
            "HEAD" => "GET",
            "OPTIONS" => return Reply::options(&allow(&there), self.preflight(parts, &allow(&there)).as_ref()),
            method => method,
        };
        // A browser's form can only POST; which method it means it says in the body.
        let overridable = method == "POST"
            && matches!(BodyFormat::announced(&parts.headers), Ok(BodyFormat::Form))
            && there.iter().any(|route| route.method != "GET");
        let found = there.iter().find(|route| route.method == method);
        if found.is_none() && !overridable {
            return Reply::method_not_allowed(&allow(&there), seen);
        }
        if method != "GET"
            && let Err(error) = request.check_origin()
        {
            return Reply::error(&error, seen);
        }
        let body = match self.read(parts, body, method).await {
            Ok(body) => body,
            Err(error) => return Reply::error(&error, seen),
        };
        let method = match body.text("_method") {
            Ok(Some(method)) if overridable => method.to_ascii_uppercase(),
            _ => method.to_owned(),
        };
        let Some(route) = there.iter().find(|route| route.method == method) else {
            return Reply::method_not_allowed(&allow(&there), seen);
        };
        self.call(route, path, request, parts, body).await
    }

    async fn read<B>(&self, parts: &Parts, body: B, method: &str) -> Result<Body>
    where
        B: HttpBody,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        if method == "GET" {
            return Body::read(b"", BodyFormat::Empty);
        }
        let limit = self.body_limit();
        let announced = parts
            .headers
            .get(http::header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(ErrorKind::PayloadTooLarge.into());
        }
        let received = tokio::time::timeout(self.timeout(), Limited::new(body, limit).collect()).await;
        let bytes = match received {
            Ok(Ok(collected)) => collected.to_bytes(),
            Ok(Err(error)) if error.is::<LengthLimitError>() => return Err(ErrorKind::PayloadTooLarge.into()),
            Ok(Err(error)) => return Err(Error::with_source(ErrorKind::BadJson, error)),
            Err(_) => return Err(ErrorKind::TimedOut.into()),
        };
        if bytes.is_empty() && !parts.headers.contains_key(http::header::CONTENT_TYPE) {
            return Body::read(b"", BodyFormat::Empty);
        }
        Body::read(&bytes, BodyFormat::announced(&parts.headers)?)
    }

    /// Runs the handler in a task of its own: a client that disconnects must not cut an act in half.
    async fn call(&self, route: &Route, path: &str, request: &AuthRequest, parts: &Parts, body: Body) -> Reply {
        let seen = request.seen();
        let format = body.format();
        let (delivery, parameters) = (self.delivery(parts, format), route.parameters(path).unwrap_or_default());
        let call = Call::new(self, request, parts, body, delivery, parameters);
        let onward = match Onward::read(&call.body, &call.query) {
            Ok(onward) => onward,
            Err(error) => return Reply::error(&error, seen),
        };
        // Our own routes never take a token's word for a session that has ended.
        if self.inner.tokens.is_some() {
            call.request.want(VerifySession::default().check_store(true));
        }
        let task = tokio::spawn((route.handler)(call).in_current_span());
        let result = match tokio::time::timeout(self.timeout(), task).await {
            Ok(Ok(result)) => result,
            Ok(Err(error)) => Err(Error::with_source(ErrorKind::Unknown, error)),
            Err(_) => Err(ErrorKind::TimedOut.into()),
        };
        if format == BodyFormat::Form {
            return self.form_reply(result, &onward, parts, seen);
        }
        result.unwrap_or_else(|error| self.error_reply(&error, seen))
    }

    /// A browser that posted a form is sent on: to where it waits for a mail, to its target, or back with an error code.
    fn form_reply(&self, result: Result<Reply>, onward: &Onward, parts: &Parts, seen: &Seen) -> Reply {
        let result = match result {
            Ok(reply) if reply.is_final() => return reply,
            result => result,
        };
        let location = match &result {
            Ok(reply) => {
                let check = |target: &String| self.inner.redirects.check(target);
                let waiting = onward.pending_to.as_ref().filter(|_| reply.is_pending());
                let waiting = waiting.and_then(check).map(|target| onward.waiting_at(&target));
                waiting
                    .or_else(|| onward.redirect_to.as_ref().and_then(check))
                    .unwrap_or_else(|| self.inner.redirects.home(&self.inner.config.site_url))
            }
            Err(error) => {
                tracing::debug!(target: "auth::http", error = error as &dyn std::error::Error, "a form was refused");
                refused_at(&self.back(parts), error, logged(error, seen))
            }
        };
        match HeaderValue::from_str(&location) {
            Ok(location) => {
                let retry_after = result.as_ref().err().and_then(Error::retry_after);
                Reply::see_other(location).retry_after(retry_after)
            }
            Err(_) => result.unwrap_or_else(|error| self.error_reply(&error, seen)),
        }
    }

    /// The page a form was posted from, if it says so and is one of ours; else the sign-in page.
    fn back(&self, parts: &Parts) -> String {
        parts
            .headers
            .get(http::header::REFERER)
            .and_then(|referer| referer.to_str().ok())
            .and_then(|referer| self.inner.redirects.check(referer))
            .or_else(|| self.sign_in_page().map(str::to_owned))
            .unwrap_or_else(|| "/".to_owned())
    }

    /// Cookies for browsers; in the body for clients that ask for it, and for GoTrue's, which are known by what they send;
    /// unless the configuration allows one way only.
    fn delivery(&self, parts: &Parts, format: BodyFormat) -> Delivery {
        match self.inner.tokens.as_ref().map(|strategy| strategy.config.transfer) {
            Some(Transfer::Cookie) => return Delivery::Cookie,
            Some(Transfer::Header) => return Delivery::Body,
            Some(Transfer::Any) | None => {}
        }
        let asked = parts.headers.get("st-auth-mode").map(HeaderValue::as_bytes);
        // As GoTrue's clients of today do, which keep their tokens themselves. A page of another site cannot send it.
        let speaks_of_versions = parts.headers.contains_key("x-supabase-api-version");
        match asked {
            Some(mode) if mode.eq_ignore_ascii_case(b"header") => Delivery::Body,
            Some(_) => Delivery::Cookie,
            None if format == BodyFormat::UntypedJson || speaks_of_versions => Delivery::Body,
            None if self.inner.config.tokens_in_body && format != BodyFormat::Form => Delivery::Body,
            None => Delivery::Cookie,
        }
    }

    pub(super) fn error_reply(&self, error: &Error, seen: &Seen) -> Reply {
        let reply = Reply::error(error, seen);
        match &self.inner.tokens {
            Some(strategy) => reply.expired_status(error.kind(), strategy.config.expired_status),
            None => reply,
        }
    }

    fn timeout(&self) -> Duration {
        self.inner.config.request_timeout
    }
}

/// The methods of a path, for `Allow`.
fn allow(there: &[&Route]) -> String {
    let mut methods: Vec<&str> = there.iter().map(|route| route.method).collect();
    if methods.contains(&"GET") {
        methods.push("HEAD");
    }
    methods.push("OPTIONS");
    methods.join(", ")
}
