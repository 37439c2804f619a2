use crate::{
    error::ErrorKind,
    http::{Answer, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[RouteDoc {
    route: ("POST", "/recover"),
    name: "recover",
    summary: "Sends a link to whoever forgot the password; an unknown address is answered as a known one.",
    query: &[Member::REDIRECT_TO, Member::PENDING_TO],
    body: &[
        Member::new("email", Kind::Email, "The e-mail address.").required(),
        Member::CODE_CHALLENGE,
        Member::CODE_CHALLENGE_METHOD,
        Member::CAPTCHA,
        Member::REDIRECT_TO,
    ],
    answers: &[Answer::Json("Empty")],
    refusals: &[
        ErrorKind::Busy,
        ErrorKind::CaptchaFailed,
        ErrorKind::EmailLoginsDisabled,
        ErrorKind::EmailNotAuthorized,
        ErrorKind::FeatureDisabled,
        ErrorKind::OverEmailSendRateLimit,
        ErrorKind::Throttled,
    ],
    ..RouteDoc::PLAIN
}];
