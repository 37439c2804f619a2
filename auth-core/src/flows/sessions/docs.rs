use crate::{
    error::ErrorKind,
    http::{Answer, Caller, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[
    RouteDoc {
        route: ("GET", "/session"),
        name: "get_session",
        summary: "The session of the caller and its user; both null for somebody who is not signed in.",
        answers: &[Answer::Json("SessionAndUser")],
        refusals: &[ErrorKind::TryRefreshToken],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("GET", "/sessions"),
        name: "list_sessions",
        summary: "Every session of the user who is signed in.",
        caller: Caller::User,
        answers: &[Answer::Json("Sessions")],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("DELETE", "/sessions/{}"),
        name: "end_session",
        summary: "Ends one of the user's own sessions.",
        caller: Caller::User,
        path: &[Member::new("id", Kind::Text, "The session's handle.")],
        answers: &[Answer::NoContent],
        refusals: &[ErrorKind::SessionNotFound],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("POST", "/logout"),
        name: "log_out",
        summary: "Signs out; 204 also when nobody was signed in.",
        query: &[SCOPE],
        answers: &[Answer::NoContent],
        refusals: &[ErrorKind::BadJwt, ErrorKind::TryRefreshToken],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("POST", "/signout"),
        name: "sign_out",
        summary: "Signs out, in the words of SuperTokens.",
        query: &[SCOPE],
        answers: &[Answer::Json("SignedOut")],
        refusals: &[
            ErrorKind::TokenTheft,
            ErrorKind::TryRefreshToken,
            ErrorKind::Unauthorised,
        ],
        ..RouteDoc::PLAIN
    },
];

const SCOPE: Member = Member::new(
    "scope",
    Kind::Choice(&["global", "local", "others"]),
    "Which of the user's sessions end: all, this one, or all but this one.",
);
