use crate::{
    error::ErrorKind,
    http::{Answer, Caller, Kind, Member, RouteDoc},
};

pub(crate) const DOCS: &[RouteDoc] = &[
    RouteDoc {
        route: ("GET", "/user"),
        name: "get_user",
        summary: "The user who is signed in.",
        caller: Caller::User,
        answers: &[Answer::Json("User")],
        refusals: &[ErrorKind::UnexpectedAudience],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("PUT", "/user"),
        name: "update_user",
        summary: "Changes the user who is signed in.",
        caller: Caller::User,
        query: &[Member::REDIRECT_TO, Member::PENDING_TO],
        body: &[
            Member::new("email", Kind::Email, "A new address."),
            Member::new("phone", Kind::Text, "A new phone number, in E.164 form."),
            Member::CHANNEL,
            Member::new(
                "password",
                Kind::Password,
                "A new password; it ends the other sessions.",
            ),
            CURRENT_PASSWORD,
            NONCE,
            Member::CODE_CHALLENGE,
            Member::CODE_CHALLENGE_METHOD,
            Member::new(
                "data",
                Kind::Object,
                "Members to merge into the metadata; null removes one.",
            ),
            Member::new("attributes", Kind::Object, "Attributes that users may set themselves."),
            Member::REDIRECT_TO,
        ],
        answers: &[Answer::Json("User")],
        refusals: &[
            ErrorKind::AnonymousNeedsAddress,
            ErrorKind::Busy,
            ErrorKind::CurrentPasswordInvalid,
            ErrorKind::CurrentPasswordRequired,
            ErrorKind::DuplicateUserData,
            ErrorKind::EmailExists,
            ErrorKind::EmailNotAuthorized,
            ErrorKind::EmailSignupsDisabled,
            ErrorKind::NotAdmin,
            ErrorKind::OverEmailSendRateLimit,
            ErrorKind::OverSmsSendRateLimit,
            ErrorKind::PhoneExists,
            ErrorKind::PhoneSignupsDisabled,
            ErrorKind::ReauthenticationNotValid,
            ErrorKind::SamePassword,
            ErrorKind::Throttled,
            ErrorKind::UpdateNeedsReauthentication,
            ErrorKind::WeakPassword,
        ],
        ..RouteDoc::PLAIN
    },
    RouteDoc {
        route: ("DELETE", "/user"),
        name: "delete_user",
        summary: "Deletes the user who is signed in, with everything that is theirs.",
        caller: Caller::User,
        body: &[CURRENT_PASSWORD, NONCE],
        answers: &[Answer::Json("Empty")],
        refusals: &[
            ErrorKind::Busy,
            ErrorKind::CurrentPasswordInvalid,
            ErrorKind::ReauthenticationNotValid,
            ErrorKind::Throttled,
            ErrorKind::UpdateNeedsReauthentication,
        ],
        ..RouteDoc::PLAIN
    },
];

const CURRENT_PASSWORD: Member = Member::new(
    "current_password",
    Kind::Password,
    "The password so far; needed unless the sign-in was a moment ago, and always for a new password where that is configured.",
);

const NONCE: Member = Member::new(
    "nonce",
    Kind::Text,
    "The code that `/reauthenticate` sent, instead of the password so far.",
);
