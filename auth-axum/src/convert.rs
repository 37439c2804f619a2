//! axum's request, seen as the core wants to see it.

use std::net::{IpAddr, SocketAddr};

use auth_core::RequestView;
use axum::extract::{ConnectInfo, OriginalUri};
use axum_core::{body::Body, response::Response};
use bytes::Bytes;
use http::{Extensions, HeaderName, Uri, request::Parts};

/// A request's head with the path the client sent, whatever routers have stripped since.
pub(crate) struct View<'a>(pub(crate) &'a Parts);

impl RequestView for View<'_> {
    fn method(&self) -> &str {
        self.0.method.as_str()
    }

    fn path(&self) -> &str {
        original_uri(&self.0.extensions, &self.0.uri).path()
    }

    fn query(&self) -> Option<&str> {
        self.0.uri.query()
    }

    fn each_header<'a>(&'a self, name: &HeaderName, each: &mut dyn FnMut(&'a [u8])) {
        for value in self.0.headers.get_all(name) {
            each(value.as_bytes());
        }
    }

    fn authority(&self) -> Option<&str> {
        self.0.uri.authority().map(|authority| authority.as_str())
    }

    fn peer(&self) -> Option<IpAddr> {
        peer(&self.0.extensions)
    }
}

pub(crate) fn original_uri<'a>(extensions: &'a Extensions, uri: &'a Uri) -> &'a Uri {
    extensions.get::<OriginalUri>().map_or(uri, |original| &original.0)
}

pub(crate) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}

pub(crate) fn response(response: http::Response<Bytes>) -> Response {
    response.map(Body::from)
}
