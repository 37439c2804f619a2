use crate::{
    error::ErrorKind,
    http::{Answer, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[RouteDoc {
    route: ("POST", "/cookie"),
    name: "set_auth_cookie",
    summary: "Sets or removes the cookie of a page that holds its tokens itself.",
    body: &[
        Member::new(
            "event",
            Kind::Text,
            "SIGNED_IN, TOKEN_REFRESHED, SIGNED_OUT or another event.",
        )
        .required(),
        Member::new("session", Kind::Object, "The session, when somebody is signed in."),
    ],
    answers: &[Answer::Json("Empty")],
    refusals: &[ErrorKind::InvalidSessionId, ErrorKind::NotFound, ErrorKind::UserBanned],
    ..RouteDoc::PLAIN
}];
