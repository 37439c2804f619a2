//! An extractor without its layer or middleware is a loud 500 that names the fix.

use actix_web::test::{TestRequest, call_service, init_service, read_body};
use http_body_util::BodyExt;
use tower::ServiceExt;

const PATHS: [&str; 5] = ["/request", "/user", "/session", "/maybe", "/guarded"];

#[tokio::test]
async fn axum_names_the_layer() {
    use axum::{Router, routing::get};
    let app: Router = Router::new()
        .route("/guarded", get(|| async { "" }))
        .route_layer(auth_axum::require_user())
        .route("/request", get(|_: auth_axum::AuthRequest| async { "" }))
        .route("/user", get(|_: auth_axum::CurrentUser| async { "" }))
        .route("/session", get(|_: auth_axum::CurrentSession| async { "" }))
        .route("/maybe", get(|_: Option<auth_axum::CurrentUser>| async { "" }));
    for path in PATHS {
        let request = http::Request::get(path).body(axum::body::Body::empty()).unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 500);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(
            String::from_utf8_lossy(&body).contains("AuthLayer::new(auth)"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn actix_names_the_middleware() {
    use actix_web::{App, web};
    let app = App::new()
        .route("/request", web::get().to(|_: auth_actix::AuthRequest| async { "" }))
        .route("/user", web::get().to(|_: auth_actix::CurrentUser| async { "" }))
        .route("/session", web::get().to(|_: auth_actix::CurrentSession| async { "" }))
        .route("/maybe", web::get().to(|_: auth_actix::MaybeUser| async { "" }))
        .service(
            web::resource("/guarded")
                .wrap(auth_actix::require_user())
                .route(web::get().to(|| async { "" })),
        );
    let app = init_service(app).await;
    for path in PATHS {
        let response = call_service(&app, TestRequest::with_uri(path).to_request()).await;
        assert_eq!(response.status(), 500);
        let body = read_body(response).await;
        assert!(
            String::from_utf8_lossy(&body).contains("AuthMiddleware::new(auth)"),
            "{path}"
        );
    }
}
