//! The application without a framework: what a layer and handlers do, done by hand over the core.

use std::{net::IpAddr, rc::Rc, time::Duration};

use auth_core::{Auth, AuthRequest, Passage, PeerAddr, Requirement, VerifySession};
use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode};
use serde_json::json;

use super::{app::Answering, documented::Asked};

pub(super) fn driver(auth: Auth) -> Rc<dyn Fn(Request<Bytes>, IpAddr) -> Answering> {
    Rc::new(move |mut request, ip| {
        let auth = auth.clone();
        request.extensions_mut().insert(PeerAddr(ip));
        Box::pin(async move {
            let shared = AuthRequest::unseen(&auth);
            request.extensions_mut().insert(shared.clone());
            let path = request.uri().path();
            let is_mounted = match auth.base_path() {
                "/" => !OWN_PATHS.contains(&path),
                base => path
                    .strip_prefix(base)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            };
            let mut response = if is_mounted {
                let asked = Asked::of(&auth, &request);
                let response = auth.handle(request).await;
                if let Some(asked) = asked {
                    asked.check(&auth, &response).await;
                }
                response
            } else {
                answer(&shared, request).await
            };
            shared.take_effects().apply(response.headers_mut());
            response
        })
    })
}

/// What the application answers itself, wherever the library's routes are.
const OWN_PATHS: &[&str] = &[
    "/broken",
    "/cached",
    "/checked",
    "/cookies",
    "/cors",
    "/fresh",
    "/guarded",
    "/lenient",
    "/many",
    "/maybe",
    "/me",
    "/maybe_session",
    "/optional",
    "/public",
    "/session",
    "/write",
];

async fn answer(shared: &AuthRequest, request: Request<Bytes>) -> Response<Bytes> {
    let (parts, _) = request.into_parts();
    if let Some(guard) = guard(parts.uri.path()) {
        shared.observe(&parts);
        match shared.require(guard).await {
            Ok(Passage::Open) => {}
            Ok(Passage::Answer(answer)) => return *answer,
            Err(error) => return shared.refusal(&error),
        }
    }
    let asked = || {
        shared.observe(&parts);
        shared
    };
    let text = |text: String| Response::new(Bytes::from(text));
    let result = match parts.uri.path() {
        "/public" => Ok(text("public".to_owned())),
        "/me" | "/guarded" | "/write" => asked().require_user().await.map(|(_, user)| text(user.id.to_string())),
        "/session" | "/fresh" => asked()
            .require_session()
            .await
            .map(|session| text(session.id.to_string())),
        "/maybe" => asked().validate_user().await.map(|found| {
            let id = found.map(|(_, user)| user.id.to_string());
            text(json!({ "user": id }).to_string())
        }),
        "/maybe_session" => asked().validate().await.map(|found| {
            let id = found.map(|session| session.id.to_string());
            text(json!({ "session": id }).to_string())
        }),
        "/optional" => optional(asked()).await.map(text),
        "/checked" => Ok(text("checked".to_owned())),
        "/lenient" => Ok(text("lenient".to_owned())),
        "/cors" => Ok(shared.auth().preflight(&parts, "GET, POST").unwrap_or_else(|| {
            let mut response = text(String::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        })),
        "/many" => many(asked()).await.map(text),
        "/broken" => asked().validate().await.map(|_| {
            let mut response = text("broken".to_owned());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }),
        "/cached" => asked().validate().await.map(|_| {
            let mut response = text("cached".to_owned());
            let (name, value) = CACHED;
            response.headers_mut().insert(name, HeaderValue::from_static(value));
            response
        }),
        "/cookies" => asked().validate().await.map(|_| {
            let mut response = text("cookies".to_owned());
            for cookie in OWN_COOKIES {
                response
                    .headers_mut()
                    .append("set-cookie", HeaderValue::from_static(cookie));
            }
            response
        }),
        _ => {
            let mut response = text(String::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            Ok(response)
        }
    };
    result.unwrap_or_else(|error| asked().refusal(&error))
}

/// What stands before some of the paths.
fn guard(path: &str) -> Option<Requirement> {
    match path {
        "/checked" => Some(Requirement::Session(CHECKED())),
        "/fresh" => Some(Requirement::Fresh(FRESH)),
        "/guarded" => Some(Requirement::User),
        "/lenient" => Some(Requirement::Session(LENIENT())),
        _ => None,
    }
}

/// Asks the store, and for the anti-CSRF value whatever the method.
pub(super) const CHECKED: fn() -> VerifySession = || VerifySession::default().check_store(true).anti_csrf(true);

/// Takes anybody, and asks for nothing.
pub(super) const LENIENT: fn() -> VerifySession = || VerifySession::default().optional(true).anti_csrf(false);

pub(super) const FRESH: Duration = Duration::from_secs(600);

/// What an application says that does not think of cookies.
pub(super) const CACHED: (&str, &str) = ("cache-control", "public, max-age=300");

/// What the application sets itself; the second has the library's name.
pub(super) const OWN_COOKIES: [&str; 2] = ["theme=dark; Path=/", "__Host-auth_session=forged; Secure; Path=/"];

/// Session and user, asked for one after the other.
async fn optional(request: &AuthRequest) -> auth_core::Result<String> {
    let session = request.validate().await?.map(|session| session.id.to_string());
    let user = request.validate_user().await?.map(|(_, user)| user.id.to_string());
    Ok(json!({ "session": session, "user": user }).to_string())
}

/// Eight questions at once, and how many different sessions they found.
pub(super) async fn many(request: &AuthRequest) -> auth_core::Result<String> {
    let asked = (0..4).map(|_| async {
        let (session, user) = tokio::join!(request.validate(), request.validate_user());
        Ok::<_, auth_core::Error>((
            session?.map(|session| session.id.clone()),
            user?.map(|(session, _)| session.id.clone()),
        ))
    });
    let mut ids = Vec::new();
    for answer in futures_util::future::join_all(asked).await {
        let (one, two) = answer?;
        ids.extend([one, two].into_iter().flatten());
    }
    let found = ids.len();
    ids.dedup();
    Ok(format!("{found} {}", ids.len()))
}
