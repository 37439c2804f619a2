//! actix-web's request and response (http 0.2), seen as the core wants to see them (http 1).

use std::net::IpAddr;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::Payload,
};
use auth_core::{AuthRequest, Effects, PeerAddr, RequestView};
use bytes::Bytes;
use futures_util::TryStreamExt;
use http_body::Frame;
use http_body_util::StreamBody;

/// A request's head.
pub(crate) struct View<'a>(pub(crate) &'a HttpRequest);

impl RequestView for View<'_> {
    fn method(&self) -> &str {
        self.0.method().as_str()
    }

    fn path(&self) -> &str {
        // The path as it was sent; `HttpRequest::path` is partly decoded.
        self.0.uri().path()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri().query()
    }

    fn each_header<'a>(&'a self, name: &http::HeaderName, each: &mut dyn FnMut(&'a [u8])) {
        for value in self.0.headers().get_all(name.as_str()) {
            each(value.as_bytes());
        }
    }

    fn authority(&self) -> Option<&str> {
        self.0.uri().authority().map(|authority| authority.as_str())
    }

    fn peer(&self) -> Option<IpAddr> {
        self.0.peer_addr().map(|address| address.ip())
    }
}

/// The whole request, for the library's own routes.
pub(crate) fn request(
    request: &HttpRequest,
    payload: Payload,
) -> Result<http::Request<impl http_body::Body<Error = actix_web::error::PayloadError, Data = Bytes>>, http::Error> {
    let body = StreamBody::new(payload.map_ok(Frame::data));
    let mut converted = http::Request::builder()
        .method(request.method().as_str())
        .uri(request.uri().to_string());
    for (name, value) in request.headers() {
        converted = converted.header(name.as_str(), value.as_bytes());
    }
    if let Some(shared) = request.extensions().get::<AuthRequest>() {
        converted = converted.extension(shared.clone());
    }
    if let Some(peer) = request.peer_addr() {
        converted = converted.extension(PeerAddr(peer.ip()));
    }
    converted.body(body)
}

/// The core's response.
pub(crate) fn response(response: &http::Response<Bytes>) -> HttpResponse {
    let status = StatusCode::from_u16(response.status().as_u16()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut converted = HttpResponse::build(status);
    for (name, value) in response.headers() {
        converted.append_header((name.as_str(), value.as_bytes()));
    }
    converted.body(response.body().clone())
}

/// Adds the effects to a response's headers, as [`Effects::apply`] does.
pub(crate) fn apply(effects: &Effects, headers: &mut header::HeaderMap) {
    if effects.is_empty() {
        return;
    }
    let kept: Vec<_> = headers
        .remove(header::SET_COOKIE)
        .filter(|value| !effects.replaces(value.as_bytes()))
        .collect();
    for value in kept {
        headers.append(header::SET_COOKIE, value);
    }
    for cookie in effects.cookies() {
        // Both crates accept the same bytes in a header value.
        if let Ok(value) = header::HeaderValue::from_bytes(cookie.as_bytes()) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    let there: Vec<_> = headers
        .get_all(header::ACCESS_CONTROL_EXPOSE_HEADERS)
        .cloned()
        .collect();
    if let Some(exposed) = effects.exposed(there.iter().map(header::HeaderValue::as_bytes)) {
        set(headers, "access-control-expose-headers", exposed.as_bytes());
    }
    for (name, value) in effects.headers() {
        set(headers, name.as_str(), value.as_bytes());
    }
    let there: Vec<_> = headers.get_all(header::CACHE_CONTROL).cloned().collect();
    if let Some(value) = effects.cache_control(there.iter().map(header::HeaderValue::as_bytes)) {
        set(headers, "cache-control", value.as_bytes());
    }
}

fn set(headers: &mut header::HeaderMap, name: &str, value: &[u8]) {
    // Both crates accept the same bytes in names and values.
    if let (Ok(name), Ok(value)) = (
        name.parse::<header::HeaderName>(),
        header::HeaderValue::from_bytes(value),
    ) {
        headers.insert(name, value);
    }
}
