use std::{net::IpAddr, net::SocketAddr, rc::Rc};

use actix_web::{
    App, HttpResponse,
    body::to_bytes,
    dev::Service,
    test::{TestRequest, init_service},
    web::{self, ServiceConfig},
};
use auth_actix::{
    AuthMiddleware, AuthRejection, AuthRequest, CurrentSession, CurrentUser, MaybeSession, MaybeUser, require_fresh,
    require_user, verify_session,
};
use auth_core::Auth;
use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;

use super::{
    app::Answering,
    core::{CACHED, CHECKED, FRESH, LENIENT, OWN_COOKIES, many},
};

pub(super) async fn driver(auth: Auth) -> Rc<dyn Fn(Request<Bytes>, IpAddr) -> Answering> {
    let app = App::new()
        .wrap(AuthMiddleware::new(auth.clone()))
        .configure(configure(auth));
    let app = Rc::new(init_service(app).await);
    Rc::new(move |request, ip| {
        let app = Rc::clone(&app);
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let mut converted = TestRequest::default()
                .method(parts.method.as_str().parse().unwrap())
                .uri(&parts.uri.to_string())
                .peer_addr(SocketAddr::new(ip, 40_000))
                .set_payload(body);
            for (name, value) in &parts.headers {
                converted = converted.append_header((name.as_str(), value.as_bytes()));
            }
            let response = match app.call(converted.to_request()).await {
                Ok(response) => response.into_parts().1.map_into_boxed_body(),
                // What the server makes of an error that reaches it.
                Err(error) => error.error_response(),
            };
            let mut answer = Response::builder().status(response.status().as_u16());
            for (name, value) in response.headers() {
                answer = answer.header(name.as_str(), value.as_bytes());
            }
            let body = to_bytes(response.into_body()).await.unwrap();
            answer.body(body).unwrap()
        })
    })
}

pub(super) fn configure(auth: Auth) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .route("/public", web::get().to(|| async { "public" }))
            .route("/me", web::to(|user: CurrentUser| async move { user.id().to_string() }))
            .route(
                "/write",
                web::to(|user: CurrentUser| async move { user.id().to_string() }),
            )
            .route(
                "/session",
                web::get().to(|session: CurrentSession| async move { session.id.to_string() }),
            )
            .route("/maybe", web::get().to(maybe))
            .route("/maybe_session", web::get().to(maybe_session))
            .route("/optional", web::get().to(optional))
            .route("/many", web::get().to(ask_many))
            .route("/broken", web::get().to(broken))
            .route("/cached", web::get().to(cached))
            .route("/cookies", web::get().to(cookies))
            .route(
                "/cors",
                web::to({
                    let auth = auth.clone();
                    move |request: actix_web::HttpRequest| {
                        let answer = auth_actix::preflight(&auth, &request, "GET, POST");
                        async move { answer.unwrap_or_else(|| HttpResponse::NotFound().finish()) }
                    }
                }),
            )
            .service(
                web::resource("/guarded")
                    .wrap(require_user())
                    .route(web::get().to(|user: CurrentUser| async move { user.id().to_string() })),
            )
            .service(
                web::resource("/fresh")
                    .wrap(require_fresh(FRESH))
                    .route(web::get().to(|session: CurrentSession| async move { session.id.to_string() })),
            )
            .service(
                web::resource("/checked")
                    .wrap(verify_session(CHECKED()))
                    .route(web::to(|| async { "checked" })),
            )
            .service(
                web::resource("/lenient")
                    .wrap(verify_session(LENIENT()))
                    .route(web::to(|| async { "lenient" })),
            )
            // Last: at `/` they answer everything.
            .service(auth_actix::routes(&auth));
    }
}

async fn maybe(MaybeUser(user): MaybeUser) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "user": user.map(|user| user.id().to_string()) }))
}

async fn maybe_session(MaybeSession(session): MaybeSession) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "session": session.map(|session| session.id.to_string()) }))
}

/// There is no `Option<…>` here: actix-web would make `None` of a failing store.
async fn optional(MaybeSession(session): MaybeSession, MaybeUser(user): MaybeUser) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "session": session.map(|session| session.id.to_string()),
        "user": user.map(|user| user.id().to_string()),
    }))
}

async fn ask_many(request: AuthRequest) -> Result<String, AuthRejection> {
    many(&request).await.map_err(|error| request.reject(error))
}

async fn broken(request: AuthRequest) -> Result<HttpResponse, AuthRejection> {
    request.validate().await.map_err(|error| request.reject(error))?;
    Ok(HttpResponse::InternalServerError().body("broken"))
}

async fn cached(request: AuthRequest) -> Result<HttpResponse, AuthRejection> {
    request.validate().await.map_err(|error| request.reject(error))?;
    Ok(HttpResponse::Ok().append_header(CACHED).body("cached"))
}

async fn cookies(request: AuthRequest) -> Result<HttpResponse, AuthRejection> {
    request.validate().await.map_err(|error| request.reject(error))?;
    let mut response = HttpResponse::Ok();
    for cookie in OWN_COOKIES {
        response.append_header(("set-cookie", cookie));
    }
    Ok(response.body("cookies"))
}
