use crate::{
    error::ErrorKind,
    http::{Answer, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[
    RouteDoc {
        route: ("POST", "/session/refresh"),
        name: "refresh_session",
        summary: "Renews the tokens of a session, where the request has its own; only with the token strategy.",
        answers: &[Answer::Json("Empty")],
        refusals: &[
            ErrorKind::AmbiguousCookies,
            ErrorKind::NotFound,
            ErrorKind::RefreshConflict,
            ErrorKind::Throttled,
            ErrorKind::TokenTheft,
            ErrorKind::TryRefreshToken,
            ErrorKind::Unauthorised,
        ],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("GET", "/.well-known/jwks.json"),
        name: "published_keys",
        summary: "The public keys of access tokens (RFC 7517); only with the token strategy.",
        answers: &[Answer::Json("Keys")],
        refusals: &[ErrorKind::NotFound],
        ..RouteDoc::PLAIN
    },
];
