use std::{net::SocketAddr, time::Duration};

use auth_core::{Auth, Swept};
use axum::{Json, Router, extract::State, http::StatusCode, middleware, response::IntoResponse, routing::get};
use axum_server::Handle;
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    Failure, Settings,
    metrics::{self, Measured, Metrics},
    setup::{self, Parts},
};

/// How long requests under way may take once it is told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until it is told to stop; requests under way are answered first.
pub(crate) async fn serve(settings: &Settings) -> Result<(), Failure> {
    let idle_timeout = setup::idle_timeout(settings)?;
    let listener = TcpListener::bind(setup::addr(settings)).await?;
    let addr = listener.local_addr()?;
    let metrics = Metrics::default();
    let parts = Parts {
        metrics: Some(metrics.clone()),
    };
    let auth = setup::auth(settings, addr, &parts).await?;
    auth.migrate().await?;
    tokio::spawn(sweep(auth.clone(), metrics.clone()));
    let measured = Measured {
        auth: auth.clone(),
        metrics,
    };
    if let Some(addr) = settings.metrics_addr {
        show_metrics(addr, measured.clone()).await?;
    }
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener.into_std()?)?
        .http1_only()
        .handle(handle.clone());
    // axum's own server waits for ever for half a request.
    server.http_builder().http1().header_read_timeout(idle_timeout);
    tokio::spawn(async move {
        told_to_stop().await;
        handle.graceful_shutdown(Some(DRAIN));
    });
    println!("listening on http://{addr}");
    let service = app(measured).into_make_service_with_connect_info::<SocketAddr>();
    let served = server.serve(service).await;
    auth.flush_events().await;
    Ok(served?)
}

/// What Prometheus reads, on an address that the outside does not see: it tells which answers are how frequent, and so who has
/// an account. Ends with the process.
async fn show_metrics(addr: SocketAddr, measured: Measured) -> Result<(), Failure> {
    let listener = TcpListener::bind(addr).await?;
    let routes = Router::new().route("/metrics", get(metrics::show)).with_state(measured);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(())
}

/// The library's routes, and beside them what an operator reads.
fn app(measured: Measured) -> Router {
    let routes = auth_axum::routes(&measured.auth);
    let app = match measured.auth.base_path() {
        "/" => Router::new().fallback_service(routes),
        path => Router::new().nest_service(path, routes),
    };
    app.route("/health", get(health))
        .with_state(measured.clone())
        .layer(middleware::from_fn_with_state(measured, metrics::count))
}

/// Whether the database answers; GoTrue's members.
async fn health(State(measured): State<Measured>) -> impl IntoResponse {
    let status = match measured.auth.ping().await {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            tracing::error!(target: "auth", error = &error as &dyn std::error::Error, "the database does not answer");
            StatusCode::SERVICE_UNAVAILABLE
        }
    };
    let answer = json!({
        "name": "auth-server",
        "version": env!("CARGO_PKG_VERSION"),
        "description": env!("CARGO_PKG_DESCRIPTION"),
    });
    (status, Json(answer))
}

/// Deletes what is over, once an hour.
async fn sweep(auth: Auth, metrics: Metrics) {
    metrics.count_swept(Swept::default());
    let mut hourly = tokio::time::interval(Duration::from_secs(3_600));
    loop {
        hourly.tick().await;
        match auth.delete_expired().await {
            Ok(swept) => metrics.count_swept(swept),
            Err(error) => {
                tracing::warn!(target: "auth", error = &error as &dyn std::error::Error, "not everything was swept");
            }
        }
    }
}

/// Ctrl-C or SIGTERM. Where neither can be waited for, the server runs until it is killed.
async fn told_to_stop() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
