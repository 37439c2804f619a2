//! The table of routes, as data: each flow contributes its rows.

use std::{future::Future, pin::Pin};

use crate::{
    error::Result,
    flows::{
        admin, auth_cookie, confirmation, invite, magic_link, password, reauthentication, recovery, service, sessions,
        tokens, users, verify,
    },
};

use super::{Call, Reply, RouteDoc};

/// One route: a method, a path below the base path, and who answers.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    /// Segments; `{}` stands for any one.
    pub(crate) path: &'static str,
    pub(crate) handler: Handler,
}

pub(crate) type Handler = fn(Call) -> Pin<Box<dyn Future<Output = Result<Reply>> + Send>>;

/// Every route, in the order of the manual.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    [
        password::routes::ROUTES,
        auth_cookie::routes::ROUTES,
        confirmation::routes::ROUTES,
        magic_link::routes::ROUTES,
        verify::routes::ROUTES,
        recovery::routes::ROUTES,
        invite::routes::ROUTES,
        admin::routes::ROUTES,
        reauthentication::routes::ROUTES,
        users::routes::ROUTES,
        sessions::routes::ROUTES,
        tokens::routes::ROUTES,
        service::routes::ROUTES,
    ]
    .into_iter()
    .flatten()
}

/// What is told about them, in the same order.
pub(crate) fn docs() -> impl Iterator<Item = &'static RouteDoc> {
    [
        password::docs::DOCS,
        auth_cookie::docs::DOCS,
        confirmation::docs::DOCS,
        magic_link::docs::DOCS,
        verify::docs::DOCS,
        recovery::docs::DOCS,
        invite::docs::DOCS,
        admin::docs::DOCS,
        reauthentication::docs::DOCS,
        users::docs::DOCS,
        sessions::docs::DOCS,
        tokens::docs::DOCS,
        service::docs::DOCS,
    ]
    .into_iter()
    .flatten()
}

impl Route {
    /// The parameters, if the path is this route's. Exact: no trailing slash, no decoding, no prefix.
    pub(crate) fn parameters(&self, path: &str) -> Option<Vec<String>> {
        let mut parameters = Vec::new();
        let mut given = path.split('/');
        for expected in self.path.split('/') {
            let segment = given.next()?;
            if expected == "{}" {
                if segment.is_empty() {
                    return None;
                }
                parameters.push(segment.to_owned());
            } else if expected != segment {
                return None;
            }
        }
        given.next().is_none().then_some(parameters)
    }
}

/// Writes the rows of a flow: `routes! { "POST" "/signup" => sign_up, … }`.
macro_rules! routes {
    ($($method:literal $path:literal => $handler:path,)+) => {
        pub(crate) const ROUTES: &[$crate::http::Route] = &[$(
            $crate::http::Route {
                method: $method,
                path: $path,
                handler: |call| Box::pin($handler(call)),
            },
        )+];
    };
}
pub(crate) use routes;
