//! The notes application on actix-web.

use actix_web::{
    HttpResponse, ResponseError, Route, guard,
    http::header,
    web::{self, Data, Form, Path, Query, ServiceConfig},
};
use auth_actix::{AuthRejection, AuthRequest, CurrentUser, MaybeUser};
use auth_core::Auth;
use notes::{AccountView, Notes, Pages, Visit};
use serde::Deserialize;
use serde_json::json;

/// The whole application; wrap the `App` in `AuthMiddleware`.
pub fn app(auth: Auth, notes: Notes, pages: Pages) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config
            .service(auth_actix::routes(&auth))
            .app_data(Data::new(auth))
            .app_data(Data::new(notes))
            .app_data(Data::new(pages))
            .route("/", get().to(home))
            .route("/me", get().to(me))
            .route("/notes", web::post().to(add_note))
            .route("/notes/{id}/delete", web::post().to(delete_note))
            .route("/sign-in", get().to(sign_in))
            .route("/sign-in/code", get().to(sign_in_code))
            .route("/sign-up", get().to(sign_up))
            .route("/check-mail", get().to(check_mail))
            .route("/forgot-password", get().to(forgot_password))
            .route("/new-password", get().to(new_password))
            .route("/account", get().to(account))
            .route("/style.css", get().to(style));
    }
}

/// A route for GET and HEAD: actix-web's own does not take HEAD, though it sends the head alone for one.
fn get() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Serves the application until Ctrl-C.
///
/// # Errors
/// When the server fails.
pub async fn serve(listener: std::net::TcpListener, auth: Auth, notes: Notes, pages: Pages) -> std::io::Result<()> {
    actix_web::HttpServer::new(move || {
        actix_web::App::new()
            .wrap(auth_actix::AuthMiddleware::new(auth.clone()))
            .configure(app(auth.clone(), notes.clone(), pages.clone()))
    })
    .listen(listener)?
    .run()
    .await
}

async fn me(user: CurrentUser) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "id": user.id().as_str(), "email": user.email }))
}

async fn home(
    notes: Data<Notes>,
    pages: Data<Pages>,
    MaybeUser(user): MaybeUser,
    visit: Query<Visit>,
) -> Result<HttpResponse, Failure> {
    let page = match user {
        Some(user) => {
            let notes = notes.of(user.id().as_str()).await.map_err(Failure::of)?;
            pages.notes(&visit, &user, &notes)
        }
        None => pages.home(&visit),
    };
    html(page)
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

async fn add_note(user: CurrentUser, notes: Data<Notes>, note: Form<NewNote>) -> Result<HttpResponse, Failure> {
    notes.add(user.id().as_str(), &note.text).await.map_err(Failure::of)?;
    Ok(see_other("/"))
}

async fn delete_note(user: CurrentUser, notes: Data<Notes>, id: Path<i64>) -> Result<HttpResponse, Failure> {
    notes.delete(user.id().as_str(), *id).await.map_err(Failure::of)?;
    Ok(see_other("/"))
}

async fn sign_in(pages: Data<Pages>, visit: Query<Visit>) -> Result<HttpResponse, Failure> {
    html(pages.sign_in(&visit))
}

async fn sign_in_code(pages: Data<Pages>, visit: Query<Visit>) -> Result<HttpResponse, Failure> {
    html(pages.sign_in_code(&visit))
}

async fn sign_up(pages: Data<Pages>, visit: Query<Visit>) -> Result<HttpResponse, Failure> {
    html(pages.sign_up(&visit))
}

async fn check_mail(pages: Data<Pages>, visit: Query<Visit>) -> Result<HttpResponse, Failure> {
    html(pages.check_mail(&visit))
}

async fn forgot_password(pages: Data<Pages>, visit: Query<Visit>) -> Result<HttpResponse, Failure> {
    html(pages.forgot_password(&visit))
}

async fn new_password(
    pages: Data<Pages>,
    MaybeUser(user): MaybeUser,
    visit: Query<Visit>,
) -> Result<HttpResponse, Failure> {
    html(pages.new_password(&visit, user.as_deref()))
}

async fn account(
    user: CurrentUser,
    request: AuthRequest,
    auth: Data<Auth>,
    pages: Data<Pages>,
    visit: Query<Visit>,
) -> actix_web::Result<HttpResponse> {
    let id = user.id();
    let found = async {
        let sessions = auth.get_all_user_sessions(id).await?;
        let keys = auth.get_all_user_keys(id).await?;
        auth_core::Result::Ok((sessions, keys, auth.get_pending_changes(id).await?))
    };
    let (sessions, keys, pending) = found
        .await
        .map_err(|error| -> AuthRejection { request.reject(error) })?;
    let view = AccountView {
        user: &user,
        current: user.session(),
        sessions: &sessions,
        keys: &keys,
        pending: &pending,
    };
    Ok(html(pages.account(&visit, view))?)
}

async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(Pages::STYLE)
}

/// Pages show personal things: nobody else may keep them.
fn html(page: notes::Page) -> Result<HttpResponse, Failure> {
    let page = page.map_err(Failure::of)?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("text/html; charset=utf-8")
        .body(page))
}

fn see_other(target: &'static str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, target))
        .finish()
}

/// What went wrong on our side: told to the log, not to the visitor.
#[derive(Debug)]
struct Failure;

impl Failure {
    fn of(error: impl std::error::Error) -> Self {
        eprintln!("{error}");
        Self
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Something went wrong.")
    }
}

impl ResponseError for Failure {}
