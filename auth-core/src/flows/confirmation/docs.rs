use crate::{
    error::ErrorKind,
    http::{Answer, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[RouteDoc {
    route: ("POST", "/resend"),
    name: "resend",
    summary: "Sends a confirmation once more; an unknown address is answered as a known one.",
    query: &[Member::REDIRECT_TO, Member::PENDING_TO],
    body: &[
        Member::new(
            "type",
            Kind::Choice(&["signup", "email_change", "sms", "phone_change"]),
            "What was to be confirmed.",
        )
        .required(),
        Member::new("email", Kind::Email, "The e-mail address; this or the phone number."),
        Member::new("phone", Kind::Text, "The phone number, in E.164 form."),
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
        ErrorKind::OverSmsSendRateLimit,
        ErrorKind::PhoneLoginsDisabled,
        ErrorKind::Throttled,
    ],
    ..RouteDoc::PLAIN
}];
