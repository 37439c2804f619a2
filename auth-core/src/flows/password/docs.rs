use crate::{
    error::ErrorKind,
    http::{Answer, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[
    RouteDoc {
        route: ("POST", "/signup"),
        name: "sign_up",
        summary: "Creates an account and signs in.",
        query: &[Member::REDIRECT_TO],
        body: &[
            Member::new("email", Kind::Email, "The e-mail address.").required(),
            Member::new("password", Kind::Password, "The password.").required(),
            Member::new("data", Kind::Object, "The new user's metadata."),
            Member::new("attributes", Kind::Object, "Attributes that users may set themselves."),
            REMEMBER,
        ],
        answers: &[Answer::Json("Session")],
        refusals: &[
            ErrorKind::Busy,
            ErrorKind::DuplicateKeyId,
            ErrorKind::DuplicateUserData,
            ErrorKind::SignupDisabled,
            ErrorKind::Throttled,
            ErrorKind::WeakPassword,
        ],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("POST", "/token"),
        name: "token",
        summary: "Signs in with a password, or exchanges a refresh token for new tokens.",
        query: &[
            Member::new(
                "grant_type",
                Kind::Choice(&["password", "refresh_token"]),
                "What is exchanged for a session.",
            )
            .required(),
            Member::REDIRECT_TO,
        ],
        body: &[
            Member::new("email", Kind::Email, "Whose password it is."),
            Member::new("password", Kind::Password, "The password."),
            Member::new(
                "refresh_token",
                Kind::Text,
                "The refresh token; left out, it is the cookie's.",
            ),
            REMEMBER,
        ],
        answers: &[Answer::Json("Session")],
        refusals: &[
            ErrorKind::Busy,
            ErrorKind::InvalidCredentials,
            ErrorKind::RefreshConflict,
            ErrorKind::Throttled,
            ErrorKind::TokenTheft,
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
