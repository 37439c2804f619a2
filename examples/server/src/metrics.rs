//! What Prometheus reads.

use std::{fmt, sync::Arc};

use auth_core::{Auth, Event, Swept};
use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::Gauge,
    },
    registry::Registry,
};

/// The counters; clones share them.
#[derive(Clone, Default)]
pub(crate) struct Metrics {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    requests: Family<RequestLabels, Counter>,
    events: Family<EventLabels, Counter>,
    messages: Family<MessageLabels, Counter>,
    swept: Family<SweptLabels, Counter>,
    waiting: Gauge,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct EventLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SweptLabels {
    what: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct MessageLabels {
    channel: &'static str,
    outcome: &'static str,
}

impl Metrics {
    pub(crate) fn count_event(&self, event: &Event) {
        let kind = event.kind.as_str();
        self.inner.events.get_or_create(&EventLabels { kind }).inc();
    }

    pub(crate) fn count_message(&self, channel: &'static str, sent: bool) {
        let outcome = if sent { "sent" } else { "failed" };
        self.inner
            .messages
            .get_or_create(&MessageLabels { channel, outcome })
            .inc();
    }

    pub(crate) fn count_swept(&self, swept: Swept) {
        for (what, rows) in [
            ("events", swept.events),
            ("messages", swept.messages),
            ("sessions", swept.sessions),
            ("tokens", swept.tokens),
        ] {
            self.inner.swept.get_or_create(&SweptLabels { what }).inc_by(rows);
        }
    }

    fn text(&self, auth: &Auth) -> Result<String, fmt::Error> {
        let inner = &self.inner;
        inner
            .waiting
            .set(i64::try_from(auth.waiting_password_hashes()).unwrap_or(i64::MAX));
        let mut registry = Registry::with_prefix("auth");
        registry.register("requests", "Requests by route and status", inner.requests.clone());
        registry.register(
            "events",
            "What happened: sign-ins, refusals, changes",
            inner.events.clone(),
        );
        registry.register(
            "messages",
            "Mails and text messages handed over",
            inner.messages.clone(),
        );
        registry.register(
            "password_hashes",
            "Passwords hashed since the start",
            ConstCounter::new(auth.password_hashes()),
        );
        registry.register(
            "password_queue",
            "Passwords that wait to be hashed",
            inner.waiting.clone(),
        );
        registry.register("swept_rows", "What was over and is deleted", inner.swept.clone());
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

/// What the routes of metrics and the layer share.
#[derive(Clone)]
pub(crate) struct Measured {
    pub(crate) auth: Auth,
    pub(crate) metrics: Metrics,
}

pub(crate) async fn show(State(measured): State<Measured>) -> Response {
    let text_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match measured.metrics.text(&measured.auth) {
        Ok(text) => ([(header::CONTENT_TYPE, text_type)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Counts a request under its route's pattern, so that there are never more labels than routes.
pub(crate) async fn count(State(measured): State<Measured>, request: Request, next: Next) -> Response {
    let method = match request.method().as_str() {
        known @ ("DELETE" | "GET" | "HEAD" | "OPTIONS" | "POST" | "PUT") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let route = measured.auth.route_pattern(request.uri().path()).unwrap_or("none");
    let response = next.run(request).await;
    let status = response.status().as_u16();
    let labels = RequestLabels { method, route, status };
    measured.metrics.inner.requests.get_or_create(&labels).inc();
    response
}
