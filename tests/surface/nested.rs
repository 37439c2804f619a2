//! An application whose routes, and the library's, live below a path of their own: what is told to the browser is the path it
//! knows, whatever routers have stripped, and both frameworks tell it the same.

use std::{future::Future, pin::Pin};

use actix_web::{
    App,
    body::to_bytes,
    dev::Service,
    test::{TestRequest, init_service},
    web,
};
use auth_core::{Auth, CookieConfig, RefreshAt, Secret, Tokens, adapters::MemoryAdapter};
use axum::{Router, routing::get};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{PASSWORD, passwords};

/// Where the layer or middleware is: around everything, or around what is nested only.
#[derive(Clone, Copy, Debug)]
enum Layer {
    Inside,
    Outside,
}

type Answering = Pin<Box<dyn Future<Output = Response<Bytes>>>>;
type Ask = Box<dyn Fn(Request<Bytes>) -> Answering>;

fn auth() -> Auth {
    Auth::builder(MemoryAdapter::default())
        .secret(Secret::new("a secret of the tests, 32 bytes and more"))
        .base_url("https://app.example.com")
        .base_path("/v1/auth")
        .sign_in_page("/sign-in")
        .passwords(passwords())
        .sessions(Tokens::default().refresh_at(RefreshAt::Endpoint))
        .cookie(CookieConfig::default().path("/v1"))
        .build()
        .unwrap()
}

fn in_axum(layer: Layer) -> Ask {
    use auth_axum::{AuthLayer, CurrentUser, require_user};

    let auth = auth();
    let notes = Router::new()
        .route(
            "/notes",
            get(|user: CurrentUser| async move { user.email.clone().unwrap_or_default() }),
        )
        .route_layer(require_user());
    let nested = Router::new()
        .nest_service("/auth", auth_axum::routes(&auth))
        .merge(notes);
    let app: Router = match layer {
        Layer::Inside => Router::new().nest("/v1", nested.layer(AuthLayer::new(auth))),
        Layer::Outside => Router::new().nest("/v1", nested).layer(AuthLayer::new(auth)),
    };
    Box::new(move |request| {
        let app = app.clone();
        Box::pin(async move {
            let response = app.oneshot(request.map(axum::body::Body::from)).await.unwrap();
            let (parts, body) = response.into_parts();
            Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
        })
    })
}

async fn in_actix(layer: Layer) -> Ask {
    use auth_actix::{AuthMiddleware, CurrentUser, require_user};

    let auth = auth();
    let nested = |auth: &Auth| {
        let notes = web::resource("/notes")
            .wrap(require_user())
            .route(web::get().to(|user: CurrentUser| async move { user.email.clone().unwrap_or_default() }));
        web::scope("/v1")
            .service(auth_actix::routes(auth).at("/auth"))
            .service(notes)
    };
    macro_rules! asking {
        ($app:expr) => {{
            let app = std::rc::Rc::new(init_service($app).await);
            Box::new(move |request: Request<Bytes>| {
                let app = std::rc::Rc::clone(&app);
                Box::pin(async move {
                    let (parts, body) = request.into_parts();
                    let mut converted = TestRequest::with_uri(&parts.uri.to_string())
                        .method(parts.method.as_str().parse().unwrap())
                        .set_payload(body);
                    for (name, value) in &parts.headers {
                        converted = converted.append_header((name.as_str(), value.as_bytes()));
                    }
                    let response = app.call(converted.to_request()).await.unwrap().into_parts().1;
                    let mut answer = Response::builder().status(response.status().as_u16());
                    for (name, value) in response.headers() {
                        answer = answer.header(name.as_str(), value.as_bytes());
                    }
                    answer.body(to_bytes(response.into_body()).await.ok().unwrap()).unwrap()
                }) as Answering
            })
        }};
    }
    match layer {
        Layer::Inside => asking!(App::new().service(nested(&auth).wrap(AuthMiddleware::new(auth)))),
        Layer::Outside => asking!(App::new().service(nested(&auth)).wrap(AuthMiddleware::new(auth))),
    }
}

#[tokio::test]
async fn axum_tells_the_path_the_browser_knows() {
    for layer in [Layer::Inside, Layer::Outside] {
        visit(in_axum(layer), layer).await;
    }
}

#[tokio::test]
async fn actix_tells_the_path_the_browser_knows() {
    for layer in [Layer::Inside, Layer::Outside] {
        visit(in_actix(layer).await, layer).await;
    }
}

