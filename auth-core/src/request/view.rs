use std::net::IpAddr;

use http::{HeaderName, request::Parts};

/// What the library reads of a request, whatever framework received it.
pub trait RequestView {
    /// The method as it was sent.
    fn method(&self) -> &str;

    /// The full path as it was sent, without the query, whatever routers have stripped since.
    fn path(&self) -> &str;

    /// The query as it was sent, without the question mark.
    fn query(&self) -> Option<&str>;

    /// Hands over every value of a header.
    fn each_header<'a>(&'a self, name: &HeaderName, each: &mut dyn FnMut(&'a [u8]));

    /// The host of an HTTP/2 request's `:authority`, which stands where HTTP/1 has a `Host` header. Only
    /// [`AuthCookies`](crate::AuthCookies) reads either, and only to know whether this is a developer's machine.
    fn authority(&self) -> Option<&str> {
        None
    }

    /// The address at the other end of the connection.
    fn peer(&self) -> Option<IpAddr>;
}

/// The address at the other end of the connection, in the extensions of an [`http::Request`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a newtype to be constructed")]
pub struct PeerAddr(pub IpAddr);

impl RequestView for Parts {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn path(&self) -> &str {
        self.uri.path()
    }

    fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    fn each_header<'a>(&'a self, name: &HeaderName, each: &mut dyn FnMut(&'a [u8])) {
        for value in self.headers.get_all(name) {
            each(value.as_bytes());
        }
    }

    fn authority(&self) -> Option<&str> {
        self.uri.authority().map(http::uri::Authority::as_str)
    }

    fn peer(&self) -> Option<IpAddr> {
        self.extensions.get::<PeerAddr>().map(|peer| peer.0)
    }
}
