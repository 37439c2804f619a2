use crate::{
    error::ErrorKind,
    http::{Answer, Caller, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[RouteDoc {
    route: ("POST", "/invite"),
    name: "invite",
    summary: "Makes an account for somebody and mails them a link to it.",
    caller: Caller::Administrator,
    query: &[Member::REDIRECT_TO, Member::PENDING_TO],
    body: &[
        Member::new("email", Kind::Email, "The e-mail address.").required(),
        Member::DATA,
        Member::REDIRECT_TO,
    ],
    answers: &[Answer::Json("User")],
    refusals: &[
        ErrorKind::EmailExists,
        ErrorKind::EmailNotAuthorized,
        ErrorKind::FeatureDisabled,
        ErrorKind::OverEmailSendRateLimit,
    ],
    ..RouteDoc::PLAIN
}];