/// Somebody who is sent to sign in, signs up, is let in, renews, and signs out by a form.
async fn visit(ask: Ask, layer: Layer) {
    let person = |path: &str| Request::get(path).header("accept", "text/html");
    let refused = ask(person("/v1/notes?page=2").body(Bytes::new()).unwrap()).await;
    assert_eq!(
        (refused.status().as_u16(), header(&refused, "location")),
        (303, Some("/sign-in?redirect_to=%2Fv1%2Fnotes%3Fpage%3D2")),
        "{layer:?}"
    );
    let script = ask(Request::get("/v1/notes").body(Bytes::new()).unwrap()).await;
    assert_eq!(script.status(), 401, "{layer:?}");

    let post = |path: &str, cookies: &str, kind: &str, body: String| {
        Request::post(path)
            .header("origin", "https://app.example.com")
            .header("cookie", cookies)
            .header("content-type", kind)
            .body(Bytes::from(body))
            .unwrap()
    };
    let new = json!({ "email": "ada@example.com", "password": PASSWORD }).to_string();
    for elsewhere in ["/auth/signup", "/v1/signup", "/v1/v1/auth/signup"] {
        let answer = ask(post(elsewhere, "a=b", "application/json", new.clone())).await;
        assert_eq!(answer.status(), 404, "{layer:?} {elsewhere}");
    }
    let signed_up = ask(post("/v1/auth/signup", "a=b", "application/json", new)).await;
    assert_eq!(signed_up.status(), 200, "{layer:?}");
    assert_eq!(
        set(&signed_up),
        [
            ("__Secure-auth_access".to_owned(), "/v1".to_owned()),
            (
                "__Secure-auth_refresh".to_owned(),
                "/v1/auth/session/refresh".to_owned()
            ),
            ("__Secure-auth_marker".to_owned(), "/v1".to_owned()),
        ],
        "{layer:?}"
    );

    let to_notes = sent(&signed_up, "/v1/notes");
    assert!(!to_notes.contains("refresh"), "{layer:?} {to_notes}");
    let notes = ask(person("/v1/notes")
        .header("cookie", &to_notes)
        .body(Bytes::new())
        .unwrap())
    .await;
    assert_eq!(
        (notes.status().as_u16(), notes.body().as_ref()),
        (200, b"ada@example.com".as_slice()),
        "{layer:?}"
    );
    let user = Request::get("/v1/auth/user").header("cookie", &to_notes);
    let user: Value = serde_json::from_slice(ask(user.body(Bytes::new()).unwrap()).await.body()).unwrap();
    assert_eq!(user["email"], "ada@example.com", "{layer:?}");

    let refresh = "/v1/auth/session/refresh";
    let renewed = ask(post(
        refresh,
        &sent(&signed_up, refresh),
        "application/json",
        String::new(),
    ))
    .await;
    assert_eq!(
        (renewed.status().as_u16(), set(&renewed)),
        (200, set(&signed_up)),
        "{layer:?}"
    );

    let form = "application/x-www-form-urlencoded";
    let leaving = post(
        "/v1/auth/logout",
        &sent(&renewed, "/v1/auth/logout"),
        form,
        "redirect_to=/v1/bye".to_owned(),
    );
    let left = ask(leaving).await;
    assert_eq!(
        (left.status().as_u16(), header(&left, "location"), set(&left)),
        (303, Some("/v1/bye"), set(&signed_up)),
        "{layer:?}"
    );
    let over = ask(person("/v1/notes")
        .header("cookie", sent(&renewed, "/v1/notes"))
        .body(Bytes::new())
        .unwrap())
    .await;
    assert_eq!(over.status(), 303, "{layer:?}: an access token whose session has ended");
}

fn header<'a>(answer: &'a Response<Bytes>, name: &str) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

/// The cookies of an answer: pair and path.
fn cookies(answer: &Response<Bytes>) -> Vec<(&str, &str)> {
    let cookies = answer.headers().get_all("set-cookie").iter();
    cookies
        .map(|cookie| {
            let (pair, attributes) = cookie.to_str().unwrap().split_once("; ").unwrap();
            let path = attributes.split("; ").find_map(|part| part.strip_prefix("Path="));
            (pair, path.unwrap())
        })
        .collect()
}

/// Their names and paths.
fn set(answer: &Response<Bytes>) -> Vec<(String, String)> {
    let named = |(pair, path): (&str, &str)| (pair.split_once('=').unwrap().0.to_owned(), path.to_owned());
    cookies(answer).into_iter().map(named).collect()
}

/// What a browser sends of them to a path.
fn sent(answer: &Response<Bytes>, path: &str) -> String {
    let sent = cookies(answer).into_iter().filter(|(_, scope)| path.starts_with(scope));
    sent.map(|(pair, _)| pair).collect::<Vec<_>>().join("; ")
}
