//! The notes application on axum.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use auth_axum::{AuthLayer, AuthRequest, CurrentUser, MaybeUser};
use auth_core::Auth;
use axum::{
    Form, Json, Router,
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use notes::{AccountView, Notes, Pages, Visit};
use serde::Deserialize;
use serde_json::json;

/// The whole application.
pub fn app(auth: Auth, notes: Notes, pages: Pages) -> Router {
    let state = AppState {
        auth: auth.clone(),
        notes,
        pages: Arc::new(pages),
    };
    Router::new()
        .route("/", get(home))
        .route("/me", get(me))
        .route("/notes", post(add_note))
        .route("/notes/{id}/delete", post(delete_note))
        .route("/sign-in", get(sign_in))
        .route("/sign-in/code", get(sign_in_code))
        .route("/sign-up", get(sign_up))
        .route("/check-mail", get(check_mail))
        .route("/forgot-password", get(forgot_password))
        .route("/new-password", get(new_password))
        .route("/account", get(account))
        .route("/style.css", get(style))
        .with_state(state)
        .nest_service(auth.base_path(), auth_axum::routes(&auth))
        .layer(AuthLayer::new(auth))
}

/// Serves the application until Ctrl-C.
///
/// # Errors
/// When the server fails.
pub async fn serve(listener: tokio::net::TcpListener, app: Router) -> std::io::Result<()> {
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(listener, service).with_graceful_shutdown(async { _ = stopped.await });
    let drained = async {
        interrupted().await;
        drop(stop);
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving.into_future() => served,
        // Whoever has sent half a request by then is not waited for.
        () = drained => Ok(()),
    }
}

/// How long requests under way may take after Ctrl-C.
const DRAIN: Duration = Duration::from_secs(10);

/// Ctrl-C. Without a signal to wait for, the server runs until it is killed.
async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

#[derive(Clone)]
struct AppState {
    auth: Auth,
    notes: Notes,
    pages: Arc<Pages>,
}

async fn me(user: CurrentUser) -> Json<serde_json::Value> {
    Json(json!({ "id": user.id().as_str(), "email": user.email }))
}

async fn home(
    State(state): State<AppState>,
    MaybeUser(user): MaybeUser,
    Query(visit): Query<Visit>,
) -> Result<Response, Failure> {
    let page = match user {
        Some(user) => {
            let notes = state.notes.of(user.id().as_str()).await.map_err(Failure::of)?;
            state.pages.notes(&visit, &user, &notes)
        }
        None => state.pages.home(&visit),
    };
    html(page)
}

#[derive(Deserialize)]
struct NewNote {
    text: String,
}

async fn add_note(
    user: CurrentUser,
    State(state): State<AppState>,
    Form(note): Form<NewNote>,
) -> Result<Redirect, Failure> {
    state
        .notes
        .add(user.id().as_str(), &note.text)
        .await
        .map_err(Failure::of)?;
    Ok(Redirect::to("/"))
}

async fn delete_note(
    user: CurrentUser,
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Result<Redirect, Failure> {
    state.notes.delete(user.id().as_str(), id).await.map_err(Failure::of)?;
    Ok(Redirect::to("/"))
}

async fn sign_in(State(state): State<AppState>, Query(visit): Query<Visit>) -> Result<Response, Failure> {
    html(state.pages.sign_in(&visit))
}

async fn sign_in_code(State(state): State<AppState>, Query(visit): Query<Visit>) -> Result<Response, Failure> {
    html(state.pages.sign_in_code(&visit))
}

async fn sign_up(State(state): State<AppState>, Query(visit): Query<Visit>) -> Result<Response, Failure> {
    html(state.pages.sign_up(&visit))
}

async fn check_mail(State(state): State<AppState>, Query(visit): Query<Visit>) -> Result<Response, Failure> {
    html(state.pages.check_mail(&visit))
}

async fn forgot_password(State(state): State<AppState>, Query(visit): Query<Visit>) -> Result<Response, Failure> {
    html(state.pages.forgot_password(&visit))
}

async fn new_password(
    State(state): State<AppState>,
    MaybeUser(user): MaybeUser,
    Query(visit): Query<Visit>,
) -> Result<Response, Failure> {
    html(state.pages.new_password(&visit, user.as_deref()))
}

async fn account(
    user: CurrentUser,
    request: AuthRequest,
    State(state): State<AppState>,
    Query(visit): Query<Visit>,
) -> Result<Response, Response> {
    let (auth, id) = (&state.auth, user.id());
    let found = async {
        let sessions = auth.get_all_user_sessions(id).await?;
        let keys = auth.get_all_user_keys(id).await?;
        auth_core::Result::Ok((sessions, keys, auth.get_pending_changes(id).await?))
    };
    let (sessions, keys, pending) = found.await.map_err(|error| request.reject(error).into_response())?;
    let view = AccountView {
        user: &user,
        current: user.session(),
        sessions: &sessions,
        keys: &keys,
        pending: &pending,
    };
    html(state.pages.account(&visit, view)).map_err(IntoResponse::into_response)
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], Pages::STYLE)
}

/// Pages show personal things: nobody else may keep them.
fn html(page: notes::Page) -> Result<Response, Failure> {
    let page = page.map_err(Failure::of)?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Html(page)).into_response())
}

/// What went wrong on our side: told to the log, not to the visitor.
struct Failure;

impl Failure {
    fn of(error: impl std::error::Error) -> Self {
        eprintln!("{error}");
        Self
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong.").into_response()
    }
}
