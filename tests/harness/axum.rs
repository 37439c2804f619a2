use std::{net::IpAddr, net::SocketAddr, rc::Rc};

use auth_axum::{
    AuthLayer, AuthRejection, AuthRequest, CurrentSession, CurrentUser, MaybeSession, MaybeUser, require_fresh,
    require_user, verify_session,
};
use auth_core::Auth;
use axum::{
    Json, Router,
    extract::ConnectInfo,
    http::StatusCode,
    response::{AppendHeaders, IntoResponse},
    routing::{any, get},
};
use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use serde_json::json;
use tower::ServiceExt;

use super::{
    app::Answering,
    core::{CACHED, CHECKED, FRESH, LENIENT, OWN_COOKIES, many},
};

pub(super) fn driver(auth: Auth) -> Rc<dyn Fn(Request<Bytes>, IpAddr) -> Answering> {
    let app = router(auth);
    Rc::new(move |mut request, ip| {
        let app = app.clone();
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::new(ip, 40_000)));
        Box::pin(async move {
            let response = app.oneshot(request.map(axum::body::Body::from)).await.unwrap();
            let (parts, body) = response.into_parts();
            http::Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
        })
    })
}

pub(super) fn router(auth: Auth) -> Router {
    let guarded = Router::new()
        .route(
            "/guarded",
            get(|user: CurrentUser| async move { user.id().to_string() }),
        )
        .route_layer(require_user());
    let fresh = Router::new()
        .route(
            "/fresh",
            get(|session: CurrentSession| async move { session.id.to_string() }),
        )
        .route_layer(require_fresh(FRESH));
    let checked = Router::new()
        .route("/checked", any(|| async { "checked" }))
        .route_layer(verify_session(CHECKED()));
    let lenient = Router::new()
        .route("/lenient", any(|| async { "lenient" }))
        .route_layer(verify_session(LENIENT()));
    let routes = auth_axum::routes(&auth);
    let mounted = match auth.base_path() {
        "/" => Router::new().fallback_service(routes),
        path => Router::new().nest_service(path, routes),
    };
    mounted
        .route("/public", get(|| async { "public" }))
        .route("/me", any(|user: CurrentUser| async move { user.id().to_string() }))
        .route("/write", any(|user: CurrentUser| async move { user.id().to_string() }))
        .route(
            "/session",
            get(|session: CurrentSession| async move { session.id.to_string() }),
        )
        .route("/maybe", get(maybe))
        .route("/maybe_session", get(maybe_session))
        .route("/optional", get(optional))
        .route("/many", get(ask_many))
        .route("/broken", get(broken))
        .route("/cached", get(cached))
        .route("/cookies", get(cookies))
        .route(
            "/cors",
            any({
                let auth = auth.clone();
                async move |request: axum::extract::Request| {
                    let (parts, _) = request.into_parts();
                    auth_axum::preflight(&auth, &parts, "GET, POST")
                        .unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
                }
            }),
        )
        .merge(guarded)
        .merge(fresh)
        .merge(checked)
        .merge(lenient)
        .layer(AuthLayer::new(auth))
}

async fn maybe(MaybeUser(user): MaybeUser) -> impl IntoResponse {
    Json(json!({ "user": user.map(|user| user.id().to_string()) }))
}

async fn maybe_session(MaybeSession(session): MaybeSession) -> impl IntoResponse {
    Json(json!({ "session": session.map(|session| session.id.to_string()) }))
}

async fn optional(session: Option<CurrentSession>, user: Option<CurrentUser>) -> impl IntoResponse {
    Json(json!({
        "session": session.map(|session| session.id.to_string()),
        "user": user.map(|user| user.id().to_string()),
    }))
}

async fn ask_many(request: AuthRequest) -> Result<String, AuthRejection> {
    many(&request).await.map_err(|error| request.reject(error))
}

async fn broken(request: AuthRequest) -> Result<impl IntoResponse, AuthRejection> {
    request.validate().await.map_err(|error| request.reject(error))?;
    Ok((StatusCode::INTERNAL_SERVER_ERROR, "broken"))
}

async fn cached(request: AuthRequest) -> Result<impl IntoResponse, AuthRejection> {
    request.validate().await.map_err(|error| request.reject(error))?;
    Ok(([CACHED], "cached"))
}

async fn cookies(request: AuthRequest) -> Result<impl IntoResponse, AuthRejection> {
    request.validate().await.map_err(|error| request.reject(error))?;
    Ok((
        AppendHeaders(OWN_COOKIES.map(|cookie| ("set-cookie", cookie))),
        "cookies",
    ))
}
