use crate::{
    error::ErrorKind,
    http::{Answer, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[
    RouteDoc {
        route: ("POST", "/signup"),
        name: "sign_up",
        summary: "Creates an account: a session, or the user alone while the address must be confirmed. Without address and \
                  password, an anonymous account.",
        query: &[Member::REDIRECT_TO, Member::PENDING_TO],
        body: &[
            Member::new("email", Kind::Email, "The e-mail address; this or the phone number."),
            Member::new("phone", Kind::Text, "The phone number, in E.164 form."),
            Member::CHANNEL,
            Member::new("password", Kind::Password, "The password."),
            Member::DATA,
            Member::new("attributes", Kind::Object, "Attributes that users may set themselves."),
            REMEMBER,
            Member::CODE_CHALLENGE,
            Member::CODE_CHALLENGE_METHOD,
            Member::CAPTCHA,
            Member::REDIRECT_TO,
        ],
        answers: &[Answer::Json("SessionOrUser")],
        refusals: &[
            ErrorKind::AnonymousDisabled,
            ErrorKind::Busy,
            ErrorKind::CaptchaFailed,
            ErrorKind::DuplicateKeyId,
            ErrorKind::DuplicateUserData,
            ErrorKind::EmailNotAuthorized,
            ErrorKind::EmailSignupsDisabled,
            ErrorKind::OverEmailSendRateLimit,
            ErrorKind::OverSmsSendRateLimit,
            ErrorKind::PhoneSignupsDisabled,
            ErrorKind::SignupDisabled,
            ErrorKind::Throttled,
            ErrorKind::WeakPassword,
        ],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("POST", "/token"),
        name: "token",
        summary: "Signs in with a password, renews a session with its refresh token, or exchanges the code of a link.",
        query: &[
            Member::new(
                "grant_type",
                Kind::Choice(&["password", "pkce", "refresh_token"]),
                "What is exchanged for a session.",
            )
            .required(),
            Member::REDIRECT_TO,
        ],
        body: &[
            Member::new("email", Kind::Email, "Whose password it is; this or the phone number."),
            Member::new("phone", Kind::Text, "The phone number, in E.164 form."),
            Member::new("password", Kind::Password, "The password."),
            Member::new(
                "refresh_token",
                Kind::Text,
                "The refresh token; left out, it is the cookie's.",
            ),
            Member::new("auth_code", Kind::Text, "The code a link brought."),
            Member::new("code_verifier", Kind::Text, "What the challenge was made of."),
            REMEMBER,
            Member::CAPTCHA,
        ],
        answers: &[Answer::Json("Session")],
        refusals: &[
            ErrorKind::AmbiguousCookies,
            ErrorKind::BadCodeVerifier,
            ErrorKind::Busy,
            ErrorKind::CaptchaFailed,
            ErrorKind::EmailLoginsDisabled,
            ErrorKind::EmailNotConfirmed,
            ErrorKind::FlowStateExpired,
            ErrorKind::FlowStateNotFound,
            ErrorKind::InvalidCredentials,
            ErrorKind::PhoneLoginsDisabled,
            ErrorKind::PhoneNotConfirmed,
            ErrorKind::RefreshConflict,
            ErrorKind::RefreshSessionExpired,
            ErrorKind::RefreshSessionNotFound,
            ErrorKind::RefreshTokenNotFound,
            ErrorKind::RefreshTokenReused,
            ErrorKind::Throttled,
            ErrorKind::TokenTheft,
            ErrorKind::TryRefreshToken,
            ErrorKind::Unauthorised,
            ErrorKind::UserBanned,
        ],
        ..RouteDoc::PLAIN
    },
];

const REMEMBER: Member = Member::new(
    "remember",
    Kind::Flag,
    "Whether the session outlives the browser window; it does unless told otherwise.",
);
