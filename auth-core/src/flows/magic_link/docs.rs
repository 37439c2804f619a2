use crate::{
    error::ErrorKind,
    http::{Answer, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[
    RouteDoc {
        route: ("POST", "/magiclink"),
        name: "send_magic_link",
        summary: "Sends a link to sign in with; an unknown address gets an account.",
        query: &[Member::REDIRECT_TO, Member::PENDING_TO],
        body: &[
            Member::new("email", Kind::Email, "The e-mail address.").required(),
            Member::DATA,
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
            ErrorKind::SignupDisabled,
            ErrorKind::Throttled,
        ],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("POST", "/otp"),
        name: "send_otp",
        summary: "Sends a code to sign in with, by e-mail or SMS.",
        query: &[Member::REDIRECT_TO, Member::PENDING_TO],
        body: &[
            Member::new("email", Kind::Email, "The e-mail address; this or the phone number."),
            Member::new("phone", Kind::Text, "The phone number, in E.164 form."),
            Member::new(
                "create_user",
                Kind::Flag,
                "Whether an unknown address gets an account; it does unless told otherwise.",
            ),
            Member::CHANNEL,
            Member::DATA,
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
            ErrorKind::OtpDisabled,
            ErrorKind::OverEmailSendRateLimit,
            ErrorKind::OverSmsSendRateLimit,
            ErrorKind::PhoneLoginsDisabled,
            ErrorKind::SignupDisabled,
            ErrorKind::Throttled,
        ],
        ..RouteDoc::PLAIN
    },
];
