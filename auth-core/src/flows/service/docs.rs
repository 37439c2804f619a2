use crate::http::{Answer, RouteDoc};

pub(crate) const DOCS: &[RouteDoc] = &[
    RouteDoc {
        route: ("GET", "/health"),
        name: "health",
        summary: "Whether the service and its store answer.",
        answers: &[Answer::Json("Health")],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("GET", "/settings"),
        name: "settings",
        summary: "What is switched on here.",
        answers: &[Answer::Json("Settings")],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("GET", "/openapi.json"),
        name: "openapi",
        summary: "This document.",
        answers: &[Answer::Json("Document")],
        ..RouteDoc::PLAIN
    },
];
